"""Values of flat expressions at rational points: quick floats to look around, and rigorous enclosures to decide.

An enclosure is a fraction where the value is rational, an interval of mpmath with outward rounding elsewhere, or an
infinity. What cannot be decided at the working precision is None; nothing is ever decided by a comparison with NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy
from mpmath import iv

from symloss import atoms

Point = Mapping[Any, Fraction]
_PRECISIONS = (96, 320, 1200)


class UndefinedError(ArithmeticError):
    """The expression has no value at the point, or none that this arithmetic can enclose."""


def holds(condition: Any, point: Point) -> bool | None:
    """Whether a condition is true at a rational point: rigorously, or None.

    Raises:
        UndefinedError: a value in the condition is not defined.
    """
    for precision in _PRECISIONS:
        answer = Enclosure(point, precision).truth(condition)
        if answer is not None:
            return answer
    return None


def gap(condition: Any, point: Point) -> str:
    """By how much a comparison fails, for people: the two sides in a few digits."""
    if isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal):
        sides = [Enclosure(point, 96).value(side) for side in condition.args]
        return f"{_shown(sides[0])} {_SYMBOLS[type(condition)]} {_shown(sides[1])}"
    return ""


_SYMBOLS = {atoms.Less: "≥", atoms.LessEqual: ">", atoms.Equal: "≠"}


def _shown(value: Any) -> str:
    if isinstance(value, Fraction):
        return str(value) if len(str(value)) <= 24 else f"{float(value):.12g}"
    if isinstance(value, float):
        return "oo" if value > 0 else "-oo"
    return f"{float(value.mid):.12g}"


class Enclosure:
    """Rigorous values of expressions at one point, each distinct sub-expression once."""

    def __init__(self, point: Point, precision: int) -> None:
        self.point, self.precision = point, precision
        self.memo: dict[Any, Any] = {}

    def value(self, e: Any) -> Any:
        """A fraction, an interval, or an infinite float that is the value exactly."""
        if e not in self.memo:
            before = iv.prec
            iv.prec = self.precision
            try:
                self.memo[e] = self._build(e)
            except (ZeroDivisionError, ValueError, OverflowError) as fault:
                raise UndefinedError(str(fault)) from None
            finally:
                iv.prec = before
        return self.memo[e]

    def truth(self, condition: Any) -> bool | None:
        """Whether a condition holds."""
        if condition == 1 or condition == 0:
            return bool(condition == 1)
        if isinstance(condition, atoms.And):
            return _all([self.truth(part) for part in condition.args])
        if isinstance(condition, atoms.Or):
            answers = [self._unless_undefined(part) for part in condition.args]
            negated = _all([None if a is None else not a for a in answers])
            return None if negated is None else not negated
        if isinstance(condition, atoms.Not):
            inner = self.truth(condition.args[0])
            return None if inner is None else not inner
        comparison = _COMPARISONS.get(type(condition))
        if comparison is None:
            raise UndefinedError(f"{type(condition).__name__} is no condition")
        a, b = (self.value(side) for side in condition.args)
        answer: bool | None = comparison(a, b)
        return answer

    def _unless_undefined(self, condition: Any) -> bool | None:
        """In a disjunction a part without a value decides nothing; another part may."""
        try:
            return self.truth(condition)
        except UndefinedError:
            return None

    def _build(self, e: Any) -> Any:
        if e in self.point:
            return self.point[e]
        if e.is_Rational:
            return Fraction(int(e.p), int(e.q))
        if e.is_infinite:
            return math.inf if e.is_extended_positive else -math.inf
        if e is sympy.pi:
            return iv.pi
        if e is sympy.E:
            return iv.e
        if e.is_Add:
            return reduce(_add, (self.value(term) for term in e.args))
        if e.is_Mul:
            return reduce(_multiply, (self.value(factor) for factor in e.args))
        if isinstance(e, atoms.Where):
            answer = self.truth(e.args[0])
            if answer is None:
                raise UndefinedError("a branch is not decided")
            return self.value(e.args[1] if answer else e.args[2])
        if type(e) in _COMPARISONS or isinstance(e, atoms.And | atoms.Or | atoms.Not):
            answer = self.truth(e)
            if answer is None:
                raise UndefinedError("a condition is not decided")
            return Fraction(int(answer))
        rule = _RULES.get(type(e).__name__)
        if rule is None:
            raise UndefinedError(f"no enclosure of {type(e).__name__}")
        return rule(self, *e.args)


def _all(answers: list[bool | None]) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


# --- numbers --------------------------------------------------------------------------------------------------------


def _ball(value: Any) -> Any:
    if isinstance(value, Fraction):
        return iv.mpf(value.numerator) / iv.mpf(value.denominator)
    if isinstance(value, float):
        raise UndefinedError("an infinite value where a finite one is needed")
    return value


def _sign(value: Any) -> int | None:
    """-1, 0 or 1, or None where the enclosure does not tell."""
    if isinstance(value, Fraction | float):
        return (value > 0) - (value < 0)
    if value.a > 0:
        return 1
    if value.b < 0:
        return -1
    return 0 if value.a == 0 and value.b == 0 else None


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a + b
    if isinstance(a, float) or isinstance(b, float):
        infinite = [x for x in (a, b) if isinstance(x, float)]
        if len(infinite) == 2 and infinite[0] != infinite[1]:
            raise UndefinedError("oo - oo")
        return infinite[0]
    return _ball(a) + _ball(b)


def _multiply(a: Any, b: Any) -> Any:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    if isinstance(a, float) or isinstance(b, float):
        signs = (_sign(a), _sign(b))
        if None in signs or 0 in signs:
            raise UndefinedError("oo times a value that may be 0")
        return math.inf if signs[0] == signs[1] else -math.inf
    if (a == 0 and isinstance(a, Fraction)) or (b == 0 and isinstance(b, Fraction)):
        return Fraction(0)
    return _ball(a) * _ball(b)


def _subtract(a: Any, b: Any) -> Any:
    return _add(a, _multiply(Fraction(-1), b))


def _divide(a: Any, b: Any) -> Any:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a / b
    if isinstance(b, float):
        if isinstance(a, float):
            raise UndefinedError("oo/oo")
        return Fraction(0)
    if isinstance(a, float):
        return _multiply(a, _divide(Fraction(1), b))
    if _sign(b) in (0, None):
        raise UndefinedError("division by a value that may be 0")
    return _ball(a) / _ball(b)


def _exp(x: Any) -> Any:
    if isinstance(x, float):
        return math.inf if x > 0 else Fraction(0)
    if x == 0 and isinstance(x, Fraction):
        return Fraction(1)
    return iv.exp(_ball(x))


def _log(x: Any) -> Any:
    if isinstance(x, float) and x > 0:
        return math.inf
    sign = _sign(x)
    if sign == 0:
        return -math.inf
    if sign != 1:
        raise UndefinedError("the logarithm of a value that may not be positive")
    return Fraction(0) if isinstance(x, Fraction) and x == 1 else iv.log(_ball(x))


def _power(x: Any, p: Any) -> Any:
    if isinstance(p, Fraction) and p == 0:
        if isinstance(x, float):
            raise UndefinedError("oo**0")
        return Fraction(1)
    if isinstance(p, Fraction) and p.denominator == 1 and isinstance(x, Fraction):
        if abs(p) > 4096 or (x == 0 and p < 0):
            raise UndefinedError("a power out of reach")
        return x ** int(p)
    if isinstance(p, Fraction) and p.denominator == 1 and not isinstance(x, float) and p > 0:
        return _ball(x) ** int(p) if p % 2 == 0 else _odd_power(_ball(x), int(p))
    sign = _sign(x)
    if sign == 0:
        if _sign(p) == 1:
            return Fraction(0)
        if p == 0:
            return Fraction(1)
    if isinstance(p, Fraction) and p.denominator == 1:
        return _divide(Fraction(1), _power(x, -p))
    if sign != 1:
        raise UndefinedError("a power of a value that may not be positive")
    if isinstance(p, Fraction) and p == Fraction(1, 2):
        return _root(x)
    return _exp(_multiply(p, _log(x)))


def _odd_power(x: Any, p: int) -> Any:
    return iv.mpf([(iv.mpf(x.a) ** p).a, (iv.mpf(x.b) ** p).b])


def _root(x: Any) -> Any:
    if isinstance(x, Fraction):
        numerator, denominator = math.isqrt(x.numerator), math.isqrt(x.denominator)
        if numerator**2 == x.numerator and denominator**2 == x.denominator:
            return Fraction(numerator, denominator)
    if isinstance(x, float):
        return x
    return iv.sqrt(_ball(x))


def _compare(a: Any, b: Any) -> int | None:
    """The sign of a - b."""
    if isinstance(a, float) or isinstance(b, float):
        left, right = (x if isinstance(x, float) else 0.0 for x in (a, b))
        return (left > right) - (left < right)
    return _sign(_subtract(a, b))


def _decided(true: tuple[int, ...]) -> Any:
    def decide(a: Any, b: Any) -> bool | None:
        sign = _compare(a, b)
        if sign is not None:
            return sign in true
        if isinstance(a, Fraction | float) and isinstance(b, Fraction | float):
            return None
        possible = _possible_signs(_subtract(a, b))
        if possible <= set(true):
            return True
        return False if not possible & set(true) else None

    return decide


def _possible_signs(value: Any) -> set[int]:
    return {s for s, possible in ((-1, value.a < 0), (0, value.a <= 0 <= value.b), (1, value.b > 0)) if possible}


_COMPARISONS: dict[Any, Any] = {
    atoms.Less: _decided((-1,)),
    atoms.LessEqual: _decided((-1, 0)),
    atoms.Equal: _decided((0,)),
    atoms.NotEqual: _decided((-1, 1)),
}


def _choice(better: int) -> Any:
    def choose(s: Enclosure, a: Any, b: Any) -> Any:
        left, right = s.value(a), s.value(b)
        sign = _compare(left, right)
        if sign is None:
            x, y = _ball(left), _ball(right)
            return iv.mpf([max(x.a, y.a), max(x.b, y.b)] if better > 0 else [min(x.a, y.a), min(x.b, y.b)])
        return left if sign * better >= 0 else right

    return choose


def _absolute(s: Enclosure, a: Any) -> Any:
    value = s.value(a)
    sign = _sign(value)
    if sign is None:
        return abs(value)
    return value if sign >= 0 else _multiply(Fraction(-1), value)


def _steps(below: Fraction, at: Fraction, above: Fraction) -> Any:
    def step(s: Enclosure, a: Any) -> Any:
        sign = _sign(s.value(a))
        if sign is None:
            raise UndefinedError("a jump is not decided")
        return (at, above, below)[sign]

    return step


def _where_zero(rule: Any) -> Any:
    """A product or quotient in which a first factor 0 wins."""

    def apply(s: Enclosure, a: Any, b: Any) -> Any:
        first = s.value(a)
        return Fraction(0) if _sign(first) == 0 else rule(first, s.value(b))

    return apply


def _smooth(rule: Any) -> Any:
    return lambda s, *arguments: rule(*(s.value(a) for a in arguments))


def _sigmoid(x: Any) -> Any:
    return _divide(Fraction(1), _add(Fraction(1), _exp(_multiply(Fraction(-1), x))))


def _softplus(x: Any) -> Any:
    return _log(_add(Fraction(1), _exp(x)))


def _tanh(x: Any) -> Any:
    return _subtract(_multiply(Fraction(2), _sigmoid(_multiply(Fraction(2), x))), Fraction(1))


def _log_cosh(x: Any) -> Any:
    both = _add(_exp(x), _exp(_multiply(Fraction(-1), x)))
    return _log(_divide(both, Fraction(2)))


_ZERO, _HALF, _ONE = Fraction(0), Fraction(1, 2), Fraction(1)
_RULES: dict[str, Any] = {
    "exp": _smooth(_exp),
    "log": _smooth(_log),
    "Pow": _smooth(_power),
    "sin": _smooth(lambda x: iv.sin(_ball(x))),
    "cos": _smooth(lambda x: iv.cos(_ball(x))),
    "Atan": _smooth(lambda x: iv.atan(_ball(x))),
    "floor": _smooth(lambda x: Fraction(math.floor(x)) if isinstance(x, Fraction) else _undefined()),
    "Mod": _smooth(lambda a, b: a % b if isinstance(a, Fraction) and isinstance(b, Fraction) else _undefined()),
    "Softplus": _smooth(_softplus),
    "Sigmoid": _smooth(_sigmoid),
    "Tanh": _smooth(_tanh),
    "LogCosh": _smooth(_log_cosh),
    "Log1p": _smooth(lambda x: _log(_add(_ONE, x))),
    "Expm1": _smooth(lambda x: _subtract(_exp(x), _ONE)),
    "ExpTail": _smooth(lambda x: _subtract(_subtract(_exp(x), _ONE), x)),
    "LogTail": _smooth(lambda x: _subtract(x, _log(_add(_ONE, x)))),
    "Log2": _smooth(lambda x: _divide(_log(x), iv.log(iv.mpf(2)))),
    "LogRatio": _smooth(lambda a, b: _log(_divide(a, b))),
    "XLogY": _where_zero(lambda a, b: _multiply(a, _log(b))),
    "XLog1pY": _where_zero(lambda a, b: _multiply(a, _log(_add(_ONE, b)))),
    "XOverY": _where_zero(_divide),
    "ZeroTimes": _where_zero(_multiply),
    "Absolute": _absolute,
    "Sign": _steps(-_ONE, _ZERO, _ONE),
    "Step": _steps(_ZERO, _ZERO, _ONE),
    "HalfStep": _steps(_ZERO, _HALF, _ONE),
    "Relu": lambda s, a: _choice(1)(s, a, sympy.S.Zero),
    "Ramp": lambda s, a: _choice(1)(s, a, sympy.S.Zero),
    "Maximum": _choice(1),
    "Minimum": _choice(-1),
    "Clamp": lambda s, x, lo, hi: s.value(atoms.Minimum(atoms.Maximum(x, lo), hi)),
    "Inside": lambda s, x, lo, hi: s.value(atoms.And(atoms.LessEqual(lo, x), atoms.LessEqual(x, hi))),
    "StopGradient": lambda s, x: s.value(x),
    "SlopeAt": lambda s, f, c, slope: s.value(f),
}


def _undefined() -> Any:
    raise UndefinedError("not a rational number")
