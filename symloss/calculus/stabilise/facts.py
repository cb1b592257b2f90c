"""What is known about values: intervals from domains, from the images of atoms and from constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

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
from symloss.calculus.stabilise.linear import kink_sides, linear, replacing
from symloss.calculus.stabilise.ranges import (
    INFINITE,
    NONNEGATIVE,
    UNIT,
    Bound,
    Range,
    bounds_of,
    image_bound,
    point,
    times,
)
from symloss.calculus.stabilise.terms import Terms, factors_of, terms_of
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement

_DEPTH = 10


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
            low, high = bounds_of(expression)
            return Range(low, high, low == -INFINITE, high == INFINITE)
        if isinstance(expression, Read):
            return self._read(expression)
        if isinstance(expression, SizeSymbol):
            return Range(Fraction(1), INFINITE, False, True)
        if isinstance(expression, AxisSymbol):
            return NONNEGATIVE
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            found = point(Fraction(1))
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
            return UNIT
        if domain.kind == "index":
            return NONNEGATIVE
        if domain.kind == "set":
            return Range(bounds_of(min(domain.values))[0], bounds_of(max(domain.values))[1], False, False)
        low = bounds_of(domain.lower)[0] if domain.lower.is_number else -INFINITE
        high = bounds_of(domain.upper)[1] if domain.upper.is_number else INFINITE
        return Range(low, high, not domain.lower_closed, not domain.upper_closed)

    def _statement(self, statement: Statement) -> Range:
        body = self.range(statement.body)
        if statement.operation in ("map", "max", "min"):
            return body
        if statement.operation == "norm":
            return NONNEGATIVE
        if statement.operation == "sum":
            full = statement.guard == 1
            if body.nonnegative:
                return Range(Fraction(0), INFINITE, body.positive and full, True)
            if body.nonpositive:
                return Range(-INFINITE, Fraction(0), True, (-body).positive and full)
        return Range()

    def _sum(self, expression: Any) -> Range:
        terms = terms_of(expression)
        for gap in self._gaps:
            for scale in (1, -1):
                if terms == {monomial: scale * number for monomial, number in gap.items()}:
                    positive = Range(Fraction(0), INFINITE, True, True)
                    return positive if scale == 1 else -positive
        found = point(Fraction(0))
        for monomial, number in terms.items():
            low, high = bounds_of(number)
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
            larger = next((m for m, n in added.items() if n >= -number and self.covers(m, monomial)), None)
            if larger is None:
                return False
            added[larger] += number
        return bool(added) and all(self.range(monomial).nonnegative for monomial in added)

    def covers(self, large: Any, small: Any) -> bool:
        """Whether the factors of one product are, one by one, at least as large as those of another."""
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
                return all(self.never_negative(replacing(terms, leaf, number, side), depth - 1) for side in sides)
        for leaf, number in sorted(kinks, key=lambda item: sympy.S.Zero not in item[0].args):
            sides = kink_sides(leaf) or ()
            if any(self.never_negative(replacing(terms, leaf, number, side), depth - 1) for side in sides):
                return True
        low: Bound = Fraction(0)
        for monomial, number in terms.items():
            a, b = bounds_of(number)
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
                top = max(times(base.low, base.low), times(base.high, base.high))
                steps = int(exponent) // 2
                high = top if top == INFINITE else top**steps
                return Range(Fraction(0), high, not base.admits_zero and base.nonnegative, high == INFINITE)
            if base.nonnegative:
                high = base.high if base.high == INFINITE else base.high ** int(exponent)
                return Range(Fraction(0), high, base.positive, base.high_open)
            return Range()
        if exponent.is_Integer and base.low > 0:
            return Range(Fraction(0), base.low ** int(exponent), True, base.low_open)
        if not base.nonnegative:
            even = exponent.is_Integer and exponent % 2 == 0
            return Range(Fraction(0), INFINITE, True, True) if even else Range()
        if base.high <= 1 and self.range(exponent).nonnegative:
            return Range(Fraction(0), Fraction(1), base.positive, False)
        if base.high <= 1 and self.range(exponent).nonpositive:
            return Range(Fraction(1), INFINITE, False, True)
        return Range(Fraction(0), INFINITE, base.positive or self.range(exponent).nonpositive, True)

    def _image(self, expression: Any) -> Range:
        record = record_of(expression)
        if record is None:
            return Range()
        image = record.image
        low, high = bounds_of(image.inf)[0], bounds_of(image.sup)[1]
        low_open, high_open = bool(getattr(image, "left_open", False)), bool(getattr(image, "right_open", False))
        if record.arity == 1 and record.monotone[0] in ("increasing", "nondecreasing"):
            inner = self.range(expression.args[0])
            lower, upper = image_bound(record.exact, inner.low, -1), image_bound(record.exact, inner.high, 1)
            if lower is not None and lower >= low:
                low, low_open = lower, inner.low_open or lower == -INFINITE
            if upper is not None and upper <= high:
                high, high_open = upper, inner.high_open or upper == INFINITE
        return Range(low, high, low_open, high_open)


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
    return Range(Fraction(0), top, not inner.admits_zero, top == INFINITE)


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
