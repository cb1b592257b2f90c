"""What is known about values: intervals from domains, from the images of atoms and from constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from symloss.atoms import (
    Absolute,
    Clamp,
    Less,
    LessEqual,
    Maximum,
    Minimum,
    Ramp,
    Relu,
    SlopeAt,
    StopGradient,
    Where,
    XLog1pY,
    XLogY,
    ZeroTimes,
    record_of,
)
from symloss.calculus.stabilise.terms import Terms, factors_of, terms_of
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement

Bound = Any
_OO = float("inf")
_SLACK = Fraction(1, 10**12)
_DEPTH = 10


@dataclass(frozen=True)
class Range:
    """An interval of real numbers; an open end is not attained."""

    low: Bound = -_OO
    high: Bound = _OO
    low_open: bool = True
    high_open: bool = True

    @property
    def nonnegative(self) -> bool:
        """Whether no value is below 0."""
        return bool(self.low >= 0)

    @property
    def nonpositive(self) -> bool:
        """Whether no value is above 0."""
        return bool(self.high <= 0)

    @property
    def positive(self) -> bool:
        """Whether every value is above 0."""
        return bool(self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def admits_zero(self) -> bool:
        """Whether 0 may be attained."""
        above = self.low < 0 or (self.low == 0 and not self.low_open)
        below = self.high > 0 or (self.high == 0 and not self.high_open)
        return bool(above and below)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return self.low > -_OO and self.high < _OO

    def __neg__(self) -> Range:
        return Range(-self.high, -self.low, self.high_open, self.low_open)

    def __add__(self, other: Range) -> Range:
        return Range(
            self.low + other.low,
            self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )

    def __mul__(self, other: Range) -> Range:
        ends = [
            (_times(a, b), (a_open and b != 0) or (b_open and a != 0) or (a_open and b_open))
            for a, a_open in ((self.low, self.low_open), (self.high, self.high_open))
            for b, b_open in ((other.low, other.low_open), (other.high, other.high_open))
        ]
        low, high = min(value for value, _ in ends), max(value for value, _ in ends)
        return Range(
            low,
            high,
            all(is_open for value, is_open in ends if value == low) and not (self.admits_zero and low == 0),
            all(is_open for value, is_open in ends if value == high) and not (self.admits_zero and high == 0),
        )

    def union(self, other: Range) -> Range:
        """The smallest range that holds both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(
            low,
            high,
            all(r.low_open for r in (self, other) if r.low == low),
            all(r.high_open for r in (self, other) if r.high == high),
        )


def _times(a: Bound, b: Bound) -> Bound:
    return Fraction(0) if a == 0 or b == 0 else a * b


def _point(value: Bound) -> Range:
    return Range(value, value, False, False)


def _number(value: Any) -> tuple[Bound, Bound]:
    """A lower and an upper bound of a constant."""
    if value.is_Rational:
        exact = Fraction(int(value.p), int(value.q))
        return exact, exact
    if value == sympy.oo or value == -sympy.oo:
        bound = _OO if value > 0 else -_OO
        return bound, bound
    try:
        near = Fraction(float(value))
    except (TypeError, ValueError, OverflowError):
        return -_OO, _OO
    slack = abs(near) * _SLACK + _SLACK
    return near - slack, near + slack


_UNIT = Range(Fraction(0), Fraction(1), False, False)
_NONNEGATIVE = Range(Fraction(0), _OO, False, True)


class Facts:
    """Ranges of expressions over the tensors and statements of one program."""

    def __init__(self, program: Program, statements: Mapping[str, Statement]) -> None:
        self._program, self._statements = program, statements
        self._known: dict[Any, Range] = {}
        self._forms: dict[Any, bool] = {}
        self._gaps = [
            terms_of(constraint.args[1] - constraint.args[0])
            for constraint in program.constraints
            if isinstance(constraint, Less | LessEqual)
        ]

    def range(self, expression: Any) -> Range:
        """A range that holds every value of the expression on the declared domains."""
        found = self._known.get(expression)
        if found is None:
            self._known[expression] = Range()
            found = self._known[expression] = self._range(expression)
        return found

    def sign(self, expression: Any) -> int:
        """1 where no value is negative, -1 where none is positive, 0 where that is not known."""
        found = self.range(expression)
        return 1 if found.nonnegative else -1 if found.nonpositive else 0

    def definite(self, expression: Any) -> bool:
        """Whether the expression is a sum of terms of one sign, so that nothing cancels."""
        signs = {self.sign(number * monomial) for monomial, number in terms_of(expression).items()}
        return signs <= {1} or signs <= {-1}

    def harmless(self, expression: Any) -> bool:
        """Whether a sum loses nothing: one sign, or a single difference of two values that are read."""
        terms = terms_of(expression)
        if self.definite(expression):
            return True
        leaves = all(isinstance(monomial, Read) or monomial == 1 for monomial in terms)
        return leaves and len(terms) <= 2

    def _range(self, expression: Any) -> Range:
        if expression.is_number:
            low, high = _number(expression)
            return Range(low, high, low == -_OO, high == _OO)
        if isinstance(expression, Read):
            return self._read(expression)
        if isinstance(expression, SizeSymbol):
            return Range(Fraction(1), _OO, False, True)
        if isinstance(expression, AxisSymbol):
            return _NONNEGATIVE
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            found = _point(Fraction(1))
            for factor in expression.args:
                found = found * self.range(factor)
            return found
        if expression.is_Pow:
            return self._power(expression)
        special = _SPECIAL.get(type(expression))
        if special is not None:
            return special(self, expression)
        return self._image(expression)

    def _read(self, read: Read) -> Range:
        statement = self._statements.get(read.tensor)
        if statement is not None:
            return self._statement(statement)
        tensor = self._program.tensors.get(read.tensor)
        if tensor is None:
            return Range()
        domain = tensor.domain
        if domain.kind in ("simplex", "boolean"):
            return _UNIT
        if domain.kind == "index":
            return _NONNEGATIVE
        if domain.kind == "set":
            return Range(_number(min(domain.values))[0], _number(max(domain.values))[1], False, False)
        low = _number(domain.lower)[0] if domain.lower.is_number else -_OO
        high = _number(domain.upper)[1] if domain.upper.is_number else _OO
        return Range(low, high, not domain.lower_closed, not domain.upper_closed)

    def _statement(self, statement: Statement) -> Range:
        body = self.range(statement.body)
        if statement.operation in ("map", "max", "min"):
            return body
        if statement.operation == "norm":
            return _NONNEGATIVE
        if statement.operation == "sum":
            full = statement.guard == 1
            if body.nonnegative:
                return Range(Fraction(0), _OO, body.positive and full, True)
            if body.nonpositive:
                return Range(-_OO, Fraction(0), True, (-body).positive and full)
        return Range()

    def _sum(self, expression: Any) -> Range:
        terms = terms_of(expression)
        for gap in self._gaps:
            for scale in (1, -1):
                if terms == {monomial: scale * number for monomial, number in gap.items()}:
                    positive = Range(Fraction(0), _OO, True, True)
                    return positive if scale == 1 else -positive
        found = _point(Fraction(0))
        for monomial, number in terms.items():
            low, high = _number(number)
            found = found + Range(low, high, False, False) * self.range(monomial)
        if not (found.nonnegative or found.nonpositive):
            if self.never_negative(terms) or self._dominated(terms):
                return Range(Fraction(0), found.high, False, found.high_open)
            opposite = {monomial: -number for monomial, number in terms.items()}
            if self.never_negative(opposite) or self._dominated(opposite):
                return Range(found.low, Fraction(0), found.low_open, False)
        return found

    def _dominated(self, terms: Terms) -> bool:
        """Whether each product that is subtracted has factors no larger than those of a product that is added."""
        added = {monomial: number for monomial, number in terms.items() if number > 0 and monomial.is_Mul}
        for monomial, number in terms.items():
            if number > 0:
                if monomial not in added and not self.range(monomial).nonnegative:
                    return False
                continue
            larger = next((m for m, n in added.items() if n >= -number and self._covers(m, monomial)), None)
            if larger is None:
                return False
            added[larger] += number
        return bool(added) and all(self.range(monomial).nonnegative for monomial in added)

    def _covers(self, large: Any, small: Any) -> bool:
        factors = list(factors_of(large))
        for factor in factors_of(small):
            match = next((f for f in factors if self.range(factor).nonnegative and self._at_least(f, factor)), None)
            if match is None:
                return False
            factors.remove(match)
        return not factors

    def _at_least(self, large: Any, small: Any) -> bool:
        return self.never_negative(terms_of(large - small))

    def never_negative(self, terms: Terms, depth: int = _DEPTH) -> bool:
        """Whether a linear form in reads, minima, maxima and ramps is never negative, by domains and constraints.

        A maximum with a positive factor may be replaced by either side; one with a negative factor must pass with
        both.
        """
        terms = linear(terms)
        if depth == 0:
            return False
        key = frozenset(terms.items()), depth
        if key not in self._forms:
            self._forms[key] = self._never_negative(terms, depth)
        return self._forms[key]

    def _never_negative(self, terms: Terms, depth: int) -> bool:
        kinks = [(leaf, number) for leaf, number in terms.items() if kink_sides(leaf) is not None]
        for leaf, number in kinks:
            if (number > 0) == isinstance(leaf, Minimum):
                sides = kink_sides(leaf) or ()
                return all(self.never_negative(_replacing(terms, leaf, number, side), depth - 1) for side in sides)
        for leaf, number in sorted(kinks, key=lambda item: sympy.S.Zero not in item[0].args):
            sides = kink_sides(leaf) or ()
            if any(self.never_negative(_replacing(terms, leaf, number, side), depth - 1) for side in sides):
                return True
        low: Bound = Fraction(0)
        for monomial, number in terms.items():
            a, b = _number(number)
            low = low + (Range(a, b, False, False) * self.range(monomial)).low
        if low >= 0:
            return True
        return any(
            self.never_negative({key: terms.get(key, 0) - gap.get(key, 0) for key in {**terms, **gap}}, depth - 1)
            for gap in self._gaps
            if all(terms.get(key, 0) * value > 0 for key, value in gap.items())
        )

    def _power(self, expression: Any) -> Range:
        base, exponent = self.range(expression.base), expression.exp
        if exponent.is_Integer and exponent > 0:
            if exponent % 2 == 0:
                top = max(_times(base.low, base.low), _times(base.high, base.high))
                steps = int(exponent) // 2
                high = top if top == _OO else top**steps
                return Range(Fraction(0), high, not base.admits_zero and base.nonnegative, high == _OO)
            if base.nonnegative:
                high = base.high if base.high == _OO else base.high ** int(exponent)
                return Range(Fraction(0), high, base.positive, base.high_open)
            return Range()
        if not base.nonnegative:
            even = exponent.is_Integer and exponent % 2 == 0
            return Range(Fraction(0), _OO, True, True) if even else Range()
        if base.high <= 1 and self.range(exponent).nonnegative:
            return Range(Fraction(0), Fraction(1), base.positive, False)
        if base.high <= 1 and self.range(exponent).nonpositive:
            return Range(Fraction(1), _OO, False, True)
        return Range(Fraction(0), _OO, base.positive or self.range(exponent).nonpositive, True)

    def _image(self, expression: Any) -> Range:
        record = record_of(expression)
        if record is None:
            return Range()
        image = record.image
        low, high = _number(image.inf)[0], _number(image.sup)[1]
        low_open, high_open = bool(getattr(image, "left_open", False)), bool(getattr(image, "right_open", False))
        if record.arity == 1 and record.monotone[0] in ("increasing", "nondecreasing"):
            inner = self.range(expression.args[0])
            lower, upper = _value(record.exact, inner.low, -1), _value(record.exact, inner.high, 1)
            if lower is not None and lower >= low:
                low, low_open = lower, inner.low_open or lower == -_OO
            if upper is not None and upper <= high:
                high, high_open = upper, inner.high_open or upper == _OO
        return Range(low, high, low_open, high_open)


def _value(exact: Callable[..., Any], at: Bound, direction: int) -> Bound | None:
    """A bound on the value of an increasing function at a bound of its argument; exact only at 0 and 1."""
    try:
        value = exact(mpmath.mpf(at) if at in (_OO, -_OO) else mpmath.mpf(at.numerator) / at.denominator)
        if mpmath.isinf(value):
            return _OO if value > 0 else -_OO
        near = Fraction(float(value))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, AttributeError):
        return None
    return near if at in (0, 1) and near.denominator == 1 else near + direction * (abs(near) * _SLACK + _SLACK)


def kink_sides(leaf: Any) -> tuple[Any, Any] | None:
    """The two values that a minimum, maximum or ramp chooses between."""
    if isinstance(leaf, Minimum | Maximum):
        return leaf.args[0], leaf.args[1]
    if isinstance(leaf, Relu | Ramp):
        return sympy.S.Zero, leaf.args[0]
    return None


def linear(terms: Terms) -> Terms:
    """The terms with max(a, b) as a + b - min(a, b), so that equal linear forms look equal."""
    found: Terms = {}
    for leaf, number in terms.items():
        if isinstance(leaf, Maximum) and sympy.S.Zero not in leaf.args:
            low = Minimum(*sorted(leaf.args, key=str))
            inner = dict(terms_of(leaf.args[0] + leaf.args[1]))
            inner[low] = inner.get(low, sympy.S.Zero) - 1
        elif isinstance(leaf, Minimum):
            inner = {Minimum(*sorted(leaf.args, key=str)): sympy.S.One}
        else:
            inner = {leaf: sympy.S.One}
        for key, value in inner.items():
            found[key] = found.get(key, sympy.S.Zero) + number * value
    return {key: value for key, value in found.items() if value != 0}


def _replacing(terms: Terms, leaf: Any, number: Any, side: Any) -> Terms:
    found = _dropping(terms, leaf)
    for monomial, value in terms_of(side).items():
        found[monomial] = found.get(monomial, sympy.S.Zero) + number * value
    return found


def _dropping(terms: Terms, leaf: Any) -> Terms:
    return {monomial: value for monomial, value in terms.items() if monomial != leaf}


def _of_maximum(facts: Facts, expression: Any) -> Range:
    a, b = (facts.range(argument) for argument in expression.args)
    low = max(a.low, b.low)
    return Range(low, max(a.high, b.high), all(r.low_open for r in (a, b) if r.low == low), a.high_open and b.high_open)


def _of_minimum(facts: Facts, expression: Any) -> Range:
    a, b = (facts.range(argument) for argument in expression.args)
    high = min(a.high, b.high)
    return Range(min(a.low, b.low), high, a.low_open and b.low_open, all(r.high_open for r in (a, b) if r.high == high))


def _of_ramp(facts: Facts, expression: Any) -> Range:
    inner = facts.range(expression.args[0])
    return Range(max(inner.low, Fraction(0)), max(inner.high, Fraction(0)), inner.positive, inner.high_open)


def _of_absolute(facts: Facts, expression: Any) -> Range:
    inner = facts.range(expression.args[0])
    top = max(abs(inner.low), abs(inner.high))
    return Range(Fraction(0), top, not inner.admits_zero, top == _OO)


def _of_product(facts: Facts, expression: Any) -> Range:
    return facts.range(expression.args[0]) * facts.range(expression.args[1])


def _of_xlogy(facts: Facts, expression: Any) -> Range:
    x, y = expression.args
    inner = sympy.log(y) if isinstance(expression, XLogY) else sympy.log(1 + y)
    return facts.range(x) * facts.range(inner)


_SPECIAL: dict[Any, Callable[[Facts, Any], Range]] = {
    Maximum: _of_maximum,
    Minimum: _of_minimum,
    Relu: _of_ramp,
    Ramp: _of_ramp,
    Absolute: _of_absolute,
    ZeroTimes: _of_product,
    XLogY: _of_xlogy,
    XLog1pY: _of_xlogy,
    Where: lambda facts, e: facts.range(e.args[1]).union(facts.range(e.args[2])),
    StopGradient: lambda facts, e: facts.range(e.args[0]),
    SlopeAt: lambda facts, e: facts.range(e.args[0]),
    Clamp: lambda facts, e: Range(facts.range(e.args[1]).low, facts.range(e.args[2]).high, False, False),
}


def leaf_factors(expression: Any) -> tuple[Any, ...]:
    """The factors of a product that are not numbers."""
    return tuple(factor for factor in factors_of(expression) if not factor.is_number)
