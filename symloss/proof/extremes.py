"""Least and largest values: the bound holds, and a point reaches it or a limit approaches it.

Points come from where the slope vanishes or from a look at a grid; they are hints, which goals then prove.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read
from symloss.proof.admissible import inside
from symloss.proof.claim_terms import substitution
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import NotDifferentiableError, partial
from symloss.proof.goals import Always, Argument, Curvature, Extremum, Goal, Limit
from symloss.proof.pieces import pieces
from symloss.proof.problems import domain_conditions
from symloss.proof.search import Quick
from symloss.proof.steps import Step, convex_domain
from symloss.proof.terms import Along, Term, all_reads, conjunction, tensors_of, with_tensors

#: Values that are tried for a variable, beside simple ones and the ends of its interval.
_GRID = tuple(Fraction(i, 8) for i in range(-64, 65))


def argument(goal: Goal, statement: Argument) -> list[Step]:
    """Every other value is worse; a strictly convex (or concave) term has its best value where its slope vanishes."""
    name, value = statement.variable, statement.value
    here = _read(goal, name)
    low, high = _at(goal, statement.term, {name: value}), statement.term
    if statement.kind == "argmax":
        low, high = high, low
    elsewhere = atoms.NotEqual(here, value)
    worse = goal.about(Always(atoms.Less(low, high)), "elsewhere", hypotheses=(*goal.hypotheses, elsewhere))
    admitted = _admitted(goal, {name: value})
    steps = [Step("every other value is worse", (admitted, worse), True)]
    kind = "strictly_convex" if statement.kind == "argmin" else "strictly_concave"
    stationary = _stationary(goal, statement.term, name, value)
    if stationary is not None and convex_domain(goal, (name,)):
        bent = goal.about(Curvature(kind, statement.term, (name,)), kind.replace("_", " "))
        goals = (admitted, stationary, bent)
        steps.insert(0, Step("the stationary point of a strictly convex term", goals, details=_where({name: value})))
    return steps


def _read(goal: Goal, name: str) -> Read:
    return Read(name, tuple(AxisSymbol(axis) for axis in goal.tensors[name].axes), goal.tensors[name].domain.integer)


def _at(goal: Goal, term: Term, point: Mapping[str, Term]) -> Term:
    return with_tensors(term, {name: substitution(value, goal.tensors[name].axes) for name, value in point.items()})


def _where(point: Mapping[str, Term], key: str = "at") -> dict[str, Any]:
    return {key: {name: str(value) for name, value in point.items()}}


def _admitted(goal: Goal, point: Mapping[str, Term]) -> Goal:
    """That a point lies in the domains of its variables and satisfies the hypotheses about them."""
    conditions: list[Term] = []
    for name, value in point.items():
        tensor = goal.tensors[name]
        conditions += inside(tensor, substitution(value, tensor.axes), goal.axes, goal.root)
    about = [c for c in goal.hypotheses if tensors_of(c) & set(point)]
    conditions += [_at(goal, condition, point) for condition in about]
    others = tuple(condition for condition in goal.hypotheses if condition not in about)
    needs = tuple(need for value in point.values() for need in obligations_of(value))
    return goal.about(Always(conjunction(*conditions)), "in the domain", hypotheses=others, obligations=needs)


def _stationary(goal: Goal, term: Term, name: str, value: Term) -> Goal | None:
    """That the slope is 0 at a value; None where the term may have a kink."""
    found = pieces(term, (name,), goal.tensors, goal.hypotheses)
    if found is None or len(found) > 1:
        return None
    try:
        slope = _at(goal, partial(found[0].term, name, _read(goal, name).index), {name: value})
    except NotDifferentiableError:
        return None
    if any(tensors_of(condition) & {name} for condition in goal.hypotheses):
        return None
    needs = (*obligations_of(value), *obligations_of(slope))
    return goal.about(Always(atoms.Equal(slope, 0)), "stationary", obligations=needs)


# --- bounds ---------------------------------------------------------------------------------------------------------


def extremum(goal: Goal, statement: Extremum) -> list[Step]:
    """The bound holds, and a point or a limit shows that no better one does."""
    lower = statement.kind == "minimum"
    bound = statement.low if lower else statement.high
    closed = statement.low_closed if lower else statement.high_closed
    holds = atoms.LessEqual(bound, statement.term) if lower else atoms.LessEqual(statement.term, bound)
    bounded = goal.about(Always(holds), "bound")
    steps = []
    if not bound.is_infinite:
        steps.append(Step("the bound holds", (bounded,), equivalent=True, proves=False))
    for point in _points(goal, statement):
        admitted, reached = _admitted(goal, point), _reached(goal, statement, point)
        if closed and not bound.is_infinite:
            stationary = _by_curvature(goal, statement, point)
            if stationary is not None:
                rule = "the stationary point of a strictly convex term"
                goals = (admitted, *stationary, _reached(goal, statement, point, both=True))
                steps.append(Step(rule, goals, details=_where(point)))
            steps.append(Step("a bound that is reached", (bounded, admitted, reached), details=_where(point)))
    if closed and not bound.is_infinite and statement.low == statement.high:
        for name, point, side in _ends(goal, statement):
            toward = {name: (point, side)}
            limit = goal.about(Limit(statement.term, MappingProxyType(toward), bound), "approached")
            details = {"toward": {name: f"{point}{side}"}}
            steps.append(Step("a bound that is approached", (bounded, limit), details=details))
    return steps


def _reached(goal: Goal, statement: Extremum, point: Mapping[str, Term], both: bool = False) -> Goal:
    """That the value at a point is as good as the interval asks; within it where nothing else is known."""
    value = _at(goal, statement.term, point)
    if both and statement.low == statement.high:
        condition: Term = atoms.Equal(value, statement.low)
    else:
        parts = []
        if both or statement.kind == "maximum":
            parts.append((atoms.LessEqual if statement.low_closed else atoms.Less)(statement.low, value))
        if both or statement.kind == "minimum":
            parts.append((atoms.LessEqual if statement.high_closed else atoms.Less)(value, statement.high))
        condition = conjunction(*parts)
    others = tuple(c for c in goal.hypotheses if not tensors_of(c) & set(statement.over))
    needs = (*(need for e in point.values() for need in obligations_of(e)), *obligations_of(condition))
    return goal.about(Always(condition), "reached", hypotheses=others, obligations=needs)


def _by_curvature(goal: Goal, statement: Extremum, point: Mapping[str, Term]) -> tuple[Goal, Goal] | None:
    if len(statement.over) != 1 or not convex_domain(goal, statement.over):
        return None
    name = statement.over[0]
    stationary = _stationary(goal, statement.term, name, point[name])
    kind = "strictly_convex" if statement.kind == "minimum" else "strictly_concave"
    bent = goal.about(Curvature(kind, statement.term, statement.over), kind.replace("_", " "))
    return None if stationary is None else (stationary, bent)


def _points(goal: Goal, statement: Extremum) -> Iterator[dict[str, Term]]:
    """Points that may reach the bound: where the slope vanishes, and the best of a grid."""
    if len(statement.over) != 1 or any(goal.axes[a].kind != "batch" for a in goal.tensors[statement.over[0]].axes):
        return
    name = statement.over[0]
    here = _read(goal, name)
    if any(read != here for read in all_reads(statement.term) if read.tensor == name):
        return
    value = _root_of_slope(statement.term, here)
    if value is not None:
        yield {name: value}
    best = _best_of_grid(goal, statement, here)
    if best is not None:
        yield {name: best}


def _root_of_slope(term: Term, here: Read) -> Term | None:
    """Where the numerator of the slope vanishes, if it is linear in the variable."""
    try:
        slope = partial(term, here.tensor, here.index)
    except NotDifferentiableError:
        return None
    if slope.atoms(Along, atoms.Where) or slope.count_ops() > 200:
        return None
    numerator = sympy.expand(sympy.numer(sympy.together(slope)))
    try:
        polynomial = sympy.Poly(numerator, here)
    except sympy.PolynomialError:
        return None
    if polynomial.degree() != 1:
        return None
    slope_of, rest = polynomial.all_coeffs()
    return sympy.factor(-rest / slope_of)


def _best_of_grid(goal: Goal, statement: Extremum, here: Read) -> Term | None:
    """The best of some numbers, for each value of the variables that have few; the same for all other variables."""
    if statement.term.atoms(Along):
        return None
    others = sorted((read for read in all_reads(statement.term) if read != here), key=str)
    few = [read for read in others if goal.tensors[read.tensor].domain.kind in ("set", "boolean")]
    many = [read for read in others if read not in few]
    choices = [_values(goal, read) for read in few]
    found: dict[tuple[Any, ...], Fraction] = {}
    for case in product(*choices):
        place = {read: Fraction(int(value)) for read, value in zip(few, case, strict=True)}
        place |= {read: _middle(goal, read) for read in many}
        scored = []
        for candidate in _candidates(goal, here):
            if all(_holds(c, {**place, here: candidate}) for c in _conditions(goal, here)):
                value = Quick({**place, here: candidate}).value(statement.term)
                scored.append((value if statement.kind == "maximum" else -value, candidate))
        scored = [one for one in scored if not math.isnan(one[0])]
        if not scored:
            return None
        found[case] = max(scored)[1]
    return _by_case(few, found)


def _candidates(goal: Goal, here: Read) -> tuple[Fraction, ...]:
    domain = goal.tensors[here.tensor].domain
    return tuple(Fraction(int(v.p), int(v.q)) for v in domain.values) if domain.kind == "set" else _GRID


def _conditions(goal: Goal, here: Read) -> tuple[Term, ...]:
    return domain_conditions({here: goal.tensors[here.tensor].domain})


def _holds(condition: Term, point: Mapping[Any, Fraction]) -> bool:
    return Quick(point).value(condition) == 1


def _values(goal: Goal, read: Read) -> tuple[Any, ...]:
    domain = goal.tensors[read.tensor].domain
    return domain.values if domain.kind == "set" else (0, 1)


def _middle(goal: Goal, read: Read) -> Fraction:
    domain = goal.tensors[read.tensor].domain
    low, high = (Fraction(int(e.p), int(e.q)) if e.is_Rational else None for e in (domain.lower, domain.upper))
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else high - 1 if high is not None else Fraction(1)


def _by_case(few: list[Read], found: Mapping[tuple[Any, ...], Fraction]) -> Term:
    """A value by cases as one term."""
    (case, value), *rest = found.items()
    here = sympy.Rational(value.numerator, value.denominator)
    if not rest:
        return here
    same = conjunction(*(atoms.Equal(read, one) for read, one in zip(few, case, strict=True)))
    return atoms.Where(same, here, _by_case(few, dict(rest)))


def _ends(goal: Goal, statement: Extremum) -> Iterator[tuple[str, Term, str]]:
    """Where a single variable may go to approach a bound."""
    if len(statement.over) == 1:
        name = statement.over[0]
        domain = goal.tensors[name].domain
        if domain.kind == "interval":
            yield name, domain.upper, "" if domain.upper.is_infinite else "-"
            yield name, domain.lower, "" if domain.lower.is_infinite else "+"
