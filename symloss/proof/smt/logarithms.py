"""Logarithms taken together: a rational combination of logarithms is one logarithm, whose sign is polynomial."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import lcm
from typing import TYPE_CHECKING, Any

import sympy

from symloss.proof.smt.exponents import Basis, combination

if TYPE_CHECKING:
    from symloss.proof.smt.names import Names

#: Larger powers are not multiplied out.
_LARGEST_POWER = 12
#: With more logarithms than this their order is not compared pair by pair.
_MOST_PAIRED = 5


@dataclass(frozen=True)
class Logarithm:
    """A term that is the logarithm of n/d wherever it has a value."""

    value: Any
    n: Any
    d: Any


def grouped(names: Names, difference: Any) -> Logarithm | None:
    """A positive multiple of a difference as one logarithm of positive names, or None where it is none."""
    expanded = sympy.expand(difference)
    parts: list[tuple[Any, Logarithm]] = []
    rest = expanded
    for item in names.logarithms:
        if item.value.is_Symbol and item.value in names.log_names and rest.has(item.value):
            share = expanded.coeff(item.value, 1)
            rest = rest - share * item.value
            if not share.is_Rational:
                return None
            parts.append((share, item))
    rest = sympy.expand(rest)
    if not parts or rest.free_symbols & names.log_names:
        return None
    exponents = _in_exponents(names, rest)
    if exponents is None:
        return None
    return _together(names, [*parts, *exponents])


def _in_exponents(names: Names, rest: Any) -> list[tuple[Any, Logarithm]] | None:
    """A polynomial as a rational combination of the exponents that have names."""
    if rest == 0:
        return []
    span = Basis([])
    items = []
    for item in names.logarithms:
        if item.value not in names.log_names and not item.value.is_Rational:
            found = combination(item.value)
            if span.coordinates(found) is None:
                span.coordinates(found, grow=True)
                items.append(item)
    shares = span.coordinates(combination(rest))
    if shares is None:
        return None
    return [(share, item) for share, item in zip(shares, items, strict=True) if share != 0]


def _together(names: Names, parts: list[tuple[Any, Logarithm]]) -> Logarithm | None:
    scale = lcm(*(int(share.q) for share, _ in parts))
    value = n = d = sympy.S.One
    value = sympy.S.Zero
    for share, item in parts:
        count = int(share * scale)
        if abs(count) > _LARGEST_POWER or not (names.positive(item.n) and names.positive(item.d)):
            return None
        value += count * item.value
        above, below = (item.n, item.d) if count > 0 else (item.d, item.n)
        n, d = n * above ** abs(count), d * below ** abs(count)
    n, d = sympy.fraction(sympy.cancel(n / d)) if n.free_symbols & d.free_symbols else (n, d)
    return Logarithm(value, n, d)


def by_coefficient(names: Names, difference: Any) -> list[Logarithm]:
    """The logarithms of a difference that stand with the same monomial, taken together."""
    shared: dict[Any, list[tuple[Any, Logarithm]]] = {}
    items = {item.value: item for item in names.logarithms if item.value.is_Symbol}
    for part in sympy.Add.make_args(sympy.expand(difference)):
        coefficient, factors = part.as_coeff_mul()
        for factor in factors:
            if factor in items and coefficient.is_Rational:
                rest = sympy.Mul(*(other for other in factors if other != factor))
                shared.setdefault(rest, []).append((coefficient, items[factor]))
    found = (_together(names, parts) for parts in shared.values() if len(parts) > 1)
    return [item for item in found if item is not None]


def add_lemmas(names: Names, used: Iterable[Any], differences: Iterable[Any]) -> None:
    """Assert what relates the logarithms among some names to their arguments and to each other."""
    present = set(used)
    items = [item for item in names.logarithms if item.value.free_symbols <= present or item.n in present]
    items += [item for item in names.together if item not in items]
    for difference in differences:
        items += [item for item in by_coefficient(names, difference) if item not in items]
    for item in items:
        names.lemma("log-upper", item.value, item.n, item.d)
        names.lemma("log-lower", item.value, item.n, item.d)
    if len(items) <= _MOST_PAIRED:
        for one, other in combinations(items, 2):
            names.lemma("log-order", one.value, one.n, one.d, other.value, other.n, other.d)
