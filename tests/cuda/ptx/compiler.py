"""Instructions → steps: functions of the machine and the active lanes.

Modules register a translator for each operation (the first part of the opcode); what nobody registered is refused
by name before anything runs.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .constants import constant
from .errors import PtxSyntaxError, UninitialisedReadError, UnsupportedInstructionError
from .layout import Layout
from .program import Entry, Immediate, Instruction, Operand, Pair, Register, Symbol, Vector
from .types import COMPUTE, STORAGE

Source = Callable[[Any], Any]
Step = Callable[[Any, Any], None]
Translator = Callable[["Compiler", Instruction], Step]
TRANSLATORS: dict[str, Translator] = {}
SPECIAL = (
    "%dynamic_smem_size",
    "%tid",
    "%ntid",
    "%ctaid",
    "%nctaid",
    "%laneid",
    "%warpid",
    "%nwarpid",
    "%lanemask_",
    "%clock",
    "%smid",
)


def operation(*names: str) -> Callable[[Translator], Translator]:
    """Registers a translator for the operations of the given names."""

    def register(translator: Translator) -> Translator:
        for name in names:
            TRANSLATORS[name] = translator
        return translator

    return register


class Compiler:
    """Translates the instructions of one entry; registers become slots of a list."""

    def __init__(self, entry: Entry, layout: Layout, undefined: frozenset[str]) -> None:
        self.entry = entry
        self.layout = layout
        self.undefined = undefined
        self.slots = {name: slot for slot, name in enumerate(entry.registers)}

    def translate(self, instruction: Instruction) -> Step:
        """The step of an instruction, its guard left out.

        Raises:
            UnsupportedInstructionError: Named with its line.
        """
        translator = TRANSLATORS.get(instruction.parts[0])
        if translator is None:
            raise UnsupportedInstructionError(f"{instruction} is not supported")
        try:
            return translator(self, instruction)
        except (KeyError, IndexError, StopIteration, ValueError):
            raise UnsupportedInstructionError(f"{instruction} is not supported in this form") from None
        except PtxSyntaxError as problem:
            raise PtxSyntaxError(f"{instruction}: {problem}") from None

    def refuse(self, instruction: Instruction, reason: str) -> UnsupportedInstructionError:
        """The error for a part that is not modelled."""
        return UnsupportedInstructionError(f"{instruction} is not supported: {reason}")

    # -- operands

    def source(self, operand: Operand, kind: str) -> Source:
        """A function from the machine to the operand's full-width (or uniform) value as `kind`."""
        if isinstance(operand, Immediate):
            value = constant(operand.text, kind)
            return lambda machine: value
        if isinstance(operand, Symbol):
            address = COMPUTE[kind].type(self.layout.address(operand.name) + operand.offset)
            return lambda machine: address
        if isinstance(operand, Vector):
            return self._packed(operand, kind)
        if not isinstance(operand, Register):
            raise ValueError
        if operand.name not in self.slots:
            return self._special(operand.name, kind)
        return self._register(operand, kind)

    def _register(self, operand: Register, kind: str) -> Source:
        slot, name, negated = self.slots[operand.name], operand.name, operand.negated
        wanted, stored = COMPUTE[kind], STORAGE[self.entry.registers[operand.name]]
        if wanted.itemsize > stored.itemsize or (wanted.kind == "b") != (stored.kind == "b"):
            raise PtxSyntaxError(f"register {name} of type .{self.entry.registers[name]} is read as .{kind}")
        narrow = wanted.itemsize < stored.itemsize
        bits = np.dtype(f"u{wanted.itemsize}")
        poison = None
        if name in self.undefined:
            poison = np.full((), 0xFF, "u1").repeat(stored.itemsize).view(stored)[0]
            poison = np.bool_(False) if stored.kind == "b" else poison

        def read(machine: Any) -> Any:
            value = machine.registers[slot]
            if value is None:
                if poison is None:
                    raise UninitialisedReadError(f"register {name} is read before anything wrote it")
                value = poison
            if narrow:
                value = value.view(f"u{stored.itemsize}").astype(bits)
            if value.dtype != wanted:
                value = value.view(wanted)
            return ~value if negated else value

        return read

    def _packed(self, operand: Vector, kind: str) -> Source:
        """`{lo, hi}` as one wider value."""
        width = 8 * COMPUTE[kind].itemsize // len(operand.elements)
        parts = [self.source(element, f"b{width}") for element in operand.elements]
        wide, wanted = np.dtype(f"u{COMPUTE[kind].itemsize}"), COMPUTE[kind]

        def read(machine: Any) -> Any:
            value = wide.type(0)
            for position, part in enumerate(parts):
                value = value | (part(machine).astype(wide) << wide.type(position * width))
            return value.view(wanted)

        return read

    def _special(self, name: str, kind: str) -> Source:
        if not name.startswith(SPECIAL):
            raise PtxSyntaxError(f"{name} is neither a declared register nor a special register that is modelled")
        wanted = COMPUTE[kind]
        return lambda machine: machine.special(name).astype(wanted)

    def target(self, operand: Operand, kind: str) -> Callable[[Any, Any, Any], None]:
        """A function (machine, lanes, value of `kind`) that writes the operand.

        Narrower values are extended to the register: with their sign if `kind` is signed, else with zeros.
        """
        if isinstance(operand, Vector):
            return self._unpacked(operand, kind)
        if not isinstance(operand, Register):
            raise ValueError
        if operand.name == "_":
            return lambda machine, lanes, value: None
        slot = self.slots[operand.name]
        given, stored = COMPUTE[kind], STORAGE[self.entry.registers[operand.name]]
        if given.itemsize > stored.itemsize or (given.kind == "b") != (stored.kind == "b"):
            raise PtxSyntaxError(f"register {operand.name} cannot hold a .{kind}")
        extend = given.itemsize < stored.itemsize
        wide = np.dtype(f"{'i' if given.kind == 'i' else 'u'}{stored.itemsize}")
        same = np.dtype(f"u{given.itemsize}")

        def write(machine: Any, lanes: Any, value: Any) -> None:
            if extend:
                value = value.view(given if given.kind in "iu" else same).astype(wide)
            if value.dtype != stored:
                value = value.view(stored)
            machine.put(slot, value, lanes)

        return write

    def _unpacked(self, operand: Vector, kind: str) -> Callable[[Any, Any, Any], None]:
        width = 8 * COMPUTE[kind].itemsize // len(operand.elements)
        wide, narrow = np.dtype(f"u{COMPUTE[kind].itemsize}"), np.dtype(f"u{width // 8}")
        targets = [
            (position * width, self.target(element, f"b{width}"))
            for position, element in enumerate(operand.elements)
            if not (isinstance(element, Symbol) and element.name == "_")
        ]

        def write(machine: Any, lanes: Any, value: Any) -> None:
            bits = value.view(wide)
            for shift, target in targets:
                target(machine, lanes, (bits >> wide.type(shift)).astype(narrow))

        return write

    # -- the common shape

    def pure(
        self,
        instruction: Instruction,
        kinds: Sequence[str],
        result: str,
        function: Callable[..., Any],
        destination: Operand | None = None,
    ) -> Step:
        """`d = function(a, b, …)` for sources of the given kinds; the function must return fresh arrays."""
        operands = instruction.operands
        if len(operands) != len(kinds) + 1:
            raise ValueError
        first = operands[0] if destination is None else destination
        if isinstance(first, Pair):
            raise ValueError
        target = self.target(first, result)
        sources = [self.source(operand, kind) for operand, kind in zip(operands[1:], kinds, strict=True)]
        if len(sources) == 1:
            (only,) = sources
            return lambda machine, lanes: target(machine, lanes, function(lanes.working(only(machine))))
        if len(sources) == 2:
            one, two = sources

            def binary(machine: Any, lanes: Any) -> None:
                target(machine, lanes, function(lanes.working(one(machine)), lanes.working(two(machine))))

            return binary

        def general(machine: Any, lanes: Any) -> None:
            target(machine, lanes, function(*(lanes.working(source(machine)) for source in sources)))

        return general
