"""Scalar SymPy expressions evaluated in balls, each distinct sub-expression once and branches lazily."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import mpmath
import sympy
from mpmath import mp, mpf
from sympy.logic.boolalg import Boolean

from symloss.oracle import balls, numbers


class Evaluation:
    """The values of expressions under one assignment of numbers to symbols, in the current run of `balls`."""

    def __init__(self, assignment: Mapping[Any, Any], frozen: Mapping[Any, Any]) -> None:
        """Assign numbers to symbols; `frozen` symbols stand for expressions that are constant under derivatives."""
        self._known: dict[Any, Any] = {symbol: balls.ball(value) for symbol, value in assignment.items()}
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
        return (
            balls.ball(int(self.holds(e)))
            if isinstance(e, Boolean) and not isinstance(e, sympy.Expr)
            else self.value(e)
        )

    def _compute(self, e: Any) -> Any:
        if e in self._frozen:
            return self.value(self._frozen[e])
        if e.is_Rational or e.is_infinite or e.is_NumberSymbol or e.is_Float:
            return balls.constant(e)
        if e.is_Add:
            return balls.total(self.value(term) for term in e.args)
        if e.is_Mul:
            return reduce(balls.product, (self.value(factor) for factor in e.args))
        if isinstance(e, sympy.Piecewise):
            for branch, condition in e.args:
                if self.holds(condition):
                    return self.value(branch)
            return balls.ball(mp.nan)
        if isinstance(e, sympy.Pow):
            base, exponent = (self.value(argument) for argument in e.args)
            if base.error is None and not base.value and exponent.value < 0:
                raise ArithmeticError(f"{e} was asked for where its base is 0")
            return balls.divide(1, base) if e.exp == -1 else balls.power(base, exponent)
        if isinstance(e, sympy.DiracDelta):
            if self.value(e.args[0]) == 0:
                raise ArithmeticError("a second derivative was asked for exactly on a kink")
            return balls.ball(0)
        if isinstance(e, sympy.polygamma):
            order = int(e.args[0])
            return _smooth(f"polygamma {order}", lambda x: mpmath.psi(order, x))(self.value(e.args[1]))
        function = _FUNCTIONS.get(type(e).__name__)
        if function is None:
            raise ValueError(f"the unrolled oracle knows no function {type(e).__name__}")
        return function(*(self.value(argument) for argument in e.args))


def _smooth(name: str, function: Any) -> Any:
    def guarded(*arguments: Any) -> Any:
        try:
            return numbers.real(function(*arguments))
        except (ValueError, ZeroDivisionError, OverflowError):
            return mp.nan

    return balls.smooth(name, guarded)


_RELATIONS: dict[Any, Any] = {
    sympy.StrictLessThan: lambda a, b: a < b,
    sympy.LessThan: lambda a, b: a <= b,
    sympy.StrictGreaterThan: lambda a, b: a > b,
    sympy.GreaterThan: lambda a, b: a >= b,
    sympy.Equality: lambda a, b: a == b,
    sympy.Unequality: lambda a, b: a != b,
}

_FUNCTIONS: dict[str, Any] = {
    name: _smooth(name, getattr(mpmath, name))
    for name in (*("tan", "sinh", "cosh", "tanh", "atan", "acos", "asin", "erf", "loggamma", "gamma", "digamma"),)
} | {
    "exp": balls.exponential,
    "log": balls.logarithm,
    "sin": balls.wave("sin", mpmath.sin),
    "cos": balls.wave("cos", mpmath.cos),
    "sign": balls.stepped("sign", mpmath.sign),
    "Abs": balls.absolute,
    "Max": lambda *arguments: balls.REDUCTIONS["max"](arguments),
    "Min": lambda *arguments: balls.REDUCTIONS["min"](arguments),
    "Heaviside": lambda x, *_: balls.stepped("Heaviside", lambda value: mpf(1 if value > 0 else 0))(x),
    "floor": balls.floor,
    "Mod": balls.modulo,
}
