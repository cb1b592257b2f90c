"""Print the driver of an entry point: plain Python that runs its kernels and matrix products in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sympy

from symloss.emit.numba_cpu.across import AcrossPrinter
from symloss.emit.numba_cpu.checks import InputCheck, checkable
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.emit.numba_cpu.kernels import KernelPrinter
from symloss.emit.numba_cpu.lanes import CHUNK
from symloss.emit.numba_cpu.sweeps import NEUTRAL
from symloss.emit.numba_cpu.tiles import Tiling
from symloss.lowering.functions import Variable
from symloss.lowering.schedule import Kernel, MatrixProduct, Schedule
from symloss.program import INPUT_ROLES, Program, Read, reads_of, substitute

#: What every driver takes, but for the directions.
DRIVER_ARGUMENTS = "run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs"

#: What generated files call the longest sample that is visited across samples.
SHORT = "SHORT"


@dataclass
class DriverPrinter:
    """Prints one driver for one dtype.

    ``check_numbers`` gives the number in META of the check of each input and constraint; ``terms`` maps each term to
    its batch axis and ``seeds`` to the tensor of its seeds; ``outputs`` are the names of the arrays to fill, in order;
    ``unvisited`` are inputs that kernels read but do not check; ``taken`` gives by array between kernels the one whose
    memory it takes over; ``short`` by kernel the one that runs in its place where samples have few entries; ``tiling``
    says which steps run for some samples at a time.
    """

    schedule: Schedule
    program: Program
    kernels: dict[str, KernelPrinter]
    check_numbers: dict[str, int]
    terms: dict[str, str | None]
    seeds: dict[str, str]
    outputs: list[str]
    directions: list[str]
    totals: dict[str, KernelPrinter] = field(default_factory=dict)
    unvisited: frozenset[str] = frozenset()
    taken: dict[str, str] = field(default_factory=dict)
    short: dict[str, AcrossPrinter] = field(default_factory=dict)
    tiling: Tiling | None = None
    helpers: set[str] = field(default_factory=set)
    #: The lines that say how many samples, and in which chunks, the last kernel had.
    counts: list[str] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        """The ending of names for this dtype."""
        return "f32" if self.schedule.dtype == "float32" else "f64"

    @property
    def real(self) -> str:
        """The NumPy name of the dtype."""
        return f"np.{self.schedule.dtype}"

    @property
    def name(self) -> str:
        """The driver's name."""
        return f"_{self.schedule.entry}_{self.suffix}"

    def lines(self) -> list[str]:
        """The text of the driver."""
        body = list(self.body())
        # What is stored in an array of the caller's, entry by entry, needs none of its own; then not its sizes either.
        for optional in ({*self.buffers()}, {*self.sizes()}):
            text = "\n".join(body)
            unused = {line for line in optional if len(re.findall(rf"\b{line.split()[0]}\b", text)) == 1}
            body = [line for line in body if line not in unused]
        head = f"def {self.name}({DRIVER_ARGUMENTS}, directions):"
        return [head, *(f"    {line}" if line else "" for line in body)]

    def inputs(self) -> list[str]:
        """The inputs in declared order."""
        return [name for name, tensor in self.program.tensors.items() if tensor.role in INPUT_ROLES]

    def body(self) -> Iterator[str]:
        """The statements of the driver."""
        yield f"{_unpacked(self.inputs())} = inputs"
        parameters = [name for name, tensor in self.program.tensors.items() if tensor.role == "parameter"]
        if parameters:
            yield f"{_unpacked(parameters)} = map(np.{self.schedule.dtype}, parameters)"
        if self.directions:
            yield f"{_unpacked(self.directions)} = directions"
        if self.outputs:
            yield f"{_unpacked(self.outputs)} = outputs"
        yield from self.sizes()
        yield from self.global_checks()
        yield from self.units()
        yield from self.expansions()
        yield from self.denominators()
        yield from self.buffers()
        tiled = [] if self.tiling is None else [id(step) for step in self.tiling.steps]
        for step in self.schedule.steps:
            if self.tiling is not None and id(step) in tiled:
                if step is self.tiling.kernel:
                    yield from self.tiles(self.tiling)
            elif isinstance(step, MatrixProduct):
                yield self.product(step)
            else:
                yield from self.run(step, self.kernels[step.name])
        for part, (output, places) in self.schedule.parts.items():
            value = part if None in places else f"{part}[0]"
            yield f"{output}[{', '.join(':' if place is None else str(place) for place in places)}] = {value}"
        yield f"return ({', '.join(self.values())}{',' if len(self.values()) == 1 else ''}), None"

    def product(self, step: MatrixProduct, left: str = "", right: str = "", target: str = "", adds: str = "") -> str:
        """A matrix product of parts of arrays, or of whole ones; ``adds`` says when it adds to what is there."""
        left = f"{step.left}{left}{'.T' if step.transpose_left else ''}"
        right = f"{step.right}{right}{'.T' if step.transpose_right else ''}"
        self.helpers |= {"_matrix_product", "matrix_product"}
        adds = "True" if step.adds else adds
        return f"_matrix_product(run, {', '.join([left, right, step.target + target, *([adds] if adds else [])])})"

    def tiles(self, tiling: Tiling) -> Iterator[str]:
        """The steps over pairs of samples, for the rows of some samples at a time."""
        kernel, printer = tiling.kernel, self.kernels[tiling.kernel.name]
        size, own, rows = self.samples(kernel), "[begin:end]", "[: end - begin]"
        yield from self.prepared(kernel, printer)
        yield f"for begin in range(0, {size}, tile):"
        yield f"    end = min(begin + tile, {size})"
        yield from (f"    {self.product(step, left=own, target=rows)}" for step in tiling.before)
        yield f"    {_call(printer, '-(-(end - begin) // chunk)')}"
        for step in tiling.after:
            sums = step.transpose_left
            text = self.product(step, rows, own, adds="begin > 0") if sums else self.product(step, rows, target=own)
            yield f"    {text}"
        yield from self.concluded(kernel, printer)

    def samples(self, kernel: Kernel) -> str:
        """How many samples a kernel visits."""
        return f"size_{self.program.root(str(kernel.axis))}"

    def sizes(self) -> Iterator[str]:
        """The lengths of the axes, read off the arrays."""
        for axis in dict.fromkeys(map(self.program.root, self.program.axes)):
            if self.program.axes[axis].size is not None:
                yield f"size_{axis} = {self.program.axes[axis].size}"
                continue
            holders = [
                (self.program.tensors[name].role == "coefficient", f"{name}.shape[{place}]")
                for name in self.inputs()
                for place, own in enumerate(self.program.tensors[name].axes)
                if self.program.root(own) == axis
            ]
            if holders:
                yield f"size_{axis} = {min(holders)[1]}"

    def units(self) -> Iterator[str]:
        """Whether every sample of a term weighs one: then the total needs no kernel."""
        for number, term in enumerate(self.terms):
            if term not in self.totals:
                continue
            weight = self.program.sample_weight[term]
            scales = sorted({read.tensor for read in reads_of(weight) if self.is_coefficient(read.tensor)})
            ones = {read: sympy.S.One for read in reads_of(weight) if self.is_coefficient(read.tensor)}
            if scales and substitute(weight, ones) == 1:
                self.helpers.add("_is_one")
                tests = [f"weights[{number}] is None", *(f"_is_one({name})" for name in scales)]
                yield f"{term}_unit = {' and '.join(tests)}"
            else:
                yield f"{term}_unit = False"

    def is_coefficient(self, name: str) -> bool:
        """Whether a tensor is an input that may be given as a scalar."""
        return self.program.tensors[name].role == "coefficient"

    def expansions(self) -> Iterator[str]:
        """Coefficients that are not per sample, repeated from a scalar to their shape."""
        for name in self.inputs():
            tensor = self.program.tensors[name]
            batched = bool(tensor.axes) and self.program.axes[self.program.root(tensor.axes[0])].kind == "batch"
            if tensor.role == "coefficient" and tensor.axes and not batched:
                self.helpers.add("_repeated")
                yield f"{name} = _repeated({name}, {self.shape(tensor.axes)})"

    def shape(self, axes: tuple[str, ...]) -> str:
        """A shape as text."""
        return _tuple(self.lengths(axes))

    def lengths(self, axes: Iterable[str]) -> list[str]:
        """The variables that hold the lengths of axes."""
        return [f"size_{self.program.root(axis)}" for axis in axes]

    def global_checks(self) -> Iterator[str]:
        """Inputs that no kernel checks, and constraints on sizes and parameters."""
        for name in self.inputs():
            tensor = self.program.tensors[name]
            batched = bool(tensor.axes) and self.is_batch(tensor.axes[0])
            if checkable(tensor) and (name in self.unvisited or not batched):
                check = InputCheck(self.check_numbers[name], tensor, self.program, self.schedule.dtype)
                self.helpers |= {check.finder, "_first"}
                asked = "" if check.always else " if validate else -1"
                yield f"wrong = _first({check.found(name)}){asked}"
                yield "if wrong >= 0:"
                yield f"    return (), ({check.number}, wrong)"
        show = ExpressionPrinter(self.schedule.dtype)
        for number, constraint in enumerate(self.program.constraints):
            if concerns_no_sample(constraint):
                named = constraint.xreplace(
                    {leaf: _local(leaf, self.program) for leaf in constraint.atoms(sympy.Symbol)}
                )
                yield f"if validate and not ({show.condition(named)}):"
                yield f"    return (), ({self.check_numbers[f'constraint {number}']}, 0)"

    def is_batch(self, axis: str) -> bool:
        """Whether an axis counts samples."""
        return self.program.axes[self.program.root(axis)].kind == "batch"

    def denominators(self) -> Iterator[str]:
        """What each term's sum is divided by, and the full seeds where samples interact."""
        whole = {a.name for k in self.kernels.values() for a in k.kernel.arguments}
        for number, (term, axis) in enumerate(self.terms.items()):
            if axis is None:
                if any(self.seeds[term] in kernel.kernel.parameters for kernel in self.kernels.values()):
                    yield f"{self.seeds[term]} = {self.real}(1.0)"
                continue
            size = f"size_{self.program.root(axis)}"
            total = f"_total_weight(weights[{number}], masks[{number}], {size})"
            self.helpers |= {"_denominator", "_total_weight"}
            if term in self.totals:
                yield from ("", "def total_weight():")
                yield f"    if {term}_unit:"
                yield f"        return _total_weight(None, masks[{number}], {size})"
                yield from (f"    {line}" for line in self.run(self.totals[term].kernel, self.totals[term], number))
                yield "    return total"
                yield from ("", f"{term}_denominator = _denominator(reduction, normalizer, total_weight)")
            elif self.divides(term):
                yield f"{term}_denominator = _denominator(reduction, normalizer, lambda: {total})"
            else:
                # Nothing is divided, but a mean over no weight is refused all the same.
                yield f"_denominator(reduction, normalizer, lambda: {total})"
            seed = self.seeds[term]
            if seed in whole:
                self.helpers.add("_all_seeds")
                yield f"{seed} = _all_seeds(weights[{number}], {size}, {term}_denominator, {self.real})"

    def divides(self, term: str) -> bool:
        """Whether anything that the driver prints divides by a term's denominator."""
        kernels = [printer.kernel for printer in self.kernels.values()]
        if term in self.totals or any(self.seeds[term] == a.name for kernel in kernels for a in kernel.arguments):
            return True
        number = list(self.terms).index(term)
        return any(kernel.term == term or (kernel.seeded and self.term_of(kernel) == number) for kernel in kernels)

    def buffers(self) -> Iterator[str]:
        """Arrays between kernels; one that is read for the last time where another is written is overwritten."""
        if self.tiling is not None:
            self.helpers.add("_tile_rows")
            yield f"tile = _tile_rows({self.samples(self.tiling.kernel)}, {self.chunk(self.tiling.kernel)})"
        for name, axes in self.schedule.buffers.items():
            if name not in self.outputs and name not in self.taken:
                lengths = self.lengths(axes)
                if self.tiling is not None and name in self.tiling.arrays:
                    lengths[0] = "tile"
                yield f"{name} = np.empty({_tuple(lengths) if axes else '1'}, {self.real})"
        for name, source in self.taken.items():
            yield f"{name} = {source}"

    def values(self) -> list[str]:
        """The reduced value of each term, where the entry point gives it."""
        wanted = [term for term in self.terms if term in self.schedule.outputs]
        return [f"float({self.program.outputs[t]}[0])" if self.terms[t] is None else f"{t}_value" for t in wanted]

    def run(self, kernel: Kernel, printer: KernelPrinter, term_number: int | None = None) -> Iterator[str]:
        """One kernel: its workspace, the call, the combination of what its chunks gave."""
        if kernel.axis is None:
            for name, shape, dtype in printer.workspaces():
                yield f"{name} = np.empty({shape}, {dtype})"
            yield f"{printer.name}({', '.join(printer.signature())})"
            return
        yield from self.prepared(kernel, printer, term_number)
        short = self.short.get(kernel.name)
        if short is None:
            yield _call(printer)
        else:
            yield f"if size_{short.axis} <= {SHORT}:"
            yield f"    {_call(short)}"
            yield "else:"
            yield f"    {_call(printer)}"
        yield from self.concluded(kernel, printer, term_number)

    def prepared(self, kernel: Kernel, printer: KernelPrinter, term_number: int | None = None) -> Iterator[str]:
        """What a kernel is given: how many samples in which chunks, their weights, where results go."""
        size = self.samples(kernel)
        counts = [f"samples = {size}", f"chunk = {self.chunk(kernel)}", "chunks = -(-samples // chunk)"]
        if term_number is not None or counts != self.counts:
            yield from counts
        self.counts = counts if term_number is None else self.counts
        for argument in kernel.arguments:
            if argument.expandable and argument.chunked:
                name = argument.name
                rest = [f"size_{self.program.root(axis)}" for axis in argument.axes[1:]]
                self.helpers |= {"_expanded", "_filled"}
                full = _tuple([size, *rest])
                yield f"{name}, {name}_step = _expanded({name}, {full}, {_tuple(['chunk', *rest])})"
        number = self.term_of(kernel) if term_number is None else term_number
        if printer.weighted or printer.maskable or printer.checks:
            self.helpers |= {"_per_sample", "_unweighted"}
            given = "None, None" if number is None else f"weights[{number}], masks[{number}]"
            yield f"weight, weight_step, mask, mask_step = _per_sample({given}, chunk, {self.real})"
        if number is not None:
            term = list(self.terms)[number]
            if kernel.seeded:
                yield f"denominator = {'1.0' if term_number is not None else f'{term}_denominator'}"
            if kernel.term:
                yield f"keep_losses = values[{number}] is not None"
                yield f"losses_out = values[{number}] if keep_losses else _ones(0, {self.real})"
        for result in kernel.row_results:
            yield f"{result.name}_partial = np.zeros(chunks)"
        for vector in kernel.vector_results:
            shape = f"({', '.join(['chunks', *self.lengths(vector.axes)])})"
            start = NEUTRAL.get(vector.kind)
            yield f"{vector.name}_partial = " + (f"np.full({shape}, {start})" if start else f"np.zeros({shape})")
        if printer.checks or kernel.constraints:
            yield "failed = np.zeros((chunks, 2), np.int64)"

    def concluded(self, kernel: Kernel, printer: KernelPrinter, term_number: int | None = None) -> Iterator[str]:
        """What became of a kernel's chunks: a violation, or a result."""
        if printer.checks or kernel.constraints:
            self.helpers.add("_first_failure")
            yield "violation = _first_failure(failed)"
            yield "if violation is not None:"
            yield from (f"    {line}" for line in (self.report(printer) if term_number is None else ["return 1.0"]))
        yield from self.combine(kernel)

    def report(self, printer: KernelPrinter) -> Iterator[str]:
        """Which check failed where; a constraint's sample is known, an element's place is looked for here."""
        steps = {a.name: f"{a.name}_step" for a in printer.kernel.arguments if a.expandable and a.chunked}
        if printer.checks:
            self.helpers.add("_located")
            yield "number, start = violation"
            yield "rows = min(chunk, samples - start)"
            yield "live = mask[start * mask_step : start * mask_step + rows]"
        for check in printer.checks:
            name = check.tensor.name
            self.helpers.add(check.finder)
            start = f"start * {steps[name]}" if name in steps else "start"
            yield f"if number == {check.number}:"
            yield f"    violation = _located(violation, {check.found(f'{name}[{start} : {start} + rows]')}, live)"
        yield "return (), violation"

    def combine(self, kernel: Kernel) -> Iterator[str]:
        """Sums over chunks, in their order."""
        for result in kernel.row_results:
            total = f"_total({result.name}_partial, chunks)"
            if result.term:
                yield f"{result.term}_value = {total} / {result.term}_denominator"
            elif kernel.weighs:
                yield f"total = {total}"
            elif result.kind in ("max", "min"):
                yield f"{result.name}[...] = {result.name}_partial.{result.kind}(initial={NEUTRAL[result.kind]})"
            elif result.kind == "norm":
                yield f"{result.name}[...] = np.sqrt({total})"
            else:
                yield f"{result.name}[...] = {total}"
        for vector in kernel.vector_results:
            partial, start = f"{vector.name}_partial", NEUTRAL.get(vector.kind)
            total = f"{partial}.{vector.kind}(axis=0, initial={start})" if start else f"{partial}.sum(axis=0)"
            yield f"{vector.name}[...] = " + (f"np.sqrt({total})" if vector.kind == "norm" else total)

    def term_of(self, kernel: Kernel) -> int | None:
        """The number of the term whose batch the kernel runs over."""
        for number, axis in enumerate(self.terms.values()):
            if axis is not None and kernel.axis and self.program.root(axis) == self.program.root(kernel.axis):
                return number
        return None

    def chunk(self, kernel: Kernel) -> str:
        """Samples per chunk, as text."""
        if kernel.element_wise(self.program):
            return str(CHUNK)
        self.helpers.add("_chunk_rows")
        lengths: dict[str, None] = {}
        for argument in kernel.arguments:
            if argument.chunked:
                for axis in argument.axes[1:]:
                    lengths.setdefault(f"size_{self.program.root(axis)}")
        return f"_chunk_rows({' * '.join(lengths) or '1'})"


def _call(printer: KernelPrinter, chunks: str = "chunks") -> str:
    """How a kernel is run."""
    workspaces = printer.workspaces()
    spaces = _tuple([f"({shape}, {dtype})" for _, shape, dtype in workspaces])
    return f"run({printer.name}, {chunks}, {spaces}, {', '.join(printer.signature()[2 + len(workspaces) :])})"


def concerns_no_sample(constraint: sympy.Expr) -> bool:
    """Whether a constraint is about parameters and sizes alone."""
    return not any(read.index for read in reads_of(constraint))


def _unpacked(names: list[str]) -> str:
    return ", ".join(names) + ("," if len(names) == 1 else "")


def _tuple(entries: list[str]) -> str:
    return f"({', '.join(entries)}{',' if len(entries) == 1 else ''})"


def _local(leaf: sympy.Symbol, program: Program) -> sympy.Expr:
    """A parameter or a size as the driver's local variable."""
    if isinstance(leaf, Read):
        return Variable(leaf.tensor)
    return Variable(f"size_{program.root(leaf.axis)}", True)
