"""Differences that cancel: roots, squares, cosines, and sums of which parts vanish."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S, cos, exp, sin

from symloss.atoms import ZeroTimes
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import cofactors, factors_of, plus, product, scaled, terms_of, total, without
from symloss.program import Read


@rule(
    sympy.Add,
    before="x + (y - x)",
    after="y",
    reason="terms that cancel exactly are not computed",
)
def exact_cancellation(expression: Any, context: Context) -> Any:
    """A sum that has fewer terms once numbers are distributed over nested sums."""
    terms = terms_of(expression)
    return total(terms) if len(terms) < _leaves(expression) else None


def _leaves(expression: Any) -> int:
    """The number of terms as written, those of nested sums counted."""
    count = 0
    for term in expression.args:
        inner = term.as_coeff_Mul()[1]
        count += _leaves(inner) if inner.is_Add else 1
    return count


@rule(
    sympy.Add,
    before="sqrt(a**2 + x) - a",
    after="x/(sqrt(a**2 + x) + a)",
    reason="the root and a cancel for small x",
)
def root_minus_base(expression: Any, context: Context) -> Any:
    """c·sqrt(a² + x) and -c·a among the terms, a never negative."""
    terms = terms_of(expression)
    facts = context.facts
    for monomial, root, factor in cofactors(terms, sympy.Pow):
        if root.exp != S.Half:
            continue
        inside = terms_of(root.base)
        for square, number in inside.items():
            a = _root(number * square)
            if a is None or not facts.range(a).nonnegative:
                continue
            rest = {key: value for key, value in terms.items() if key != monomial}
            left = without(rest, scaled(-factor, a))
            x = total({key: value for key, value in inside.items() if key != square})
            if left is not None and (facts.range(a).positive or facts.range(x).positive):
                return plus(left, factor * x / (root + a))
    return None


def _root(square: Any) -> Any:
    """a where the expression is a**2 with an evident a, else None."""
    number, rest = square.as_coeff_Mul()
    roots = [sympy.sqrt(number)] if number > 0 else []
    if not roots or not roots[0].is_Rational:
        return None
    for factor in factors_of(rest):
        if factor == 1:
            continue
        if not (factor.is_Pow and factor.exp.is_Integer and factor.exp % 2 == 0):
            return None
        roots.append(factor.base ** (factor.exp / 2))
    return product(roots)


@rule(
    sympy.Add,
    before="a**2 - b**2",
    after="(a - b)*(a + b)",
    reason="the squares cancel near a = b",
)
def difference_of_squares(expression: Any, context: Context) -> Any:
    """Two squares of products of reads and functions."""
    terms = terms_of(expression)
    if len(terms) != 2:
        return None
    (first, number), (second, other) = sorted(terms.items(), key=lambda item: bool(item[1] < 0))
    if not number > 0 > other:
        return None
    a, b = _root(number * first), _root(-other * second)
    if a is None or b is None or not (_simple(a) and _simple(b)):
        return None
    return (a - b) * (a + b)


def _simple(expression: Any) -> bool:
    return all(factor.is_number or isinstance(factor, Read | sympy.Function) for factor in factors_of(expression))


@rule(
    sympy.Add,
    before="1 - cos(x)",
    after="2*sin(x/2)**2",
    reason="nearly one minus one cancels",
)
def one_minus_cosine(expression: Any, context: Context) -> Any:
    """c and -c·cos(x) among the terms."""
    terms = terms_of(expression)
    for monomial, cosine, factor in cofactors(terms, cos):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, terms_of(-factor))
        if left is not None:
            return plus(left, -2 * factor * sin(cosine.args[0] / 2) ** 2)
    return None


@rule(
    sympy.Mul,
    before="x**2*exp(a)",
    after="(x*exp(a/2))**2",
    reason="a vanishing square times an overflowing exponential is not infinite",
)
def square_with_exponential(expression: Any, context: Context) -> Any:
    """One square and one unbounded exponential among the factors."""
    exponentials = [factor for factor in expression.args if isinstance(factor, exp) and not factor.is_number]
    squares = [factor for factor in expression.args if factor.is_Pow and factor.exp == 2]
    if len(exponentials) != 1 or len(squares) != 1 or context.facts.range(exponentials[0]).bounded:
        return None
    rest = product(f for f in expression.args if f is not exponentials[0] and f is not squares[0])
    return rest * ZeroTimes(squares[0].base, exp(exponentials[0].args[0] / 2)) ** 2


RULES = (exact_cancellation, root_minus_base, difference_of_squares, one_minus_cosine, square_with_exponential)
