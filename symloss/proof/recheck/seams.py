"""Steps about pieces: what must be shown of them, written down from the definitions, and jumps at a seam again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Domain, Read, Tensor
from symloss.proof.closing import obligations_of, requirement
from symloss.proof.derivatives import directional, partial
from symloss.proof.goals import Always, Curvature, Goal, Lipschitz, Smooth
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.pieces import NotToldError, Piece, said_pieces
from symloss.proof.recheck.solving import without_equations
from symloss.proof.recheck.steps import NotASoundStepError, convex_points, kinked
from symloss.proof.terms import Term, along, conjunction, free_axes, tensors_of


class _Seams:
    """The pieces of one statement with what is asked of every such step."""

    def __init__(self, goal: Goal, term: Term, variables: tuple[str, ...], evidence: Mapping[str, Any]) -> None:
        self.goal, self.variables = goal, variables
        try:
            self.pieces = said_pieces(goal, term, variables, evidence["pieces"])
        except ValueError as fault:
            raise NotASoundStepError(str(fault)) from None
        for one in self.pieces:
            kink = kinked(one.term, variables, Knowledge(goal.tensors, (*goal.hypotheses, *one.where)))
            if kink is not None and not one.thin:
                raise NotToldError(f"{kink} may have a kink")
        self.directions = {name: f"{name} direction" for name in variables}
        moves = {d: Tensor(d, goal.tensors[name].axes, "variable", Domain()) for name, d in self.directions.items()}
        self.tensors = MappingProxyType({**goal.tensors, **moves})

    @property
    def thick(self) -> list[tuple[int, Piece]]:
        return [(number, one) for number, one in enumerate(self.pieces) if not one.thin]

    def slope(self, term: Term) -> Term:
        """The derivative along a line."""
        return directional(term, self.directions)

    def shown(self, conclusion: Term, name: str, *cases: Term, lines: bool = False) -> Goal:
        goal = self.goal.about(Always(conclusion), name, obligations=obligations_of(conclusion)).in_case(*cases)
        return without_equations(replace(goal, tensors=self.tensors) if lines else goal)

    def common(self, order: int) -> list[Goal]:
        """Obligations, smooth pieces, values at single points, and derivatives up to an order where pieces meet."""
        goals = [self.goal.about(Always(sympy.S.One), "defined")]
        for number, one in self.thick:
            needs = obligations_of(one.term, lambda e: interior(e, frozenset(self.variables)))
            goals.append(self.goal.about(Always(sympy.S.One), f"piece {number}", obligations=needs).in_case(*one.where))
        for point, thin in enumerate(self.pieces):
            for near, around in self.thick if thin.thin else ():
                equal = atoms.Equal(thin.term, around.term)
                goals.append(self.shown(equal, f"value of piece {point} in piece {near}", *thin.where, *around.where))
        for (i, one), (j, other) in combinations(self.thick, 2):
            sides = one.term, other.term
            for m in range(order + 1):
                name = f"piece {i} and piece {j}, derivative {m}"
                goals.append(self.shown(atoms.Equal(*sides), name, *one.where, *other.where, lines=m > 0))
                if m < order:
                    sides = self.slope(sides[0]), self.slope(sides[1])
        return goals


def interior(e: Any, names: frozenset[str]) -> Term:
    """What a part asks of its arguments to be infinitely often differentiable there."""
    if not e.args or not tensors_of(e) & names:
        return sympy.S.One
    if isinstance(e, sympy.Pow):
        if e.exp.is_Integer:
            return requirement(e)
        return sympy.S.One if e.base.is_positive else atoms.Less(0, e.base)
    if isinstance(e, sympy.Add | sympy.Mul | sympy.exp):
        return sympy.S.One
    record = record_of(e)
    need = requirement(e)
    for argument, domain in zip(e.args, record.domains if record is not None else (), strict=False):
        if not isinstance(domain, sympy.Interval):
            continue
        ends = ((domain.start, argument, domain.left_open), (argument, domain.end, domain.right_open))
        for low, high, is_open in ends:
            if not is_open and low != -sympy.oo and high != sympy.oo:
                need = conjunction(need, atoms.Less(low, high))
    return need


def smooth(goal: Goal, statement: Smooth, evidence: Mapping[str, Any]) -> list[Goal]:
    """All derivatives up to the order agree where two pieces meet."""
    seams = _Seams(goal, statement.term, statement.variables, evidence)
    if evidence["order"] != statement.order:
        raise NotASoundStepError("the order is another one")
    if statement.order == "oo" and len(seams.thick) > 1:
        raise NotASoundStepError("one piece is needed for any number of derivatives")
    return seams.common(0 if statement.order == "oo" else int(statement.order))


def mean_value(goal: Goal, statement: Lipschitz, evidence: Mapping[str, Any]) -> list[Goal]:
    """The dual norm of each piece's gradient is at most the constant."""
    if statement.constant is None:
        raise NotASoundStepError("only with a constant")
    convex_points(goal, statement.variables)
    seams = _Seams(goal, statement.term, statement.variables, evidence)
    goals = seams.common(0)
    for number, one in seams.thick:
        steep = _dual_norm(goal, one.term, statement, statement.constant)
        goals.append(seams.shown(steep, f"slope of piece {number}", *one.where))
    return goals


def _dual_norm(goal: Goal, term: Term, statement: Lipschitz, constant: Term) -> Term:
    """That the dual norm of the gradient is at most the constant."""
    slopes = []
    for name in statement.variables:
        axes = goal.tensors[name].axes
        inner = [axis for axis in axes if goal.axes[axis].kind != "batch"]
        if set(inner) & (set(free_axes(term)) | set(free_axes(constant))):
            raise NotToldError("the gradient needs an index that the term stands at")
        slopes.append((partial(term, name, tuple(AxisSymbol(axis) for axis in axes)), inner))
    single = len(slopes) == 1 and not slopes[0][1]
    if statement.norm == "1" or single:
        # For every item, since the running indices are free.
        return conjunction(*(atoms.LessEqual(atoms.Absolute(slope), constant) for slope, _ in slopes))
    total = sympy.S.Zero
    for slope, inner in slopes:
        part = slope**2 if statement.norm == "2" else atoms.Absolute(slope)
        for axis in reversed(inner):
            part = along("sum", AxisSymbol(axis), part, root=goal.root(axis))
        total += part
    if statement.norm == "2":
        return conjunction(atoms.LessEqual(0, constant), atoms.LessEqual(total, constant**2))
    return atoms.LessEqual(total, constant)


def convex_pieces(goal: Goal, statement: Curvature, evidence: Mapping[str, Any]) -> list[Goal]:
    """Each piece bends upward, and slopes rise from one to the next along every line that may pass there."""
    if statement.kind not in ("convex", "strictly_convex"):
        raise NotASoundStepError("only for convexity")
    convex_points(goal, statement.variables)
    seams = _Seams(goal, statement.term, statement.variables, evidence)
    goals = seams.common(0)
    strict = statement.kind == "strictly_convex"
    for number, one in seams.thick:
        bent = (atoms.Less if strict else atoms.LessEqual)(0, seams.slope(seams.slope(one.term)))
        moving = [_moving(goal, seams.directions)] if strict else []
        goals.append(seams.shown(bent, f"piece {number} bends upward", *one.where, *moving, lines=True))
    for pair in combinations(seams.thick, 2):
        goals += [_rise(seams, *both) for both in (pair, pair[::-1])]
    return goals


def _rise(seams: _Seams, before: tuple[int, Piece], after: tuple[int, Piece]) -> Goal:
    (i, one), (j, other) = before, after
    leaving = [atoms.Or(atoms.Less(0, u), atoms.LessEqual(seams.slope(u), 0)) for u in one.switches]
    entering = [atoms.Or(atoms.Less(0, u), atoms.LessEqual(0, seams.slope(u))) for u in other.switches]
    rises = atoms.LessEqual(seams.slope(one.term), seams.slope(other.term))
    cases = (*one.where, *other.where, *leaving, *entering)
    return seams.shown(rises, f"from piece {i} to piece {j}", *cases, lines=True)


def _moving(goal: Goal, directions: Mapping[str, str]) -> Term:
    found = []
    for name, direction in directions.items():
        axes = goal.tensors[name].axes
        some = atoms.NotEqual(Read(direction, tuple(AxisSymbol(axis) for axis in axes)), 0)
        for axis in reversed(axes):
            if goal.axes[axis].kind != "batch":
                some = along("any", AxisSymbol(axis), some, root=goal.root(axis))
        found.append(some)
    return atoms.Or(*found) if len(found) > 1 else found[0]


# --- jumps --------------------------------------------------------------------------------------------------------


def jumps(
    goal: Goal, statement: Smooth, evidence: Mapping[str, Any], holds: Callable[[Term], bool | None]
) -> bool | None:
    """Whether at a point a line crosses from one piece to another whose derivative differs; None where it cannot tell.

    Args:
        goal: the goal, about the admissible point.
        statement: its statement.
        evidence: the step, with its pieces.
        holds: whether a condition holds at the point and the direction.
    """
    if statement.order == "oo" or evidence["order"] != statement.order:
        return None
    seams = _Seams(goal, statement.term, statement.variables, evidence)
    if not all(holds(condition) is True for condition in _around(goal, statement.variables)):
        return False
    for one, other, switch in _crossings(seams):
        rest = [u for u in (*one.switches, *other.switches) if sympy.expand(u**2 - switch**2) != 0]
        passes = [atoms.Equal(switch, 0), atoms.Less(0, seams.slope(switch)), *(atoms.Less(0, u) for u in rest)]
        if not all(holds(condition) is True for condition in passes):
            continue
        before, after = one.term, other.term
        for _ in range(int(statement.order)):
            before, after = seams.slope(before), seams.slope(after)
        if holds(atoms.Equal(before, after)) is False:
            return True
    return False


def _crossings(seams: _Seams) -> Iterator[tuple[Piece, Piece, Term]]:
    for _, one in seams.thick:
        for _, other in seams.thick:
            for switch in other.switches:
                if one is not other and any(sympy.expand(u + switch) == 0 for u in one.switches):
                    yield one, other, switch


def _around(goal: Goal, names: tuple[str, ...]) -> list[Term]:
    """Conditions under which points near an admissible one are admissible."""
    for condition in goal.hypotheses:
        if tensors_of(condition) & set(names) and not isinstance(condition, atoms.Less | atoms.NotEqual):
            raise NotToldError("a hypothesis that may fail nearby")
    found: list[Term] = []
    for name in names:
        tensor = goal.tensors[name]
        if tensor.domain.kind != "interval" or any(goal.axes[axis].kind != "batch" for axis in tensor.axes):
            raise NotToldError(f"lines in {name} may leave its domain")
        here = Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes))
        ends = tensor.domain.lower, tensor.domain.upper
        found += [atoms.Less(ends[0], here)] if ends[0].is_finite else []
        found += [atoms.Less(here, ends[1])] if ends[1].is_finite else []
    return found
