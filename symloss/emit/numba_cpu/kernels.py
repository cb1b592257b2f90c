"""Print one kernel: a serial function over some chunks of samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import sympy

from symloss.emit.numba_cpu.checks import BLOCK, InputCheck, least
from symloss.emit.numba_cpu.expressions import ATOM, PRODUCT
from symloss.emit.numba_cpu.sweeps import NEUTRAL, SweepPrinter, better, indented
from symloss.emit.numba_cpu.wide import WIDE, widened
from symloss.lowering.schedule import Node, RowResult

#: What every kernel begins with. On a processor with vectors of 512 bits it takes a fifth to a third off the time of
#: losses with exponentials, with the same bits; LLVM is careful with them because some older ones slow down.
PREFER = "_prefer_wide_vectors()"


@dataclass
class KernelPrinter(SweepPrinter):
    """Prints the text of one kernel for one dtype."""

    size_arguments: list[str] = field(default_factory=list)

    #: Whether the samples at hand are the first that a run visits.
    first: ClassVar[str] = "c == first"
    #: How the text leaves a chunk that holds a violation.
    leave: ClassVar[str] = "continue"

    def __post_init__(self) -> None:
        """A sample with loops of its own finds its entries in the whole arrays: to compile, a slice costs ten lines."""
        if self.by_row:
            for argument in self.kernel.arguments:
                self.printer.worded[f"{argument.name}_chunk[row]"] = self.own(argument.name), ATOM
            weight = "own_weight" if self.kernel.sample_weight is not None else self.weight
            self.printer.worded["seed[row]"] = f"{weight} / denominator", PRODUCT
        self.widened = widened(self.kernel) if self.by_row and self.printer.dtype == "float32" else None
        if self.widened is not None:
            alone = self.widened.wide - self.widened.narrow
            self.printer.worded |= {f"{name}{WIDE}": (name, ATOM) for name in alone}

    @property
    def name(self) -> str:
        """The name of the function that runs."""
        return self.like or f"{self.kernel.name}_{self.printer.suffix}"

    @property
    def weighted(self) -> bool:
        """Whether weights of the samples matter to this kernel."""
        kernel = self.kernel
        return kernel.term is not None or kernel.seeded or kernel.weighs or kernel.sample_weight is not None

    @property
    def live(self) -> str:
        """Whether the sample at hand counts; no text where all do."""
        if not self.maskable:
            return ""
        return f"mask[{self.kernel.axis} * mask_step]" if self.by_row else "live[row]"

    @property
    def weight(self) -> str:
        """The caller's weight of the sample at hand."""
        return f"weight[{self.kernel.axis} * weight_step]" if self.by_row else "weight_chunk[row]"

    def each_sample(self, lines: Iterable[str]) -> list[str]:
        """A loop over the samples of a chunk."""
        place = [f"{self.kernel.axis} = start + row"] if self.by_row else []
        return ["for row in range(rows):", *indented([*place, *lines])]

    @property
    def same(self) -> dict[str, str]:
        """The arguments that are another one's memory: one pointer for both, or LLVM would vectorise for neither."""
        arguments = {argument.name for argument in self.kernel.arguments}
        return {name: self.taken[name] for name in sorted(arguments) if self.taken.get(name) in arguments}

    def signature(self) -> list[str]:
        """The names of the arguments, which the driver passes in the same order; workspaces after the first two."""
        kernel = self.kernel
        names = ["first", "last", "samples", "chunk"] if kernel.axis else []
        names += ["begin"] if self.tiled else []
        names[2:2] = [name for name, _, _ in self.workspaces()]
        for argument in kernel.arguments:
            name = argument.name
            if name in self.same:
                continue
            names.append(name)
            if argument.expandable and argument.chunked:
                names.append(f"{name}_step")
        names += kernel.parameters
        names += self.size_arguments
        if kernel.axis:
            names += ["weight", "weight_step"] if self.weighted else []
            names += ["mask", "mask_step"] if self.maskable else []
            names += ["denominator"] if kernel.seeded else []
            if kernel.term:
                names += ["losses_out", "keep_losses"]
            names += [f"{result.name}_partial" for result in kernel.row_results]
            names += [f"{result.name}_partial" for result in kernel.vector_results]
            if self.checks or kernel.constraints:
                names += ["validate", "failed"]
        return names

    def sizes(self, text: str) -> list[str]:
        """Lengths of axes that the text mentions and that are no arguments: fixed ones, and the samples' own."""
        found = []
        for axis in dict.fromkeys(map(self.program.root, self.program.axes)):
            if not re.search(rf"\bsize_{axis}\b", text):
                continue
            fixed = self.program.axes[axis].size
            if fixed is not None:
                found.append(f"size_{axis} = {fixed}")
            elif self.kernel.axis and axis == self.program.root(self.kernel.axis):
                found.append(f"size_{axis} = samples")
            else:
                self.size_arguments.append(f"size_{axis}")
        return found

    # --- the whole function --------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The text of the function, decorator included."""
        kernel = self.kernel
        self.size_arguments.clear()
        # First, for what follows words a variable by whether it is a condition.
        preamble = list(self.nodes(kernel.preamble))
        inner = list(self.body()) if kernel.axis else list(self.nodes(kernel.nodes))
        text = "\n".join([*inner, *preamble])
        head = [*self.sizes(text), *(f"{name} = {source}" for name, source in self.same.items()), *self.unpacked()]
        if kernel.axis and kernel.seeded and self.printer.dtype == "float32":
            # A float is cheaper to pass than a NumPy scalar.
            head.append("denominator = f32(denominator)")
        for lengths in self.lengths():
            head += [f"if {' or '.join(lengths)}:", "    return"]
        lines = ["@_jit", f"def {self.name}({', '.join(self.signature())}):"]
        lines += indented([PREFER, *head, *preamble])
        if kernel.axis:
            chunks = "first + begin // chunk, last + begin // chunk" if self.tiled else "first, last"
            lines += indented([f"for c in range({chunks}):", *indented(inner)])
        else:
            lines += indented(inner)
        return lines

    def lengths(self) -> list[list[str]]:
        """Where the kernel returns: LLVM loads entries that lie side by side together only where it knows how many."""
        found = [f"{name.removesuffix('_chunk')}.shape[1] != {size}" for name, size in self.short.items()]
        return [found] if found else []

    def workspaces(self) -> list[tuple[str, str, str]]:
        """Name, shape and dtype of the arrays that all chunks of one run share; a kernel allocates nothing itself."""
        kernel, real = self.kernel, self.real_type
        found = []
        if kernel.sample_weight is not None and not self.by_row:
            found.append(("weights", "chunk", real))
        if kernel.seeded and not self.by_row:
            found.append(("seed", "chunk", real))
        found += [(f"{result.name}_rows", "chunk", "np.float64") for result in kernel.row_results]
        found += [(f"{result.name}_narrow", "chunk", real) for result in kernel.row_results if self.narrow]
        quarters = "chunk // 4" if self.narrow and any(map(self.summed_narrow, kernel.row_results)) else ""
        for name, axes in kernel.scratch.items():
            shape = ", ".join(f"size_{self.program.root(axis)}" for axis in axes)
            found.append((name, f"({shape})" if len(axes) > 1 else shape, real))
        found += [(name, str(BLOCK), kind) for name, kind in self.blocks.items()]
        if self.printer.dtype == "float32" and real in self.blocks.values():
            quarters = str(BLOCK // 4)
        if quarters:
            found.append(("quarters", quarters, "np.float64"))
        return found

    def unpacked(self) -> list[str]:
        """Names for parts of workspaces."""
        return []

    @property
    def narrow(self) -> bool:
        """Whether numbers per sample are kept in float32 until all of the chunk are there.

        A loop that writes float64 is vectorised for float64, and so takes two steps where one does for the float32
        arithmetic in it.
        """
        return not self.by_row and self.printer.dtype == "float32"

    def summed_narrow(self, result: RowResult) -> bool:
        """Whether such numbers are added as they are: no weight multiplies them, and no square is formed."""
        return result.kind == "sum" or (result.kind == "value" and self.kernel.sample_weight is None)

    def body(self) -> Iterator[str]:
        """What is done for one chunk."""
        yield "start = c * chunk"
        yield f"rows = {least('chunk', 'samples - start')}"
        if not self.by_row:
            yield from self.slices()
        yield from self.visit()
        for result in self.kernel.row_results:
            yield from self.result(result)

    def visit(self) -> Iterator[str]:
        """What is done for the samples from ``start`` on, ``rows`` of them."""
        kernel = self.kernel
        if kernel.seeded and kernel.sample_weight is None and not self.by_row:
            yield f"if weight_step or {self.first}:"
            yield "    for row in range(rows):"
            yield "        seed[row] = weight_chunk[row] / denominator"
        for check in self.checks:
            if id(check) not in self.on_the_way:
                yield from self.check(check)
        yield from self.constraints()
        if kernel.sample_weight is not None and not self.by_row:
            yield from self.intrinsic(*kernel.sample_weight)
        yield from self.samples()
        wide = [result.name for result in kernel.row_results if self.narrow and not self.summed_narrow(result)]
        if wide:
            yield "for row in range(rows):"
            yield from (f"    {name}_rows[row] = {name}_narrow[row]" for name in wide)
        if not self.by_row:
            yield from self.epilogue()

    def slices(self) -> Iterator[str]:
        """The samples of this chunk in every array: loops over slices vectorise."""
        for argument in self.kernel.arguments:
            if argument.chunked:
                name = argument.name
                offset = f"start * {name}_step" if argument.expandable else "start"
                yield f"{name}_chunk = {name}[{offset} : {offset} + rows]"
        if self.maskable:
            yield "live = mask[start * mask_step : start * mask_step + rows]"
        if self.weighted:
            yield "weight_chunk = weight[start * weight_step : start * weight_step + rows]"

    def check(self, check: InputCheck) -> Iterator[str]:
        """Stop at a chunk that holds a violation in a live sample."""
        name = check.tensor.name
        yield "wrong = False"
        loop = self.each_sample(check.sample(self.live, lambda *inner: self.own(name, *inner), self._total))
        yield from loop if check.always else ["if validate:", *indented(loop)]
        yield "if wrong:"
        yield f"    failed[c, 0], failed[c, 1] = {check.number + 1}, start"
        yield f"    {self.leave}"

    def constraints(self) -> Iterator[str]:
        """Stop at the first live sample that violates a constraint; the loop has no exit, so that it vectorises."""
        lines: list[str] = []
        for number, (nodes, violated) in self.kernel.constraints:
            first = f"wrong_{number}"
            yield f"{first} = rows"
            counts = f"{self.live} & " if self.live else ""
            lines += self.nodes(nodes)
            here = f"here = row if {counts}({self.printer.condition(violated)}) else rows"
            lines += [here, f"{first} = here if here < {first} else {first}"]
        if not lines:
            return
        if self.kernel.gathers and self.live:
            lines = [f"if not {self.live}:", "    continue", *lines]
        yield "if validate:"
        yield from indented(self.each_sample(lines))
        for number, _ in self.kernel.constraints:
            yield f"if wrong_{number} < rows:"
            yield f"    failed[c, 0], failed[c, 1] = {number + 1}, start + wrong_{number}"
            yield f"    {self.leave}"

    def intrinsic(self, nodes: list[Node], value: sympy.Expr) -> Iterator[str]:
        """The weights of the samples, each multiplied by its own (of its class)."""
        lines = ["if not live[row]:", "    continue", *self.nodes(nodes)]
        lines += ["weights[row] = weight_chunk[row]", f"weights[row] *= {self.printer.real(value)}"]
        if self.kernel.seeded:
            lines.append("seed[row] = weights[row] / denominator")
        yield from self.each_sample(lines)

    def samples(self) -> Iterator[str]:
        """The loop over the samples of a chunk."""
        yield from self.each_sample(self.row())

    def row(self) -> list[str]:
        """What is done for one sample."""
        kernel = self.kernel
        lines = []
        if self.by_row:
            if self.live:
                lines += [f"if not {self.live}:", *indented([*self.cleared(), *self.kept("0.0"), "continue"])]
            if kernel.sample_weight is not None:
                nodes, value = kernel.sample_weight
                lines += [*self.nodes(nodes), f"own_weight = {self.weight} * {self.printer.real(value, ATOM)}"]
        nodes, results = kernel.nodes, kernel.row_results
        if self.widened is not None:
            nodes, results = self.widened.nodes, self.widened.results
        lines += [*self.nodes(nodes), *self.results(results)]
        if self.by_row and kernel.term:
            rows = f"{kernel.term}_rows[row]"
            lines.append(f"{rows} *= {'own_weight' if kernel.sample_weight is not None else self.weight}")
            lines += self.kept(rows)
        return lines

    def results(self, results: Iterable[RowResult]) -> list[str]:
        """The numbers of a sample that its chunk makes something of."""
        ending = "narrow" if self.narrow else "rows"
        return [f"{result.name}_{ending}[row] = {self.printer.real(result.value)}" for result in results]

    def kept(self, value: str) -> list[str]:
        """The value of a sample, where the caller asked for it."""
        if not self.kernel.term:
            return []
        return ["if keep_losses:", f"    losses_out[{self.kernel.axis if self.by_row else 'start + row'}] = {value}"]

    def cleared(self) -> list[str]:
        """Zeros in one row of all that this kernel fills."""
        zero = self.printer.number(sympy.S.Zero)
        filled: dict[tuple[str, ...], list[str]] = {}
        for argument in self.kernel.arguments:
            if argument.written and argument.chunked:
                filled.setdefault(argument.axes[1:], []).append(argument.name)
        lines = []
        for inner, names in filled.items():
            entries = [f"{self.own(name, *(f'at_{axis}' for axis in inner))} = {zero}" for name in names]
            for axis in reversed(inner):
                entries = [f"for at_{axis} in range(size_{self.program.root(axis)}):", *indented(entries)]
            lines += entries
        for result in self.kernel.row_results:
            narrow = self.narrow and self.summed_narrow(result)
            lines.append(f"{result.name}_narrow[row] = {zero}" if narrow else f"{result.name}_rows[row] = 0.0")
        return lines

    def epilogue(self) -> Iterator[str]:
        """Weights and masks, after the loop over the samples of a chunk."""
        kernel = self.kernel
        apart = any(result.term and self.narrow and self.summed_narrow(result) for result in kernel.row_results)
        if kernel.term and not apart:
            rows = f"{kernel.term}_rows"
            own = kernel.sample_weight is not None
            weigh = ["for row in range(rows):", f"    {rows}[row] *= {'weights' if own else 'weight_chunk'}[row]"]
            yield from weigh if own else ["if weight_step:", *indented(weigh)]
        cleared = self.cleared() if self.maskable else []
        if cleared:
            yield "if mask_step:"
            yield from indented(["for row in range(rows):", "    if not live[row]:", *indented(indented(cleared))])
        if kernel.term and not apart:
            yield "if keep_losses:"
            yield "    for row in range(rows):"
            yield f"        losses_out[start + row] = {kernel.term}_rows[row]"

    def result(self, result: RowResult) -> list[str]:
        """What a chunk gives for a number per sample."""
        name, rows, narrow = f"{result.name}_partial[c]", f"{result.name}_rows", f"{result.name}_narrow"
        if result.kind in ("max", "min"):
            kept = better(result.kind, f"{rows}[row]", name)
            return [f"{name} = {NEUTRAL[result.kind]}", "for row in range(rows):", f"    {name} = {kept}"]
        square = ["for row in range(rows):", f"    {rows}[row] *= {rows}[row]"] if result.kind == "norm" else []
        self.printer.helpers.add("_pairwise_sum")
        total = f"{name} = _pairwise_sum({rows}, rows, 0.0)"
        if not (self.narrow and self.summed_narrow(result)):
            return [*square, total]
        self.printer.helpers.add("_pairwise_sum_f32")
        alone = f"_pairwise_sum_f32({narrow}, quarters, rows)"
        if not result.term:
            return [f"{name} = {alone}"]
        # A product with a weight may leave the range of float32; to add numbers up in place destroys them.
        weighed = f"np.float64({narrow}[row]) * weight_chunk[row]"
        return [
            "if weight_step:",
            "    for row in range(rows):",
            f"        {rows}[row] = {f'{weighed} if live[row] else 0.0' if self.maskable else weighed}",
            "if keep_losses:",
            "    for row in range(rows):",
            f"        losses_out[start + row] = {rows}[row] if weight_step else {narrow}[row]",
            f"{total} if weight_step else {alone}",
        ]
