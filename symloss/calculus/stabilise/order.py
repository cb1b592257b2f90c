"""Lengths, overlaps and hulls: differences of minima and maxima as sums of parts that are never negative."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S

from symloss.atoms import Equal, Less, Maximum, Minimum, Ramp, Relu, Where
from symloss.calculus.stabilise.linear import kink_sides, linear
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import Terms, terms_of, total
from symloss.program import Read

_DEPTH = 8


@rule(
    sympy.Add,
    before="a - min(a, b), w - max(0, w - g)",
    after="max(0, a - b), min(w, g)",
    reason="a difference of inputs is rounded once, and parts of one sign do not cancel",
)
def ordered_parts(expression: Any, context: Context) -> Any:
    """A linear form of minima, maxima and ramps that is never negative, or never positive."""
    terms = terms_of(expression)
    if not any(kink_sides(leaf) for leaf in terms) or context.facts.definite(expression):
        return None
    if len(terms) == 2 and not _entangled(terms):
        return None
    for sign in (1, -1):
        result = parts({leaf: sign * number for leaf, number in terms.items()}, context)
        if result is not None:
            return sign * result
    return None


def _entangled(terms: Terms) -> bool:
    """Whether one of two terms is a choice in which the other one, or a ramp, takes part."""
    leaves = list(terms)
    return any(
        is_ramp(leaf) or other in (kink_sides(leaf) or ()) for leaf, other in (leaves, leaves[::-1]) if kink_sides(leaf)
    )


def is_ramp(leaf: Any) -> bool:
    """Whether the leaf is the larger of 0 and something."""
    return isinstance(leaf, Relu | Ramp) or (isinstance(leaf, Maximum) and S.Zero in leaf.args)


def inner_of(ramp: Any) -> Any:
    """R in max(0, R)."""
    return next((side for side in ramp.args if side != 0), S.Zero)


def parts(terms: Terms, context: Context, depth: int = _DEPTH) -> Any:
    """A linear form as a sum of parts that are never negative, or None where that is not found."""
    terms = linear(terms)
    if not terms:
        return S.Zero
    if depth == 0 or not context.facts.never_negative(terms):
        return None
    plain = _plain(terms, context)
    if plain is not None:
        return plain
    for leaf, number in terms.items():
        for found, rest in _steps(leaf, number, terms, context, depth):
            left = parts(rest, context, depth - 1)
            if left is not None:
                return found + left
    return total(terms) if _single_difference(terms) else None


def _plain(terms: Terms, context: Context) -> Any:
    """A form without choices that is one difference of values that are read, or a sum of values of one sign."""
    if any(kink_sides(leaf) for leaf in terms):
        return None
    return total(terms) if _single_difference(terms) or context.facts.definite(total(terms)) else None


def _single_difference(terms: Terms) -> bool:
    """Whether one rounding forms the difference: two leaves that are read or chosen among values that are read."""
    return len(terms) <= 2 and all(
        isinstance(leaf, Read)
        or leaf == 1
        or (isinstance(leaf, Minimum | Maximum) and all(isinstance(side, Read) for side in leaf.args))
        for leaf in terms
    )


def _steps(leaf: Any, number: Any, terms: Terms, context: Context, depth: int) -> list[tuple[Any, Terms]]:
    """Ways to split off one part that is never negative: (the part, what is left)."""
    found: list[tuple[Any, Terms]] = []
    if is_ramp(leaf):
        inner = inner_of(leaf)
        if number > 0:
            found.append((number * leaf, _minus(terms, {leaf: number})))
            flipped = {leaf: number}
            for key, value in terms_of(inner).items():
                flipped[key] = flipped.get(key, S.Zero) - number * value
            found.append((number * below_zero(leaf), _minus(terms, linear(flipped))))
        else:
            whole = {key: value / -number for key, value in _minus(terms, {leaf: number}).items()}
            shortened = _minus(whole, linear(terms_of(inner)))
            outer, gap = parts(whole, context, depth - 1), parts(shortened, context, depth - 1)
            if outer is not None and gap is not None:
                found.append((-number * shorter(leaf, gap, outer, context), {}))
        return found
    sides = kink_sides(leaf)
    if sides is None or (number > 0) != isinstance(leaf, Maximum):
        return found
    for chosen, other in (sides, sides[::-1]):
        low, high = (chosen, other) if isinstance(leaf, Maximum) else (other, chosen)
        part = {leaf: number}
        for key, value in terms_of(chosen).items():
            part[key] = part.get(key, S.Zero) - number * value
        rest = _minus(terms, part)
        if len(rest) < len(terms):
            found.append((abs(number) * Ramp(high - low), rest))
    return found


def shorter(ramp: Any, gap: Any, outer: Any, context: Context) -> Any:
    """outer - max(0, R) where gap = outer - R, with the slope that the ramp has at R = 0."""
    inner = context.step("overlap", inner_of(ramp))
    if isinstance(ramp, Relu):
        return Where(Less(0, inner), gap, outer)
    gap, outer = context.step("margin", gap), context.step("length", outer)
    return Where(Less(0, inner), gap, Where(Equal(inner, 0), (gap + outer) / 2, outer))


def below_zero(ramp: Any) -> Any:
    """max(0, R) - R = max(0, -R), with the slope that the ramp has at R = 0."""
    inner = inner_of(ramp)
    opposite = total({key: -value for key, value in terms_of(inner).items()})
    return Where(Less(0, inner), 0, opposite) if isinstance(ramp, Relu) else Ramp(opposite)


def _minus(terms: Terms, part: Terms) -> Terms:
    found = {key: terms.get(key, S.Zero) - part.get(key, S.Zero) for key in {**terms, **part}}
    return {key: value for key, value in found.items() if value != 0}


RULES = (ordered_parts,)
