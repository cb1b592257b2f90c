"""Print a kernel whose samples are single numbers: chunks are visited in blocks, and sums kept on 32 lanes.

What the samples of a block give stands in workspaces and is then added onto lanes in double precision
(`_add_onto_lanes`), the lanes onto each other once per chunk. Adding up one short block overlaps with fetching the next
one from memory; a sum over a whole chunk takes as long as the chunk's arithmetic, and fetches nothing meanwhile.

The order of the additions follows from the number of samples alone. A value takes part in 3 within its block, 8 on
its lane (one per block of the chunk) and 5 between lanes; over all n samples in log2(n / 2048) + 8 more (`_total`). So
a sum is off by at most k·u·Σ|value|, with k = 16 up to 2048 samples and 34 up to 2^21, and u = 2^-53 in both dtypes.
For float32 that is 2^-24 of a rounding of the result. In float64 no order of plain additions keeps the class's 8u
(`symloss.accuracy.bounds`) in the worst case, not even halves onto each other from 512 numbers on; it is kept because
roundings go up and down, and most of them are of a lane's small share. `tests/accuracy/test_sums.py` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from symloss.emit.numba_cpu.checks import InputCheck, least
from symloss.emit.numba_cpu.kernels import KernelPrinter
from symloss.emit.numba_cpu.sweeps import NEUTRAL, better, indented
from symloss.lowering.schedule import RowResult

#: Samples per block, and the lanes that they are added onto.
SAMPLES, LANES = 256, 32

#: How many samples ahead of the block at hand the lines are fetched that it will write to. A processor fetches alone
#: what loops read, one after another, but hardly any line that is only written before a store waits for it: `mse` takes
#: 0.9 ns a sample without this and 0.5 with it at 1e6 and 1e7 samples, as a loop that only moves the data.
AHEAD = 2 * SAMPLES

#: Bytes in a cache line.
LINE = 64

#: Samples per chunk: what is added up but once per chunk costs little beside them.
CHUNK = 8 * SAMPLES


@dataclass
class LanesPrinter(KernelPrinter):
    """Prints the text of one element-wise kernel; ``between`` are the workspaces for what its loops hand on."""

    between: list[str] = field(default_factory=list)

    first: ClassVar[str] = "start == first * chunk"
    leave: ClassVar[str] = "break"

    def spaces(self) -> dict[str, list[str]]:
        """By dtype the names of the workspaces, each of `SAMPLES` numbers, of which lanes use the first."""
        found: dict[str, list[str]] = {}
        narrow = {f"{r.name}_rows" for r in self.kernel.row_results if self.narrow and self.summed_narrow(r)}
        unused = narrow - {f"{self.kernel.term}_rows"}
        for name, shape, dtype in super().workspaces():
            if shape == "chunk" and name not in unused:
                found.setdefault(dtype, []).append(name)
        for result in self.kernel.row_results:
            if self.lanes(result):
                found.setdefault("np.float64", []).append(self.lanes(result))
        if self.between:
            found.setdefault(self.real_type, []).extend(self.between)
        return found

    def workspaces(self) -> list[tuple[str, str, str]]:
        """One array for all workspaces of a dtype: to pass one more costs as much as a hundred numbers."""
        own = [(_space(dtype), f"({len(names)}, {SAMPLES})", dtype) for dtype, names in self.spaces().items()]
        return own + [space for space in super().workspaces() if not space[1].startswith("chunk")]

    def unpacked(self) -> list[str]:
        """Names for parts of workspaces."""
        return [
            f"{', '.join(names)} = {', '.join(f'{_space(dtype)}[{place}]' for place in range(len(names)))}"
            for dtype, names in self.spaces().items()
        ]

    def lanes(self, result: RowResult) -> str:
        """The workspace onto which the samples of a chunk are added block by block; no name where they are not."""
        return "" if result.kind in NEUTRAL else f"{result.name}_lanes"

    def body(self) -> Iterator[str]:
        """What is done for one chunk, one block of it after another."""
        results = self.kernel.row_results
        yield f"end = {least('(c + 1) * chunk', 'samples')}"
        for result in results:
            if lanes := self.lanes(result):
                yield f"for lane in range({LANES}):"
                yield f"    {lanes}[lane] = 0.0"
            else:
                yield f"{result.name}_partial[c] = {NEUTRAL[result.kind]}"
        yield f"for start in range(c * chunk, end, {SAMPLES}):"
        yield f"    rows = {least(str(SAMPLES), 'end - start')}"
        yield from indented([*self.slices(), *self.fetching(), *self.visit()])
        yield from indented(line for result in results for line in self.result(result))
        for result in results:
            if lanes := self.lanes(result):
                self.printer.helpers.add("_lanes_total")
                yield f"{result.name}_partial[c] = _lanes_total({lanes})"

    def fetching(self) -> Iterator[str]:
        """Ask for the lines that a later block writes to, by how many numbers a sample has in an array."""
        axes = self.program.axes
        widths: dict[int, list[str]] = {}
        for argument in self.kernel.arguments:
            sizes = [axes[self.program.root(axis)].size for axis in argument.axes[1:]]
            if argument.chunked and argument.written and argument.number == "real" and None not in sizes:
                widths.setdefault(math.prod(size for size in sizes if size), []).append(argument.name)
        each = LINE // np.dtype(self.printer.dtype).itemsize
        for width, names in widths.items():
            ends = [f"start + {AHEAD}", f"start + {AHEAD + SAMPLES}"]
            first, last = ends if width == 1 else (f"({end}) * {width}" for end in ends)
            yield f"for line in range({first}, {last}, {each}):"
            yield from (f"    _fetch({name}, line)" for name in names)

    def samples(self) -> Iterator[str]:
        """The loops over the samples of a block."""
        kernel = self.kernel
        loops, handed_on = self.loops(kernel.nodes, lambda: self.results(kernel.row_results), "{}_rows[row]")
        self.between = [f"{name}_rows" for name in handed_on]
        for lines in loops:
            yield from self.each_sample(lines)

    def check(self, check: InputCheck) -> Iterator[str]:
        """Stop at a block that holds a violation in a live sample.

        A cheap test of all samples comes first; whether one is masked, or NaN, is asked where that finds any.
        """
        if check.always or len(check.tensor.axes) > 1:
            yield from super().check(check)
            return
        entry, counts = f"entry = {self.own(check.tensor.name)}", "live[row] & " if self.maskable else ""
        yield "wrong = False"
        yield "if validate:"
        yield from indented(self.each_sample([entry, f"wrong |= {check.suspected('entry')}"]))
        yield "if wrong:"
        yield "    wrong = False"
        yield from indented(self.each_sample([entry, f"wrong |= {counts}({check.outside('entry')})"]))
        yield "if wrong:"
        yield f"    failed[c, 0], failed[c, 1] = {check.number + 1}, start"
        yield f"    {self.leave}"

    @property
    def special(self) -> str:
        """Whether a term's values are more than added up; no text where they always are, or there are none.

        One test, which a block without weights costs the less.
        """
        if not self.kernel.term or self.kernel.sample_weight is not None:
            return ""
        return f"weight_step or {'mask_step or ' if self.maskable else ''}keep_losses"

    def epilogue(self) -> Iterator[str]:
        """Weights and masks, after the loop over the samples of a block."""
        if not self.special:
            yield from super().epilogue()
            return
        yield f"if {self.special}:"
        if cleared := self.cleared() if self.maskable else []:
            yield "    if mask_step:"
            yield from indented(indented(self.each_sample(["if not live[row]:", *indented(cleared)])))
        rows, narrow = f"{self.kernel.term}_rows[row]", f"{self.kernel.term}_narrow[row]"
        # A product with a weight may leave the range of float32.
        product = f"{f'np.float64({narrow})' if self.narrow else rows} * weight_chunk[row]"
        weighed = self.each_sample([f"{rows} = {f'{product} if live[row] else 0.0' if self.maskable else product}"])
        yield from indented(weighed)
        yield "    if keep_losses:"
        yield from indented(indented(self.each_sample([f"losses_out[start + row] = {rows}"])))

    def result(self, result: RowResult) -> list[str]:
        """What a block adds to what its chunk gives."""
        rows, lanes = f"{result.name}_rows", self.lanes(result)
        if not lanes:
            partial = f"{result.name}_partial[c]"
            return self.each_sample([f"{partial} = {better(result.kind, f'{rows}[row]', partial)}"])
        self.printer.helpers.add("_add_onto_lanes")
        wide = f"_add_onto_lanes({rows}, {lanes}, rows)"
        if not (self.narrow and self.summed_narrow(result)):
            return [*self.each_sample([f"{rows}[row] *= {rows}[row]"]), wide] if result.kind == "norm" else [wide]
        alone = f"_add_onto_lanes({result.name}_narrow, {lanes}, rows)"
        return [f"if {self.special}:", f"    {wide}", "else:", f"    {alone}"] if result.term else [alone]


def _space(dtype: str) -> str:
    """The array of all workspaces of a dtype."""
    return f"rows_{dtype.removeprefix('np.')}"
