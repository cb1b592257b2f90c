"""The scalar functions that the re-check can evaluate, each from its definition."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symloss import atoms
from symloss.proof.recheck.intervals import NoValueError

if TYPE_CHECKING:
    from symloss.proof.recheck.evaluation import Evaluation


class _Rule:
    """How a function is evaluated: from its arguments' values (strict), or from the arguments."""

    def __init__(self, rule: Callable[..., Any], strict: bool = True) -> None:
        self.rule, self.strict = rule, strict

    def __call__(self, s: Evaluation, *arguments: Any) -> Any:
        return self.rule(s, *arguments)


_ONE, _HALF, _ZERO, _MINUS = Fraction(1), Fraction(1, 2), Fraction(0), Fraction(-1)


def _zero_first(rule: Callable[..., Any]) -> _Rule:
    """A product in which a first factor 0 wins, whatever the other is."""

    def apply(s: Evaluation, a: Any, b: Any) -> Any:
        first = s.value(a)
        return _ZERO if s.signs(first) == {0} else rule(s, first, s.value(b))

    return _Rule(apply, strict=False)


def _sigmoid(s: Evaluation, x: Any) -> Any:
    return s.inverse(s.sum([_ONE, s.exp(s.product([_MINUS, x]))]))


def _tanh(s: Evaluation, x: Any) -> Any:
    fall = s.inverse(s.sum([_ONE, s.exp(s.product([Fraction(2), x]))]))
    return s.sum([_ONE, s.product([Fraction(-2), fall])])


def _whole(x: Any) -> Fraction:
    if not isinstance(x, Fraction):
        raise NoValueError("no rational number")
    return x


def _unary(name: str) -> _Rule:
    return _Rule(lambda s, x: s.field.function(name, s.ball(x)))


FUNCTIONS: dict[str, _Rule] = {
    "Add": _Rule(lambda s, *terms: s.sum(list(terms))),
    "Mul": _Rule(lambda s, *factors: s.product(list(factors))),
    "Pow": _Rule(lambda s, x, p: s.power(x, p)),
    "exp": _Rule(lambda s, x: s.exp(x)),
    "log": _Rule(lambda s, x: s.log(x)),
    "sin": _unary("sin"),
    "cos": _unary("cos"),
    "Atan": _unary("atan"),
    "Erf": _unary("erf"),
    "LogGamma": _unary("lgamma"),
    "floor": _Rule(lambda s, x: Fraction(math.floor(_whole(x)))),
    "Mod": _Rule(lambda s, a, b: _whole(a) % _whole(b)),
    "Softplus": _Rule(lambda s, x: s.log(s.sum([_ONE, s.exp(x)]))),
    "Sigmoid": _Rule(_sigmoid),
    "Tanh": _Rule(
        lambda s, x: s.sum([_ONE, s.product([Fraction(-2), s.inverse(s.sum([_ONE, s.exp(s.product([2 * _ONE, x]))]))])])
    ),
    "LogCosh": _Rule(
        lambda s, x: s.log(s.product([_HALF, s.sum([s.exp(s.absolute(x)), s.exp(s.product([_MINUS, s.absolute(x)]))])]))
    ),
    "Log1p": _Rule(lambda s, x: s.log(s.sum([_ONE, x]))),
    "Expm1": _Rule(lambda s, x: s.sum([s.exp(x), _MINUS])),
    "ExpTail": _Rule(lambda s, x: s.sum([s.exp(x), _MINUS, s.product([_MINUS, x])])),
    "LogTail": _Rule(lambda s, x: s.sum([x, s.product([_MINUS, s.log(s.sum([_ONE, x]))])])),
    "Log2": _Rule(lambda s, x: s.quotient(s.log(x), s.log(Fraction(2)))),
    "LogRatio": _Rule(lambda s, a, b: s.log(s.quotient(a, b))),
    "XLogY": _zero_first(lambda s, a, b: s.product([a, s.log(b)])),
    "XLog1pY": _zero_first(lambda s, a, b: s.product([a, s.log(s.sum([_ONE, b]))])),
    "XOverY": _zero_first(lambda s, a, b: s.quotient(a, b)),
    "ZeroTimes": _zero_first(lambda s, a, b: s.product([a, b])),
    "Absolute": _Rule(lambda s, x: s.absolute(x)),
    "Sign": _Rule(lambda s, x: s.step(x, _MINUS, _ZERO, _ONE)),
    "Step": _Rule(lambda s, x: s.step(x, _ZERO, _ZERO, _ONE)),
    "HalfStep": _Rule(lambda s, x: s.step(x, _ZERO, _HALF, _ONE)),
    "Relu": _Rule(lambda s, x: s.extreme(x, _ZERO, 1)),
    "Ramp": _Rule(lambda s, x: s.extreme(x, _ZERO, 1)),
    "Maximum": _Rule(lambda s, a, b: s.extreme(a, b, 1)),
    "Minimum": _Rule(lambda s, a, b: s.extreme(a, b, -1)),
    "Clamp": _Rule(lambda s, x, low, high: s.extreme(s.extreme(x, low, 1), high, -1)),
    "Inside": _Rule(
        lambda s, x, low, high: s.value(atoms.And(atoms.LessEqual(low, x), atoms.LessEqual(x, high))), strict=False
    ),
    "StopGradient": _Rule(lambda s, x: x),
    "SlopeAt": _Rule(lambda s, f, c, slope: s.value(f), strict=False),
}
