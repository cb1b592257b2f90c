"""Sums whose body selects: an Iverson bracket over a summed axis is eliminated by substitution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss.atoms import And, Equal, Less, LessEqual, Where
from symloss.calculus.extension import Extension
from symloss.calculus.scalar import times
from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, rename_axes

Expr = Any


@dataclass(frozen=True)
class Sum:
    """The sum over `over` where `guard` of `body`; without axes, the body itself."""

    body: Expr
    over: tuple[str, ...] = ()
    guard: Expr = sympy.S.One


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """The conditions that a nested `And` joins."""
    if isinstance(condition, And):
        return tuple(part for argument in condition.args for part in conjuncts(argument))
    return () if condition == 1 else (condition,)


def selection(expression: Expr) -> tuple[tuple[Expr, ...], Expr]:
    """The conditions outside which an expression is 0 by a branch, and what it is where they hold."""
    conditions: tuple[Expr, ...] = ()
    while isinstance(expression, Where) and expression.args[2] == 0:
        conditions += conjuncts(expression.args[0])
        expression = expression.args[1]
    return conditions, expression


def where_all(conditions: tuple[Expr, ...], expression: Expr) -> Expr:
    """The expression where all conditions hold, else 0."""
    return Where(And(*dict.fromkeys(conditions)), expression, 0) if conditions else expression


def split_sum(extension: Extension, total: Sum) -> Iterator[Sum]:
    """The parts of a sum: one per term that an Iverson bracket confines, and the rest in one piece."""
    if not total.over:
        yield Sum(where_all(conjuncts(total.guard), total.body))
        return
    rest = []
    for term in _terms(total.body, set(total.over)):
        confined = confine(extension, replace(total, body=term))
        if confined is None:
            rest.append(term)
        else:
            yield from split_sum(extension, confined)
    if rest:
        yield _without_idle_axes(extension, replace(total, body=sympy.Add(*rest)))


def _terms(body: Expr, over: set[str]) -> list[Expr]:
    """The terms of a sum; a product is distributed over a factor some of whose terms a bracket confines."""
    terms: list[Expr] = []
    for term in sympy.Add.make_args(body):
        factors = sympy.Mul.make_args(term)
        chosen = [f for f in factors if f.is_Add and any(_brackets(part, over) for part in f.args)]
        if chosen:
            rest = [factor for factor in factors if factor is not chosen[0]]
            terms.extend(t for part in chosen[0].args for t in _terms(times(part, *rest), over))
        else:
            terms.append(term)
    return terms


def _brackets(term: Expr, over: set[str]) -> bool:
    conditions, _ = selection(term)
    return any(isinstance(condition, Equal) and axes_of(condition) & over for condition in conditions)


def confine(extension: Extension, total: Sum) -> Sum | None:
    """``sum_k [k = e] f(k)`` is ``f(e)`` where e is an index of the axis; None where no bracket fixes an axis."""
    selected, body = selection(total.body)
    guards = conjuncts(total.guard)
    for condition in (*selected, *guards):
        solved = _solve(extension, condition, total.over)
        if solved is None:
            continue
        axis, place, within = solved
        at: dict[str, str | Expr] = {axis: place}
        over = tuple(other for other in total.over if other != axis)
        kept = tuple(rename_axes(other, at) for other in selected if other is not condition)
        guard = [rename_axes(other, at) for other in guards if other is not condition] + list(within)
        kept, admitted = (tuple(c for c in some if not _certain(extension, c)) for some in (kept, guard))
        return Sum(where_all(kept, rename_axes(body, at)), over, And(*admitted))
    return None


def _solve(extension: Extension, condition: Expr, over: tuple[str, ...]) -> tuple[str, Expr, tuple[Expr, ...]] | None:
    """The axis that an equation of indices fixes, its value, and the conditions under which that is an index."""
    if not isinstance(condition, Equal):
        return None
    for side, other in (condition.args, condition.args[::-1]):
        if side.is_integer is not True or other.is_integer is not True:
            continue
        for axis in over:
            if axis in axes_of(other):
                continue
            place = _inverted(extension, side, axis, other)
            if place is not None:
                return axis, place, () if in_range(extension, place, axis) else _range(extension, place, axis)
    return None


def _inverted(extension: Extension, side: Expr, axis: str, value: Expr) -> Expr | None:
    """Solve ``side = value`` for the running index of an axis: k, ±k + c, or Mod(±k + c, size)."""
    symbol = AxisSymbol(axis)
    if side == symbol:
        return value
    if isinstance(side, sympy.Mod):
        inner, modulus = side.args
        whole = isinstance(modulus, SizeSymbol) and extension.root(modulus.axis) == extension.root(axis)
        if whole and in_range(extension, value, axis):
            solved = _linear(inner, axis, value)
            return None if solved is None else sympy.Mod(solved, modulus)
        return None
    return _linear(side, axis, value)


def _linear(side: Expr, axis: str, value: Expr) -> Expr | None:
    symbol = AxisSymbol(axis)
    terms = sympy.Add.make_args(side)
    for sign in (1, -1):
        rest = [term for term in terms if term != sign * symbol]
        if len(rest) == len(terms) - 1 and all(axis not in axes_of(term) for term in rest):
            return sign * (value - sympy.Add(*rest))
    return None


def in_range(extension: Extension, index: Expr, axis: str) -> bool:
    """Whether an integer expression is certainly an index of an axis."""
    root = extension.root(axis)
    if index.is_Integer:
        size = extension.fixed(axis)
        return size is not None and 0 <= index < size
    if isinstance(index, AxisSymbol):
        return extension.root(index.axis) == root
    if isinstance(index, Read):
        tensor = extension.tensors.get(index.tensor)
        return bool(tensor and tensor.domain.axis and extension.root(tensor.domain.axis) == root)
    if isinstance(index, sympy.Mod):
        modulus = index.args[1]
        return isinstance(modulus, SizeSymbol) and extension.root(modulus.axis) == root
    if isinstance(index, Where):
        return all(in_range(extension, branch, axis) for branch in index.args[1:])
    return False


def _range(extension: Extension, index: Expr, axis: str) -> tuple[Expr, ...]:
    return LessEqual(0, index), Less(index, SizeSymbol(extension.root(axis)))


def _certain(extension: Extension, condition: Expr) -> bool:
    """Whether a condition holds because a running index lies within its axis."""
    if not isinstance(condition, Less | LessEqual):
        return bool(condition == 1)
    low, high = condition.args
    if isinstance(condition, LessEqual) and low == 0:
        offset, index = high.as_coeff_Add()
        return isinstance(index, AxisSymbol) and bool(offset >= 0)
    if isinstance(condition, Less) and isinstance(high, SizeSymbol):
        offset, index = low.as_coeff_Add()
        same = isinstance(index, AxisSymbol) and extension.root(index.axis) == extension.root(high.axis)
        return same and bool(offset <= 0)
    return False


def _without_idle_axes(extension: Extension, total: Sum) -> Sum:
    """A sum over an axis that nothing depends on is a multiple by the axis' length."""
    used = axes_of(total.body) | axes_of(total.guard)
    idle = [axis for axis in total.over if axis not in used]
    body = times(*(SizeSymbol(extension.root(axis)) for axis in idle), total.body)
    over = tuple(axis for axis in total.over if axis in used)
    return Sum(body, over, total.guard) if over else Sum(where_all(conjuncts(total.guard), body))
