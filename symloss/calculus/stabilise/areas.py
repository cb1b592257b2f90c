"""Differences of products of lengths (areas, volumes) as sums of products of parts that are never negative."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from itertools import product as cartesian
from typing import Any

import sympy
from sympy import S

from symloss.calculus.stabilise.linear import kink_sides, linear
from symloss.calculus.stabilise.order import parts
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import Terms, factors_of, plus, terms_of
from symloss.program import Read

_MOST_LENGTHS = 5

Vector = tuple[Any, ...]


@dataclass(frozen=True)
class _Side:
    """The lengths along one direction, and the parts that they are sums of.

    ``lengths`` are the factors as written; ``parts`` the expressions of the parts; ``shares[i]`` says how often each
    part is in length i.
    """

    lengths: tuple[Any, ...]
    parts: tuple[Any, ...]
    shares: tuple[Vector, ...]


@rule(
    sympy.Add,
    before="w*h - v*u with v <= w and u <= h",
    after="(w - v)*h + v*(h - u)",
    reason="areas cancel where boxes nearly agree; the parts are single differences and have one sign",
)
def difference_of_areas(expression: Any, context: Context) -> Any:
    """Products of one length per direction, with both signs, whose polynomial in never-negative parts has one sign."""
    terms = terms_of(expression)
    areas = {key: number for key, number in terms.items() if _is_area(key, context)}
    rest = {key: number for key, number in terms.items() if key not in areas}
    if len(areas) < 2 or len({number > 0 for number in areas.values()}) < 2:
        return None
    groups = _directions(areas)
    if groups is None or len(groups) < 2:
        return None
    sides = [_side(group, context) for group in groups]
    if any(side is None for side in sides):
        return None
    known = [side for side in sides if side is not None]
    weights = _weights(areas, known, S.One)
    if weights is None:
        return None
    if all(value >= 0 for value in weights.values()):
        sign = S.One
    elif all(value <= 0 for value in weights.values()):
        sign = -S.One
    else:
        return None
    harsher = _weights(areas, known, S(2) if sign == 1 else S.Half)
    if harsher is not None and all(sign * value >= 0 for value in harsher.values()):
        # Even twice what is subtracted leaves a sum of one sign: the difference as written loses a bit at most.
        return None
    named = [_named(side, context) for side in known]
    return plus(rest, sign * _collected({key: sign * value for key, value in weights.items()}, named))


def _is_area(monomial: Any, context: Context) -> bool:
    factors = factors_of(monomial)
    return len(factors) >= 2 and all(
        (factor.is_Add or kink_sides(factor) is not None or isinstance(factor, Read))
        and context.facts.range(factor).nonnegative
        for factor in factors
    )


def _directions(areas: Terms) -> list[list[Any]] | None:
    """The lengths grouped by the values they are made of; each area must have one of each group."""
    groups: list[tuple[set[Any], list[Any]]] = []
    for monomial in areas:
        for factor in factors_of(monomial):
            reads = set(factor.atoms(Read))
            joined = [group for group in groups if group[0] & reads]
            groups = [group for group in groups if not group[0] & reads]
            merged = (set(reads).union(*(g[0] for g in joined)), [length for g in joined for length in g[1]])
            if factor not in merged[1]:
                merged[1].append(factor)
            groups.append(merged)
    lengths = [group[1] for group in groups]
    for monomial in areas:
        factors = factors_of(monomial)
        if len(factors) != len(lengths) or any(sum(f in group for f in factors) != 1 for group in lengths):
            return None
    if not any(kink_sides(leaf) for group in lengths for length in group for leaf in terms_of(length)):
        return None
    return sorted(lengths, key=lambda group: min(map(str, group)))


def _side(lengths: list[Any], context: Context) -> _Side | None:
    """Parts of which every length is a sum, found among the combinations of lengths that are never negative."""
    if len(lengths) > _MOST_LENGTHS:
        return None
    forms = [linear(terms_of(length)) for length in lengths]
    admitted: list[Vector] = []
    for vector in cartesian((0, 1, -1), repeat=len(lengths)):
        if not any(vector):
            continue
        form = _combined(vector, forms)
        if form and context.facts.never_negative(form):
            admitted.append(vector)
    extreme = [v for v in admitted if not any(_plus(a, b) == v for a, b in combinations(admitted, 2))]
    for basis in combinations(extreme, len(lengths)):
        matrix = sympy.Matrix([list(vector) for vector in basis]).T
        if matrix.det() == 0:
            continue
        inverse = matrix.inv()
        shares = tuple(tuple(inverse[row, column] for row in range(len(basis))) for column in range(len(lengths)))
        if any(share < 0 or not share.is_Integer for vector in shares for share in vector):
            continue
        found = [_expression(vector, lengths, forms, context) for vector in basis]
        if all(part is not None for part in found):
            return _Side(tuple(lengths), tuple(found), shares)
    return None


def _expression(vector: Vector, lengths: list[Any], forms: list[Terms], context: Context) -> Any:
    if sum(map(abs, vector)) == 1:
        return lengths[vector.index(1)]
    return parts(_combined(vector, forms), context)


def _plus(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _combined(vector: Vector, forms: list[Terms]) -> Terms:
    found: Terms = {}
    for share, form in zip(vector, forms, strict=True):
        for key, value in form.items():
            found[key] = found.get(key, S.Zero) + share * value
    return {key: value for key, value in found.items() if value != 0}


def _weights(areas: Terms, sides: list[_Side], emphasis: Any) -> dict[tuple[int, ...], Any] | None:
    """The polynomial in the parts; negative terms count `emphasis` times."""
    found: dict[tuple[int, ...], Any] = {}
    for monomial, number in areas.items():
        factors = factors_of(monomial)
        vectors = []
        for side in sides:
            length = next(factor for factor in factors if factor in side.lengths)
            vectors.append(side.shares[side.lengths.index(length)])
        scale = number * emphasis if number < 0 else number
        for key in cartesian(*(range(len(side.parts)) for side in sides)):
            value = scale
            for vector, position in zip(vectors, key, strict=True):
                value *= vector[position]
            if value != 0:
                found[key] = found.get(key, S.Zero) + value
    return {key: value for key, value in found.items() if value != 0}


def _named(side: _Side, context: Context) -> _Side:
    """The side with its parts and lengths as steps of their own, so that derivatives stay small."""
    return _Side(
        tuple(context.step("length", length) for length in side.lengths),
        tuple(context.step("length" if part in side.lengths else "margin", part) for part in side.parts),
        side.shares,
    )


def _collected(weights: dict[tuple[int, ...], Any], sides: list[_Side]) -> Any:
    """The polynomial by the parts of the first direction; sums of parts that are a length are read as that length."""
    first, others = sides[0], sides[1:]
    if not others:
        return _whole(tuple(weights.get((i,), S.Zero) for i in range(len(first.parts))), first)
    summands: list[Any] = []
    for position, part in enumerate(first.parts):
        inner = {key[1:]: value for key, value in weights.items() if key[0] == position}
        if inner:
            summands.append(part * _collected(inner, others))
    return sympy.Add(*summands)


def _whole(vector: Vector, side: _Side) -> Any:
    """A sum of parts, taking whole lengths where they fit."""
    summands: list[Any] = []
    left = list(vector)
    order = sorted(range(len(side.lengths)), key=lambda i: -sum(share != 0 for share in side.shares[i]))
    for index in order:
        share = side.shares[index]
        if sum(s != 0 for s in share) > 1 and all(a >= s for a, s in zip(left, share, strict=True)):
            times = min(a // s for a, s in zip(left, share, strict=True) if s != 0)
            left = [a - times * s for a, s in zip(left, share, strict=True)]
            summands.append(times * side.lengths[index])
    summands += [value * part for value, part in zip(left, side.parts, strict=True) if value != 0]
    return sympy.Add(*summands)


RULES = (difference_of_areas,)
