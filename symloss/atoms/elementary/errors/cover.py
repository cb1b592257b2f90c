"""A bound for a whole range, covered by boxes that are split until the bound is good or they are small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from symloss.atoms.elementary.errors.graph import Graph, graph_of
from symloss.atoms.elementary.errors.interpreter import Interpreter, UndecidedError
from symloss.atoms.elementary.errors.rounding import FORMATS, Format, Value
from symloss.atoms.elementary.errors.series import (
    Ball,
    Box,
    Taylor,
    UndefinedError,
    exponent_above,
    exponent_below,
    precision,
)
from symloss.atoms.elementary.errors.targets import TARGETS, Target

#: A box so narrow, relative to its ends, is run once for each answer to an open decision instead of being split.
_NARROW = 2.0**-20


@dataclass(frozen=True)
class Bound:
    """What is proved for every float of a range.

    Attributes:
        ulps: a bound on the error in units in the last place of the exact result, where that is at least twice the
            smallest normal number.
        subnormal: a bound for smaller results, in subnormal steps where they are subnormal; 0 if there are none.
        low, high: the range.
        worst: the box with the largest bound.
        boxes: how many boxes cover the range.
    """

    ulps: float
    subnormal: float
    low: float
    high: float
    worst: tuple[float, float]
    boxes: int


class UnprovableError(ArithmeticError):
    """On some box nothing is known about the result."""


def prove(
    name: str,
    dtype: str,
    *,
    low: float | None = None,
    high: float | None = None,
    aim: float = 0.0,
    depth: int = 0,
    graph: Graph | None = None,
) -> Bound:
    """A bound on the error of an elementary function at every float of a range.

    Args:
        name, dtype: the function, as `symloss.atoms.elementary.source` takes them.
        low, high: the range; the whole finite range of the function if they are not given. Zeros of the function itself
            are left out.
        aim: boxes with a bound of at most this are not split further.
        depth: how often a box may be halved to come to that.
        graph: another graph in place of the function's.

    Raises:
        UnprovableError: on some box nothing is known about the result.
    """
    kind, target = FORMATS[dtype], TARGETS[name]
    cover = Cover(graph or graph_of(name, dtype), kind, target, aim, depth)
    first = target.low[dtype] if low is None else low
    last = target.high[dtype] if high is None else high
    return cover.prove(first, last)


class Cover:
    """Splits a range; `prove` is the entry."""

    def __init__(self, graph: Graph, kind: Format, target: Target, aim: float, depth: int) -> None:
        self.graph, self.kind, self.target, self.aim, self.depth = graph, kind, target, aim, depth
        self.boxes, self.worst, self.subnormal = 0, (0.0, (0.0, 0.0)), 0.0
        self.terms = 8 if kind.precision < 32 else 14

    def prove(self, low: float, high: float) -> Bound:
        """The bound on every float from ``low`` to ``high``, zeros of the function left out."""
        for left, right in self.pieces(low, high):
            self.settle(left, right, self.depth)
        return Bound(self.worst[0], self.subnormal, low, high, self.worst[1], self.boxes)

    def pieces(self, low: float, high: float) -> Iterator[tuple[float, float]]:
        """Neighbouring intervals of floats that cover the range, but for zeros of the function."""
        step, kind = self.neighbour, self.kind
        marks = [*self.target.landmarks(kind)]
        marks += [(sign * value, 0.0) for value in self.graph.thresholds for sign in (-1, 1)]
        starts = {float(kind.type(low))}
        for value, spread in marks:
            if not low < value < high:
                continue
            if spread:
                starts |= {float(kind.type(value + sign * spread)) for sign in (-1, 1)}
            else:
                nearest = float(kind.type(value))
                starts |= {nearest, step(nearest, 1)}
        ordered = sorted(start for start in starts if low <= start <= high)
        for index, start in enumerate(ordered):
            end = step(ordered[index + 1], -1) if index + 1 < len(ordered) else float(self.kind.type(high))
            if end > high:
                end = step(end, -1)
            if self.target.order and start == end == self.target.zero:
                continue
            yield start, end

    def neighbour(self, value: float, direction: int) -> float:
        """The next float."""
        result = float(np.nextafter(self.kind.type(value), self.kind.type(direction * np.inf)))
        return 0.0 if result == 0 else result

    def settle(self, low: float, high: float, depth: int) -> None:
        """Bound the error on one interval, splitting it where that is needed or allowed."""
        narrow = high - low <= _NARROW * max(abs(low), abs(high))
        try:
            bound, normal = self.bound(low, high, {}, narrow)
        except (UndecidedError, UndefinedError) as open_decision:
            if low == high or (narrow and isinstance(open_decision, UndefinedError)):
                raise UnprovableError(f"from {low!r} to {high!r}: {open_decision}") from open_decision
            bound, normal = None, False
        if bound is None or (bound > self.aim and depth > 0 and low < high):
            middle = self.middle(low, high)
            left = depth if bound is None else depth - 1
            self.settle(low, middle, left)
            self.settle(self.neighbour(middle, 1), high, left)
            return
        self.boxes += 1
        if normal:
            self.worst = max(self.worst, (bound, (low, high)))
        else:
            self.subnormal = max(self.subnormal, bound)

    def middle(self, low: float, high: float) -> float:
        """A float between the ends, below the upper one; the geometric mean where they are far apart."""
        nearest, farthest = sorted((abs(low), abs(high)))
        if low * high > 0 and farthest > 4 * nearest and (farthest > 4 or self.target.order):
            value = float(np.copysign(np.sqrt(nearest) * np.sqrt(farthest), low))
        else:
            value = low + (high - low) / 2
        value = float(self.kind.type(value))
        return min(max(value, low), self.neighbour(high, -1))

    def bound(self, low: float, high: float, answers: dict[int, Any], narrow: bool) -> tuple[float, bool]:
        """The bound on one box, the largest over the open decisions if it is narrow; is the result normal?"""
        with precision(self.target.precision(low, high, self.kind), self.terms):
            box = Box(low, high, self.terms)
            try:
                value = Interpreter(self.graph, self.kind, box, answers).run()
            except UndecidedError as open_decision:
                if not narrow and low != high:
                    raise
                node, choices = open_decision.node, open_decision.answers
                return max(self.bound(low, high, {**answers, node: choice}, narrow) for choice in choices)
            exact = self.target.series(box.argument())
            below = exponent_below(exact.span)
            return error_in_ulps(value, exact, self.kind), below is not None and below > self.kind.lowest


def unit_of(exact: Ball, kind: Format) -> Ball:
    """A unit in the last place of the smallest number of a ball."""
    if not exact.is_finite():
        raise UndefinedError("the exact result may be infinite")
    below = exponent_below(exact)
    return kind.ulp(kind.lowest if below is None else below)


def error_in_ulps(value: Value, exact: Taylor, kind: Format) -> float:
    """A bound on the error of a computed value, in units in the last place of the exact one.

    If the last rounded operation has the exact result s, and s is within δ ≤ ½ ulp(y) of the true value y, the result
    is within δ + ½ ulp(y): above the next power of two, where floats are sparser, that power itself is at most δ away.
    """
    unit = unit_of(exact.span, kind)
    form = value.before or value.form
    delta = ((form.exact - exact).magnitude() + form.deviation) / unit
    if not delta.is_finite():
        raise UndefinedError("the error is not bounded")
    if value.before is None:
        return _upwards(delta)
    if delta < 0.5:
        return _upwards(delta + 0.5)
    above = exponent_above(form.span)
    return _upwards(delta + kind.ulp(kind.highest if above is None else above) / unit / 2)


def _upwards(ball: Any) -> float:
    return float(np.nextafter(float(ball.upper()), np.inf))
