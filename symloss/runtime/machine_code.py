"""Machine code that Numba keeps between processes: what is damaged there is compiled again."""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any


class ForgivingCache:
    """Numba's cache of one function, of which damaged files are no error.

    Numba unpickles what it finds, so a file that is cut off or overwritten can raise anything.
    """

    def __init__(self, cache: Any) -> None:
        """Stand for a cache of Numba's."""
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The machine code for a signature, or None where there is none that can be read."""
        try:
            return self._cache.load_overload(signature, context)
        except Exception:
            try:
                # The index is read before it is written again: a damaged one is replaced by an empty one.
                self._cache.flush()
            except OSError:
                self._cache.disable()
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep machine code; where that fails, the function is compiled all the same."""
        with suppress(OSError):
            self._cache.save_overload(signature, compiled)


def forgive_damage(module: ModuleType) -> None:
    """Let every compiled function of a module survive damaged files in its cache."""
    for value in vars(module).values():
        cache = getattr(value, "_cache", None)
        if hasattr(cache, "load_overload") and hasattr(cache, "flush") and not isinstance(cache, ForgivingCache):
            value._cache = ForgivingCache(cache)
