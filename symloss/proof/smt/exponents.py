"""A basis for the exponents of a problem, so that every exponential is a product of integer powers of a few."""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm
from typing import Any

import sympy

from symloss import atoms

#: Functions whose definition has the exponential of their argument.
_EXPONENTIAL = (sympy.exp, atoms.Sigmoid, atoms.Softplus, atoms.Expm1, atoms.ExpTail, atoms.LogCosh)

Combination = dict[Any, Any]


def combination(exponent: Any) -> Combination:
    """An exponent as a rational combination of monomials."""
    with_terms = sympy.expand(exponent).as_coefficients_dict()
    return {monomial: coefficient for monomial, coefficient in with_terms.items() if coefficient != 0}


def exponents_of(terms: Iterable[Any]) -> list[Any]:
    """Every exponent in some terms, the hidden ones of atoms included, in the order of their text."""
    found: set[Any] = set()
    for term in terms:
        for e in sympy.preorder_traversal(term):
            if isinstance(e, _EXPONENTIAL):
                found.add(e.args[0])
            elif isinstance(e, atoms.Tanh):
                found.add(2 * e.args[0])
    return sorted(found, key=lambda e: (e.count_ops(), str(e)))


class Basis:
    """Rational combinations of monomials in terms of linearly independent ones.

    Args:
        exponents: the exponents that will be asked for.
    """

    def __init__(self, exponents: Iterable[Any]) -> None:
        self.elements: list[Combination] = []
        self.rows: list[tuple[Any, Combination, list[Any]]] = []
        known = []
        for exponent in exponents:
            found = without_logarithms(combination(exponent))
            if found:
                self.coordinates(found, grow=True)
                known.append(found)
        for position in range(len(self.elements)):
            shares = [self.coordinates(found) for found in known]
            scale = lcm(*(int(share[position].q) for share in shares if share is not None), 1)
            self._shrink(position, scale)

    def _shrink(self, position: int, scale: int) -> None:
        """Replace an element by a fraction of it."""
        self.elements[position] = {m: c / scale for m, c in self.elements[position].items()}
        for _, _, shares in self.rows:
            shares[position] = shares[position] * scale

    def coordinates(self, wanted: Combination, grow: bool = False) -> list[Any] | None:
        """The coefficients of a combination in the basis; None where it lies outside and the basis may not grow."""
        rest = dict(wanted)
        shares = [sympy.S.Zero] * len(self.elements)
        for pivot, row, own in self.rows:
            factor = rest.get(pivot, 0)
            if factor != 0:
                rest = _minus(rest, row, factor)
                for position, share in enumerate(own):
                    shares[position] += factor * share
        if not rest:
            return shares
        if not grow:
            return None
        self.elements.append(dict(wanted))
        for _, _, own in self.rows:
            own.append(sympy.S.Zero)
        pivot = min(rest, key=str)
        scale = 1 / rest[pivot]
        own = [-share * scale for share in shares] + [scale]
        row = {monomial: coefficient * scale for monomial, coefficient in rest.items()}
        self.rows.append((pivot, row, own))
        return [sympy.S.Zero] * (len(self.elements) - 1) + [sympy.S.One]

    def exponent(self, position: int) -> Any:
        """An element as a term."""
        return sympy.Add(*(c * m for m, c in self.elements[position].items()))


def without_logarithms(found: Combination) -> Combination:
    """The monomials that are no logarithms with an integer factor; those become powers."""
    return {m: c for m, c in found.items() if not (isinstance(m, sympy.log) and c.is_Integer)}


def _minus(a: Combination, b: Combination, factor: Any) -> Combination:
    rest = {m: a.get(m, 0) - factor * b.get(m, 0) for m in {*a, *b}}
    return {m: c for m, c in rest.items() if c != 0}
