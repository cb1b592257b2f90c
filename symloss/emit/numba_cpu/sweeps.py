"""Print what is done inside a sample: single statements, and sweeps over its entries with what these accumulate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import sympy

from symloss.emit.numba_cpu.checks import BLOCK, PLACE, InputCheck, least
from symloss.emit.numba_cpu.expressions import ExpressionPrinter, is_condition
from symloss.emit.numba_cpu.parts import Parted
from symloss.emit.numba_cpu.wide import WIDE, Widened
from symloss.lowering.functions import Element, is_integer
from symloss.lowering.rows import ROW, START
from symloss.lowering.schedule import Accumulation, ForEach, Kernel, Let, Node, Store, Sweep, View
from symloss.program import Program

#: What a maximum or a minimum of nothing is.
NEUTRAL = {"max": "-np.inf", "min": "np.inf"}

#: What a number is to the kept one that it replaces.
_SIGN = {"max": ">", "min": "<"}

_START_VALUE = {"sum": "0.0", "norm": "0.0", "count": "0"}


@dataclass
class SweepPrinter:
    """Prints the statements of a kernel for one dtype; `KernelPrinter` puts a function around them.

    ``maskable`` says whether samples may be masked; those of a loss whose samples interact are taken away instead.
    ``taken`` gives by array between kernels the one whose memory it takes over; ``like`` names the kernel of the same
    text that runs in place of this one. Of the arrays ``tiled`` only rows from sample ``begin`` on are there, where
    a chunk begins. ``blocks`` collects the workspaces that hold a block of entries, with their dtypes.
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
    widened: Widened | None = field(init=False, default=None)

    # --- where things are --------------------------------------------------------------------------------------------

    @property
    def real_type(self) -> str:
        """The NumPy name of the dtype."""
        return f"np.{self.printer.dtype}"

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

    def own(self, name: str, *inner: str) -> str:
        """The entry, or the row, that the sample at hand has in an array."""
        if not self.by_row:
            return f"{name}_chunk[{', '.join(['row', *inner])}]"
        expandable = any(a.name == name and a.expandable and a.chunked for a in self.kernel.arguments)
        at = f"{self.kernel.axis} * {name}_step" if expandable else str(self.kernel.axis)
        if name in self.tiled:
            at = f"{at} - begin"
        return f"{name}[{', '.join([at, *inner])}]"

    def named(self) -> set[str]:
        """All names that the kernel's own loops use."""
        kernel = self.kernel
        weighing = kernel.sample_weight[0] if kernel.sample_weight else []
        found = {*kernel.parameters, *kernel.scratch, *(result.name for result in kernel.row_results)}
        found |= {name for a in kernel.arguments for name in (a.name, f"{a.name}_chunk")}
        return found.union(*map(_defined, (*kernel.preamble, *kernel.nodes, *weighing)))

    # --- statements --------------------------------------------------------------------------------------------------

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

    def collect(self, place: str, entry: str, node: Store) -> list[str]:
        """Add one sample's number to what its chunk has collected in double precision."""
        value = self.printer.real(node.value)
        if node.kind in ("max", "min"):
            return [f"{entry} = float({value})", f"{place} = {better(node.kind, entry, place)}"]
        if node.kind == "norm":
            return [f"{entry} = float({value})", f"{place} += {entry} * {entry}"]
        return [f"{place} += {value}"]

    def loops(
        self, nodes: Iterable[Node], rest: Callable[[], list[str]], place: str, indices: Iterable[str] = ()
    ) -> tuple[list[list[str]], list[str]]:
        """The lines of nodes, and of what is done after them, by loop; and what these hand on in workspaces.

        ``place`` is what an entry of such a workspace is called; ``indices`` run through the entries of a sample.
        """
        listed = list(nodes)
        parted = Parted(self.printer, place, {str(ROW), *indices}, self.named())
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

    # --- sweeps ------------------------------------------------------------------------------------------------------

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
            loops, handed_on = self.loops(body, visits, "{}_block[lane]", [index for index, _ in sweep.loops])
            self.blocks |= {f"{name}_block": self.real_type for name in handed_on}
            loops[0][:0] = inner
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
            loop = [f"for {axis} in range({size}):", *indented([*inner, *self.nodes(body), *visits()])]
        self.printer.blocked = None
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

    def _lanes(self, axis: str, lines: list[str]) -> list[str]:
        """A loop over the entries of a block."""
        place = [f"{axis} = {PLACE}"] if any(re.search(rf"\b{axis}\b", line) for line in lines) else []
        return ["for lane in range(count):", *indented([*place, *lines])]

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

    def _start(self, a: Accumulation) -> str:
        if a.kind in _START_VALUE:
            return f"{a.variable} = {_START_VALUE[a.kind]}"
        return f"{self._kept(a)} = {self._neutral(a)}"

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

    # --- what sweeps accumulate --------------------------------------------------------------------------------------

    @property
    def _bits(self) -> str:
        """Integers as wide as the dtype: magnitudes are ordered as their bits are, and NaN comes last."""
        return "np.int32" if self.printer.dtype == "float32" else "np.int64"

    def _kept(self, a: Accumulation) -> str:
        """The variable that holds the integer of the largest number so far, or of the smallest."""
        return f"{a.variable}_{'bits' if a.kind == 'largest' else 'order'}"

    def _neutral(self, a: Accumulation) -> str:
        """What a block starts with, as an integer no wider than the data: else these would be computed by halves."""
        if a.kind in NEUTRAL:
            return self._order(a, self.printer.number(-sympy.oo if a.kind == "max" else sympy.oo))
        return f"{self._bits}(0)"

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
