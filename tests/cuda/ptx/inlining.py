"""Calls of device functions are replaced by their bodies.

Each call site gets registers, labels and local variables of its own. A `.param` variable of a call becomes one
register for each offset that is used, written by the caller's st.param and read by the function's ld.param.
"""

from dataclasses import replace

from .carry import FLAG
from .errors import UnsupportedInstructionError
from .program import Address, Entry, Instruction, Module, Operand, Pair, Register, Symbol, Vector
from .types import STORAGE


def inlined(module: Module, entry: Entry) -> Entry:
    """The entry without calls.

    Raises:
        UnsupportedInstructionError: A call through a pointer, of something undefined, or of a function within itself.
    """
    flat = Entry(
        entry.name,
        entry.parameters,
        required_threads=entry.required_threads,
        most_threads=entry.most_threads,
    )
    flat.registers[FLAG] = "pred"
    if not any(instruction.parts[0] == "call" for instruction in entry.instructions):
        return replace(entry, registers=flat.registers | entry.registers)
    _Copy(module, flat, entry, "", {}, (entry.name,)).run()
    return flat


class _Copy:
    """Copies one body into the flat entry."""

    def __init__(
        self, module: Module, flat: Entry, body: Entry, prefix: str, bound: dict[str, str], stack: tuple[str, ...]
    ) -> None:
        self.module = module
        self.flat = flat
        self.body = body
        self.prefix = prefix
        self.bound = bound
        self.stack = stack
        self.own = set() if prefix else {parameter.name for parameter in body.parameters}

    def run(self) -> None:
        for name, kind in self.body.registers.items():
            self.flat.registers[self.prefix + name] = kind
        for name, variable in self.body.variables.items():
            self.flat.variables[self.prefix + name] = replace(variable, name=self.prefix + name)
        at: dict[int, list[str]] = {}
        for label, position in self.body.labels.items():
            at.setdefault(position, []).append(label)
        for position, instruction in enumerate(self.body.instructions):
            self.mark(at.get(position, []))
            self.copy(instruction)
        self.mark(at.get(len(self.body.instructions), []))

    def mark(self, labels: list[str]) -> None:
        for label in labels:
            self.flat.labels[self.prefix + label] = len(self.flat.instructions)

    def copy(self, instruction: Instruction) -> None:
        parts = instruction.parts
        renamed = replace(
            instruction,
            operands=tuple(self.operand(operand) for operand in instruction.operands),
            guard=self.operand(instruction.guard) if instruction.guard else None,
        )
        if parts[0] == "call":
            self.call(instruction)
        elif parts[0] == "ret" and self.prefix:
            self.flat.instructions.append(replace(renamed, opcode="bra", operands=(Symbol(self.prefix + "#end"),)))
        elif parts[0] in ("ld", "st") and "param" in parts and self.virtual(instruction):
            self.move(instruction)
        else:
            self.flat.instructions.append(renamed)

    def operand(self, operand: Operand) -> Operand:
        if isinstance(operand, Register):
            known = operand.name in self.body.registers
            return replace(operand, name=self.prefix + operand.name) if known else operand
        if isinstance(operand, Symbol):
            known = operand.name in self.body.labels or operand.name in self.body.variables
            return replace(operand, name=self.prefix + operand.name) if known else operand
        if isinstance(operand, Address):
            return replace(operand, base=self.operand(operand.base))
        if isinstance(operand, Vector):
            return Vector(tuple(self.operand(element) for element in operand.elements))
        if isinstance(operand, Pair):
            return Pair(self.operand(operand.first), self.operand(operand.second))
        return operand

    # -- parameters of calls

    def address(self, instruction: Instruction) -> Address:
        address = instruction.operands[0 if instruction.parts[0] == "st" else 1]
        if not isinstance(address, Address):
            raise UnsupportedInstructionError(f"{instruction} is not supported in this form")
        return address

    def virtual(self, instruction: Instruction) -> bool:
        base = self.address(instruction).base
        return isinstance(base, Symbol) and base.name not in self.own

    def move(self, instruction: Instruction) -> None:
        """ld.param or st.param of a call's variable as moves between registers."""
        address = self.address(instruction)
        assert isinstance(address.base, Symbol)
        variable = self.bound.get(address.base.name, self.prefix + address.base.name)
        kind = instruction.parts[-1]
        store = instruction.parts[0] == "st"
        value = instruction.operands[1 if store else 0]
        elements = value.elements if isinstance(value, Vector) else (value,)
        width = STORAGE[kind].itemsize
        for k, element in enumerate(elements):
            name = f"{variable}+{address.offset + k * width}"
            self.flat.registers.setdefault(name, f"b{8 * width}")
            inside, outside = Register(name), self.operand(element)
            self.flat.instructions.append(
                replace(
                    instruction,
                    opcode=f"mov.b{8 * width}",
                    operands=(inside, outside) if store else (outside, inside),
                    guard=self.operand(instruction.guard) if instruction.guard else None,
                )
            )

    def call(self, instruction: Instruction) -> None:
        operands = list(instruction.operands)
        results: tuple[Operand, ...] = ()
        if operands and isinstance(operands[0], Vector):
            results = operands.pop(0).elements
        target = operands.pop(0) if operands else None
        given = operands[0].elements if operands and isinstance(operands[0], Vector) else ()
        if instruction.guard or not isinstance(target, Symbol) or len(operands) > 1:
            raise UnsupportedInstructionError(f"{instruction} is not supported: only direct calls without a guard are")
        function = self.module.functions.get(target.name)
        if function is None:
            raise UnsupportedInstructionError(f"{instruction} is not supported: {target.name} is not in the module")
        if target.name in self.stack:
            raise UnsupportedInstructionError(f"{instruction} is not supported: {target.name} calls itself")
        formals = [*function.results, *(parameter.name for parameter in function.parameters)]
        actuals = [*results, *given]
        if len(formals) != len(actuals) or not all(isinstance(actual, Symbol) for actual in actuals):
            raise UnsupportedInstructionError(f"{instruction} does not fit {target.name}")
        bound = {
            formal: self.bound.get(actual.name, self.prefix + actual.name)
            for formal, actual in zip(formals, actuals, strict=True)
            if isinstance(actual, Symbol)
        }
        prefix = f"{self.prefix}{target.name}@{len(self.flat.instructions)}:"
        _Copy(self.module, self.flat, function, prefix, bound, (*self.stack, target.name)).run()
        self.flat.labels[prefix + "#end"] = len(self.flat.instructions)
