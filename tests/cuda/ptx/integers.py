"""Integer operations whose NumPy counterpart differs: wide products, C division, bit counts, bit fields."""

from collections.abc import Callable
from typing import Any

import numpy as np


def _wide(dtype: np.dtype) -> np.dtype:
    return np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")


def _high(dtype: np.dtype) -> Callable[[Any, Any], Any]:
    if dtype.itemsize < 8:
        wide, shift = _wide(dtype), 8 * dtype.itemsize
        return lambda a, b: ((a.astype(wide) * b.astype(wide)) >> wide.type(shift)).astype(dtype)
    return _high64 if dtype.kind == "u" else _high64_signed


def _high64(a: Any, b: Any) -> Any:
    low, shift = np.uint64(0xFFFF_FFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low, a >> shift, b & low, b >> shift
    middle = a1 * b0 + ((a0 * b0) >> shift)
    other = a0 * b1 + (middle & low)
    return a1 * b1 + (middle >> shift) + (other >> shift)


def _high64_signed(a: Any, b: Any) -> Any:
    ua, ub = a.view(np.uint64), b.view(np.uint64)
    zero = np.uint64(0)
    return (_high64(ua, ub) - np.where(a < 0, ub, zero) - np.where(b < 0, ua, zero)).view(np.int64)


def _widening(dtype: np.dtype) -> Callable[[Any, Any], Any]:
    wide = _wide(dtype)
    return lambda a, b: a.astype(wide) * b.astype(wide)


PRODUCTS: dict[str, Callable[[np.dtype], Callable[[Any, Any], Any]]] = {
    "lo": lambda dtype: np.multiply,
    "hi": _high,
    "wide": _widening,
}
"""The part of a product that an instruction keeps."""


def low24(a: Any) -> Any:
    """The low 24 bits, with their sign if the type has one."""
    if a.dtype.kind == "u":
        return a & np.uint32(0xFFFFFF)
    return (a << np.int32(8)) >> np.int32(8)


def saturated(name: str) -> Callable[[Any, Any], Any]:
    """add or sub of s32, clamped."""
    plain = {"add": np.add, "sub": np.subtract}[name]

    def function(a: Any, b: Any) -> Any:
        exact = plain(a.astype(np.int64), b.astype(np.int64))
        return np.clip(exact, -(2**31), 2**31 - 1).astype(np.int32)

    return function


def quotient(a: Any, b: Any) -> Any:
    """Division that rounds towards zero; by zero all bits are set."""
    zero = b == 0
    divisor = np.where(zero, b.dtype.type(1), b)
    if a.dtype.kind == "u":
        return np.where(zero, ~a.dtype.type(0), a // divisor)
    floor = a // divisor
    exact = floor * divisor == a
    up = ~exact & ((a < 0) != (divisor < 0))
    return np.where(zero, a.dtype.type(-1), floor + up.astype(a.dtype))


def remainder(a: Any, b: Any) -> Any:
    """The remainder with the sign of the dividend; by zero the dividend."""
    zero = b == 0
    return np.where(zero, a, np.fmod(a, np.where(zero, b.dtype.type(1), b)))


def population(a: Any) -> Any:
    """The number of set bits."""
    return np.bitwise_count(a).astype(np.uint32)


def fill_down(a: Any) -> Any:
    """All bits below the highest set one are set too."""
    shift = 1
    while shift < 8 * a.dtype.itemsize:
        a = a | (a >> a.dtype.type(shift))
        shift *= 2
    return a


def leading_zeros(a: Any) -> Any:
    """The number of zeros above the highest set bit."""
    return np.uint32(8 * a.dtype.itemsize) - population(fill_down(a))


_SWAPS = {
    4: ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF)),
    8: (
        (1, 0x5555555555555555),
        (2, 0x3333333333333333),
        (4, 0x0F0F0F0F0F0F0F0F),
        (8, 0x00FF00FF00FF00FF),
        (16, 0x0000FFFF0000FFFF),
        (32, 0x00000000FFFFFFFF),
    ),
}


def reversed_bits(a: Any) -> Any:
    """Bit k becomes bit width − 1 − k."""
    make = a.dtype.type
    for shift, mask in _SWAPS[a.dtype.itemsize]:
        a = ((a >> make(shift)) & make(mask)) | ((a & make(mask)) << make(shift))
    return a


def shift_left(a: Any, count: Any) -> Any:
    """a << count, zero once everything is shifted out."""
    bits = 8 * a.dtype.itemsize
    amount = np.minimum(count, np.uint32(bits - 1)).astype(a.dtype)
    return np.where(count >= bits, a.dtype.type(0), a << amount)


def shift_right(a: Any, count: Any) -> Any:
    """a >> count; signed values fill with their sign."""
    bits = 8 * a.dtype.itemsize
    amount = np.minimum(count, np.uint32(bits - 1)).astype(a.dtype)
    shifted = a >> amount
    return shifted if a.dtype.kind == "i" else np.where(count >= bits, a.dtype.type(0), shifted)


def field(a: Any, start: Any, length: Any) -> Any:
    """The bit field of `length` bits from `start`, extended with the sign of its highest bit if signed (`bfe`)."""
    bits = 8 * a.dtype.itemsize
    unsigned = np.dtype(f"u{a.dtype.itemsize}")
    start, length = start & np.uint32(0xFF), length & np.uint32(0xFF)
    raw = shift_right(a.view(unsigned), start)
    ones = shift_left(unsigned.type(1), np.minimum(length, np.uint32(bits))) - unsigned.type(1)
    kept = raw & ones
    if a.dtype.kind == "u":
        return kept
    top = np.minimum(start + length - np.uint32(1), np.uint32(bits - 1))
    sign = (shift_right(a.view(unsigned), top) & unsigned.type(1)) == 1
    negative = sign & (length > 0)
    return np.where(negative, kept | ~ones, kept).view(a.dtype)


def insert(a: Any, b: Any, start: Any, length: Any) -> Any:
    """b with `length` bits from `start` replaced by the low bits of a (`bfi`)."""
    bits = 8 * b.dtype.itemsize
    start, length = start & np.uint32(0xFF), length & np.uint32(0xFF)
    one = b.dtype.type(1)
    ones = shift_left(one, np.minimum(length, np.uint32(bits))) - one
    mask = shift_left(ones, start)
    return (b & ~mask) | (shift_left(a, start) & mask)
