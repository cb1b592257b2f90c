"""cvt in all the forms that compilers emit, and bfloat16 / float16 packing.

16-bit results that are NaN have the bits that the ISA gives; sign and payload of wider NaN are NumPy's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .modifiers import DIRECTIONS, direction, flush, saturate
from .program import Instruction
from .rounding import narrow
from .types import COMPUTE

_ROUNDINGS = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}
_MODIFIERS = {*DIRECTIONS, *_ROUNDINGS, "ftz", "sat", "relu", "satfinite"}
_FLOATS = ("f16", "f32", "f64")


def bfloat16(value: Any, mode: str = "rn") -> Any:
    """float32 → the bits of bfloat16, ties to even or towards zero; NaN becomes 0x7FFF."""
    bits = value.view(np.uint32)
    high = bits >> np.uint32(16)
    if mode == "rn":
        high = (bits + np.uint32(0x7FFF) + (high & np.uint32(1))) >> np.uint32(16)
    elif mode != "rz":
        raise ValueError(mode)
    return np.where(np.isnan(value), np.uint32(0x7FFF), high).astype(np.uint16)


def float16(value: Any, mode: str = "rn") -> Any:
    """float32 → the bits of float16; NaN becomes 0x7FFF."""
    result = value.astype(np.float16) if mode == "rn" else narrow(value.astype(np.float64), mode, np.float16)
    return np.where(np.isnan(value), np.uint16(0x7FFF), result.view(np.uint16))


_PACKED: dict[str, Callable[..., Any]] = {"bf16x2": bfloat16, "f16x2": float16}
_LARGEST = {"bf16x2": np.array(0x7F7F0000, "u4").view("f4")[()], "f16x2": np.float32(65504)}


def _clamped(kind: str, parts: list[str]) -> Callable[[Any], Any]:
    """What .relu and .satfinite do before packing; NaN stays."""

    def function(value: Any) -> Any:
        if "relu" in parts:
            value = np.where(value <= 0, np.float32(0), value)
        if "satfinite" in parts:
            value = np.clip(value, -_LARGEST[kind], _LARGEST[kind])
        return value

    return function


@operation("cvt")
def _cvt(compiler: Compiler, instruction: Instruction) -> Step:
    _, *modifiers, result, source = instruction.parts
    if set(modifiers) - _MODIFIERS or source not in COMPUTE or result not in COMPUTE:
        raise ValueError
    mode = direction(modifiers)
    if result in _PACKED or (result == "bf16" and source == "f32"):
        return _pack(compiler, instruction, result, modifiers, mode)
    if "relu" in modifiers or "satfinite" in modifiers:
        raise ValueError
    if source == "bf16":
        if result != "f32":
            raise ValueError
        return compiler.pure(
            instruction, ["b16"], "f32", lambda a: (a.astype(np.uint32) << np.uint32(16)).view(np.float32)
        )
    rounding = next((_ROUNDINGS[part] for part in modifiers if part in _ROUNDINGS), None)
    function = conversion(result, source, mode, rounding, "sat" in modifiers)
    if "ftz" in modifiers:
        inner = function

        def function(a: Any) -> Any:
            out = inner(flush(a) if source == "f32" else a)
            return flush(out) if result == "f32" else out

    return compiler.pure(instruction, [source], result, function)


def _pack(compiler: Compiler, instruction: Instruction, result: str, modifiers: list[str], mode: str) -> Step:
    kind = "bf16x2" if result == "bf16" else result
    to_bits, clamp = _PACKED[kind], _clamped(kind, modifiers)
    if "sat" in modifiers or "ftz" in modifiers:
        raise ValueError
    if result == "bf16":
        return compiler.pure(instruction, ["f32"], "b16", lambda a: to_bits(clamp(a), mode))

    def function(high: Any, low: Any) -> Any:
        upper, lower = (to_bits(clamp(value), mode).astype(np.uint32) for value in (high, low))
        return (upper << np.uint32(16)) | lower

    return compiler.pure(instruction, ["f32", "f32"], "b32", function)


def conversion(
    result: str, source: str, mode: str, rounding: Callable[[Any], Any] | None, sat: bool
) -> Callable[[Any], Any]:
    """The function of `cvt.result.source`; every returned array is fresh."""
    if source in _FLOATS:
        if result in _FLOATS:
            plain = _float_to_float(result, source, mode, rounding)
            return (lambda a: saturate(plain(a))) if sat else plain
        if rounding is None:
            raise ValueError("a float needs .rni, .rzi, .rmi or .rpi to become an integer")
        return _float_to_integer(result, source, rounding)
    if result in _FLOATS:
        if sat:
            raise ValueError
        return _integer_to_float(result, mode)
    dtype = COMPUTE[result]
    if not sat:
        return lambda a: a.astype(dtype)
    return _integer_saturated(dtype, COMPUTE[source])


def _integer_saturated(dtype: np.dtype, source: np.dtype) -> Callable[[Any], Any]:
    info, own = np.iinfo(dtype), np.iinfo(source)
    low, high = source.type(max(info.min, own.min)), source.type(min(info.max, own.max))
    return lambda a: np.clip(a, low, high).astype(dtype)


def _float_to_float(result: str, source: str, mode: str, rounding: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    dtype = COMPUTE[result]
    if (result, source) == ("f16", "f32") and rounding is None:
        return lambda a: float16(a, mode).view(dtype)
    if rounding is not None:
        if result != source:
            raise ValueError
        return lambda a: rounding(a)
    if mode == "rn" or dtype.itemsize >= COMPUTE[source].itemsize:
        return lambda a: a.astype(dtype)
    return lambda a: narrow(a.astype(np.float64), mode, dtype.type)


def _float_to_integer(result: str, source: str, rounding: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Out of range clamps; NaN gives 0, or the top bit alone where one side has 64 bits (PTX ISA, cvt)."""
    dtype = COMPUTE[result]
    info = np.iinfo(dtype)
    wide = source == "f64" or dtype.itemsize == 8
    for_nan = np.array(1 << (8 * dtype.itemsize - 1), f"u{dtype.itemsize}").view(dtype)[()] if wide else dtype.type(0)
    above = float(info.max) if dtype.itemsize < 8 else float(2 ** (64 if dtype.kind == "u" else 63))

    def function(a: Any) -> Any:
        whole = rounding(a.astype(np.float64))
        inside = (whole >= info.min) & (whole < above)
        clean = np.where(inside, whole, 0.0).astype(dtype)
        outside = np.where(whole >= above, dtype.type(info.max), dtype.type(info.min))
        return np.where(np.isnan(a), for_nan, np.where(inside, clean, outside))

    return function


def _integer_to_float(result: str, mode: str) -> Callable[[Any], Any]:
    dtype = COMPUTE[result]

    def function(a: Any) -> Any:
        if mode == "rn":
            if result == "f16":
                return a.astype(np.float64).astype(dtype)
            return a.astype(dtype)
        if a.dtype.itemsize < 8 and result != "f64":
            return narrow(a.astype(np.float64), mode, dtype.type)
        return _wide_integer(a, dtype, mode)

    return function


def _wide_integer(a: Any, dtype: np.dtype, mode: str) -> Any:
    """64-bit integers in a direction: nearest first, then one step back where it went past."""
    near = a.astype(dtype)
    flat, values = np.atleast_1d(near), np.atleast_1d(a)
    for k in range(flat.size):
        exact, got = int(values[k]), int(flat[k])
        down = mode == "rm" or (mode == "rz" and exact > 0)
        if got > exact and down:
            flat[k] = np.nextafter(flat[k], dtype.type(-np.inf))
        elif got < exact and not down:
            flat[k] = np.nextafter(flat[k], dtype.type(np.inf))
    return flat.reshape(near.shape)
