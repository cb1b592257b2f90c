"""Where variables lie: offsets in shared and local memory, addresses of global ones."""

from .errors import ArgumentError, PtxSyntaxError
from .program import Entry, Module, Variable

SHARED_WINDOW = 0x0100_0000_0000
LOCAL_WINDOW = 0x0200_0000_0000
GLOBAL_BASE = 0x7F00_0000_0000
"""Generic addresses: below SHARED_WINDOW nothing lies, so that offsets mistaken for pointers are found."""


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


class Layout:
    """Offsets of an entry's variables; module-level shared variables count only if the entry names them."""

    def __init__(self, module: Module, entry: Entry, shared_bytes: int) -> None:
        self.offsets: dict[str, int] = {}
        self.spaces: dict[str, str] = {}
        self.constants: list[Variable] = []
        sizes = {"shared": 0, "local": 0}
        dynamic: list[Variable] = []
        for variable in {**module.variables, **entry.variables}.values():
            self.spaces[variable.name] = variable.space
            if variable.space in ("global", "const"):
                self.constants.append(variable)
            elif variable.size is None:
                dynamic.append(variable)
            elif variable.name in entry.variables or _named(entry, variable.name):
                start = _up(sizes[variable.space], variable.align)
                self.offsets[variable.name] = start
                sizes[variable.space] = start + variable.size
        start = _up(sizes["shared"], max([16, *(variable.align for variable in dynamic)]))
        for variable in dynamic:
            self.offsets[variable.name] = start
        self.static_shared = sizes["shared"]
        self.shared = start + shared_bytes if shared_bytes else sizes["shared"]
        self.local = sizes["local"]
        self.addresses: dict[str, int] = {}
        if shared_bytes < 0:
            raise ArgumentError(f"shared_bytes must not be negative: {shared_bytes}")

    def address(self, name: str) -> int:
        """The address of a variable within its space.

        Raises:
            PtxSyntaxError: There is no such variable.
        """
        for table in (self.offsets, self.addresses):
            if name in table:
                return table[name]
        raise PtxSyntaxError(f"there is no variable {name}")


def _named(entry: Entry, name: str) -> bool:
    return any(name in str(operand) for instruction in entry.instructions for operand in instruction.operands)
