"""The last pass: factors of 0 that annihilate infinities, and choices moved inside the functions they feed."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import S, exp, log

from symloss.atoms import (
    And,
    Equal,
    Expm1,
    ExpTail,
    Log1p,
    Log2,
    LogCosh,
    LogGamma,
    LogRatio,
    LogTail,
    Sigmoid,
    Softplus,
    Tanh,
    Where,
    XLog1pY,
    XLogY,
    ZeroTimes,
)
from symloss.calculus.stabilise.rule import Context, Rule
from symloss.calculus.stabilise.terms import factors_of, product
from symloss.program import Read

_UNBOUNDED = (log, Log1p, Log2, LogCosh, LogGamma, LogRatio, Softplus, exp, Expm1, ExpTail, LogTail, XLogY, XLog1pY)
_TOTAL = (exp, Softplus, Sigmoid, Tanh, LogCosh, Expm1, ExpTail)

ANNIHILATION = Rule(
    (sympy.Mul,),
    "y*f with y = 0 allowed and f unbounded",
    "zero_times(y, f)",
    "a zero factor annihilates an infinite one",
    lambda expression, context: annihilating(expression, context),
)
SHARED_CHOICE = Rule(
    (Where,),
    "where(c, f(a), f(b))",
    "f(where(c, a, b))",
    "one evaluation serves both branches",
    lambda expression, context: shared_choice(expression),
)
RULES = (SHARED_CHOICE, ANNIHILATION)


def finish(expression: Any, context: Context, known: dict[Any, Any], used: dict[Rule, None]) -> Any:
    """Apply the rules of the last pass to every node, leaves first: all of the first rule, then all of the second."""
    for candidate in RULES:
        expression = _everywhere(expression, candidate, context, known, used)
    return expression


def _everywhere(
    expression: Any, candidate: Rule, context: Context, known: dict[Any, Any], used: dict[Rule, None]
) -> Any:
    if not expression.args:
        return expression
    if (candidate, expression) in known:
        return known[candidate, expression]
    arguments = (_everywhere(argument, candidate, context, known, used) for argument in expression.args)
    result = _sign_inside(expression.func(*arguments))
    if isinstance(result, candidate.heads):
        changed = candidate.apply(result, context)
        if changed is not None and changed != result:
            used[candidate] = None
            result = _everywhere(changed, candidate, context, known, used)
    known[candidate, expression] = result
    return result


def _sign_inside(expression: Any) -> Any:
    """-(-a - b) as a + b."""
    number, inner = expression.as_coeff_Mul()
    if number < 0 and inner.is_Add and all(term.as_coeff_Mul()[0] < 0 for term in inner.args):
        return -number * sympy.Add(*(-term for term in inner.args))
    return expression


def annihilating(expression: Any, context: Context) -> Any:
    """A product in which the factors that may be 0 annihilate those that may be infinite, or None."""
    factors = list(expression.args)
    zeros = [f for f in factors if context.is_weight(f)]
    unbounded = [f for f in factors if f not in zeros and blows_up(f, context)]
    if not zeros or not unbounded:
        return None
    rest = product(f for f in factors if f not in zeros and f not in unbounded)
    weight = product(zeros)
    if len(unbounded) == 1:
        (single,) = unbounded
        if isinstance(single, log):
            return rest * XLogY(weight, single.args[0])
        if isinstance(single, Log1p):
            return rest * XLog1pY(weight, single.args[0])
        if isinstance(single, LogRatio):
            return rest * _weighted_ratio(weight, single, zeros, context)
    return rest * ZeroTimes(weight, product(unbounded))


def _weighted_ratio(weight: Any, ratio: Any, zeros: list[Any], context: Context) -> Any:
    """p·log(p/q), which is 0 at p = 0 even where q = 0 too."""
    a, b = ratio.args
    if context.facts.range(b).admits_zero and a in zeros:
        b = Where(And(Equal(a, 0), Equal(b, 0)), 1, b)
    return ZeroTimes(weight, LogRatio(a, b))


def blows_up(expression: Any, context: Context) -> bool:
    """Whether the value may grow beyond every bound through a logarithm, an exponential or the like."""
    if expression.is_number or context.facts.range(expression).bounded:
        return False
    if isinstance(expression, Read):
        statement = context.statements.get(expression.tensor)
        return statement is not None and (statement.operation == "logsumexp" or blows_up(statement.body, context))
    if isinstance(expression, _UNBOUNDED):
        return True
    if expression.is_Pow and expression.exp.is_number and expression.exp < 0:
        return False
    if expression.is_Pow and expression.exp.is_number and expression.exp > 1:
        # A square overflows where what is squared does not.
        return True
    if isinstance(expression, Where):
        return any(blows_up(argument, context) for argument in expression.args[1:])
    return any(blows_up(argument, context) for argument in expression.args)


def shared_choice(expression: Any) -> Any:
    """Where(c, f(a), f(b)) as f(Where(c, a, b)), and with common factors pulled out; None where they differ."""
    condition, a, b = expression.args
    if type(a) is type(b) and isinstance(a, _TOTAL) and len(a.args) == 1:
        return a.func(Where(condition, a.args[0], b.args[0]))
    first, second = list(factors_of(a)), list(factors_of(b))
    common = [factor for factor in first if factor in second and factor != 1]
    if common and a != b:
        return product(common) * Where(condition, _left(first, common), _left(second, common))
    if a != 0 and a == -b and a.could_extract_minus_sign():
        return -Where(condition, b, a)
    if a.could_extract_minus_sign() and b.could_extract_minus_sign() and a.is_Mul and b.is_Mul:
        return -Where(condition, -a, -b)
    return None


def _left(factors: list[Any], taken: list[Any]) -> Any:
    left = list(factors)
    for factor in taken:
        left.remove(factor)
    return product(left) if left else S.One
