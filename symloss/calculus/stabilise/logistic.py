"""Sigmoid, softplus, tanh and log cosh, however they are spelled."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S, exp, log

from symloss.atoms import Absolute, Expm1, LogCosh, Maximum, Sigmoid, Softplus, Tanh
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import cofactors, factors_of, plus, product, scaled, terms_of, without


def exponential_terms(expression: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]] | None:
    """A sum of exactly two positive multiples of exponentials, as ((number, exponent), (number, exponent))."""
    if not expression.is_Add:
        return None
    terms = terms_of(expression)
    if len(terms) != 2:
        return None
    found = []
    for monomial, number in terms.items():
        if not number > 0:
            return None
        if monomial == 1:
            found.append((number, S.Zero))
        elif isinstance(monomial, exp):
            found.append((number, monomial.args[0]))
        else:
            return None
    found.sort(key=lambda pair: (pair[1] != 0, sympy.default_sort_key(pair[1])))
    return found[0], found[1]


def _negated(a: Any, b: Any) -> bool:
    return not terms_of(a + b)


def negative(expression: Any) -> Any:
    """-x, the sign multiplied into a sum."""
    return sympy.Add(*(-number * monomial for monomial, number in terms_of(expression).items()))


def difference(a: Any, b: Any) -> Any:
    """a - b as one sum."""
    return plus(terms_of(a - b), S.Zero)


@rule(
    sympy.Pow,
    before="1/(1 + exp(-x))",
    after="sigmoid(x)",
    reason="neither overflows nor cancels",
)
def reciprocal_of_exponentials(expression: Any, context: Context) -> Any:
    """A reciprocal of 1 + exp(-x), to any negative power."""
    pair = exponential_terms(expression.base)
    if pair is None or not (expression.exp.is_Number and expression.exp < 0):
        return None
    (first, a), (second, b) = pair
    if a != 0 or first != 1 or second != 1:
        return None
    return Sigmoid(negative(b)) ** (-expression.exp)


@rule(
    sympy.Mul,
    before="exp(x)/(exp(x) + exp(y))",
    after="sigmoid(x - y)",
    reason="a quotient of exponentials overflows where its value is moderate",
)
def exponential_share(expression: Any, context: Context) -> Any:
    """An exponential over a sum of two exponentials, or times a sigmoid that completes it."""
    factors = expression.args
    exponent = next((factor.args[0] for factor in factors if isinstance(factor, exp)), None)
    if exponent is None:
        return None
    for factor in factors:
        rest = product(f for f in factors if f is not factor and not isinstance(f, exp))
        if isinstance(factor, Sigmoid) and _negated(factor.args[0], exponent):
            return rest * Sigmoid(exponent)
        if not (factor.is_Pow and factor.exp == -1):
            continue
        pair = exponential_terms(factor.base)
        if pair is None or pair[0][0] != pair[1][0]:
            continue
        for (number, a), (_, b) in (pair, pair[::-1]):
            if not terms_of(exponent - a):
                return rest * Sigmoid(difference(a, b)) / number
    return None


@rule(
    sympy.Mul,
    before="(exp(x) - exp(-x))/(exp(x) + exp(-x))",
    after="tanh(x)",
    reason="neither overflows nor cancels near 0",
)
def tanh_written_out(expression: Any, context: Context) -> Any:
    """Tanh by its exponentials, or by one of them."""
    factors = expression.args
    for below in factors:
        if isinstance(below, Sigmoid):
            for above in factors:
                if isinstance(above, Expm1) and _negated(above.args[0], below.args[0]):
                    rest = product(f for f in factors if f is not above and f is not below)
                    return -rest * Tanh(below.args[0] / 2)
        if below.is_Pow and below.exp == -1:
            pair = exponential_terms(below.base)
            if pair is None or pair[0][0] != pair[1][0] or not _negated(pair[0][1], pair[1][1]):
                continue
            number, a = pair[0]
            for above in factors:
                for sign in (1, -1):
                    wanted = {exp(a): sign, exp(negative(a)): -sign}
                    if above.is_Add and terms_of(above) == wanted:
                        rest = product(f for f in factors if f is not above and f is not below)
                        return sign * rest * Tanh(a) / number
    return None


@rule(
    log,
    before="log(1 + exp(x)), log((exp(x) + exp(-x))/2)",
    after="softplus(x), log_cosh(x)",
    reason="the exponentials overflow and the logarithm of nearly 1 cancels",
)
def log_of_exponentials(expression: Any, context: Context) -> Any:
    """The logarithm of a sum of two exponentials, of which one may be 1."""
    argument = expression.args[0]
    number, inner = argument.as_coeff_Mul()
    pair = exponential_terms(inner)
    if pair is None or not number > 0:
        return None
    (first, a), (second, b) = pair
    first, second = number * first, number * second
    if first == second and a != 0 and _negated(a, b):
        return LogCosh(b) + log(2 * first)
    return log(first) + a + Softplus(difference(b, a) + log(second / first))


@rule(
    log,
    before="log(sigmoid(x))",
    after="-softplus(-x)",
    reason="keeps relative accuracy for confident predictions",
)
def log_of_sigmoid(expression: Any, context: Context) -> Any:
    """The logarithm of a product in which sigmoids or exponentials are factors."""
    split, rest = S.Zero, []
    for factor in factors_of(expression.args[0]):
        base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, S.One)
        if isinstance(base, Sigmoid):
            split -= power * Softplus(negative(base.args[0]))
        elif isinstance(factor, exp):
            split += factor.args[0]
        else:
            rest.append(factor)
    if split == 0:
        return None
    left = product(rest)
    return split if left == 1 else split + log(left)


@rule(
    exp,
    before="exp(-softplus(x))",
    after="sigmoid(-x)",
    reason="one function, whose slope sigmoid(x)*sigmoid(-x) does not cancel",
)
def exp_of_softplus(expression: Any, context: Context) -> Any:
    """An exponential in which -softplus(x) is one of the terms."""
    terms = terms_of(expression.args[0])
    for monomial, number in terms.items():
        if isinstance(monomial, Softplus) and number == -1:
            rest = {key: value for key, value in terms.items() if key != monomial}
            return Sigmoid(negative(monomial.args[0])) * exp(plus(rest, S.Zero))
    return None


@rule(
    sympy.Pow,
    before="sigmoid(x)**a",
    after="exp(-a*softplus(-x))",
    reason="a power of a vanishing sigmoid is not 0 and has a finite slope",
)
def power_of_sigmoid(expression: Any, context: Context) -> Any:
    """A power that is not a whole number."""
    base, power = expression.base, expression.exp
    if power.is_Integer:
        return None
    if isinstance(base, Sigmoid):
        return exp(-power * Softplus(negative(base.args[0])))
    return None


@rule(
    sympy.Add,
    before="softplus(x) - x",
    after="softplus(-x)",
    reason="the difference of two large numbers cancels",
)
def softplus_minus_argument(expression: Any, context: Context) -> Any:
    """c·softplus(x) and -c·x, or c·max(0, x) and c·softplus(-|x|), among the terms."""
    terms = terms_of(expression)
    for monomial, softplus, factor in cofactors(terms, Softplus):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, scaled(-factor, softplus.args[0]))
        if left is not None:
            return plus(left, factor * Softplus(negative(softplus.args[0])))
        for other, maximum, other_factor in cofactors(rest, Maximum):
            if other_factor != factor or S.Zero not in maximum.args:
                continue
            x = next((side for side in maximum.args if side != 0), S.Zero)
            if softplus.args[0] in (-Absolute(x), -Absolute(negative(x))):
                return plus({key: value for key, value in rest.items() if key != other}, factor * Softplus(x))
    return None


@rule(
    sympy.Add,
    before="1 - sigmoid(x), 1 - tanh(x), 2*sigmoid(x) - 1",
    after="sigmoid(-x), 2*sigmoid(-2*x), tanh(x/2)",
    reason="one minus nearly one cancels",
)
def complement(expression: Any, context: Context) -> Any:
    """A constant and a sigmoid or tanh that make the complement among the terms."""
    terms = terms_of(expression)
    for monomial, sigmoid, factor in cofactors(terms, Sigmoid):
        rest = {key: value for key, value in terms.items() if key != monomial}
        x = sigmoid.args[0]
        for share, result in ((-factor, -factor * Sigmoid(negative(x))), (-factor / 2, factor / 2 * Tanh(x / 2))):
            left = without(rest, terms_of(share))
            if left is not None:
                return plus(left, result)
        left = without(rest, terms_of(factor * Sigmoid(negative(x))))
        if left is not None:
            return plus(left, factor)
    for monomial, tanh, factor in cofactors(terms, Tanh):
        rest = {key: value for key, value in terms.items() if key != monomial}
        for sign in (1, -1):
            left = without(rest, terms_of(sign * factor))
            if left is not None:
                return plus(left, sign * 2 * factor * Sigmoid(2 * sign * tanh.args[0]))
    for monomial, power, factor in cofactors(terms, sympy.Pow):
        if power.exp == 2 and isinstance(power.base, Tanh):
            rest = {key: value for key, value in terms.items() if key != monomial}
            left = without(rest, terms_of(-factor))
            if left is not None:
                x = power.base.args[0]
                return plus(left, -4 * factor * Sigmoid(2 * x) * Sigmoid(-2 * x))
    return None


@rule(
    sympy.Add,
    before="x + softplus(-2*x) - log(2)",
    after="log_cosh(x)",
    reason="the three terms cancel near 0",
)
def log_cosh_in_parts(expression: Any, context: Context) -> Any:
    """c·x, c·softplus(-2x) and -c·log 2 among the terms."""
    terms = terms_of(expression)
    for monomial, softplus, factor in cofactors(terms, Softplus):
        rest = {key: value for key, value in terms.items() if key != monomial}
        left = without(rest, scaled(-factor, log(2)))
        x = softplus.args[0] / 2
        found = None if left is None else without(left, scaled(-factor, x))
        if found is not None:
            return plus(found, factor * LogCosh(x))
    return None


RULES = (
    reciprocal_of_exponentials,
    exponential_share,
    tanh_written_out,
    log_of_sigmoid,
    log_of_exponentials,
    exp_of_softplus,
    power_of_sigmoid,
    softplus_minus_argument,
    complement,
    log_cosh_in_parts,
)
