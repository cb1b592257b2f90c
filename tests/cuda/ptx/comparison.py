"""setp, set, selp, slct."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .modifiers import flush
from .program import Instruction, Pair, Symbol
from .types import COMPUTE, FLOATS

_ORDERED = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_UNSIGNED = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}
_COMBINE = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}


def comparison(name: str, kind: str, ftz: bool) -> Callable[[Any, Any], Any]:
    """The comparison of a name: eq … ge are false for NaN, equ … geu true; num and nan test for NaN."""
    if kind not in FLOATS:
        if name in _UNSIGNED and kind[0] in "ub":
            name = _UNSIGNED[name]
        return _ORDERED[name]
    plain = _float_comparison(name)
    return (lambda a, b: plain(flush(a), flush(b))) if ftz else plain


def _float_comparison(name: str) -> Callable[[Any, Any], Any]:
    if name == "num":
        return lambda a, b: ~(np.isnan(a) | np.isnan(b))
    if name == "nan":
        return lambda a, b: np.isnan(a) | np.isnan(b)
    if name == "ne":
        # NumPy's != holds for NaN, the ordered one of PTX does not.
        return lambda a, b: (a < b) | (a > b)
    if name in _ORDERED:
        return _ORDERED[name]
    base = name.removesuffix("u")
    if base == name:
        raise ValueError(name)
    opposite = {"eq": None, "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}[base]
    if opposite is None:
        return lambda a, b: ~((a < b) | (a > b))
    return lambda a, b: ~_ORDERED[opposite](a, b)


@operation("setp")
def _setp(compiler: Compiler, instruction: Instruction) -> Step:
    _, name, *rest = instruction.parts
    kind = rest[-1]
    combine = _COMBINE.get(rest[0])
    if set(rest[:-1]) - {"ftz", *_COMBINE}:
        raise ValueError
    compare = comparison(name, kind, "ftz" in rest)
    destination, *operands = instruction.operands
    pair = destination if isinstance(destination, Pair) else Pair(destination, Symbol("_"))
    first = compiler.target(pair.first, "pred")
    second = None if pair.second == Symbol("_") else compiler.target(pair.second, "pred")
    a, b = (compiler.source(operand, kind) for operand in operands[:2])
    if len(operands) != (3 if combine else 2):
        raise ValueError
    c = compiler.source(operands[2], "pred") if combine else None

    def step(machine: Any, lanes: Any) -> None:
        result = compare(lanes.working(a(machine)), lanes.working(b(machine)))
        if combine and c:
            condition = lanes.working(c(machine))
            first(machine, lanes, combine(result, condition))
            if second:
                second(machine, lanes, combine(~result, condition))
            return
        first(machine, lanes, result)
        if second:
            second(machine, lanes, ~result)

    return step


@operation("set")
def _set(compiler: Compiler, instruction: Instruction) -> Step:
    _, name, *rest = instruction.parts
    *modifiers, result, kind = rest
    if set(modifiers) - {"ftz"}:
        raise ValueError
    compare = comparison(name, kind, "ftz" in modifiers)
    true = COMPUTE[result].type(1) if result == "f32" else np.array(0xFFFF_FFFF, "u4").view(COMPUTE[result])[()]
    zero = COMPUTE[result].type(0)
    return compiler.pure(instruction, [kind, kind], result, lambda a, b: np.where(compare(a, b), true, zero))


@operation("selp")
def _selp(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    return compiler.pure(instruction, [kind, kind, "pred"], kind, lambda a, b, c: np.where(c, a, b))


@operation("slct")
def _slct(compiler: Compiler, instruction: Instruction) -> Step:
    kind, sign = instruction.parts[-2:]
    ftz = "ftz" in instruction.parts
    return compiler.pure(
        instruction, [kind, kind, sign], kind, lambda a, b, c: np.where((flush(c) if ftz else c) >= 0, a, b)
    )
