"""Floating-point results rounded once, in any of the four directions.

The tool is rounding to odd (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008): a sum kept
in double precision whose last bit is set when anything was cut off can be rounded again without a second error.
"""

import operator
from fractions import Fraction
from typing import Any

import numpy as np

_TINY32 = 2.0**-126
_HALFWAY = np.uint64(0x1000_0000)
_LOW = np.uint64(0x1FFF_FFFF)


def odd_sum(a: Any, b: Any) -> Any:
    """a + b in double precision, rounded to odd."""
    total = a + b
    part = total - a
    error = (a - (total - part)) + (b - part)
    bits = total.view(np.int64)
    inexact = (error != 0) & ((bits & 1) == 0) & np.isfinite(error)
    away = np.where((error > 0) == (total > 0), 1, -1)
    return np.where(inexact, bits + away, bits).view(np.float64)


def narrow(value: Any, mode: str, dtype: type = np.float32) -> Any:
    """A double that was rounded to odd (or is exact) as float32 or float16, rounded in a direction."""
    rounded = value.astype(dtype)
    if mode == "rn":
        return rounded
    back = rounded.astype(np.float64)
    if mode == "rz":
        return np.where(np.abs(back) > np.abs(value), np.nextafter(rounded, dtype(0)), rounded)
    if mode == "rm":
        return np.where(back > value, np.nextafter(rounded, dtype(-np.inf)), rounded)
    return np.where(back < value, np.nextafter(rounded, dtype(np.inf)), rounded)


def _zero_sign(result: Any, a: Any, b: Any, mode: str) -> Any:
    """An exact zero sum of operands of opposite sign is −0 when rounding down."""
    if mode != "rm":
        return result
    return np.where((a + b == 0) & (np.signbit(a) != np.signbit(b)), result.dtype.type(-0.0), result)


def sum32(a: Any, b: Any, mode: str) -> Any:
    """a + b of doubles, rounded once to float32."""
    if mode != "rn":
        return _zero_sign(narrow(odd_sum(a, b), mode), a, b, mode)
    total = np.asarray(a + b)
    result = np.asarray(total.astype(np.float32))
    doubtful = ((total.view(np.uint64) & _LOW) == _HALFWAY) | (np.abs(total) < _TINY32)
    if doubtful.any():
        if total.ndim == 0:
            return odd_sum(a, b).astype(np.float32)
        where = np.flatnonzero(doubtful)
        a, b = np.broadcast_to(a, total.shape), np.broadcast_to(b, total.shape)
        result[where] = odd_sum(a[where], b[where]).astype(np.float32)
    return result


def fma32(a: Any, b: Any, c: Any, mode: str = "rn") -> Any:
    """a·b + c of float32, rounded once; the product is exact in double precision."""
    return sum32(a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64), mode)


def fma16(a: Any, b: Any, c: Any, mode: str = "rn") -> Any:
    """a·b + c of float16, rounded once."""
    product = a.astype(np.float64) * b.astype(np.float64)
    return narrow(odd_sum(product, c.astype(np.float64)), mode, np.float16)


# -- double precision

_SPLIT = 134217729.0


def _two_product(a: Any, b: Any) -> tuple[Any, Any]:
    product = a * b
    t = _SPLIT * a
    ah = t - (t - a)
    al = a - ah
    t = _SPLIT * b
    bh = t - (t - b)
    bl = b - bh
    return product, ((ah * bh - product) + ah * bl + al * bh) + al * bl


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _exponent(value: Any) -> Any:
    return (value.view(np.int64) >> np.int64(52)) & np.int64(0x7FF)


def fma64(a: Any, b: Any, c: Any, mode: str = "rn") -> Any:
    """a·b + c of float64, rounded once: in vectors where no part can over- or underflow, else by fractions."""
    a, b, c = np.broadcast_arrays(a, b, c)
    shape = a.shape
    a, b, c = (np.atleast_1d(x) for x in (a, b, c))
    high, low = _two_product(a, b)
    t, rest = _two_sum(c, low)
    v, error = _two_sum(high, t)
    result = v + odd_sum(rest, error)
    ea, eb, ec = _exponent(a), _exponent(b), _exponent(c)
    product = ea + eb - 1023
    # A zero operand makes everything exact; elsewhere all parts must stay normal numbers.
    safe = (ea > 100) & (ea < 1900) & (eb > 100) & (eb < 1900) & (product > 200) & (product < 1900)
    safe &= ((ec > 200) & (ec < 1900)) | (c == 0)
    if mode != "rn":
        safe[...] = False
    special = ~np.isfinite(a) | ~np.isfinite(b) | ~np.isfinite(c) | (((a == 0) | (b == 0)) & (mode == "rn"))
    result = np.where(special, a * b + c, result)
    for k in np.flatnonzero(~safe & ~special):
        result[k] = _exact_fma(float(a[k]), float(b[k]), float(c[k]), mode)
    return result.reshape(shape)


def _exact_fma(a: float, b: float, c: float, mode: str) -> float:
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        product = a * b
        if product == 0 or c == 0:
            signs = np.signbit(product), np.signbit(c)
            if signs[0] == signs[1]:
                return -0.0 if signs[0] else 0.0
        return -0.0 if mode == "rm" else 0.0
    return round_fraction(exact, mode)


def round_fraction(exact: Fraction, mode: str) -> float:
    """A fraction as a double, rounded in a direction."""
    try:
        near = exact.numerator / exact.denominator
    except OverflowError:
        near = np.inf if exact > 0 else -np.inf
    if mode == "rn":
        return -0.0 if near == 0 and exact < 0 else near
    above = near == np.inf or (near != -np.inf and Fraction(near) > exact)
    below = near == -np.inf or (near != np.inf and Fraction(near) < exact)
    down = mode == "rm" or (mode == "rz" and exact > 0)
    if above and down:
        near = float(np.nextafter(near, -np.inf))
    elif below and not down:
        near = float(np.nextafter(near, np.inf))
    return -0.0 if near == 0 and exact < 0 else near


_EXACT = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}


def exact64(name: str, a: Any, b: Any, mode: str) -> Any:
    """add, sub, mul or div of doubles in a direction other than to nearest, by fractions."""
    plain = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[name]
    a, b = np.broadcast_arrays(np.asarray(a), np.asarray(b))
    shape = a.shape
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    result = np.atleast_1d(plain(a, b))
    for k in np.flatnonzero(np.isfinite(a) & np.isfinite(b) & ~((name == "div") & (b == 0))):
        x, y = Fraction(float(a[k])), Fraction(float(b[k]))
        exact = _EXACT[name](x, y)
        if exact != 0:
            result[k] = round_fraction(exact, mode)
        elif mode == "rm" and name in ("add", "sub"):
            other = b[k] if name == "add" else -b[k]
            if np.signbit(a[k]) != np.signbit(other):
                result[k] = -0.0
    return result.reshape(shape)
