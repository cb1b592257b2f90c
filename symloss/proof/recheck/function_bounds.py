"""Bounds of functions from the bounds of their arguments: where they increase, values at the ends."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from symloss.proof.recheck.ends import BIT, Bounds, absolute, increasing, inverse, larger, one, times
from symloss.proof.recheck.functions import FUNCTIONS

_OO = math.inf


def _zero_wins(a: Bounds, b: Bounds | None) -> Bounds | None:
    """a·b where a = 0 gives 0 whatever b is."""
    if b is None:
        return None
    if b.finite or a.only((-1, 1)):
        return times(a, b)
    found = one(Fraction(0))
    for half in (Bounds(Fraction(0), _OO, True), Bounds(-_OO, Fraction(0), False, True)):
        part = a.meet(half)
        if part.low < part.high:
            product = times(part, b)
            if product is None:
                return None
            found = found.join(product)
    return found


def _log(x: Bounds) -> Bounds | None:
    return increasing(lambda s, v: s.log(v), x) if x.low >= 0 else None


def _over(x: Bounds, y: Bounds) -> Bounds | None:
    if not (y.low >= 0 or y.high <= 0):
        return None
    one_over = inverse(y)
    if one_over is None:
        one_over = Bounds(Fraction(0), _OO, y.finite) if y.low >= 0 else Bounds(-_OO, Fraction(0), False, y.finite)
    return _zero_wins(x, one_over)


def x_log_x(x: Bounds | None) -> Bounds | None:
    """``x·log x`` is at least -1/e, and at most 0 up to 1."""
    if x is None or x.low < 0:
        return None
    low = Fraction(0) if x.low >= 1 else -Fraction(3679, 10000)
    return Bounds(low, Fraction(0)) if x.high <= 1 else Bounds(low, _OO, False, x.finite)


def _step(x: Bounds) -> Bounds:
    """A step is 0 before 0 and 1 after it."""
    return one(Fraction(0)) if x.only((-1,)) else one(Fraction(1)) if x.only((1,)) else BIT


_BOTH = Bounds(-_OO, _OO)
_UNIT = BIT
_SYMMETRIC = Bounds(Fraction(-1), Fraction(1))
_UPWARD = Bounds(Fraction(0), _OO)


def _of(name: str) -> Any:
    """A function by the evaluation's own table, extended to the ends."""
    return lambda s, x: FUNCTIONS[name](s, x)


def _tanh(s: Any, x: Any) -> Any:
    if isinstance(x, float):
        return Fraction(1 if x > 0 else -1)
    return _of("Tanh")(s, x)


def _sigmoid(s: Any, x: Any) -> Any:
    if isinstance(x, float):
        return Fraction(int(x > 0))
    return _of("Sigmoid")(s, x)


#: Increasing functions: value (also at infinite ends), least argument or None, a set that holds all values.
INCREASING: dict[str, tuple[Any, Any, Bounds]] = {
    "exp": (lambda s, x: s.exp(x), None, _UPWARD),
    "log": (lambda s, x: s.log(x), 0, _BOTH),
    "Log1p": (_of("Log1p"), -1, _BOTH),
    "Log2": (lambda s, x: s.log(x) if isinstance(x, float) or x == 0 else _of("Log2")(s, x), 0, _BOTH),
    "Expm1": (_of("Expm1"), None, Bounds(Fraction(-1), _OO)),
    "Softplus": (_of("Softplus"), None, _UPWARD),
    "Sigmoid": (_sigmoid, None, _UNIT),
    "Tanh": (_tanh, None, _SYMMETRIC),
    "StopGradient": (lambda s, x: x, None, _BOTH),
}
SPECIAL: dict[str, Any] = {
    "Absolute": absolute,
    "Sign": lambda x: _SYMMETRIC,
    "Step": _step,
    "HalfStep": _step,
    "Inside": lambda x, low, high: BIT,
    "Relu": lambda x: larger(x, one(Fraction(0))),
    "Ramp": lambda x: larger(x, one(Fraction(0))),
    "Maximum": larger,
    "Minimum": lambda a, b: -larger(-a, -b),
    "Clamp": lambda x, low, high: -larger(-larger(x, low), -high),
    "SlopeAt": lambda f, c, slope: f,
    "LogCosh": lambda x: Bounds(Fraction(0), _OO, False, x.finite),
    "ExpTail": lambda x: Bounds(Fraction(0), _OO, x.only((-1, 1)) and x.finite, x.finite),
    "LogTail": lambda x: Bounds(Fraction(0), _OO) if x.low >= -1 else None,
    "XLogY": lambda x, y: _zero_wins(x, _log(y)),
    "XLog1pY": lambda x, y: _zero_wins(x, _log(Bounds(y.low + 1, y.high + 1, y.low_open, y.high_open))),
    "XOverY": _over,
    "ZeroTimes": _zero_wins,
    "sin": lambda x: _SYMMETRIC if x.finite else None,
    "cos": lambda x: _SYMMETRIC if x.finite else None,
    "Atan": lambda x: Bounds(Fraction(-8, 5), Fraction(8, 5)),
    "Acos": lambda x: Bounds(Fraction(0), Fraction(16, 5)) if x.low >= -1 and x.high <= 1 else None,
    "Erf": lambda x: Bounds(Fraction(-1), Fraction(1), x.finite, x.finite),
}
