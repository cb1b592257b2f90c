"""The shipped losses as names: ``from symloss.losses import huber``. Each is loaded when it is first asked for."""

from __future__ import annotations

from symloss.runtime.locations import shipped_names
from symloss.runtime.loss import Loss

__all__ = shipped_names()


def __getattr__(name: str) -> Loss:
    from symloss.runtime.library import load
    from symloss.runtime.words import suggestion

    if name not in __all__:
        raise AttributeError(f"module 'symloss.losses' has no loss {name!r}{suggestion(name, __all__)}")
    loss = load(name)
    globals()[name] = loss
    return loss


def __dir__() -> list[str]:
    return sorted(__all__)
