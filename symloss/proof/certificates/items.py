"""Sums over an axis item by item, with the multipliers of what is known to sum to 1."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import sympy

from symloss.program import AxisSymbol, axes_of, substitute
from symloss.proof.certificates.nodes import node
from symloss.proof.knowledge import Knowledge
from symloss.proof.terms import (
    LogSumExpAlong,
    SumAlong,
    Term,
    all_reads,
    fresh,
    opened,
)
from symloss.proof.verdicts import Evidence

if TYPE_CHECKING:
    from symloss.proof.certificates.search import Certificates


@dataclass(frozen=True)
class Group:
    """``factor · Σ_axis [guard] item`` with a factor that is not negative."""

    factor: Term
    axis: AxisSymbol
    root: str
    guard: Term
    item: Term


def items(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """Sums over axes, each item with the multipliers of constraints at least 0."""
    found, rest = groups(e, facts)
    if not found:
        return None
    parts: list[Evidence] = []
    if rest != 0:
        part = search.nonnegative(rest, facts, depth)
        if part is None:
            return None
        parts.append(part)
    for group in found:
        shown = with_multipliers(search, group, facts, depth)
        if shown is None:
            return None
        place = {"factor": str(group.factor), "axis": group.axis.axis, "guard": str(group.guard)}
        parts.append({**place, **shown[1]})
    return node(e, "sum of nonnegative items", parts)


def with_multipliers(search: Certificates, group: Group, facts: Knowledge, depth: int) -> tuple[Term, Evidence] | None:
    """The item of a group with the multipliers that make it at least 0, and what shows it; or None."""
    inner = search.under(facts, group.guard)
    found = search.nonnegative(group.item, inner, depth)
    if found is not None:
        return group.item, found
    for first, second in combinations(constraints(group, inner), 2):
        for up, down in ((first, second), (second, first)):
            whole = group.item + up - down
            found = search.nonnegative(whole, inner, depth)
            if found is not None:
                shown = [{"sum of": str(up), "times": "1"}, {"sum of": str(down), "times": "-1"}]
                return whole, {**found, "item": str(group.item), "multipliers": shown}
    return None


def groups(e: Term, facts: Knowledge) -> tuple[list[Group], Term]:
    """The sums over axes in a term, those over the same items with the same factor together, and the rest."""
    found: dict[tuple[Any, str, Any], tuple[AxisSymbol, Term]] = {}
    rest = []
    for term in flat(e):
        factors = sympy.Mul.make_args(term)
        sums = [factor for factor in factors if isinstance(factor, SumAlong)]
        if len(sums) != 1:
            rest.append(term)
            continue
        total = sums[0]
        number, factor = sympy.Mul(*(f for f in factors if f is not total)).as_coeff_Mul(rational=True)
        sign = facts.range(factor)
        if sign is None or not sign.finite or not (sign.above(0) or sign.below(0)):
            rest.append(term)
            continue
        if not sign.above(0):
            number, factor = -number, -factor
        root = total.axis.axis.split("'")[0]
        guard = facts.plain(total.guard)
        key = (factor, root, substitute(guard, {total.axis: AxisSymbol(f"{root}''0")}))
        axis, item = found.get(key, (fresh(root), sympy.S.Zero))
        found[key] = (axis, item + number * substitute(total.body, {total.axis: axis}))
    made = [
        Group(factor, axis, root, substitute(guard, {AxisSymbol(f"{root}''0"): axis}), item)
        for (factor, root, guard), (axis, item) in found.items()
    ]
    return made, sympy.Add(*rest)


def constraints(group: Group, facts: Knowledge) -> list[Term]:
    """Terms of an item whose sum over the admitted items is 1: entries of a simplex, and of a softmax."""
    found: list[Term] = []
    for read in sorted(all_reads(group.item), key=str):
        tensor = facts.tensors.get(read.tensor)
        if tensor is None or tensor.domain.kind != "simplex" or group.guard != 1:
            continue
        if read.index[tensor.axes.index(tensor.domain.axis or "")] == group.axis:
            found.append(read)
    for inner in sorted(group.item.atoms(LogSumExpAlong), key=str):
        own, body, admitted = opened(inner)
        same = substitute(facts.plain(admitted), {own: group.axis}) == group.guard
        if inner.axis.axis.split("'")[0] == group.root and same and group.axis.axis not in axes_of(inner):
            found.append(sympy.exp(substitute(body, {own: group.axis}) - inner))
    return found[:4]


def flat(e: Term) -> list[Term]:
    """The terms of a sum, numbers in front of brackets multiplied in."""
    found = []
    for term in sympy.Add.make_args(e):
        number, rest = term.as_coeff_Mul(rational=True)
        if isinstance(rest, sympy.Add):
            found += [number * inner for inner in flat(rest)]
        else:
            found.append(term)
    return found


def split(term: Term) -> list[Term]:
    """A product with one sum among its factors, term by term."""
    sums = [factor for factor in sympy.Mul.make_args(term) if isinstance(factor, sympy.Add)]
    if len(sums) != 1 or not isinstance(term, sympy.Mul):
        return [term]
    rest = sympy.Mul(*(factor for factor in term.args if factor is not sums[0]))
    return [rest * part for part in sums[0].args]
