"""Statements about derivatives of functions with kinks, from pieces that fit at their seams.

The pieces are finitely many closed sets that cover everything, each with a smooth term (`pieces`). Near a point only
the pieces that hold it matter; that is why conditions at common points of two pieces suffice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, permutations
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import NotDifferentiableError, directional, partial
from symloss.proof.equations import solved
from symloss.proof.goals import Always, Curvature, Goal, Lipschitz, Smooth
from symloss.proof.pieces import Piece, interior, pieces
from symloss.proof.problems import domain_conditions
from symloss.proof.steps import Step, convex_domain
from symloss.proof.terms import Term, along, conjunction, conjuncts, free_axes, tensors_of


def _pieces(goal: Goal, term: Term, variables: tuple[str, ...]) -> tuple[Piece, ...] | None:
    return pieces(term, variables, goal.tensors, goal.hypotheses)


def _details(found: Iterable[Piece]) -> dict[str, Any]:
    return {"pieces": [{"where": [str(c) for c in one.where], "term": str(one.term)} for one in found]}


def _defined(goal: Goal) -> list[Goal]:
    """The obligations of the statement, as a goal of their own: everything else is about pieces."""
    return [goal.about(Always(sympy.S.One), "defined")] if goal.obligations else []


def _shown(goal: Goal, conclusion: Term, name: str, *cases: Term, **changes: Any) -> Goal:
    """A condition in one case, with what it needs to be defined."""
    found = goal.about(Always(conclusion), name, obligations=obligations_of(conclusion), **changes)
    return solved(found.in_case(*cases))


def _inside(goal: Goal, found: tuple[Piece, ...], variables: tuple[str, ...]) -> list[Goal]:
    """That each piece's term is smooth near the piece."""
    goals = []
    for number, one in enumerate(found):
        needs = interior(one.term, variables)
        if needs and not one.thin:
            goals.append(goal.about(Always(sympy.S.One), f"piece {number}", obligations=needs).in_case(*one.where))
    return goals


def _directions(goal: Goal, variables: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Tensor]]:
    names = {name: f"{name} direction" for name in variables}
    tensors = {d: Tensor(d, goal.tensors[name].axes, "variable", Domain()) for name, d in names.items()}
    return names, tensors


def _thin(goal: Goal, found: tuple[Piece, ...]) -> list[Goal]:
    """Values at single points are those of the pieces around them."""
    goals = []
    for number, one in enumerate(found):
        for other, around in enumerate(found):
            if one.thin and not around.thin:
                name = f"value of piece {number} in piece {other}"
                equal = atoms.Equal(one.term, around.term)
                goals.append(_shown(goal, equal, name, *one.where, *around.where))
    return goals


def _agreement(
    goal: Goal, found: tuple[Piece, ...], order: int, directions: dict[str, str], tensors: dict[str, Tensor]
) -> list[Goal]:
    """Derivatives up to an order agree where two pieces meet."""
    more = MappingProxyType({**goal.tensors, **tensors})
    goals = []
    for (i, one), (j, other) in combinations([p for p in enumerate(found) if not p[1].thin], 2):
        left, right = one.term, other.term
        for m in range(order + 1):
            equal = atoms.Equal(left, right)
            goals.append(
                _shown(goal, equal, f"piece {i} and piece {j}, derivative {m}", *one.where, *other.where, tensors=more)
            )
            if m < order:
                left, right = directional(left, directions), directional(right, directions)
    return goals


# --- smoothness -------------------------------------------------------------------------------------------------------


def smoothness(goal: Goal, statement: Smooth) -> list[Step]:
    """Derivatives of all pieces agree where they meet; where those at one seam do not, the statement is refuted."""
    found = _pieces(goal, statement.term, statement.variables)
    if found is None:
        return []
    thick = [one for one in found if not one.thin]
    if len(thick) > 1 and statement.order == "oo":
        return []
    order = 0 if statement.order == "oo" else int(statement.order)
    directions, tensors = _directions(goal, statement.variables)
    try:
        goals = [*_defined(goal), *_inside(goal, found, statement.variables)]
        goals += [*_thin(goal, found), *_agreement(goal, found, order, directions, tensors)]
        refuting = _jumps(goal, found, order, directions, tensors)
    except NotDifferentiableError:
        return []
    if not goals:
        goals = [goal.about(Always(sympy.S.One), "defined")]
    details = {**_details(found), "order": statement.order}
    steps = [Step("pieces that fit at their seams", tuple(goals), details=details)]
    for one in refuting:
        steps.append(Step("derivatives agree at a seam", (one,), equivalent=True, proves=False, details=details))
    return steps


def _jumps(
    goal: Goal, found: tuple[Piece, ...], order: int, directions: dict[str, str], tensors: dict[str, Tensor]
) -> list[Goal]:
    """Goals that follow from this order of smoothness: at a seam that a line crosses derivatives agree."""
    goals = []
    for name, before, after, conditions in _crossings(goal, found, directions):
        for _ in range(order):
            before, after = directional(before, directions), directional(after, directions)
        goals.append(_at_crossing(goal, atoms.Equal(before, after), name, conditions, tensors))
    return goals


def _crossings(
    goal: Goal, found: tuple[Piece, ...], directions: dict[str, str]
) -> list[tuple[str, Term, Term, tuple[Term, ...]]]:
    """Seams that a line crosses: the terms before and after, and the conditions on the point and the direction.

    One switch rises through 0 along the line, all other conditions of the two pieces are strict, so that one piece
    holds just before the point and the other just after it.
    """
    around = _open_around(goal, tuple(directions))
    if around is None:
        return []
    crossings = []
    for (i, one), (j, other) in permutations([p for p in enumerate(found) if not p[1].thin], 2):
        for switch in other.switches:
            if all(sympy.expand(u + switch) != 0 for u in one.switches):
                continue
            strict = [
                atoms.Less(0, u)
                for u in (*one.switches, *other.switches)
                if sympy.expand(u - switch) != 0 and sympy.expand(u + switch) != 0
            ]
            rises = atoms.Less(0, directional(switch, directions))
            conditions = (atoms.Equal(switch, 0), *strict, rises, *around)
            crossings.append((f"from piece {i} to piece {j}", one.term, other.term, conditions))
    return crossings


def _at_crossing(
    goal: Goal, conclusion: Term, name: str, conditions: tuple[Term, ...], tensors: dict[str, Tensor]
) -> Goal:
    """A goal to be refuted: what it needs to be defined is met where a witness has values."""
    more = MappingProxyType({**goal.tensors, **tensors})
    return goal.about(Always(conclusion), name, tensors=more, obligations=()).in_case(*conditions)


def _open_around(goal: Goal, names: tuple[str, ...]) -> list[Term] | None:
    """Conditions under which lines in some variables stay admissible for a while; None where that is not evident."""
    for condition in (part for hypothesis in goal.hypotheses for part in conjuncts(hypothesis)):
        if tensors_of(condition) & set(names) and not isinstance(condition, atoms.Less | atoms.NotEqual):
            return None
    found: list[Term] = []
    for name in names:
        tensor = goal.tensors[name]
        domain = tensor.domain
        if domain.kind != "interval" or (tensor.axes and any(goal.axes[a].kind != "batch" for a in tensor.axes)):
            return None
        inner = replace(domain, lower_closed=False, upper_closed=False)
        found += domain_conditions({Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes)): inner})
    return found


# --- slopes -----------------------------------------------------------------------------------------------------------


def mean_value(goal: Goal, statement: Lipschitz) -> list[Step]:
    """Pieces that agree where they meet, on each of which the gradient is at most the constant.

    Along a segment every point has pieces around it whose slopes bound the growth, so that the constant holds for the
    whole segment; the admissible points must be convex.
    """
    if statement.constant is None or not convex_domain(goal, statement.variables):
        return []
    found = _pieces(goal, statement.term, statement.variables)
    if found is None:
        return []
    try:
        goals = [*_defined(goal), *_inside(goal, found, statement.variables)]
        goals += [*_thin(goal, found), *_agreement(goal, found, 0, {}, {})]
        for number, one in enumerate(found):
            if not one.thin:
                slopes = _slopes(goal, one.term, statement)
                goals.append(_shown(goal, slopes, f"slope of piece {number}", *one.where))
    except NotDifferentiableError:
        return []
    return [Step("mean value theorem", tuple(goals), details=_details(found))]


def _slopes(goal: Goal, term: Term, statement: Lipschitz) -> Term:
    """That the dual norm of the gradient is at most the constant."""
    constant: Any = statement.constant
    taken = set(free_axes(term)) | set(free_axes(constant))
    gradients = []
    for name in statement.variables:
        axes = goal.tensors[name].axes
        if any(axis in taken and goal.axes[axis].kind != "batch" for axis in axes):
            raise NotDifferentiableError("the term stands at the index that the gradient needs")
        slope = partial(term, name, tuple(AxisSymbol(axis) for axis in axes))
        gradients.append((slope, [axis for axis in axes if goal.axes[axis].kind != "batch"]))
    if statement.norm == "1" or (len(gradients) == 1 and not gradients[0][1]):
        return conjunction(*(atoms.LessEqual(atoms.Absolute(slope), constant) for slope, _ in gradients))
    parts = []
    for slope, along_axes in gradients:
        body = slope**2 if statement.norm == "2" else atoms.Absolute(slope)
        for axis in reversed(along_axes):
            body = along("sum", AxisSymbol(axis), body, root=goal.root(axis))
        parts.append(body)
    total = sympy.Add(*parts)
    if statement.norm == "2":
        return conjunction(atoms.LessEqual(0, constant), atoms.LessEqual(total, constant**2))
    return atoms.LessEqual(total, constant)


# --- curvature --------------------------------------------------------------------------------------------------------


def convex_pieces(goal: Goal, statement: Curvature) -> list[Step]:
    """Pieces that agree where they meet, bend upward, and whose slopes rise from one to the next.

    At a point that a line reaches in one piece and leaves in another, no condition of the first falls before the
    point and none of the second after it; there the slope must not fall. A continuous function of one variable without
    falling slopes whose pieces have second derivatives at least 0 has no point above a chord: at such a point the
    function minus the chord (plus a small square) would have a maximum.
    """
    if statement.kind not in ("convex", "strictly_convex") or not convex_domain(goal, statement.variables):
        return []
    found = _pieces(goal, statement.term, statement.variables)
    if found is None or sum(not one.thin for one in found) < 2:
        return []
    directions, tensors = _directions(goal, statement.variables)
    more = MappingProxyType({**goal.tensors, **tensors})
    try:
        goals = [*_defined(goal), *_inside(goal, found, statement.variables)]
        goals += [*_thin(goal, found), *_agreement(goal, found, 0, {}, {})]
        for number, one in enumerate(found):
            if not one.thin:
                goals.append(_bend(goal, statement, number, one, directions, more))
        for (i, one), (j, other) in combinations([p for p in enumerate(found) if not p[1].thin], 2):
            for (a, before), (b, after) in (((i, one), (j, other)), ((j, other), (i, one))):
                goals.append(_rise(goal, (a, before), (b, after), directions, more))
    except NotDifferentiableError:
        return []
    details = _details(found)
    steps = [Step("convex pieces whose slopes rise at the seams", tuple(goals), details=details)]
    for name, left, right, conditions in _crossings(goal, found, directions):
        rises = atoms.LessEqual(directional(left, directions), directional(right, directions))
        falls = _at_crossing(goal, rises, name, conditions, tensors)
        steps.append(Step("slopes rise at a seam", (falls,), equivalent=True, proves=False, details=details))
    return steps


def _bend(goal: Goal, statement: Curvature, number: int, one: Piece, directions: dict[str, str], more: Any) -> Goal:
    second = directional(directional(one.term, directions), directions)
    cases = one.where
    if statement.kind == "strictly_convex":
        cases = (*cases, _moving(goal, directions))
    compare = atoms.Less if statement.kind == "strictly_convex" else atoms.LessEqual
    return _shown(goal, compare(0, second), f"piece {number} bends upward", *cases, tensors=more)


def _rise(
    goal: Goal, before: tuple[int, Piece], after: tuple[int, Piece], directions: dict[str, str], more: Any
) -> Goal:
    (i, one), (j, other) = before, after
    leaving = [atoms.Or(atoms.Less(0, u), atoms.LessEqual(directional(u, directions), 0)) for u in one.switches]
    entering = [atoms.Or(atoms.Less(0, u), atoms.LessEqual(0, directional(u, directions))) for u in other.switches]
    rises = atoms.LessEqual(directional(one.term, directions), directional(other.term, directions))
    cases = (*one.where, *other.where, *leaving, *entering)
    return _shown(goal, rises, f"from piece {i} to piece {j}", *cases, tensors=more)


def _moving(goal: Goal, directions: dict[str, str]) -> Term:
    """That the direction is not zero."""
    found = []
    for name, direction in directions.items():
        axes = goal.tensors[name].axes
        some = atoms.NotEqual(Read(direction, tuple(AxisSymbol(axis) for axis in axes)), 0)
        for axis in reversed(axes):
            if goal.axes[axis].kind != "batch":
                some = along("any", AxisSymbol(axis), some, root=goal.root(axis))
        found.append(some)
    return atoms.Or(*found) if len(found) > 1 else found[0]
