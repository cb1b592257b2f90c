"""The clean-up after differentiation: a fixed, deterministic sequence of value-preserving passes.

Only statements that the calculus appended change; the program that was differentiated keeps its bodies, and with them
the bits of its value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Where
from symloss.calculus.algebra import tidy
from symloss.calculus.extension import Extension, running
from symloss.calculus.reduction import Sum, split_sum
from symloss.calculus.scalar import times
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, reads_of, rename_axes, substitute

Expr = Any
_MOST_ROUNDS = 5
_ALWAYS_FINITE = ("seed", "parameter", "coefficient")


def simplify(program: Program, base: Program) -> Program:
    """Clean up the statements that a program has beyond those of the `base` that it extends.

    In turn: expressions are tidied (`algebra.tidy`), brackets are eliminated from sums, factors that a sum does not
    vary are taken out of it, copies are read at their source, what is read at a gathered or repeated index is
    computed there, equal statements (up to the names of their axes) are merged, and what nothing needs is dropped.
    """
    keep = len(base.statements)
    for _ in range(_MOST_ROUNDS):
        before = program.statements
        program = _rewritten(program, keep)
        program = _merged(program, keep)
        program = _without_aliases(program, keep)
        program = _without_dead(program, keep)
        if program.statements == before:
            break
    return _without_unused_axes(program, base)


def _rewritten(program: Program, keep: int) -> Program:
    base = program.replacing(statements=program.statements[:keep])
    work = Extension(base)
    work.axes, work.tensors = dict(program.axes), dict(program.tensors)
    for statement in program.statements[keep:]:
        work.name(statement.target)
    outputs = set(program.outputs.values())
    inlined: dict[str, Statement] = {}
    new = {statement.target for statement in program.statements[keep:]}

    def exponent(read: Read) -> Expr | None:
        """The u of a read whose statement says exp(u), at the read's index."""
        if read.tensor not in new or read.tensor in inlined:
            return None
        source = work.statement(read.tensor)
        if source.operation != "map" or not isinstance(source.body, sympy.exp):
            return None
        return rename_axes(source.body.args[0], dict(zip(source.out, read.index, strict=True)))

    def finite(read: Read) -> bool:
        """Whether a read is finite even where predictions are not: those have limits at infinity."""
        return read.tensor in work.tensors and work.tensors[read.tensor].role in _ALWAYS_FINITE

    for statement in program.statements[keep:]:
        body = tidy(_expanded(statement.body, work, inlined, new), exponent, finite)
        guard = _expanded(statement.guard, work, inlined, new)
        for finished in _reduced(work, replace(statement, body=body, guard=guard), exponent):
            if finished.target not in outputs and _is_copy(finished):
                inlined[finished.target] = finished
            work.add(finished)
            new.add(finished.target)
    return work.result(program.outputs)


def _is_copy(statement: Statement) -> bool:
    """Whether a statement is a read, a number, or one times the other."""
    body = statement.body
    return statement.operation == "map" and (body.as_coeff_Mul()[1].is_Symbol or body.is_Number)


def _expanded(expression: Expr, work: Extension, inlined: dict[str, Statement], new: set[str]) -> Expr:
    """Read copies at their source, and compute what is read at an index that is not a plain running one."""
    replaced: dict[sympy.Symbol, Expr] = {}
    for read in expression.atoms(Read):
        source = inlined.get(read.tensor)
        if source is None and read.tensor in new and _is_elsewhere(read):
            candidate = work.statement(read.tensor)
            source = candidate if candidate.operation == "map" and not _of_another_sample(work, read) else None
        if source is not None:
            place: dict[str, str | Expr] = dict(zip(source.out, read.index, strict=True))
            replaced[read] = _expanded(rename_axes(source.body, place), work, inlined, new)
    return substitute(expression, replaced) if replaced else expression


def _of_another_sample(work: Extension, read: Read) -> bool:
    """Whether what is read belongs to a sample that an index computes; it may as well be read as computed anew."""
    axis = work.axes_of(read.tensor)[0]
    return work.axes[work.root(axis)].kind == "batch" and not isinstance(read.index[0], AxisSymbol)


def _is_elsewhere(read: Read) -> bool:
    """Whether an index gathers, computes, or names an axis twice."""
    plain = [entry for entry in read.index if isinstance(entry, AxisSymbol)]
    return len(plain) < len(read.index) or len(set(plain)) < len(plain)


def _reduced(work: Extension, statement: Statement, exponent: Any) -> list[Statement]:
    """A sum without brackets and with its constant factors outside; other statements as they are."""
    if statement.operation != "sum":
        return [statement]
    parts = list(split_sum(work, Sum(statement.body, statement.over, statement.guard)))
    extra: list[Statement] = []
    terms: list[Expr] = []
    sums = [part for part in parts if part.over]
    for part in parts:
        if not part.over:
            terms.append(part.body)
            continue
        outer, inner = constant_factor(part)
        out = statement.out
        if outer != 1:
            used = axes_of(inner.body) | axes_of(inner.guard)
            out = tuple(axis for axis in statement.out if axis in used)
        elif len(sums) == 1 and len(parts) == 1:
            return [replace(statement, body=inner.body, over=inner.over, guard=inner.guard)]
        name = work.name(f"{statement.target}_sum")
        extra.append(Statement(name, out, "sum", inner.body, inner.over, inner.guard))
        terms.append(times(outer, Read(name, running(out))))
    return [*extra, Statement(statement.target, statement.out, "map", tidy(sympy.Add(*terms), exponent))]


def constant_factor(part: Sum) -> tuple[Expr, Sum]:
    """The factors that the summed axes do not vary, and the sum of the rest.

    Numbers and parameters stay in a sum of products of tensors: there they scale a matrix product for free.
    """
    over = set(part.over)
    body, condition = part.body, None
    if isinstance(body, Where) and body.args[2] == 0 and not axes_of(body.args[0]) & over:
        condition, body = body.args[0], body.args[1]
    factors = sympy.Mul.make_args(body)
    outer = [factor for factor in factors if not axes_of(factor) & over]
    inner = [factor for factor in factors if axes_of(factor) & over]
    if len([factor for factor in inner if isinstance(factor, Read)]) > 1 and not any(map(axes_of, outer)):
        outer, inner = [], list(factors)
    if not inner:
        outer, inner = [], list(factors)
    factor = sympy.Mul(*outer)
    if condition is not None:
        factor = Where(condition, factor, 0)
    return factor, replace(part, body=sympy.Mul(*inner))


def hoisted(program: Program) -> Program:
    """A program whose sums have the factors that they do not vary outside: ``sum_d u[i,d]/n[i]`` as a quotient.

    What a maximum or a minimum is taken of becomes a step: derivatives ask which entry equals it, and another form of
    the same entry, rounded otherwise, would not.
    """
    work = Extension(program.replacing(statements=()))
    for statement in program.statements:
        work.name(statement.target)
    for statement in program.statements:
        outer, inner = sympy.S.One, None
        if statement.operation in ("max", "min") and not isinstance(statement.body, Read):
            entries = Statement(
                work.name(f"{statement.target}_entries"), (*statement.out, *statement.over), "map", statement.body
            )
            work.add(replace(statement, body=work.add(entries)))
            continue
        if statement.operation == "sum" and not statement.body.is_Add:
            outer, inner = constant_factor(Sum(statement.body, statement.over, statement.guard))
        if inner is None or not axes_of(outer):
            work.add(statement)
            continue
        used = axes_of(inner.body) | axes_of(inner.guard)
        out = tuple(axis for axis in statement.out if axis in used)
        name = work.name(f"{statement.target}_sum")
        read = work.add(Statement(name, out, "sum", inner.body, inner.over, inner.guard))
        work.add(Statement(statement.target, statement.out, "map", times(outer, read)))
    return work.result(program.outputs)


def _merged(program: Program, keep: int) -> Program:
    """Replace a statement that computes what an earlier one does by that one."""
    seen: dict[Any, Statement] = {}
    renamed: dict[str, str] = {}
    outputs = set(program.outputs.values())
    statements = []
    for position, statement in enumerate(program.statements):
        if position >= keep and renamed:
            statement = replace(
                statement,
                body=_with_targets(statement.body, renamed),
                guard=_with_targets(statement.guard, renamed),
            )
        key = _canonical(program, statement)
        if position >= keep and _is_copy(statement):
            statements.append(statement)
            continue
        opposite = seen.get(_canonical(program, replace(statement, body=times(-1, statement.body))))
        if position >= keep and key not in seen and opposite is not None and statement.operation in ("map", "sum"):
            negated = -Read(opposite.target, running(statement.out))
            statements.append(Statement(statement.target, statement.out, "map", negated))
            continue
        first = seen.setdefault(key, statement)
        if first is not statement and position >= keep:
            if statement.target not in outputs:
                renamed[statement.target] = first.target
                continue
            statement = Statement(statement.target, statement.out, "map", Read(first.target, running(statement.out)))
        statements.append(statement)
    return program.replacing(statements=tuple(statements))


def _without_aliases(program: Program, keep: int) -> Program:
    """An output that only repeats another new statement takes its place."""
    outputs = set(program.outputs.values())
    sources = {statement.target: statement for statement in program.statements[keep:]}
    statements = list(program.statements)
    for alias in program.statements[keep:]:
        if alias.target not in outputs or not isinstance(alias.body, Read) or alias.operation != "map":
            continue
        source = sources.get(alias.body.tensor)
        if source is None or source.target in outputs or alias.body.index != running(alias.out):
            continue
        if set(alias.out) & set(source.over):
            continue
        moved = replace(
            source,
            target=alias.target,
            out=alias.out,
            body=rename_axes(source.body, dict(zip(source.out, alias.out, strict=True))),
            guard=rename_axes(source.guard, dict(zip(source.out, alias.out, strict=True))),
        )
        renamed = {source.target: alias.target}
        statements = [
            moved
            if s is source
            else replace(s, body=_with_targets(s.body, renamed), guard=_with_targets(s.guard, renamed))
            for s in statements
            if s.target != alias.target
        ]
        return _without_aliases(program.replacing(statements=tuple(statements)), keep)
    return program


def _with_targets(expression: Expr, renamed: dict[str, str]) -> Expr:
    replaced: dict[sympy.Symbol, Expr] = {
        read: Read(renamed[read.tensor], read.index, read.integer)
        for read in reads_of(expression)
        if read.tensor in renamed
    }
    return substitute(expression, replaced) if replaced else expression


def _canonical(program: Program, statement: Statement) -> Any:
    """What a statement computes, with its axes numbered instead of named."""
    over = sorted(statement.over, key=lambda axis: (program.root(axis), statement.over.index(axis)))
    names: dict[str, str | Expr] = {axis: f"#{i}" for i, axis in enumerate((*statement.out, *over))}
    roots = tuple(program.root(axis) for axis in (*statement.out, *over))
    body, guard = rename_axes(statement.body, names), rename_axes(statement.guard, names)
    return statement.operation, len(statement.out), roots, body, guard


def _without_dead(program: Program, keep: int) -> Program:
    live = set(program.outputs.values())
    kept: list[Statement] = []
    for position, statement in reversed(list(enumerate(program.statements))):
        if position < keep or statement.target in live:
            kept.append(statement)
            live |= {read.tensor for read in statement.reads}
    return program.replacing(statements=tuple(reversed(kept)))


def _without_unused_axes(program: Program, base: Program) -> Program:
    """Forget axes that the calculus made and no statement kept."""
    used = {axis for statement in program.statements for axis in (*statement.out, *statement.over)}
    axes = {name: axis for name, axis in program.axes.items() if name in used or name in base.axes}
    return program.replacing(axes=axes)
