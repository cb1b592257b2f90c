"""Rewriting expressions node by node."""

from __future__ import annotations

from collections.abc import Callable

import sympy


def bottom_up(expression: sympy.Expr, rewrite: Callable[[sympy.Expr], sympy.Expr]) -> sympy.Expr:
    """Apply a rewrite to every node, leaves first."""
    if not expression.args:
        return rewrite(expression)
    arguments = tuple(bottom_up(argument, rewrite) for argument in expression.args)
    rebuilt = expression.func(*arguments) if arguments != expression.args else expression
    return rewrite(rebuilt)
