"""Rewrite a program into the few forms that loops can run: map, sum, count, max, min, norm, largest; without guards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import sympy

from symloss.atoms import Absolute, And, Equal, Less, Log1p, Maximum, Minimum, StopGradient, Where
from symloss.lowering.functions import Difference, Gap, Lifted, UnitScale
from symloss.lowering.norms import with_scaled_norms
from symloss.lowering.quotients import with_quotients, with_relative_differences
from symloss.lowering.rescaling import rescaled
from symloss.lowering.rewriting import bottom_up
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, reads_of, rename_axes, substitute

#: A fixed axis no longer than this is unrolled.
LONGEST_UNROLLED = 8

_NEUTRAL = {"sum": sympy.S.Zero, "norm": sympy.S.Zero, "max": -sympy.oo, "min": sympy.oo}


def prepare(program: Program, wanted: Iterable[str], shares: bool = False) -> Program:
    """The statements that the wanted outputs need, lowered to loops' own forms, with short axes unrolled.

    ``shares`` asks for the weights of a logsumexp as its terms' shares in their sum.
    """
    program = without_dead_statements(program, wanted)
    program = _without_slopes_alone(program)
    program = _samples_by_one_name(program)
    program = _split_logsumexp(_with_shares(program) if shares else program, shares)
    program = _guards_into_branches(program)
    program = with_scaled_norms(program)
    program = _unroll(program)
    program = _differences_first(program)
    program = with_quotients(program)
    program = with_relative_differences(rescaled(program))
    return without_dead_statements(program, wanted)


def without_dead_statements(program: Program, wanted: Iterable[str]) -> Program:
    """Drop the statements that no wanted output depends on."""
    outputs = {key: target for key, target in program.outputs.items() if key in set(wanted)}
    live: set[str] = set()
    for target in outputs.values():
        live |= {s.target for s in program.statements if s.target == target or s.target.startswith(target + "__")}
    kept: list[Statement] = []
    for statement in reversed(program.statements):
        if statement.target in live:
            kept.append(statement)
            live |= {read.tensor for read in statement.reads}
    return program.replacing(statements=tuple(reversed(kept)), outputs=outputs)


def _without_slopes_alone(program: Program) -> Program:
    """Leave out ``x - stop_gradient(x)``, of which only the slope was wanted: added to other terms it would round."""

    def rewrite(node: sympy.Expr) -> sympy.Expr:
        if not node.is_Add:
            return node
        terms = list(node.args)
        for term in node.args:
            factor, base = term.as_coeff_Mul()
            stopped = sympy.Add.make_args(base.args[0]) if isinstance(base, StopGradient) else ()
            opposite = [-factor * part for part in stopped]
            if opposite and all(part in terms for part in opposite):
                terms = [other for other in terms if other not in (term, *opposite)]
        return sympy.Add(*terms) if len(terms) < len(node.args) else node

    return program.replacing(
        statements=tuple(
            replace(s, body=bottom_up(s.body, rewrite), guard=bottom_up(s.guard, rewrite))
            if s.body.has(StopGradient) or s.guard.has(StopGradient)
            else s
            for s in program.statements
        )
    )


def _samples_by_one_name(program: Program) -> Program:
    """Call the samples of a statement's target by the batch axis itself, so that it shares the loop of the others.

    The calculus may leave a target whose first axis is a second index over the batch; the name says nothing.
    """

    def renamed(statement: Statement) -> Statement:
        first = statement.out[0] if statement.out else None
        root = first and program.root(first)
        if not first or not root or first == root or program.axes[root].kind != "batch":
            return statement
        if root in (*statement.out, *statement.over, *axes_of(statement.body), *axes_of(statement.guard)):
            return statement
        body, guard = (rename_axes(e, {first: root}) for e in (statement.body, statement.guard))
        return replace(statement, out=(root, *statement.out[1:]), body=body, guard=guard)

    return program.replacing(statements=tuple(map(renamed, program.statements)))


def _terms_of(statement: Statement, index: tuple[sympy.Expr, ...]) -> Read:
    """The term ``exp(b - max)`` of a logsumexp at an index."""
    return Read(f"{statement.target}__terms", index)


def _with_shares(program: Program) -> Program:
    """Read ``exp(b - T)``, where T is the logsumexp of b, as ``exp(b - max)`` over the sum of all of these.

    The exponentials are then the ones that make up the sum, and the logarithm that T is rounded in does not enter.
    """
    split = {s.target: s for s in program.statements if s.operation == "logsumexp" and len(s.over) == 1}

    def rewrite(node: sympy.Expr) -> sympy.Expr:
        if not (isinstance(node, sympy.exp) and node.args[0].is_Add):
            return node
        for term in node.args[0].args:
            statement = split.get((-term).tensor) if isinstance(-term, Read) else None
            if statement is None:
                continue
            index, other = (-term).index, node.args[0] - term
            for axis in sorted(axes_of(other)):
                at = dict(zip((*statement.out, *statement.over), (*index, AxisSymbol(axis)), strict=True))
                if rename_axes(statement.body, at) == other:
                    share = Read(f"{statement.target}__share", index)
                    return _terms_of(statement, (*index, AxisSymbol(axis))) * share
        return node

    statements = tuple(replace(s, body=bottom_up(s.body, rewrite)) for s in program.statements)
    return program.replacing(statements=statements)


def _split_logsumexp(program: Program, shares: bool) -> Program:
    """``T = logsumexp(b)`` becomes ``T = max + rest`` with ``rest = log1p(sum of exp(b - max) but for one maximum)``.

    Both parts keep their relative accuracy, and what reads ``T - b`` reads ``(max - b) + rest``, where the difference
    of two inputs is rounded once whatever their common size (logits near 1e4).
    """
    split = {s.target for s in program.statements if s.operation == "logsumexp"}
    statements: list[Statement] = []
    for statement in program.statements:
        body = _with_companions(statement.body, split)
        guard = _with_companions(statement.guard, split)
        statement = replace(statement, body=body, guard=guard)
        if statement.target not in split:
            statements.append(statement)
            continue
        name, out = statement.target, tuple(AxisSymbol(axis) for axis in statement.out)
        top, below, ties, rest = (Read(f"{name}__{part}", out) for part in ("max", "below", "ties", "rest"))
        smaller = And(guard, Less(body, top))
        excess = below + Where(Less(1, ties), ties - 1, 0)
        statements.append(replace(statement, target=f"{name}__max", operation="max"))
        term = sympy.exp(Difference(body, top))
        if shares and len(statement.over) == 1:
            places = (*statement.out, *statement.over)
            kept = _terms_of(statement, tuple(map(AxisSymbol, places)))
            statements.append(Statement(kept.tensor, places, "map", sympy.exp(-Gap(top, body))))
            term = kept
        statements += [
            replace(
                statement,
                target=f"{name}__below",
                operation="sum",
                body=Where(smaller, term, 0),
                guard=sympy.S.One,
            ),
            replace(
                statement,
                target=f"{name}__ties",
                operation="count",
                body=And(guard, Equal(body, top)),
                guard=sympy.S.One,
            ),
            Statement(f"{name}__rest", statement.out, "map", Log1p(excess)),
            Statement(f"{name}__share", statement.out, "map", 1 / (1 + excess)),
            Statement(name, statement.out, "map", top + rest),
        ]
    return program.replacing(statements=tuple(statements))


def _with_companions(expression: sympy.Expr, split: set[str]) -> sympy.Expr:
    """Evaluate ``T - b`` as ``(max - b) + rest`` for every logsumexp T."""

    def rewrite(node: sympy.Expr) -> sympy.Expr:
        if not node.is_Add:
            return node
        terms = list(node.args)
        for term in node.args:
            factor, base = term.as_coeff_Mul()
            if not (isinstance(base, Read) and base.tensor in split and term in terms):
                continue
            partners = [t for t in terms if t is not term and t.as_coeff_Mul()[0] == -factor]
            partners.sort(key=lambda t: (not isinstance(t.as_coeff_Mul()[1], Read), str(t)))
            if not partners:
                continue
            other = partners[0].as_coeff_Mul()[1]
            top, rest = (Read(f"{base.tensor}__{part}", base.index) for part in ("max", "rest"))
            if isinstance(other, Read) and other.tensor in split:
                paired = Gap(top, Read(f"{other.tensor}__max", other.index)) + (
                    rest - Read(f"{other.tensor}__rest", other.index)
                )
            else:
                paired = Gap(top, other) + rest
            terms.remove(term)
            terms.remove(partners[0])
            terms.append(factor * paired)
        return sympy.Add(*terms)

    return bottom_up(expression, rewrite)


def _guards_into_branches(program: Program) -> Program:
    statements = [
        replace(s, body=Where(s.guard, s.body, _NEUTRAL[s.operation]), guard=sympy.S.One)
        if s.guard != 1 and s.operation in _NEUTRAL
        else s
        for s in program.statements
    ]
    return program.replacing(statements=tuple(statements))


def _unroll(program: Program) -> Program:
    """Replace a short axis of fixed size by one statement, or one term, per entry."""
    fixed = {
        name: axis.size
        for name in program.axes
        if (axis := program.axes[program.root(name)]).size is not None and axis.size <= LONGEST_UNROLLED
    }
    if not fixed:
        return program
    shapes = {s.target: s.out for s in program.statements}
    scales = {s.target for s in program.statements if isinstance(s.body, UnitScale)}
    statements: list[Statement] = []
    for statement in program.statements:
        kept = tuple(axis for axis in statement.out if axis not in fixed)
        unrolled = [axis for axis in statement.out if axis in fixed]
        over_fixed = [axis for axis in statement.over if axis in fixed]
        over_kept = tuple(axis for axis in statement.over if axis not in fixed)
        if statement.operation == "norm" and over_fixed:
            statement = replace(statement, body=_scaled_first(statement.body, scales))
        for entries in product(*(range(fixed[axis]) for axis in unrolled)):
            at: dict[str, str | sympy.Expr] = {a: sympy.Integer(e) for a, e in zip(unrolled, entries, strict=True)}
            bodies = []
            for places in product(*(range(fixed[axis]) for axis in over_fixed)):
                where = {**at, **{a: sympy.Integer(p) for a, p in zip(over_fixed, places, strict=True)}}
                bodies.append(_read_unrolled(rename_axes(statement.body, where), shapes, fixed))
            target = unrolled_name(statement.target, entries)
            operation, body = statement.operation, bodies[0] if bodies else sympy.S.Zero
            if over_fixed:
                body = _combine(operation, bodies)
                if not over_kept:
                    operation = "map"
                elif operation == "count":
                    operation = "sum"  # of how many conditions hold at once, of which a count would see one
            statements.append(Statement(target, kept, operation, body, over_kept))
    return program.replacing(statements=tuple(statements))


def _scaled_first(body: sympy.Expr, scales: set[str]) -> sympy.Expr:
    """A product with a scale, formed before it is squared: of the square of a scale alone there may be no number."""
    factors = sympy.Mul.make_args(body)
    scaling = [factor for factor in factors if isinstance(factor, Read) and factor.tensor in scales]
    rest = [factor for factor in factors if factor not in scaling]
    return Lifted(sympy.Mul(*rest), sympy.Mul(*scaling)) if scaling else body


def _combine(operation: str, bodies: list[sympy.Expr]) -> sympy.Expr:
    if operation in ("sum", "count"):
        return sympy.Add(*bodies)
    if operation == "norm":
        # Of equal entries SymPy makes an Abs of its own.
        return sympy.sqrt(sympy.Add(*(body**2 for body in bodies))).replace(sympy.Abs, Absolute)
    if operation == "largest":
        operation, bodies = "max", [Absolute(body) for body in bodies]
    choose = Maximum if operation == "max" else Minimum
    combined = bodies[0]
    for body in bodies[1:]:
        combined = choose(combined, body)
    return combined


def unrolled_name(target: str, entries: tuple[int, ...]) -> str:
    """The name of one entry of an unrolled tensor."""
    return f"{target}__{'_'.join(map(str, entries))}" if entries else target


def _read_unrolled(expression: sympy.Expr, shapes: dict[str, tuple[str, ...]], fixed: dict[str, int]) -> sympy.Expr:
    """Reads of unrolled statements, at numbers where the index is one, else by a chain of branches."""
    replaced: dict[sympy.Symbol, sympy.Expr] = {}
    for read in reads_of(expression):
        axes = shapes.get(read.tensor)
        if axes is None or not any(axis in fixed for axis in axes):
            continue
        kept = tuple(entry for axis, entry in zip(axes, read.index, strict=True) if axis not in fixed)
        chosen = [(fixed[axis], entry) for axis, entry in zip(axes, read.index, strict=True) if axis in fixed]
        value: sympy.Expr | None = None
        for entries in reversed(list(product(*(range(size) for size, _ in chosen)))):
            here = Read(unrolled_name(read.tensor, entries), kept)
            matches = And(*(Equal(e, sympy.Integer(at)) for (_, e), at in zip(chosen, entries, strict=True)))
            value = here if value is None else Where(matches, here, value)
        replaced[read] = value
    return substitute(expression, replaced) if replaced else expression


def _differences_first(program: Program) -> Program:
    """In a sum of three or more terms, a difference of two inputs is formed before anything else."""
    inputs = {name for name, tensor in program.tensors.items() if tensor.role in ("prediction", "target")}

    def rewrite(node: sympy.Expr) -> sympy.Expr:
        if not node.is_Add or len(node.args) < 3:
            return node
        plus = sorted((t for t in node.args if isinstance(t, Read) and t.tensor in inputs), key=str)
        minus = sorted((t for t in node.args if isinstance(-t, Read) and (-t).tensor in inputs), key=str)
        rest = [t for t in node.args if t not in plus and t not in minus]
        pairs = [Difference(a, -b) for a, b in zip(plus, minus, strict=False)]
        spare = plus[len(pairs) :] + minus[len(pairs) :]
        return sympy.Add(*rest, *pairs, *spare) if pairs else node

    statements = tuple(
        replace(s, body=bottom_up(s.body, rewrite)) if s.body.has(sympy.Add) else s for s in program.statements
    )
    return program.replacing(statements=statements)
