"""Multi-word integer arithmetic: add.cc, addc, sub.cc, subc, mad.cc, madc and the carry flag between them."""

from typing import Any

import numpy as np

from . import integers
from .compiler import Compiler, Step, operation
from .program import Instruction
from .types import COMPUTE

FLAG = "%cc"
"""The carry flag is a predicate register of the machine; after a subtraction it holds the borrow."""


def _add(a: Any, b: Any, carry: Any) -> tuple[Any, Any]:
    one = a + b
    total = one + carry.astype(a.dtype)
    return total, (one < a) | (total < one)


def _subtract(a: Any, b: Any, borrow: Any) -> tuple[Any, Any]:
    return a - b - borrow.astype(a.dtype), (a < b) | ((a == b) & borrow)


def translate(compiler: Compiler, instruction: Instruction, product: Any = None) -> Step:
    """The step of an instruction with .cc or a carry input."""
    name, *rest = instruction.parts
    kind = rest[-1].replace("s", "u")
    operands = instruction.operands
    takes = name in ("addc", "subc", "madc")
    gives = "cc" in rest
    combine = _subtract if name in ("sub", "subc") else _add
    sources = [compiler.source(operand, kind) for operand in operands[1:]]
    if len(sources) != (3 if product else 2):
        raise ValueError
    target = compiler.target(operands[0], kind)
    slot = compiler.slots[FLAG]

    def step(machine: Any, lanes: Any) -> None:
        values = [lanes.working(source(machine)) for source in sources]
        if product:
            values = [product(values[0], values[1]), values[2]]
        flag = machine.registers[slot] if takes else None
        carry = np.bool_(False) if flag is None else lanes.working(flag)
        result, out = combine(values[0], values[1], carry)
        if gives:
            machine.put(slot, out, lanes)
        target(machine, lanes, result)

    return step


@operation("addc", "subc")
def _with_carry(compiler: Compiler, instruction: Instruction) -> Step:
    if instruction.parts[-1] not in ("u32", "s32", "u64", "s64") or set(instruction.parts[1:-1]) - {"cc"}:
        raise ValueError
    return translate(compiler, instruction)


@operation("madc")
def _madc(compiler: Compiler, instruction: Instruction) -> Step:
    return translate(compiler, instruction, _product(instruction))


def _product(instruction: Instruction) -> Any:
    part, kind = instruction.parts[1], instruction.parts[-1]
    if part not in ("lo", "hi") or kind[0] not in "us":
        raise ValueError
    dtype = COMPUTE[kind]
    multiply = integers.PRODUCTS[part](dtype)
    bits = np.dtype(f"u{dtype.itemsize}")
    return lambda a, b: multiply(a.view(dtype), b.view(dtype)).view(bits)


def with_flag(compiler: Compiler, instruction: Instruction) -> Step:
    """add.cc, sub.cc and mad.cc."""
    return translate(compiler, instruction, _product(instruction) if instruction.parts[0] == "mad" else None)
