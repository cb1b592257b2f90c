"""mov, ld, st, cvta and what moves data without computing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiler import Compiler, Step, operation
from .errors import AlignmentError
from .layout import GLOBAL_BASE, LOCAL_WINDOW, SHARED_WINDOW
from .program import Address, Immediate, Instruction, Operand, Register, Symbol, Vector
from .types import COMPUTE, STORAGE

_WINDOWS = {"shared": SHARED_WINDOW, "local": LOCAL_WINDOW, "global": 0, "const": 0, "param": 0}
_SPACES = {"global", "shared", "local", "param", "const"}
_HINTS = {
    *("volatile", "relaxed", "acquire", "release", "weak", "mmio", "cta", "gpu", "sys", "cluster", "nc", "unified"),
    *("ca", "cg", "cs", "cv", "lu", "wb", "wt"),
}
"""Caching and ordering: no effect here. Inter-block ordering is not modelled beyond whole instructions."""
_HINT_PREFIXES = ("L1::", "L2::", "shared::cta", "param::entry")


@operation("mov")
def _mov(compiler: Compiler, instruction: Instruction) -> Step:
    _, kind = instruction.parts
    target = compiler.target(instruction.operands[0], kind)
    value = instruction.operands[1]
    if isinstance(value, Symbol):
        window = 0
        address = COMPUTE[kind].type(compiler.layout.address(value.name) + value.offset + window)
        return lambda machine, lanes: target(machine, lanes, address)
    source = compiler.source(value, kind)

    def step(machine: Any, lanes: Any) -> None:
        # Registers are written in place under a mask, so two of them must never share an array.
        target(machine, lanes, lanes.working(source(machine)).copy())

    return step


@operation("cvta")
def _cvta(compiler: Compiler, instruction: Instruction) -> Step:
    _, *way, space, kind = instruction.parts
    window = np.uint64(_WINDOWS[space.removesuffix("::cta")])
    if kind != "u64" or way not in ([], ["to"]):
        raise ValueError
    if way:
        return compiler.pure(instruction, ["u64"], "u64", lambda a: a - window)
    return compiler.pure(instruction, ["u64"], "u64", lambda a: a + window)


@operation("isspacep")
def _isspacep(compiler: Compiler, instruction: Instruction) -> Step:
    space = instruction.parts[1]
    start, stop = {
        "shared": (SHARED_WINDOW, LOCAL_WINDOW),
        "local": (LOCAL_WINDOW, GLOBAL_BASE),
        "global": (GLOBAL_BASE, 1 << 63),
    }[space]
    return compiler.pure(instruction, ["u64"], "pred", lambda a: (a >= np.uint64(start)) & (a < np.uint64(stop)))


class Access:
    """The shape of a memory access: space, element type, number of elements, address."""

    def __init__(self, compiler: Compiler, instruction: Instruction, address: Operand) -> None:
        parts = instruction.parts[1:]
        self.instruction = instruction
        self.kind = parts[-1]
        self.vector = next((int(part[1:]) for part in parts if part in ("v2", "v4", "v8")), 1)
        known = {self.kind, "v2", "v4", "v8"} | _HINTS | _SPACES
        if any(part not in known and not part.startswith(_HINT_PREFIXES) for part in parts):
            raise ValueError
        spaces = [part.split("::")[0] for part in parts if part.split("::")[0] in _SPACES]
        self.space = spaces[0] if spaces else "generic"
        self.element = STORAGE[self.kind]
        self.size = self.element.itemsize * self.vector
        if not isinstance(address, Address):
            raise ValueError
        self.parameter = address.base.name if isinstance(address.base, Symbol) else ""
        self.offset = address.offset
        self.address = self._source(compiler, address)

    def _source(self, compiler: Compiler, address: Address) -> Callable[[Any], Any]:
        if self.space == "param":
            return lambda machine: np.int64(0)
        offset, base = np.int64(self.offset), address.base
        if isinstance(base, Immediate | Symbol):
            fixed = compiler.source(base, "u64")
            return lambda machine: fixed(machine).view(np.int64) + offset
        if not isinstance(base, Register) or base.name not in compiler.slots:
            raise ValueError
        width = STORAGE[compiler.entry.registers[base.name]].itemsize
        if width == 4:
            narrow = compiler.source(base, "u32")
            return lambda machine: narrow(machine).astype(np.int64) + offset
        wide = compiler.source(base, "u64")
        return lambda machine: wide(machine).view(np.int64) + offset

    def aligned(self, machine: Any, lanes: Any, addresses: Any) -> None:
        """Raises AlignmentError if an address is no multiple of the size of the access."""
        wrong = (addresses & (self.size - 1)) != 0
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0]) if wrong.ndim else 0
            raise AlignmentError(
                f"{self.size}-byte access at an address that is {int(np.atleast_1d(addresses)[first]) % self.size} "
                f"past a multiple of {self.size} {machine.describe(lanes, self.instruction)(first)}"
            )


@operation("ld", "ldu")
def _ld(compiler: Compiler, instruction: Instruction) -> Step:
    destination, address = instruction.operands
    access = Access(compiler, instruction, address)
    registers = destination.elements if isinstance(destination, Vector) else (destination,)
    if len(registers) != access.vector:
        raise ValueError
    targets = [
        None if isinstance(register, Symbol) and register.name == "_" else compiler.target(register, access.kind)
        for register in registers
    ]
    if access.space == "param":
        return _load_parameter(compiler, access, targets)

    def step(machine: Any, lanes: Any) -> None:
        values = machine.load(access, lanes, lanes.compact(access.address(machine)))
        compact = lanes if lanes.full else machine.sparse(lanes)
        for target, value in zip(targets, values, strict=True):
            if target:
                target(machine, compact, value)

    return step


def _load_parameter(compiler: Compiler, access: Access, targets: list[Any]) -> Step:
    names = {parameter.name: parameter.size for parameter in compiler.entry.parameters}
    if access.parameter not in names or not 0 <= access.offset <= names[access.parameter] - access.size:
        raise ValueError
    compute = COMPUTE[access.kind]

    def step(machine: Any, lanes: Any) -> None:
        data = machine.parameters[access.parameter]
        values = data[access.offset : access.offset + access.size].view(compute)
        for target, value in zip(targets, values, strict=True):
            if target:
                target(machine, lanes, value)

    return step


@operation("st")
def _st(compiler: Compiler, instruction: Instruction) -> Step:
    address, value = instruction.operands
    access = Access(compiler, instruction, address)
    if access.space in ("param", "const"):
        raise ValueError
    elements = value.elements if isinstance(value, Vector) else (value,)
    if len(elements) != access.vector:
        raise ValueError
    kind = f"b{8 * access.element.itemsize}" if access.element.kind == "u" else access.kind
    sources = [compiler.source(element, kind) for element in elements]

    def step(machine: Any, lanes: Any) -> None:
        values = [lanes.compact(source(machine)) for source in sources]
        machine.store(access, lanes, lanes.compact(access.address(machine)), values)

    return step


@operation("prefetch", "prefetchu", "membar", "fence", "nanosleep", "griddepcontrol", "discard", "applypriority")
def _nothing(compiler: Compiler, instruction: Instruction) -> Step:
    """Hints, and fences: accesses happen in program order anyway."""
    return lambda machine, lanes: None
