"""Sums that are affine in values between 0 and 1: written as a mean of their values at the corners."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

import sympy
from sympy import S

from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import Terms, factors_of, plus, product, terms_of, total
from symloss.program import Read

_MOST_VARIABLES = 3


@rule(
    sympy.Add,
    before="f(y) affine in y with 0 <= y <= 1",
    after="(1 - y)*f(0) + y*f(1)",
    reason="both corners have one sign, so that nothing cancels",
)
def corners(expression: Any, context: Context) -> Any:
    """Reads between 0 and 1 that occur in no function and in no power."""
    terms = terms_of(expression)
    found = context.facts.range(total(terms))
    if context.facts.definite(expression) or found.positive or (-found).positive:
        return None
    variables = [v for v in sorted(expression.atoms(Read), key=str) if _unit(v, context) and _affine(terms, v)]
    if not 1 <= len(variables) <= _MOST_VARIABLES:
        return None
    inside = {key: value for key, value in terms.items() if key.has(*variables)}
    outside = {key: value for key, value in terms.items() if key not in inside}
    for part, rest in ((inside, outside), (terms, {})):
        result = _combination(total(part), variables, context)
        if result is not None and result != expression and total(part) != result:
            return plus(rest, result)
    return None


def _unit(read: Read, context: Context) -> bool:
    if read.integer:
        return False
    found = context.facts.range(read)
    return bool(found.low >= 0 and found.high <= 1)


def _affine(terms: Terms, variable: Read) -> bool:
    """Whether no term has the variable inside a function, in a power or twice."""
    for monomial in terms:
        seen = 0
        for factor in factors_of(monomial):
            if not factor.has(variable):
                continue
            seen += 1
            if factor != variable and not (factor.is_Add and _affine(terms_of(factor), variable)):
                return False
        if seen > 1:
            return False
    return True


def _combination(part: Any, variables: list[Any], context: Context) -> Any:
    summands, signs = [], set()
    for corner in combinations((S.Zero, S.One), repeat=len(variables)):
        value = context.rewrite(total(terms_of(part.xreplace(dict(zip(variables, corner, strict=True))))))
        if value == 0:
            continue
        sign = context.facts.sign(value)
        if sign == 0 or not context.facts.harmless(value):
            return None
        signs.add(sign)
        weights = [v if bit == 1 else 1 - v for v, bit in zip(variables, corner, strict=True)]
        summands.append(product((value, *weights)))
    if len(signs) != 1 or (len(variables) > 1 and len(summands) == 2 ** len(variables)):
        return None
    return sympy.Add(*summands)


RULES = (corners,)
