"""Print a kernel with the loop over samples innermost, for samples with few entries.

A sample's numbers that a later loop reads stand in workspaces, ``t1_rows[row]``; its entries in turned copies,
``z_columns[k, row]``. So every loop that computes runs through the samples of a chunk, side by side in memory, and
vectorises, where one through the few entries of a sample would be over before it has begun.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import sympy

from symloss.emit.numba_cpu.checks import InputCheck
from symloss.emit.numba_cpu.expressions import ATOM, is_condition
from symloss.emit.numba_cpu.kernels import KernelPrinter
from symloss.emit.numba_cpu.sweeps import better, indented
from symloss.lowering.functions import Element, is_integer, leaves, unguarded
from symloss.lowering.rows import ROW
from symloss.lowering.schedule import Accumulation, Argument, Kernel, Let, Node, Sweep, View, expressions

#: The longest sample that is visited this way.
LONGEST = 32

#: The most reductions in a sample that is visited this way. LLVM vectorises each in loops of its own: with four of them
#: (soft targets) a first call took 2.0 s where 2 s are to be enough, with seven (smoothed labels) 2.2 s.
FEW = 3

#: How much longer than a chunk the columns of entries are: if their distance were a power of two, all would lie in a
#: few sets of the first-level cache and displace each other (2.5 times slower at 32 entries in double precision).
PADDING = 16

#: What a sum is made of: one expression per sample, and the lines that use it.
Result = tuple[sympy.Expr, Callable[[], list[str]]]


@dataclass
class AcrossPrinter(KernelPrinter):
    """Prints the text of one kernel for samples with few entries.

    ``rows`` and ``columns`` give by workspace the dtype of its numbers, one per sample or one per entry.
    """

    rows: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The function's name."""
        return f"{self.kernel.name}_short_{self.printer.suffix}"

    @property
    def by_row(self) -> bool:
        """Samples are visited side by side."""
        return False

    @property
    def axis(self) -> str:
        """The axis inside a sample."""
        return str(self.kernel.short_axis(self.program))

    def lines(self) -> list[str]:
        """The text of the function, decorator included."""
        self.rows |= {name: dtype for name, _, dtype in super().workspaces() if name not in self.kernel.scratch}
        return super().lines()

    def workspaces(self) -> list[tuple[str, str, str]]:
        """One array for all workspaces of a shape and a dtype: to pass one more costs as much as a hundred numbers."""
        return [
            (_space(kind, dtype), f"({len(names)}, {shape})", dtype)
            for kind, shape in (("rows", "chunk"), ("columns", f"size_{self.axis}, chunk + {PADDING}"))
            for dtype, names in self._alike(kind).items()
        ]

    def unpacked(self) -> list[str]:
        """Names for parts of workspaces."""
        return [
            f"{', '.join(names)} = {', '.join(f'{_space(kind, dtype)}[{place}]' for place in range(len(names)))}"
            for kind in ("rows", "columns")
            for dtype, names in self._alike(kind).items()
        ]

    def _alike(self, kind: str) -> dict[str, list[str]]:
        """The workspaces of one kind by dtype."""
        found: dict[str, list[str]] = {}
        for name, dtype in (self.rows if kind == "rows" else self.columns).items():
            found.setdefault(dtype, []).append(name)
        return found

    # --- what is done for a chunk --------------------------------------------------------------------------------

    def slices(self) -> Iterator[str]:
        """The samples of this chunk, their labels, and turned copies of their entries."""
        yield from super().slices()
        show, live = self.printer, " if live[row] else 0" if self.maskable else ""
        for array in self.kernel.scratch:
            show.rows[array] = f"{self._columns(array.removesuffix('_row'), self.real_type)}[{{}}, row]"
        labels, entries = [], []
        for argument in self.kernel.arguments:
            if not argument.chunked:
                continue
            # A sample that is masked may hold any label, and what is computed for it is dropped.
            label = argument.number == "int" and argument.name in self.program.tensors
            if len(argument.axes) > 1:
                columns = self._columns(argument.name, self._kind(argument))
                if not argument.written or is_read(self.kernel, argument):
                    entry = f"{argument.name}_chunk[row, {self.axis}]{live if label else ''}"
                    entries.append(f"{columns}[{self.axis}, row] = {entry}")
            elif label:
                self.rows[f"{argument.name}_rows"] = self._integer
                show.worded[f"{argument.name}_chunk[row]"] = f"{argument.name}_rows[row]", ATOM
                labels.append(f"{argument.name}_rows[row] = {argument.name}_chunk[row]{live}")
        yield from self.each_sample(labels) if labels else []
        yield from self._turning(entries)

    def intrinsic(self, nodes: list[Node], value: sympy.Expr) -> Iterator[str]:
        """The weights of the samples, each multiplied by its own (of its class)."""

        def lines() -> list[str]:
            seed = ["seed[row] = weights[row] / denominator"] if self.kernel.seeded else []
            return [f"weights[row] = weight_chunk[row] * {self.printer.real(value, ATOM)}", *seed]

        yield from self._across(nodes, [(value, lines)])

    def samples(self) -> Iterator[str]:
        """All that is computed for the samples of a chunk."""

        results = [(result.value, partial(self.results, [result])) for result in self.kernel.row_results]
        yield from self._across(self.kernel.nodes, results)
        written = [argument.name for argument in self.kernel.arguments if argument.written and len(argument.axes) > 1]
        yield from self._turning(
            f"{name}_chunk[row, {self.axis}] = {name}_columns[{self.axis}, row]" for name in written
        )

    def check(self, check: InputCheck) -> Iterator[str]:
        """Stop at a chunk that holds a violation in a live sample."""
        if len(check.tensor.axes) == 1:
            yield from super().check(check)
            return
        counts = "live[row] & " if self.maskable else ""
        body = [
            f"entry = {check.tensor.name}_columns[{self.axis}, row]",
            f"wrong |= {counts}({check.outside('entry')})",
        ]
        simplex = check.tensor.domain.kind == "simplex"
        lines = []
        if simplex:
            self.rows["totals"] = "np.float64"
            lines += self.each_sample(["totals[row] = 0.0"])
            body.append("totals[row] += entry")
        lines += [f"for {self.axis} in range(size_{self.axis}):", *indented(self.each_sample(body))]
        if simplex:
            far = f"abs(totals[row] - 1.0) > 4 * size_{self.axis} * {check.bounds[0]}"
            lines += self.each_sample([f"wrong |= {counts}({far})"])
        yield "wrong = False"
        yield from lines if check.always else ["if validate:", *indented(lines)]
        yield "if wrong:"
        yield f"    failed[c, 0], failed[c, 1] = {check.number + 1}, start"
        yield "    continue"

    def constraints(self) -> Iterator[str]:
        """Stop at the first live sample that violates a constraint."""
        for number, (nodes, violated) in self.kernel.constraints:
            first = f"wrong_{number}"

            def found(first: str = first, violated: sympy.Expr = violated) -> list[str]:
                counts = "live[row] & " if self.maskable else ""
                here = f"here = row if {counts}({self.printer.condition(violated)}) else rows"
                return [here, f"{first} = here if here < {first} else {first}"]

            yield f"{first} = rows"
            yield "if validate:"
            yield from indented(self._across(nodes, [(violated, found)]))
            yield f"if {first} < rows:"
            yield f"    failed[c, 0], failed[c, 1] = {number + 1}, start + {first}"
            yield "    continue"

    # --- loops -----------------------------------------------------------------------------------------------------

    def _across(self, nodes: Iterable[Node], results: Sequence[Result]) -> Iterator[str]:
        """Each sweep as loops of its own, and what lies between two as one; ``results`` as part of the last."""
        parts: list[list[Node]] = [[]]
        for node in nodes:
            if isinstance(node, View):
                name = node.array.removesuffix("_chunk")
                self.printer.rows[node.variable] = f"{name}_columns[{{}}, row]"
            elif isinstance(node, Sweep):
                parts += [[node], []]
            else:
                parts[-1].append(node)
        yield from self._begun(
            [a for part in parts for node in part if isinstance(node, Sweep) for a in node.accumulations]
        )
        read = [_variables(part) for part in parts]
        read[-1] |= {leaf.name for leaf in leaves(value for value, _ in results)}
        for number, part in enumerate(parts):
            if part and isinstance(part[0], Sweep):
                yield from self._swept(part[0])
                continue
            last = number == len(parts) - 1
            part = [node for node in part if not self._is_stored(node)]
            values = [value for node in part for value in expressions(node)] + [value for value, _ in results if last]
            yield from self._picked(values, {node.variable for node in part if isinstance(node, Let)})
            part = [node for node in part if not self._is_stored(node)]
            later = set().union(*read[number + 1 :])
            kept = [node for node in part if isinstance(node, Let) and node.variable in later]
            for node in kept:
                self.rows[f"{node.variable}_rows"] = self._kind(node)
            after = [f"{node.variable}_rows[row] = {node.variable}" for node in kept]

            def rest(after: list[str] = after, last: bool = last) -> list[str]:
                return [*after, *(line for _, text in results if last for line in text())]

            yield from self._sorted(part, rest)
            for node in kept:
                self.printer.worded[node.variable] = f"{node.variable}_rows[row]", ATOM

    def _sorted(self, nodes: Iterable[Node], rest: Callable[[], list[str]], *indices: str) -> Iterator[str]:
        """The loops over samples that compute nodes and what is done after them, inside loops over ``indices``."""
        loops, handed_on = self.loops(nodes, rest, "{}_rows[row]", indices)
        self.rows |= {f"{name}_rows": self.real_type for name in handed_on}
        for lines in loops:
            yield from self.each_sample(lines) if lines else []

    def named(self) -> set[str]:
        """All names that loops use."""
        return super().named() | {name.removesuffix("_rows") for name in self.rows}

    def _is_stored(self, node: Node) -> bool:
        """Whether a node only names a number that stands in a workspace; it is read there from now on."""
        value = node.value if isinstance(node, Let) else sympy.S.Zero
        text = self.printer.worded.get(value.name, (value.name, ATOM))[0] if value.is_Symbol else ""
        if not isinstance(node, Let) or text.removesuffix("[row]") not in self.rows:
            return False
        self.printer.worded[node.variable] = text, ATOM
        return True

    def _picked(self, values: Iterable[sympy.Expr], own: set[str]) -> Iterator[str]:
        """Entries at places that the data say, such as labels, for a loop that does not compute these places itself.

        Where such an entry is read LLVM cannot know, so that it vectorises no loop that writes anything beside.
        """
        found = dict.fromkeys(e for value in values for e in unguarded(value) if e.subscripts != (ROW,))
        lines = []
        for element in sorted(found, key=str):
            inside = leaves(element.subscripts)
            if not inside or element.name in self.printer.worded or own & {leaf.name for leaf in inside}:
                continue
            places = "_".join(map(self.printer.integer, element.subscripts)).replace("_rows[row]", "")
            name = re.sub(r"\W+", "_", f"{element.array.removesuffix('_row')}_at_{places}_rows")
            self.rows[name] = self._integer if element.is_integer else self.real_type
            lines.append(f"{name}[row] = {self.printer.element(element)}")
            self.printer.worded[element.name] = f"{name}[row]", ATOM
        yield from self.each_sample(lines) if lines else []

    def _swept(self, sweep: Sweep) -> Iterator[str]:
        """One visit of every entry of the samples."""
        axis, size = sweep.loops[0]

        def entries() -> list[str]:
            lines = []
            for a in sweep.accumulations:
                wide = f"{a.variable}_here[row] = {self.printer.real(a.value)}" if self._is_wide(a) else ""
                lines += [wide] if wide else self._add(a, f"{a.variable}_rows[row]", "")
            return lines

        visit = list(self._sorted(sweep.body[-1], entries, axis))
        apart: list[str] = []
        after: list[str] = []
        for a in sweep.accumulations:
            kept = f"{a.variable}_rows[row]"
            if self._is_wide(a):
                # Added in a loop of its own: one that writes float64 takes two steps where one does for float32.
                entry, total = f"{a.variable}_here", f"{a.variable}_wide[row]"
                self.rows[entry] = self.real_type
                apart += self._add(a, total, f"{entry}[row]")
                after.append(f"{kept} = {f'math.sqrt({total})' if a.kind == 'norm' else total}")
            else:
                after += [f"{kept} = math.sqrt({kept})"] if a.kind == "norm" else []
            self.printer.worded[a.variable] = kept, ATOM
        yield f"for {axis} in range({size}):"
        yield from indented([*visit, *(self.each_sample(apart) if apart else [])])
        yield from self.each_sample(after) if after else []

    def _is_wide(self, a: Accumulation) -> bool:
        """Whether an accumulation is kept in a wider type than its entries."""
        return a.kind in ("sum", "norm") and self.printer.dtype == "float32"

    def _begun(self, accumulations: Iterable[Accumulation]) -> Iterator[str]:
        """What accumulations start with: by width, for loops of one width vectorise best."""
        starts: dict[str, list[str]] = {"_rows": [], "_wide": []}
        for a in accumulations:
            self.rows[f"{a.variable}_rows"] = self._integer if a.kind == "count" else self.real_type
            if self._is_wide(a):
                self.rows[f"{a.variable}_wide"] = "np.float64"
            ending = "_wide" if self._is_wide(a) else "_rows"
            starts[ending].append(f"{a.variable}{ending}[row] = {self._first(a)}")
        for lines in starts.values():
            yield from self.each_sample(lines) if lines else []

    def _first(self, a: Accumulation) -> str:
        """What an accumulation starts with."""
        if a.kind == "count":
            return "0"
        if self._is_wide(a):
            return "0.0"
        return self.printer.number({"max": -sympy.oo, "min": sympy.oo}.get(a.kind, sympy.S.Zero))

    def _add(self, a: Accumulation, kept: str, entry: str) -> list[str]:
        """Add an entry (no text: its expression's) to what is kept of a sample."""
        if a.kind == "count":
            return [f"{kept} += 1 if {self.printer.condition(a.value)} else 0"]
        if a.kind == "sum":
            return [f"{kept} += {entry or self.printer.real(a.value)}"]
        name = f"{a.variable}_entry"
        if a.kind == "norm":
            wide = f"np.float64({entry})" if entry else self.printer.real(a.value)
            return [f"{name} = {wide}", f"{kept} += {name} * {name}"]
        if a.kind == "largest":
            return [f"{name} = abs({self.printer.real(a.value)})", f"{kept} = {better('max', name, kept)}"]
        return [f"{name} = {self.printer.real(a.value)}", f"{kept} = {better(a.kind, name, kept)}"]

    def _turning(self, lines: Iterable[str]) -> list[str]:
        """A loop over the entries of the samples as they lie in memory."""
        found = list(lines)
        return self.each_sample([f"for {self.axis} in range(size_{self.axis}):", *indented(found)]) if found else []

    # --- workspaces ------------------------------------------------------------------------------------------------

    @property
    def _integer(self) -> str:
        """Integers as wide as the numbers beside them in a loop; no axis has 2^31 entries."""
        return "np.int32" if self.printer.dtype == "float32" else "np.int64"

    def _kind(self, what: Let | Argument) -> str:
        """The dtype of a workspace for what is computed once per sample, or for an array's entries."""
        if isinstance(what, Argument):
            return {"int": "np.int64", "bool": "np.bool_"}.get(what.number, self.real_type)
        if is_condition(what.value):
            return "np.bool_"
        return self._integer if is_integer(what.value) else self.real_type

    def _columns(self, name: str, dtype: str) -> str:
        """A workspace with the entries of the samples."""
        self.columns[f"{name}_columns"] = dtype
        return f"{name}_columns"


def is_read(kernel: Kernel, argument: Argument) -> bool:
    """Whether a kernel reads a sample's entries of an array."""
    rows = {n.variable for n in kernel.nodes if isinstance(n, View) and n.array == f"{argument.name}_chunk"}
    values = [value for node in kernel.nodes for value in expressions(node)]
    values += [result.value for result in kernel.row_results]
    return any(isinstance(leaf, Element) and leaf.array in rows for leaf in leaves(values))


def _space(kind: str, dtype: str) -> str:
    """The array of all workspaces of a kind and a dtype."""
    return f"{kind}_{dtype.removeprefix('np.').rstrip('_')}"


def _variables(nodes: Iterable[Node]) -> set[str]:
    """The names of the variables that nodes read."""
    return {leaf.name for node in nodes for leaf in leaves(expressions(node))}
