"""Logic, shifts, bit counts, bit fields, byte permutation."""

from typing import Any

import numpy as np

from . import integers
from .compiler import Compiler, Step, operation
from .constants import constant
from .modifiers import check
from .program import Immediate, Instruction
from .types import COMPUTE

_BITS = {"b16", "b32", "b64", "pred"}
_LOGIC = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}


@operation("and", "or", "xor")
def _logic(compiler: Compiler, instruction: Instruction) -> Step:
    name, kind = instruction.parts
    check(instruction.parts, _BITS)
    return compiler.pure(instruction, [kind, kind], kind, _LOGIC[name])


@operation("not")
def _not(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    check(instruction.parts, _BITS)
    return compiler.pure(instruction, [kind], kind, np.invert)


@operation("cnot")
def _cnot(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    return compiler.pure(instruction, [kind], kind, lambda a: (a == 0).astype(COMPUTE[kind]))


@operation("lop3")
def _lop3(compiler: Compiler, instruction: Instruction) -> Step:
    if instruction.parts != ["lop3", "b32"] or not isinstance(instruction.operands[4], Immediate):
        raise ValueError
    table = int(constant(instruction.operands[4].text, "u32"))

    def function(a: Any, b: Any, c: Any, _: Any) -> Any:
        result = np.uint32(0)
        for row in range(8):
            if table >> row & 1:
                term = a if row & 4 else ~a
                term = term & (b if row & 2 else ~b)
                result = result | (term & (c if row & 1 else ~c))
        return result

    return compiler.pure(instruction, ["b32"] * 3 + ["u32"], "b32", function)


@operation("shl", "shr")
def _shift(compiler: Compiler, instruction: Instruction) -> Step:
    name, kind = instruction.parts
    function = integers.shift_left if name == "shl" else integers.shift_right
    return compiler.pure(instruction, [kind, "u32"], kind, function)


@operation("shf")
def _funnel(compiler: Compiler, instruction: Instruction) -> Step:
    _, way, mode, kind = instruction.parts
    if kind != "b32" or mode not in ("wrap", "clamp") or way not in ("l", "r"):
        raise ValueError

    def function(low: Any, high: Any, count: Any) -> Any:
        amount = (count & np.uint32(31) if mode == "wrap" else np.minimum(count, np.uint32(32))).astype(np.uint64)
        both = (high.astype(np.uint64) << np.uint64(32)) | low
        if way == "r":
            return (both >> amount).astype(np.uint32)
        return ((both << amount) >> np.uint64(32)).astype(np.uint32)

    return compiler.pure(instruction, ["b32", "b32", "u32"], "b32", function)


_COUNTS = {"popc": integers.population, "clz": integers.leading_zeros}


@operation("popc", "clz")
def _count(compiler: Compiler, instruction: Instruction) -> Step:
    name, kind = instruction.parts
    check(instruction.parts, {"b32", "b64"})
    return compiler.pure(instruction, [kind], "u32", _COUNTS[name])


@operation("brev")
def _brev(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    check(instruction.parts, {"b32", "b64"})
    return compiler.pure(instruction, [kind], kind, integers.reversed_bits)


@operation("bfind")
def _bfind(compiler: Compiler, instruction: Instruction) -> Step:
    _, *rest = instruction.parts
    kind = rest[-1]
    width = 8 * COMPUTE[kind].itemsize

    def function(a: Any) -> Any:
        bits = a.view(f"u{width // 8}")
        if kind[0] == "s":
            bits = np.where(a < 0, ~bits, bits)
        zeros = integers.leading_zeros(bits)
        amount = zeros if "shiftamt" in rest else np.uint32(width - 1) - zeros
        return np.where(bits == 0, np.uint32(0xFFFF_FFFF), amount)

    return compiler.pure(instruction, [kind], "u32", function)


@operation("bfe")
def _bfe(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    return compiler.pure(instruction, [kind, "u32", "u32"], kind, integers.field)


@operation("bfi")
def _bfi(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    return compiler.pure(instruction, [kind, kind, "u32", "u32"], kind, integers.insert)


@operation("prmt")
def _prmt(compiler: Compiler, instruction: Instruction) -> Step:
    if instruction.parts != ["prmt", "b32"]:
        raise ValueError

    def function(a: Any, b: Any, selector: Any) -> Any:
        both = (b.astype(np.uint64) << np.uint64(32)) | a
        result = np.uint32(0)
        for position in range(4):
            choice = (selector >> np.uint32(4 * position)) & np.uint32(15)
            byte = (both >> ((choice & np.uint32(7)) * np.uint32(8)).astype(np.uint64)) & np.uint64(0xFF)
            signs = np.where((byte & np.uint64(0x80)) != 0, np.uint64(0xFF), np.uint64(0))
            byte = np.where(choice & np.uint32(8), signs, byte).astype(np.uint32)
            result = result | (byte << np.uint32(8 * position))
        return result

    return compiler.pure(instruction, ["b32", "b32", "b32"], "b32", function)
