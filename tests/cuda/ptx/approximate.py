"""Approximate instructions, with the error that the PTX ISA allows them.

The result is the true value, off by a pseudo-random part of the documented bound that depends on the operands'
bits alone: the same operands give the same bits, as on a device, but nothing can rely on more accuracy than
NVIDIA promises. `run(..., approximation="nearest")` rounds the true value correctly instead.
Special values (zeros, infinities, NaN) are exact, as the ISA's tables say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .modifiers import flush
from .program import Instruction


@dataclass(frozen=True)
class Approximation:
    """A function of float32, evaluated in double precision, and the bound of its error.

    Attributes:
        function: The true function.
        ulps: Bound in units in the last place of the result.
        relative: Bound of the relative error.
        absolute: Bound of the absolute error where `near` holds, or everywhere.
        near: Where the absolute bound replaces the others.
        exact: Arguments with exact results.
    """

    function: Callable[..., Any]
    ulps: float = 0.0
    relative: float = 0.0
    absolute: float = 0.0
    near: Callable[[Any], Any] | None = None
    exact: Callable[[Any], Any] | None = None


def _whole(a: Any) -> Any:
    return a == np.rint(a)


HALF_ULP = 2.0**-24
"""What rounding the moved value may add at most, relatively."""
TABLE = {
    # The ISA promises 2 ulp; that whole numbers give exact powers of two, NVIDIA's own tanh for doubles relies on.
    "ex2": Approximation(np.exp2, ulps=2, exact=_whole),
    "lg2": Approximation(np.log2, relative=2.0**-22, absolute=2.0**-22, near=lambda a: (a > 0.5) & (a < 2)),
    "rcp": Approximation(np.reciprocal, ulps=1),
    "rsqrt": Approximation(lambda a: 1 / np.sqrt(a), relative=2.0**-22.9),
    "sqrt": Approximation(np.sqrt, relative=2.0**-23),
    "sin": Approximation(np.sin, absolute=2.0**-20.5),
    "cos": Approximation(np.cos, absolute=2.0**-20.5),
    "tanh": Approximation(np.tanh, relative=2.0**-11),
    "div": Approximation(np.divide, ulps=2),
}
GROSS = {"rcp": np.reciprocal, "rsqrt": lambda a: 1 / np.sqrt(a)}
"""The functions that have an approximation in double precision: 20 bits of mantissa, computed from as many."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _noise(*operands: Any) -> Any:
    """A number in [−1, 1) from the bits of the operands."""
    state = np.uint64(0)
    for operand in operands:
        state = (state ^ np.asarray(operand, np.float64).view(np.uint64)) * _GOLDEN
        state = state ^ (state >> np.uint64(29))
    state = state * np.uint64(0xBF58476D1CE4E5B9)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def perturbed(entry: Approximation, exact: Any, *operands: Any) -> Any:
    """The exact value moved within the documented bound, less the half unit that rounding may add."""
    size = np.abs(exact)
    if entry.ulps:
        allowed = (entry.ulps - 0.5) * np.spacing(size.astype(np.float32)).astype(np.float64)
    else:
        allowed = size * max(entry.relative - HALF_ULP, 0.0)
    if entry.absolute:
        absolute = entry.absolute - size * HALF_ULP
        allowed = absolute if entry.near is None else np.where(entry.near(operands[0]), absolute, allowed)
    settled = ~np.isfinite(exact) | (exact == 0)
    for operand in operands:
        settled = settled | (operand == 0) | np.isinf(operand)
    if entry.exact:
        settled = settled | entry.exact(operands[0])
    return np.where(settled, exact, exact + _noise(*operands) * allowed)


def evaluate(entry: Approximation, ftz: bool, documented: bool, operands: tuple[Any, ...]) -> Any:
    """The result of an approximate instruction on float32."""
    if ftz:
        operands = tuple(flush(operand) for operand in operands)
    wide = [operand.astype(np.float64) for operand in operands]
    exact = entry.function(*wide)
    if documented:
        exact = perturbed(entry, exact, *wide)
    result = exact.astype(np.float32)
    return flush(result) if ftz else result


_UPPER = np.uint64(0xFFFF_FFFF_0000_0000)
_TINY = 2.0**-1022


def gross(function: Callable[[Any], Any], documented: bool, value: Any) -> Any:
    """rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64: the upper words of operand and result are all there is."""

    def flushed(a: Any) -> Any:
        return np.where(np.abs(a) < _TINY, np.copysign(0.0, a), a)

    operand = flushed((value.view(np.uint64) & _UPPER).view(np.float64))
    exact = function(operand)
    if documented:
        exact = np.where(np.isfinite(exact), exact * (1 + _noise(operand) * 2.0**-21), exact)
    # Half a unit more before the cut rounds instead of truncating; powers of two stay what they are.
    upper = ((exact.view(np.uint64) + np.uint64(0x8000_0000)) & _UPPER).view(np.float64)
    return flushed(np.where(np.isfinite(exact), upper, exact))


@operation("ex2", "lg2", "sin", "cos", "tanh")
def unary(compiler: Compiler, instruction: Instruction) -> Step:
    """An approximate function of one operand."""
    name, *rest = instruction.parts
    kind = rest[-1]
    if "approx" not in rest or set(rest) - {"approx", "ftz", kind}:
        raise ValueError
    source, target = compiler.source(instruction.operands[1], kind), compiler.target(instruction.operands[0], kind)
    if kind == "f64":
        function = GROSS[name]
        if "ftz" not in rest:
            raise ValueError
        return lambda machine, lanes: target(
            machine, lanes, gross(function, machine.documented, lanes.working(source(machine)))
        )
    entry, ftz = TABLE[name], "ftz" in rest

    def step(machine: Any, lanes: Any) -> None:
        value = lanes.working(source(machine))
        target(machine, lanes, evaluate(entry, ftz, machine.documented, (value,)))

    return step


def quotient(compiler: Compiler, instruction: Instruction) -> Step:
    """`div.approx` and `div.full`: two units in the last place; 0 where the divisor is beyond 2^126 (approx)."""
    parts = instruction.parts
    entry = TABLE["div"]
    sources = [compiler.source(operand, "f32") for operand in instruction.operands[1:]]
    target = compiler.target(instruction.operands[0], "f32")
    ftz, approximate = "ftz" in parts, "approx" in parts

    def step(machine: Any, lanes: Any) -> None:
        a, b = (lanes.working(source(machine)) for source in sources)
        result = evaluate(entry, ftz, machine.documented, (a, b))
        if approximate:
            large = (np.abs(b) > np.float32(2.0**126)) & np.isfinite(b)
            sign = np.copysign(np.float32(0), a) * np.copysign(np.float32(1), b)
            result = np.where(large, np.where(np.isinf(a), np.float32(np.nan), sign), result)
            result = np.where(large & np.isnan(a), np.float32(np.nan), result)
        target(machine, lanes, result)

    return step
