"""Which threads of a batch execute an instruction.

A batch holds whole blocks, each padded to whole warps, so that lane 32·w + l is lane l of warp w.
Many active threads compute at full width and store through a mask; few are gathered first.
"""

from functools import cached_property
from typing import Any

import numpy as np

DENSE = 4
"""With at least one lane in this many active, computing everywhere is cheaper than gathering."""


class Lanes:
    """A set of active lanes out of `width`."""

    def __init__(self, width: int, mask: np.ndarray | None = None) -> None:
        self.width = width
        self.count = width if mask is None else int(np.count_nonzero(mask))
        self.full = mask is None or self.count == width
        self.mask = None if self.full else mask
        self.dense = self.full or self.count * DENSE >= width

    @cached_property
    def index(self) -> np.ndarray:
        """The active lanes in order."""
        return np.arange(self.width) if self.mask is None else np.flatnonzero(self.mask)

    @cached_property
    def warps(self) -> int:
        """How many warps have an active lane."""
        if self.mask is None:
            return self.width // 32
        return int(np.count_nonzero(self.mask.reshape(-1, 32).any(axis=1)))

    def working(self, value: Any) -> Any:
        """What an arithmetic instruction computes with: everything, or the active lanes if they are few."""
        return value if self.dense or value.ndim == 0 else value[self.index]

    def compact(self, value: Any) -> Any:
        """The values of the active lanes, in order; a uniform value stays one number."""
        return value if self.full or value.ndim == 0 else value[self.index]

    def spread(self, value: Any) -> np.ndarray:
        """The values of the active lanes as an array, even if uniform."""
        value = self.compact(value)
        return np.full(self.count, value) if value.ndim == 0 else value

    def split(self, condition: Any) -> "tuple[Lanes | None, Lanes | None]":
        """Active lanes where a full-width condition holds, and where it does not; None for no lane."""
        if condition.ndim == 0:
            return (self, None) if condition else (None, self)
        # A copy: the condition may be a register, which is written in place later.
        chosen = condition.copy() if self.mask is None else condition & self.mask
        count = int(np.count_nonzero(chosen))
        if count == 0:
            return None, self
        if count == self.count:
            return self, None
        rest = ~chosen if self.mask is None else self.mask & ~chosen
        return Lanes(self.width, chosen), Lanes(self.width, rest)

    def union(self, other: "Lanes") -> "Lanes":
        """Lanes of either set."""
        if self.mask is None or other.mask is None:
            return Lanes(self.width)
        return Lanes(self.width, self.mask | other.mask)

    def as_mask(self) -> np.ndarray:
        """One boolean per lane; not to be written to."""
        return np.ones(self.width, np.bool_) if self.mask is None else self.mask
