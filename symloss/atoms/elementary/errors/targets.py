"""What each function should compute, as power series in Arb, and where its landmarks are.

The definitions are the functions themselves: no identity of the emitted text is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import flint

from symloss.atoms.elementary.errors.rounding import Format
from symloss.atoms.elementary.errors.series import Taylor

_LN2 = math.log(2)


def _exp(x: Taylor) -> Taylor:
    """e^x; on a wide box of negative numbers an unknown number between 0 and the largest value."""
    span = x.span
    if span < 0 and x.distance.rad() > 1:
        return x.constant(flint.arb(0).union(span.upper().exp()))
    return x.exp()


def _log1p(x: Taylor) -> Taylor:
    return (x + x.constant(1)).log()


def _expm1(x: Taylor) -> Taylor:
    return _exp(x) - x.constant(1)


def _absolute(x: Taylor) -> Taylor:
    return -x if x.centre[0] < 0 else x


def _falling(x: Taylor) -> Taylor:
    """e^-|x|, or e^|x| at numbers of the other sign than the centre: what it goes into is the same for both."""
    return _exp(-_absolute(x))


def _softplus(x: Taylor) -> Taylor:
    tail = _log1p(_falling(x))
    return tail + x if x.centre[0] > 0 else tail


def _sigmoid(x: Taylor) -> Taylor:
    e = _falling(x)
    return (x.constant(1) if x.centre[0] > 0 else e) / (e + x.constant(1))


def _tanh(x: Taylor) -> Taylor:
    e = _falling(x.scaled(flint.arb(2)))
    quotient = (x.constant(1) - e) / (x.constant(1) + e)
    return -quotient if x.centre[0] < 0 else quotient


def _log_cosh(x: Taylor) -> Taylor:
    return _absolute(x) + _log1p(_falling(x.scaled(flint.arb(2)))) - x.constant(flint.arb(2).log())


@dataclass(frozen=True)
class Target:
    """One function.

    Attributes:
        series: the function itself.
        low, high: where it is finite and defined, for float32 and float64.
        order: the order of the function's zero, 0 if there is none. Near it the relative error needs short boxes, and
            so many times the distance's exponent goes into the precision.
        zero: where that zero is.
        reduces: "exponent" where the text takes n·ln 2 out of x, "mantissa" where it takes 2^n out of x or, with shift
            1, of 1 + x; None elsewhere.
        twice: the factor of x in that exponent.
        vanishes: the definition adds e^x to 1, which takes precision where x is far below 0.
    """

    series: Callable[[Taylor], Taylor]
    low: dict[str, float]
    high: dict[str, float]
    order: int = 0
    zero: float = 0.0
    reduces: str | None = None
    shift: int = 0
    twice: int = 1
    vanishes: bool = False

    def precision(self, low: float, high: float, kind: Format) -> int:
        """Bits that leave at least 60 beyond the format after all cancellations between two arguments."""
        bits = kind.precision + 75
        nearest = min(abs(low - self.zero), abs(high - self.zero))
        if self.order and 0 < nearest < 1:
            bits += self.order * int(-math.log2(nearest))
        if self.vanishes and low < 0:
            bits += int(1.5 * min(-low, 1000.0))
        return bits

    def landmarks(self, kind: Format) -> Iterator[tuple[float, float]]:
        """Where to cut the range beforehand, and how long an interval about the cut is set apart (0: an exact cut).

        They cost or save boxes; the bound holds without them.
        """
        spread = 2.0**-26 if kind.precision > 32 else 2.0**-20
        smallest = kind.lowest - kind.precision + 1
        yield 0.0, 0.0
        for exponent in range(smallest, kind.highest + 1):
            power = 2.0**exponent
            if self.order:
                yield from ((self.zero + sign * power, 0.0) for sign in (-1, 1))
            if self.reduces == "mantissa":
                yield power - self.shift, 0.0
                yield math.sqrt(2) * power - self.shift, spread * power
        if self.reduces == "exponent":
            for n in range(2 * (smallest - 3), 2 * (kind.highest + 3)):
                cut = n * _LN2 / 2 / self.twice
                yield cut, (abs(cut) * spread if n % 2 else 0.0)


def _both(value: float) -> dict[str, float]:
    return {"float32": value, "float64": value}


_LARGEST = {"float32": 3.4028234663852886e38, "float64": 1.7976931348623157e308}
_SMALLEST = {"float32": 2.0**-149, "float64": 2.0**-1074}
_WHOLE = {key: -value for key, value in _LARGEST.items()}, _LARGEST
_ABOVE_MINUS_ONE = {"float32": -1 + 2.0**-24, "float64": -1 + 2.0**-53}
#: Just below where e^x overflows, and where it is below half the smallest subnormal number.
_EXP_HIGH = {"float32": 88.7228, "float64": 709.7827}
_EXP_LOW = {"float32": -104.0, "float64": -746.0}

TARGETS = {
    "exp": Target(Taylor.exp, _EXP_LOW, _EXP_HIGH, reduces="exponent"),
    "expm1": Target(_expm1, _both(-50.0), _EXP_HIGH, order=1, reduces="exponent"),
    "log": Target(Taylor.log, _SMALLEST, _LARGEST, order=1, zero=1.0, reduces="mantissa"),
    "log1p": Target(_log1p, _ABOVE_MINUS_ONE, _LARGEST, order=1, reduces="mantissa", shift=1),
    "exp_tail": Target(lambda x: _expm1(x) - x, _WHOLE[0], _EXP_HIGH, order=2, reduces="exponent"),
    "log_tail": Target(lambda x: x - _log1p(x), _ABOVE_MINUS_ONE, _LARGEST, order=2, reduces="mantissa", shift=1),
    "softplus": Target(_softplus, *_WHOLE, reduces="exponent", vanishes=True),
    "sigmoid": Target(_sigmoid, *_WHOLE, reduces="exponent"),
    "tanh": Target(_tanh, *_WHOLE, order=1, reduces="exponent", twice=2),
    "log_cosh": Target(_log_cosh, *_WHOLE, order=2, reduces="exponent", twice=2),
}
