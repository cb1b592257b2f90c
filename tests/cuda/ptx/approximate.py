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
    """A function in double precision and the bound of its error.

    Attributes:
        function: The true function.
        relative: Bound of the relative error.
        absolute: Bound of an absolute error that applies where `near` holds (everywhere if `relative` is 0).
        near: Where the absolute bound applies.
    """

    function: Callable[..., Any]
    relative: float = 0.0
    absolute: float = 0.0
    near: Callable[[Any], Any] | None = None


def _between(low: float, high: float) -> Callable[[Any], Any]:
    return lambda a: (a > low) & (a < high)


ULP = 2.0**-23
"""One unit in the last place is at most this, relatively."""
TABLE = {
    ("ex2", "f32"): Approximation(np.exp2, relative=2.0**-22),
    ("lg2", "f32"): Approximation(np.log2, relative=2.0**-22, absolute=2.0**-22, near=_between(0.5, 2.0)),
    ("rcp", "f32"): Approximation(np.reciprocal, relative=ULP),
    ("rsqrt", "f32"): Approximation(lambda a: 1 / np.sqrt(a), relative=2.0**-22.9),
    ("sqrt", "f32"): Approximation(np.sqrt, relative=ULP),
    ("sin", "f32"): Approximation(np.sin, absolute=2.0**-20.5),
    ("cos", "f32"): Approximation(np.cos, absolute=2.0**-20.5),
    ("tanh", "f32"): Approximation(np.tanh, relative=2.0**-11),
    ("div", "f32"): Approximation(np.divide, relative=2 * ULP),
    ("rcp", "f64"): Approximation(np.reciprocal, relative=2.0**-20),
    ("rsqrt", "f64"): Approximation(lambda a: 1 / np.sqrt(a), relative=2.0**-20),
}
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
    noise = _noise(*operands)
    allowed = np.abs(exact) * max(entry.relative - ULP / 2, 0.0)
    if entry.absolute:
        absolute = entry.absolute - np.minimum(np.abs(exact) * (ULP / 2), entry.absolute / 2)
        allowed = absolute if entry.near is None else np.where(entry.near(operands[0]), absolute, allowed)
    moved = exact + noise * allowed
    settled = ~np.isfinite(exact) | (exact == 0)
    for operand in operands:
        settled = settled | (operand == 0) | np.isinf(operand)
    return np.where(settled, exact, moved)


def evaluate(entry: Approximation, ftz: bool, documented: bool, dtype: np.dtype, operands: tuple[Any, ...]) -> Any:
    """The result of an approximate instruction."""
    if ftz:
        operands = tuple(flush(operand) for operand in operands)
    wide = [operand.astype(np.float64) for operand in operands]
    exact = entry.function(*wide)
    if documented:
        exact = perturbed(entry, exact, *wide)
    result = exact.astype(dtype)
    return flush(result) if ftz else result


@operation("ex2", "lg2", "sin", "cos", "tanh")
def unary(compiler: Compiler, instruction: Instruction) -> Step:
    """An approximate function of one operand."""
    name, *rest = instruction.parts
    kind = rest[-1]
    if "approx" not in rest or set(rest) - {"approx", "ftz", kind}:
        raise ValueError
    entry = TABLE[name, kind]
    dtype = np.dtype(kind.replace("f32", "f4").replace("f64", "f8"))
    # The subnormals of rcp.approx.ftz.f64 are flushed by the documentation; float32's flush does not apply.
    ftz = "ftz" in rest and kind == "f32"
    source, target = compiler.source(instruction.operands[1], kind), compiler.target(instruction.operands[0], kind)

    def step(machine: Any, lanes: Any) -> None:
        value = lanes.working(source(machine))
        target(machine, lanes, evaluate(entry, ftz, machine.documented, dtype, (value,)))

    return step


def quotient(compiler: Compiler, instruction: Instruction) -> Step:
    """`div.approx` and `div.full`: two units in the last place; 0 where the divisor is beyond 2^126 (approx)."""
    parts = instruction.parts
    entry = TABLE["div", "f32"]
    sources = [compiler.source(operand, "f32") for operand in instruction.operands[1:]]
    target = compiler.target(instruction.operands[0], "f32")
    ftz, approximate = "ftz" in parts, "approx" in parts

    def step(machine: Any, lanes: Any) -> None:
        a, b = (lanes.working(source(machine)) for source in sources)
        result = evaluate(entry, ftz, machine.documented, np.dtype("f4"), (a, b))
        if approximate:
            large = (np.abs(b) > np.float32(2.0**126)) & np.isfinite(b)
            sign = np.copysign(np.float32(0), a) * np.copysign(np.float32(1), b)
            result = np.where(large, np.where(np.isinf(a), np.float32(np.nan), sign), result)
            result = np.where(large & np.isnan(a), np.float32(np.nan), result)
        target(machine, lanes, result)

    return step
