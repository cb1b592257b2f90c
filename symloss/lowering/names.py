"""Names of local variables that clash neither with each other nor with what a generated file defines."""

from __future__ import annotations

import builtins
import keyword
import re

_RESERVED = frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"np", "numba", "math", "f32", "first", "last"}


class Names:
    """Hands out each name once."""

    def __init__(self, taken: frozenset[str] | set[str] = frozenset()) -> None:
        self._taken = set(taken) | _RESERVED

    def fresh(self, wish: str) -> str:
        """The wished name, or the wished name with the first free number."""
        base = re.sub(r"\W+", "_", wish).strip("_") or "t"
        base = base if not base[0].isdigit() else f"t{base}"
        name, number = base, 1
        if base == "t":
            name = "t1"
        while name in self._taken:
            number += 1
            name = f"{base}{number}" if base == "t" or not base[-1].isdigit() else f"{base}_{number}"
        self._taken.add(name)
        return name
