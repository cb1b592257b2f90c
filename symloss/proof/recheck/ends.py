"""Arithmetic on the ends of bounds: closed ends in the extended reals, with a flag for each end that is not reached."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symloss.proof.recheck.evaluation import Evaluation
from symloss.proof.recheck.intervals import NoValueError, field, working

_BITS = 80
_OO = math.inf
Number = Fraction | float


@dataclass(frozen=True)
class Bounds:
    """Every value lies between two ends; an end that is ``open`` is no value."""

    low: Number
    high: Number
    low_open: bool = False
    high_open: bool = False

    @property
    def finite(self) -> bool:
        """Whether no value is infinite."""
        return (self.low > -_OO or self.low_open) and (self.high < _OO or self.high_open)

    def only(self, signs: Iterable[int]) -> bool:
        """Whether every value has one of these signs."""
        possible = {
            -1: self.low < 0,
            0: self.low <= 0 <= self.high
            and not (self.low == 0 and self.low_open)
            and not (self.high == 0 and self.high_open),
            1: self.high > 0,
        }
        return all(sign in set(signs) for sign, is_possible in possible.items() if is_possible)

    def meet(self, other: Bounds) -> Bounds:
        """Both hold."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Bounds(
            low,
            high,
            any(b.low_open for b in (self, other) if b.low == low),
            any(b.high_open for b in (self, other) if b.high == high),
        )

    def join(self, other: Bounds) -> Bounds:
        """One of the two holds."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Bounds(
            low,
            high,
            all(b.low_open for b in (self, other) if b.low == low),
            all(b.high_open for b in (self, other) if b.high == high),
        )

    def __neg__(self) -> Bounds:
        return Bounds(-self.high, -self.low, self.high_open, self.low_open)


BIT = Bounds(Fraction(0), Fraction(1))
ANY = Bounds(-_OO, _OO)


def one(value: Number) -> Bounds:
    """A single value."""
    return Bounds(value, value)


def enclosed(question: Any) -> Bounds | None:
    """The bounds of what an evaluation gives, or None where it has no value."""
    with working(_BITS):
        s = Evaluation({}, {}, field(_BITS))
        try:
            value = question(s)
        except NoValueError:
            return None
        if isinstance(value, Fraction | float):
            return one(value)
        ends = s.field.ends(value)
        return None if ends is None else Bounds(*ends)


def increasing(rule: Any, x: Bounds) -> Bounds:
    """The bounds of an increasing function: its values at the ends, outwards; an open end stays open if it is exact."""
    low, high = (enclosed(lambda s, end=end: rule(s, end)) for end in (x.low, x.high))
    exact = [found is not None and found.low == found.high for found in (low, high)]
    return Bounds(
        low.low if low is not None else -_OO,
        high.high if high is not None else _OO,
        x.low_open and exact[0],
        x.high_open and exact[1],
    )


def plus(a: Bounds, b: Bounds) -> Bounds | None:
    """The sum; None where it may be oo - oo."""
    for x, y in ((a, b), (b, a)):
        if x.low == -_OO and not x.low_open and y.high == _OO and not y.high_open:
            return None

    def end(x: Number, y: Number, x_open: bool, y_open: bool) -> tuple[Number, bool]:
        if math.isinf(x) or math.isinf(y):
            reached = (math.isinf(x) and not x_open) or (math.isinf(y) and not y_open)
            return (x if math.isinf(x) else y), not reached
        return x + y, x_open or y_open

    low, low_open = end(a.low, b.low, a.low_open, b.low_open)
    high, high_open = end(a.high, b.high, a.high_open, b.high_open)
    return Bounds(low, high, low_open, high_open)


def times(a: Bounds, b: Bounds) -> Bounds | None:
    """The product; None where it may be 0·oo."""
    for x, y in ((a, b), (b, a)):
        if not x.finite and not y.only((-1, 1)):
            return None
    ends: list[tuple[Number, bool]] = []
    for v, v_open in ((a.low, a.low_open), (a.high, a.high_open)):
        for w, w_open in ((b.low, b.low_open), (b.high, b.high_open)):
            if v == 0 or w == 0:
                ends.append((Fraction(0), not ((v == 0 and not v_open) or (w == 0 and not w_open))))
            else:
                infinite = math.isinf(v) or math.isinf(w)
                reached = (math.isinf(v) and not v_open) or (math.isinf(w) and not w_open)
                value = math.copysign(_OO, v) * math.copysign(1, w) if infinite else v * w
                ends.append((value, not reached if infinite else v_open or w_open))
    low, high = min(v for v, _ in ends), max(v for v, _ in ends)
    zero_inside = not a.only((-1, 1)) or not b.only((-1, 1))
    return Bounds(
        low,
        high,
        all(o for v, o in ends if v == low) and not (low == 0 and zero_inside),
        all(o for v, o in ends if v == high) and not (high == 0 and zero_inside),
    )


def _raised(x: Number, n: int) -> Number:
    return (_OO if x > 0 or n % 2 == 0 else -_OO) if math.isinf(x) else x**n


def whole_power(b: Bounds, n: int) -> Bounds:
    """A power with a whole, positive exponent."""
    if n % 2 or b.low >= 0:
        return Bounds(_raised(b.low, n), _raised(b.high, n), b.low_open, b.high_open)
    if b.high <= 0:
        return Bounds(_raised(b.high, n), _raised(b.low, n), b.high_open, b.low_open)
    ends = [(_raised(b.low, n), b.low_open), (_raised(b.high, n), b.high_open)]
    high = max(v for v, _ in ends)
    return Bounds(Fraction(0), high, False, all(o for v, o in ends if v == high))


def inverse(b: Bounds) -> Bounds | None:
    """One over values that are not 0; None where one may be."""
    if not b.only((-1, 1)) or not (b.low >= 0 or b.high <= 0):
        return None
    if b.high <= 0:
        found = inverse(-b)
        return None if found is None else -found
    high: tuple[Number, bool] = (_OO, True) if b.low == 0 else (1 / b.low, b.low_open)
    low: tuple[Number, bool] = (Fraction(0), b.high_open) if b.high == _OO else (1 / b.high, b.high_open)
    return Bounds(low[0], high[0], low[1], high[1])


def sum_of_many(body: Bounds, whole: bool) -> Bounds:
    """At least one item where no guard may exclude them all, and any number of them."""
    zero = Fraction(0)
    low: tuple[Number, bool] = (body.low, body.low_open) if whole and body.low >= 0 else (zero, False)
    high: tuple[Number, bool] = (body.high, body.high_open) if whole and body.high <= 0 else (zero, False)
    if not body.finite and body.low < 0 < body.high:
        return ANY
    if body.low < 0:
        low = (-_OO, body.low > -_OO or body.low_open)
    if body.high > 0:
        high = (_OO, body.high < _OO or body.high_open)
    return Bounds(low[0], high[0], low[1], high[1])


def absolute(x: Bounds) -> Bounds:
    """The absolute value."""
    if x.low >= 0:
        return x
    if x.high <= 0:
        return -x
    ends = [(-x.low, x.low_open), (x.high, x.high_open)]
    high = max(v for v, _ in ends)
    return Bounds(Fraction(0), high, False, all(o for v, o in ends if v == high))


def larger(a: Bounds, b: Bounds) -> Bounds:
    """The larger of two."""
    low, high = max(a.low, b.low), max(a.high, b.high)
    return Bounds(
        low,
        high,
        any(x.low_open for x in (a, b) if x.low == low),
        all(x.high_open for x in (a, b) if x.high == high),
    )
