"""Limits of sums, products and powers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sympy

from symloss.proof.limits.dominance import NoLimitError
from symloss.proof.limits.trace import FLIPPED, OO, Line
from symloss.proof.terms import Term

if TYPE_CHECKING:
    from symloss.proof.limits.rules import Limits


def sum_rule(limits: Limits, e: Any) -> int:
    """The sum of limits; not oo - oo."""
    lines = [limits.line(term) for term in e.args]
    found = [limits.lines[i] for i in lines]
    infinite = {one.to for one in found if one.to in (OO, -OO)}
    if len(infinite) == 2:
        raise NoLimitError("oo - oo")
    if infinite:
        return limits.say(e, infinite.pop(), "", "sum", *lines)
    return limits.say(e, sympy.Add(*(one.to for one in found)), _common(one.side for one in found), "sum", *lines)


def product_rule(limits: Limits, e: Any) -> int:
    """The product of limits; not 0 times oo, unless a factor is 0 in the end."""
    lines = [limits.line(factor) for factor in e.args]
    found = [limits.lines[i] for i in lines]
    if any(one.to == 0 and one.side == "=" for one in found):
        return limits.say(e, sympy.S.Zero, "=", "product", *lines)
    if any(one.to in (OO, -OO) for one in found):
        signs = [limits.sign(one.to) for one in found]
        if 0 in signs:
            exactly = [one for one, sign in zip(found, signs, strict=True) if sign == 0 and one.side == "="]
            if exactly:
                return limits.say(e, sympy.S.Zero, "=", "product", *lines)
            raise NoLimitError("0 times oo")
        return limits.say(e, OO if _times(signs) > 0 else -OO, "", "product", *lines)
    to = sympy.Mul(*(one.to for one in found))
    return limits.say(e, to, _side_of_product(limits, found, to), "product", *lines)


def _side_of_product(limits: Limits, found: list[Line], to: Term) -> str:
    moving = [one for one in found if one.side != "="]
    if not moving:
        return "="
    if len(moving) == 1:
        fixed = sympy.Mul(*(one.to for one in found if one is not moving[0]))
        known = limits.known_sign(fixed)
        if known is None:
            return ""
        side = moving[0].side
        return "=" if known == 0 else side if known > 0 else FLIPPED[side]
    if to == 0:
        signs = [limits.eventual_sign(one) for one in found]
        if all(signs):
            return "+" if _times(s for s in signs if s) > 0 else "-"
    return ""


def power_rule(limits: Limits, e: Any) -> int:
    """A limit to a constant power."""
    base, exponent = e.args
    if limits.moves(exponent):
        raise NoLimitError("a variable exponent")
    number = limits.line(base)
    found = limits.lines[number]
    p = limits.sign(exponent)
    if p == 0:
        return limits.say(e, sympy.S.One, "=", "power", number)
    if found.to in (OO, -OO):
        if found.to == -OO and not exponent.is_Integer:
            raise NoLimitError("a power of a negative number")
        if p < 0:
            return limits.say(e, sympy.S.Zero, "+" if found.to == OO or exponent % 2 == 0 else "-", "power", number)
        positive = found.to == OO or exponent % 2 == 0
        return limits.say(e, OO if positive else -OO, "", "power", number)
    sign = limits.sign(found.to)
    if sign == 0:
        return _power_at_zero(limits, e, number, p)
    if sign < 0 and not exponent.is_Integer:
        raise NoLimitError("a power of a negative number")
    rises = (p > 0) == (sign > 0 or bool(exponent.is_Integer and exponent % 2 != 0))
    side = found.side if rises else FLIPPED[found.side]
    return limits.say(e, found.to**exponent, side, "power", number)


def _power_at_zero(limits: Limits, e: Any, number: int, p: int) -> int:
    exponent, side = e.args[1], limits.lines[number].side
    even = bool(exponent.is_Integer and exponent % 2 == 0)
    if p > 0:
        if not exponent.is_Integer and side not in ("+", "="):
            raise NoLimitError("a power of what may be negative")
        after = side if side == "=" else "+" if side == "+" or (even and side == "-") else side if side else ""
        return limits.say(e, sympy.S.Zero, after, "power", number)
    if side == "+" or (side == "-" and even):
        return limits.say(e, OO, "", "power", number)
    if side == "-" and exponent.is_Integer:
        return limits.say(e, -OO, "", "power", number)
    raise NoLimitError("a power of what may be 0")


def _times(signs: Iterable[int]) -> int:
    total = 1
    for sign in signs:
        total *= sign
    return total


def _common(sides: Iterable[str]) -> str:
    """The side of a sum."""
    kinds = set(sides) - {"="}
    if not kinds:
        return "="
    return kinds.pop() if len(kinds) == 1 else ""
