"""Values of closed terms at a point, for the re-check: reductions are loops, nothing is written out or simplified.

A value is a fraction where it is rational, an infinite float, or an enclosure of the field in use. Conditions are true,
false or, where the enclosures do not tell, None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol
from symloss.proof.recheck.functions import FUNCTIONS
from symloss.proof.recheck.intervals import Field, NoValueError, UndecidedError, field, working
from symloss.proof.terms import Along, stem

#: Precisions in bits, tried in turn.
PRECISIONS = (80, 250, 1000)


class Evaluation:
    """Values at one point.

    Args:
        point: every element that is read, by its name: ``"z[0, 1]"``, ``"delta"``; a fraction, or an enclosure.
        sizes: the length of each root axis.
        arithmetic: the field.
    """

    def __init__(self, point: Mapping[str, Any], sizes: Mapping[str, int], arithmetic: Field) -> None:
        self.point, self.sizes, self.field = point, sizes, arithmetic
        self.places: dict[str, int] = {}
        self._memo: dict[Any, Any] = {}

    def at(self, places: Mapping[str, int]) -> Evaluation:
        """The same point at some running indices."""
        other = Evaluation(self.point, self.sizes, self.field)
        other.places = {**self.places, **places}
        return other

    def value(self, e: Any) -> Any:
        """The value of a term.

        Raises:
            NoValueError: it has none, or none that can be enclosed.
        """
        if e not in self._memo:
            try:
                self._memo[e] = self._build(e)
            except (ZeroDivisionError, ValueError, OverflowError) as fault:
                raise NoValueError(str(fault)) from None
        return self._memo[e]

    def truth(self, condition: Any) -> bool | None:
        """Whether a condition holds."""
        name = type(condition).__name__
        if condition == 1 or condition == 0:
            return bool(condition == 1)
        if name in ("And", "Or", "Not"):
            return self._logic(name, condition.args)
        if isinstance(condition, Along):
            name = {"all": "And", "any": "Or"}.get(condition.operation, "")
            if name:
                return self._connected(name, (lambda e=e: e.truth(condition.body) for e in self._items(condition)))
        if name in _ORDER:
            return _ORDER[name](self._signs(*condition.args))
        value = self.value(condition)
        return bool(value == 1) if value in (0, 1) else None

    def _logic(self, name: str, parts: Any) -> bool | None:
        if name == "Not":
            inner = self.truth(parts[0])
            return None if inner is None else not inner
        return self._connected(name, (lambda part=part: self.truth(part) for part in parts))

    def _connected(self, name: str, answers: Any) -> bool | None:
        """A conjunction without values fails nowhere but where a part is false; a disjunction likewise."""
        decisive, open_part, fault = name == "Or", False, None
        for answer in answers:
            try:
                found = answer()
            except NoValueError as undefined:
                fault = undefined
                continue
            if found is decisive:
                return decisive
            open_part = open_part or found is None
        if fault is not None:
            raise fault
        return None if open_part else not decisive

    def _signs(self, a: Any, b: Any) -> frozenset[int]:
        """The possible signs of a - b."""
        x, y = self.value(a), self.value(b)
        if isinstance(x, float) or isinstance(y, float):
            left, right = (v if isinstance(v, float) else 0.0 for v in (x, y))
            return frozenset([(left > right) - (left < right)])
        if isinstance(x, Fraction) and isinstance(y, Fraction):
            return frozenset([(x > y) - (x < y)])
        return self.signs(self.sum([x, self.product([Fraction(-1), y])]))

    def signs(self, x: Any) -> frozenset[int]:
        """The signs that a value may have."""
        if isinstance(x, Fraction | float):
            return frozenset([(x > 0) - (x < 0)])
        ends = self.field.ends(x)
        if ends is None:
            return frozenset((-1, 0, 1))
        low, high = ends
        found = {-1: low < 0, 0: low <= 0 <= high, 1: high > 0}
        return frozenset(sign for sign, possible in found.items() if possible)

    def _sign(self, x: Any) -> int:
        found = self.signs(x)
        if len(found) != 1:
            raise UndecidedError("a sign is not decided")
        return next(iter(found))

    # --- leaves and reductions --------------------------------------------------------------------------------

    def _build(self, e: Any) -> Any:
        if isinstance(e, Read):
            return self._read(e)
        if isinstance(e, AxisSymbol):
            return Fraction(self.places[e.axis])
        if isinstance(e, SizeSymbol):
            return Fraction(self.size(e.axis))
        if isinstance(e, Along):
            return self._along(e)
        if e.is_Rational:
            return Fraction(int(e.p), int(e.q))
        if e.is_infinite:
            return math.inf if e.is_extended_positive else -math.inf
        if e is sympy.pi:
            return self.field.function("pi", None)
        if e is sympy.E:
            return self.field.function("exp", self.field.rational(Fraction(1)))
        if isinstance(e, atoms.Where):
            chosen = self.truth(e.args[0])
            if chosen is None:
                raise UndecidedError("a branch is not decided")
            return self.value(e.args[1] if chosen else e.args[2])
        name = type(e).__name__
        if name in _ORDER or name in ("And", "Or", "Not"):
            answer = self.truth(e)
            if answer is None:
                raise UndecidedError("a condition is not decided")
            return Fraction(int(answer))
        rule = FUNCTIONS.get(name)
        if rule is None:
            raise NoValueError(f"the re-check cannot evaluate {name}")
        return rule(self, *(self.value(argument) for argument in e.args)) if rule.strict else rule(self, *e.args)

    def size(self, axis: str) -> int:
        """The length of an axis, named itself or by a running index of it."""
        root = stem(axis)
        if root not in self.sizes:
            raise NoValueError(f"the size of axis {root} is not given")
        return self.sizes[root]

    def _read(self, e: Read) -> Any:
        index = []
        for entry in e.index:
            at = self.value(entry)
            if not isinstance(at, Fraction) or at.denominator != 1:
                raise NoValueError("an index is no integer")
            index.append(str(at))
        name = f"{e.tensor}[{', '.join(index)}]" if index else e.tensor
        if name not in self.point:
            raise NoValueError(f"the point gives no {name}")
        return self.point[name]

    def _items(self, e: Along) -> Any:
        for i in range(self.size(e.axis.axis)):
            inner = self.at({e.axis.axis: i})
            admitted = inner.truth(e.guard)
            if admitted is None:
                raise UndecidedError("a guard is not decided")
            if admitted:
                yield inner

    def _along(self, e: Along) -> Any:
        if e.operation in ("all", "any"):
            answer = self.truth(e)
            if answer is None:
                raise UndecidedError("a condition is not decided")
            return Fraction(int(answer))
        items = [inner.value(e.body) for inner in self._items(e)]
        if e.operation == "sum":
            return self.sum(items)
        if e.operation == "norm":
            return self.root(self.sum([self.power(x, 2) for x in items]))
        if e.operation == "logsumexp":
            return items[0] if len(items) == 1 else self.log(self.sum([self.exp(x) for x in items]))
        total: Any = -math.inf if e.operation == "max" else math.inf
        for x in items:
            total = self.extreme(total, x, 1 if e.operation == "max" else -1)
        return total

    # --- arithmetic -------------------------------------------------------------------------------------------

    def ball(self, x: Any) -> Any:
        """A finite value as a number of the field."""
        if isinstance(x, float):
            raise NoValueError("an infinite value where a finite one is needed")
        return self.field.rational(x) if isinstance(x, Fraction) else x

    def sum(self, terms: list[Any]) -> Any:
        """The sum of values."""
        infinite = {x for x in terms if isinstance(x, float)}
        if infinite:
            if len(infinite) > 1:
                raise NoValueError("oo - oo")
            return infinite.pop()
        exact = sum((x for x in terms if isinstance(x, Fraction)), Fraction(0))
        rest = [x for x in terms if not isinstance(x, Fraction)]
        if not rest:
            return exact
        total = rest[0]
        for x in rest[1:]:
            total = total + x
        return total if exact == 0 else total + self.ball(exact)

    def product(self, factors: list[Any]) -> Any:
        """The product of values."""
        if any(isinstance(x, float) for x in factors):
            signs = [self._sign(x) for x in factors]
            if 0 in signs:
                raise NoValueError("0 times oo")
            return math.inf if math.prod(signs) > 0 else -math.inf
        exact = math.prod((x for x in factors if isinstance(x, Fraction)), start=Fraction(1))
        rest = [x for x in factors if not isinstance(x, Fraction)]
        if exact == 0 or not rest:
            return exact
        total = rest[0]
        for x in rest[1:]:
            total = total * x
        return total if exact == 1 else total * self.ball(exact)

    def inverse(self, x: Any) -> Any:
        """1/x; an infinite x gives 0."""
        if isinstance(x, float):
            return Fraction(0)
        if isinstance(x, Fraction):
            return 1 / x
        if 0 in self.signs(x):
            raise UndecidedError("a divisor that may be 0")
        return self.ball(Fraction(1)) / x

    def quotient(self, a: Any, b: Any) -> Any:
        """a/b."""
        if isinstance(a, float) and isinstance(b, float):
            raise NoValueError("oo/oo")
        return self.product([a, self.inverse(b)])

    def exp(self, x: Any) -> Any:
        """e^x."""
        if isinstance(x, float):
            return math.inf if x > 0 else Fraction(0)
        return Fraction(1) if isinstance(x, Fraction) and x == 0 else self.field.function("exp", self.ball(x))

    def log(self, x: Any) -> Any:
        """log x; -oo at 0."""
        sign = self._sign(x)
        if sign <= 0:
            if sign < 0:
                raise NoValueError("the logarithm of a negative number")
            return -math.inf
        if isinstance(x, float):
            return x
        return Fraction(0) if isinstance(x, Fraction) and x == 1 else self.field.function("log", self.ball(x))

    def root(self, x: Any) -> Any:
        """The square root."""
        if isinstance(x, float) and x > 0:
            return x
        if isinstance(x, Fraction) and x >= 0:
            a, b = math.isqrt(x.numerator), math.isqrt(x.denominator)
            if a * a == x.numerator and b * b == x.denominator:
                return Fraction(a, b)
        if -1 in self.signs(x):
            raise UndecidedError("the root of a number that may be negative")
        return self.field.function("sqrt", self.ball(x))

    def power(self, x: Any, p: Any) -> Any:
        """x**p in the reals."""
        p = Fraction(p) if isinstance(p, int) else p
        if isinstance(p, Fraction) and p.denominator == 1:
            if p < 0:
                return self.inverse(self.power(x, -p))
            if isinstance(x, Fraction):
                if p > 4096:
                    raise NoValueError("a power out of reach")
                return x ** int(p)
            return self.product([x if p % 2 else Fraction(1), *[self.absolute(x)] * (int(p) - int(p % 2))])
        if p == Fraction(1, 2):
            return self.root(x)
        sign = self._sign(x)
        if sign < 0:
            raise NoValueError("a power of a negative number")
        if sign == 0:
            exponent = self._sign(p)
            if exponent < 0:
                raise NoValueError("a negative power of 0")
            return Fraction(0 if exponent else 1)
        return self.exp(self.product([p, self.log(x)]))

    def absolute(self, x: Any) -> Any:
        """|x|."""
        if isinstance(x, Fraction | float):
            return abs(x)
        found = self.signs(x)
        if -1 not in found:
            return x
        return -x if 1 not in found else abs(x)

    def extreme(self, a: Any, b: Any, better: int) -> Any:
        """The larger (better = 1) or the smaller of two values."""
        if isinstance(a, float) or isinstance(b, float):
            infinite, other = (a, b) if isinstance(a, float) else (b, a)
            wins = (infinite > 0) == (better > 0)
            return infinite if wins else other
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return max(a, b) if better > 0 else min(a, b)
        found = self.signs(self.sum([a, self.product([Fraction(-1), b])]))
        if -better not in found:
            return a
        if better not in found:
            return b
        ends = [self.field.ends(self.ball(x)) for x in (a, b)]
        if None in ends:
            raise UndecidedError("an extreme is not decided")
        choose = max if better > 0 else min
        return self.field.between(choose(e[0] for e in ends if e), choose(e[1] for e in ends if e))

    def step(self, x: Any, below: Fraction, at: Fraction, above: Fraction) -> Fraction:
        """A function that jumps at 0."""
        return (at, above, below)[self._sign(x)]


def decided(question: Callable[[Evaluation], bool | None], point: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """The answer to a question at a point, at rising precision; None where it stays open.

    Raises:
        NoValueError: something in it has no value.
    """
    for bits in PRECISIONS:
        with working(bits):
            try:
                answer = question(Evaluation(point, sizes, field(bits)))
            except UndecidedError:
                continue
        if answer is not None:
            return answer
    return None


def _order(true: frozenset[int]) -> Callable[[frozenset[int]], bool | None]:
    return lambda signs: True if signs <= true else None if signs & true else False


_ORDER: dict[str, Callable[[frozenset[int]], bool | None]] = {
    "Less": _order(frozenset((-1,))),
    "LessEqual": _order(frozenset((-1, 0))),
    "Equal": _order(frozenset((0,))),
    "NotEqual": _order(frozenset((-1, 1))),
}
