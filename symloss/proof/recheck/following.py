"""Conditions that follow from others once branches are decided and quotients are put over one denominator."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.proof.closing import negation
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.unknowns import equal, signed
from symloss.proof.terms import Along, Term

_MOST_OPERATIONS = 120


def follows(known: Knowledge, condition: Any) -> bool:
    """Whether a condition follows; False says nothing.

    Both sides of a comparison must have finite values wherever they are looked at, which is asked elsewhere.
    """
    if known.holds(condition):
        return True
    name = type(condition).__name__
    if name == "And":
        return all(follows(known, part) for part in condition.args)
    if name == "Or":
        return any(follows(known, part) for part in condition.args)
    if name not in ("Less", "LessEqual", "Equal", "NotEqual"):
        return False
    low, high = (_decided(known, side) for side in condition.args)
    if known.holds(condition.func(low, high)):
        return True
    difference = sympy.expand(high - low)
    if difference == 0:
        return name in ("LessEqual", "Equal")
    sign = _sign(known, high - low)
    if sign is not None:
        return sign > 0 if name in ("Less", "LessEqual") else name == "NotEqual"
    if (high - low).count_ops() > _MOST_OPERATIONS or (high - low).atoms(Along):
        return False
    if name == "Equal":
        return equal(known, low, high)
    return name != "NotEqual" and signed(known, high - low, name == "Less")


def _decided(known: Knowledge, e: Any) -> Term:
    """A term whose branches are those that the conditions choose."""
    if not e.args or isinstance(e, Along):
        return e
    if isinstance(e, atoms.Where):
        condition, yes, no = e.args
        for form, chosen in ((condition, yes), (negation(condition), no)):
            if known.holds(form):
                return _decided(known, chosen)
        return e
    parts = [_decided(known, argument) for argument in e.args]
    if isinstance(e, atoms.XOverY) and known.holds(atoms.NotEqual(parts[1], 0)):
        return parts[0] / parts[1]
    if isinstance(e, atoms.Absolute):
        (u,) = parts
        if known.holds(atoms.LessEqual(0, u)):
            return u
        return -u if known.holds(atoms.LessEqual(u, 0)) else e
    return e if all(a is b for a, b in zip(parts, e.args, strict=True)) else e.func(*parts)


def _sign(known: Knowledge, e: Term) -> int | None:
    """The sign of a quotient, if it is known and not 0: that of its denominator, and of the monomials above it."""
    if e.count_ops() > _MOST_OPERATIONS or e.atoms(Along):
        return None
    above, below = sympy.fraction(sympy.factor(sympy.together(e)))
    sign = 1
    for part in (*sympy.Mul.make_args(above), *sympy.Mul.make_args(below)):
        base, exponent = part.as_base_exp()
        even = bool(exponent.is_Integer and exponent % 2 == 0)
        one = next((s for s in (1, -1) if known.holds(_apart(sympy.expand(base), s))), None)
        if one is None and even and known.holds(atoms.NotEqual(base, 0)):
            one = 1
        if one is None:
            return None
        sign *= 1 if even else one
    return sign


def _apart(e: Term, sign: int) -> Term:
    return atoms.Less(0, e) if sign > 0 else atoms.Less(e, 0)
