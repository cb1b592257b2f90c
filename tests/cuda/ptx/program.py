"""The parsed form of a PTX module."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Register:
    """A register or a special register such as %tid.x; predicates may be negated."""

    name: str
    negated: bool = False


@dataclass(frozen=True)
class Immediate:
    """A number as written: 12, -3, 0x1F, 0f3F800000, 0d…, 1.5."""

    text: str


@dataclass(frozen=True)
class Symbol:
    """The name of a variable, a label or a parameter, with a constant offset in bytes."""

    name: str
    offset: int = 0


@dataclass(frozen=True)
class Address:
    """`[base + offset]`."""

    base: "Register | Symbol | Immediate"
    offset: int


@dataclass(frozen=True)
class Vector:
    """`{a, b, …}`; `_` stands for an element that is thrown away."""

    elements: tuple["Operand", ...]


@dataclass(frozen=True)
class Pair:
    """`a|b`, two destinations."""

    first: "Operand"
    second: "Operand"


Operand = Register | Immediate | Symbol | Address | Vector | Pair


@dataclass(frozen=True)
class Instruction:
    """One instruction with its guard (`@p`, `@!p`) and the line that it stands on."""

    opcode: str
    operands: tuple[Operand, ...]
    guard: Register | None
    line: int

    @property
    def parts(self) -> list[str]:
        """The opcode split at its dots; parts such as `L1::no_allocate` keep their colons."""
        return self.opcode.split(".")

    def __str__(self) -> str:
        return f"`{self.opcode}` (line {self.line})"


@dataclass(frozen=True)
class Parameter:
    """A parameter of an entry; `size` in bytes, more than the type's for arrays."""

    name: str
    type: str
    size: int


@dataclass(frozen=True)
class Variable:
    """A variable in shared, local, global or constant memory; size None for `extern` shared arrays."""

    name: str
    space: str
    align: int
    size: int | None
    initial: bytes = b""


@dataclass
class Entry:
    """A kernel, or a device function, which has names of results."""

    name: str
    parameters: list[Parameter] = field(default_factory=list)
    registers: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    required_threads: int | None = None
    most_threads: int | None = None
    results: list[str] = field(default_factory=list)


@dataclass
class Module:
    """A PTX file. `undefined` holds registers that the compiler declares to be read before they are written."""

    version: str = ""
    target: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    functions: dict[str, Entry] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    undefined: frozenset[str] = frozenset()
