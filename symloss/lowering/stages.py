"""Which statements share one loop over the samples, which need another, and which are matrix products.

A statement is *local* to a loop over samples when all that it reads of other statements belongs to the same sample.
Losses whose samples do not interact have one loop per batch axis; a loss over the whole batch has several, with
arrays between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sympy

from symloss.atoms import And, Equal, Less, LessEqual, NotEqual, Or
from symloss.lowering.functions import Element
from symloss.lowering.names import Names
from symloss.lowering.nan import keep_nan
from symloss.lowering.prepare import prepare, without_dead_statements
from symloss.lowering.products import Contraction, with_products
from symloss.lowering.rows import ROW, RowPlanner
from symloss.lowering.schedule import (
    Argument,
    Kernel,
    MatrixProduct,
    RowResult,
    Schedule,
    Store,
    VectorResult,
)
from symloss.program import INPUT_ROLES, AxisSymbol, Program, Read, Statement, axes_of, reads_of, rename_axes


def build_schedule(
    program: Program,
    entry: str,
    wanted: tuple[str, ...],
    dtype: str,
    keep_terms: bool = False,
    apart: bool = False,
) -> Schedule:
    """The schedule of one entry point.

    Args:
        program: a derived program that has the wanted outputs.
        entry: the entry point's name, which the kernels' names start with.
        wanted: keys of ``program.outputs``, in the order of the arrays that the driver fills.
        dtype: "float32" or "float64".
        keep_terms: whether exponentials that several sweeps over a sample read are kept in a workspace.
        apart: whether statements that share no array have kernels of their own, of which some may be alike.
    """
    return _Stages(program, entry, wanted, dtype, keep_terms, apart).build()


def _one_batch_at_a_time(program: Program) -> list[Statement]:
    """Split a sum over the samples and more into a sum inside each sample and one over the samples."""

    def is_batch(axis: str) -> bool:
        return program.axes[program.root(axis)].kind == "batch"

    statements: list[Statement] = []
    for statement in program.statements:
        outer = next((axis for axis in statement.over if is_batch(axis)), None)
        inner = tuple(axis for axis in statement.over if axis != outer)
        if outer is None or not inner or (statement.out and is_batch(statement.out[0])):
            statements.append(statement)
            continue
        within = Statement(
            f"{statement.target}__within", (outer, *statement.out), statement.operation, statement.body, inner
        )
        per_sample = Read(within.target, tuple(AxisSymbol(axis) for axis in within.out))
        operation = "sum" if statement.operation == "count" else statement.operation
        statements += [within, Statement(statement.target, statement.out, operation, per_sample, (outer,))]
    return statements


@dataclass
class _Stages:
    source: Program
    entry: str
    wanted: tuple[str, ...]
    dtype: str
    keep_terms: bool = False
    apart: bool = False
    program: Program = field(init=False)
    hard: dict[str, Statement] = field(default_factory=dict)
    virtual: dict[str, Statement] = field(default_factory=dict)
    contractions: dict[str, tuple[Contraction, ...]] = field(default_factory=dict)
    level: dict[str, int] = field(default_factory=dict)
    anchors: dict[str, str | None] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    needs: dict[str, frozenset[Read]] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        needed = without_dead_statements(self.source, self.wanted)
        program = prepare(keep_nan(needed), self.wanted, self.keep_terms)
        statements, self.contractions = with_products(_one_batch_at_a_time(program), program)
        self.program = program.replacing(statements=tuple(statements))

    # --- roles ---------------------------------------------------------------------------------------------------

    def is_batch(self, axis: str) -> bool:
        return self.program.axes[self.program.root(axis)].kind == "batch"

    def anchor(self, statement: Statement) -> str | None:
        """The batch axis whose loop the statement runs in: its own, else the one that it sums over."""
        axes = (*statement.out[:1], *statement.over) if not self._by_row(statement) else statement.out[:1]
        return next((axis for axis in axes if self.is_batch(axis)), None)

    def _by_row(self, statement: Statement) -> bool:
        return bool(statement.out) and self.is_batch(statement.out[0])

    def over_batch(self, statement: Statement) -> bool:
        """Whether a statement collects something from all samples."""
        return not self._by_row(statement) and self.anchor(statement) is not None

    def outputs(self) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
        """Per wanted output the statements that hold it, with the entries of unrolled axes."""
        found: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
        targets = {s.target for s in self.program.statements}
        for key in self.wanted:
            target = self.source.outputs[key]
            if target in targets:
                found[key] = [(target, ())]
            else:
                names = sorted(t for t in targets if t.startswith(f"{target}__"))
                found[key] = [(name, tuple(map(int, name[len(target) + 2 :].split("_")))) for name in names]
        return found

    def terms(self) -> dict[str, str]:
        """Statement that holds a term's value → the term."""
        return {self.source.outputs[key]: key for key in self.wanted if " " not in key}

    def places(self, target: str, whole: str, entries: tuple[int, ...]) -> tuple[int | None, ...]:
        """Where a statement that holds some entries of an output belongs in it: None along each of its own axes."""
        left = iter(entries)
        return tuple(None if axis in self.hard[target].out else next(left) for axis in self.source.axes_of(whole))

    # --- which loop ----------------------------------------------------------------------------------------------

    def hard_reads(self, expression: sympy.Expr) -> frozenset[Read]:
        """The reads of stored statements, maps expanded."""
        found: set[Read] = set()
        for read in reads_of(expression):
            if read.tensor in self.virtual:
                statement = self.virtual[read.tensor]
                if read.tensor not in self.needs:
                    self.needs[read.tensor] = self.hard_reads(statement.body)
                mapping = dict(zip(statement.out, read.index, strict=True))
                for inner in self.needs[read.tensor]:
                    renamed = rename_axes(inner, mapping)
                    found.add(renamed)
            elif read.tensor in self.hard:
                found.add(read)
        return frozenset(found)

    def is_local(self, read: Read, anchor: str | None) -> bool:
        statement = self.hard[read.tensor]
        return (
            anchor is not None
            and read.tensor not in self.contractions
            and self._by_row(statement)
            and read.index[0] == AxisSymbol(anchor)
            and self.anchors[read.tensor] == anchor
        )

    def assign(self) -> None:
        """Give every stored statement the earliest loop in which all that it reads is there."""
        self._assign()
        self.kept = self._worth_keeping()
        if self.kept:
            for known in (self.hard, self.virtual, self.level, self.anchors, self.stored, self.needs):
                known.clear()
            self._assign()

    def _assign(self) -> None:
        wanted = {target for places in self.outputs().values() for target, _ in places}
        operands = {
            read.tensor for products in self.contractions.values() for c in products for read in (c.left, c.right)
        }
        for statement in self.program.statements:
            target = statement.target
            if statement.operation == "map" and target not in wanted and target not in {*operands, *self.kept}:
                self.virtual[target] = statement
                continue
            self.hard[target] = statement
            self.anchors[target] = self.anchor(statement)
            reads = self.hard_reads(statement.body)
            level = self._earliest(reads, self.anchors[target])
            self.stored |= {read.tensor for read in reads if not self.is_local(read, self.anchors[target])}
            if target in self.contractions:
                level = max([level, *(self.level[r.tensor] + 1 for r in self._operands(target))])
                self.stored |= {r.tensor for r in self._operands(target)}
                self.stored.add(target)
            if target in operands or self.over_batch(statement) or self.anchors[target] is None:
                self.stored.add(target)
            self.level[target] = level
            if target in wanted and statement.operation == "map":
                self.virtual[target] = statement
        for target, statement in self.hard.items():
            reads = self.hard_reads(statement.body)
            self.stored |= {read.tensor for read in reads if self.level[read.tensor] < self.level[target]}

    def _earliest(self, reads: Iterable[Read], anchor: str | None) -> int:
        """The first level of loops in which some stored statements are there to be read."""
        return max((self.level[read.tensor] + (not self.is_local(read, anchor)) for read in reads), default=0)

    def _worth_keeping(self) -> frozenset[str]:
        """Numbers per sample that a later loop, or another sample, reads in place of the two or more behind them."""
        kept: set[str] = set()
        for target, statement in reversed(self.virtual.items()):
            if target in self.hard or len(statement.out) != 1 or not self._by_row(statement):
                continue
            sources = self.hard_reads(statement.body)
            level = self._earliest(sources, self.anchor(statement))
            if len(sources) > 1 and any(self._reads_late(other, target, level, kept) for other in self.hard.values()):
                kept.add(target)
        return frozenset(kept)

    def _reads_late(self, statement: Statement, target: str, level: int, kept: set[str]) -> bool:
        """Whether a statement reads a map in a loop after the one of a given level, or for another sample."""
        own = AxisSymbol(self.anchors[statement.target] or "")
        reads = self._reads_of(statement.body, target, kept)
        return any(self.level[statement.target] > level or read.index[0] != own for read in reads)

    def _reads_of(self, expression: sympy.Expr, target: str, kept: set[str]) -> Iterator[Read]:
        """Where an expression reads a map, itself or through other maps that are not kept."""
        for read in reads_of(expression):
            if read.tensor == target:
                yield read
            elif read.tensor in self.virtual and read.tensor not in kept:
                statement = self.virtual[read.tensor]
                mapping = dict(zip(statement.out, read.index, strict=True))
                for inner in self._reads_of(statement.body, target, kept):
                    yield rename_axes(inner, mapping)

    def _operands(self, target: str) -> list[Read]:
        reads = (read for c in self.contractions[target] for read in (c.left, c.right))
        return [read for read in reads if read.tensor in self.hard]

    # --- kernels -------------------------------------------------------------------------------------------------

    def build(self) -> Schedule:
        self.assign()
        schedule = Schedule(self.entry, self.dtype, self.program)
        groups: dict[tuple[int, str], list[str]] = {}
        for target in self.hard:
            kind = f"product {target}" if target in self.contractions else f"loop {self.anchors[target] or ''}"
            groups.setdefault((self.level[target], kind), []).append(target)
        checked: set[str] = set()
        number = 0
        for (_, kind), targets in sorted(groups.items(), key=lambda item: item[0]):
            if kind.startswith("product"):
                schedule.steps += self.products(targets[0])
                continue
            number += 1
            anchor = kind.removeprefix("loop ") or None
            for count, mine in enumerate(self._parts(targets) if self.apart else [targets], start=1):
                kernel = Kernel(f"{self.entry}_{number}" + (f"_{count}" if count > 1 else ""), anchor)
                schedule.steps.append(kernel)
                with self._own_maps(mine):
                    _KernelBuilder(self, kernel, mine, checked).fill()
        for target in sorted(self.stored):
            schedule.buffers[target] = self.hard[target].out
        for key, places in self.outputs().items():
            whole = self.source.outputs[key]
            schedule.outputs[key] = whole if len(places) != 1 or places[0][1] else places[0][0]
            for target, entries in places:
                if entries and self.over_batch(self.hard[target]):
                    schedule.parts[target] = (whole, self.places(target, whole, entries))
        kernels = [step for step in schedule.steps if isinstance(step, Kernel)]
        if len(kernels) == 1:
            kernels[0].name = self.entry
        return schedule

    def _parts(self, targets: list[str]) -> list[list[str]]:
        """The statements of one loop in groups that have no array in common; what reads none is in the first."""
        terms = self.terms()
        parts: list[tuple[set[str], list[str]]] = []
        constant: list[str] = []
        for target in targets:
            arrays = self._arrays(self.hard[target].body)
            if target in terms:
                # The value of a sample is weighted, and so are the derivatives.
                seeds = (name for name, tensor in self.program.tensors.items() if tensor.role == "seed")
                arrays |= {name for name in seeds if _term_of(name) == terms[target]}
            if not arrays:
                constant.append(target)
                continue
            mine = [target]
            arrays.add(target)
            for part in [part for part in parts if part[0] & arrays]:
                parts.remove(part)
                arrays |= part[0]
                mine += part[1]
            parts.append((arrays, mine))
        groups = sorted((sorted(mine, key=targets.index) for _, mine in parts), key=lambda mine: targets.index(mine[0]))
        first, *others = groups or [[]]
        return [sorted([*first, *constant], key=targets.index), *others]

    def _arrays(self, expression: sympy.Expr) -> set[str]:
        """The inputs with axes and the stored statements that an expression reads, itself or through maps."""
        found: set[str] = set()
        for read in reads_of(expression):
            if read.tensor in self.virtual and read.tensor not in self.hard:
                found |= self._arrays(self.virtual[read.tensor].body)
            elif read.index:
                found.add(read.tensor)
        return found

    @contextmanager
    def _own_maps(self, targets: list[str]) -> Iterator[None]:
        """Let the loop that keeps a number for later ones read what it was computed as."""
        own = {target: self.hard[target] for target in targets if target in self.kept}
        self.virtual |= own
        self.needs.clear()
        yield
        for target in own:
            del self.virtual[target]
        self.needs.clear()

    def products(self, target: str) -> list[MatrixProduct]:
        """The matrix products that a statement adds up."""
        return [
            MatrixProduct(
                target,
                c.left.tensor,
                c.right.tensor,
                c.left.index[0] == AxisSymbol(c.shared),
                c.right.index[0] != AxisSymbol(c.shared),
                number > 0,
            )
            for number, c in enumerate(self.contractions[target])
        ]


def _term_of(seed: str) -> str:
    """The term whose samples a seed belongs to."""
    return seed.strip("_").removeprefix("seed").strip("_") or "value"


def violation(condition: sympy.Expr) -> sympy.Expr:
    """The negation of a condition; NaN satisfies it, since NaN is no violation."""
    arguments = condition.args
    if isinstance(condition, Less):
        return LessEqual(arguments[1], arguments[0])
    if isinstance(condition, LessEqual):
        return Less(arguments[1], arguments[0])
    if isinstance(condition, Equal):
        return Or(Less(*arguments), Less(*reversed(arguments)))
    if isinstance(condition, NotEqual):
        return Equal(*arguments)
    if isinstance(condition, And):
        return Or(*map(violation, arguments))
    if isinstance(condition, Or):
        return And(*map(violation, arguments))
    return Equal(condition, sympy.S.Zero)


@dataclass
class _KernelBuilder:
    stages: _Stages
    kernel: Kernel
    targets: list[str]
    checked: set[str]
    seeded_term: str = ""

    def fill(self) -> None:
        stages, kernel = self.stages, self.kernel
        program = stages.program
        self.arguments: dict[str, Argument] = {}
        self.outputs = {
            target: (key, entries) for key, places in stages.outputs().items() for target, entries in places
        }
        self.terms = stages.terms()
        mine = [stages.hard[t] for t in self.targets]
        reductions = [s for s in mine if s.operation != "map" and not stages.over_batch(s)]
        self.locals = {s.target: s for s in reductions if s.target not in stages.contractions}
        arrays = (*stages.stored, *(stages.source.outputs[key] for key in stages.wanted))
        names = Names({*program.tensors, *program.axes, *arrays})
        self.planner = RowPlanner(
            program, kernel, stages.virtual, self.locals, names, self.locate, checked=self.checked_labels()
        )
        self.planner.fixed = {target: self._fixed(target) for target in self.outputs}
        for axis in program.axes:
            names.reserve(f"size_{axis}")
        self.checks()
        for statement in mine:
            self.planner.count(statement.body)
        depth = {s.target: self._sweep_level(s) for s in mine}
        for statement in mine:
            if statement.operation == "map":
                # In the last pass over the same entries it shares what that computes, and may overwrite what it reads.
                last = [depth[s.target] for s in mine if self._swept(s) == self._swept(statement)]
                depth[statement.target] = max(last, default=0)
        if stages.keep_terms:
            self._keep_terms({s: depth[s.target] for s in mine})
        for level in sorted(set(depth.values())):
            self._level([s for s in mine if depth[s.target] == level])
        kernel.nodes = list(self.planner.scopes[1].nodes)
        kernel.preamble = list(self.planner.scopes[0].nodes)
        if kernel.term or kernel.seeded:
            self.weigh()
        self.constrain()
        kernel.arguments = list(self.arguments.values())
        visited = {argument.name for argument in kernel.arguments if argument.chunked}
        kernel.checked = [name for name in kernel.checked if name in visited]
        self.checked.update(kernel.checked)

    def _fixed(self, target: str) -> tuple[tuple[int, int], ...]:
        """The entries of unrolled axes that an output's statement stands for, by their places in a sample's array."""
        key, entries = self.outputs[target]
        whole = self.stages.source.outputs[key]
        if not entries:
            return ()
        places = self.stages.places(target, whole, entries)
        own_row = self.kernel.axis in self.stages.source.axes_of(whole)
        return tuple((place, entry) for place, entry in enumerate(places[own_row:]) if entry is not None)

    def _sweep_level(self, statement: Statement) -> int:
        reads = self.stages.hard_reads(statement.body)
        inside = [r.tensor for r in reads if r.tensor in self.locals and r.tensor != statement.target]
        return max((self._sweep_level(self.locals[t]) + 1 for t in inside), default=0)

    def _swept(self, statement: Statement) -> tuple[str, ...]:
        """The axes that a pass over one sample's entries runs through for a statement."""
        axes = statement.over if statement.target in self.locals else self.planner.inner(statement)
        return tuple(map(self.stages.program.root, axes))

    def _keep_terms(self, levels: dict[Statement, int]) -> None:
        """Workspaces for exponentials per entry of a sample that sweeps of different levels read."""
        stages, planner = self.stages, self.planner
        for target, term in stages.virtual.items():
            inner = planner.inner(term)
            if not (term.body.has(sympy.exp) and len(inner) == 1 and term.out[0] == self.kernel.axis):
                continue
            if (
                len({level for s, level in levels.items() if len(self._inner_loop(s)) == 1 and self._reads(s, target)})
                > 1
            ):
                planner.kept[target] = planner.names.fresh(f"{target}_row")
                self.kernel.scratch[planner.kept[target]] = inner

    def _inner_loop(self, statement: Statement) -> tuple[str, ...]:
        """The axes of the loops inside a sample in which a statement is computed."""
        return (*self.planner.inner(statement), *(axis for axis in statement.over if axis != self.kernel.axis))

    def _reads(self, statement: Statement, target: str) -> bool:
        """Whether a statement reads a map, itself or through other maps."""
        seen: set[str] = set()
        left = [read.tensor for read in reads_of(statement.body)]
        while left:
            name = left.pop()
            if name == target:
                return True
            if name in self.stages.virtual and name not in seen:
                seen.add(name)
                left += [read.tensor for read in reads_of(self.stages.virtual[name].body)]
        return False

    def _level(self, statements: list[Statement]) -> None:
        """All statements of one level: fused sweeps, nested reductions, stores and results."""
        stages, planner = self.stages, self.planner
        sweeps: dict[tuple[str, ...], tuple[list[Statement], list[tuple[Statement, str, str | None]]]] = {}

        later: list[Statement] = []
        for statement in statements:
            inner = planner.inner(statement)
            if statement.target in self.locals:
                if inner:
                    planner.nested(statement, self._scratch(statement, planner))
                else:
                    sweeps.setdefault(self._swept(statement), ([], []))[0].append(statement)
                    if statement.target in stages.stored or statement.target in self.outputs:
                        later.append(statement)
            elif stages.over_batch(statement) and inner:
                collected = self._per_sample(statement)
                self.kernel.vector_results.append(VectorResult(statement.target, inner, statement.operation))
                sweeps.setdefault(self._swept(statement), ([], []))[1].append(
                    (collected, statement.target, statement.operation)
                )
            elif inner and statement.target not in self.terms:
                sweeps.setdefault(self._swept(statement), ([], []))[1].append(
                    (statement, self._destination(statement), None)
                )
            else:
                later.append(statement)
        for reductions, stores in sweeps.values():
            planner.sweep(reductions, stores)
        for statement in later:
            self._scalar(statement)

    def _scalar(self, statement: Statement) -> None:
        """A number per sample (or one number): stored, summed over the samples, or a term's value."""
        stages, planner, kernel = self.stages, self.planner, self.kernel
        read = Read(statement.target, tuple(AxisSymbol(a) for a in statement.out))
        if stages.over_batch(statement):
            collected = self._per_sample(statement)
            value = planner.place(collected.body)
            kernel.row_results.append(RowResult(statement.target, value, statement.operation))
            return
        value = planner.place(read if statement.target in self.locals else statement.body)
        if statement.target in self.terms and statement.out:
            kernel.term = self.terms[statement.target]
            kernel.row_results.append(RowResult(kernel.term, value, "value", kernel.term))
        if statement.target in stages.stored or statement.target not in self.terms:
            array = self._destination(statement)
            entries = tuple(sympy.Integer(e) for e in self.outputs.get(statement.target, ("", ()))[1])
            if statement.out and entries:
                array, subscripts = planner.row_of(array), entries
            elif statement.out:
                subscripts = (ROW,)
            else:
                subscripts = entries or (sympy.S.Zero,)
            planner.scopes[1].nodes.append(Store(array, subscripts, value))

    def _per_sample(self, statement: Statement) -> Statement:
        """What one sample contributes to a sum over all samples."""
        over = tuple(axis for axis in statement.over if axis != self.kernel.axis)
        if over:
            raise AssertionError(f"{statement} sums over samples and more at once")
        return Statement(statement.target, (str(self.kernel.axis), *statement.out), "map", statement.body)

    def _scratch(self, statement: Statement, planner: RowPlanner) -> str:
        """The array that holds the entries of a reduction for one sample: its row of what is stored, or workspace."""
        name = statement.target
        if planner is self.planner and (name in self.stages.stored or name in self.outputs):
            array = self._destination(statement)
            planner.scratch[name] = planner.row_of(array) if self.kernel.axis else array
        else:
            planner.scratch[name] = planner.names.fresh(name)
            self.kernel.scratch[planner.scratch[name]] = planner.inner(statement)
        return planner.scratch[name]

    def _destination(self, statement: Statement) -> str:
        """The array that a statement is stored in."""
        key, _ = self.outputs.get(statement.target, ("", ()))
        name = self.stages.source.outputs[key] if key else statement.target
        axes = self.stages.source.axes_of(name) if key else statement.out
        number = "int" if statement.operation == "count" else "real"
        return self._argument(name, axes, number, axes[:1] == (self.kernel.axis,), written=True)

    def _argument(self, name: str, axes: tuple[str, ...], number: str, own_row: bool, written: bool = False) -> str:
        """Make an array an argument of the kernel; the name under which this use of it is known there."""
        tensor = self.stages.program.tensors.get(name)
        known = self.arguments.get(name)
        self.arguments[name] = Argument(
            name=name,
            axes=axes,
            number=number,
            chunked=own_row or bool(known and known.chunked),
            written=written or bool(known and known.written),
            expandable=tensor is not None and tensor.role == "coefficient",
        )
        return f"{name}_chunk" if own_row else name

    def locate(self, read: Read, own_row: bool) -> tuple[str | None, bool]:
        """The array that holds a read, None for a number, and whether it holds integers."""
        program = self.stages.program
        tensor = program.tensors.get(read.tensor)
        if tensor is None:
            statement = self.stages.hard[read.tensor]
            number = "int" if statement.operation == "count" else "real"
            return self._argument(read.tensor, statement.out, number, own_row), number == "int"
        if tensor.role == "parameter" or (tensor.role == "seed" and not tensor.axes):
            if read.tensor not in self.kernel.parameters:
                self.kernel.parameters.append(read.tensor)
            return None, False
        if tensor.role == "seed" and own_row:
            self.kernel.seeded = True
            self.seeded_term = _term_of(read.tensor)
            return "seed", False
        number = {"index": "int", "boolean": "bool"}.get(tensor.domain.kind, "real")
        return self._argument(read.tensor, tensor.axes, number, own_row), tensor.domain.integer

    def aside(self) -> RowPlanner:
        """A planner for a loop of its own over the same samples."""
        planner = RowPlanner(
            self.stages.program,
            self.kernel,
            {},
            {},
            self.planner.names,
            self.locate,
            checked=self.planner.checked,
            live_only=True,
        )
        planner.scopes[0] = self.planner.scopes[0]
        return planner

    def weigh(self) -> None:
        """The intrinsic weight of a sample (class weights) joins the caller's."""
        weights = self.stages.program.sample_weight
        expression = weights.get(self.kernel.term or self.seeded_term)
        if expression is not None:
            planner = self.aside()
            value = planner.place(expression)
            self.kernel.sample_weight = (planner.scopes[1].nodes, value)

    def constrain(self) -> None:
        """The constraints on the samples of this kernel that no earlier kernel has checked."""
        source, axis = self.stages.source, str(self.kernel.axis)
        for number, constraint in enumerate(source.constraints):
            name = f"constraint {number}"
            leading = {a for read in reads_of(constraint) for a in source.axes_of(read.tensor)[:1]}
            if name in self.checked or {a for a in leading if self.stages.is_batch(a)} != {axis}:
                continue
            self.checked.add(name)
            over = tuple(sorted(axes_of(constraint) - {axis}))
            broken = Statement("broken", (axis,), "count" if over else "map", violation(constraint), over)
            asked = source.replacing(statements=(*source.statements, broken), outputs={"broken": "broken"})
            planner = self.aside()
            for statement in prepare(asked, ["broken"]).statements:
                if statement.operation == "map":
                    planner.virtual[statement.target] = statement
                    continue
                planner.local[statement.target] = statement
                if planner.inner(statement):
                    planner.nested(statement, self._scratch(statement, planner))
                else:
                    planner.sweep([statement], [])
            if over:
                condition = planner.place(Less(sympy.S.Zero, Read("broken", (AxisSymbol(axis),))))
            else:
                condition = planner.place(planner.virtual["broken"].body)
            self.kernel.constraints.append((number, (planner.scopes[1].nodes, condition)))

    def checks(self) -> None:
        """The inputs of this batch axis that no earlier kernel has checked."""
        program = self.stages.program
        names = [
            name
            for name, tensor in program.tensors.items()
            if tensor.role in INPUT_ROLES and (tensor.axes[:1] == (self.kernel.axis,)) and name not in self.checked
        ]
        self.kernel.checked = names

    def checked_labels(self) -> frozenset[str]:
        """The labels that are checked before the samples of this kernel are computed, in the driver or in a kernel."""
        program = self.stages.program
        found = {
            name
            for name, tensor in program.tensors.items()
            if tensor.domain.kind == "index"
            and (tensor.axes[:1] == (self.kernel.axis,) or not (tensor.axes and self.stages.is_batch(tensor.axes[0])))
        }
        return frozenset(found | self.checked)


def weighing_kernel(program: Program, term: str, axis: str) -> Kernel:
    """A kernel that adds up the weights of the live samples, for a term whose samples have a weight of their own."""
    empty = program.replacing(statements=(), outputs={})
    kernel = Kernel(f"total_weight_{term}", axis, term=None, weighs=True)
    stages = _Stages(empty, kernel.name, (), "float64")
    builder = _KernelBuilder(stages, kernel, [], set())
    builder.arguments = {}
    builder.planner = RowPlanner(
        program,
        kernel,
        {},
        {},
        Names(set(program.tensors) | set(program.axes)),
        builder.locate,
        checked=builder.checked_labels(),
        live_only=True,
    )
    builder.checks()
    builder.seeded_term = term
    builder.weigh()
    kernel.checked = [name for name in kernel.checked if name in builder.arguments]
    kernel.row_results = [RowResult("total", Element("weights", (ROW,)), "sum")]
    kernel.arguments = list(builder.arguments.values())
    return kernel
