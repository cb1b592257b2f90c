"""The scalar functions of the language: how many arguments each takes, and what it builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy

from symloss import atoms


@dataclass(frozen=True)
class Function:
    """A scalar function of ``least`` to ``most`` arguments (None: any number); ``build`` makes the expression.

    ``record`` names the atom whose domain constant arguments must lie in.
    """

    least: int
    most: int | None
    build: Callable[..., Any]
    signature: str
    record: str = ""


def _fold(atom: Any) -> Callable[..., Any]:
    return lambda *arguments: reduce(atom, arguments)


def square_root(x: Any) -> Any:
    """The square root; SymPy's Abs, which appears for sqrt(x**2), becomes the atom."""
    return with_own_absolute(sympy.sqrt(x))


def with_own_absolute(expression: Any) -> Any:
    """SymPy rewrites (x**2)**a to its own Abs; the compiler knows only its atom."""
    if isinstance(expression, sympy.Expr) and expression.has(sympy.Abs):
        return expression.replace(sympy.Abs, atoms.Absolute)
    return expression


def clamp(x: Any, low: Any, high: Any, slope: str = "inside") -> Any:
    """A clamped value with its declared slope: 1 inside the closed interval, 1 everywhere ("pass"), or 0 ("none")."""
    clamped = atoms.Clamp(x, low, high)
    if slope == "none":
        return atoms.StopGradient(clamped)
    if slope == "pass":
        # x - x is exactly 0 in any arithmetic, so only the slope comes from it; inside an atom, because SymPy would
        # flatten the difference into the sum and let it round.
        return atoms.StopGradient(clamped) + atoms.ZeroTimes(x - atoms.StopGradient(x), 2) / 2
    return clamped


CLAMP_SLOPES = ("inside", "pass", "none")

FUNCTIONS: dict[str, Function] = {
    "exp": Function(1, 1, sympy.exp, "exp(x)", "exp"),
    "log": Function(1, 1, sympy.log, "log(x)", "log"),
    "log2": Function(1, 1, atoms.Log2, "log2(x)", "log2"),
    "sqrt": Function(1, 1, square_root, "sqrt(x)", "sqrt"),
    "abs": Function(1, 1, atoms.Absolute, "abs(x)", "abs"),
    "sign": Function(1, 1, atoms.Sign, "sign(x)", "sign"),
    "relu": Function(1, 1, atoms.Relu, "relu(x)", "relu"),
    "tanh": Function(1, 1, atoms.Tanh, "tanh(x)", "tanh"),
    "sigmoid": Function(1, 1, atoms.Sigmoid, "sigmoid(x)", "sigmoid"),
    "softplus": Function(1, 1, atoms.Softplus, "softplus(x)", "softplus"),
    "log1p": Function(1, 1, atoms.Log1p, "log1p(x)", "log1p"),
    "expm1": Function(1, 1, atoms.Expm1, "expm1(x)", "expm1"),
    "sin": Function(1, 1, sympy.sin, "sin(x)", "sin"),
    "cos": Function(1, 1, sympy.cos, "cos(x)", "cos"),
    "acos": Function(1, 1, atoms.Acos, "acos(x)", "acos"),
    "asin": Function(1, 1, atoms.Asin, "asin(x)", "asin"),
    "atan": Function(1, 1, atoms.Atan, "atan(x)", "atan"),
    "erf": Function(1, 1, atoms.Erf, "erf(x)", "erf"),
    "lgamma": Function(1, 1, atoms.LogGamma, "lgamma(x)", "lgamma"),
    "digamma": Function(1, 1, atoms.Digamma, "digamma(x)", "digamma"),
    "trigamma": Function(1, 1, atoms.Trigamma, "trigamma(x)", "trigamma"),
    "xlogy": Function(2, 2, atoms.XLogY, "xlogy(x, y)", "xlogy"),
    "max": Function(2, None, _fold(atoms.Maximum), "max(a, b, …)"),
    "min": Function(2, None, _fold(atoms.Minimum), "min(a, b, …)"),
    "clamp": Function(3, 3, clamp, "clamp(x, lo, hi)"),
    "where": Function(3, 3, atoms.Where, "where(condition, a, b)"),
    "stop_gradient": Function(1, 1, atoms.StopGradient, "stop_gradient(x)"),
    "number": Function(1, 1, lambda x: x, "number(i)"),
}
