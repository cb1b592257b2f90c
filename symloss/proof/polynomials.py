"""Sums of products over arbitrary terms: the arithmetic under the normal form.

A `Sum` maps monomials to rational coefficients. A monomial is a SymPy product of powers; the functions here split it
into powers, with the exponential of a sum as a product of exponentials.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.terms import AllAlong, AnyAlong

Sum = dict[Any, Any]
ONE = sympy.S.One
BITS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual, atoms.And, atoms.Or, atoms.Not, AllAlong, AnyAlong)
#: Products of more terms than this are not multiplied out.
MOST_TERMS = 1500


class NoNormalFormError(Exception):
    """A term that the normal form does not cover, or that grows too large."""


def constant(value: Any) -> Sum:
    """A rational number."""
    return {ONE: sympy.sympify(value)} if value != 0 else {}


def single(monomial: Any, coefficient: Any = ONE) -> Sum:
    """One product, its rational factor in the coefficient, brackets once."""
    factor, rest = monomial.as_coeff_Mul(rational=True)
    if isinstance(rest, sympy.Mul | sympy.Pow):
        rest = sympy.Mul(*(base if isinstance(base, BITS) else power(base, e) for base, e in powers(rest).items()))
        more, rest = rest.as_coeff_Mul(rational=True)
        factor *= more
    found = coefficient * factor
    if _contradicted(rest):
        return {}
    return {rest: found} if found != 0 else {}


def _contradicted(monomial: Any) -> bool:
    """Whether two brackets exclude each other."""
    brackets = [f for f in sympy.Mul.make_args(monomial) if isinstance(f, BITS)]
    for one in brackets:
        if isinstance(one, atoms.Equal | atoms.Less):
            others = (atoms.NotEqual, atoms.Less) if isinstance(one, atoms.Equal) else (atoms.Less,)
            turned = one.args[::-1]
            for other in others:
                if other(*one.args) in brackets and other is not type(one):
                    return True
                if other(*turned) in brackets:
                    return True
    return False


def plus(parts: Iterable[Sum]) -> Sum:
    """The sum of several."""
    found: Sum = {}
    for part in parts:
        for monomial, coefficient in part.items():
            total = found.get(monomial, 0) + coefficient
            if total == 0:
                found.pop(monomial, None)
            else:
                found[monomial] = total
    return found


def scaled(part: Sum, factor: Any) -> Sum:
    """A rational multiple."""
    return {m: c * factor for m, c in part.items()} if factor != 0 else {}


def times(a: Sum, b: Sum) -> Sum:
    """The product, multiplied out."""
    if len(a) * len(b) > MOST_TERMS:
        raise NoNormalFormError("a product has too many terms")
    return plus(single(sympy.Mul(m, n), c * d) for m, c in a.items() for n, d in b.items())


def powers(monomial: Any) -> dict[Any, Any]:
    """The bases of a product with their exponents; ``exp(2*x - y)`` is ``exp(x)**2 * exp(y)**-1``."""
    found: dict[Any, Any] = {}

    def add(base: Any, exponent: Any) -> None:
        if base in found:
            exponent = found[base] + exponent
        if exponent == 0:
            found.pop(base, None)
        else:
            found[base] = exponent

    for factor in sympy.Mul.make_args(monomial):
        if isinstance(factor, sympy.exp):
            for term in sympy.Add.make_args(factor.args[0]):
                c, rest = term.as_coeff_Mul(rational=True)
                add(sympy.exp(rest), c)
        elif isinstance(factor, sympy.Pow) and factor.exp.is_Rational and not factor.base.is_Rational:
            add(factor.base, factor.exp)
        else:
            add(factor, ONE)
    return found


def power(base: Any, exponent: Any) -> Any:
    """A base of `powers` with its exponent."""
    if exponent == 1:
        return base
    if isinstance(base, sympy.exp):
        return sympy.exp(base.args[0] * exponent)
    return sympy.Pow(base, exponent)


def product(bases: dict[Any, Any]) -> Any:
    """The monomial with these powers."""
    return sympy.Mul(*(power(base, exponent) for base, exponent in bases.items()))


def expression(part: Sum) -> Any:
    """A sum as a term."""
    return sympy.Add(*(c * m for m, c in part.items()))


def content(part: Sum) -> tuple[Any, dict[Any, Any]]:
    """The rational factor and the powers that all monomials share; what is left has no common factor.

    The rational factor is positive.
    """
    coefficients = list(part.values())
    rational = coefficients[0]
    for c in coefficients[1:]:
        rational = sympy.gcd(rational, c)
    split = [powers(m) for m in part]
    shared: dict[Any, Any] = {}
    for base in {b: None for bases in split for b in bases}:
        exponents = [bases.get(base, sympy.S.Zero) for bases in split]
        if all(e.is_Rational for e in exponents) and not isinstance(base, BITS):
            least = min(exponents)
            if least != 0:
                shared[base] = least
    return abs(rational), shared


def divided(part: Sum, rational: Any, shared: dict[Any, Any]) -> Sum:
    """A sum without a common factor."""
    inverse = product({base: -e for base, e in shared.items()})
    return plus(single(sympy.Mul(m, inverse), c / rational) for m, c in part.items())


def leading(part: Sum) -> Any:
    """The coefficient of the first monomial in a fixed order."""
    return part[min(part, key=sympy.default_sort_key)]
