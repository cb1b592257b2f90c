"""Steps of analysis that name pieces, points or closed forms in their evidence, each written down once more.

A step gives goals by name. Evidence has a part for each, in any order; a goal without a part must be evident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read
from symloss.proof.claim_terms import substitution
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import partial
from symloss.proof.goals import Always, Argument, Curvature, Extremum, Goal, Limit, Lipschitz, Smooth
from symloss.proof.problems import domain_conditions
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.following import follows
from symloss.proof.recheck.moments import closed_forms
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.recheck.seams import convex_pieces, mean_value, smooth
from symloss.proof.recheck.steep import unbounded
from symloss.proof.recheck.steps import NotASoundStepError, convex_points, kinked
from symloss.proof.terms import Term, all_reads, conjunction, disjunction, tensors_of, with_tensors


def analysed(goal: Goal, evidence: Mapping[str, Any]) -> tuple[Goal, ...] | None:
    """The goals that show a goal, one for each part of the evidence; None where no rule here has this name.

    Raises:
        NotASoundStepError: the rule may not be used here, or a part is missing.
        NotToldError: the re-check does not understand the evidence.
    """
    made = _RULES.get((evidence["rule"], type(goal.statement)))
    parts = evidence["of"].get("parts")
    if made is None or parts is None:
        return None
    try:
        waiting = made(goal, goal.statement, evidence)
    except (KeyError, ValueError) as fault:
        raise NotToldError(f"the evidence is not understood: {fault}") from None
    found = []
    for part in parts:
        one = next((one for one in waiting if one.name == part["name"]), None)
        if one is None:
            raise NotToldError(f"the re-check has no goal {part['name']!r}")
        waiting = [other for other in waiting if other is not one]
        found.append(one)
    for one in waiting:
        if not _evident(one):
            raise NotASoundStepError(f"no part shows {one.name!r}")
    return tuple(found)


def _evident(goal: Goal) -> bool:
    if not isinstance(goal.statement, Always):
        return False
    known = Knowledge(goal.tensors, goal.hypotheses)
    met = all(follows(known.under(path), need) for path, need in goal.obligations)
    return met and follows(known, goal.statement.conclusion)


def _point(goal: Goal, said: Mapping[str, str]) -> dict[str, Term]:
    return {name: closed_term(text, goal.tensors) for name, text in said.items()}


def _placed(goal: Goal, term: Term, point: Mapping[str, Term]) -> Term:
    return with_tensors(term, {name: substitution(value, goal.tensors[name].axes) for name, value in point.items()})


def _element(goal: Goal, name: str) -> Read:
    tensor = goal.tensors[name]
    return Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes), tensor.domain.integer)


def _admitted(goal: Goal, point: Mapping[str, Term]) -> Goal:
    """The point lies in its domain and satisfies the hypotheses about it."""
    conditions: list[Term] = []
    for name, value in point.items():
        domain = goal.tensors[name].domain
        if domain.kind == "set":
            conditions.append(disjunction(*(atoms.Equal(value, one) for one in domain.values)))
            continue
        if domain.kind != "interval":
            raise NotToldError(f"{name} is no number of an interval")
        here = _element(goal, name)
        conditions += [c.xreplace({here: value}) for c in domain_conditions({here: goal.tensors[name].domain})]
    about = [h for h in goal.hypotheses if tensors_of(h) & set(point)]
    conditions += [_placed(goal, h, point) for h in about]
    return goal.about(
        Always(conjunction(*conditions)),
        "in the domain",
        hypotheses=tuple(h for h in goal.hypotheses if h not in about),
        obligations=tuple(need for value in point.values() for need in obligations_of(value)),
    )


# --- bounds -------------------------------------------------------------------------------------------------------


def _reached(goal: Goal, statement: Extremum, evidence: Mapping[str, Any]) -> list[Goal]:
    point = _point(goal, evidence["at"])
    _moves_alone(statement.over, point)
    return [_bound(goal, statement), _admitted(goal, point), _value(goal, statement, point)]


def _approached(goal: Goal, statement: Extremum, evidence: Mapping[str, Any]) -> list[Goal]:
    if statement.low != statement.high:
        raise NotASoundStepError("a limit is one value")
    points = {}
    for name, text in evidence["toward"].items():
        side = text[-1] if text[-1] in "+-" else ""
        points[name] = (closed_term(text.removesuffix(side) if side else text, goal.tensors), side)
    _moves_alone(statement.over, points)
    return [_bound(goal, statement), goal.about(Limit(statement.term, points, statement.low), "approached")]


def _moves_alone(over: tuple[str, ...], point: Mapping[str, Any]) -> None:
    if set(point) != set(over):
        raise NotASoundStepError("the point has a value for each variable that the bound is over, and no other")


def _bound(goal: Goal, statement: Extremum) -> Goal:
    low = statement.kind == "minimum"
    bound, closed = (statement.low, statement.low_closed) if low else (statement.high, statement.high_closed)
    if not closed or bound.is_infinite:
        raise NotASoundStepError("only for a bound that may be the value")
    holds = atoms.LessEqual(bound, statement.term) if low else atoms.LessEqual(statement.term, bound)
    return goal.about(Always(holds), "bound")


def _value(goal: Goal, statement: Extremum, point: Mapping[str, Term], both: bool = False) -> Goal:
    """The value at a point lies in the interval, as far as the bound does not say so."""
    value = _placed(goal, statement.term, point)
    if both and statement.low == statement.high:
        condition: Term = atoms.Equal(value, statement.low)
    else:
        parts = []
        if both or statement.kind == "maximum":
            parts.append((atoms.LessEqual if statement.low_closed else atoms.Less)(statement.low, value))
        if both or statement.kind == "minimum":
            parts.append((atoms.LessEqual if statement.high_closed else atoms.Less)(value, statement.high))
        condition = conjunction(*parts)
    needs = (*(need for e in point.values() for need in obligations_of(e)), *obligations_of(condition))
    others = tuple(h for h in goal.hypotheses if not tensors_of(h) & set(statement.over))
    return goal.about(Always(condition), "reached", hypotheses=others, obligations=needs)


def _stationary(goal: Goal, term: Term, name: str, point: Mapping[str, Term], turned: bool) -> list[Goal]:
    """The slope is 0 at the point, and the term is strictly convex (concave): so this is the only best value."""
    _moves_alone((name,), point)
    here = _element(goal, name)
    others = [read for read in all_reads(term) if read.tensor == name and read != here]
    if others or any(goal.axes[axis].kind != "batch" for axis in goal.tensors[name].axes):
        raise NotASoundStepError(f"{name} is not one number per sample")
    if any(tensors_of(h) & {name} for h in goal.hypotheses):
        raise NotASoundStepError(f"a hypothesis mentions {name}")
    if kinked(term, (name,), Knowledge(goal.tensors, goal.hypotheses)) is not None:
        raise NotASoundStepError("the term may have a kink")
    convex_points(goal, (name,))
    slope = _placed(goal, partial(term, name, here.index), point)
    needs = (*obligations_of(point[name]), *obligations_of(slope))
    kind = "strictly_concave" if turned else "strictly_convex"
    return [
        _admitted(goal, point),
        goal.about(Always(atoms.Equal(slope, 0)), "stationary", obligations=needs),
        goal.about(Curvature(kind, term, (name,)), kind.replace("_", " ")),
    ]


def _stationary_argument(goal: Goal, statement: Argument, evidence: Mapping[str, Any]) -> list[Goal]:
    point = _point(goal, evidence["at"])
    if str(point.get(statement.variable)) != str(closed_term(str(statement.value), goal.tensors)):
        raise NotASoundStepError("the point is another one than the statement's")
    point = {statement.variable: statement.value}
    return _stationary(goal, statement.term, statement.variable, point, statement.kind == "argmax")


def _stationary_extremum(goal: Goal, statement: Extremum, evidence: Mapping[str, Any]) -> list[Goal]:
    point = _point(goal, evidence["at"])
    if len(statement.over) != 1:
        raise NotASoundStepError("only for one variable")
    goals = _stationary(goal, statement.term, statement.over[0], point, statement.kind == "maximum")
    return [*goals, _value(goal, statement, point, both=True)]


# --- limits and integrals -----------------------------------------------------------------------------------------


def _defined_limit(goal: Goal, statement: Limit, evidence: Mapping[str, Any]) -> list[Goal]:
    """The term is defined away from the point, and has the limit."""
    away = []
    for name, (point, side) in statement.points.items():
        if point.is_finite:
            here = _element(goal, name)
            away.append({"+": atoms.Less(point, here), "-": atoms.Less(here, point)}.get(side))
            away[-1] = away[-1] if side else atoms.NotEqual(here, point)
    defined = goal.about(Always(sympy.S.One), "defined").in_case(*away)
    return [defined, goal.about(statement, "limit", obligations=())]


def _gaussian(goal: Goal, statement: Always, evidence: Mapping[str, Any]) -> list[Goal]:
    """Every integral is what its moments say, for a positive variance; then the statement is about closed forms."""
    forms = closed_forms(goal, evidence["integrals"])
    values = {node: value for node, (_, value) in forms.items()}
    goals = [
        goal.about(Always(atoms.Less(0, variance)), "variance", obligations=obligations_of(variance))
        for variance, _ in forms.values()
    ]
    # What a positive variance shows.
    exists = {atoms.Less(atoms.Absolute(node), sympy.oo) for node in forms}
    needs = [(path, need) for path, need in goal.obligations if need not in exists]
    shown = replace(
        goal.about(Always(statement.conclusion.xreplace(values)), "closed form"),
        hypotheses=tuple(h.xreplace(values) for h in goal.hypotheses),
        obligations=(
            *((path.xreplace(values), need.xreplace(values)) for path, need in needs),
            *(need for value in values.values() for need in obligations_of(value)),
        ),
    )
    return [*goals, shown]


_RULES: dict[tuple[str, type], Callable[[Goal, Any, Mapping[str, Any]], list[Goal]]] = {
    ("pieces that fit at their seams", Smooth): smooth,
    ("mean value theorem", Lipschitz): mean_value,
    ("the slope is unbounded along a family", Lipschitz): unbounded,
    ("convex pieces whose slopes rise at the seams", Curvature): convex_pieces,
    ("a bound that is reached", Extremum): _reached,
    ("a bound that is approached", Extremum): _approached,
    ("the stationary point of a strictly convex term", Argument): _stationary_argument,
    ("the stationary point of a strictly convex term", Extremum): _stationary_extremum,
    ("a limit of a term that is defined", Limit): _defined_limit,
    ("Gaussian moments", Always): _gaussian,
}
