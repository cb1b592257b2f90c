"""Schedule → source text. Each back end is one folder; `BACK_ENDS` is the registry."""

from symloss.emit.numba_cpu import emit_loss

#: Back end name → the function that writes one loss's file.
BACK_ENDS = {"cpu": emit_loss}

__all__ = ["BACK_ENDS", "emit_loss"]
