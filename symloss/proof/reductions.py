"""Sound steps from one goal to others: what would show it, and which steps are equivalences.

A refutation travels back along an equivalence only; a proof along every step. Each step has a name that the evidence
keeps, and a reason that ``docs/proofs.md`` repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Domain, Read, Tensor, exact_arithmetic
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import NotDifferentiableError, directional
from symloss.proof.extremes import argument, extremum
from symloss.proof.families import steep
from symloss.proof.goals import (
    Always,
    Argument,
    Curvature,
    Extremum,
    Goal,
    Limit,
    Lipschitz,
    Monotone,
    Smooth,
    Statement,
)
from symloss.proof.integrals import gaussian_moments
from symloss.proof.ranges import Ranges
from symloss.proof.seams import convex_pieces, mean_value, smoothness
from symloss.proof.steps import Step, convex_domain
from symloss.proof.terms import Along, Term, along, tensors_of, with_tensors


def steps(goal: Goal) -> tuple[Step, ...]:
    """The steps from a goal, best first."""
    with exact_arithmetic():
        rules = _STEPS.get(type(goal.statement), ())
        return tuple(step for rule in rules for step in rule(goal, goal.statement))


# --- copies of variables -----------------------------------------------------------------------------------


def _copies(goal: Goal, names: tuple[str, ...], mark: str) -> tuple[dict[str, Tensor], Callable[[Term], Term]]:
    """A second set of variables with the same domains, and the map of terms onto them."""
    tensors = {name: replace(goal.tensors[name], name=f"{name}{mark}", role="variable") for name in names}
    moves = {name: (lambda index, own=tensors[name].name: Read(own, index)) for name in names}
    return {tensor.name: tensor for tensor in tensors.values()}, lambda term: with_tensors(term, moves)


def _between(names: tuple[str, ...], mark: str, share: Term) -> Callable[[Term], Term]:
    """Terms at the point ``(1 - share)·x + share·x'``."""
    moves = {
        name: (lambda index, name=name: (1 - share) * Read(name, index) + share * Read(f"{name}{mark}", index))
        for name in names
    }
    return lambda term: with_tensors(term, moves)


def _extended(goal: Goal, statement: Statement, name: str, tensors: dict[str, Tensor], *maps: Any) -> Goal:
    """A goal over more variables, with hypotheses and obligations at each of several points."""
    hypotheses, obligations = list(goal.hypotheses), list(goal.obligations)
    for image in maps:
        hypotheses += [image(condition) for condition in goal.hypotheses]
        obligations += [(image(path), image(need)) for path, need in goal.obligations]
    return goal.about(
        statement,
        name,
        tensors=MappingProxyType({**goal.tensors, **tensors}),
        hypotheses=tuple(hypotheses),
        obligations=tuple(obligations),
    )


# --- curvature -----------------------------------------------------------------------------------


def _curvature(goal: Goal, statement: Curvature) -> list[Step]:
    kind, term = statement.kind, statement.term
    if kind in ("concave", "strictly_concave"):
        turned = Curvature(kind.replace("concave", "convex"), -term, statement.variables)
        return [Step("concave: the negative is convex", (goal.about(turned),), True)]
    found = [_jensen(goal, statement)]
    if kind != "quasiconvex":
        second = _second_derivative(goal, statement)
        if second is not None:
            found.insert(0, second)
    return found


def _jensen(goal: Goal, statement: Curvature) -> Step:
    """Jensen's inequality between any two points; for continuous terms the midpoint would do."""
    share = Tensor("share'", (), "variable", Domain("interval", sympy.S.Zero, sympy.S.One, False, False))
    tensors, there = _copies(goal, statement.variables, "'")
    tensors[share.name] = share
    t = Read(share.name)
    mixed = _between(statement.variables, "'", t)
    here, away, between = statement.term, there(statement.term), mixed(statement.term)
    if statement.kind == "quasiconvex":
        holds = atoms.LessEqual(between, atoms.Maximum(here, away))
    else:
        chord = (1 - t) * here + t * away
        holds = (atoms.Less if statement.kind == "strictly_convex" else atoms.LessEqual)(between, chord)
    found = _extended(goal, Always(holds), "between two points", tensors, there, mixed)
    if statement.kind == "strictly_convex":
        found = replace(found, hypotheses=(*found.hypotheses, _apart(goal, statement.variables)))
    return Step("Jensen's inequality", (found,), not goal.derived & set(statement.variables))


def _apart(goal: Goal, names: tuple[str, ...]) -> Term:
    conditions = []
    for name in names:
        axes = goal.tensors[name].axes
        index = tuple(AxisSymbol(axis) for axis in axes)
        differs = atoms.NotEqual(Read(name, index), Read(f"{name}'", index))
        for axis in reversed(axes):
            if goal.axes[axis].kind != "batch":
                differs = along("any", AxisSymbol(axis), differs, root=goal.root(axis))
        conditions.append(differs)
    return atoms.Or(*conditions) if len(conditions) > 1 else conditions[0]


def _second_derivative(goal: Goal, statement: Curvature) -> Step | None:
    """The second derivative along every direction is at least 0, where the term is smooth."""
    ranges = Ranges(goal.tensors, goal.hypotheses)
    if kinked(statement.term, statement.variables, ranges) or not convex_domain(goal, statement.variables):
        return None
    directions = {name: f"{name} direction" for name in statement.variables}
    try:
        first = directional(statement.term, directions)
        second = directional(first, directions)
    except NotDifferentiableError:
        return None
    tensors = {d: Tensor(d, goal.tensors[name].axes, "variable", Domain()) for name, d in directions.items()}
    compare = atoms.LessEqual
    hypotheses = goal.hypotheses
    if statement.kind == "strictly_convex":
        compare = atoms.Less
        moving = []
        for d, tensor in tensors.items():
            some = atoms.NotEqual(Read(d, tuple(AxisSymbol(axis) for axis in tensor.axes)), 0)
            for axis in reversed(tensor.axes):
                if goal.axes[axis].kind != "batch":
                    some = along("any", AxisSymbol(axis), some, root=goal.root(axis))
            moving.append(some)
        hypotheses = (*hypotheses, atoms.Or(*moving) if len(moving) > 1 else moving[0])
    needs = obligations_of(second)
    found = goal.about(
        Always(compare(0, second)),
        "second derivative",
        tensors=MappingProxyType({**goal.tensors, **tensors}),
        hypotheses=hypotheses,
        obligations=(*goal.obligations, *needs),
    )
    return Step("the second derivative along every line is nonnegative", (found,))


def kinked(term: Term, variables: tuple[str, ...], ranges: Ranges | None = None) -> bool:
    """Whether a term may fail to be twice continuously differentiable in some tensors where its obligations hold.

    A power with a variable exponent is smooth where its base is positive.
    """
    names = set(variables)
    for e in sympy.preorder_traversal(term):
        if not e.args or not tensors_of(e) & names:
            continue
        if isinstance(e, Along) and e.operation in ("max", "min", "norm", "all", "any"):
            return True
        if isinstance(e, atoms.Where):
            if tensors_of(e.args[0]) & names:
                return True
            continue
        if isinstance(e, sympy.Pow):
            positive = ranges is not None and ranges.holds(atoms.Less(0, e.base))
            if not e.exp.is_Rational and tensors_of(e.base) & names and not positive:
                return True
            continue
        if isinstance(e, sympy.loggamma | sympy.polygamma):
            # Their poles lie at 0 and below.
            if ranges is None or not ranges.holds(atoms.Less(0, e.args[-1])):
                return True
            continue
        if isinstance(e, sympy.Add | sympy.Mul | Along | atoms.XLogY | atoms.XOverY):
            continue
        record = record_of(e)
        if record is None or record.kink or record.kinked:
            return True
    return False


# --- slopes -----------------------------------------------------------------------------------


def _lipschitz(goal: Goal, statement: Lipschitz) -> list[Step]:
    if statement.constant is None:
        return []
    tensors, there = _copies(goal, statement.variables, "'")
    parts = []
    for name in statement.variables:
        axes = goal.tensors[name].axes
        index = tuple(AxisSymbol(axis) for axis in axes)
        parts.append((Read(name, index) - Read(f"{name}'", index), axes))
    distance = _length(goal, parts, statement.norm)
    change = atoms.Absolute(statement.term - there(statement.term))
    holds = atoms.LessEqual(change, statement.constant * distance)
    found = _extended(goal, Always(holds), "two points", tensors, there)
    return [Step("the change is at most the constant times the distance", (found,), True)]


def _length(goal: Goal, parts: list[tuple[Term, tuple[str, ...]]], norm: str) -> Term:
    """The norm of several tensors together, along their sample axes."""
    inner = []
    for difference, axes in parts:
        body = difference**2 if norm == "2" else atoms.Absolute(difference)
        for axis in reversed(axes):
            if goal.axes[axis].kind != "batch":
                body = along("max" if norm == "max" else "sum", AxisSymbol(axis), body, root=goal.root(axis))
        inner.append(body)
    if norm == "max":
        total = inner[0]
        for part in inner[1:]:
            total = atoms.Maximum(total, part)
        return total
    total = sympy.Add(*inner)
    if norm == "1":
        return total
    return atoms.Absolute(parts[0][0]) if total == parts[0][0] ** 2 else sympy.sqrt(total)


def _monotone(goal: Goal, statement: Monotone) -> list[Step]:
    name = statement.variable
    tensors, there = _copies(goal, (name,), "'")
    index = tuple(AxisSymbol(axis) for axis in goal.tensors[name].axes)
    here, away = Read(name, index), Read(f"{name}'", index)
    strictly = statement.direction in ("increasing", "decreasing")
    low, high = statement.term, there(statement.term)
    if statement.direction in ("decreasing", "nonincreasing"):
        low, high = high, low
    holds = (atoms.Less if strictly else atoms.LessEqual)(low, high)
    found = _extended(goal, Always(holds), "two points", tensors, there)
    ordered = replace(found, hypotheses=(*found.hypotheses, atoms.Less(here, away)))
    return [Step("two ordered points", (ordered,), True)]


# --- limits -----------------------------------------------------------------------------------


def _limit(goal: Goal, statement: Limit) -> list[Step]:
    """What the term needs to be defined is a goal of its own; the points themselves do not count."""
    if not goal.obligations:
        return []
    away = []
    for name, (point, side) in statement.points.items():
        if point.is_finite:
            here = Read(name, tuple(AxisSymbol(axis) for axis in goal.tensors[name].axes))
            order = {"+": (point, here), "-": (here, point)}.get(side)
            away.append(atoms.Less(*order) if order else atoms.NotEqual(here, point))
    whole = goal.about(Always(sympy.S.One), "defined").in_case(*away)
    return [Step("a limit of a term that is defined", (whole, goal.about(statement, "limit", obligations=())))]


_STEPS: dict[type, tuple[Callable[[Goal, Any], list[Step]], ...]] = {
    Always: (gaussian_moments,),
    Curvature: (convex_pieces, _curvature),
    Lipschitz: (mean_value, steep, _lipschitz),
    Monotone: (_monotone,),
    Argument: (argument,),
    Extremum: (extremum,),
    Smooth: (smoothness,),
    Limit: (_limit,),
}
