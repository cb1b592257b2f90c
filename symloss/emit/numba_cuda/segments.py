"""Print the kernels for rows that several blocks share, a segment each: one kernel per phase.

The kernel of a phase does what the kernel for whole rows does up to the phase's sweeps, but takes what earlier phases
found from memory, combined over the segments in one fixed order by every block alike. What a row has one of (the loss
of a sample) is left to the block of the first segment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import sympy

from symloss.emit.numba_cuda.dead import without_dead
from symloss.emit.numba_cuda.kernels import Printed, indented
from symloss.emit.numba_cuda.phases import Merge, Phase, gathered, phases
from symloss.emit.numba_cuda.rows import COLLECT, COMBINE, RowKernel
from symloss.lowering.functions import Element, Gap, Variable
from symloss.lowering.schedule import Accumulation, Let, Store, Sweep


def phase_kernels(whole: RowKernel) -> list[PhaseKernel]:
    """The kernels that do the same as one for whole rows where several blocks share a row; none where they cannot."""
    found = phases(whole.kernel)
    if not found or not whole.count(found[0].sweeps[0].loops[0][1]).startswith("size_"):
        return []
    count = len(found) + bool(found[-1].merges)
    return [
        PhaseKernel(
            whole.kernel,
            whole.program,
            whole.dtype,
            whole.term,
            whole.labels,
            whole.results,
            phases=found,
            number=number,
            last=number == count - 1,
        )
        for number in range(count)
    ]


@dataclass
class PhaseKernel(RowKernel):
    """The kernel of one phase; the last one may have no sweeps of its own, for then all segments are done."""

    phases: tuple[Phase, ...] = ()
    number: int = 0
    last: bool = False
    gathers: list[Element] = field(default_factory=list)
    begins: dict[str, str] = field(default_factory=dict)
    spends: bool = True

    start, alone = "start", "thread == 0 and segment == 0"

    def __post_init__(self) -> None:
        """What the first phase hands on for later ones."""
        super().__post_init__()
        self.begins = {self.begin(view): array for view, array in self.views.items()}
        self.views |= self.begins
        if len(self.phases) > 1 or self.phases[0].merges:
            self.gathers = [one for one in gathered(self.kernel) if self.argument(one).number == "real"]

    @property
    def name(self) -> str:
        """The kernel's name."""
        return f"{self.kernel.name}_phase{self.number + 1}_{self.suffix}"

    @property
    def sweeps_here(self) -> tuple[Sweep, ...]:
        """The sweeps of this phase."""
        return self.phases[self.number].sweeps if self.number < len(self.phases) else ()

    def printed(self) -> Printed:
        """The text of the kernel; its functions are those of the kernel for whole rows."""
        whole = self.kernel
        self.sweeps = 0
        self.staged = self.kept()
        self.filled: set[str] = set()
        nodes = self.phase()
        seeded = whole.seeded and _named("seed", nodes)
        self.kernel = replace(whole, term=whole.term if self.last else None, seeded=seeded)
        value = [line for result in whole.row_results if self.last for line in self.value(result.value)]
        self.spends = seeded or bool(value)
        seed = [f"seed = _seed_{self.suffix}(weight_n, divisor)"] if seeded else []
        weight = list(self.weight()) if self.spends else []
        keep, drop = self.handed_on()
        live = [*self.taken(), *weight, *seed, *nodes, *value, *keep]
        dead = [*self.cleared(), *drop]
        own = list(self.own_numbers())
        rows = [
            *self.rows(live),
            "live = _live(mask, row, options)",
            *own,
            "if live:",
            *indented(live),
            *(["else:", *indented(dead)] if dead else []),
            "row += _stride(np.int64(cuda.gridDim.x) * cuda.blockDim.y)",
        ]
        body = [*self.place(), *self.opening(), *self.lets(whole.preamble), "while row < samples:", *indented(rows)]
        if self.kernel.term:
            body += ["if segment == 0:", f"    _block_sum_{self.suffix}(high, low, partial)"]
        body = without_dead(body)
        self.kernel = replace(
            self.kernel,
            arguments=[one for one in whole.arguments if _named(one.name, body)],
            parameters=[one for one in whole.parameters if _named(one, body)],
        )
        return self.assembled(
            self.doc(),
            body,
            "segments" if self.sweeps_here else "merged",
            sizes=[self.size_here] if self.sweeps_here else [],
            staged=len(self.staged),
            packed=self.packed,
            kept=len(self.slots),
        )

    def doc(self) -> str:
        """The docstring of the kernel."""
        if not self.sweeps_here:
            return f"Step {self.number + 1} for rows in segments: what these found, combined; a partial sum per block."
        return f"Step {self.number + 1} for rows in segments: block (b, s) does segment s of rows b, b + grid, …."

    # --- a segment -----------------------------------------------------------------------------------------------

    @property
    def size_here(self) -> str:
        """The length of the axis that is swept over."""
        return super().count(self.phases[0].sweeps[0].loops[0][1])

    def place(self) -> Iterator[str]:
        """Which segment of the rows a block does."""
        yield "segment = np.int64(cuda.blockIdx.y)"
        yield "between = samples * segments"
        if self.sweeps_here:
            yield "start = segment * each"
            yield f"length = each if start + each < {self.size_here} else {self.size_here} - start"

    def rows(self, lines: list[str]) -> Iterator[str]:
        """Where the rows lie, and the segments of them, that the lines name."""
        for view, array in self.views.items():
            if _named(view, lines):
                yield f"{view} = row * {self.offset(array)}" + (" + start" if view in self.begins else "")

    def count(self, size: str) -> str:
        """How many places a sweep visits."""
        return "length"

    def begin(self, view: str) -> str:
        """Where the segment begins in an array."""
        return f"{view}_segment"

    def lengths(self) -> list[str]:
        """The lengths that sweeps of this phase run over."""
        return ["length"] * len(self.sweeps_here)

    def kept(self) -> list[str]:
        """The row arrays that more than one sweep of this phase reads."""
        times: dict[str, int] = {}
        for sweep in self.sweeps_here:
            for array in dict.fromkeys(self.swept(sweep)):
                times[array] = times.get(array, 0) + 1
        return [array for array, count in times.items() if count > 1]

    @property
    def lead(self) -> str:
        """An array of the formula that this phase reads or writes."""
        found = [array for sweep in self.sweeps_here for array in self.swept(sweep)]
        for sweep in self.sweeps_here:
            found += [self.views[node.array] for node in sweep.body[0] if isinstance(node, Store)]
        return next((array for array in found if self.short(self.records[array])), "")

    @property
    def weighted(self) -> bool:
        """Whether weights of the samples matter in this phase."""
        return self.spends

    def more_arguments(self) -> Mapping[str, str]:
        """What the phases hand on, beside what every kernel gives back."""
        handed = {f"kept{number + 1}": "real*" for number in self.handed()}
        own = {f"kept{self.number + 1}": "real*"} if self.slots else {}
        each = {"each": "int64"} if self.sweeps_here else {}
        return {**super().more_arguments(), **handed, **own, "segments": "int64", **each}

    def handed(self) -> list[int]:
        """The earlier phases whose findings this one reads."""
        return [n for n in range(self.number) if self.phases[n].merges or (n == 0 and self.gathers)]

    def cleared(self) -> Iterator[str]:
        """Zeros for a sample that does not count, in what this phase writes."""
        stores = [node for sweep in self.sweeps_here for node in sweep.body[0] if isinstance(node, Store)]
        for array in dict.fromkeys(self.views[store.array] for store in stores):
            self.helpers.add(f"_clear_row_{self.suffix}")
            yield f"_clear_row_{self.suffix}({array}, row * {self.offset(array)} + start, length)"
        if self.kernel.term:
            yield f"if options & KEEP and {self.alone}:"
            yield f"    _put(losses, row, {self.zero})"

    def function(
        self, name: str, arguments: Iterable[str], doc: str, lines: Iterable[str], returned: Iterable[str]
    ) -> None:
        """The kernel for whole rows has the function already."""

    # --- between phases ------------------------------------------------------------------------------------------

    def phase(self) -> list[str]:
        """What stands before this phase's sweeps, the sweeps, and if it is the last one what follows."""
        lines: list[str] = []
        for node in self.kernel.nodes:
            if isinstance(node, Let):
                lines += self.let(node)
            elif isinstance(node, Sweep):
                number = next(n for n, phase in enumerate(self.phases) if node in phase.sweeps)
                if number == self.number:
                    lines += self.sweep(node)
                else:
                    self.sweeps += 1
                if node is self.phases[number].sweeps[-1]:
                    if number == self.number and not self.last:
                        break
                    if number < self.number:
                        lines += self.merged(number)
        return lines

    def taken(self) -> Iterator[str]:
        """What the first phase gathered."""
        for slot, _ in enumerate(self.gathers, len(self.phases[0].merges)):
            if self.number:
                yield f"gathered{slot} = kept1[{_slot(slot, 'row * segments + segment')}]"

    def read(self, element: Element) -> str:
        """An element; one that was gathered by the first phase comes from there."""
        if self.number and element in self.gathers:
            return f"gathered{len(self.phases[0].merges) + self.gathers.index(element)}"
        return super().read(element)

    @property
    def slots(self) -> list[str]:
        """The numbers that every segment of a row hands on."""
        if self.last:
            return []
        found = [
            f"{self.suffix}({merge.variable})" if merge.kind == "count" else merge.variable
            for merge in self.phases[self.number].merges
        ]
        return found + ([self.from_array(element) for element in self.gathers] if not self.number else [])

    def handed_on(self) -> tuple[list[str], list[str]]:
        """What one thread keeps of a segment, and of one whose sample does not count."""
        if not self.slots:
            return [], []
        places = [_slot(slot) for slot in range(len(self.slots))]
        name = f"kept{self.number + 1}"
        first = ["if thread == 0:", "    at = row * segments + segment"]
        keep = [f"    {name}[{place}] = {value}" for place, value in zip(places, self.slots, strict=True)]
        return [*first, *keep], [*first, *(f"    {name}[{place}] = {self.zero}" for place in places)]

    def collected(self, a: Accumulation, lines: list[str]) -> tuple[str, str, str, str]:
        """As for whole rows; the root of a norm is taken when the segments have met."""
        start, take, combine, value = super().collected(a, lines)
        if a.kind == "norm":
            combine = COMBINE["sum"].format(name=a.variable, f=self.suffix)
        return start, take, combine, value

    def merged(self, number: int) -> Iterator[str]:
        """What all segments found in an earlier phase, combined by the threads of the row."""
        merges = self.phases[number].merges
        slots = {merge.variable: slot for slot, merge in enumerate(merges)}

        def kept(variable: str) -> str:
            return f"kept{number + 1}[{_slot(slots[variable])}]"

        plain = [merge for merge in merges if not merge.top]
        measured = [merge for merge in merges if merge.top]
        yield from self.over_segments(plain, [(merge, kept(merge.variable)) for merge in plain])
        tops = dict.fromkeys(merge.top for merge in measured)
        each = [f"{top}_found = {kept(top)}" for top in tops]
        if any(merge.ties for merge in measured):
            for top in tops:
                scale = sympy.exp(Gap(Variable(f"{top}_found"), Variable(top)))
                each.append(f"{top}_scale = {self.printer.real(scale)}")
        values = []
        for merge in measured:
            if merge.ties:
                ties = f"({kept(merge.ties)} if {merge.top}_found < {merge.top} else {self.zero})"
                values.append((merge, f"{merge.top}_scale * ({kept(merge.variable)} + {ties})"))
            else:
                zero = self.zero
                values.append((merge, f"{kept(merge.variable)} if {merge.top}_found == {merge.top} else {zero}"))
        yield from self.over_segments(measured, values, each)

    def over_segments(
        self, merges: list[Merge], values: list[tuple[Merge, str]], each: Iterable[str] = ()
    ) -> Iterator[str]:
        """A loop over the segments of the row that collects values, and these combined over its threads."""
        if not merges:
            return
        words = {merge.variable: {"name": merge.variable, "zero": self.zero, "f": self.suffix} for merge in merges}
        yield from (COLLECT[merge.kind][0].format(**words[merge.variable]) for merge in merges)
        yield "at = row * segments + thread"
        yield "while at < (row + 1) * segments:"
        yield from indented(each)
        for merge, value in values:
            text = f"np.int32({value})" if merge.kind == "count" else value
            yield "    " + COLLECT[merge.kind][1].format(**words[merge.variable]).format(value=text)
        yield "    at += _stride(threads)"
        yield from (COMBINE[merge.kind].format(**words[merge.variable]) for merge in merges)


def _slot(slot: int, at: str = "at") -> str:
    """The place of one of the numbers that segments hand on."""
    return at if not slot else f"{at} + between" if slot == 1 else f"{at} + {slot} * between"


def _named(name: str, lines: Iterable[str]) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in lines)
