"""Functions of a choice: pushed into the branches where that lets another rule see its pattern."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import exp, log

from symloss.atoms import Equal, Log1p, Log2, Where
from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import terms_of, total
from symloss.program import Read

_REASON = "each branch has a stable form that the choice hides"


def _chosen(condition: Any, a: Any, b: Any, context: Context) -> Any:
    """Where of the two forms, if a rule takes up one of them."""
    return Where(condition, a, b) if context.would_change(a) or context.would_change(b) else None


@rule(log, Log1p, Log2, exp, before="log(where(c, a, b))", after="where(c, log(a), log(b))", reason=_REASON)
def function_of_choice(expression: Any, context: Context) -> Any:
    """A function of a branch, or of a sum that a label of two values decides."""
    inner = expression.args[0]
    if isinstance(inner, Where):
        condition, a, b = inner.args
        return _chosen(condition, expression.func(a), expression.func(b), context)
    return _by_label(expression, inner, context)


@rule(sympy.Pow, before="where(c, a, b)**p", after="where(c, a**p, b**p)", reason=_REASON)
def power_of_choice(expression: Any, context: Context) -> Any:
    """A power of a branch, or of a sum that a label of two values decides."""
    base, power = expression.base, expression.exp
    if isinstance(base, Where):
        condition, a, b = base.args
        return _chosen(condition, a**power, b**power, context)
    return None if power.is_Integer else _by_label(expression, base, context)


@rule(sympy.Add, before="1 - where(c, a, b)", after="where(c, 1 - a, 1 - b)", reason=_REASON)
def constant_and_choice(expression: Any, context: Context) -> Any:
    """A number and one branch."""
    terms = terms_of(expression)
    choices = [(monomial, number) for monomial, number in terms.items() if isinstance(monomial, Where)]
    if len(choices) != 1 or len(terms) != 2:
        return None
    (choice, number) = choices[0]
    rest = total({monomial: value for monomial, value in terms.items() if monomial != choice})
    if not rest.is_number:
        return None
    condition, a, b = choice.args
    first, second = (total(terms_of(sympy.Add(rest, number * branch))) for branch in (a, b))
    return _chosen(condition, first, second, context) or (
        Where(condition, first, second) if not (first.is_Add and second.is_Add) else None
    )


def _by_label(expression: Any, inner: Any, context: Context) -> Any:
    """f(y*a + (1 - y)*b) with a label y of two values is a choice between f(a) and f(b)."""
    if not inner.is_Add:
        return None
    for read in sorted(inner.atoms(Read), key=str):
        tensor = context.program.tensors.get(read.tensor)
        if tensor is None or tensor.domain.kind != "set" or len(tensor.domain.values) != 2:
            continue
        low, high = sorted(tensor.domain.values)
        a, b = (expression.xreplace({read: value}) for value in (high, low))
        result = _chosen(Equal(read, high), a, b, context)
        if result is not None:
            return result
    return None


@rule(
    Where,
    before="where(c, where(c, a, b), d)",
    after="where(c, a, d)",
    reason="the same question is asked once",
)
def repeated_choice(expression: Any, context: Context) -> Any:
    """A branch whose branch has the same condition."""
    condition, a, b = expression.args
    first = a.args[1] if isinstance(a, Where) and a.args[0] == condition else a
    second = b.args[2] if isinstance(b, Where) and b.args[0] == condition else b
    return Where(condition, first, second) if (first, second) != (a, b) else None


RULES = (function_of_choice, power_of_choice, constant_and_choice, repeated_choice)
