"""Signs and bounds of closed terms for every size, by rules of the re-check's own: interval arithmetic on closed ends
in the extended reals, with a flag for each end that is not reached.

A function is bounded by its values at the ends of its arguments' intervals where this module's table says that it is
monotone there; the values come from enclosures. A term that may have no value has no bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.recheck.ends import (
    BIT,
    Bounds,
    enclosed,
    increasing,
    inverse,
    one,
    plus,
    sum_of_many,
    times,
    whole_power,
)
from symloss.proof.recheck.function_bounds import INCREASING, SPECIAL, x_log_x
from symloss.proof.recheck.items import at_least_an_item, places, share_of_a_sum
from symloss.proof.recheck.partners import apart
from symloss.proof.terms import Along, SumAlong, all_reads, conjuncts, stem

_OO = math.inf


_SIDES = {"Less": (-1,), "LessEqual": (-1, 0), "Equal": (0,), "NotEqual": (-1, 1)}


class Knowledge:
    """Bounds of terms from the variables' domains and from conditions.

    Args:
        tensors: the variables.
        conditions: what may be assumed.
    """

    def __init__(self, tensors: Mapping[str, Tensor], conditions: Iterable[Any] = ()) -> None:
        self.tensors = tensors
        self.conditions = {part for condition in conditions for part in conjuncts(condition)}
        self.conditions |= {told for condition in self.conditions for told in self._also(condition)}
        self._memo: dict[Any, Bounds | None] = {}

    def _also(self, condition: Any) -> list[Any]:
        """What a condition says in other words: a truth value that is not 0, the terms of a maximum that is 0."""
        if isinstance(condition, Read):
            return [atoms.NotEqual(condition, 0)]
        if isinstance(condition, atoms.NotEqual) and isinstance(condition.args[0], Read) and condition.args[1] == 0:
            tensor = self.tensors.get(condition.args[0].tensor)
            return [condition.args[0]] if tensor is not None and tensor.domain.kind == "boolean" else []
        if type(condition).__name__ != "Equal" or not isinstance(condition.args[0], atoms.Maximum):
            return []
        maximum, value = condition.args
        return [atoms.LessEqual(part, 0) for part in maximum.args if not part.is_number] if value == 0 else []

    def under(self, condition: Any) -> Knowledge:
        """The same with one more condition."""
        return Knowledge(self.tensors, (*self.conditions, condition))

    def holds(self, condition: Any) -> bool:
        """Whether a condition follows; False says nothing."""
        name = type(condition).__name__
        forms = (condition, condition.func(*condition.args[::-1])) if name in ("Equal", "NotEqual") else (condition,)
        if any(form == 1 or form in self.conditions or form in self._instances(form) for form in forms):
            return True
        if name == "And":
            return all(map(self.holds, condition.args))
        if name == "Or":
            return any(map(self.holds, condition.args)) or self._one_of(condition.args)
        if isinstance(condition, Along) and condition.operation == "any":
            return self._counted(condition) or any(
                set(conjuncts(substitute(condition.body, place))) <= self.conditions
                for known in self.conditions
                for place in places(condition, known)
            )
        if isinstance(condition, Along) and condition.operation == "all":
            return self._with_guard(condition).holds(condition.body)
        if name not in _SIDES:
            return False
        a, b = condition.args
        return self._compared(a, b, _SIDES[name]) or (name == "NotEqual" and apart(self, a, b))

    def said(self, condition: Any) -> bool:
        """Whether a comparison of variables follows from one condition about the same difference of its sides."""
        a, b = condition.args
        wanted = sympy.expand(a - b)
        if wanted.has(sympy.Function, Along):
            return False
        for given in (*self.conditions, *self._instances(condition)):
            signs = _SIDES.get(type(given).__name__)
            if signs is None or not set(all_reads(given)) <= set(all_reads(wanted)):
                continue
            found = sympy.expand(given.args[0] - given.args[1])
            same = found == wanted and set(signs) <= set(_SIDES[type(condition).__name__])
            turned = found == sympy.expand(-wanted) and {-s for s in signs} <= set(_SIDES[type(condition).__name__])
            if same or turned:
                return True
        return False

    def _counted(self, some: Along) -> bool:
        """Whether enough items are there: a sum of the condition is known to be positive, or all but one will do."""
        body = some.body
        totals = [SumAlong(some.axis, bracket) for bracket in (body, atoms.NotEqual(body, 0))]
        positive = [c for total in totals for c in (atoms.Less(0, total), atoms.LessEqual(1, total))]
        if some.guard == 1 and any(c in self.conditions for c in positive):
            return True
        if some.guard == 1 and isinstance(body, atoms.NotEqual) and some.axis in body.args:
            other = next(part for part in body.args if part != some.axis)
            size = self.bounds(SizeSymbol(stem(some.axis.axis)))
            return some.axis.axis not in axes_of(other) and size is not None and size.low >= 2
        return False

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
            for condition in self.conditions if found is not None else ():
                # Only now: which ends there are must not hang on the order of the conditions.
                found = _apart(found, condition, e) if found is not None else None
            self._memo[e] = found
        return self._memo[e]

    def _instances(self, e: Any) -> list[Any]:
        """What the conditions "for every item" say about the items that a term reads."""
        found: list[Any] = []
        for condition in self.conditions:
            if isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1:
                for place in places(condition, e):
                    found += conjuncts(substitute(condition.body, place))
        return found

    def said_of(self, e: Any) -> list[Any]:
        """The conditions, and what those for every item say about the items that a term reads."""
        return [*self.conditions, *self._instances(e)]

    def _told(self, condition: Any, e: Any) -> Bounds | None:
        """What a comparison says about a term: one of its sides beside a number, or the difference of its sides."""
        name = type(condition).__name__
        if name == "Equal" and isinstance(condition.args[0], sympy.Mod) and condition.args[1] == 0:
            # A positive multiple of a number is at least that number.
            number, divisor = condition.args[0].args
            same = number == e and isinstance(e, SizeSymbol) and divisor.is_Integer and divisor > 0
            return Bounds(_rational(divisor), _OO, False, True) if same else None
        if name not in ("Less", "LessEqual", "Equal"):
            return None
        a, b = condition.args
        strict, equal = name == "Less", name == "Equal"
        zero = sympy.S.Zero
        for term, bound, side in ((a, b, 1), (b, a, -1), (a - b, zero, 1), (b - a, zero, -1)):
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
            return one(Fraction(1)) if e in self.conditions else BIT
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
        if isinstance(e, atoms.XLogY) and e.args[0] == e.args[1]:
            return x_log_x(self.bounds(e.args[0]))
        inner = [self.bounds(argument) for argument in e.args]
        return None if any(b is None for b in inner) else self._function(name, inner)

    def _constant(self, e: Any) -> Bounds | None:
        return enclosed(lambda s: s.value(e))

    def _with_guard(self, e: Along) -> Knowledge:
        return self.under(e.guard) if e.guard != 1 else self

    def _along(self, e: Along) -> Bounds | None:
        if e.operation in ("all", "any"):
            return BIT
        found = self._reduced(e)
        return None if found is None else at_least_an_item(self, e, found)

    def _reduced(self, e: Along) -> Bounds | None:
        body = self._with_guard(e).bounds(e.body)
        if body is None:
            return None
        whole = e.guard == 1
        if e.operation == "sum":
            return sum_of_many(body, whole)
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
            added = None if found is None else plus(total, found)
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
            for place in places(node, rest):
                item, guard = substitute(node.body, place), substitute(node.guard, place)
                if sympy.expand(item - rest) == 0 and self.holds(guard):
                    found = self.bounds(node)
                    above = Bounds(Fraction(0), _OO, False, found is not None and found.finite)
                    return above if factor > 0 else -above
        return None

    def _mul(self, e: Any) -> Bounds | None:
        factors = list(e.args)
        found: list[Bounds | None] = []
        for one_over in [f for f in factors if isinstance(f, sympy.Pow) and f.exp == -1]:
            for total in factors:
                averaged = (
                    isinstance(total, Along)
                    and total.operation == "sum"
                    and total.guard == 1
                    and isinstance(one_over.base, SizeSymbol)
                    and stem(total.axis.axis) == one_over.base.axis
                )
                if averaged and one_over in factors:
                    factors = [f for f in factors if f is not total and f is not one_over]
                    found.append(self.bounds(total.body))
        share = share_of_a_sum(self, factors)
        while share is not None:
            found.append(share[0])
            share = share_of_a_sum(self, factors := share[1])
        found += [self.bounds(factor) for factor in factors]
        product: Bounds | None = one(Fraction(1))
        for part in found:
            product = None if part is None or product is None else times(product, part)
        return product

    def _power(self, base: Any, exponent: Any) -> Bounds | None:
        b = self.bounds(base)
        if b is None:
            return None
        if exponent.is_Integer:
            n = int(exponent)
            found = whole_power(b, abs(n))
            apart = atoms.NotEqual(base, 0) in self.conditions
            if n > 0:
                return Bounds(found.low, found.high, True, found.high_open) if apart and found.low == 0 else found
            if apart:
                found = Bounds(
                    found.low, found.high, found.low_open or found.low == 0, found.high_open or found.high == 0
                )
            return inverse(found)
        p = self.bounds(exponent)
        if p is None or not p.finite or not b.only((0, 1)):
            return None
        zero, unit = Fraction(0), Fraction(1)
        if exponent.is_Rational and exponent > 0:
            return increasing(lambda s, x: s.power(x, Fraction(int(exponent.p), int(exponent.q))), b)
        if p.only((0, 1)) and b.high <= 1:
            return Bounds(zero, unit, b.only((1,)))
        if b.only((1,)):
            return Bounds(zero, _OO, b.finite, b.finite)
        return Bounds(zero, _OO, False, b.finite) if p.only((0, 1)) else None

    def _function(self, name: str, inner: list[Any]) -> Bounds | None:
        if name in INCREASING:
            rule, low, high = INCREASING[name]
            x = inner[0]
            if low is not None and x.low < low:
                return None
            return increasing(rule, x).meet(high)
        special = SPECIAL.get(name)
        return None if special is None else special(*inner)


def _apart(found: Bounds, condition: Any, e: Any) -> Bounds:
    """An end at 0 is no value where a term is known not to be 0."""
    if type(condition).__name__ != "NotEqual" or 0 not in condition.args:
        return found
    if next((part for part in condition.args if part != 0), None) not in (e, -e):
        return found
    return Bounds(found.low, found.high, found.low_open or found.low == 0, found.high_open or found.high == 0)


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
