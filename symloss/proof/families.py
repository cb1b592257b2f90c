"""No Lipschitz constant: points, one for each number L, at which the slope is steeper than L.

A function with a constant has no steeper slope at any point around which it is differentiable. The points are hints,
found by trying simple shapes; what they need to show is a goal with L as a variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.claim_terms import substitution
from symloss.proof.closing import implied, obligations_of
from symloss.proof.derivatives import NotDifferentiableError, directional
from symloss.proof.goals import Always, Goal, Lipschitz
from symloss.proof.pieces import Piece, interior, pieces
from symloss.proof.problems import TooLargeError, domain_conditions, problems, size_choices
from symloss.proof.search import Quick
from symloss.proof.steps import Step
from symloss.proof.terms import (
    AllAlong,
    Along,
    SumAlong,
    Term,
    along,
    conjunction,
    conjuncts,
    stem,
    tensors_of,
    with_tensors,
)

LARGE = "L"
#: So many shapes of points are looked at.
_MOST = 300
#: Where the slope of a shape is looked at before it becomes a goal.
_LOOKED_AT = (Fraction(1), Fraction(7), Fraction(1000))


@dataclass(frozen=True)
class Family:
    """A point and a direction, terms over the running indices, with L as a variable.

    Attributes:
        point: a term for every variable that the statement reads.
        direction: a term for every variable that moves.
        length: the square of the direction's norm.
    """

    point: Mapping[str, Term]
    direction: Mapping[str, Term]
    length: Term

    def as_json(self) -> dict[str, Any]:
        """The family as evidence."""
        point, direction = ({name: str(e) for name, e in part.items()} for part in (self.point, self.direction))
        return {"family": {"large": LARGE, "point": point, "direction": direction}}


def steep(goal: Goal, statement: Lipschitz) -> list[Step]:
    """A step for the first shape of points at which the slope looks steeper than any constant."""
    if statement.constant is not None or LARGE in goal.tensors:
        return []
    found = pieces(statement.term, statement.variables, goal.tensors, goal.hypotheses)
    if found is None:
        return []
    for one in found:
        for family in islice(_families(goal, statement), _MOST):
            try:
                shown = _shown(goal, one, family)
            except NotDifferentiableError:
                return []
            if shown is not None and all(map(_plausible, shown)):
                return [Step("the slope is unbounded along a family", shown, details=family.as_json())]
    return []


# --- shapes -----------------------------------------------------------------------------------------------------------


def _families(goal: Goal, statement: Lipschitz) -> Iterator[Family]:
    names = sorted(tensors_of(statement.term) | set(statement.variables))
    for moving in statement.variables:
        others = [name for name in names if name != moving]
        shapes = list(_moving_shapes(goal, moving, statement.norm))
        fixed = [_fixed_shapes(goal, name) for name in others]
        for *rest, (value, direction, length) in product(*fixed, shapes):
            point = {**dict(zip(others, rest, strict=True)), moving: value}
            yield Family(point, {moving: direction}, length)


def _sample_axes(goal: Goal, name: str) -> list[str]:
    return [axis for axis in goal.tensors[name].axes if goal.axes[axis].kind != "batch"]


def _item(axes: list[str], position: int) -> Term:
    """The condition that the running indices name one item."""
    return conjunction(*(atoms.Equal(AxisSymbol(axis), position) for axis in axes))


def _moving_shapes(goal: Goal, name: str, norm: str) -> Iterator[tuple[Term, Term, Term]]:
    """Points that run off with L, the direction of the slope, and the square of its length."""
    tensor, large = goal.tensors[name], Read(LARGE)
    axes = _sample_axes(goal, name)
    if tensor.domain.kind == "simplex":
        if len(axes) == 1:
            small, size = 1 / (2 * large), SizeSymbol(goal.root(axes[0]))
            value = atoms.Where(_item(axes, 0), small, (1 - small) / (size - 1))
            direction = atoms.Where(_item(axes, 0), 1, atoms.Where(_item(axes, 1), -1, 0))
            yield value, direction, sympy.Integer({"1": 4, "2": 2, "max": 1}[norm])
        return
    if tensor.domain.kind != "interval":
        return
    low, high = tensor.domain.lower, tensor.domain.upper
    ways = [2 * large] if high == sympy.oo else [high - 1 / (2 * large)]
    ways += [-2 * large] if low == -sympy.oo else [low + 1 / (2 * large)]
    for way in ways:
        if not axes:
            yield way, sympy.S.One, sympy.S.One
        else:
            first = _item(axes, 0)
            yield atoms.Where(first, way, _middle(tensor.domain)), atoms.Where(first, 1, 0), sympy.S.One


def _middle(domain: Domain) -> Term:
    low, high = domain.lower, domain.upper
    if low.is_finite and high.is_finite:
        return (low + high) / 2
    return low + 1 if low.is_finite else high - 1 if high.is_finite else sympy.S.Zero


def _fixed_shapes(goal: Goal, name: str) -> list[Term]:
    """Values of a variable that stays."""
    tensor = goal.tensors[name]
    axes, domain = _sample_axes(goal, name), tensor.domain
    if domain.kind == "simplex":
        return [atoms.Where(_item(axes, 0), 1, 0), atoms.Where(_item(axes, 1), 1, 0)] if len(axes) == 1 else []
    if domain.kind == "interval":
        ends = [e for e, closed in ((domain.lower, domain.lower_closed), (domain.upper, domain.upper_closed)) if closed]
        return list(dict.fromkeys([_middle(domain), *ends]))
    if domain.kind == "set":
        return [sympy.sympify(value) for value in domain.values]
    return [sympy.S.Zero, sympy.S.One] if domain.kind == "boolean" else [sympy.S.Zero]


# --- what is to be shown ----------------------------------------------------------------------------------------------


def _shown(goal: Goal, one: Piece, family: Family) -> tuple[Goal, ...] | None:
    """That the point is admissible, inside along the direction, and the slope steep: goals over L alone."""
    moves = {name: f"{name} direction" for name in family.direction}
    slope = directional(one.term, moves)
    point = {name: substitution(value, goal.tensors[name].axes) for name, value in family.point.items()}
    point |= {moves[name]: substitution(value, goal.tensors[name].axes) for name, value in family.direction.items()}

    def at(term: Term) -> Term:
        return items_apart(with_tensors(term, point))

    about_sizes = tuple(c for c in goal.hypotheses if not tensors_of(c))
    needed = [c for c in goal.hypotheses if tensors_of(c)]
    for condition in (part for c in needed for part in conjuncts(c)):
        if tensors_of(condition) & set(moves) and not isinstance(condition, atoms.Less | atoms.NotEqual):
            return None
    needed += [implied(path, need) for path, need in (*goal.obligations, *interior(one.term, moves)) if path != 0]
    needed += [atoms.Less(0, u) for u in one.switches]
    admissible = conjunction(*map(for_each_item, (*map(at, needed), *_inside(goal, family))))
    large = Tensor(LARGE, (), "variable", Domain("interval", sympy.S.One, sympy.oo, True))
    tensors = MappingProxyType({**goal.tensors, LARGE: large})
    steeper = atoms.Less(Read(LARGE) ** 2 * family.length, _plain_quotients(at(slope)) ** 2)
    return tuple(
        replace(
            goal.about(Always(condition), name),
            tensors=tensors,
            hypotheses=about_sizes,
            obligations=obligations_of(condition),
        )
        for name, condition in (("admissible", admissible), ("steeper", steeper))
        if condition != 1
    )


def _plain_quotients(term: Term) -> Term:
    """Quotients whose first part is a number other than 0, in which no 0 wins, as plain ones."""
    return term.replace(
        lambda e: isinstance(e, atoms.XOverY) and e.args[0].is_Number and e.args[0] != 0,
        lambda e: e.args[0] / e.args[1],
    )


def _inside(goal: Goal, family: Family) -> list[Term]:
    """That the point lies in the domains, and inside them where it moves."""
    found: list[Term] = []
    for name, value in family.point.items():
        tensor, moves = goal.tensors[name], name in family.direction
        domain = tensor.domain
        local: list[Term] = []
        if domain.kind == "interval":
            inner = replace(domain, lower_closed=False, upper_closed=False) if moves else domain
            here = Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes))
            local += [c.xreplace({here: value}) for c in domain_conditions({here: inner})]
        elif domain.kind == "simplex":
            local.append((atoms.Less if moves else atoms.LessEqual)(0, value))
            axis = _sample_axes(goal, name)[0]
            total = items_apart(along("sum", AxisSymbol(axis), value, root=goal.root(axis)))
            # The total may cancel what it needs to be defined.
            found += [implied(path, need) for path, need in obligations_of(total)]
            found += [atoms.LessEqual(2, SizeSymbol(goal.root(axis))), atoms.Equal(sympy.cancel(total), 1)]
        for condition in local:
            whole = condition
            for axis in reversed(_sample_axes(goal, name)):
                if axis in axes_of(whole):
                    whole = along("all", AxisSymbol(axis), whole, root=goal.root(axis))
            found.append(whole)
    return found


def items_apart(term: Term) -> Term:
    """A term in which sums have no items of their own: ``sum[k](where(k == 0, a, b))`` is ``a - b(0) + sum[k](b)``.

    The axis must be long enough to have the index; a sum of what does not name the index is a multiple of its size.
    """
    for node in sorted(term.atoms(SumAlong), key=lambda e: (e.count_ops(), str(e))):
        axis, body, root = _opened(node)
        if node.guard == 1 and (axis.axis not in axes_of(body) or _own_items(body, axis)):
            return items_apart(term.xreplace({node: _total(body, axis, root)}))
    return term


def for_each_item(condition: Term) -> Term:
    """A condition that implies one for all items: at items that it names, and in the same form at all others."""
    if isinstance(condition, atoms.And):
        return conjunction(*(for_each_item(part) for part in condition.args))
    if not isinstance(condition, AllAlong) or condition.guard != 1:
        return condition
    axis, body, root = _opened(condition)
    own = _own_items(body, axis)
    if own:
        here, yes, no = _at_item(body, axis, own[0])
        return conjunction(
            for_each_item(substitute(yes, {axis: here})), for_each_item(along("all", axis, no, root=root))
        )
    return body if axis.axis not in axes_of(body) else condition


def _opened(node: Along) -> tuple[AxisSymbol, Term, str]:
    axis = AxisSymbol(f"{stem(node.axis.axis)}~")
    return axis, substitute(node.body, {node.axis: axis}), stem(node.axis.axis)


def _own_items(body: Term, axis: AxisSymbol) -> list[Any]:
    """Comparisons of a running index with a number."""
    return sorted(
        (e for e in body.atoms(atoms.Equal) if axis in e.args and all(a == axis or a.is_Integer for a in e.args)),
        key=str,
    )


def _at_item(body: Term, axis: AxisSymbol, comparison: Any) -> tuple[Any, Term, Term]:
    """The number, and the body where the index is this number and where it is another."""
    here = next(a for a in comparison.args if a != axis)
    yes, no = (body.xreplace({comparison: sympy.Integer(truth)}) for truth in (1, 0))
    return here, yes, no


def _total(body: Term, axis: AxisSymbol, root: str) -> Term:
    if axis.axis not in axes_of(body):
        return body * SizeSymbol(root)
    own = _own_items(body, axis)
    if not own:
        return along("sum", axis, body, root=root)
    here, yes, no = _at_item(body, axis, own[0])
    return _total(no, axis, root) + substitute(yes, {axis: here}) - substitute(no, {axis: here})


def _plausible(goal: Goal) -> bool:
    """Whether the goal holds at some numbers, as quick floats tell."""
    assert isinstance(goal.statement, Always)
    try:
        for sizes in size_choices(goal)[:1]:
            for problem in problems(goal, sizes):
                for number in _LOOKED_AT:
                    place = {v: number for v in problem.variables if v.tensor == LARGE}
                    if len(place) < len(problem.variables) or Quick(place).value(problem.conclusion) != 1:
                        return False
    except TooLargeError:
        return False
    return True
