"""Floating-point numbers and what each operation on them does to an affine form, with the lemmas of exactness.

Round to nearest, ties to even, gradual underflow (IEEE 754). The lemmas, with p the precision:

- *Rounding*: |fl(v) - v| ≤ ½ ulp(v), where an ulp is at least the smallest subnormal number; and at most |v|
  or, above a power of two, the distance from it.
- *Grid*: a float of magnitude ≥ 2^e is a multiple of 2^(e-p+1); a sum of multiples of 2^g below 2^(g+p) is a float
  (Sterbenz's lemma is the case of two neighbours).
- *Fast2Sum*: if s = fl(a + b) and |a| ≥ |b|, then s - a is a float (Dekker 1971; Handbook of Floating-Point Arithmetic,
  2nd ed., theorem 4.3).
- *2Sum*: with s = fl(a - h), b = fl(s - a), the text (a - (s - b)) - (h + b) computes the error of s exactly, barring
  overflow (Knuth; Handbook, theorem 4.4).
- *Powers of two*: a product with a power of two is exact where it is not subnormal.

Contraction: a product that is an operand of a sum may be fused with it or not, in each use for itself. Both are covered
by an error of the product that is anything between plus and minus its rounding, a new one in each further use; and what
may be fused is not a float, so that no lemma of exactness is used on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import flint
import numpy as np

from symloss.atoms.elementary.errors.forms import Form
from symloss.atoms.elementary.errors.series import (
    Ball,
    Taylor,
    UndefinedError,
    exponent_above,
    exponent_below,
    power_of_two,
)

_FINE = 1 << 20


@dataclass(frozen=True)
class Format:
    """A binary format: its NumPy types, precision, and the exponents of the smallest and largest normal numbers."""

    name: str
    precision: int
    lowest: int
    highest: int

    @property
    def type(self) -> Any:
        """The NumPy type."""
        return getattr(np, self.name)

    @property
    def bits(self) -> Any:
        """The unsigned integer type of the same width."""
        return np.uint32 if self.name == "float32" else np.uint64

    def ulp(self, exponent: int) -> Ball:
        """The distance of neighbours from 2^exponent on; the subnormal step below the normal range."""
        return power_of_two(max(exponent, self.lowest) - self.precision + 1)

    def grid(self, magnitude: Ball) -> int:
        """The largest g such that every float in a ball is a multiple of 2^g."""
        exponent = exponent_below(magnitude)
        return max(self.lowest if exponent is None else exponent, self.lowest) - self.precision + 1


FORMATS = {"float32": Format("float32", 24, -126, 127), "float64": Format("float64", 53, -1022, 1023)}


@dataclass(eq=False)
class Value:
    """A float that the text computes.

    Attributes:
        form: what it is.
        grid: it is a multiple of 2^grid.
        ends: the exact smallest and largest value where they are known; a ball alone is rounded outwards.
        origin: "add", "sub" or "mul" with the operands.
        before: the form before the last rounding, if nothing but exact operations came after; None for exact values.
        fused: it is a rounded product, which a sum may take unrounded.
        own: errors that no value but this one can depend on.
        beyond: it may be infinite; such a value can only be compared.
    """

    form: Form
    grid: int
    ends: tuple[Ball, Ball] | None = None
    origin: tuple[str, Value, Value] | None = None
    before: Form | None = None
    fused: bool = False
    own: tuple[int, ...] = ()
    beyond: bool = False

    def limits(self) -> tuple[Ball, Ball]:
        """The smallest and largest value, or numbers beyond them."""
        if self.ends is not None:
            return self.ends
        return self.form.span.lower(), self.form.span.upper()


class Arithmetic:
    """The operations of one format on one box."""

    def __init__(self, kind: Format, argument: Taylor) -> None:
        self.kind, self._argument = kind, argument
        self._constants: dict[float, Value] = {}

    def constant(self, number: Any) -> Value:
        """A number of the text as a value, the same for the same number."""
        key = float(number)
        if key not in self._constants:
            self._constants[key] = self._constant(key)
        return self._constants[key]

    def _constant(self, number: float) -> Value:
        exact, grid = _exact(number)
        return Value(Form(self._argument.constant(exact), {}, flint.arb(0)), grid, (exact, exact))

    def argument(self, low: float, high: float) -> Value:
        """The argument of the function: every float between ``low`` and ``high``."""
        ends = flint.arb(low), flint.arb(high)
        form = Form(self._argument, {}, flint.arb(0))
        return Value(form, self._grid_between(*ends), ends)

    def _grid_between(self, low: Ball, high: Ball) -> int:
        nearest = low if low > 0 else (high if high < 0 else flint.arb(0))
        return self.kind.grid(nearest)

    def negative(self, x: Value) -> Value:
        """-x, exactly."""
        ends = (-x.ends[1], -x.ends[0]) if x.ends else None
        before = -x.before if x.before else None
        return Value(-x.form, x.grid, ends, None, before, x.fused)

    def sum(self, operation: str, x: Value, y: Value, own: tuple[int, ...]) -> Value:
        """fl(x + y) or fl(x - y); ``own`` are the errors that nothing else depends on."""
        if exponent_above(y.form.span) is None:
            return x
        if exponent_above(x.form.span) is None:
            return y if operation == "add" else self.negative(y)
        left, right = self._unrounded(x, own), self._unrounded(y, own)
        form = left + right if operation == "add" else left - right
        span = form.span
        origin = (operation, x, y)
        if not (x.fused or y.fused):
            if _is_two_sum(operation, x, y) or _is_fast_two_sum(operation, x, y):
                return Value(form, max(min(x.grid, y.grid), self.kind.grid(span)), origin=origin, own=own)
            grid = min(x.grid, y.grid)
            above = exponent_above(span)
            if above is None or above < grid + self.kind.precision:
                return Value(form, max(grid, self.kind.grid(span)), origin=origin, own=own)
            inherited = grid
        else:
            inherited = self.kind.lowest - self.kind.precision + 1
        return self._rounded(form, span, origin, own, inherited)

    def _unrounded(self, x: Value, own: tuple[int, ...]) -> Form:
        """An operand of a sum: if it may be fused, its rounding is an error of this use alone."""
        if not x.fused or set(x.own) & set(own):
            return x.form
        assert x.before is not None
        above = exponent_above(x.before.span)
        return x.before if above is None else x.before.disturbed(self._error(x.before.span, above))[0]

    def _error(self, span: Ball, above: int) -> Ball:
        """The largest rounding error: what is rounded to 0 is off by itself, and a power of two is a float."""
        if above < self.kind.lowest - self.kind.precision:
            return span.abs_upper()
        excess = span.abs_upper() - power_of_two(above)
        return (self.kind.ulp(above) / 2).min(excess.max(self.kind.ulp(above - 1) / 2)).upper()

    def product(self, x: Value, y: Value, own: tuple[int, ...]) -> Value:
        """fl(x·y)."""
        for factor, other in ((x, y), (y, x)):
            power = _power(factor)
            if power is not None:
                return self._shifted(other, factor, power, own)
        form = x.form * y.form
        bits = self.kind.lowest - self.kind.precision + 1
        value = self._rounded(form, form.span, ("mul", x, y), own, max(bits, x.grid + y.grid))
        value.fused = value.before is not None
        return value

    def _shifted(self, x: Value, factor: Value, power: int, own: tuple[int, ...]) -> Value:
        """x·(±2^power)."""
        scale = factor.form.span
        form, grid = x.form.scaled(scale), x.grid + power
        ends = sorted((x.ends[0] * scale, x.ends[1] * scale), key=float) if x.ends else None
        if not _within(form.span, self.kind):
            low, high = form.span.lower(), form.span.upper()
            infinite = (flint.arb.neg_inf() if low < 0 else low, flint.arb.pos_inf() if high > 0 else high)
            return Value(form, grid, infinite, beyond=True)
        if grid < self.kind.lowest - self.kind.precision + 1:
            below = exponent_below(form.span)
            if below is None or below < self.kind.lowest:
                value = self._rounded(form, form.span, None, own, grid)
                value.fused = value.before is not None
                return value
        before = x.before.scaled(scale) if x.before else None
        return Value(form, grid, (ends[0], ends[1]) if ends else None, None, before, x.fused, own)

    def quotient(self, x: Value, y: Value, own: tuple[int, ...]) -> Value:
        """fl(x/y)."""
        if y.form.span.contains(0):
            raise UndefinedError("a divisor may be 0")
        form = x.form / y.form
        return self._rounded(form, form.span, None, own, self.kind.lowest - self.kind.precision + 1)

    def _rounded(self, form: Form, span: Ball, origin: Any, own: tuple[int, ...], inherited: int) -> Value:
        """The nearest float: a new error of half a unit in the last place of the largest value."""
        if not _within(span, self.kind):
            raise UndefinedError("a value may be beyond the range")
        above = exponent_above(span)
        if above is None:
            return Value(form, _FINE, origin=origin, own=own)
        rounded, symbol = form.disturbed(self._error(span, above))
        merged, kept = rounded.merged((*own, symbol))
        grid = max(self.kind.grid(rounded.span), inherited)
        return Value(merged, grid, None, origin, form, own=(kept,) if kept is not None else ())


@cache
def _exact(number: float) -> tuple[Ball, int]:
    """A number of the text as a ball, and the largest power of two that it is a multiple of."""
    if not np.isfinite(number):
        raise UndefinedError(f"{number} in arithmetic")
    numerator, denominator = number.as_integer_ratio()
    trailing = (numerator & -numerator).bit_length() - 1 if numerator else _FINE
    return flint.arb(number), trailing - (denominator.bit_length() - 1)


def _within(span: Ball, kind: Format) -> bool:
    if not span.is_finite():
        return False
    above = exponent_above(span)
    return above is None or above <= kind.highest


def _power(x: Value) -> int | None:
    """The exponent of a constant that is a power of two, up to its sign."""
    if x.ends is None or x.ends[0] != x.ends[1] or x.ends[0] == 0:
        return None
    mantissa, exponent = x.ends[0].man_exp()
    return int(exponent) if abs(int(mantissa)) == 1 else None


def _at_least(a: Value, b: Value) -> bool:
    return bool(a.form.span.abs_lower() >= b.form.span.abs_upper())


def _is_fast_two_sum(operation: str, x: Value, y: Value) -> bool:
    """Whether x ± y is the difference of a rounded sum and its larger operand."""
    for total, part in ((x, y), (y, x)):
        if total.origin is None or total.origin[0] == "mul":
            continue
        kind, a, b = total.origin
        if a.fused or b.fused:
            continue
        # total = a ± b; the difference with the larger one, with the sign that it has in the sum
        if part is a and operation == "sub" and _at_least(a, b):
            return True
        if part is b and _at_least(b, a) and (operation == "sub") == (kind == "add"):
            return True
    return False


def _is_two_sum(operation: str, x: Value, y: Value) -> bool:
    """Whether x - y is (a - (s - b)) - (h + b) with s = a - h and b = s - a."""
    if operation != "sub" or x.origin is None or y.origin is None or x.origin[0] != "sub" or y.origin[0] != "add":
        return False
    (_, a, inner), (_, h, b) = x.origin, y.origin
    if inner.origin is None or inner.origin[0] != "sub" or inner.origin[2] is not b or a.fused or h.fused:
        return False
    s = inner.origin[1]
    if s.origin is None or b.origin is None or s.origin[0] != "sub" or b.origin[0] != "sub":
        return False
    return s.origin[1] is a and s.origin[2] is h and b.origin[1] is s and b.origin[2] is a
