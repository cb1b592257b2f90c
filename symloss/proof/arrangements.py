"""Groups of variables that are only compared with each other, and their orders.

In one order every maximum, minimum and overlap of a group is a sum of gaps between neighbours, each of them
non-negative; how often each gap stands in each quantity is all that is left of the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.branches import KINKS, Branches
from symloss.proof.problems import Problem

_MOST_ORDERS = 120
#: How often a gap stands in each quantity of its group.
Column = tuple[Any, ...]
#: A linear form: the coefficient of the smallest variable, then those of the gaps.
Form = tuple[Any, ...]


@dataclass(frozen=True)
class Arranged:
    """A group whose quantities are sums of gaps, with one column per gap."""

    group: tuple[Read, ...]
    quantities: tuple[Any, ...]
    columns: tuple[Column, ...]


def compared_groups(problem: Problem) -> list[tuple[Read, ...]]:
    """Variables that kinks and hypotheses compare, transitively, where each kink is about one group."""
    joined: dict[Read, set[Read]] = {}

    def join(reads: set[Read]) -> None:
        whole = set(reads).union(*(joined[read] for read in reads if read in joined))
        for read in whole:
            joined[read] = whole

    for term in (*problem.hypotheses, problem.conclusion):
        for e in sympy.preorder_traversal(term):
            if isinstance(e, KINKS) or (
                isinstance(e, atoms.Less | atoms.LessEqual) and all(a.is_Symbol for a in e.args)
            ):
                reads = {s for s in sympy.sympify(e).free_symbols if s in problem.variables}
                if reads and not isinstance(e, atoms.Where):
                    join(reads)
    unbounded = {v for v, domain in problem.variables.items() if domain.lower.is_infinite and domain.upper.is_infinite}
    groups = {tuple(sorted(whole, key=str)) for whole in joined.values() if len(whole) > 1}
    return sorted((group for group in groups if set(group) <= unbounded), key=str)


def differences(problem: Problem, groups: list[tuple[Read, ...]]) -> Problem:
    """Comparisons within a group as comparisons with 0, of distances where only equality matters."""
    members = [set(group) for group in groups]

    def visit(e: Any) -> Any:
        if isinstance(e, _COMPARISONS) and any(e.free_symbols <= group for group in members):
            difference = e.args[1] - e.args[0]
            equation = isinstance(e, atoms.Equal | atoms.NotEqual)
            return e.func(0, atoms.Absolute(difference) if equation else difference)
        return e.func(*(visit(argument) for argument in e.args)) if isinstance(e, _CONDITIONS) else e

    return replace(problem, hypotheses=tuple(map(visit, problem.hypotheses)), conclusion=visit(problem.conclusion))


def quantities_of(problem: Problem, group: tuple[Read, ...]) -> tuple[Any, ...]:
    """The largest parts of the problem that depend on one group alone."""
    found: dict[Any, None] = {}
    members = set(group)

    def visit(e: Any) -> None:
        depends = e.free_symbols & set(problem.variables)
        if not depends & members:
            return
        if depends <= members and not isinstance(e, _CONDITIONS) and _linear(e):
            found[e] = None
            return
        for argument in e.args:
            visit(argument)

    for term in (*problem.hypotheses, problem.conclusion):
        visit(term)
    return tuple(found)


_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
_CONDITIONS = (*_COMPARISONS, atoms.And, atoms.Or, atoms.Not)


def _linear(e: Any) -> bool:
    """Whether a term is piecewise linear by its form."""
    if e == 0 or e.is_Symbol:
        return True
    if isinstance(e, sympy.Add | atoms.Maximum | atoms.Minimum | atoms.Absolute | atoms.Relu | atoms.Ramp):
        return all(_linear(part) for part in e.args)
    if isinstance(e, sympy.Mul):
        return sum(not part.is_Rational for part in e.args) == 1 and all(
            _linear(part) or part.is_Rational for part in e.args
        )
    return False


def arrangement(
    problem: Problem, group: tuple[Read, ...], quantities: tuple[Any, ...]
) -> tuple[frozenset[Column], ...] | None:
    """The gaps of a group in all orders that the hypotheses allow: per order the columns of coefficients.

    Orders whose columns are among those of another are left out, since gaps may be 0. None where an order leaves a
    branch open.
    """
    found: dict[frozenset[Column], None] = {}
    for number, order in enumerate(_orders(problem, group)):
        forms = [_form(quantity, _placed(order)) for quantity in quantities] if number < _MOST_ORDERS else [None]
        known = [form for form in forms if form is not None and form[0] == 0]
        if len(known) < len(forms):
            return None
        found.setdefault(frozenset(column for column in list(zip(*known, strict=True))[1:] if any(column)))
    return tuple(columns for columns in found if not any(columns < other for other in found))


def _orders(problem: Problem, group: tuple[Read, ...]) -> Iterator[tuple[Read, ...]]:
    """The orders of a group, from smallest to largest, that the hypotheses allow."""
    members = set(group)
    before: dict[Read, set[Read]] = {read: set() for read in group}
    for condition in problem.hypotheses:
        if isinstance(condition, atoms.Less | atoms.LessEqual) and condition.free_symbols <= members:
            ends = _ends(condition.args[1] - condition.args[0])
            if ends is not None:
                before[ends[1]].add(ends[0])

    def extend(order: tuple[Read, ...]) -> Iterator[tuple[Read, ...]]:
        if len(order) == len(group):
            yield order
            return
        for read in group:
            if read not in order and before[read] <= set(order):
                yield from extend((*order, read))

    return extend(())


def _ends(difference: Any) -> tuple[Read, Read] | None:
    """Low and high of a difference of two variables."""
    parts = {sign: [x for x in difference.args if x.as_coeff_Mul()[0] == sign] for sign in (1, -1)}
    if len(difference.args) != 2 or not all(len(some) == 1 for some in parts.values()):
        return None
    low, high = -parts[-1][0], parts[1][0]
    return (low, high) if low.is_Symbol and high.is_Symbol else None


def _placed(order: tuple[Read, ...]) -> dict[Read, Form]:
    """Every variable of a group as the smallest one plus gaps."""
    return {read: (1, *(int(gap <= place) for gap in range(1, len(order)))) for place, read in enumerate(order)}


def _form(e: Any, placed: Mapping[Read, Form]) -> Form | None:
    """A piecewise linear term in an order that places every variable; None where a branch stays open."""
    if e.is_Symbol:
        return placed[e]
    if e == 0:
        return (0,) * len(placed)
    parts = [_form(part, placed) for part in e.args if not (isinstance(e, sympy.Mul) and part.is_Rational)]
    if any(part is None for part in parts):
        return None
    forms = [part for part in parts if part is not None]
    if isinstance(e, sympy.Add):
        return tuple(map(sum, zip(*forms, strict=True)))
    if isinstance(e, sympy.Mul):
        return _scaled(forms[0], e.as_coeff_Mul()[0])
    if isinstance(e, atoms.Maximum | atoms.Minimum):
        return _larger(forms[0], forms[1], 1 if isinstance(e, atoms.Maximum) else -1)
    opposite = _scaled(forms[0], -1 if isinstance(e, atoms.Absolute) else 0)
    return _larger(forms[0], opposite, 1)


def _scaled(form: Form, factor: Any) -> Form:
    return tuple(factor * entry for entry in form)


def _larger(a: Form, b: Form, better: int) -> Form | None:
    difference = [better * (x - y) for x, y in zip(a, b, strict=True)]
    if difference[0] != 0:
        return None
    if all(entry >= 0 for entry in difference):
        return a
    return b if all(entry <= 0 for entry in difference) else None


def in_gaps(problem: Problem, arranged: Sequence[Arranged]) -> Problem | None:
    """The problem with the quantities of each group as sums of gaps; None where a variable stands alone."""
    replaced: dict[Any, Any] = {}
    gaps: list[Read] = []
    for one in arranged:
        own = [Read(f"g{len(gaps) + number}") for number in range(1, len(one.columns) + 1)]
        gaps += own
        for position, quantity in enumerate(one.quantities):
            terms = (column[position] * gap for column, gap in zip(one.columns, own, strict=True))
            replaced[quantity] = sympy.Add(*terms)

    def visit(e: Any) -> Any:
        if e in replaced:
            return replaced[e]
        return e.func(*(visit(argument) for argument in e.args)) if e.args else e

    half_line = Domain("interval", sympy.S.Zero, sympy.oo, True, False)
    variables = {**problem.variables, **dict.fromkeys(gaps, half_line)}
    hypotheses = [visit(h) for h in problem.hypotheses]
    plain = (h for h in hypotheses if not h.has(*KINKS))
    branches = Branches((*(atoms.LessEqual(0, gap) for gap in gaps), *plain))
    kept = dict.fromkeys(branches.resolved(h) if h.has(*KINKS) else h for h in hypotheses)
    conclusion = visit(problem.conclusion)
    if conclusion.has(*KINKS):
        conclusion = branches.resolved(conclusion)
    used = conclusion.free_symbols.union(*(h.free_symbols for h in kept))
    if any(read in used for one in arranged for read in one.group):
        return None
    return replace(
        problem,
        variables={v: domain for v, domain in variables.items() if v in used},
        hypotheses=tuple(h for h in kept if h != 1),
        conclusion=conclusion,
    )
