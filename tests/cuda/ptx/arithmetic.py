"""add, sub, mul, mad, fma, div, rem, abs, neg, min, max, copysign and their kin."""

from typing import Any

import numpy as np

from . import carry, integers
from .compiler import Compiler, Step, operation
from .modifiers import DIRECTIONS, check, direction, modified
from .program import Instruction
from .rounding import exact64, fma16, fma32, fma64, narrow, sum32
from .types import COMPUTE, FLOATS, double_width

_FLOAT_MODIFIERS = {*DIRECTIONS, *FLOATS, "ftz", "sat", "full"}
_INTEGERS = {f"{kind}{bits}" for kind in "sub" for bits in (16, 32, 64)}
_PLAIN = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}


def _wide(value: Any) -> Any:
    return value.astype(np.float64)


def _directed(name: str, mode: str) -> Any:
    """A float32 operation in a direction other than to nearest."""
    if name in ("add", "sub"):
        return lambda a, b: sum32(_wide(a), _wide(b) if name == "add" else -_wide(b), mode)
    # A product of float32 is exact in double precision, and a quotient that is no float32 lies further from
    # every float32 than double precision can blur.
    return lambda a, b: narrow(_PLAIN[name](_wide(a), _wide(b)), mode)


def binary_float(name: str, kind: str, mode: str) -> Any:
    """The function of a float instruction with two operands."""
    if mode == "rn":
        return _PLAIN[name]
    if kind == "f32":
        return _directed(name, mode)
    if kind == "f64":
        return lambda a, b: exact64(name, a, b, mode)
    raise ValueError(mode)


@operation("add", "sub")
def _add(compiler: Compiler, instruction: Instruction) -> Step:
    name, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, _FLOAT_MODIFIERS)
        function = modified(binary_float(name, kind, direction(rest)), parts)
    elif "sat" in rest and kind == "s32":
        check(parts, {"sat", "s32"})
        function = integers.saturated(name)
    elif "cc" in rest:
        check(parts, {"cc", "u32", "s32", "u64", "s64"})
        return carry.with_flag(compiler, instruction)
    else:
        check(parts, _INTEGERS)
        function = _PLAIN[name]
    return compiler.pure(instruction, [kind, kind], kind, function)


@operation("mul")
def _mul(compiler: Compiler, instruction: Instruction) -> Step:
    name, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, _FLOAT_MODIFIERS)
        return compiler.pure(
            instruction, [kind, kind], kind, modified(binary_float(name, kind, direction(rest)), parts)
        )
    check(parts, _INTEGERS | {"lo", "hi", "wide"})
    part = rest[0]
    result = double_width(kind) if part == "wide" else kind
    return compiler.pure(instruction, [kind, kind], result, integers.PRODUCTS[part](COMPUTE[kind]))


@operation("mul24")
def _mul24(compiler: Compiler, instruction: Instruction) -> Step:
    _, part, kind = instruction.parts
    if part != "lo":
        raise ValueError(part)
    return compiler.pure(instruction, [kind, kind], kind, lambda a, b: integers.low24(a) * integers.low24(b))


@operation("mad", "fma")
def _mad(compiler: Compiler, instruction: Instruction) -> Step:
    _, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, _FLOAT_MODIFIERS)
        mode = direction(rest)
        fused = {"f16": fma16, "f32": fma32, "f64": fma64}[kind]
        return compiler.pure(instruction, [kind] * 3, kind, modified(lambda a, b, c: fused(a, b, c, mode), parts))
    if "cc" in rest:
        return carry.with_flag(compiler, instruction)
    check(parts, _INTEGERS | {"lo", "hi", "wide"})
    part = rest[0]
    result = double_width(kind) if part == "wide" else kind
    product = integers.PRODUCTS[part](COMPUTE[kind])
    return compiler.pure(instruction, [kind, kind, result], result, lambda a, b, c: product(a, b) + c)


@operation("div")
def _div(compiler: Compiler, instruction: Instruction) -> Step:
    _, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind not in FLOATS:
        check(parts, _INTEGERS)
        return compiler.pure(instruction, [kind, kind], kind, integers.quotient)
    if "approx" in rest or "full" in rest:
        from .approximate import quotient

        check(parts, {"approx", "full", "ftz", "f32"})
        return quotient(compiler, instruction)
    check(parts, _FLOAT_MODIFIERS - {"full", "sat"})
    return compiler.pure(instruction, [kind, kind], kind, modified(binary_float("div", kind, direction(rest)), parts))


@operation("rem")
def _rem(compiler: Compiler, instruction: Instruction) -> Step:
    check(instruction.parts, _INTEGERS)
    kind = instruction.parts[1]
    return compiler.pure(instruction, [kind, kind], kind, integers.remainder)


@operation("sad")
def _sad(compiler: Compiler, instruction: Instruction) -> Step:
    check(instruction.parts, _INTEGERS)
    kind = instruction.parts[1]
    return compiler.pure(instruction, [kind] * 3, kind, lambda a, b, c: c + np.where(a < b, b - a, a - b))


@operation("sqrt", "rcp", "rsqrt")
def _root(compiler: Compiler, instruction: Instruction) -> Step:
    name, *rest = parts = instruction.parts
    kind = rest[-1]
    if "approx" in rest:
        from .approximate import unary

        return unary(compiler, instruction)
    check(parts, {*DIRECTIONS, "ftz", "f32", "f64"})
    mode = direction(rest)
    if name == "sqrt":
        if mode == "rn":
            function: Any = np.sqrt
        elif kind == "f32":
            function = lambda a: narrow(np.sqrt(_wide(a)), mode)  # noqa: E731
        else:
            raise ValueError(mode)
    elif name == "rcp":
        divide = binary_float("div", kind, mode)
        one = COMPUTE[kind].type(1)
        function = lambda a: divide(one, a)  # noqa: E731
    else:
        raise ValueError(name)
    return compiler.pure(instruction, [kind], kind, modified(function, parts))


def _flip(kind: str, bits: Any) -> Any:
    """neg and abs of floats touch the sign bit only, of NaN too."""
    width = COMPUTE[kind].itemsize
    sign = np.array(1 << (8 * width - 1), f"u{width}")[()]
    return lambda a: bits(a.view(f"u{width}"), sign).view(COMPUTE[kind])


@operation("neg")
def _neg(compiler: Compiler, instruction: Instruction) -> Step:
    _, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, {"ftz", *FLOATS})
        return compiler.pure(instruction, [kind], kind, modified(_flip(kind, lambda a, s: a ^ s), parts))
    check(parts, _INTEGERS)
    return compiler.pure(instruction, [kind], kind, np.negative)


@operation("abs")
def _abs(compiler: Compiler, instruction: Instruction) -> Step:
    _, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, {"ftz", *FLOATS})
        return compiler.pure(instruction, [kind], kind, modified(_flip(kind, lambda a, s: a & ~s), parts))
    check(parts, _INTEGERS)
    return compiler.pure(instruction, [kind], kind, np.abs)


def extreme(name: str, kind: str, keep_nan: bool) -> Any:
    """min or max of floats: a NaN loses unless .NaN asks for it, and −0 < +0."""
    choose = {
        ("min", False): np.fmin,
        ("max", False): np.fmax,
        ("min", True): np.minimum,
        ("max", True): np.maximum,
    }[name, keep_nan]
    bits = np.dtype(f"u{COMPUTE[kind].itemsize}")
    join = np.bitwise_or if name == "min" else np.bitwise_and

    def function(a: Any, b: Any) -> Any:
        chosen = choose(a, b)
        equal = a == b
        return np.where(equal, join(a.view(bits), b.view(bits)).view(COMPUTE[kind]), chosen)

    return function


@operation("min", "max")
def _extreme(compiler: Compiler, instruction: Instruction) -> Step:
    name, *rest = parts = instruction.parts
    kind = rest[-1]
    if kind in FLOATS:
        check(parts, {"ftz", "NaN", *FLOATS})
        function = modified(extreme(name, kind, "NaN" in rest), parts)
        return compiler.pure(instruction, [kind] * (len(instruction.operands) - 1), kind, _fold(function))
    check(parts, _INTEGERS)
    return compiler.pure(instruction, [kind, kind], kind, {"min": np.minimum, "max": np.maximum}[name])


def _fold(function: Any) -> Any:
    """A function of two values for three, as in `max.f32 d, a, b, c`."""
    return lambda a, b, *rest: function(a, b) if not rest else function(function(a, b), *rest)


@operation("copysign")
def _copysign(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    return compiler.pure(instruction, [kind, kind], kind, lambda sign, size: np.copysign(size, sign))


_CLASSES = {
    "finite": np.isfinite,
    "infinite": np.isinf,
    "number": lambda a: ~np.isnan(a),
    "notanumber": np.isnan,
    "normal": lambda a: np.isfinite(a) & (np.abs(a) >= np.finfo(a.dtype).tiny),
    "subnormal": lambda a: (a != 0) & (np.abs(a) < np.finfo(a.dtype).tiny),
}


@operation("testp")
def _testp(compiler: Compiler, instruction: Instruction) -> Step:
    _, test, kind = instruction.parts
    return compiler.pure(instruction, [kind], "pred", _CLASSES[test])
