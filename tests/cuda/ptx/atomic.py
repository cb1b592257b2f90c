"""atom and red on integers: threads act in the order of the lanes; the seed of `run` shuffles the blocks."""

from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .movement import Access
from .program import Instruction, Operand, Symbol
from .types import COMPUTE

_SCOPES = {"relaxed", "acquire", "release", "acq_rel", "cta", "gpu", "sys", "cluster"}
_COMBINE: dict[str, Any] = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "exch": lambda old, value: value,
    "inc": lambda old, top: np.where(old >= top, old.dtype.type(0), old + old.dtype.type(1)),
    "dec": lambda old, top: np.where((old == 0) | (old > top), top, old - old.dtype.type(1)),
}


@operation("atom", "red")
def _atomic(compiler: Compiler, instruction: Instruction) -> Step:
    name, *rest = instruction.parts
    kind = rest[-1]
    which = next(part for part in rest if part in _COMBINE or part == "cas")
    if kind[0] not in "bsu" or set(rest) - _SCOPES - {kind, which, "global", "shared"}:
        raise ValueError
    returns = name == "atom"
    operands: tuple[Operand, ...] = instruction.operands
    address = operands[1] if returns else operands[0]
    values = operands[2:] if returns else operands[1:]
    stripped = Instruction(
        ".".join([name, *(part for part in rest if part in ("global", "shared")), kind]),
        operands,
        None,
        instruction.line,
    )
    access = Access(compiler, stripped, address)
    sources = [compiler.source(value, kind) for value in values]
    if len(sources) != (2 if which == "cas" else 1):
        raise ValueError
    discards = not returns or operands[0] == Symbol("_")
    target = None if discards else compiler.target(operands[0], kind)
    dtype = COMPUTE[kind]

    def step(machine: Any, lanes: Any) -> None:
        machine.report.atomics += lanes.count
        memory, positions = machine.locate_atomic(access, lanes, lanes.spread(access.address(machine)))
        memory = memory.view(dtype)
        positions = positions // dtype.itemsize
        arguments = [lanes.spread(source(machine)) for source in sources]
        old = np.empty(lanes.count, dtype)
        # One thread per address at a time, in order.
        pending = np.arange(lanes.count)
        while pending.size:
            _, first = np.unique(positions[pending], return_index=True)
            now = pending[first]
            where = positions[now]
            old[now] = memory[where]
            if which == "cas":
                memory[where] = np.where(old[now] == arguments[0][now], arguments[1][now], old[now])
            else:
                memory[where] = _COMBINE[which](old[now], arguments[0][now])
            pending = np.delete(pending, first)
        if target:
            target(machine, lanes if lanes.full else machine.sparse(lanes), old)

    return step
