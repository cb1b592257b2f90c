"""Orderings again: in every order the quantities of a group are the sums of gaps that some leaf has.

A leaf must say at points what the problem says there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from itertools import permutations, product
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.problems import Problem
from symloss.proof.recheck.outcome import OK, Outcome, worst, wrong
from symloss.proof.recheck.reading import term
from symloss.proof.recheck.restating import differing

_MOST_MEMBERS = 6

Column = tuple[Fraction, ...]


def orderings(problem: Problem, evidence: Mapping[str, Any], shown: Callable[[Problem, Any], Outcome]) -> Outcome:
    """Whether a problem holds in every order of some groups of variables.

    Args:
        problem: the problem.
        evidence: groups with quantities, and leaves.
        shown: re-checks evidence of a flat problem.
    """
    texts = {str(variable): variable for variable in problem.variables}
    groups = [[texts[name] for name in group["variables"]] for group in evidence["groups"]]
    members = [variable for group in groups for variable in group]
    if len(set(members)) != len(members) or any(len(group) > _MOST_MEMBERS for group in groups):
        return wrong("the groups overlap or are too large")
    quantities = [[term(text, problem.variables) for text in group["quantities"]] for group in evidence["groups"]]
    for group, some in zip(groups, quantities, strict=True):
        if any(quantity.free_symbols - set(group) for quantity in some):
            return wrong("a quantity depends on more than its group")
    leaves = [
        ([[tuple(map(Fraction, column)) for column in one] for one in leaf["columns"]], leaf)
        for leaf in evidence["leaves"]
    ]
    every = []
    for group, some in zip(groups, quantities, strict=True):
        found = [_columns(order, some) for order in _orders(problem, group)]
        linear = {one for one in found if one is not None}
        if None in found:
            return wrong("a quantity is not linear in an order")
        every.append(linear)
    for chosen in product(*every):
        if not any(all(c <= set(own) for c, own in zip(chosen, columns, strict=True)) for columns, _ in leaves):
            return wrong("some order has no leaf")
    outcomes = []
    for columns, leaf in leaves:
        inner = _leaf_problem(problem, groups, columns, leaf)
        fault = differing(problem, inner, partial(_with_gaps, groups, quantities, columns))
        outcomes.append(wrong(fault) if fault else shown(inner, leaf["evidence"]))
    return worst(outcomes) if outcomes else OK


def _orders(problem: Problem, group: list[Read]) -> Iterator[tuple[Read, ...]]:
    """The orders that hypotheses about two members allow."""
    pairs = []
    for condition in problem.hypotheses:
        if isinstance(condition, atoms.Less | atoms.LessEqual) and all(side in group for side in condition.args):
            pairs.append(condition.args)
    for order in permutations(group):
        if all(order.index(low) < order.index(high) for low, high in pairs):
            yield order


def _columns(order: tuple[Read, ...], quantities: list[Any]) -> frozenset[Column] | None:
    """Per gap its share in the quantities; None where a quantity is not linear or moves with the group."""
    size = len(order)
    places = {read: tuple(Fraction(int(gap <= place)) for gap in range(size)) for place, read in enumerate(order)}
    forms = [_linear(quantity, places) for quantity in quantities]
    if any(form is None or form[0] != 0 for form in forms):
        return None
    known = [form for form in forms if form is not None]
    return frozenset(column for column in list(zip(*known, strict=True))[1:] if any(column))


def _linear(e: Any, places: Mapping[Any, Column]) -> Column | None:
    """A piecewise linear term as coefficients of the smallest variable and of the gaps."""
    size = len(next(iter(places.values())))
    if e in places:
        return places[e]
    if e == 0:
        return (Fraction(0),) * size
    if isinstance(e, sympy.Mul) and len(e.args) == 2 and e.args[0].is_Rational:
        inner = _linear(e.args[1], places)
        factor = Fraction(int(e.args[0].p), int(e.args[0].q))
        return None if inner is None else tuple(factor * x for x in inner)
    parts = [_linear(part, places) for part in e.args]
    if not parts or any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    if isinstance(e, sympy.Add):
        return tuple(map(sum, zip(*known, strict=True)))  # type: ignore[arg-type]
    if isinstance(e, atoms.Absolute):
        known, e = [known[0], tuple(-x for x in known[0])], atoms.Maximum
    elif isinstance(e, atoms.Relu | atoms.Ramp):
        known, e = [known[0], (Fraction(0),) * size], atoms.Maximum
    else:
        e = type(e)
    if e not in (atoms.Maximum, atoms.Minimum):
        return None
    difference = [x - y for x, y in zip(*known, strict=True)]
    if difference[0] != 0:
        return None
    if all(x >= 0 for x in difference):
        return known[0] if e is atoms.Maximum else known[1]
    if all(x <= 0 for x in difference):
        return known[1] if e is atoms.Maximum else known[0]
    return None


def _gap_names(columns: list[list[Column]]) -> list[list[Read]]:
    number, found = 0, []
    for own in columns:
        found.append([Read(f"g{number + position}") for position in range(1, len(own) + 1)])
        number += len(own)
    return found


def _leaf_problem(problem: Problem, groups: Any, columns: list[list[Column]], leaf: Mapping[str, Any]) -> Problem:
    gaps = [gap for own in _gap_names(columns) for gap in own]
    members = {variable for group in groups for variable in group}
    kept = {v: domain for v, domain in problem.variables.items() if v not in members}
    half_line = Domain("interval", sympy.S.Zero, sympy.oo, True, False)
    variables = {**kept, **dict.fromkeys(gaps, half_line)}
    hypotheses = tuple(term(text, variables) for text in leaf["hypotheses"])
    conclusion = term(leaf["conclusion"], variables)
    used = conclusion.free_symbols.union(*(h.free_symbols for h in hypotheses))
    return Problem({v: d for v, d in variables.items() if v in used}, hypotheses, conclusion)


def _with_gaps(
    groups: Any, quantities: Any, columns: list[list[Column]], point: Mapping[str, Fraction]
) -> dict[str, Fraction] | None:
    """A point with the values of a leaf's gaps, where the leaf covers its order."""
    found = dict(point)
    for group, some, own, names in zip(groups, quantities, columns, _gap_names(columns), strict=True):
        order = tuple(sorted(group, key=lambda read: point[str(read)]))
        found.update({str(name): Fraction(0) for name in names})
        size = len(order)
        places = {read: tuple(Fraction(int(gap <= place)) for gap in range(size)) for place, read in enumerate(order)}
        forms = [_linear(quantity, places) for quantity in some]
        if any(form is None for form in forms):
            return None
        by_gap = list(zip(*(form for form in forms if form is not None), strict=True))[1:]
        for gap, column in enumerate(by_gap, 1):
            width = point[str(order[gap])] - point[str(order[gap - 1])]
            if any(column):
                if column not in own:
                    if width:
                        return None
                    continue
                found[str(names[own.index(column)])] += width
    return found
