"""Instructions in which the lanes of a warp look at each other: shfl, vote, activemask, match, redux."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .errors import DivergenceError
from .program import Instruction, Operand, Pair


def member_operand(instruction: Instruction) -> Operand | None:
    """The operand with the member mask, for instructions that wait for the lanes it names."""
    parts = instruction.parts
    if parts[0] in ("shfl", "vote", "match", "redux") and "sync" in parts:
        return instruction.operands[-1]
    if parts[:2] in (["bar", "warp"], ["barrier", "warp"]):
        return instruction.operands[0]
    return None


@operation("shfl")
def _shfl(compiler: Compiler, instruction: Instruction) -> Step:
    _, sync, mode, kind = instruction.parts
    if sync != "sync" or kind != "b32" or mode not in ("up", "down", "bfly", "idx"):
        raise ValueError
    destination, *operands = instruction.operands
    pair = destination if isinstance(destination, Pair) else None
    target = compiler.target(pair.first if pair else destination, "b32")
    valid_target = compiler.target(pair.second, "pred") if pair else None
    value, offset, clamp = (compiler.source(operand, "b32") for operand in operands[:3])

    def step(machine: Any, lanes: Any) -> None:
        width = machine.width
        lane = machine.lane
        b = np.broadcast_to(offset(machine), width).astype(np.int64) & 31
        c = np.broadcast_to(clamp(machine), width).astype(np.int64)
        segment, limit = (c >> 8) & 31, c & 31
        least = lane & segment
        most = least | (limit & ~segment)
        other = {
            "up": lambda: lane - b,
            "down": lambda: lane + b,
            "bfly": lambda: lane ^ b,
            "idx": lambda: least | (b & ~segment),
        }[mode]()
        valid = other >= most if mode == "up" else other <= most
        other = np.where(valid, other, lane)
        position = machine.warp_start + other
        active = lanes.as_mask()
        wrong = active & ~active[position]
        if wrong.any():
            first = int(np.flatnonzero(wrong[active])[0])
            at = int(np.flatnonzero(wrong)[0])
            raise DivergenceError(
                f"shuffle reads lane {int(other[at])}, which does not take part, "
                f"{machine.describe(lanes, instruction)(first)}"
            )
        source = np.broadcast_to(value(machine), width)
        target(machine, lanes, lanes.working(source[position]))
        if valid_target:
            valid_target(machine, lanes, lanes.working(valid))

    return step


def ballot(flags: Any) -> Any:
    """One 32-bit word per warp, bit k for lane k."""
    packed = np.packbits(np.ascontiguousarray(flags).reshape(-1, 32), axis=1, bitorder="little")
    return packed.view(np.uint32).reshape(-1)


@operation("vote")
def _vote(compiler: Compiler, instruction: Instruction) -> Step:
    _, sync, mode, kind = instruction.parts
    if sync != "sync" or mode not in ("all", "any", "uni", "ballot"):
        raise ValueError
    target = compiler.target(instruction.operands[0], kind)
    condition = compiler.source(instruction.operands[1], "pred")
    members = compiler.source(instruction.operands[2], "b32")

    def step(machine: Any, lanes: Any) -> None:
        flags = np.broadcast_to(condition(machine), machine.width) & lanes.as_mask()
        words = np.repeat(ballot(flags), 32)
        mask = np.broadcast_to(members(machine), machine.width)
        words = words & mask
        result = {
            "ballot": lambda: words,
            "any": lambda: words != 0,
            "all": lambda: words == mask,
            "uni": lambda: (words == 0) | (words == mask),
        }[mode]()
        target(machine, lanes, lanes.working(result))

    return step


@operation("activemask")
def _activemask(compiler: Compiler, instruction: Instruction) -> Step:
    target = compiler.target(instruction.operands[0], "b32")

    def step(machine: Any, lanes: Any) -> None:
        target(machine, lanes, lanes.working(np.repeat(ballot(lanes.as_mask()), 32)))

    return step


_REDUCE: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


@operation("redux")
def _redux(compiler: Compiler, instruction: Instruction) -> Step:
    _, sync, name, kind = instruction.parts
    if sync != "sync" or kind not in ("u32", "s32", "b32"):
        raise ValueError
    target = compiler.target(instruction.operands[0], kind)
    value = compiler.source(instruction.operands[1], kind)
    members = compiler.source(instruction.operands[2], "b32")
    reduce = _REDUCE[name]

    def step(machine: Any, lanes: Any) -> None:
        values = np.broadcast_to(value(machine), machine.width)
        result = np.array(values)
        mask = np.broadcast_to(members(machine), machine.width)
        keys = np.stack([machine.warp_of_lane[lanes.index], mask[lanes.index]], axis=1)
        _, group = np.unique(keys, axis=0, return_inverse=True)
        group = group.reshape(-1)
        for each in range(int(group.max()) + 1):
            which = lanes.index[group == each]
            result[which] = reduce.reduce(values[which])
        target(machine, lanes, lanes.working(result))

    return step


@operation("bar", "barrier")
def _barrier(compiler: Compiler, instruction: Instruction) -> Step:
    """`bar.warp.sync`; barriers of blocks are the scheduler's."""
    if "warp" not in instruction.parts:
        raise ValueError
    members = compiler.source(instruction.operands[0], "b32")

    def step(machine: Any, lanes: Any) -> None:
        mask = np.broadcast_to(members(machine), machine.width)
        whole = mask.reshape(-1, 32)[:, 0] == ballot(machine.exists)
        passed = ballot(lanes.as_mask()) != 0
        machine.warp_phase[whole & passed] += 1

    return step
