"""Arithmetic in mpmath with the limits that floating point users expect, and readers of users' numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from mpmath import mp, mpf

from symloss.atoms.record import AtomRecord

#: Exponents of more bits than this make `exp` overflow or vanish: the exact result could not be stored.
_LARGEST_EXPONENT_BITS = 4096


def real(value: Any) -> Any:
    """The value as an mpf, or NaN where the exact result is complex."""
    if isinstance(value, mpmath.mpc):
        return value.real if value.imag == 0 else mp.nan
    return value


def number(value: Any) -> Any:
    """An mpf from an int, a float, a Fraction, a SymPy rational, an mpf, or a NumPy scalar, rounded once."""
    if isinstance(value, mpf | int):
        return mpf(value)
    if isinstance(value, Fraction):
        return mpf(value.numerator) / value.denominator
    if hasattr(value, "is_Rational"):
        if value.is_Rational:
            return mpf(int(value.p)) / int(value.q)
        if value.is_infinite:
            return mp.inf if value.is_extended_positive else mp.ninf
        return mp.nan if value.is_finite is None else value._to_mpmath(mp.prec)
    return mpf(value.item()) if hasattr(value, "item") else mpf(value)


def constant(e: Any) -> Any:
    """The value of a SymPy number at the working precision."""
    if e.is_Rational:
        return number(e)
    if e is sympy.nan or e is sympy.zoo:
        return mp.nan
    if e.is_infinite:
        return mp.inf if e.is_extended_positive else mp.ninf
    return e._to_mpmath(mp.prec + 10)


def floor(x: Any) -> Any:
    """The largest integer that is not larger."""
    return math.floor(x) if isinstance(x, int | Fraction) else mp.floor(x)


def modulo(a: Any, b: Any) -> Any:
    """The remainder with the sign of b."""
    return a - b * mp.floor(divide(a, b))


def sine(x: Any) -> Any:
    """sin x; NaN at infinity."""
    return mp.sin(x) if mp.isfinite(x) else mp.nan


def cosine(x: Any) -> Any:
    """cos x; NaN at infinity."""
    return mp.cos(x) if mp.isfinite(x) else mp.nan


def add(*terms: Any) -> Any:
    """The sum; oo - oo is NaN."""
    return total(terms)


def total(terms: Iterable[Any]) -> Any:
    """The sum by ordinary additions: mpmath's fsum drops a small term whole, whatever the direction of rounding."""
    result = mpf(0)
    for term in terms:
        result += term
    return result


def divide(a: Any, b: Any) -> Any:
    """a/b; a/0 is an infinity of the sign of a, 0/0 is NaN."""
    if b == 0:
        return mp.nan if a == 0 or mp.isnan(a) else (mp.inf if a > 0 else mp.ninf)
    return mpf(a) / b


def power(base: Any, exponent: Any) -> Any:
    """base**exponent in the reals: NaN for a negative base under a fractional exponent, oo for 0 to a negative one."""
    base, exponent = mpf(base), mpf(exponent)
    if mp.isnan(base) or mp.isnan(exponent):
        return mp.nan
    if exponent == 0:
        return mpf(1)
    if base == 0:
        return mp.inf if exponent < 0 else mpf(0)
    whole = not mp.isinf(exponent) and mp.isint(exponent)
    if mp.isinf(exponent):
        size = abs(base)
        return mpf(1) if size == 1 else (mp.inf if (size > 1) == (exponent > 0) else mpf(0))
    if mp.isinf(base):
        limit = mp.inf if exponent > 0 else mpf(0)
        return -limit if base < 0 and whole and int(exponent) % 2 else limit
    if whole:
        return base ** int(exponent)
    return mp.nan if base < 0 else (mp.sqrt(base) if exponent == mpf("0.5") else base**exponent)


def exponential(x: Any) -> Any:
    """e^x; far outside every floating point range it is 0 or oo."""
    x = mpf(x)
    if not mp.isfinite(x) or mp.mag(x) <= _LARGEST_EXPONENT_BITS:
        return mp.exp(x)
    return mp.inf if x > 0 else mpf(0)


def logarithm(x: Any) -> Any:
    """log x: -oo at 0 and NaN below."""
    return mp.ninf if x == 0 else (mp.nan if x < 0 else mp.log(x))


def largest(values: Sequence[Any]) -> Any:
    """The maximum; -oo of nothing; NaN if there is one."""
    return mp.nan if any(mp.isnan(value) for value in values) else max(values, default=mp.ninf)


def smallest(values: Sequence[Any]) -> Any:
    """The minimum; oo of nothing; NaN if there is one."""
    return mp.nan if any(mp.isnan(value) for value in values) else min(values, default=mp.inf)


def logsumexp(values: Sequence[Any]) -> Any:
    """log of the sum of e^value; -oo of nothing."""
    top = largest(values)
    if not mp.isfinite(top):
        return top
    return top + mp.log(total(exponential(value - top) for value in values))


def norm(values: Sequence[Any]) -> Any:
    """The square root of the sum of squares; 0 of nothing."""
    return mp.sqrt(total(value * value for value in values))


#: What each operation of a statement does with the list of its bodies.
REDUCTIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "map": total,
    "sum": total,
    "max": largest,
    "min": smallest,
    "logsumexp": logsumexp,
    "norm": norm,
}


def atom_function(record: AtomRecord) -> Callable[..., Any]:
    """An atom's mpmath definition, with the record's special values at infinities; NaN outside the domain."""
    specials = {
        tuple(number(argument) for argument in key): number(value)
        for key, value in record.special.items()
        if any(argument.is_infinite for argument in key)
        and all(argument.is_Rational or argument.is_infinite for argument in key)
        and (value.is_Rational or value.is_infinite)
    }
    exact = record.exact

    def function(*arguments: Any) -> Any:
        if specials and not all(map(mp.isfinite, arguments)):
            found = specials.get(tuple(map(mpf, arguments)))
            if found is not None:
                return found
        try:
            return real(exact(*arguments))
        except (ValueError, ZeroDivisionError, OverflowError):
            return mp.nan

    return function
