"""Instructions → basic blocks: straight runs of steps, each with what ends it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .compiler import Compiler, Step
from .program import Entry, Immediate, Instruction, Symbol
from .warp import member_operand

ENDS = {"bra", "ret", "exit", "trap", "brx", "call"}


@dataclass
class Block:
    """Instructions from `start` up to, not including, `stop`.

    Attributes:
        steps: Each instruction with its guard (a source of a predicate) or None.
        ending: The instruction that decides where threads go next, or None: they fall through.
        guard: Its guard.
        label: Where a branch goes.
        members: The member mask of a block that consists of one warp-synchronous instruction.
        barrier: The name of the block barrier that the block consists of.
    """

    start: int
    stop: int
    steps: list[tuple[Instruction, Callable[[Any], Any] | None, Step]] = field(default_factory=list)
    ending: Instruction | None = None
    guard: Callable[[Any], Any] | None = None
    label: int = -1
    members: Callable[[Any], Any] | None = None
    barrier: str = ""


def is_block_barrier(instruction: Instruction) -> bool:
    """bar.sync, barrier.sync and their kin, not bar.warp.sync."""
    return instruction.parts[0] in ("bar", "barrier") and "warp" not in instruction.parts


def _alone(instruction: Instruction) -> bool:
    return is_block_barrier(instruction) or member_operand(instruction) is not None


def _leaders(entry: Entry) -> list[int]:
    leaders = {0, *entry.labels.values()}
    for position, instruction in enumerate(entry.instructions):
        if instruction.parts[0] in ENDS:
            leaders.add(position + 1)
        elif _alone(instruction):
            leaders |= {position, position + 1}
    return sorted(leader for leader in leaders if leader < len(entry.instructions))


def build(entry: Entry, compiler: Compiler) -> dict[int, Block]:
    """The basic blocks of an entry by position of their first instruction."""
    leaders = _leaders(entry)
    stops = [*leaders[1:], len(entry.instructions)]
    return {start: _block(entry, compiler, start, stop) for start, stop in zip(leaders, stops, strict=True)}


def _block(entry: Entry, compiler: Compiler, start: int, stop: int) -> Block:
    block = Block(start, stop)
    for instruction in entry.instructions[start:stop]:
        guard = None if instruction.guard is None else compiler.source(instruction.guard, "pred")
        if instruction.parts[0] in ENDS:
            block.ending, block.guard = instruction, guard
            block.label = _target(entry, compiler, instruction)
        elif is_block_barrier(instruction):
            block.ending, block.guard = instruction, guard
            block.barrier = _barrier(compiler, instruction)
        else:
            members = member_operand(instruction)
            if members is not None:
                block.members = compiler.source(members, "b32")
                block.guard = guard
                guard = None
            block.steps.append((instruction, guard, compiler.translate(instruction)))
    return block


def _target(entry: Entry, compiler: Compiler, instruction: Instruction) -> int:
    parts = instruction.parts
    if parts[0] in ("ret", "exit", "trap"):
        return -1
    (label,) = instruction.operands if len(instruction.operands) == 1 else (None,)
    if parts[0] != "bra" or not isinstance(label, Symbol):
        raise compiler.refuse(instruction, "only direct branches within a kernel are modelled")
    if label.name not in entry.labels:
        raise compiler.refuse(instruction, f"there is no label {label.name}")
    return entry.labels[label.name]


def _barrier(compiler: Compiler, instruction: Instruction) -> str:
    parts = set(instruction.parts[1:])
    if parts - {"sync", "aligned", "cta"} or "sync" not in parts or len(instruction.operands) != 1:
        raise compiler.refuse(instruction, "only barriers of the whole block without a result are modelled")
    (name,) = instruction.operands
    if not isinstance(name, Immediate):
        raise compiler.refuse(instruction, "the number of a barrier must be a constant")
    return name.text
