"""Lengths of vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import factors_of, product
from symloss.program import Read


@rule(
    sympy.Pow,
    before="sqrt(sum(x**2))",
    after="norm(x)",
    reason="the squares neither overflow nor vanish, and the slope at 0 is declared 0",
)
def root_of_sum_of_squares(expression: Any, context: Context) -> Any:
    """A half power of a sum over squares."""
    statement = context.statement_of(expression.base, "sum")
    if statement is None or not expression.exp.is_Rational or expression.exp.q != 2:
        return None
    roots = []
    for factor in factors_of(statement.body):
        if factor.is_Pow and factor.exp.is_Integer and factor.exp % 2 == 0:
            roots.append(factor.base ** (factor.exp / 2))
        else:
            return None
    made = context.add(f"{statement.target}_norm", replace(statement, target="", operation="norm", body=product(roots)))
    return Read(made.tensor, expression.base.index) ** expression.exp.p


@rule(
    sympy.Pow,
    before="norm(x)**2",
    after="sum(x**2)",
    reason="the square is smooth at 0, where the norm has a kink",
)
def square_of_norm(expression: Any, context: Context) -> Any:
    """An even power of a norm."""
    statement = context.statement_of(expression.base, "norm")
    if statement is None or not expression.exp.is_Integer or expression.exp % 2 or not expression.exp > 0:
        return None
    made = context.add(
        f"{statement.target}_squared", replace(statement, target="", operation="sum", body=statement.body**2)
    )
    return Read(made.tensor, expression.base.index) ** (expression.exp / 2)


RULES = (root_of_sum_of_squares, square_of_norm)
