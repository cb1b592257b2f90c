"""Intervals of real numbers with exact ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy

Bound = Any
INFINITE = float("inf")
SLACK = Fraction(1, 10**12)


@dataclass(frozen=True)
class Range:
    """An interval of real numbers; an open end is not attained."""

    low: Bound = -INFINITE
    high: Bound = INFINITE
    low_open: bool = True
    high_open: bool = True

    @property
    def nonnegative(self) -> bool:
        """Whether no value is below 0."""
        return bool(self.low >= 0)

    @property
    def nonpositive(self) -> bool:
        """Whether no value is above 0."""
        return bool(self.high <= 0)

    @property
    def positive(self) -> bool:
        """Whether every value is above 0."""
        return bool(self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def admits_zero(self) -> bool:
        """Whether 0 may be attained."""
        above = self.low < 0 or (self.low == 0 and not self.low_open)
        below = self.high > 0 or (self.high == 0 and not self.high_open)
        return bool(above and below)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return bool(self.low > -INFINITE and self.high < INFINITE)

    def __neg__(self) -> Range:
        return Range(-self.high, -self.low, self.high_open, self.low_open)

    def __add__(self, other: Range) -> Range:
        return Range(
            self.low + other.low,
            self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )

    def __mul__(self, other: Range) -> Range:
        ends = [
            (times(a, b), (a_open and b != 0) or (b_open and a != 0) or (a_open and b_open))
            for a, a_open in ((self.low, self.low_open), (self.high, self.high_open))
            for b, b_open in ((other.low, other.low_open), (other.high, other.high_open))
        ]
        low, high = min(value for value, _ in ends), max(value for value, _ in ends)
        return Range(
            low,
            high,
            all(is_open for value, is_open in ends if value == low) and not (self.admits_zero and low == 0),
            all(is_open for value, is_open in ends if value == high) and not (self.admits_zero and high == 0),
        )

    def union(self, other: Range) -> Range:
        """The smallest range that holds both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(
            low,
            high,
            all(r.low_open for r in (self, other) if r.low == low),
            all(r.high_open for r in (self, other) if r.high == high),
        )


def times(a: Bound, b: Bound) -> Bound:
    """The product of two ends, 0 times anything being 0."""
    return Fraction(0) if a == 0 or b == 0 else a * b


def point(value: Bound) -> Range:
    """The range of one value."""
    return Range(value, value, False, False)


def bounds_of(value: Any) -> tuple[Bound, Bound]:
    """A lower and an upper bound of a constant."""
    if value.is_Rational:
        exact = Fraction(int(value.p), int(value.q))
        return exact, exact
    if value == sympy.oo or value == -sympy.oo:
        bound = INFINITE if value > 0 else -INFINITE
        return bound, bound
    try:
        near = Fraction(float(value))
    except (TypeError, ValueError, OverflowError):
        return -INFINITE, INFINITE
    slack = abs(near) * SLACK + SLACK
    return near - slack, near + slack


UNIT = Range(Fraction(0), Fraction(1), False, False)
NONNEGATIVE = Range(Fraction(0), INFINITE, False, True)


def image_bound(exact: Callable[..., Any], at: Bound, direction: int) -> Bound | None:
    """A bound on the value of an increasing function at a bound of its argument; exact only at 0 and 1."""
    try:
        value = exact(mpmath.mpf(at) if at in (INFINITE, -INFINITE) else mpmath.mpf(at.numerator) / at.denominator)
        if mpmath.isinf(value):
            return INFINITE if value > 0 else -INFINITE
        near = Fraction(float(value))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, AttributeError):
        return None
    return near if at in (0, 1) and near.denominator == 1 else near + direction * (abs(near) * SLACK + SLACK)
