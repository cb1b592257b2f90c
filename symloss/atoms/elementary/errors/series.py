"""Values in exact arithmetic on one box of the argument: Taylor polynomials with a rigorous remainder, by Arb.

A `Taylor` holds the power series of a function of the argument twice, about the centre of the box and about the whole
box. By Taylor's theorem the function is, at every point of the box, the first K terms of the one plus the K-th of the
other times the K-th power of the distance from the centre.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import flint

#: A ball, a real number with an error bound (`flint.arb`).
Ball = Any


class UndefinedError(ArithmeticError):
    """A value that may be infinite, NaN or unbounded on the box."""


@cache
def power_of_two(exponent: int) -> Ball:
    """2 to an integer power, exactly."""
    return flint.arb(2) ** exponent


def exponent_below(ball: Ball) -> int | None:
    """The largest e with 2^e ≤ |x| for every x of the ball; None if the ball may hold 0."""
    low = ball.abs_lower()
    return None if low == 0 else _exponent(low)


def exponent_above(ball: Ball) -> int | None:
    """The smallest e with |x| < 2^(e + 1) for every x of the ball; None if the ball is 0."""
    high = ball.abs_upper()
    return None if high == 0 else _exponent(high)


def _exponent(exact: Ball) -> int:
    mantissa, exponent = exact.man_exp()
    return int(exponent) + int(mantissa).bit_length() - 1


def floor(exact: Ball) -> int:
    """The largest integer that is at most an exact number."""
    mantissa, exponent = (int(part) for part in exact.man_exp())
    return mantissa << exponent if exponent >= 0 else mantissa >> -exponent


@contextmanager
def precision(bits: int, terms: int) -> Iterator[None]:
    """Work with so many bits, and series of so many terms and one."""
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = bits, terms + 1
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


@dataclass(frozen=True)
class Box:
    """An interval of arguments between two floats, and the number of terms of series on it."""

    low: float
    high: float
    terms: int

    def argument(self) -> Taylor:
        """The argument as a function of itself."""
        low, high = flint.arb(self.low), flint.arb(self.high)
        centre = ((low + high) / 2).mid()
        distance = flint.arb(0, 1) * (high - centre).max(centre - low).upper()
        ball = centre + distance
        length = self.terms + 1
        return Taylor(flint.arb_series([centre, 1], length), flint.arb_series([ball, 1], length), distance)


@dataclass(frozen=True)
class Taylor:
    """A function of the argument: series about the centre, series about the box, and the ball of distances."""

    centre: Any
    box: Any
    distance: Ball

    def constant(self, value: Any) -> Taylor:
        """A number as a function on the same box."""
        length = self.centre.prec
        series = flint.arb_series([value], length)
        return Taylor(series, series, self.distance)

    def __add__(self, other: Taylor) -> Taylor:
        return Taylor(self.centre + other.centre, self.box + other.box, self.distance)

    def __sub__(self, other: Taylor) -> Taylor:
        return Taylor(self.centre - other.centre, self.box - other.box, self.distance)

    def __mul__(self, other: Taylor) -> Taylor:
        return Taylor(self.centre * other.centre, self.box * other.box, self.distance)

    def __truediv__(self, other: Taylor) -> Taylor:
        if other.box[0].contains(0):
            raise UndefinedError("a divisor may be 0")
        return Taylor(self.centre / other.centre, self.box / other.box, self.distance)

    def __neg__(self) -> Taylor:
        return Taylor(-self.centre, -self.box, self.distance)

    def scaled(self, factor: Ball) -> Taylor:
        """The function times a number."""
        return Taylor(self.centre * factor, self.box * factor, self.distance)

    def exp(self) -> Taylor:
        """The exponential of the function."""
        return Taylor(self.centre.exp(), self.box.exp(), self.distance)

    def log(self) -> Taylor:
        """The natural logarithm of the function."""
        return Taylor(self.centre.log(), self.box.log(), self.distance)

    @cached_property
    def span(self) -> Ball:
        """A ball that holds every value on the box, by the mean value theorem or directly, whichever is smaller."""
        mean = self.centre[0] + self.box[1] * self.distance
        direct = self.box[0]
        return mean if mean.rad() < direct.rad() or not direct.is_finite() else direct

    def magnitude(self) -> Ball:
        """A bound on the absolute value on the box, with all terms: small where what is left has cancelled."""
        terms = self.centre.prec - 1
        total = self.box[terms]
        for index in reversed(range(terms)):
            total = total * self.distance + self.centre[index]
        return total.abs_upper()
