"""Sums as tables of terms and products as tuples of factors, and the small arithmetic that the rules need on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy

#: The terms of a sum: what is summed, without its number, and that number.
Terms = dict[Any, Any]


def terms_of(expression: Any) -> Terms:
    """The terms of a sum, numbers distributed over nested sums, equal terms combined, zero terms dropped."""
    found: Terms = {}
    _collect(expression, sympy.S.One, found)
    return {monomial: number for monomial, number in found.items() if number != 0}


def _collect(expression: Any, number: Any, found: Terms) -> None:
    if expression.is_Add:
        for term in expression.args:
            _collect(term, number, found)
        return
    factor, monomial = expression.as_coeff_Mul()
    if monomial.is_Add:
        _collect(monomial, number * factor, found)
    else:
        found[monomial] = found.get(monomial, sympy.S.Zero) + number * factor


def total(terms: Mapping[Any, Any]) -> Any:
    """The sum of a table of terms."""
    return sympy.Add(*(number * monomial for monomial, number in terms.items()))


def scaled(factor: Any, expression: Any) -> Terms:
    """The terms of ``factor * expression``, the factor multiplied into every term."""
    found: Terms = {}
    for monomial, number in terms_of(expression).items():
        for inner, value in terms_of(sympy.Mul(factor, monomial)).items():
            found[inner] = found.get(inner, sympy.S.Zero) + number * value
    return {monomial: number for monomial, number in found.items() if number != 0}


def without(terms: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Terms | None:
    """The terms that are left when `wanted` is taken out whole, or None where one of them is not there."""
    left = dict(terms)
    for monomial, number in wanted.items():
        if left.get(monomial) != number:
            return None
        del left[monomial]
    return left


def plus(terms: Mapping[Any, Any], expression: Any) -> Any:
    """The sum of the terms and one more expression."""
    return sympy.Add(*(number * monomial for monomial, number in terms.items()), expression)


def factors_of(expression: Any) -> tuple[Any, ...]:
    """The factors of a product; of anything else, itself."""
    return expression.args if expression.is_Mul else (expression,)


def product(factors: Iterable[Any]) -> Any:
    """The product of factors."""
    return sympy.Mul(*factors)


def cofactors(terms: Mapping[Any, Any], kind: Any) -> list[tuple[Any, Any, Any]]:
    """Every (term, factor of this class, cofactor with its number): term = cofactor · factor."""
    found = []
    for monomial, number in terms.items():
        factors = factors_of(monomial)
        for position, factor in enumerate(factors):
            if isinstance(factor, kind):
                rest = product((*factors[:position], *factors[position + 1 :]))
                found.append((monomial, factor, number * rest))
    return found


def quotient(expression: Any) -> tuple[Any, Any]:
    """Numerator and denominator, by the signs of the factors' exponents; numbers stay in the numerator."""
    above, below = [], []
    for factor in factors_of(expression):
        if factor.is_Pow and factor.exp.is_Number and factor.exp < 0 and not factor.base.is_number:
            below.append(factor.base ** (-factor.exp))
        else:
            above.append(factor)
    return product(above), product(below)
