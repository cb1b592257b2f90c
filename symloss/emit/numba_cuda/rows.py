"""Print a kernel whose samples are rows: a warp or a block of threads works on one row at a time.

What is outside the sweeps over a row is computed by every thread of the row alike; sums, maxima and counts of a sweep
are combined in one fixed order, and every thread gets the result. A sweep per entry of another axis stands in a loop
that the threads of the row go through together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import sympy

from symloss.emit.numba_cuda.expressions import BRANCH, PRODUCT
from symloss.emit.numba_cuda.kernels import KernelText, Printed, indented, is_own, needed, sample_name
from symloss.emit.numba_cuda.visit import Load, Save, Visit
from symloss.lowering.functions import Element, Variable, leaves
from symloss.lowering.rows import ROW, START
from symloss.lowering.schedule import Accumulation, ForEach, Let, Node, Store, Sweep, View

#: How what one thread collects begins, takes a value, and is combined over the threads of the row.
COLLECT = {
    "sum": (
        "{name}_high, {name}_low = {zero}, {zero}",
        "{name}_high, {name}_low = _plus_{f}({name}_high, {name}_low, {{value}})",
    ),
    "count": ("{name} = np.int32(0)", "{name} += {{value}}"),
    "max": ("{name} = -{f}(np.inf)", "{name} = _larger_{f}({name}, {{value}})"),
    "min": ("{name} = {f}(np.inf)", "{name} = _smaller_{f}({name}, {{value}})"),
}
COMBINE = {
    "sum": "{name} = _row_sum_{f}({name}_high, {name}_low)",
    "norm": "{name} = math.sqrt(_row_sum_{f}({name}_high, {name}_low))",
    "count": "{name} = _row_count({name})",
    "max": "{name} = _row_max_{f}({name})",
    "min": "{name} = _row_min_{f}({name})",
}
#: With more row arrays than this in shared memory, or in all, a thread needs more registers than a block of the most
#: threads leaves it.
_MOST_STAGED, _MOST_ROWS = 5, 10

COLLECT["norm"] = COLLECT["sum"]
COLLECT["largest"], COMBINE["largest"] = COLLECT["max"], COMBINE["max"]


class RowKernel(KernelText):
    """A kernel that sweeps over the entries of every sample.

    ``phased`` names the kernels that do the same where several blocks share a row; ``gathered`` says that all threads
    have read an entry of the row, maybe while others go on.
    """

    phased: tuple[str, ...] = ()
    gathered: bool = False

    def printed(self) -> Printed:
        """The text of the kernel and its functions."""
        kernel = self.kernel
        self.sweeps = 0
        self.staged = self.kept()
        self.filled: set[str] = set()
        preamble = self.lets(kernel.preamble)
        nodes = self.nodes(kernel.nodes)
        value = [line for result in kernel.row_results for line in self.value(result.value)]
        seed = [f"seed = _seed_{self.suffix}(weight_n, divisor)"] if kernel.seeded else []
        weight = list(self.weight()) if self.weighted else []
        live = ["if live:", *indented([*weight, *seed, *nodes, *value])]
        cleared = list(self.cleared())
        dead = ["else:", *indented(cleared)] if cleared else []
        rows = [
            *(f"{view} = row * {self.offset(array)}" for view, array in self.views.items()),
            "live = _live(mask, row, options)",
            *self.own_numbers(),
            *live,
            *dead,
            "row += _stride(np.int64(cuda.gridDim.x) * cuda.blockDim.y)",
        ]
        body = [*self.opening(), *preamble, "while row < samples:", *indented(rows)]
        if kernel.term:
            body.append(f"_block_sum_{self.suffix}(high, low, partial)")
        lengths = [length for length in dict.fromkeys(self.lengths()) if length.startswith("size_")]
        full = len(self.staged) > _MOST_STAGED or len(self.views) > _MOST_ROWS
        shape = "full_rows" if full else "rows"
        return self.assembled(
            self.doc(), body, shape, sizes=lengths, staged=len(self.staged), packed=self.packed, phased=self.phased
        )

    def doc(self) -> str:
        """The docstring of the kernel."""
        written = [argument.name for argument in self.kernel.arguments if argument.written]
        what = [*written, *(["losses"] if self.kernel.term else [])]
        return f"All samples: {', '.join(what)}" + ("; a partial sum per block." if self.kernel.term else ".")

    # --- a row ---------------------------------------------------------------------------------------------------

    def opening(self) -> list[str]:
        """What a thread does first."""
        lines = ["if options & DIVIDE:", "    divisor = divisors[0]"] if self.kernel.seeded else []
        if self.staged:
            lines.append(f"staged = cuda.shared.array(0, np.{self.dtype})")
            length = self.lengths()[0]
            packed = f"{length} // _parts({self.staged[0]}) if options & ALIGNED else {length}"
            lines.append(f"pitch = {packed if self.packed else length}")
            lines.append(f"stage = cuda.threadIdx.y * {len(self.staged)} * pitch")
        lines.append("thread, threads = np.int64(cuda.threadIdx.x), np.int64(cuda.blockDim.x)")
        lines.append("row = np.int64(cuda.blockIdx.x) * cuda.blockDim.y + cuda.threadIdx.y")
        return lines + ([f"high, low = {self.zero}, {self.zero}"] if self.kernel.term else [])

    @property
    def packed(self) -> bool:
        """Whether what is kept in shared memory takes no more room there than in memory."""
        return bool(self.staged) and all(self.short(self.records[array]) for array in self.staged)

    def count(self, size: str) -> str:
        """How many places a sweep visits."""
        return self.size(size.removeprefix("size_"))

    def begin(self, view: str) -> str:
        """Where the places that sweeps visit begin in an array."""
        return view

    #: The number of the first place, empty for 0, and which thread keeps what a row has one of.
    start, alone = "", "thread == 0"

    def lengths(self) -> list[str]:
        """The lengths of the axes that are swept over."""
        found = []
        for node in every(self.kernel.nodes):
            if isinstance(node, Sweep):
                size = node.loops[0][1].removeprefix("size_")
                found.append(self.size(size))
        return found

    def offset(self, array: str) -> str:
        """How far apart the rows of an array lie."""
        width = self.width(array)
        return f"({width})" if " * " in width else width

    def own_numbers(self) -> Iterator[str]:
        """What a sample has one number of, read once; a label that names nothing makes the results NaN."""
        read: dict[str, Element] = {}
        for value in self.everything():
            for leaf in leaves([value]):
                if isinstance(leaf, Element) and is_own(leaf) and leaf.array != "seed":
                    read.setdefault(sample_name(leaf), leaf)
        for name, leaf in read.items():
            yield f"{name} = {self.from_array(leaf)}"
        used = [label for label in self.labels if f"{label.rstrip('_')}_n" in read]
        for number, label in enumerate(used):
            name = f"{label.rstrip('_')}_n"
            if number == 0:
                yield f"live = live and not (options & IGNORE and {name} == ignore)"
            test = f"0 <= {name} and {name} < {self.size(self.labels[label])}"
            yield f"valid = {'valid and ' if number else ''}{test}"
        for label in used:
            name = f"{label.rstrip('_')}_n"
            yield f"{name} = {name} if valid else 0"
        running = [n.variable for n in self.kernel.nodes if isinstance(n, Let) and n.value == START + ROW]
        yield from (f"{name} = {'first + ' if self.parted else ''}row" for name in running)

    @property
    def poisoned(self) -> bool:
        """Whether a row may turn out to have a label that names nothing."""
        return bool(self.labels)

    def everything(self) -> Iterator[sympy.Expr]:
        """All expressions of the kernel."""
        kernel = self.kernel

        def of(nodes: Iterable[Node]) -> Iterator[sympy.Expr]:
            for node in nodes:
                if isinstance(node, Let):
                    yield node.value
                elif isinstance(node, Store):
                    yield node.value
                    yield from map(sympy.sympify, node.subscripts)
                elif isinstance(node, Sweep):
                    for body in node.body:
                        yield from of(body)
                    yield from (a.value for a in node.accumulations)
                elif isinstance(node, ForEach):
                    yield from of(node.body)

        yield from of(kernel.preamble)
        yield from of(kernel.nodes)
        yield from (result.value for result in kernel.row_results)
        if kernel.sample_weight:
            yield from of(kernel.sample_weight[0])
            yield kernel.sample_weight[1]

    def weight(self) -> Iterator[str]:
        """The weight of a sample: the caller's times the sample's own."""
        yield f"weight_n = _weight_{self.suffix}(weight, row, options)"
        if self.kernel.sample_weight is not None:
            nodes, value = self.kernel.sample_weight
            yield from self.lets(nodes)
            yield f"weight_n *= {self.printer.real(value)}"

    def value(self, value: sympy.Expr) -> Iterator[str]:
        """The weighted value of a sample, collected and kept by one thread of the row."""
        text = f"{self.printer.real(value, PRODUCT)} * weight_n"
        yield f"loss = {text}" + (f" if valid else {self.nan}" if self.poisoned else "")
        yield f"if {self.alone}:"
        yield f"    high, low = _plus_{self.suffix}(high, low, loss)"
        yield "    if options & KEEP:"
        yield "        _put(losses, row, loss)"

    def cleared(self) -> Iterator[str]:
        """Zeros for a sample that does not count."""
        for argument in self.kernel.arguments:
            if argument.written and argument.number == "real":
                first = f"row * {self.offset(argument.name)}"
                yield f"_clear_row_{self.suffix}({argument.name}, {first}, {self.width(argument.name)})"
                self.helpers.add(f"_clear_row_{self.suffix}")
        if self.kernel.term:
            yield f"if options & KEEP and {self.alone}:"
            yield f"    _put(losses, row, {self.zero})"

    # --- nodes ---------------------------------------------------------------------------------------------------

    def nodes(self, nodes: Iterable[Node]) -> list[str]:
        """The text of the nodes of a row."""
        lines: list[str] = []
        for node in nodes:
            if isinstance(node, Let):
                lines += self.let(node)
            elif isinstance(node, Store):
                lines += self.store(node)
            elif isinstance(node, Sweep):
                lines += self.sweep(node)
            elif isinstance(node, ForEach):
                lines += [f"for {node.variable} in range({self.loop_size(node)}):", *indented(self.nodes(node.body))]
            elif not isinstance(node, View):
                raise AssertionError(f"no text for {node}")
        return lines

    def let(self, let: Let) -> list[str]:
        """The text of a let, which may read an entry of the row that all its threads need."""
        self.gathered |= any(isinstance(leaf, Element) and leaf.array in self.views for leaf in leaves([let.value]))
        return self.lets([let])

    def loop_size(self, loop: ForEach) -> str:
        """How often the threads of a row go through a loop."""
        return self.size(loop.size.removeprefix("size_"))

    def store(self, store: Store) -> list[str]:
        """A number of the row, stored by one thread."""
        element = Element(store.array, store.subscripts)
        place = self.from_array(element)
        if self.argument(element).number == "int":
            return ["if thread == 0:", f"    {place} = {self.printer.value(store.value)}"]
        inside = place.removeprefix("_get(").removesuffix(")")
        return ["if thread == 0:", f"    _put({inside}, {self.result(store.value)})"]

    def result(self, value: sympy.Expr) -> str:
        """The text of a stored number: NaN in a row with a label that names nothing."""
        return (
            f"{self.printer.real(value, BRANCH)} if valid else {self.nan}"
            if self.poisoned
            else self.printer.real(value)
        )

    def kept(self) -> list[str]:
        """The row arrays that more than one sweep over axes of one length reads, in the order of their first."""
        lengths = set(self.lengths())
        counts: Counter[str] = Counter()
        for node in self.kernel.nodes:
            if isinstance(node, Sweep):
                counts.update(dict.fromkeys(dict.fromkeys(self.swept(node)), 1))
        return [array for array, times in counts.items() if times > 1] if len(lengths) == 1 else []

    def swept(self, sweep: Sweep) -> Iterator[str]:
        """The arrays of real numbers that a sweep reads at its own place."""
        axis = sweep.loops[0][0]
        for leaf in self.reads(sweep):
            argument = self.argument(leaf) if self.at_place(leaf, axis) else None
            plain = argument is not None and argument.number == "real" and not argument.expandable
            if argument is not None and plain and not argument.written:
                yield argument.name

    def reads(self, sweep: Sweep) -> list[sympy.Symbol]:
        """What the body of a sweep reads."""
        values = [a.value for a in sweep.accumulations]
        values += [node.value for node in sweep.body[0] if isinstance(node, Store)]
        return needed(sweep.body[0], values)

    def at_place(self, leaf: sympy.Symbol, axis: str) -> bool:
        """Whether a leaf is an element of the row at the place that a sweep visits."""
        return bool(
            isinstance(leaf, Element) and leaf.array in self.views and leaf.subscripts == (Variable(axis, True),)
        )

    def sweep(self, sweep: Sweep) -> list[str]:
        """One visit of the row: a function of one place, the loops, and what the threads have collected combined."""
        self.sweeps += 1
        (axis, size), body = sweep.loops[0], sweep.body[0]
        stores = [node for node in body if isinstance(node, Store)]
        reads = self.reads(sweep)
        loads: list[Load] = []
        named: dict[str, str] = {}
        for leaf in reads:
            if self.at_place(leaf, axis):
                argument = self.argument(leaf)
                lets = [n.variable for n in body if isinstance(n, Let) and n.value == leaf]
                name = lets[0] if lets else f"{argument.name.rstrip('_')}_{axis}"
                named[leaf.name] = name
                staged = self.staged.index(argument.name) if argument.name in self.staged else None
                text = self.from_array(Element(self.begin(leaf.array), (Variable("{at}", True),)))
                wide = argument.number == "real" and not argument.expandable
                fresh = staged is not None and argument.name not in self.filled
                if staged is not None:
                    self.filled.add(argument.name)
                short = self.short(argument)
                loads.append(Load(name, argument.name, self.begin(leaf.array), wide, short, text, staged, fresh))
        others = [leaf for leaf in reads if leaf.name not in named]
        uniform = [name for name in self.names_of(others) if name != axis]
        place = any(isinstance(leaf, Variable) and leaf.name == axis for leaf in leaves([*self.sweep_values(sweep)]))
        plain = self.printer.read
        self.printer.read = lambda element: named[element.name] if element.name in named else plain(element)
        lines = [f"{axis} = place"] if place and axis in self.names_of([*others]) else []
        lines += self.lets(body)
        returned, results, saves, collect, after = [], [], [], {}, []
        before = []
        for store in stores:
            array = self.views.get(store.array, store.array)
            name = f"{array.rstrip('_')}_{axis}"
            results.append(name)
            returned.append(self.result(store.value))
            saves.append(Save(name, array, self.begin(store.array), short=self.short(self.records[array])))
        for accumulation in sweep.accumulations:
            start, take, combine, value = self.collected(accumulation, lines)
            results.append(f"{accumulation.variable}_{axis}")
            returned.append(value)
            before.append(start)
            collect[f"{accumulation.variable}_{axis}"] = take
            after.append(combine)
        self.printer.read = plain
        if self.poisoned and stores:
            uniform.append("valid")
        visit = Visit(
            self.dtype,
            f"_{self.kernel.name}_{self.suffix}_sweep{self.sweeps}",
            count=self.count(size),
            first="thread",
            step="threads",
            loads=loads,
            uniform=uniform,
            place=bool(lines and lines[0] == f"{axis} = place"),
            start=self.start,
            lead=self.lead,
            results=results,
            saves=saves,
            collect=collect,
        )
        doc = f"One place of a row: {', '.join(results)}."
        self.function(visit.function, visit.arguments, doc, lines, returned)
        # What other threads still read may lie where this one is about to write.
        waits = stores and (self.gathered or any(isinstance(leaf, Element) for leaf in others))
        self.gathered = self.gathered and not waits
        return [*before, *(["_row_sync()"] if waits else []), *visit.lines(), *after]

    def sweep_values(self, sweep: Sweep) -> Iterator[sympy.Expr]:
        """All expressions in a sweep, with what each load already stands for left out."""
        axis = sweep.loops[0][0]
        for value in (
            *(node.value for node in sweep.body[0] if isinstance(node, Let | Store)),
            *(a.value for a in sweep.accumulations),
        ):
            own = [leaf for leaf in value.atoms(sympy.Symbol) if self.at_place(leaf, axis)]
            yield value.xreplace({leaf: Variable(f"own {leaf.name}") for leaf in own})

    def collected(self, a: Accumulation, lines: list[str]) -> tuple[str, str, str, str]:
        """How an accumulation begins, takes a value and is combined, and the text of its value at one place."""
        words = {"name": a.variable, "zero": self.zero, "f": self.suffix}
        start, take = (text.format(**words) for text in COLLECT[a.kind])
        combine = COMBINE[a.kind].format(**words)
        if a.kind == "count":
            value = f"np.int32(1) if {self.printer.condition(a.value)} else np.int32(0)"
        elif a.kind == "norm":
            lines.append(f"{a.variable}_entry = {self.printer.real(a.value)}")
            value = f"{a.variable}_entry * {a.variable}_entry"
        elif a.kind == "largest":
            value = f"abs({self.printer.real(a.value)})"
        else:
            value = self.printer.real(a.value)
        return start, take, combine, value


def every(nodes: Iterable[Node]) -> Iterator[Node]:
    """All nodes, with those inside loops over another axis."""
    for node in nodes:
        yield node
        if isinstance(node, ForEach):
            yield from every(node.body)
