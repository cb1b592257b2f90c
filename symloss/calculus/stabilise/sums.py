"""Sums over all items of which a bracket [k = y] picks one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy
from sympy import S

from symloss.atoms import Equal, Where
from symloss.calculus.stabilise.rule import Context, Rule
from symloss.calculus.stabilise.terms import Terms, factors_of, product, scaled, terms_of, total
from symloss.program import AxisSymbol, Read, Statement, axes_of, rename_axes

PICKED_ITEM = Rule(
    (),
    "sum[k]((k == y)*f[k])",
    "f[y]",
    "no one-hot row is needed, and the picked item is computed in its own stable form",
    lambda expression, context: None,
)


def picked(statement: Statement, context: Context) -> tuple[Statement, ...]:
    """A sum split into the items that brackets pick and the rest; the last statement has the old target."""
    if statement.operation != "sum" or len(statement.over) != 1:
        return (statement,)
    (axis,) = statement.over
    chosen: list[Any] = []
    rest: Terms = {}
    for monomial, number in _opened(terms_of(statement.body), axis).items():
        item = _item(monomial, number, statement, context)
        if item is None:
            rest[monomial] = number
        else:
            chosen.append(item)
    if not chosen:
        return (statement,)
    whole = Statement(statement.target, statement.out, "map", sympy.Add(*chosen))
    if not rest:
        return (whole,)
    remainder = replace(statement, target=context.unused(f"{statement.target}_rest"), body=total(rest))
    read = Read(remainder.target, tuple(map(AxisSymbol, remainder.out)))
    return remainder, replace(whole, body=whole.body + read)


def _opened(terms: Terms, axis: str) -> Terms:
    """Products with a sum that has a bracket of this axis multiplied out."""
    found: Terms = {}
    for monomial, number in terms.items():
        sums = [f for f in factors_of(monomial) if f.is_Add and any(_index(g, axis) is not None for g in _inner(f))]
        inner = scaled(product(f for f in factors_of(monomial) if f is not sums[0]), sums[0]) if sums else {monomial: 1}
        for key, value in inner.items():
            found[key] = found.get(key, S.Zero) + number * value
    return found


def _inner(expression: Any) -> list[Any]:
    return [factor for monomial in terms_of(expression) for factor in factors_of(monomial)]


def _index(factor: Any, axis: str) -> Any:
    """y in the bracket [k = y], if the factor is one and y does not run with k."""
    if isinstance(factor, Equal) and AxisSymbol(axis) in factor.args:
        other = factor.args[1] if factor.args[0] == AxisSymbol(axis) else factor.args[0]
        return None if axis in axes_of(other) else other
    return None


def _item(monomial: Any, number: Any, statement: Statement, context: Context) -> Any:
    (axis,) = statement.over
    for factor in factors_of(monomial):
        index = _index(factor, axis)
        if index is None or not _in_range(index, axis, context):
            continue
        rest = number * product(f for f in factors_of(monomial) if f is not factor)
        guard = rename_axes(statement.guard, {axis: index})
        return Where(guard, rename_axes(rest, {axis: index}), 0)
    return None


def _in_range(index: Any, axis: str, context: Context) -> bool:
    """Whether the index is an item of the axis for certain: a label of it, or a running index as long as it."""
    root = context.program.root(axis)
    if isinstance(index, AxisSymbol):
        return context.program.root(index.axis) == root
    if isinstance(index, Read) and index.tensor in context.program.tensors:
        domain = context.program.tensors[index.tensor].domain
        return domain.kind == "index" and domain.axis is not None and context.program.root(domain.axis) == root
    return False
