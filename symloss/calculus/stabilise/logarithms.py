"""Logarithms near 1, of quotients and of products, and exponentials minus one."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S, exp, log

from symloss.atoms import And, Expm1, Less, Log1p, Log2, LogRatio, Sigmoid, Softplus, Where, XLog1pY, XLogY
from symloss.calculus.stabilise.logistic import difference, exponential_terms, negative
from symloss.calculus.stabilise.logsumexp import exponent_of_sum
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import cofactors, factors_of, plus, quotient, terms_of, total, without
from symloss.program import Read

_CROSSOVER = sympy.Rational(7, 10)
_LARGEST_WHOLE_POWER = 6


@rule(
    log,
    before="log(x**a)",
    after="a*log(x)",
    reason="the power overflows before its logarithm does",
)
def log_of_power(expression: Any, context: Context) -> Any:
    """A power of what is never negative."""
    argument = expression.args[0]
    if argument.is_Pow and (context.facts.range(argument.base).nonnegative or argument.exp == S.Half):
        return argument.exp * log(argument.base)
    return None


@rule(
    log,
    before="log(sigmoid(a) - sigmoid(b))",
    after="log(1 - exp(b - a)) - softplus(-a) - softplus(b)",
    reason="two sigmoids cancel where they are near or saturated; these terms have one sign",
)
def log_of_sigmoids(expression: Any, context: Context) -> Any:
    """A difference of two sigmoids, or a multiple of one: the probability of a class between two thresholds."""
    terms = terms_of(expression.args[0])
    if len(terms) != 2 or not all(isinstance(monomial, Sigmoid) for monomial in terms):
        return None
    (first, above), (second, below) = sorted(terms.items(), key=lambda term: bool(term[1] < 0))
    if above <= 0 or above != -below:
        return None
    a, b = first.args[0], second.args[0]
    between = context.rewrite(log(-Expm1(difference(b, a))))
    return log(above) + between - Softplus(negative(a)) - Softplus(b)


@rule(
    log,
    before="log(1 - exp(-x))",
    after="where(x > 7/10, log1p(-exp(-x)), log(expm1(x)) - x)",
    reason="exact both where exp(-x) is near 1 and where it vanishes",
)
def log_of_expm1(expression: Any, context: Context) -> Any:
    """The logarithm of -expm1(-x), which is what 1 - exp(-x) has become."""
    number, inner = expression.args[0].as_coeff_Mul()
    if number != -1 or not isinstance(inner, Expm1):
        return None
    x = inner.args[0]
    return Where(Less(x, -_CROSSOVER), Log1p(-exp(x)), x + log(Expm1(-x)))


@rule(
    log,
    before="log(a/b)",
    after="log_ratio(a, b)",
    reason="exact near a = b, and the quotient cannot overflow",
)
def log_of_quotient(expression: Any, context: Context) -> Any:
    """A quotient of two expressions that are never negative."""
    above, below = quotient(expression.args[0])
    if below == 1:
        return None
    if above == 1:
        return -log(below)
    facts = context.facts
    if facts.range(above).nonnegative and facts.range(below).nonnegative:
        return LogRatio(above, below)
    return None


@rule(
    LogRatio,
    before="log(a/(a + d))",
    after="-log1p(d/a) where d < a",
    reason="a + d rounds a small d away",
)
def log_ratio_of_sum(expression: Any, context: Context) -> Any:
    """log(a/b) where b - a, or a - b, is one of the parts that the larger one is a sum of."""
    a, b = expression.args
    for small, large, sign in ((a, b, -1), (b, a, 1)):
        excess = total(terms_of(large - small))
        fewer = len(terms_of(excess)) < len(terms_of(large))
        if fewer and context.facts.range(excess).nonnegative and context.facts.range(small).positive:
            near = sign * Log1p(excess / small)
            return Where(Less(excess, small), near, context.settled(LogRatio(a, b)))
    return None


@rule(
    log,
    before="log(1 + x)",
    after="log1p(x)",
    reason="1 + x rounds a small x away",
)
def log_near_one(expression: Any, context: Context) -> Any:
    """A sum with the constant 1."""
    argument = expression.args[0]
    if not argument.is_Add:
        return None
    terms = terms_of(argument)
    if terms.get(S.One) != 1:
        return None
    return Log1p(plus({key: value for key, value in terms.items() if key != 1}, S.Zero))


@rule(
    Log1p,
    before="log1p(exp(x))",
    after="softplus(x)",
    reason="the exponential overflows where its logarithm does not",
)
def log1p_of_exponential(expression: Any, context: Context) -> Any:
    """log1p of an exponential or of a sum of exponentials."""
    inner = plus(terms_of(expression.args[0]), S.One)
    if exponential_terms(inner) is not None:
        return log(inner)
    if exponent_of_sum(expression.args[0], context) is not None:
        return log(inner)
    return None


@rule(
    Log2,
    before="log2(x)",
    after="log(x)/log(2)",
    reason="the natural logarithm has a form that keeps relative accuracy here",
)
def log2_of_special(expression: Any, context: Context) -> Any:
    """log2 where the natural logarithm has a stable form."""
    natural = log(expression.args[0])
    result = context.rewrite(natural)
    return None if result == natural else result / log(2)


@rule(
    XLogY,
    XLog1pY,
    before="xlogy(x, y)",
    after="x*log(y) while rules look for patterns",
    reason="the convention 0 log 0 = 0 is put back at the end",
)
def xlogy_opened(expression: Any, context: Context) -> Any:
    """xlogy as a plain product, its first factor remembered for the last pass."""
    x, y = expression.args
    # The last pass must find the factor again, to give it back its power to annihilate.
    if not all(context.is_weight(factor) for factor in factors_of(x)) and not isinstance(x, Read):
        return None
    context.weights.update(factors_of(x))
    return x * (log(y) if isinstance(expression, XLogY) else Log1p(y))


@rule(
    sympy.Add,
    before="log(a) - log(b)",
    after="log_ratio(a, b)",
    reason="two large logarithms cancel near a = b",
)
def difference_of_logs(expression: Any, context: Context) -> Any:
    """c·log(a) and -c·log(b) among the terms."""
    terms = terms_of(expression)
    logs = cofactors(terms, log)
    for monomial, first, factor in logs:
        for other, second, other_factor in logs:
            if monomial != other and other_factor == -factor and factor.could_extract_minus_sign() is False:
                rest = {key: value for key, value in terms.items() if key not in (monomial, other)}
                return plus(rest, factor * LogRatio(first.args[0], second.args[0]))
    return None


@rule(
    sympy.Add,
    before="log1p(a) - log1p(b)",
    after="log1p((a - b)/(1 + b)) where a and b are near",
    reason="two logarithms cancel near a = b",
)
def difference_of_log1ps(expression: Any, context: Context) -> Any:
    """c·log1p(a) and -c·log1p(b) among the terms."""
    terms = terms_of(expression)
    logs = cofactors(terms, Log1p)
    for monomial, first, factor in logs:
        for other, second, other_factor in logs:
            if monomial == other or other_factor != -factor or factor.could_extract_minus_sign():
                continue
            a, b = first.args[0], second.args[0]
            rest = {key: value for key, value in terms.items() if key not in (monomial, other)}
            near = And(Less(a, 2 * b + 1), Less(b, 2 * a + 1))
            # Far apart the ratio form is accurate too, and no rule takes it up again.
            return plus(rest, factor * Where(near, Log1p(difference(a, b) / (1 + b)), LogRatio(1 + a, 1 + b)))
    return None


@rule(
    sympy.Add,
    before="exp(x) - 1",
    after="expm1(x)",
    reason="nearly one minus one cancels",
)
def exp_minus_one(expression: Any, context: Context) -> Any:
    """c·exp(x) and -c among the terms."""
    terms = terms_of(expression)
    for monomial, power, factor in cofactors(terms, exp):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, terms_of(-factor))
        if left is not None:
            return plus(left, factor * Expm1(power.args[0]))
    return None


@rule(
    sympy.Add,
    before="(1 + x)**a - 1",
    after="expm1(a*log1p(x))",
    reason="nearly one minus one cancels",
    early=True,
)
def power_minus_one(expression: Any, context: Context) -> Any:
    """Whole powers up to 6 become x·(1 + p + p**2 + …) with p = 1 + x, which is smooth where p vanishes."""
    terms = terms_of(expression)
    for monomial, power, factor in cofactors(terms, sympy.Pow):
        base, exponent = power.base, power.exp
        inside = terms_of(base)
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, terms_of(-factor))
        if left is None or inside.get(S.One) != 1 or len(inside) < 2:
            continue
        x = total({key: value for key, value in inside.items() if key != 1})
        if exponent.is_Integer and 2 <= exponent <= _LARGEST_WHOLE_POWER:
            return plus(left, factor * x * sympy.Add(*(base**i for i in range(int(exponent)))))
        if not exponent.is_Integer and exponent != S.Half and context.facts.range(base).positive:
            return plus(left, factor * Expm1(exponent * Log1p(x)))
    return None


RULES = (
    log_of_sigmoids,
    log_of_power,
    log_of_expm1,
    log_of_quotient,
    log_ratio_of_sum,
    log_near_one,
    log1p_of_exponential,
    log2_of_special,
    xlogy_opened,
    difference_of_logs,
    difference_of_log1ps,
    exp_minus_one,
    power_minus_one,
)
