"""Interval arithmetic over boxes, outward rounded, on top of Arb: values of flat expressions for all points at once.

An interval has exact ends, infinite ones included; 0 times an infinite end counts as 0, because a value inside is
finite. Where no enclosure is known (a quotient by an interval around 0) the evaluation is undecided, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from symloss import atoms

try:
    from flint import arb, fmpq
except ImportError:  # the engine that needs it says nothing then
    arb = fmpq = None


class UndecidedError(ArithmeticError):
    """No enclosure."""


@dataclass(frozen=True)
class Interval:
    """All real numbers between two exact ends."""

    low: Any
    high: Any


Box = Mapping[Any, Interval]


def available() -> bool:
    """Whether Arb is there."""
    return arb is not None


def interval(low: Fraction, high: Fraction) -> Interval:
    """The smallest known interval around two fractions."""
    return between(_arb(low), _arb(high))


def _arb(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))


def between(low: Any, high: Any) -> Interval:
    """The interval from the lower end of one ball to the upper end of another."""
    low, high = low.lower(), high.upper()
    if low.is_nan() or high.is_nan():
        raise UndecidedError("no number")
    return Interval(low, high)


def _hull(values: list[Any]) -> Interval:
    """The smallest interval around some balls."""
    lows, highs = [v.lower() for v in values], [v.upper() for v in values]
    if any(v.is_nan() for v in (*lows, *highs)):
        raise UndecidedError("no number")
    return Interval(reduce(lambda a, b: b if b < a else a, lows), reduce(lambda a, b: b if b > a else a, highs))


def _infinite() -> Any:
    return arb.pos_inf()


# --- operations -------------------------------------------------------------------------------------------------------


def _add(a: Interval, b: Interval) -> Interval:
    return between(a.low + b.low, a.high + b.high)


def _times(x: Any, y: Any) -> Any:
    return arb(0) if x.is_zero() or y.is_zero() else x * y


def _multiply(a: Interval, b: Interval) -> Interval:
    return _hull([_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)])


def _negative(a: Interval) -> Interval:
    return Interval(-a.high, -a.low)


def _inverse(a: Interval) -> Interval:
    if a.low > 0 or a.high < 0:
        return between(1 / a.high, 1 / a.low)
    if a.low.is_zero() and a.high > 0:
        return between(1 / a.high, _infinite())
    if a.high.is_zero() and a.low < 0:
        return between(-_infinite(), 1 / a.low)
    raise UndecidedError("a quotient by what may be 0")


def _integer_power(a: Interval, n: int) -> Interval:
    if n < 0:
        return _inverse(_integer_power(a, -n))
    if n % 2 == 1:
        return between(_repeated(a.low, n), _repeated(a.high, n))
    if a.low >= 0:
        return between(_repeated(a.low, n), _repeated(a.high, n))
    if a.high <= 0:
        return between(_repeated(a.high, n), _repeated(a.low, n))
    return _hull([arb(0), _repeated(a.low, n), _repeated(a.high, n)])


def _repeated(x: Any, n: int) -> Any:
    """A power of an exact number; Arb's own power of a ball around 0 is no number."""
    if x.is_zero():
        return arb(0) if n else arb(1)
    return reduce(lambda total, _: total * x, range(n - 1), x) if n else arb(1)


def _exp(a: Interval) -> Interval:
    return between(_exp_of(a.low), _exp_of(a.high))


def _exp_of(x: Any) -> Any:
    if x.is_finite():
        return x.exp()
    return _infinite() if x > 0 else arb(0)


def _log(a: Interval) -> Interval:
    if not a.low >= 0 or not a.high > 0:
        raise UndecidedError("a logarithm of what may be negative")
    return between(_log_of(a.low), _log_of(a.high))


def _log_of(x: Any) -> Any:
    if x.is_zero():
        return -_infinite()
    return x.log() if x.is_finite() else _infinite()


def _real_power(a: Interval, p: Interval) -> Interval:
    if p.low == 0 and p.high == 0:
        return Interval(arb(1), arb(1))
    return _exp(_multiply(p, _log(a)))


def _times_log(a: Interval) -> Interval:
    """``x·log(x)``, 0 at 0: it falls up to 1/e and rises from there."""
    if not a.low >= 0:
        raise UndecidedError("a logarithm of what may be negative")
    values = [arb(0) if x.is_zero() else x * _log_of(x) for x in (a.low, a.high)]
    turn = arb(-1).exp()
    if not (a.high < turn or a.low > turn):
        values.append(-turn)
    return _hull(values)


def _absolute(a: Interval) -> Interval:
    if a.low >= 0:
        return a
    if a.high <= 0:
        return _negative(a)
    return _hull([arb(0), -a.low, a.high])


def _maximum(a: Interval, b: Interval) -> Interval:
    return Interval(b.low if b.low > a.low else a.low, b.high if b.high > a.high else a.high)


def _minimum(a: Interval, b: Interval) -> Interval:
    return Interval(b.low if b.low < a.low else a.low, b.high if b.high < a.high else a.high)


def _stepwise(below: Fraction, at: Fraction, above: Fraction) -> Callable[[Interval], Interval]:
    def step(a: Interval) -> Interval:
        kept = [value for value, possible in ((below, a.low < 0), (above, a.high > 0)) if possible]
        if not a.low > 0 and not a.high < 0:
            kept.append(at)
        return _hull([_arb(value) for value in kept])

    return step


def _rising(function: Callable[[Any], Any], left: Any, right: Any) -> Callable[[Interval], Interval]:
    """An increasing function by its values at the ends, and its limits."""

    def rule(a: Interval) -> Interval:
        ends = [function(x) if x.is_finite() else (right() if x > 0 else left()) for x in (a.low, a.high)]
        return between(*ends)

    return rule


def _turning(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    """A function that Arb encloses over a ball."""

    def rule(a: Interval) -> Interval:
        if not (a.low.is_finite() and a.high.is_finite()):
            raise UndecidedError("an unbounded argument")
        found = function(a.low.union(a.high))
        return between(found, found)

    return rule


def _log_cosh(a: Interval) -> Interval:
    size = _absolute(a)
    return _rising(lambda x: x + (1 + (-2 * x).exp()).log() - arb(2).log(), _infinite, _infinite)(size)


def _zero() -> Any:
    return arb(0)


def _one() -> Any:
    return arb(1)


_UNARY: dict[str, Callable[[Interval], Interval]] = {
    "exp": _exp,
    "log": _log,
    "sin": _turning(lambda x: x.sin()),
    "cos": _turning(lambda x: x.cos()),
    "Atan": _rising(lambda x: x.atan(), lambda: -arb.pi() / 2, lambda: arb.pi() / 2),
    "Erf": _rising(lambda x: x.erf(), lambda: -_one(), lambda: _one()),
    "Sigmoid": _rising(lambda x: 1 / (1 + (-x).exp()), _zero, _one),
    "Softplus": _rising(lambda x: (1 + x.exp()).log(), _zero, _infinite),
    "Tanh": _rising(lambda x: x.tanh(), lambda: -_one(), _one),
    "LogCosh": _log_cosh,
    "Log1p": lambda a: _log(_add(a, _number(Fraction(1)))),
    "Expm1": lambda a: _add(_exp(a), _number(Fraction(-1))),
    "Absolute": _absolute,
    "Relu": lambda a: _maximum(a, _number(Fraction(0))),
    "Ramp": lambda a: _maximum(a, _number(Fraction(0))),
    "Sign": _stepwise(Fraction(-1), Fraction(0), Fraction(1)),
    "Step": _stepwise(Fraction(0), Fraction(0), Fraction(1)),
    "HalfStep": _stepwise(Fraction(0), Fraction(1, 2), Fraction(1)),
    "StopGradient": lambda a: a,
}
_BINARY: dict[str, Callable[[Interval, Interval], Interval]] = {
    "Maximum": _maximum,
    "Minimum": _minimum,
    "ZeroTimes": _multiply,
    "XLogY": lambda x, y: _multiply(x, _log(y)),
    "XOverY": lambda x, y: _multiply(x, _inverse(y)),
}


def _number(value: Fraction) -> Interval:
    return between(_arb(value), _arb(value))


# --- expressions ------------------------------------------------------------------------------------------------------


class Boxes:
    """Enclosures of expressions over one box, each distinct sub-expression once.

    Args:
        box: an interval for each variable.
    """

    def __init__(self, box: Box) -> None:
        self.memo: dict[Any, Interval] = dict(box)

    def value(self, e: Any) -> Interval:
        """All values of an expression over the box.

        Raises:
            UndecidedError: no enclosure is known.
        """
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def truth(self, condition: Any) -> bool | None:
        """Whether a condition holds on the whole box, or nowhere on it; None where neither is known."""
        if condition in (0, 1):
            return bool(condition == 1)
        if isinstance(condition, atoms.And):
            answers = [self.truth(part) for part in condition.args]
            return False if False in answers else True if all(a is True for a in answers) else None
        if isinstance(condition, atoms.Or):
            answers = [self.truth(part) for part in condition.args]
            return True if True in answers else False if all(a is False for a in answers) else None
        if isinstance(condition, atoms.Not):
            inner = self.truth(condition.args[0])
            return None if inner is None else not inner
        if not isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual):
            return None
        try:
            difference = self.value(condition.args[1] - condition.args[0])
        except UndecidedError:
            return None
        return _TRUTHS[type(condition)](difference)

    def _build(self, e: Any) -> Interval:
        if e.is_Rational:
            return _number(Fraction(int(e.p), int(e.q)))
        if e is sympy.pi:
            return between(arb.pi(), arb.pi())
        if e is sympy.E:
            return between(arb.const_e(), arb.const_e())
        if e.is_Add:
            return reduce(_add, (self.value(term) for term in e.args))
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, atoms.Where):
            known = self.truth(e.args[0])
            if known is not None:
                return self.value(e.args[1] if known else e.args[2])
            return _hull([x for branch in e.args[1:] for x in (self.value(branch).low, self.value(branch).high)])
        if isinstance(e, atoms.SlopeAt):
            return self.value(e.args[0])
        if isinstance(e, atoms.XLogY) and e.args[0] == e.args[1]:
            return _times_log(self.value(e.args[0]))
        unary, binary = _UNARY.get(type(e).__name__), _BINARY.get(type(e).__name__)
        if unary is not None and len(e.args) == 1:
            return unary(self.value(e.args[0]))
        if binary is not None:
            return binary(self.value(e.args[0]), self.value(e.args[1]))
        raise UndecidedError(f"no enclosure of {type(e).__name__}")

    def _power(self, e: Any) -> Interval:
        base, exponent = e.args
        if exponent.is_Integer:
            return _integer_power(self.value(base), int(exponent))
        return _real_power(self.value(base), self.value(exponent))

    def _product(self, e: Any) -> Interval:
        """A product; ``u^n·log(u)`` is taken together, so that it stays bounded near 0."""
        left = list(e.args)
        taken: list[Interval] = []
        for factor in [f for f in e.args if isinstance(f, sympy.log)]:
            u = factor.args[0]
            for other in left:
                base, n = other.as_base_exp()
                sign = 1 if base == u else -1 if base == -u or sympy.expand(base + u) == 0 else 0
                if sign and n.is_Integer and n >= 1:
                    left = [f for f in left if f not in (factor, other)]
                    value = self.value(u)
                    taken += [_times_log(value), _integer_power(value, int(n) - 1), _number(Fraction(sign) ** int(n))]
                    break
        return reduce(_multiply, (*taken, *(self.value(factor) for factor in left)))


def _less(d: Interval) -> bool | None:
    return True if d.low > 0 else False if d.high <= 0 else None


def _less_equal(d: Interval) -> bool | None:
    return True if d.low >= 0 else False if d.high < 0 else None


def _equal(d: Interval) -> bool | None:
    if d.low > 0 or d.high < 0:
        return False
    return True if d.low.is_zero() and d.high.is_zero() else None


def _not_equal(d: Interval) -> bool | None:
    known = _equal(d)
    return None if known is None else not known


#: By the enclosure of right side minus left side.
_TRUTHS: dict[Any, Callable[[Interval], bool | None]] = {
    atoms.Less: _less,
    atoms.LessEqual: _less_equal,
    atoms.Equal: _equal,
    atoms.NotEqual: _not_equal,
}
