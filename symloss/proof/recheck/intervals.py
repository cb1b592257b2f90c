"""Enclosures of real numbers for the re-check: Arb's balls where python-flint is installed, else mpmath's intervals.

The engines have arithmetic of their own; what is decided here is decided by other code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Protocol

from mpmath import libmp
from mpmath.ctx_iv import MPIntervalContext

from symloss.program import Domain


class NoValueError(ArithmeticError):
    """A term that has no value at the point, or none that can be enclosed."""


class UndecidedError(NoValueError):
    """A question that the enclosures leave open; a higher precision may decide it."""


class Field(Protocol):
    """Outward-rounded arithmetic; sums, products and quotients of its numbers by Python's operators."""

    def rational(self, value: Fraction) -> Any:
        """An enclosure of a rational number."""

    def between(self, low: Fraction, high: Fraction) -> Any:
        """An enclosure of an interval."""

    def function(self, name: str, x: Any) -> Any:
        """exp, log, sqrt, sin, cos, atan, erf, lgamma or a constant; ValueError where there is none."""

    def ends(self, x: Any) -> tuple[Fraction, Fraction] | None:
        """Rational bounds, or None where there are none."""


class _Mpmath:
    """Intervals of mpmath in a context of their own."""

    def __init__(self, bits: int) -> None:
        self.context = MPIntervalContext()
        self.context.prec = bits

    def rational(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / self.context.mpf(value.denominator)

    def between(self, low: Fraction, high: Fraction) -> Any:
        return self.context.mpf([self.rational(low).a, self.rational(high).b])

    def function(self, name: str, x: Any) -> Any:
        if name == "pi":
            return +self.context.pi
        if name in ("exp", "log", "sqrt", "sin", "cos"):
            return getattr(self.context, name)(x)
        raise ValueError(f"no interval of {name}")

    def ends(self, x: Any) -> tuple[Fraction, Fraction] | None:
        found = []
        for raw in x._mpi_:
            if raw[1] == 0 and raw != libmp.fzero:
                return None
            found.append(Fraction(*map(int, libmp.to_rational(raw))))
        return found[0], found[1]


class _Arb:
    """Balls of Arb."""

    def __init__(self, bits: int) -> None:
        import flint

        self.flint = flint
        self.bits = bits

    def rational(self, value: Fraction) -> Any:
        with self.flint.ctx.workprec(self.bits):
            return self.flint.arb(self.flint.fmpq(value.numerator, value.denominator))

    def between(self, low: Fraction, high: Fraction) -> Any:
        with self.flint.ctx.workprec(self.bits):
            return self.rational(low).union(self.rational(high))

    def function(self, name: str, x: Any) -> Any:
        with self.flint.ctx.workprec(self.bits):
            if name == "pi":
                return self.flint.arb.pi()
            if name in ("exp", "log", "sqrt", "sin", "cos", "atan", "erf", "lgamma"):
                return getattr(x, name)()
        raise ValueError(f"no ball of {name}")

    def ends(self, x: Any) -> tuple[Fraction, Fraction] | None:
        if not x.is_finite():
            return None
        found = []
        with self.flint.ctx.workprec(self.bits):
            for end in (x.lower(), x.upper()):
                mantissa, exponent = (int(part) for part in end.man_exp())
                found.append(Fraction(mantissa) * Fraction(2) ** exponent)
        return found[0], found[1]


def rational_ends(domain: Domain) -> tuple[Fraction | None, Fraction | None]:
    """The ends of an interval of reals; None where there is none."""
    low, high = (None if e.is_infinite else Fraction(int(e.p), int(e.q)) for e in (domain.lower, domain.upper))
    return low, high


def field(bits: int, balls: bool = True) -> Field:
    """Arithmetic at a precision.

    Args:
        bits: the precision.
        balls: whether Arb may be used where it is installed.
    """
    try:
        return _Arb(bits) if balls else _Mpmath(bits)
    except ImportError:
        return _Mpmath(bits)


@contextmanager
def working(bits: int) -> Iterator[None]:
    """Python's operators on Arb's balls round to its global precision; set it, and put it back."""
    try:
        import flint
    except ImportError:
        yield
        return
    with flint.ctx.workprec(bits):
        yield
