"""Quotients: denominators multiplied out, and factors that all terms share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss.proof.polynomials import (
    BITS,
    NoNormalFormError,
    Sum,
    constant,
    content,
    divided,
    expression,
    plus,
    powers,
    product,
    single,
    times,
)
from symloss.proof.terms import Term

if TYPE_CHECKING:
    from symloss.proof.normal.form import Normal


def numerator(normal: Normal, part: Sum) -> Sum:
    """A sum times the powers of sums that it divides by, which are not 0 where it is defined."""
    for _ in range(4):
        bases = _compound(part)
        if not bases:
            break
        normal.rules.add("denominator")
        if any(base.has(*BITS) for base, least in bases.items() if least < 0) and any(_has_bracket(m) for m in part):
            raise NoNormalFormError("a denominator that depends on a bracket, beside brackets")
        raise_by = product({base: -least for base, least in bases.items() if least < 0})
        part = expanded(plus(single(sympy.Mul(m, raise_by), c) for m, c in part.items()))
    return part


def quotient(normal: Normal, e: Term) -> Term:
    """The normal form over one denominator, factors that all its terms share apart."""
    part = over_denominators(normal, normal.sum(e))
    if len(part) < 2:
        return expression(part)
    rational, shared = content(part)
    inner = divided(part, rational, shared)
    if not shared and rational == 1 and inner == part:
        return expression(part)
    return sympy.Mul(rational, product(shared), expression(inner))


def over_denominators(normal: Normal, part: Sum) -> Sum:
    """The same sum, as one numerator times one product of negative powers where that is simpler."""
    bases = {b: least for b, least in _compound(part).items() if least < 0}
    if not bases:
        return expanded(part) if _compound(part) else part
    top = numerator(normal, part)
    bottom = product(bases)
    return plus(single(sympy.Mul(m, bottom), c) for m, c in top.items())


def expanded(part: Sum) -> Sum:
    """Whole positive powers of sums multiplied out."""
    found = []
    for m, c in part.items():
        bases = powers(m)
        total = constant(c)
        kept = {}
        for base, e in bases.items():
            whole = int(sympy.floor(e)) if e.is_Rational and isinstance(base, sympy.Add) else 0
            if whole <= 0:
                kept[base] = e
                continue
            inner = {m_: c_ for t in base.args for m_, c_ in single(t).items()}
            for _ in range(whole):
                total = times(total, inner)
            if e != whole:
                kept[base] = e - whole
        found.append(times(total, single(product(kept))))
    return plus(found)


def _compound(part: Sum) -> dict[Any, Any]:
    """The sums that stand as bases, with their least exponent where it is negative or a whole power is left."""
    found: dict[Any, Any] = {}
    for m in part:
        for base, e in powers(m).items():
            if isinstance(base, sympy.Add) and e.is_Rational:
                found[base] = min(found.get(base, sympy.S.Zero), e)
                if e >= 1:
                    found[base] = min(found[base], sympy.S.Zero)
    whole = {b for m in part for b, e in powers(m).items() if isinstance(b, sympy.Add) and e.is_Rational and e >= 1}
    return {base: least for base, least in found.items() if least < 0 or base in whole}


def _has_bracket(monomial: Any) -> bool:
    return any(isinstance(base, BITS) for base in powers(monomial))
