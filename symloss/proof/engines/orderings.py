"""Orderings: variables that are only compared with each other, such as ends of intervals, in every order.

In one order every maximum, minimum and overlap is a sum of gaps, each of which is non-negative. The quantities of a
group are linear in the gaps; orders in which they are the same sums, or sums of fewer gaps, are settled together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read, exact_arithmetic
from symloss.proof.branches import KINKS, Branches
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.verdicts import Finding

_MOST_ORDERS = 120
_MOST_LEAVES = 400
_LEAF_ENGINES = ("coefficients", "solver")


@dataclass(frozen=True)
class Cone:
    """What the quantities of a group are in some orders: non-negative sums of gaps, up to a common shift.

    Attributes:
        order: one of the orders.
        columns: per gap the coefficients with which the quantities have it.
    """

    order: tuple[Read, ...]
    columns: frozenset[tuple[Any, ...]]


class OrderingsEngine:
    """Proves problems in which groups of variables are compared with each other alone."""

    name = "orderings"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof in every order, or None."""
        with exact_arithmetic():
            groups = compared_groups(problem)
            problem = _differences(problem, groups)
            if not groups or not any(term.has(*KINKS) for term in (*problem.hypotheses, problem.conclusion)):
                return None
            quantities = [quantities_of(problem, group) for group in groups]
            cones = [cones_of(problem, group, some) for group, some in zip(groups, quantities, strict=True)]
            if any(found is None for found in cones):
                return None
            return self._leaves(problem, groups, quantities, [found or [] for found in cones], budget)

    def _leaves(
        self, problem: Problem, groups: list[tuple[Read, ...]], quantities: Any, cones: list[list[Cone]], budget: Budget
    ) -> Finding | None:
        count = 1
        for found in cones:
            count *= len(found)
        if count > _MOST_LEAVES:
            return None
        leaves = []
        for chosen in product(*cones):
            leaf = in_gaps(problem, groups, quantities, chosen)
            if leaf is None:
                return None
            found = self._leaf(leaf, budget)
            if found is None:
                return None
            orders = [[str(read) for read in cone.order] for cone in chosen]
            leaves.append({"orders": orders, "engine": found.engine, "evidence": found.evidence})
        named = [[str(read) for read in group] for group in groups]
        evidence = {"kind": "orderings", "groups": named, "leaves": leaves}
        engines = "+".join(dict.fromkeys(leaf["engine"] for leaf in leaves))
        return Finding("proved", engines, evidence, summary=f"in each of {count} arrangements")

    def _leaf(self, leaf: Problem, budget: Budget) -> Finding | None:
        if leaf.conclusion == 1:
            return Finding("proved", "algebra", {"kind": "identity", "difference": "0"})
        for name in _LEAF_ENGINES:
            found = problem_engine(name).settle(leaf, budget)
            if found is not None:
                return found
        return None


def compared_groups(problem: Problem) -> list[tuple[Read, ...]]:
    """Variables that kinks and hypotheses compare, transitively, where each kink is about one group."""
    joined: dict[Read, set[Read]] = {}

    def join(reads: set[Read]) -> None:
        whole = set(reads).union(*(joined[read] for read in reads if read in joined))
        for read in whole:
            joined[read] = whole

    for term in (*problem.hypotheses, problem.conclusion):
        for e in sympy.preorder_traversal(term):
            if isinstance(e, KINKS) or (isinstance(e, atoms.Less | atoms.LessEqual) and all(a.is_Symbol for a in e.args)):
                reads = {s for s in e.free_symbols if s in problem.variables}
                if reads and not isinstance(e, atoms.Where):
                    join(reads)
    unbounded = {v for v, domain in problem.variables.items() if domain.lower.is_infinite and domain.upper.is_infinite}
    groups = {tuple(sorted(whole, key=str)) for whole in joined.values() if len(whole) > 1}
    return sorted((group for group in groups if set(group) <= unbounded), key=str)


def _differences(problem: Problem, groups: list[tuple[Read, ...]]) -> Problem:
    """Comparisons within a group as comparisons with 0, so that no variable stands alone."""
    members = [set(group) for group in groups]

    def visit(e: Any) -> Any:
        if isinstance(e, _COMPARISONS) and e.args[0] != 0 and any(e.free_symbols <= group for group in members):
            return e.func(0, e.args[1] - e.args[0])
        return e.func(*(visit(argument) for argument in e.args)) if isinstance(e, _CONDITIONS) else e

    return replace(problem, hypotheses=tuple(map(visit, problem.hypotheses)), conclusion=visit(problem.conclusion))


def quantities_of(problem: Problem, group: tuple[Read, ...]) -> list[Any]:
    """The largest parts of the problem that depend on one group alone."""
    found: dict[Any, None] = {}
    members = set(group)

    def visit(e: Any) -> None:
        depends = e.free_symbols & set(problem.variables)
        if not depends & members:
            return
        if depends <= members and not isinstance(e, _CONDITIONS) and linear(e):
            found[e] = None
            return
        for argument in e.args:
            visit(argument)

    for term in (*problem.hypotheses, problem.conclusion):
        visit(term)
    return list(found)


_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
_CONDITIONS = (*_COMPARISONS, atoms.And, atoms.Or, atoms.Not)


def linear(e: Any) -> bool:
    """Whether a term is piecewise linear by its form."""
    if e.is_Rational or e.is_Symbol:
        return True
    if isinstance(e, sympy.Add | atoms.Maximum | atoms.Minimum | atoms.Absolute | atoms.Relu | atoms.Ramp):
        return all(linear(part) for part in e.args)
    if isinstance(e, sympy.Mul):
        return sum(not part.is_Rational for part in e.args) == 1 and all(linear(part) for part in e.args)
    return False


def cones_of(problem: Problem, group: tuple[Read, ...], quantities: list[Any]) -> list[Cone] | None:
    """The cones of a group in all orders that the hypotheses allow, without those that are faces of others."""
    found: dict[frozenset[Any], Cone] = {}
    for number, order in enumerate(orders_of(problem, group)):
        if number >= _MOST_ORDERS:
            return None
        placed = _placed(order)
        columns = _columns(placed, quantities)
        if columns is None:
            return None
        found.setdefault(columns, Cone(order, columns))
    return [cone for cone in found.values() if not any(cone.columns < other for other in found)]


def orders_of(problem: Problem, group: tuple[Read, ...]) -> Iterator[tuple[Read, ...]]:
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


def _gap(number: int) -> Read:
    return Read(f"gap{number}")


def _placed(order: tuple[Read, ...]) -> dict[Read, Any]:
    """Every variable of a group as the smallest one plus gaps."""
    placed: dict[Read, Any] = {order[0]: order[0]}
    for number, read in enumerate(order[1:], 1):
        placed[read] = placed[order[number - 1]] + _gap(number)
    return placed


def _branches(gaps: Any, conditions: tuple[Any, ...] = ()) -> Branches:
    return Branches((*(atoms.LessEqual(0, gap) for gap in gaps), *conditions))


def _columns(placed: Mapping[Read, Any], quantities: list[Any]) -> frozenset[tuple[Any, ...]] | None:
    """The coefficients of the gaps in the quantities; None where one is not linear in them."""
    gaps = [_gap(number) for number in range(1, len(placed))]
    forms = _forms(placed, quantities, gaps)
    if forms is None:
        return None
    columns = [tuple(form.coeff(gap) for form in forms) for gap in gaps]
    return frozenset(column for column in columns if any(column))


def _forms(placed: Mapping[Read, Any], quantities: list[Any], gaps: list[Read]) -> list[Any] | None:
    branches = _branches(gaps)
    forms = []
    for quantity in quantities:
        form = sympy.expand(branches.resolved(quantity.xreplace(dict(placed))))
        if form.has(*KINKS):
            return None
        forms.append(form)
    return forms


def in_gaps(problem: Problem, groups: Any, quantities: Any, chosen: tuple[Cone, ...]) -> Problem | None:
    """The problem in one cone per group, over gaps."""
    replaced: dict[Any, Any] = {}
    gaps: list[Read] = []
    for group, some, cone in zip(groups, quantities, chosen, strict=True):
        placed = _placed(cone.order)
        own = [_gap(number) for number in range(1, len(group))]
        forms = _forms(placed, some, own)
        assert forms is not None
        renamed = {}
        for column in dict.fromkeys(tuple(form.coeff(gap) for form in forms) for gap in own):
            if any(column):
                gaps.append(Read(f"g{len(gaps) + 1}"))
                renamed[column] = gaps[-1]
        for position, (quantity, form) in enumerate(zip(some, forms, strict=True)):
            rest = form.subs(dict.fromkeys(own, 0))
            replaced[quantity] = sympy.Add(rest, *(column[position] * gap for column, gap in renamed.items()))
    variables = {v: d for v, d in problem.variables.items() if not any(v in group for group in groups)}
    bases = {cone.order[0]: Domain() for cone in chosen}
    half_line = Domain("interval", sympy.S.Zero, sympy.oo, True, False)
    variables.update({**bases, **dict.fromkeys(gaps, half_line)})

    def visit(e: Any) -> Any:
        if e in replaced:
            return replaced[e]
        return e.func(*(visit(argument) for argument in e.args)) if e.args and not isinstance(e, Read) else e

    hypotheses = [visit(h) for h in problem.hypotheses]
    branches = _branches(gaps, tuple(h for h in hypotheses if not h.has(*KINKS)))
    resolved = tuple(dict.fromkeys(r for r in (branches.resolved(h) if h.has(*KINKS) else h for h in hypotheses) if r != 1))
    found = replace(problem, variables=variables, hypotheses=resolved, conclusion=branches.resolved(visit(problem.conclusion)))
    left = {read for group in groups for read in group} - set(bases)
    used = found.conclusion.free_symbols.union(*(h.free_symbols for h in found.hypotheses))
    if used & left:
        return None
    return replace(found, variables={v: d for v, d in variables.items() if v in used})


ENGINE = OrderingsEngine()
