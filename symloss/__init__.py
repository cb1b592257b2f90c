"""symloss: a compiler for loss functions.

``symloss.load("huber")`` gives a shipped loss, ``symloss.load("mine.yaml")`` compiles one of your own, and
``symloss.list_losses()`` names what is shipped. Nothing is imported before it is asked for: neither SymPy nor Numba
is touched by ``import symloss``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symloss.errors import SpecError, SymlossError
    from symloss.runtime.library import list_losses, load
    from symloss.runtime.loss import Loss

__version__ = "0.1.0"

__all__ = ["Loss", "SpecError", "SymlossError", "__version__", "list_losses", "load"]

_HOME = {
    "Loss": "symloss.runtime.loss",
    "SpecError": "symloss.errors",
    "SymlossError": "symloss.errors",
    "list_losses": "symloss.runtime.library",
    "load": "symloss.runtime.library",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symloss' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
