"""Signs and bounds of closed terms for every size, by rules of the re-check's own: interval arithmetic on closed ends
in the extended reals, with a flag for each end that is not reached.

A function is bounded by its values at the ends of its arguments' intervals where this module's table says that it is
monotone there; the values come from enclosures. A term that may have no value has no bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.recheck.evaluation import Evaluation
from symloss.proof.recheck.functions import FUNCTIONS
from symloss.proof.recheck.intervals import NoValueError, field, working
from symloss.proof.terms import Along, all_reads, conjuncts, stem

_BITS = 80
_OO = math.inf
Number = Fraction | float


@dataclass(frozen=True)
class Bounds:
    """Every value lies between two ends; an end that is ``open`` is no value."""

    low: Number
    high: Number
    low_open: bool = False
    high_open: bool = False

    @property
    def finite(self) -> bool:
        """Whether no value is infinite."""
        return (self.low > -_OO or self.low_open) and (self.high < _OO or self.high_open)

    def only(self, signs: Iterable[int]) -> bool:
        """Whether every value has one of these signs."""
        possible = {
            -1: self.low < 0,
            0: self.low <= 0 <= self.high
            and not (self.low == 0 and self.low_open)
            and not (self.high == 0 and self.high_open),
            1: self.high > 0,
        }
        return all(sign in set(signs) for sign, is_possible in possible.items() if is_possible)

    def meet(self, other: Bounds) -> Bounds:
        """Both hold."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Bounds(
            low,
            high,
            any(b.low_open for b in (self, other) if b.low == low),
            any(b.high_open for b in (self, other) if b.high == high),
        )

    def join(self, other: Bounds) -> Bounds:
        """One of the two holds."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Bounds(
            low,
            high,
            all(b.low_open for b in (self, other) if b.low == low),
            all(b.high_open for b in (self, other) if b.high == high),
        )

    def __neg__(self) -> Bounds:
        return Bounds(-self.high, -self.low, self.high_open, self.low_open)


BIT = Bounds(Fraction(0), Fraction(1))
_ANY = Bounds(-_OO, _OO)
_SIDES = {"Less": (-1,), "LessEqual": (-1, 0), "Equal": (0,), "NotEqual": (-1, 1)}


def one(value: Number) -> Bounds:
    """A single value."""
    return Bounds(value, value)


class Knowledge:
    """Bounds of terms from the variables' domains and from conditions.

    Args:
        tensors: the variables.
        conditions: what may be assumed.
    """

    def __init__(self, tensors: Mapping[str, Tensor], conditions: Iterable[Any] = ()) -> None:
        self.tensors = tensors
        self.conditions = {part for condition in conditions for part in conjuncts(condition)}
        self._memo: dict[Any, Bounds | None] = {}

    def under(self, condition: Any) -> Knowledge:
        """The same with one more condition."""
        return Knowledge(self.tensors, (*self.conditions, condition))

    def holds(self, condition: Any) -> bool:
        """Whether a condition follows; False says nothing."""
        if condition == 1 or condition in self.conditions or condition in self._instances(condition):
            return True
        name = type(condition).__name__
        if name == "And":
            return all(map(self.holds, condition.args))
        if name == "Or":
            return any(map(self.holds, condition.args)) or self._one_of(condition.args)
        if isinstance(condition, Along) and condition.operation == "any":
            return any(
                set(conjuncts(substitute(condition.body, place))) <= self.conditions
                for known in self.conditions
                for place in _indices(condition, known)
            )
        if isinstance(condition, Along) and condition.operation == "all":
            return self._with_guard(condition).holds(condition.body)
        if name not in _SIDES:
            return False
        a, b = condition.args
        return self._compared(a, b, _SIDES[name])

    def _one_of(self, parts: tuple[Any, ...]) -> bool:
        """A disjunction: comparisons of the same two terms together, or one part where the others do not hold."""
        signs: dict[tuple[Any, Any], set[int]] = {}
        for part in parts:
            if type(part).__name__ in _SIDES:
                a, b = part.args
                turned = str(a) > str(b)
                found = signs.setdefault((b, a) if turned else (a, b), set())
                found.update(-s if turned else s for s in _SIDES[type(part).__name__])
        if any(len(found) > 1 and self._compared(*pair, tuple(found)) for pair, found in signs.items()):
            return True
        if len(parts) != 2:
            return False
        return any(self.under(_not(other)).holds(part) for part, other in (parts, parts[::-1]) if _simple(part))

    def _compared(self, a: Any, b: Any, signs: tuple[int, ...]) -> bool:
        left, right = self.bounds(a), self.bounds(b)
        if left is None or right is None:
            return False
        apart = {
            -1: left.high < right.low or (left.high == right.low and (left.high_open or right.low_open)),
            1: left.low > right.high or (left.low == right.high and (left.low_open or right.high_open)),
        }
        if any(apart[sign] for sign in signs if sign):
            return True
        if 0 in signs and (
            (-1 in signs and left.high <= right.low)
            or (1 in signs and left.low >= right.high)
            or left.low == left.high == right.low == right.high
        ):
            return True
        if not (left.finite and right.finite):
            return False
        difference = self.bounds(a - b)
        return difference is not None and difference.only(signs)

    def bounds(self, e: Any) -> Bounds | None:
        """The bounds of a term, or None where it may have no value."""
        if e not in self._memo:
            found = self._build(e)
            for condition in (*self.conditions, *self._instances(e)) if found is not None else ():
                told = self._told(condition, e)
                found = found.meet(told) if told is not None and found is not None else found
            self._memo[e] = found
        return self._memo[e]

    def _instances(self, e: Any) -> list[Any]:
        """What the conditions "for every item" say about the items that a term reads."""
        found: list[Any] = []
        for condition in self.conditions:
            if isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1:
                for place in _indices(condition, e):
                    found += conjuncts(substitute(condition.body, place))
        return found

    def _told(self, condition: Any, e: Any) -> Bounds | None:
        """What a comparison says about a term: one of its sides beside a number, or the difference of its sides."""
        name = type(condition).__name__
        if name not in ("Less", "LessEqual", "Equal"):
            return None
        a, b = condition.args
        strict, equal = name == "Less", name == "Equal"
        for term, bound, side in ((a, b, 1), (b, a, -1), (a - b, sympy.S.Zero, 1)):
            if bound.is_Rational and e in (term, -term):
                told = _half(_rational(bound), side, strict, equal)
                return told if e == term else -told
        return None

    # --- terms --------------------------------------------------------------------------------------------------

    def _build(self, e: Any) -> Bounds | None:
        if isinstance(e, Read):
            tensor = self.tensors.get(e.tensor)
            return _ends_of(tensor.domain) if tensor is not None else Bounds(-_OO, _OO, True, True)
        if isinstance(e, SizeSymbol):
            return Bounds(Fraction(1), _OO, False, True)
        if isinstance(e, AxisSymbol):
            return Bounds(Fraction(0), _OO, False, True)
        if isinstance(e, Along):
            return self._along(e)
        if e is sympy.nan or e is sympy.zoo or isinstance(e, sympy.Integral | sympy.Limit):
            return None
        if not e.free_symbols:
            return self._constant(e)
        name = type(e).__name__
        if name in _SIDES or name in ("And", "Or", "Not"):
            return BIT
        if isinstance(e, atoms.Where):
            condition, yes, no = e.args
            inside, outside = self.under(condition).bounds(yes), self.under(_not(condition)).bounds(no)
            return None if inside is None or outside is None else inside.join(outside)
        if isinstance(e, sympy.Add):
            return self._add(e)
        if isinstance(e, sympy.Mul):
            return self._mul(e)
        if isinstance(e, sympy.Pow):
            return self._power(*e.args)
        inner = [self.bounds(argument) for argument in e.args]
        return None if any(b is None for b in inner) else self._function(name, inner)

    def _constant(self, e: Any) -> Bounds | None:
        return _enclosed(lambda s: s.value(e))

    def _with_guard(self, e: Along) -> Knowledge:
        return self.under(e.guard) if e.guard != 1 else self

    def _along(self, e: Along) -> Bounds | None:
        if e.operation in ("all", "any"):
            return BIT
        body = self._with_guard(e).bounds(e.body)
        if body is None:
            return None
        whole = e.guard == 1
        if e.operation == "sum":
            return _sum_of_many(body, whole)
        if e.operation == "norm":
            return Bounds(Fraction(0), _OO, False, body.finite)
        if e.operation == "logsumexp":
            low = body.low if whole else -_OO
            return Bounds(low, _OO, whole and body.low_open, body.finite)
        if e.operation == "max":
            return body if whole else Bounds(-_OO, body.high, False, body.high_open)
        return body if whole else Bounds(body.low, _OO, body.low_open, False)

    def _add(self, e: Any) -> Bounds | None:
        total = one(Fraction(0))
        for term in e.args:
            found = self.bounds(term)
            added = None if found is None else _plus(total, found)
            if added is None:
                return None
            total = added
        item = self._over_item(e)
        return total if item is None else total.meet(item)

    def _over_item(self, e: Any) -> Bounds | None:
        """``c·(logsumexp b - b at some index)`` has the sign of c: the logarithm of a sum is above that of an item."""
        for term in e.args:
            factor, node = term.as_coeff_Mul()
            if not (isinstance(node, Along) and node.operation == "logsumexp" and factor.is_Rational):
                continue
            rest = sympy.expand(node - e / factor)
            for place in _indices(node, rest):
                item, guard = substitute(node.body, place), substitute(node.guard, place)
                if sympy.expand(item - rest) == 0 and self.holds(guard):
                    found = self.bounds(node)
                    above = Bounds(Fraction(0), _OO, False, found is not None and found.finite)
                    return above if factor > 0 else -above
        return None

    def _mul(self, e: Any) -> Bounds | None:
        factors = list(e.args)
        found: list[Bounds | None] = []
        for inverse in [f for f in factors if isinstance(f, sympy.Pow) and f.exp == -1]:
            for total in factors:
                averaged = (
                    isinstance(total, Along)
                    and total.operation == "sum"
                    and total.guard == 1
                    and isinstance(inverse.base, SizeSymbol)
                    and stem(total.axis.axis) == inverse.base.axis
                )
                if averaged and inverse in factors:
                    factors = [f for f in factors if f is not total and f is not inverse]
                    found.append(self.bounds(total.body))
        found += [self.bounds(factor) for factor in factors]
        product: Bounds | None = one(Fraction(1))
        for part in found:
            product = None if part is None or product is None else _times(product, part)
        return product

    def _power(self, base: Any, exponent: Any) -> Bounds | None:
        b = self.bounds(base)
        if b is None:
            return None
        if exponent.is_Integer:
            n = int(exponent)
            found = _whole_power(b, abs(n))
            apart = atoms.NotEqual(base, 0) in self.conditions
            if n > 0:
                return Bounds(found.low, found.high, True, found.high_open) if apart and found.low == 0 else found
            if apart:
                found = Bounds(
                    found.low, found.high, found.low_open or found.low == 0, found.high_open or found.high == 0
                )
            return _inverse(found)
        p = self.bounds(exponent)
        if p is None or not p.finite or not b.only((0, 1)):
            return None
        zero, unit = Fraction(0), Fraction(1)
        if exponent.is_Rational and exponent > 0:
            return _increasing(lambda s, x: s.power(x, Fraction(int(exponent.p), int(exponent.q))), b)
        if p.only((0, 1)) and b.high <= 1:
            return Bounds(zero, unit, b.only((1,)))
        if b.only((1,)):
            return Bounds(zero, _OO, b.finite, b.finite)
        return Bounds(zero, _OO, False, b.finite) if p.only((0, 1)) else None

    def _function(self, name: str, inner: list[Any]) -> Bounds | None:
        if name in _INCREASING:
            rule, low, high = _INCREASING[name]
            x = inner[0]
            if low is not None and x.low < low:
                return None
            return _increasing(rule, x).meet(high)
        special = _SPECIAL.get(name)
        return None if special is None else special(*inner)


def _simple(part: Any) -> bool:
    """No disjunction itself, so that looking into it ends."""
    return type(part).__name__ != "Or"


def _not(condition: Any) -> Any:
    name = type(condition).__name__
    if name in ("Less", "LessEqual"):
        a, b = condition.args
        return (atoms.LessEqual if name == "Less" else atoms.Less)(b, a)
    if name in ("Equal", "NotEqual"):
        return (atoms.NotEqual if name == "Equal" else atoms.Equal)(*condition.args)
    return condition.args[0] if name == "Not" else atoms.Not(condition)


def _half(bound: Fraction, side: int, strict: bool, equal: bool) -> Bounds:
    """At most (side 1) or at least a number."""
    if equal:
        return one(bound)
    return Bounds(-_OO, bound, False, strict) if side > 0 else Bounds(bound, _OO, strict, False)


def _ends_of(domain: Domain) -> Bounds:
    if domain.kind == "interval":
        low, high = (
            -_OO if e == -sympy.oo else _OO if e == sympy.oo else _rational(e) for e in (domain.lower, domain.upper)
        )
        return Bounds(low, high, not domain.lower_closed, not domain.upper_closed)
    if domain.kind == "set":
        values = [_rational(value) for value in domain.values]
        return Bounds(min(values), max(values))
    return BIT if domain.kind in ("simplex", "boolean") else Bounds(Fraction(0), _OO, False, True)


def _rational(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _indices(node: Along, rest: Any) -> list[dict[Any, Any]]:
    """The places at which a body could be an item: those that the other terms have where the body has its axis."""
    found = []
    for inside in all_reads(node.body):
        for other in sorted(all_reads(rest), key=str):
            if other.tensor == inside.tensor:
                found += [
                    {node.axis: there}
                    for here, there in zip(inside.index, other.index, strict=True)
                    if here == node.axis and (there == here or node.axis.axis not in axes_of(there))
                ]
    return found


# --- arithmetic on ends -----------------------------------------------------------------------------------------


def _enclosed(question: Any) -> Bounds | None:
    with working(_BITS):
        s = Evaluation({}, {}, field(_BITS))
        try:
            value = question(s)
        except NoValueError:
            return None
        if isinstance(value, Fraction | float):
            return one(value)
        ends = s.field.ends(value)
        return None if ends is None else Bounds(*ends)


def _increasing(rule: Any, x: Bounds) -> Bounds:
    """The bounds of an increasing function: its values at the ends, outwards; an open end stays open if it is exact."""
    low, high = (_enclosed(lambda s, end=end: rule(s, end)) for end in (x.low, x.high))
    exact = [found is not None and found.low == found.high for found in (low, high)]
    return Bounds(
        low.low if low is not None else -_OO,
        high.high if high is not None else _OO,
        x.low_open and exact[0],
        x.high_open and exact[1],
    )


def _plus(a: Bounds, b: Bounds) -> Bounds | None:
    for x, y in ((a, b), (b, a)):
        if x.low == -_OO and not x.low_open and y.high == _OO and not y.high_open:
            return None

    def end(x: Number, y: Number, x_open: bool, y_open: bool) -> tuple[Number, bool]:
        if math.isinf(x) or math.isinf(y):
            reached = (math.isinf(x) and not x_open) or (math.isinf(y) and not y_open)
            return (x if math.isinf(x) else y), not reached
        return x + y, x_open or y_open

    low, low_open = end(a.low, b.low, a.low_open, b.low_open)
    high, high_open = end(a.high, b.high, a.high_open, b.high_open)
    return Bounds(low, high, low_open, high_open)


def _times(a: Bounds, b: Bounds) -> Bounds | None:
    for x, y in ((a, b), (b, a)):
        if not x.finite and not y.only((-1, 1)):
            return None
    ends: list[tuple[Number, bool]] = []
    for v, v_open in ((a.low, a.low_open), (a.high, a.high_open)):
        for w, w_open in ((b.low, b.low_open), (b.high, b.high_open)):
            if v == 0 or w == 0:
                ends.append((Fraction(0), not ((v == 0 and not v_open) or (w == 0 and not w_open))))
            else:
                infinite = math.isinf(v) or math.isinf(w)
                reached = (math.isinf(v) and not v_open) or (math.isinf(w) and not w_open)
                value = math.copysign(_OO, v) * math.copysign(1, w) if infinite else v * w
                ends.append((value, not reached if infinite else v_open or w_open))
    low, high = min(v for v, _ in ends), max(v for v, _ in ends)
    zero_inside = not a.only((-1, 1)) or not b.only((-1, 1))
    return Bounds(
        low,
        high,
        all(o for v, o in ends if v == low) and not (low == 0 and zero_inside),
        all(o for v, o in ends if v == high) and not (high == 0 and zero_inside),
    )


def _raised(x: Number, n: int) -> Number:
    return (_OO if x > 0 or n % 2 == 0 else -_OO) if math.isinf(x) else x**n


def _whole_power(b: Bounds, n: int) -> Bounds:
    if n % 2 or b.low >= 0:
        return Bounds(_raised(b.low, n), _raised(b.high, n), b.low_open, b.high_open)
    if b.high <= 0:
        return Bounds(_raised(b.high, n), _raised(b.low, n), b.high_open, b.low_open)
    ends = [(_raised(b.low, n), b.low_open), (_raised(b.high, n), b.high_open)]
    high = max(v for v, _ in ends)
    return Bounds(Fraction(0), high, False, all(o for v, o in ends if v == high))


def _inverse(b: Bounds) -> Bounds | None:
    if not b.only((-1, 1)) or not (b.low >= 0 or b.high <= 0):
        return None
    if b.high <= 0:
        found = _inverse(-b)
        return None if found is None else -found
    high: tuple[Number, bool] = (_OO, True) if b.low == 0 else (1 / b.low, b.low_open)
    low: tuple[Number, bool] = (Fraction(0), b.high_open) if b.high == _OO else (1 / b.high, b.high_open)
    return Bounds(low[0], high[0], low[1], high[1])


def _sum_of_many(body: Bounds, whole: bool) -> Bounds:
    """At least one item where no guard may exclude them all, and any number of them."""
    zero = Fraction(0)
    low: tuple[Number, bool] = (body.low, body.low_open) if whole and body.low >= 0 else (zero, False)
    high: tuple[Number, bool] = (body.high, body.high_open) if whole and body.high <= 0 else (zero, False)
    if not body.finite and body.low < 0 < body.high:
        return _ANY
    if body.low < 0:
        low = (-_OO, body.low > -_OO or body.low_open)
    if body.high > 0:
        high = (_OO, body.high < _OO or body.high_open)
    return Bounds(low[0], high[0], low[1], high[1])


def _absolute(x: Bounds) -> Bounds:
    if x.low >= 0:
        return x
    if x.high <= 0:
        return -x
    ends = [(-x.low, x.low_open), (x.high, x.high_open)]
    high = max(v for v, _ in ends)
    return Bounds(Fraction(0), high, False, all(o for v, o in ends if v == high))


def _larger(a: Bounds, b: Bounds) -> Bounds:
    low, high = max(a.low, b.low), max(a.high, b.high)
    return Bounds(
        low,
        high,
        any(x.low_open for x in (a, b) if x.low == low),
        all(x.high_open for x in (a, b) if x.high == high),
    )


def _zero_wins(a: Bounds, b: Bounds | None) -> Bounds | None:
    """a·b where a = 0 gives 0 whatever b is."""
    if b is None:
        return None
    if b.finite or a.only((-1, 1)):
        return _times(a, b)
    found = one(Fraction(0))
    for half in (Bounds(Fraction(0), _OO, True), Bounds(-_OO, Fraction(0), False, True)):
        part = a.meet(half)
        if part.low < part.high:
            product = _times(part, b)
            if product is None:
                return None
            found = found.join(product)
    return found


def _log(x: Bounds) -> Bounds | None:
    return _increasing(lambda s, v: s.log(v), x) if x.low >= 0 else None


def _over(x: Bounds, y: Bounds) -> Bounds | None:
    if not (y.low >= 0 or y.high <= 0):
        return None
    inverse = _inverse(y)
    if inverse is None:
        inverse = Bounds(Fraction(0), _OO, y.finite) if y.low >= 0 else Bounds(-_OO, Fraction(0), False, y.finite)
    return _zero_wins(x, inverse)


_BOTH = Bounds(-_OO, _OO)
_UNIT = BIT
_SYMMETRIC = Bounds(Fraction(-1), Fraction(1))
_UPWARD = Bounds(Fraction(0), _OO)


def _of(name: str) -> Any:
    """A function by the evaluation's own table, extended to the ends."""
    return lambda s, x: FUNCTIONS[name](s, x)


def _tanh(s: Any, x: Any) -> Any:
    if isinstance(x, float):
        return Fraction(1 if x > 0 else -1)
    return _of("Tanh")(s, x)


def _sigmoid(s: Any, x: Any) -> Any:
    if isinstance(x, float):
        return Fraction(int(x > 0))
    return _of("Sigmoid")(s, x)


#: Increasing functions: value (also at infinite ends), least argument or None, a set that holds all values.
_INCREASING: dict[str, tuple[Any, Any, Bounds]] = {
    "exp": (lambda s, x: s.exp(x), None, _UPWARD),
    "log": (lambda s, x: s.log(x), 0, _BOTH),
    "Log1p": (_of("Log1p"), -1, _BOTH),
    "Log2": (lambda s, x: s.log(x) if isinstance(x, float) or x == 0 else _of("Log2")(s, x), 0, _BOTH),
    "Expm1": (_of("Expm1"), None, Bounds(Fraction(-1), _OO)),
    "Softplus": (_of("Softplus"), None, _UPWARD),
    "Sigmoid": (_sigmoid, None, _UNIT),
    "Tanh": (_tanh, None, _SYMMETRIC),
    "StopGradient": (lambda s, x: x, None, _BOTH),
}
_SPECIAL: dict[str, Any] = {
    "Absolute": _absolute,
    "Sign": lambda x: _SYMMETRIC,
    "Step": lambda x: BIT,
    "HalfStep": lambda x: BIT,
    "Inside": lambda x, low, high: BIT,
    "Relu": lambda x: _larger(x, one(Fraction(0))),
    "Ramp": lambda x: _larger(x, one(Fraction(0))),
    "Maximum": _larger,
    "Minimum": lambda a, b: -_larger(-a, -b),
    "Clamp": lambda x, low, high: -_larger(-_larger(x, low), -high),
    "SlopeAt": lambda f, c, slope: f,
    "LogCosh": lambda x: Bounds(Fraction(0), _OO, False, x.finite),
    "ExpTail": lambda x: Bounds(Fraction(0), _OO, x.only((-1, 1)) and x.finite, x.finite),
    "LogTail": lambda x: Bounds(Fraction(0), _OO) if x.low >= -1 else None,
    "XLogY": lambda x, y: _zero_wins(x, _log(y)),
    "XLog1pY": lambda x, y: _zero_wins(x, _log(Bounds(y.low + 1, y.high + 1, y.low_open, y.high_open))),
    "XOverY": _over,
    "ZeroTimes": _zero_wins,
    "sin": lambda x: _SYMMETRIC if x.finite else None,
    "cos": lambda x: _SYMMETRIC if x.finite else None,
    "Atan": lambda x: Bounds(Fraction(-8, 5), Fraction(8, 5)),
    "Acos": lambda x: Bounds(Fraction(0), Fraction(16, 5)) if x.low >= -1 and x.high <= 1 else None,
    "Erf": lambda x: Bounds(Fraction(-1), Fraction(1), x.finite, x.finite),
}
