"""Schedule → source text. Each back end is one folder; `BACK_ENDS` is the registry."""

from collections.abc import Callable, Mapping
from typing import Any

from symloss.emit.numba_cpu import emit_loss
from symloss.emit.numba_cuda import emit_cuda

#: Back end name → the function that writes one loss's file, given the specification and its derivation. Files go to
#: ``generated/<name>/``. One that has no kernels for a loss raises
#: SymlossError with the reason; only the CPU's must have them.
BACK_ENDS: Mapping[str, Callable[[Any, Any], str]] = {"cpu": emit_loss, "cuda": emit_cuda}

__all__ = ["BACK_ENDS", "emit_cuda", "emit_loss"]
