"""Limits of choices, conditions and reductions over an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.closing import negation
from symloss.proof.limits.dominance import NoLimitError
from symloss.proof.limits.trace import OO, SplitError
from symloss.proof.terms import Along, LogSumExpAlong, Term, along, stem, tensors_of

if TYPE_CHECKING:
    from symloss.proof.limits.rules import Limits

COMPARISONS = atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual
#: Whether a comparison holds, by the sign of its right side minus its left.
_HOLDS: dict[Any, Any] = {
    atoms.Less: lambda sign: sign > 0,
    atoms.LessEqual: lambda sign: sign >= 0,
    atoms.Equal: lambda sign: sign == 0,
    atoms.NotEqual: lambda sign: sign != 0,
}


def where_rule(limits: Limits, e: Any) -> int:
    """The limit of the branch that is taken in the end, or a choice between both limits."""
    condition, yes, no = e.args
    if limits.moves(condition):
        truth, rests_on = holds_in_the_end(limits, condition)
        inner = limits.line(yes if truth else no)
        found = limits.lines[inner]
        return limits.say(e, found.to, found.side, "branch", *rests_on, inner, holds=truth)
    if limits.ranges.holds(condition) or limits.ranges.holds(negation(condition)):
        truth = limits.ranges.holds(condition)
        inner = limits.line(yes if truth else no)
        found = limits.lines[inner]
        return limits.say(e, found.to, found.side, "branch", inner, holds=truth)
    if any("~" in axis for axis in axes_of(condition)):
        return _choice(limits, e, condition, yes, no)
    raise SplitError((condition, negation(condition)))


def _choice(limits: Limits, e: Term, condition: Term, yes: Term, no: Term) -> int:
    """A choice that moves with a running index: the limit is the choice between both limits."""
    numbers = []
    for branch, assumed in ((yes, condition), (no, negation(condition))):
        inside = type(limits)(limits.points, limits.ranges.under(assumed), limits.tensors, limits.depth)
        last = inside.line(branch)
        numbers.append(last + limits.adopt(inside.lines[: last + 1], under=str(assumed)))
    first, second = (limits.lines[i] for i in numbers)
    if OO in (first.to, -first.to, second.to, -second.to):
        raise NoLimitError("a choice between finite and infinite limits")
    side = first.side if first.side == second.side else ""
    return limits.say(e, atoms.Where(condition, first.to, second.to), side, "choice", *numbers)


def holds_in_the_end(limits: Limits, condition: Term) -> tuple[bool, tuple[int, ...]]:
    """Whether a condition holds in the end."""
    if not limits.moves(condition):
        if limits.ranges.holds(condition):
            return True, ()
        if limits.ranges.holds(negation(condition)):
            return False, ()
        limits.split((condition, negation(condition)))
    if isinstance(condition, atoms.Not):
        truth, rests_on = holds_in_the_end(limits, condition.args[0])
        return not truth, rests_on
    if isinstance(condition, atoms.And | atoms.Or):
        found = [holds_in_the_end(limits, part) for part in condition.args]
        truths = [truth for truth, _ in found]
        rests = tuple(i for _, rests_on in found for i in rests_on)
        return all(truths) if isinstance(condition, atoms.And) else any(truths), rests
    if not isinstance(condition, COMPARISONS):
        raise NoLimitError("no comparison")
    left, right = condition.args
    number = limits.line(right - left)
    return _HOLDS[type(condition)](limits.sign_in_the_end(number)), (number,)


def along_rule(limits: Limits, e: Along) -> int:
    """A sum of finitely many terms: the sum of their limits."""
    if limits.moves(e.guard):
        raise NoLimitError("a guard that moves")
    if isinstance(e, LogSumExpAlong):
        return limits.same(e, sympy.log(along_like(e, "sum", sympy.exp)))
    if e.operation != "sum":
        raise NoLimitError(f"no rule for {e.operation} over an axis")
    axis = AxisSymbol(f"{stem(e.axis.axis)}~{limits.depth + 1}")
    body, guard = (substitute(part, {e.axis: axis}) for part in (e.body, e.guard))
    ranges = limits.ranges if guard == 1 else limits.ranges.under(guard)
    inside = type(limits)(limits.points, ranges, limits.tensors, limits.depth + 1)
    last = inside.line(_lifted(body, set(limits.points), axis))
    found = inside.lines[last]
    if found.to in (OO, -OO):
        raise NoLimitError("a sum of terms that grow")
    offset = limits.adopt(inside.lines[: last + 1])
    to = summed(axis, found.to, guard, stem(e.axis.axis), limits.tensors)
    side = "=" if found.side == "=" else ""
    return limits.say(e, to, side, "sum over an axis", offset + last, item=str(axis))


def without_logsumexp(e: Any) -> Term | None:
    """``exp(a - logsumexp(b))`` as ``1/sum(exp(b - a))``."""
    for term in sympy.Add.make_args(e.args[0]):
        scale, node = term.as_coeff_Mul()
        if isinstance(node, LogSumExpAlong) and abs(scale) == 1:
            return along_like(node, "sum", _exponential_of, scale * (e.args[0] - term)) ** scale
    return None


def _exponential_of(body: Term, added: Term) -> Term:
    return sympy.exp(body + added)


def along_like(node: Along, operation: str, change: Any, *more: Term) -> Term:
    """A reduction over the same items, of a changed body."""
    axis = AxisSymbol(f"{stem(node.axis.axis)}~~")
    body, guard = (substitute(part, {node.axis: axis}) for part in (node.body, node.guard))
    return along(operation, axis, change(body, *more), guard, stem(node.axis.axis))


def _lifted(body: Term, moving: set[str], axis: AxisSymbol) -> Term:
    """A body in which comparisons that name its index stand outside: numbers inside, a choice around them."""
    for e in sympy.postorder_traversal(body):
        if isinstance(e, COMPARISONS) and not tensors_of(e) & moving and axis.axis in axes_of(e):
            yes, no = (body.xreplace({e: sympy.Integer(truth)}) for truth in (1, 0))
            return atoms.Where(e, _lifted(yes, moving, axis), _lifted(no, moving, axis))
    return body


def summed(axis: AxisSymbol, body: Term, guard: Term, root: str, tensors: Mapping[str, Tensor]) -> Term:
    """The sum of finite terms over an axis; what is equal to a label counts once."""
    if guard == 1 and axis.axis not in axes_of(body):
        return body * SizeSymbol(root)
    if guard == 1 and isinstance(body, atoms.Where) and isinstance(body.args[0], atoms.Equal):
        condition, yes, no = body.args
        label = next((side for side in condition.args if side != axis), None)
        if axis in condition.args and label is not None and _is_index(label, root, tensors):
            here = {axis: label}
            whole = summed(axis, no, guard, root, tensors)
            return whole + substitute(yes, here) - substitute(no, here)
    return along("sum", axis, body, guard, root)


def _is_index(label: Term, root: str, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a term is always an index of an axis."""
    if not isinstance(label, Read) or label.tensor not in tensors:
        return False
    domain = tensors[label.tensor].domain
    return domain.kind == "index" and domain.axis is not None and stem(domain.axis) == root
