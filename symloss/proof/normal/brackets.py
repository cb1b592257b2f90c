"""Conditions as the numbers 0 and 1, and branches: beside a bracket that is 0 nothing has an influence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.closing import obligations_of
from symloss.proof.normal.powers import product_content
from symloss.proof.normal.quotients import over_denominators
from symloss.proof.polynomials import (
    BITS,
    ONE,
    Sum,
    constant,
    content,
    divided,
    expression,
    leading,
    plus,
    scaled,
    single,
    times,
)
from symloss.proof.terms import Along, along, opened

if TYPE_CHECKING:
    from symloss.proof.normal.form import Normal


def bracket(normal: Normal, condition: Any) -> Sum:
    """A condition as the number 1 or 0."""
    condition = normal.facts.plain(condition)
    if condition in (0, 1):
        return constant(condition)
    if isinstance(condition, atoms.And):
        return times(*(bracket(normal, part) for part in condition.args))
    if isinstance(condition, atoms.Or):
        a, b = (bracket(normal, part) for part in condition.args)
        return plus([a, b, scaled(times(a, b), -1)])
    if isinstance(condition, Along):
        axis, body, guard = opened(condition)
        return single(along(condition.operation, axis, condition(normal, body), condition(normal, guard)))
    known = _known(normal, condition)
    if known is not None:
        return constant(known)
    if isinstance(condition, atoms.Not) or len(condition.args) != 2:
        return single(condition)
    return _comparison(normal, condition)


def _known(normal: Normal, condition: Any) -> int | None:
    if normal.facts.holds(condition, 1):
        return 1
    return 0 if normal.facts.holds(normal.facts.opposite(condition), 1) else None


def condition(normal: Normal, condition: Any) -> Any:
    """A condition with its terms in normal form."""
    if isinstance(condition, atoms.And | atoms.Or | atoms.Not):
        return condition.func(*(condition(normal, part) for part in condition.args))
    if isinstance(condition, BITS) and not isinstance(condition, Along):
        return condition.func(*(normal.term(part) for part in condition.args))
    return condition


def _comparison(normal: Normal, condition: Any) -> Sum:
    a, b = condition.args
    if a.is_integer and b.is_integer:
        a, b = (normal.indices.replaced(part) for part in (a, b))
        if isinstance(condition, atoms.Equal | atoms.NotEqual):
            a, b = normal.indices.compared(a, b)
            return _atomic(condition.func(*pair(a, b)))
        return _atomic(condition.func(a, b))
    difference = over_denominators(normal, plus([normal.sum(b), scaled(normal.sum(a), -1)]))
    if not difference:
        return constant(1 if isinstance(condition, atoms.Equal | atoms.LessEqual) else 0)
    rational, shared = content(difference) if len(difference) > 1 else product_content(difference)
    shared = {base: e for base, e in shared.items() if isinstance(base, sympy.exp) or normal.positive(base)}
    primitive = divided(difference, rational, shared)
    turned = leading(primitive) < 0
    d = expression(scaled(primitive, -1) if turned else primitive)
    same, above = _settled(normal, atoms.Equal(d, 0)), _settled(normal, atoms.Less(0, d))
    if isinstance(condition, atoms.Equal | atoms.NotEqual):
        return same if isinstance(condition, atoms.Equal) else plus([constant(1), scaled(same, -1)])
    weak = isinstance(condition, atoms.LessEqual)
    if not turned:
        return plus([above, same]) if weak else above
    below = plus([constant(1), scaled(above, -1)])
    return below if weak else plus([below, scaled(same, -1)])


def _settled(normal: Normal, condition: Any) -> Sum:
    known = _known(normal, condition)
    return single(condition) if known is None else constant(known)


def _atomic(condition: Any) -> Sum:
    return constant(condition) if condition in (0, 1) else single(condition)


def selected(normal: Normal, condition: Any, part: Sum) -> Sum:
    """A sum where a condition holds, else 0."""
    normal.rules.add("branch")
    condition = normal.facts.plain(condition)
    if isinstance(condition, atoms.And):
        for one in condition.args:
            part = selected(normal, one, part)
        return part
    known = _known(normal, condition) if condition not in (0, 1) else int(condition)
    if known is not None:
        return part if known else {}
    whole = bracket(normal, condition)
    if (len(whole) == 1 and ONE not in whole) or all(defined(normal, m) for m in part):
        return times(whole, part)
    return times(single(condition), part)


def defined(normal: Normal, monomial: Any) -> bool:
    """Whether a term is shown to be defined and finite."""
    return all(
        normal.facts.holds(atoms.Or(normal.facts.opposite(normal.facts.plain(path)), need))
        for path, need in obligations_of(monomial)
    )


def branch(normal: Normal, condition: Any, yes: Any, no: Any) -> Sum:
    """A branch, each side under what leads to it."""
    condition = normal.facts.plain(condition)
    known = _known(normal, condition) if condition not in (0, 1) else int(condition)
    if known is not None:
        return normal.sum(yes if known else no)
    there, elsewhere = (
        normal.under(c).sum(branch) for c, branch in ((condition, yes), (normal.facts.opposite(condition), no))
    )
    return plus([selected(normal, condition, there), selected(normal, normal.facts.opposite(condition), elsewhere)])


def pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Two sides of an equation in a fixed order, a number last."""
    a, b = sorted((a, b), key=sympy.default_sort_key)
    return (b, a) if a.is_Number else (a, b)
