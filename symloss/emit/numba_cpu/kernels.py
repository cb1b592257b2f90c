"""Print one kernel: a serial function over some chunks of samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import sympy

from symloss.emit.numba_cpu.checks import BLOCK, PLACE, InputCheck, least
from symloss.emit.numba_cpu.expressions import ATOM, PRODUCT, ExpressionPrinter, is_condition
from symloss.emit.numba_cpu.parts import Parted
from symloss.emit.numba_cpu.wide import WIDE, widened
from symloss.lowering.functions import Element, is_integer
from symloss.lowering.rows import ROW, START
from symloss.lowering.schedule import Accumulation, ForEach, Kernel, Let, Node, RowResult, Store, Sweep, View
from symloss.program import Program

#: What a maximum or a minimum of nothing is.
NEUTRAL = {"max": "-np.inf", "min": "np.inf"}

#: What a number is to the kept one that it replaces.
_SIGN = {"max": ">", "min": "<"}

_START_VALUE = {"sum": "0.0", "norm": "0.0", "count": "0"}


@dataclass
class KernelPrinter:
    """Prints the text of one kernel for one dtype.

    ``maskable`` says whether samples may be masked; those of a loss whose samples interact are taken away instead.
    ``taken`` gives by array between kernels the one whose memory it takes over; ``like`` names the kernel of the same
    text that runs in place of this one. Of the arrays ``tiled`` only rows from sample ``begin`` on are there, where
    a chunk begins.
    """

    kernel: Kernel
    program: Program
    printer: ExpressionPrinter
    checks: list[InputCheck]
    maskable: bool = True
    taken: dict[str, str] = field(default_factory=dict)
    like: str = ""
    tiled: frozenset[str] = frozenset()
    blocks: dict[str, str] = field(default_factory=dict)
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
    def by_row(self) -> bool:
        """Whether samples are addressed one by one: then nothing is vectorised over them."""
        return self.kernel.axis is not None and not self.kernel.element_wise(self.program)

    @property
    def short(self) -> dict[str, int]:
        """The arrays in which samples that are not visited one by one have a few entries side by side, and how many."""
        if self.by_row or self.kernel.axis is None:
            return {}
        axes = self.program.axes
        found = {}
        for argument in self.kernel.arguments:
            sizes = [axes[self.program.root(axis)].size for axis in argument.axes[1:]]
            if argument.chunked and len(sizes) == 1 and sizes[0] is not None:
                found[f"{argument.name}_chunk"] = sizes[0]
        return found

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

    def own(self, name: str, *inner: str) -> str:
        """The entry, or the row, that the sample at hand has in an array."""
        if not self.by_row:
            return f"{name}_chunk[{', '.join(['row', *inner])}]"
        expandable = any(a.name == name and a.expandable and a.chunked for a in self.kernel.arguments)
        at = f"{self.kernel.axis} * {name}_step" if expandable else str(self.kernel.axis)
        if name in self.tiled:
            at = f"{at} - begin"
        return f"{name}[{', '.join([at, *inner])}]"

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
        lines += indented([*head, *preamble])
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

    @property
    def real_type(self) -> str:
        """The NumPy name of the dtype."""
        return f"np.{self.printer.dtype}"

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

    @property
    def on_the_way(self) -> dict[int, Sweep]:
        """By check the sweep that makes it: the first over a sample's entries, if nothing was written before.

        It reads them anyway; a loop before would bring long rows in from memory once more.
        """
        found: dict[int, Sweep] = {}
        for check in self.checks if self.by_row else []:
            inner = check.tensor.axes[1:]
            if check.always or check.tensor.domain.kind == "simplex" or len(inner) != 1:
                continue
            for node in self.kernel.nodes:
                if not isinstance(node, Let | View) and (not isinstance(node, Sweep) or _writes(node)):
                    break
                if isinstance(node, Sweep) and [self.program.root(a) for a, _ in node.loops] == [
                    self.program.root(inner[0])
                ]:
                    found[id(check)] = node
                    break
        return found

    def checked_on_the_way(self, sweep: Sweep) -> list[InputCheck]:
        """The checks that a sweep makes."""
        return [check for check in self.checks if self.on_the_way.get(id(check)) is sweep]

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

    def loops(
        self, nodes: Iterable[Node], rest: Callable[[], list[str]], place: str
    ) -> tuple[list[list[str]], list[str]]:
        """The lines of nodes, and of what is done after them, by loop; and what these hand on in workspaces.

        ``place`` is what an entry of such a workspace is called.
        """
        listed = list(nodes)
        parted = Parted(self.printer, place, self.named())
        self.printer.apart = parted.call
        for node in listed:
            real = isinstance(node, Let) and not (is_condition(node.value) or is_integer(node.value))
            for line in self.node(node):
                if isinstance(node, Let | View):
                    parted.define(line, real and node.variable not in self.printer.conditions)
                else:
                    parted.finish(line)
        for line in rest():
            parted.finish(line)
        self.printer.apart = None
        if not parted.several:
            return [[*self.nodes(listed), *rest()]], []
        return parted.loops(), parted.handed_on

    def named(self) -> set[str]:
        """All names that the kernel's own loops use."""
        kernel = self.kernel
        weighing = kernel.sample_weight[0] if kernel.sample_weight else []
        found = {*kernel.parameters, *kernel.scratch, *(result.name for result in kernel.row_results)}
        found |= {name for a in kernel.arguments for name in (a.name, f"{a.name}_chunk")}
        return found.union(*map(_defined, (*kernel.preamble, *kernel.nodes, *weighing)))

    # --- nodes ---------------------------------------------------------------------------------------------------

    def nodes(self, nodes: Iterable[Node]) -> list[str]:
        """The text of a list of nodes."""
        lines: list[str] = []
        for node in nodes:
            lines += self.node(node)
        return lines

    def node(self, node: Node) -> list[str]:
        """The text of one node."""
        show = self.printer
        if isinstance(node, Let):
            if node.value == START + ROW:
                return [] if self.by_row else [f"{node.variable} = start + row"]
            text = show.value(node.value)
            if is_condition(node.value):
                show.conditions.add(node.variable)
            return [f"{node.variable} = {text}"]
        if isinstance(node, View) and node.subscript == ROW and self.by_row:
            return [f"{node.variable} = {self.own(node.array.removesuffix('_chunk'))}"]
        if isinstance(node, View) and node.subscript == ROW and node.array in self.short:
            show.rows[node.variable] = self.own(node.array.removesuffix("_chunk"), "{}")
            return []
        if isinstance(node, View):
            return [f"{node.variable} = {node.array}[{show.integer(node.subscript)}]"]
        if isinstance(node, Store):
            where = ", ".join(show.integer(s) for s in node.subscripts)
            if node.kind:
                return self.collect(f"{node.array}_partial[c, {where}]", f"{node.array}_entry", node)
            return [f"{show.element(Element(node.array, node.subscripts))} = {show.real(node.value)}"]
        if isinstance(node, ForEach):
            return [f"for {node.variable} in range({node.size}):", *indented(self.nodes(node.body))]
        return self.sweep(node)

    def _lanes(self, axis: str, lines: list[str]) -> list[str]:
        """A loop over the entries of a block."""
        place = [f"{axis} = {PLACE}"] if any(re.search(rf"\b{axis}\b", line) for line in lines) else []
        return ["for lane in range(count):", *indented([*place, *lines])]

    def collect(self, place: str, entry: str, node: Store) -> list[str]:
        """Add one sample's number to what its chunk has collected in double precision."""
        value = self.printer.real(node.value)
        if node.kind in ("max", "min"):
            return [f"{entry} = float({value})", f"{place} = {better(node.kind, entry, place)}"]
        if node.kind == "norm":
            return [f"{entry} = float({value})", f"{place} += {entry} * {entry}"]
        return [f"{place} += {value}"]

    def sweep(self, sweep: Sweep) -> list[str]:
        """Nested loops with their accumulations; sums go pairwise through a block that stays in the cache."""
        sums = [a for a in sweep.accumulations if a.kind in ("sum", "norm")]
        lines = [self._start(a) for a in sweep.accumulations]
        (axis, size), outer = sweep.loops[-1], sweep.loops[:-1]
        # What a block finds has a variable of its own: LLVM sees no reduction in one that lives through all blocks.
        by_block = [a for a in sweep.accumulations if sums and a not in sums]
        checks = self.checked_on_the_way(sweep)
        lines += [f"entries_{check.number} = {self.own(check.tensor.name)}" for check in checks]
        lines += [f"outside_{check.number} = False" for check in checks]
        self.printer.blocked = axis if sums else None
        inner = [line for check in checks for line in self._visit_check(check, axis, bool(sums))]
        body = sweep.body[-1]

        def visits() -> list[str]:
            return [line for a in sweep.accumulations for line in self._visit(a, bool(sums))]

        if sums:
            loops, handed_on = self.loops(body, visits, "{}_block[lane]")
            self.blocks |= {f"{name}_block": self.real_type for name in handed_on}
            loops[0][:0] = inner
        else:
            inner += [*self.nodes(body), *visits()]
        self.printer.blocked = None
        if sums:
            loop = [
                f"for block in range(0, {size}, {BLOCK}):",
                *indented(
                    [
                        f"count = {least(str(BLOCK), f'{size} - block')}",
                        *(f"{a.variable}_here = {self._neutral(a)}" for a in by_block),
                        *(f"outside_{check.number}_here = False" for check in checks),
                        *(line for lines in loops for line in self._lanes(axis, lines)),
                        *(f"{a.variable} += {self._total(self._block(a))}" for a in sums),
                        *(line for a in by_block for line in self._merge(a)),
                        *(f"outside_{check.number} |= outside_{check.number}_here" for check in checks),
                    ]
                ),
            ]
        else:
            loop = [f"for {axis} in range({size}):", *indented(inner)]
        for (name, extent), nodes in reversed(list(zip(outer, sweep.body[:-1], strict=True))):
            loop = [f"for {name} in range({extent}):", *indented([*self.nodes(nodes), *loop])]
        lines += loop
        for check in checks:
            lines += [
                f"if validate and outside_{check.number}:",
                f"    failed[c, 0], failed[c, 1] = {check.number + 1}, {self.kernel.axis}",
                "    break",
            ]
        for a in sweep.accumulations:
            if a.kind == "largest":
                lines.append(f"{a.variable} = _bits({a.variable}_bits, {self.real_type})")
            if a.kind in NEUTRAL:
                lines.append(f"{a.variable} = _ordered_{self.printer.suffix}({a.variable}_order)")
        for a in sums:
            total = f"math.sqrt({a.variable})" if a.kind == "norm" else a.variable
            if self.widened is not None and a.variable in self.widened.wide:
                if a.variable not in self.widened.narrow:
                    continue
                lines.append(f"{a.variable}{WIDE} = {a.variable}")
            if self.printer.dtype == "float32":
                total = f"f32({total})"
            if total != a.variable:
                lines.append(f"{a.variable} = {total}")
        return lines

    @property
    def _bits(self) -> str:
        """Integers as wide as the dtype: magnitudes are ordered as their bits are, and NaN comes last."""
        return "np.int32" if self.printer.dtype == "float32" else "np.int64"

    def _start(self, a: Accumulation) -> str:
        if a.kind in _START_VALUE:
            return f"{a.variable} = {_START_VALUE[a.kind]}"
        return f"{self._kept(a)} = {self._neutral(a)}"

    def _kept(self, a: Accumulation) -> str:
        """The variable that holds the integer of the largest number so far, or of the smallest."""
        return f"{a.variable}_{'bits' if a.kind == 'largest' else 'order'}"

    def _neutral(self, a: Accumulation) -> str:
        """What a block starts with, as an integer no wider than the data: else these would be computed by halves."""
        if a.kind in NEUTRAL:
            return self._order(a, self.printer.number(-sympy.oo if a.kind == "max" else sympy.oo))
        return f"{self._bits}(0)"

    def _visit(self, a: Accumulation, by_block: bool) -> list[str]:
        if a.kind == "sum":
            return [f"{self._block(a)}[lane] = {self.printer.real(a.value)}"]
        if a.kind == "norm":
            name = f"{a.variable}_entry"
            text = self.printer.real(a.value)
            # Numba takes float() of a float32 to be a float32.
            wide = f"np.float64({text})" if self.printer.dtype == "float32" else text
            return [f"{name} = {wide}", f"{self._block(a)}[lane] = {name} * {name}"]
        here = f"{a.variable}_here"
        if a.kind == "count":
            one = f"1 if {self.printer.condition(a.value)} else 0"
            return [f"{here} = {self._bits}({here} + ({one}))" if by_block else f"{a.variable} += {one}"]
        # A maximum of integers vectorises; one of numbers, which has to keep a NaN, does not.
        name, text = f"{a.variable}_entry", self.printer.real(a.value)
        if a.kind == "largest":
            self.printer.helpers.add("_bits")
            order = f"_bits(abs({text}), {self._bits})"
        else:
            order = self._order(a, text)
        return [f"{name} = {order}", self._keep(a, name, here if by_block else self._kept(a))]

    def _visit_check(self, check: InputCheck, axis: str, by_block: bool) -> list[str]:
        here = f"outside_{check.number}{'_here' if by_block else ''}"
        return [f"entry = entries_{check.number}[{axis}]", f"{here} |= {check.outside('entry')}"]

    def _merge(self, a: Accumulation) -> list[str]:
        """Add what a block found to what was found before."""
        here = f"{a.variable}_here"
        return [f"{a.variable} += {here}" if a.kind == "count" else self._keep(a, here, self._kept(a))]

    def _keep(self, a: Accumulation, entry: str, kept: str) -> str:
        return f"{kept} = {entry} if {entry} {_SIGN.get(a.kind, '>')} {kept} else {kept}"

    def _order(self, a: Accumulation, text: str) -> str:
        """The integer that stands for a number in a maximum or a minimum; NaN wins."""
        suffix = self.printer.suffix
        self.printer.helpers |= {f"_order_{suffix}", f"_ordered_{suffix}"}
        return f"_order_{suffix}({text}, {self._bits}({int(a.kind == 'min')}))"

    def _block(self, a: Accumulation) -> str:
        """The workspace that holds a block's entries of a sum; squares in double precision, in which they are exact."""
        name = f"{a.variable}_block"
        self.blocks[name] = "np.float64" if a.kind == "norm" else self.real_type
        return name

    def _total(self, block: str) -> str:
        """The sum of the first ``count`` entries of a block."""
        self.printer.helpers.add("_pairwise_sum")
        if self.blocks.setdefault(block, self.real_type) == "np.float64":
            return f"_pairwise_sum({block}, count, 0.0)"
        self.printer.helpers.add("_pairwise_sum_f32")
        return f"_pairwise_sum_f32({block}, quarters, count)"


def _defined(node: Node) -> set[str]:
    """The variables that a node gives a value, those inside it included."""
    if isinstance(node, Let | View):
        return {node.variable}
    if isinstance(node, ForEach):
        return {node.variable}.union(*map(_defined, node.body))
    if isinstance(node, Sweep):
        own = {axis for axis, _ in node.loops} | {a.variable for a in node.accumulations}
        return own.union(*(_defined(inner) for body in node.body for inner in body))
    return set()


def _writes(sweep: Sweep) -> bool:
    """Whether a sweep stores anything."""
    return any(not isinstance(node, Let | View) for body in sweep.body for node in body)


def better(kind: str, entry: str, kept: str) -> str:
    """The larger or the smaller of two numbers; a NaN that comes in stays."""
    return f"{entry} if ({entry} {_SIGN[kind]} {kept}) | ({entry} != {entry}) else {kept}"


def indented(lines: Iterable[str]) -> list[str]:
    """Lines of an inner block."""
    return [f"    {line}" for line in lines]
