"""Reductions: sums split and contracted, indices solved, permuted and put in a canonical order."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, substitute
from symloss.proof.normal.brackets import condition, selected
from symloss.proof.normal.powers import exponential, log_of_base, logarithm, raised
from symloss.proof.polynomials import (
    ONE,
    NoNormalFormError,
    Sum,
    constant,
    plus,
    power,
    powers,
    product,
    scaled,
    single,
    times,
)
from symloss.proof.terms import Along, SumAlong, along, opened

if TYPE_CHECKING:
    from symloss.proof.normal.form import Normal


#: Nested sums are put into a canonical order up to this depth.
_MOST_AXES = 4


def reduction(normal: Normal, e: Along) -> Sum:
    """A reduction over an axis."""
    axis, body, guard = opened(e)
    root = e.axis.axis.split("'")[0]
    guard = normal.facts.plain(guard)
    inner = normal if guard == 1 else normal.under(guard)
    if e.operation == "sum":
        return summed(normal, axis, root, inner.sum(body), guard)
    if e.operation == "norm":
        normal.rules.add("norm")
        squared = inner.sum(body)
        return raised(normal, summed(normal, axis, root, times(squared, squared), guard), sympy.S.Half)
    if e.operation == "logsumexp":
        normal.rules.add("shift")
        total = summed(normal, axis, root, exponential(inner, inner.sum(body)), guard)
        return _log_of_exponentials(normal, total)
    return single(along(e.operation, axis, inner.term(body), condition(normal, guard), root))


def _log_of_exponentials(normal: Normal, total: Sum) -> Sum:
    """The logarithm of a sum of exponentials; a sum that stands as one factor is positive, the whole being so."""
    if len(total) != 1:
        return logarithm(normal, total)
    ((m, c),) = total.items()
    bases = powers(m)
    unknown = [b for b in bases if not isinstance(b, sympy.exp) and not normal.positive(b)]
    if len(unknown) > 1 or c <= 0:
        return logarithm(normal, total)
    parts = [log_of_base(normal, base, e) for base, e in bases.items()]
    return plus([*parts, single(sympy.log(c))] if c != 1 else parts)


def summed(normal: Normal, axis: AxisSymbol, root: str, body: Sum, guard: Any = ONE) -> Sum:
    """The sum over an axis of what is summed, where a condition holds."""
    if guard != 1:
        body = selected(normal, guard, body)
    normal.rules.add("linear")
    return plus(scaled(_contracted(normal, [(axis, root)], m), c) for m, c in body.items())


def _contracted(normal: Normal, axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Sum:
    """The sum of one product over several axes."""
    axes, monomial = _flattened(axes, _once(normal, monomial))
    for position, (axis, root) in enumerate(axes):
        rest = axes[:position] + axes[position + 1 :]
        solved = _solved(normal, axis, root, monomial)
        if solved is not None:
            return _again(normal, rest, solved)
        if axis.axis not in axes_of(monomial):
            normal.rules.add("count")
            return times(single(SizeSymbol(root)), _contracted(normal, rest, monomial) if rest else single(monomial))
        outer, inner = _split(axes, axis, monomial)
        if outer != 1 or len(inner[0]) < len(axes):
            others = [pair for pair in axes if pair not in inner[0]]
            left = _contracted(normal, others, outer) if others else single(outer)
            return times(left, _contracted(normal, *inner))
    if len(axes) == 1 and isinstance(monomial, atoms.NotEqual):
        ((axis, root),) = axes
        if normal.indices.solution(axis, root, monomial) is not None:
            normal.rules.add("count")
            return plus([single(SizeSymbol(root)), constant(-1)])
    for position, (axis, root) in enumerate(axes):
        rest = axes[:position] + axes[position + 1 :]
        paired = normal.indices.orthogonal(axis, powers(monomial))
        if paired is not None:
            normal.rules.add("orthogonal")
            return _again(normal, rest, paired)
        renamed = normal.indices.reindexed(axis, root, monomial)
        if renamed is not None:
            normal.rules.add("reindex")
            return _again(normal, [*rest, (axis, root)], renamed)
    return single(_nested(axes, monomial))


def _once(normal: Normal, monomial: Any) -> Any:
    """A product in which a variable that is 0 or 1 has no higher power."""
    bases = powers(monomial)
    high = {b for b, e in bases.items() if isinstance(b, Read) and e.is_Integer and e > 1}
    bits = {b for b in high if normal.facts.holds(atoms.Or(atoms.Equal(b, 0), atoms.Equal(b, 1)), 1)}
    return product({b: ONE if b in bits else e for b, e in bases.items()}) if bits else monomial


def _again(normal: Normal, axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Sum:
    """A product whose indices changed, and its sum over what is left."""
    total = normal.sum(monomial)
    if not axes:
        return total
    return plus(scaled(_contracted(normal, axes, m), c) for m, c in total.items())


def _flattened(axes: list[tuple[AxisSymbol, str]], monomial: Any) -> tuple[list[tuple[AxisSymbol, str]], Any]:
    """Sums among the factors opened, so that the order of sums is free."""
    names = {axis.axis for axis, _ in axes}
    factors: list[Any] = []
    axes = list(axes)
    stack = list(powers(monomial).items())
    while stack:
        base, e = stack.pop()
        if isinstance(base, SumAlong) and base.guard == 1 and e.is_Integer and e > 0 and axes_of(base) & names:
            for _ in range(int(e)):
                axis, body, _guard = opened(base)
                axes.append((axis, base.axis.axis.split("'")[0]))
                names.add(axis.axis)
                stack += list(powers(body).items())
        else:
            factors.append(power(base, e))
    return axes, sympy.Mul(*factors)


def _split(axes: Any, axis: AxisSymbol, monomial: Any) -> tuple[Any, tuple[Any, Any]]:
    """The factors tied to one axis, through others of the axes, and the rest."""
    factors = list(powers(monomial).items())
    names = {a.axis for a, _ in axes}
    tied, reached = set(), {axis.axis}
    while True:
        more = {i for i, (base, e) in enumerate(factors) if i not in tied and (axes_of(base) | axes_of(e)) & reached}
        if not more:
            break
        tied |= more
        for i in more:
            reached |= (axes_of(factors[i][0]) | axes_of(factors[i][1])) & names
    inner = sympy.Mul(*(power(*factors[i]) for i in sorted(tied)))
    outer = sympy.Mul(*(power(*f) for i, f in enumerate(factors) if i not in tied))
    return outer, ([pair for pair in axes if pair[0].axis in reached], inner)


def _solved(normal: Normal, axis: AxisSymbol, root: str, monomial: Any) -> Any:
    """The product at the index that an equation among its brackets names, without the bracket."""
    for base in powers(monomial):
        if isinstance(base, atoms.Equal):
            index = normal.indices.solution(axis, root, base)
            if index is not None:
                normal.rules.add("select")
                rest = product({b: e for b, e in powers(monomial).items() if b != base})
                return substitute(rest, {axis: index})
    return None


def merged(normal: Normal, monomial: Any, coefficient: Any) -> Sum:
    """A product in which one of two indices that a bracket equates stands for both."""
    for base in powers(monomial):
        if isinstance(base, atoms.Equal) and all(part.is_integer for part in base.args):
            a, b = base.args
            old, new = (a, b) if isinstance(a, AxisSymbol) else (b, a)
            rest = product({f: e for f, e in powers(monomial).items() if f != base})
            if isinstance(old, AxisSymbol) and old.axis in axes_of(rest):
                again = normal.sum(substitute(rest, {old: new}))
                return scaled(times(single(base), again), coefficient)
    return {monomial: coefficient}


def _nested(axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Any:
    """One canonical nest of sums."""
    if len(axes) > _MOST_AXES:
        raise NoNormalFormError("too many sums within one another")
    candidates = []
    for order in permutations(axes):
        e = monomial
        for axis, root in order:
            e = along("sum", axis, e, root=root)
        candidates.append(e)
    return min(candidates, key=str)
