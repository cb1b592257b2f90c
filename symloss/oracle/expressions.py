"""Scalar SymPy expressions evaluated in mpmath, each distinct sub-expression once and branches lazily."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from mpmath import mp, mpf
from sympy.logic.boolalg import Boolean


class Evaluation:
    """The values of expressions under one assignment of numbers to symbols, at the current mpmath precision."""

    def __init__(self, assignment: Mapping[Any, Any], frozen: Mapping[Any, Any]) -> None:
        """Assign numbers to symbols; `frozen` symbols stand for expressions that are constant under derivatives."""
        self._known: dict[Any, Any] = {symbol: _number(value) for symbol, value in assignment.items()}
        self._frozen = frozen

    def value(self, e: Any) -> Any:
        """The value of one expression."""
        found = self._known.get(e)
        if found is None:
            found = self._known[e] = self._compute(e)
        return found

    def holds(self, condition: Any) -> bool:
        """Whether a SymPy condition is true here."""
        if condition in (True, False, sympy.true, sympy.false):
            return bool(condition)
        if isinstance(condition, sympy.And):
            return all(self.holds(part) for part in condition.args)
        if isinstance(condition, sympy.Or):
            return any(self.holds(part) for part in condition.args)
        if isinstance(condition, sympy.Not):
            return not self.holds(condition.args[0])
        if isinstance(condition, sympy.ITE):
            test, yes, no = condition.args
            return self.holds(yes if self.holds(test) else no)
        a, b = (self._side(side) for side in condition.args)
        return bool(_RELATIONS[type(condition)](a, b))

    def _side(self, e: Any) -> Any:
        return mpf(self.holds(e)) if isinstance(e, Boolean) and not isinstance(e, sympy.Expr) else self.value(e)

    def _compute(self, e: Any) -> Any:
        if e in self._frozen:
            return self.value(self._frozen[e])
        if e.is_Rational or e.is_infinite:
            return _number(e)
        if e.is_NumberSymbol or e.is_Float:
            return e._to_mpmath(mp.prec)
        if e.is_Add:
            return mp.fsum(self.value(term) for term in e.args)
        if e.is_Mul:
            return mp.fprod(self.value(factor) for factor in e.args)
        if isinstance(e, sympy.Piecewise):
            for branch, condition in e.args:
                if self.holds(condition):
                    return self.value(branch)
            return mp.nan
        if isinstance(e, sympy.Pow):
            base, exponent = (self.value(argument) for argument in e.args)
            return base ** (int(exponent) if exponent == int(exponent) else exponent)
        if isinstance(e, sympy.DiracDelta):
            if self.value(e.args[0]) == 0:
                raise ArithmeticError("a second derivative was asked for exactly on a kink")
            return mpf(0)
        function = _FUNCTIONS.get(type(e).__name__)
        if function is None:
            raise ValueError(f"the unrolled oracle knows no function {type(e).__name__}")
        return function(*(self.value(argument) for argument in e.args))


def _number(value: Any) -> Any:
    if hasattr(value, "is_infinite") and value.is_infinite:
        return mp.inf if value.is_positive else mp.ninf
    if isinstance(value, Fraction):
        return mpf(value.numerator) / value.denominator
    return mpf(int(value.p)) / int(value.q) if hasattr(value, "is_Rational") else mpf(value)


_RELATIONS: dict[Any, Any] = {
    sympy.StrictLessThan: lambda a, b: a < b,
    sympy.LessThan: lambda a, b: a <= b,
    sympy.StrictGreaterThan: lambda a, b: a > b,
    sympy.GreaterThan: lambda a, b: a >= b,
    sympy.Equality: lambda a, b: a == b,
    sympy.Unequality: lambda a, b: a != b,
}

_FUNCTIONS: dict[str, Any] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "acos": mpmath.acos,
    "asin": mpmath.asin,
    "erf": mpmath.erf,
    "loggamma": mpmath.loggamma,
    "gamma": mpmath.gamma,
    "digamma": mpmath.digamma,
    "polygamma": lambda order, x: mpmath.psi(int(order), x),
    "sign": mpmath.sign,
    "Abs": mpmath.fabs,
    "Max": max,
    "Min": min,
    "Heaviside": lambda x, *_: mpf(1 if x > 0 else 0),
    "floor": mpmath.floor,
    "Mod": lambda a, b: a - b * mpmath.floor(a / b),
}
