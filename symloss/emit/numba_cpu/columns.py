"""Print a kernel whose samples are a few numbers side by side, such as the corners of a box.

LLVM does not vectorise a long loop over samples that reads numbers which lie so. Each block of samples is therefore
turned before anything is computed or checked, ``pred_columns[2, row] = pred_chunk[row, 2]``, and its results are turned
back after all of it. A result may overwrite the inputs that it could overwrite before: a block is read, then written.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from symloss.emit.numba_cpu.across import is_read
from symloss.emit.numba_cpu.lanes import SAMPLES, LanesPrinter
from symloss.emit.numba_cpu.sweeps import indented
from symloss.lowering.prepare import LONGEST_UNROLLED
from symloss.lowering.rows import ROW
from symloss.lowering.schedule import Argument, Kernel, Store, View
from symloss.program import Program


def turned(kernel: Kernel, program: Program) -> dict[str, int]:
    """The arrays of which an element-wise kernel turns its blocks, and how many numbers a sample has in each.

    None has longer rows than loops are unrolled for: of those a kernel may read little. A result is written whole.
    """
    if kernel.axis is None or not kernel.element_wise(program):
        return {}
    found = {}
    for argument in kernel.arguments:
        sizes = [program.axes[program.root(axis)].size for axis in argument.axes[1:]]
        if not argument.chunked or argument.number != "real" or len(sizes) != 1 or sizes[0] is None:
            continue
        whole = not argument.written or _stored(kernel, argument) == set(range(sizes[0]))
        if sizes[0] <= LONGEST_UNROLLED and whole:
            found[argument.name] = sizes[0]
    return found


def _stored(kernel: Kernel, argument: Argument) -> set[int]:
    """The places in a sample that a kernel writes."""
    array = f"{argument.name}_chunk"
    rows = {
        node.variable
        for node in kernel.nodes
        if isinstance(node, View) and (node.array, node.subscript) == (array, ROW)
    }
    return {int(n.subscripts[0]) for n in kernel.nodes if isinstance(n, Store) and n.array in rows}


class ColumnsPrinter(LanesPrinter):
    """Prints the text of one element-wise kernel that turns blocks of samples."""

    @cached_property
    def turned(self) -> dict[str, int]:
        """The arrays that are turned, and how many numbers a sample has in each."""
        return turned(self.kernel, self.program)

    @property
    def space(self) -> str:
        """The workspace for the columns of all arrays: to pass one for each would cost more."""
        return f"columns_{self.printer.dtype}"

    def workspaces(self) -> list[tuple[str, str, str]]:
        """One array more, with the columns."""
        shape = f"({len(self.turned)}, {max(self.turned.values())}, {SAMPLES})"
        return [*super().workspaces(), (self.space, shape, self.real_type)]

    def unpacked(self) -> list[str]:
        """Names for parts of workspaces."""
        names = ", ".join(f"{name}_columns" for name in self.turned)
        parts = ", ".join(f"{self.space}[{place}]" for place in range(len(self.turned)))
        return [*super().unpacked(), f"{names} = {parts}"]

    def lengths(self) -> list[list[str]]:
        """Where the kernel returns: LLVM knows that columns do not overlap where it knows how far they lie apart."""
        shape = f"{self.space}.shape"
        return [*super().lengths(), [f"{shape}[1] != {max(self.turned.values())}", f"{shape}[2] != {SAMPLES}"]]

    def own(self, name: str, *inner: str) -> str:
        """The entry that the sample at hand has in an array."""
        return f"{name}_columns[{inner[0]}, row]" if inner and name in self.turned else super().own(name, *inner)

    def visit(self) -> Iterator[str]:
        """What is done for the samples of a block."""
        arguments = [argument for argument in self.kernel.arguments if argument.name in self.turned]
        yield from self.turning([a for a in arguments if not a.written or is_read(self.kernel, a)], False)
        yield from super().visit()
        yield from self.turning([argument for argument in arguments if argument.written], True)

    def turning(self, arguments: list[Argument], back: bool) -> Iterator[str]:
        """Loops over the numbers of a block as they lie in memory, by the axis that they lie along."""
        for axis in dict.fromkeys(self.program.root(argument.axes[1]) for argument in arguments):
            lines = []
            for name in (a.name for a in arguments if self.program.root(a.axes[1]) == axis):
                column, entry = self.own(name, f"at_{axis}"), f"{name}_chunk[row, at_{axis}]"
                lines.append(f"{entry} = {column}" if back else f"{column} = {entry}")
            yield from self.each_sample([f"for at_{axis} in range(size_{axis}):", *indented(lines)])
