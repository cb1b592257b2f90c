"""Whether two candidates compute the same: a ratio of times for two different things is worthless."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

#: Largest relative difference, by dtype: of the values, and of an array by the sum of its magnitudes. Wide enough for
#: sums of 1e8 float32 terms in any order, far too narrow for another convention (a factor, a reduction, a smoothing).
TOLERANCE = {"float32": 1e-3, "float64": 1e-9}

Results = tuple[float, Sequence[Any]]


def differences(ours: Results, theirs: Results) -> dict[str, float]:
    """Relative difference of the values, and the largest of the arrays; infinite for other shapes and NaN."""
    value = _relative(abs(theirs[0] - ours[0]), abs(ours[0]))
    arrays = [_difference(one, other) for one, other in zip(ours[1], theirs[1], strict=False)]
    if len(ours[1]) != len(theirs[1]):
        arrays.append(math.inf)
    return {"value": value, "arrays": max(arrays, default=0.0)}


def agree(found: dict[str, float], dtype: str) -> bool:
    """Whether the differences are those of rounding."""
    return all(number <= TOLERANCE[dtype] for number in found.values())


def _difference(ours: Any, theirs: Any) -> float:
    if ours.shape != theirs.shape:
        return math.inf
    # In blocks: a copy in double precision of 1e8 numbers would be felt.
    mine, other = ours.reshape(-1), theirs.reshape(-1)
    apart, size = 0.0, 0.0
    for start in range(0, mine.size, 1 << 20):
        block = slice(start, start + (1 << 20))
        exact = mine[block].astype(np.float64)
        apart += float(np.abs(exact - other[block]).sum())
        size += float(np.abs(exact).sum())
    return _relative(apart, size)


def _relative(apart: float, size: float) -> float:
    if not (math.isfinite(apart) and math.isfinite(size)):
        return math.inf
    if apart == 0:
        return 0.0
    return float(f"{apart / size:.3g}") if size else math.inf
