"""exp(x) - 1 - x and x - log(1 + x): what is left of a function after its tangent."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S, exp, log

from symloss.atoms import Equal, ExpTail, Less, Log1p, LogRatio, LogTail, Where
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import Terms, cofactors, plus, quotient, scaled, terms_of, total, without

#: A logarithm of a quotient may stand for that of a power of the quotient: log(s2/s1) for -log(s1^2/s2^2)/2.
_POWERS = (S.One, -S.One, sympy.Integer(2), sympy.Integer(-2), S.Half, -S.Half)


@rule(
    sympy.Add,
    before="exp(x) - 1 - x",
    after="exp_tail(x)",
    reason="never negative, and exact near its zero",
)
def exp_tail(expression: Any, context: Context) -> Any:
    """c·exp(x), -c and -c·x among the terms, x being a sum perhaps."""
    terms = terms_of(expression)
    for monomial, power, factor in cofactors(terms, exp):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, terms_of(-factor))
        left = None if left is None else without(left, scaled(-factor, power.args[0]))
        if left is not None:
            return plus(left, factor * ExpTail(power.args[0]))
    return None


@rule(
    sympy.Add,
    before="x - log(1 + x)",
    after="log_tail(x)",
    reason="never negative, and exact near its zero",
)
def log_tail(expression: Any, context: Context) -> Any:
    """c·x and -c·log1p(x) among the terms."""
    terms = terms_of(expression)
    for monomial, logarithm, factor in cofactors(terms, Log1p):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, scaled(-factor, logarithm.args[0]))
        if left is not None:
            return plus(left, -factor * LogTail(logarithm.args[0]))
    return None


@rule(
    sympy.Add,
    before="a/b - 1 - log(a/b)",
    after="log_tail((a - b)/b)",
    reason="never negative, and exact near a = b",
)
def log_tail_of_quotient(expression: Any, context: Context) -> Any:
    """c·a/b, -c and -c·log(a/b) among the terms, the logarithm perhaps of a power of the quotient."""
    terms = terms_of(expression)
    for kind in (LogRatio, log):
        for monomial, logarithm, factor in cofactors(terms, kind):
            ratio = logarithm.args[0] / logarithm.args[1] if kind is LogRatio else logarithm.args[0]
            rest = {key: value for key, value in terms.items() if key != monomial}
            for power in _POWERS:
                result = _tail(rest, ratio**power, -factor / power, context)
                if result is not None:
                    return result
    return None


def _tail(rest: Terms, ratio: Any, factor: Any, context: Context) -> Any:
    """factor·(ratio - 1 - log ratio), where the first two are among the terms, maybe inside a product with a sum."""
    wanted = {**terms_of(factor * ratio)}
    for monomial, number in terms_of(-factor).items():
        wanted[monomial] = wanted.get(monomial, S.Zero) + number
    left = without(rest, wanted)
    if left is None:
        opened = _opened(rest)
        left = None if opened == rest else without(opened, wanted)
    if left is None:
        return None
    above, below = quotient(ratio)
    # Where a is far below b, (a - b)/b rounds to nearly -1; there nothing cancels in the sum as written.
    apart = context.settled(sympy.Add((above - below) / below, -LogRatio(above, below)))
    tail = factor * Where(Less(4 * above, below), apart, LogTail((above - below) / below))
    if context.facts.range(below).admits_zero:
        # With 0·log 0 = 0 the sum has a finite value where the quotient has none.
        tail = Where(Equal(below, 0), total(wanted), tail)
    return plus(left, tail)


def _opened(terms: Terms) -> Terms:
    """Products with one sum multiplied out, so that the parts of (s1^2 + d^2)/(2*s2^2) stand alone."""
    found: Terms = {}
    for monomial, number in terms.items():
        inner: dict[Any, Any] = {monomial: S.One}
        if monomial.is_Mul:
            sums = [factor for factor in monomial.args if factor.is_Add]
            if len(sums) == 1:
                inner = scaled(monomial / sums[0], sums[0])
        for key, value in inner.items():
            found[key] = found.get(key, S.Zero) + number * value
    return {key: value for key, value in found.items() if value != 0}


RULES = (exp_tail, log_tail_of_quotient, log_tail)
