"""Ranges of closed terms in the extended real numbers, for every size: what signs and bounds evidently hold.

A range is an interval with rational or infinite ends; an infinite end that is closed says that the value may be
infinite. A term that may have no value at all (oo - oo, 0/0, the logarithm of a negative number) has no range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.terms import (
    Along,
    LogSumExpAlong,
    SumAlong,
    Term,
    all_reads,
    conjuncts,
)

OO = sympy.oo


@dataclass(frozen=True)
class Range:
    """An interval of the extended reals; a closed end may be a value."""

    low: Any = -OO
    high: Any = OO
    low_closed: bool = False
    high_closed: bool = False

    @property
    def finite(self) -> bool:
        """Whether no value is infinite."""
        return not (self.low == -OO and self.low_closed) and not (self.high == OO and self.high_closed)

    def above(self, bound: Any, strictly: bool = False) -> bool:
        """Whether every value is at least (or greater than) a bound."""
        return bool(self.low > bound or (self.low == bound and not (strictly and self.low_closed)))

    def below(self, bound: Any, strictly: bool = False) -> bool:
        """Whether every value is at most (or less than) a bound."""
        return bool(self.high < bound or (self.high == bound and not (strictly and self.high_closed)))

    def without(self, value: Any) -> bool:
        """Whether no value is this one."""
        return self.above(value, True) or self.below(value, True)

    def met(self, other: Range) -> Range:
        """The intersection."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        low_closed = all(r.low_closed for r in (self, other) if r.low == low)
        return Range(low, high, low_closed, all(r.high_closed for r in (self, other) if r.high == high))

    def joined(self, other: Range) -> Range:
        """The smallest interval around both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        low_closed = any(r.low_closed for r in (self, other) if r.low == low)
        return Range(low, high, low_closed, any(r.high_closed for r in (self, other) if r.high == high))


def point(value: Any) -> Range:
    """One value."""
    return Range(value, value, True, True)


NONNEGATIVE = Range(sympy.S.Zero, OO, True)
POSITIVE = Range(sympy.S.Zero, OO)
BIT = Range(sympy.S.Zero, sympy.S.One, True, True)


class Ranges:
    """Ranges of terms under the domains of the variables and some hypotheses.

    Args:
        tensors: the variables with their domains.
        hypotheses: conditions whose conjuncts bound a term, a positive or negative one, by a number.
    """

    def __init__(self, tensors: Mapping[str, Tensor], hypotheses: Iterable[Term] = ()) -> None:
        self.tensors = tensors
        self.memo: dict[Any, Range | None] = {}
        self.facts: dict[Any, Range] = {}
        self.conditions: set[Any] = set()
        for hypothesis in hypotheses:
            for condition in conjuncts(hypothesis):
                self.assume(condition)

    def assume(self, condition: Term) -> None:
        """Take a condition as true."""
        self.memo.clear()
        self.conditions.add(condition)
        if not isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal):
            return
        a, b = condition.args
        closed = not isinstance(condition, atoms.Less)
        for term, low, high in ((b - a, sympy.S.Zero, OO), (a - b, -OO, sympy.S.Zero)):
            equal = isinstance(condition, atoms.Equal)
            self._bound(term, point(sympy.S.Zero) if equal else Range(low, high, closed, closed))
        for term, other, below in ((a, b, False), (b, a, True)):
            if other.is_Rational:
                bound = Range(other, OO, closed) if below else Range(-OO, other, False, closed)
                self._bound(term, point(other) if isinstance(condition, atoms.Equal) else bound)

    def _bound(self, term: Term, bound: Range) -> None:
        if not term.is_Number:
            # A hypothesis that compares says nothing about which infinite values are excluded at the other end.
            widened = Range(
                bound.low, bound.high, bound.low_closed or bound.low == -OO, bound.high_closed or bound.high == OO
            )
            self.facts[term] = self.facts[term].met(widened) if term in self.facts else widened

    def holds(self, condition: Term) -> bool:
        """Whether a condition evidently holds; False says nothing."""
        if condition == 1 or condition in self.conditions:
            return True
        if isinstance(condition, atoms.And):
            return all(self.holds(part) for part in condition.args)
        if isinstance(condition, atoms.Or):
            return any(self.holds(part) for part in condition.args)
        if isinstance(condition, Along) and condition.operation == "all":
            return condition.guard == 1 and self.holds(condition.body)
        if not isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual):
            return False
        a, b = condition.args
        left, right = self.range(a), self.range(b)
        if left is None or right is None:
            return False
        if isinstance(condition, atoms.Equal):
            return left == right and left.low == left.high
        if isinstance(condition, atoms.NotEqual):
            apart = (left.without(right.high) and left.above(right.high)) or (
                left.without(right.low) and left.below(right.low)
            )
            return apart or self._difference(a, b, lambda r: r.without(0))
        strictly = isinstance(condition, atoms.Less)
        if strictly:
            apart = bool(left.high < right.low) or (
                left.high == right.low and not (left.high_closed and right.low_closed)
            )
        else:
            apart = bool(left.high <= right.low)
        return apart or self._difference(b, a, lambda r: r.above(0, strictly))

    def _difference(self, a: Term, b: Term, test: Callable[[Range], bool]) -> bool:
        """A test of a - b, where both sides are finite so that the difference has the sign of the comparison."""
        sides = (self.range(a), self.range(b))
        if not all(side is not None and side.finite for side in sides):
            return False
        found = self.range(a - b)
        return found is not None and test(found)

    def range(self, e: Term) -> Range | None:
        """The range of a term, or None where it may have no value."""
        if e not in self.memo:
            found = self._build(e)
            known = self.facts.get(e)
            negated = self.facts.get(-e)
            if found is not None and known is not None:
                found = found.met(known)
            if found is not None and negated is not None:
                found = found.met(_scaled(negated, sympy.S.NegativeOne))
            self.memo[e] = found
        return self.memo[e]

    def _build(self, e: Any) -> Range | None:
        if e is sympy.nan or e is sympy.zoo:
            return None
        if e.is_Rational or e in (OO, -OO):
            return point(e)
        if e.is_number and e.is_extended_real and not e.atoms(Along):
            return _number(e)
        if isinstance(e, Read):
            return self._read(e)
        if isinstance(e, SizeSymbol):
            return Range(sympy.S.One, OO, True)
        if isinstance(e, AxisSymbol):
            return NONNEGATIVE
        if isinstance(e, sympy.Integral | sympy.Limit):
            return None
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, sympy.Add):
            return self._add(e)
        if isinstance(e, sympy.Mul):
            return self._mul(e)
        if isinstance(e, sympy.Pow):
            return self._pow(*e.args)
        if isinstance(e, atoms.Where):
            return self._where(*e.args)
        return self._atom(e)

    def _read(self, e: Read) -> Range | None:
        tensor = self.tensors.get(e.tensor)
        if tensor is None:
            return Range()
        return domain_range(tensor.domain)

    def _where(self, condition: Term, yes: Term, no: Term) -> Range | None:
        inside = self.under(condition).range(yes)
        from symloss.proof.closing import negation

        outside = self.under(negation(condition)).range(no)
        return None if inside is None or outside is None else inside.joined(outside)

    def under(self, condition: Term) -> Ranges:
        """The same with one more hypothesis."""
        other = Ranges(self.tensors)
        other.facts, other.conditions = dict(self.facts), set(self.conditions)
        for part in conjuncts(condition):
            other.assume(part)
        return other

    def _atom(self, e: Any) -> Range | None:
        inner = [self.range(argument) for argument in e.args]
        if any(r is None for r in inner):
            return None
        rule = _ATOMS.get(type(e).__name__)
        if rule is not None:
            found: Range | None = rule(*inner)
            return found
        record = record_of(e)
        if record is None:
            return None
        for r, domain in zip(inner, record.domains, strict=False):
            if domain != sympy.S.Reals and not _within(r, domain):
                return None
        image = record.image
        if isinstance(image, sympy.FiniteSet):
            return Range(min(image), max(image), True, True)
        ends = Range(image.inf, image.sup, not image.left_open, not image.right_open)
        low = Range(ends.low, ends.high, ends.low_closed or ends.low == -OO, ends.high_closed or ends.high == OO)
        return low if any(not r.finite for r in inner if r is not None) or ends.low == -OO or ends.high == OO else ends

    def _along(self, e: Along) -> Range | None:
        if e.operation in ("all", "any"):
            return BIT
        inner = self.under(e.guard) if e.guard != 1 else self
        body = inner.range(e.body)
        if body is None:
            return None
        if e.operation == "sum":
            return _summed(body, e.guard == 1)
        if e.operation == "norm":
            return Range(sympy.S.Zero, OO, True, not body.finite)
        guarded = e.guard != 1
        if e.operation == "logsumexp":
            return Range(-OO if guarded else body.low, OO, guarded or body.low_closed, not body.finite)
        if e.operation == "max":
            return Range(-OO, body.high, True, body.high_closed) if guarded else body
        return Range(body.low, OO, body.low_closed, True) if guarded else body

    # --- sums and products --------------------------------------------------------------------------------------------

    def _add(self, e: Any) -> Range | None:
        total = point(sympy.S.Zero)
        for term in e.args:
            found = self.range(term)
            if found is None:
                return None
            added = _added(total, found)
            if added is None:
                return None
            total = added
        better = self._against_logsumexp(e)
        return total.met(better) if better is not None else total

    def _against_logsumexp(self, e: Any) -> Range | None:
        """``logsumexp[k](b(k)) - b(i)`` is never negative: the sum has the term exp(b(i))."""
        for term in e.args:
            scale, part = term.as_coeff_Mul()
            if isinstance(part, LogSumExpAlong) and scale.is_Rational and self._is_item(part, part - e / scale):
                finite = self.range(part)
                bound = Range(sympy.S.Zero, OO, True, finite is None or not finite.finite)
                return _scaled(bound, scale)
        return None

    def _is_item(self, node: Along, target: Term) -> bool:
        """Whether a term is the body of a reduction at some admitted index."""
        target = sympy.expand(target)
        for index in _candidates(node, target):
            place = {node.axis: index}
            if sympy.expand(substitute(node.body, place)) == target and self.holds(substitute(node.guard, place)):
                return True
        return False

    def _mul(self, e: Any) -> Range | None:
        factors = self._averages(list(e.args))
        total = point(sympy.S.One)
        for factor in factors:
            found = factor if isinstance(factor, Range) else self.range(factor)
            if found is None:
                return None
            product = _multiplied(total, found)
            if product is None:
                return None
            total = product
        return total

    def _averages(self, factors: list[Any]) -> list[Any]:
        """A sum over all items, divided by their number, lies where the items lie."""
        for inverse in factors:
            if not (isinstance(inverse, sympy.Pow) and inverse.exp == -1 and isinstance(inverse.base, SizeSymbol)):
                continue
            for total in factors:
                same = isinstance(total, SumAlong) and total.guard == 1
                if same and total.axis.axis.split("'")[0] == inverse.base.axis:
                    body = self.range(total.body)
                    if body is not None:
                        rest = [f for f in factors if f is not total and f is not inverse]
                        return [body, *rest]
        return factors

    def _pow(self, base: Term, exponent: Term) -> Range | None:
        b, p = self.range(base), self.range(exponent)
        if b is None or p is None:
            return None
        if exponent.is_Integer:
            nonzero = atoms.NotEqual(base, 0) in self.conditions
            return _integer_power(b, int(exponent), nonzero)
        if b.above(0) and p.finite:
            if exponent.is_Rational and exponent > 0:
                one = _monotone(lambda x: sympy.S(x) ** exponent, b)
                return _rounded(one)
            if p.above(0) and b.below(1):
                return Range(sympy.S.Zero, sympy.S.One, b.low_closed, True)
            if b.above(0, True):
                return POSITIVE if b.finite else Range(sympy.S.Zero, OO, True, True)
            if p.above(0):
                return Range(sympy.S.Zero, OO, True, not b.finite)
        return None


def domain_range(domain: Domain) -> Range:
    """The range of a variable."""
    if domain.kind == "interval":
        return Range(domain.lower, domain.upper, domain.lower_closed, domain.upper_closed)
    if domain.kind == "set":
        return Range(min(domain.values), max(domain.values), True, True)
    if domain.kind in ("simplex", "boolean"):
        return BIT
    return NONNEGATIVE


def range_domain(term: Term, tensors: Mapping[str, Tensor]) -> Domain:
    """A domain that holds every value of a term."""
    found = Ranges(tensors).range(term)
    if found is None or not found.finite:
        return Domain()
    return Domain("interval", found.low, found.high, found.low_closed, found.high_closed)


def _candidates(node: Along, target: Term) -> list[Any]:
    """Indices at which a body could be a term: those that stand in the term where the body has its axis."""
    places = {
        (read.tensor, position)
        for read in all_reads(node.body)
        for position, entry in enumerate(read.index)
        if entry == node.axis
    }
    found = [
        read.index[position]
        for read in sorted(all_reads(target), key=str)
        for tensor, position in sorted(places)
        if read.tensor == tensor and node.axis.axis not in axes_of(read.index[position])
    ]
    return list(dict.fromkeys(found))


def _number(e: Any) -> Range | None:
    """Rational bounds of a constant, by interval arithmetic."""
    from fractions import Fraction

    from symloss.proof.arithmetic import Enclosure, UndefinedError

    try:
        value = Enclosure({}, 96).value(e)
    except UndefinedError:
        return None
    if isinstance(value, Fraction | float):
        return point(sympy.sympify(value))
    low, high = (sympy.Rational(*_ratio(end)) for end in (value.a, value.b))
    return Range(low, high, True, True)


def _ratio(end: Any) -> tuple[int, int]:
    from mpmath import mpf
    from mpmath.libmp import to_rational

    p, q = to_rational(mpf(end.mid if hasattr(end, "mid") else end)._mpf_)
    return int(p), int(q)


def _within(r: Range | None, domain: Any) -> bool:
    if r is None or not isinstance(domain, sympy.Interval):
        return False
    low_ok = domain.start == -OO or r.above(domain.start, strictly=bool(domain.left_open))
    return low_ok and (domain.end == OO or r.below(domain.end, strictly=bool(domain.right_open)))


def _added(a: Range, b: Range) -> Range | None:
    for one, other in ((a, b), (b, a)):
        if one.low == -OO and one.low_closed and other.high == OO and other.high_closed:
            return None

    def end(x: Any, y: Any, x_closed: bool, y_closed: bool) -> tuple[Any, bool]:
        if x.is_infinite or y.is_infinite:
            infinite = x if x.is_infinite else y
            return infinite, (x.is_infinite and x_closed) or (y.is_infinite and y_closed)
        return x + y, x_closed and y_closed

    low, low_closed = end(a.low, b.low, a.low_closed, b.low_closed)
    high, high_closed = end(a.high, b.high, a.high_closed, b.high_closed)
    return Range(low, high, bool(low_closed), bool(high_closed))


def _scaled(r: Range, factor: Any) -> Range:
    if factor == 0:
        return point(sympy.S.Zero)
    if factor > 0:
        return Range(r.low * factor, r.high * factor, r.low_closed, r.high_closed)
    return Range(r.high * factor, r.low * factor, r.high_closed, r.low_closed)


def _multiplied(a: Range, b: Range) -> Range | None:
    for one, other in ((a, b), (b, a)):
        if not one.finite and not other.without(0):
            return None
    ends = []
    for x, x_closed in ((a.low, a.low_closed), (a.high, a.high_closed)):
        for y, y_closed in ((b.low, b.low_closed), (b.high, b.high_closed)):
            if x == 0 or y == 0:
                # 0 is a value of the product if it is one of a factor.
                ends.append((sympy.S.Zero, (x == 0 and x_closed) or (y == 0 and y_closed)))
            else:
                infinite = (x.is_infinite and x_closed) or (y.is_infinite and y_closed)
                ends.append((x * y, infinite if (x * y).is_infinite else x_closed and y_closed))
    low, high = min(e for e, _ in ends), max(e for e, _ in ends)
    return Range(
        low,
        high,
        any(c for e, c in ends if e == low) or _crossing(a, b, low),
        any(c for e, c in ends if e == high) or _crossing(a, b, high),
    )


def _crossing(a: Range, b: Range, end: Any) -> bool:
    """An end 0 is a value where a factor crosses 0."""
    return bool(end == 0 and (not a.without(0) or not b.without(0)))


def _integer_power(b: Range, p: int, nonzero: bool = False) -> Range | None:
    if p < 0:
        positive = _integer_power(b, -p, nonzero)
        return None if positive is None or not positive.without(0) else _inverse(positive)
    found = _natural_power(b, p)
    if not nonzero:
        return found
    # An end that is 0 is no value; a 0 inside a range cannot be taken out of an interval.
    closed = (found.low_closed and found.low != 0, found.high_closed and found.high != 0)
    return Range(found.low, found.high, *closed)


def _natural_power(b: Range, p: int) -> Range:
    if p % 2 == 1:
        return Range(b.low**p, b.high**p, b.low_closed, b.high_closed)
    if b.above(0):
        return Range(b.low**p, b.high**p, b.low_closed, b.high_closed)
    if b.below(0):
        return Range(b.high**p, b.low**p, b.high_closed, b.low_closed)
    low, high = b.low**p, b.high**p
    if low == high:
        return Range(sympy.S.Zero, high, True, b.low_closed or b.high_closed)
    return Range(sympy.S.Zero, max(low, high), True, b.low_closed if low > high else b.high_closed)


def _inverse(r: Range) -> Range | None:
    """1/x for a range that excludes 0; an infinite x gives 0."""

    def end(x: Any, closed: bool, sign: int) -> tuple[Any, bool]:
        if x == 0:
            return sign * OO, False
        return (sympy.S.Zero, closed) if x.is_infinite else (1 / x, closed)

    if r.above(0):
        low, high = end(r.high, r.high_closed, 1), end(r.low, r.low_closed, 1)
    elif r.below(0):
        low, high = end(r.high, r.high_closed, -1), end(r.low, r.low_closed, -1)
    else:
        return None
    return Range(low[0], high[0], low[1], high[1])


def _monotone(function: Callable[[Any], Any], r: Range) -> Range:
    return Range(function(r.low), function(r.high), r.low_closed, r.high_closed)


def _rounded(r: Range) -> Range:
    """Irrational ends replaced by rational ones outside."""
    low, high = r.low, r.high
    low_closed, high_closed = r.low_closed, r.high_closed
    if not (low.is_Rational or low.is_infinite):
        found = _number(low)
        low, low_closed = (found.low, True) if found is not None else (sympy.S.Zero, True)
    if not (high.is_Rational or high.is_infinite):
        found = _number(high)
        high, high_closed = (found.high, True) if found is not None else (OO, False)
    return Range(low, high, low_closed, high_closed)


def _summed(body: Range, whole: bool) -> Range:
    """At least one item if no guard stands in the way, and any number of them."""
    zero = sympy.S.Zero
    low = (body.low if whole else zero) if body.low >= 0 else -OO
    high = (body.high if whole else zero) if body.high <= 0 else OO
    low_closed = (body.low_closed or not whole) if body.low >= 0 else body.low == -OO and body.low_closed
    high_closed = (body.high_closed or not whole) if body.high <= 0 else body.high == OO and body.high_closed
    if not body.finite:
        low_closed = low_closed or (low == -OO and body.low == -OO and body.low_closed)
        high_closed = high_closed or (high == OO and body.high == OO and body.high_closed)
        if body.low == -OO and body.high == OO and body.low_closed and body.high_closed:
            return Range(-OO, OO, True, True)
    return Range(low, high, bool(low_closed), bool(high_closed))


# --- atoms ----------------------------------------------------------------------------------------------------------


def _exp(x: Range) -> Range:
    zero, one = sympy.S.Zero, sympy.S.One
    low = (one, x.low_closed) if x.low == 0 else (one, False) if x.low > 0 else (zero, x.low == -OO and x.low_closed)
    high = (one, x.high_closed) if x.high == 0 else (one, False) if x.high < 0 else (OO, x.high == OO and x.high_closed)
    return Range(low[0], high[0], bool(low[1]), bool(high[1]))


def _log(x: Range) -> Range | None:
    if not x.above(0):
        return None
    zero = sympy.S.Zero
    low = (zero, x.low_closed) if x.low == 1 else (zero, False) if x.low > 1 else (-OO, x.low == 0 and x.low_closed)
    high = (
        (zero, x.high_closed) if x.high == 1 else (zero, False) if x.high < 1 else (OO, x.high == OO and x.high_closed)
    )
    return Range(low[0], high[0], bool(low[1]), bool(high[1]))


def _absolute(x: Range) -> Range:
    if x.above(0):
        return x
    if x.below(0):
        return _scaled(x, sympy.S.NegativeOne)
    ends = [(-x.low, x.low_closed), (x.high, x.high_closed)]
    high = max(end for end, _ in ends)
    return Range(sympy.S.Zero, high, True, any(closed for end, closed in ends if end == high))


def _maximum(a: Range, b: Range) -> Range:
    low, high = max(a.low, b.low), max(a.high, b.high)
    low_closed = all(r.low_closed for r in (a, b) if r.low == low)
    return Range(low, high, low_closed, any(r.high_closed for r in (a, b) if r.high == high))


def _minimum(a: Range, b: Range) -> Range:
    turned = _maximum(_scaled(a, sympy.S.NegativeOne), _scaled(b, sympy.S.NegativeOne))
    return _scaled(turned, sympy.S.NegativeOne)


def _times_zero_wins(a: Range, b: Range) -> Range | None:
    """a·b where a zero a wins over an infinite b."""
    if a.without(0) or b.finite:
        return _multiplied(a, b)
    parts = [point(sympy.S.Zero)]
    for half in (Range(sympy.S.Zero, OO), Range(-OO, sympy.S.Zero)):
        rest = a.met(half)
        if rest.low < rest.high:
            product = _multiplied(rest, b)
            if product is None:
                return None
            parts.append(product)
    total = parts[0]
    for part in parts[1:]:
        total = total.joined(part)
    return total


def _x_log_y(x: Range, y: Range) -> Range | None:
    inner = _log(y)
    return None if inner is None else _times_zero_wins(x, inner)


def _x_over_y(x: Range, y: Range) -> Range | None:
    if not (y.above(0) or y.below(0)):
        return None
    inverse = _inverse(y) if y.without(0) else None
    if inverse is None:
        inverse = (
            Range(sympy.S.Zero, OO, not y.finite, True) if y.above(0) else Range(-OO, sympy.S.Zero, True, not y.finite)
        )
    return _times_zero_wins(x, inverse)


def _softplus(x: Range) -> Range:
    return Range(sympy.S.Zero, OO, x.low == -OO and x.low_closed, x.high == OO and x.high_closed)


def _sigmoid(x: Range) -> Range:
    zero, half, one = sympy.S.Zero, sympy.S.Half, sympy.S.One
    low = (half, x.low_closed) if x.low == 0 else (half, False) if x.low > 0 else (zero, not x.finite)
    high = (half, x.high_closed) if x.high == 0 else (half, False) if x.high < 0 else (one, not x.finite)
    return Range(low[0], high[0], low[1], high[1])


def _nonnegative_tail(x: Range) -> Range:
    return Range(sympy.S.Zero, OO, True, not x.finite)


_ZERO = point(sympy.S.Zero)
_ATOMS: dict[str, Any] = {
    "exp": _exp,
    "log": _log,
    "Absolute": _absolute,
    "Maximum": _maximum,
    "Minimum": _minimum,
    "Relu": lambda x: _maximum(x, _ZERO),
    "Ramp": lambda x: _maximum(x, _ZERO),
    "XLogY": _x_log_y,
    "XOverY": _x_over_y,
    "ZeroTimes": _times_zero_wins,
    "Softplus": _softplus,
    "Sigmoid": _sigmoid,
    "LogCosh": _nonnegative_tail,
    "ExpTail": _nonnegative_tail,
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
    "Clamp": lambda x, lo, hi: _minimum(_maximum(x, lo), hi),
}
