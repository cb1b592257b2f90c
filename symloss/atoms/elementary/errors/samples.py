"""Arguments where errors are likely to be large, and the error at each of them."""

from __future__ import annotations

import math
from typing import Any

import flint
import numpy as np

from symloss.atoms.elementary.errors.cover import unit_of
from symloss.atoms.elementary.errors.exhaustive import compiled
from symloss.atoms.elementary.errors.graph import graph_of
from symloss.atoms.elementary.errors.rounding import FORMATS
from symloss.atoms.elementary.errors.series import Box, precision
from symloss.atoms.elementary.errors.targets import TARGETS


def adversarial(name: str, dtype: str, count: int, seed: int = 0) -> Any:
    """Floats about the places where a range reduction or a branch changes, from the neighbours on to a percent away.

    Args:
        name, dtype: the function.
        count: how many floats; half of them about the constants that the text compares with, and about zeros.
        seed: of the random choice.
    """
    kind, target, rng = FORMATS[dtype], TARGETS[name], np.random.default_rng(seed)
    kinks = sorted({sign * value for value in graph_of(name, dtype).thresholds for sign in (-1, 1)} | {target.zero})
    cuts = [mark for mark, _ in target.landmarks(kind)]
    chosen = np.concatenate([rng.choice(kinks, count // 2), rng.choice(cuts, count - count // 2)])
    with np.errstate(over="ignore"):
        centre = chosen.astype(kind.type)
    integers = np.dtype(f"int{kind.type().itemsize * 8}").type
    steps = np.floor(2.0 ** rng.uniform(0, kind.precision - 7, count)) - 1
    patterns = centre.view(integers) + (steps * rng.choice([-1, 1], count)).astype(integers)
    points = patterns.view(kind.type)
    inside = (points >= target.low[dtype]) & (points <= target.high[dtype]) & (points != target.zero)
    return points[inside]


def errors(name: str, dtype: str, points: Any) -> Any:
    """The error in ulps of the compiled function at each point, against ball arithmetic."""
    kind, target = FORMATS[dtype], TARGETS[name]
    computed = np.empty_like(points)
    compiled(name, dtype)(points, computed)
    found = np.empty(points.size)
    for index, (point, value) in enumerate(zip(points.tolist(), computed.tolist(), strict=True)):
        with precision(target.precision(point, point, kind), 1):
            exact = target.series(Box(point, point, 1).argument()).span
            error = abs(flint.arb(value) - exact) / unit_of(exact, kind) if math.isfinite(value) else flint.arb("inf")
            found[index] = float(error.upper())
    return found
