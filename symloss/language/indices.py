"""Index arithmetic that is linear in running indices and in the length of their axis, and what guards say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy

from symloss.language.nodes import Chain, Comparison, Expression, Indexed, Logic, Name, Negation, Number

if TYPE_CHECKING:
    from symloss.language.scope import Scope

#: A condition, and whether it holds or does not.
Guard = tuple[Expression, bool]


@dataclass(frozen=True)
class LinearForm:
    """Σ c·i + size·S + one, with every running index i over one axis of length S."""

    indices: Mapping[str, sympy.Rational]
    size: sympy.Rational
    one: sympy.Rational

    def minus(self, other: LinearForm) -> LinearForm:
        """The difference of two forms over the same axis."""
        names = {*self.indices, *other.indices}
        zero = sympy.S.Zero
        indices = {name: self.indices.get(name, zero) - other.indices.get(name, zero) for name in sorted(names)}
        return LinearForm(indices, self.size - other.size, self.one - other.one)

    def plus(self, number: int) -> LinearForm:
        """The form and a constant."""
        return LinearForm(self.indices, self.size, self.one + number)


_NOTHING = LinearForm({}, sympy.S.Zero, sympy.S.Zero)


def linear_form(node: Expression, root: str, scope: Scope) -> LinearForm | None:
    """An index expression as a linear form over one axis; None where it is none."""
    size, one = sympy.S.Zero, sympy.S.Zero
    indices: dict[str, sympy.Rational] = {}
    stack: list[tuple[Expression, int]] = [(node, 1)]
    while stack:
        part, sign = stack.pop()
        if isinstance(part, Number):
            one += sign * part.value
        elif isinstance(part, Name) and part.name in scope.axes and scope.root(part.name) == root:
            indices[part.name] = indices.get(part.name, sympy.S.Zero) + sign
        elif isinstance(part, Indexed) and part.name == "size" and len(part.index) == 1:
            named = part.index[0]
            if not isinstance(named, Name) or named.name not in scope.axes or scope.root(named.name) != root:
                return None
            size += sign
        elif isinstance(part, Negation):
            stack.append((part.operand, -sign))
        elif isinstance(part, Chain) and set(part.operators) <= {"+", "-"}:
            stack.append((part.operands[0], sign))
            for operator, operand in zip(part.operators, part.operands[1:], strict=True):
                stack.append((operand, sign if operator == "+" else -sign))
        else:
            return None
    return LinearForm(indices, size, one)


def never_negative(form: LinearForm, size: int | None, facts: Sequence[LinearForm] = ()) -> bool:
    """Whether a form is at least 0, by itself or because it exceeds one of the forms that are known to be."""
    return any(_least_is_not_negative(form.minus(fact), size) for fact in (_NOTHING, *facts))


def _least_is_not_negative(form: LinearForm, size: int | None) -> bool:
    """Whether the least value, with every index from 0 to S - 1, is not negative; for every S where that is open."""
    falling = sum((c for c in form.indices.values() if c < 0), sympy.S.Zero)
    slope, constant = form.size + falling, form.one - falling
    if size is not None:
        return bool(slope * size + constant >= 0)
    return bool(slope >= 0 and slope + constant >= 0)


#: What stands in for a comparison that does not hold.
_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def facts_of(guard: Guard, root: str, scope: Scope) -> Iterator[LinearForm]:
    """What a guard makes at least 0: `a < b` gives b - a - 1; `a != b` where one is never below the other likewise."""
    condition, holds = guard
    if isinstance(condition, Logic) and condition.operator == "not":
        yield from facts_of((condition.operands[0], not holds), root, scope)
    elif isinstance(condition, Logic) and condition.operator == ("and" if holds else "or"):
        for operand in condition.operands:
            yield from facts_of((operand, holds), root, scope)
    elif isinstance(condition, Comparison) and (holds or len(condition.operators) == 1):
        for left, operator, right in zip(condition.operands, condition.operators, condition.operands[1:], strict=False):
            low, high = linear_form(left, root, scope), linear_form(right, root, scope)
            if low is not None and high is not None:
                yield from _facts(low, operator if holds else _OPPOSITES.get(operator, ""), high, scope.size(root))


def _facts(low: LinearForm, operator: str, high: LinearForm, size: int | None) -> Iterator[LinearForm]:
    if operator in ("<", "<=", "=="):
        yield high.minus(low).plus(-1 if operator == "<" else 0)
    if operator in (">", ">=", "=="):
        yield low.minus(high).plus(-1 if operator == ">" else 0)
    if operator == "!=":
        for difference in (high.minus(low), low.minus(high)):
            if never_negative(difference, size):
                yield difference.plus(-1)
