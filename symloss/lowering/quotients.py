"""Quotients, and powers times a parameter, whose parts stay within the range of the dtype where the whole does.

The inverse of a subnormal number is beyond the largest number, and so may be a quotient by one, although what it is
multiplied with brings the result back: p·(1/q) is formed as p/q, and c·(y/p), where y/p is infinite, as (c·y)/p.
A number's difference from another over that number is as ordinary as their quotient, however small both are, and is
formed before anything else is multiplied in: c·((p - q)/p), not (c/p)·(p - q).
A square may be beyond the largest number although the parameter that multiplies it brings it back: (c·x)·x, not c·x².
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import sympy

from symloss.atoms import Absolute, Equal, Less, Or, Where, XOverY, ZeroTimes
from symloss.lowering.functions import Lifted, Over
from symloss.lowering.rewriting import bottom_up
from symloss.program import INPUT_ROLES, Program, Read, Tensor

#: What enters linearly and is finite; a scale of ordinary size.
_SCALES = ("seed", "direction")


def with_quotients(program: Program) -> Program:
    """The program with inverses that a selected 0 annihilates joined to what they multiply."""
    rewrite = partial(_rewritten, program.tensors)
    return program.replacing(
        statements=tuple(
            replace(s, body=bottom_up(s.body, rewrite)) if s.body.has(ZeroTimes, XOverY) else s
            for s in program.statements
        )
    )


def with_relative_differences(program: Program) -> Program:
    """The program with every ``(p - q)/p``, and every ``(p - q)/sqrt(p)``, formed before it is multiplied."""
    return program.replacing(
        statements=tuple(
            replace(s, body=bottom_up(s.body, _relative_first)) if s.body.has(sympy.Pow) else s
            for s in program.statements
        )
    )


def _relative_first(e: Any) -> Any:
    if not e.is_Mul:
        return e
    factors = list(e.args)
    for inverse in e.args:
        if not (inverse.is_Pow and inverse.exp.is_number and -1 <= inverse.exp < 0):
            continue
        above = next((f for f in factors if f.is_Add and inverse.base in f.args), None)
        if above is not None and len(factors) > 2:
            factors = [f for f in factors if f not in (above, inverse)]
            factors.append(Over(above, sympy.S.One, inverse.base**-inverse.exp))
    return e if len(factors) == len(e.args) else sympy.Mul(*factors)


def _rewritten(tensors: Mapping[str, Tensor], e: Any) -> Any:
    if isinstance(e, ZeroTimes):
        selector, other = e.args
        if _has_role(tensors, selector, ("parameter",)) and other.is_Pow and other.exp.is_Integer and other.exp > 1:
            return reduce(ZeroTimes, [other.base] * int(other.exp), selector)
        if isinstance(other, XOverY):
            return _within_range(tensors, selector, other) or e
        return _joined(tensors, selector, other) or e
    if e.is_Mul:
        ratios = [factor for factor in e.args if isinstance(factor, XOverY)]
        if len(ratios) == 1:
            return _within_range(tensors, sympy.Mul(*(f for f in e.args if f is not ratios[0])), ratios[0]) or e
    return e


def _joined(tensors: Mapping[str, Tensor], selector: Any, other: Any) -> Any | None:
    """``zero_times(a, r/b^n)`` with a finite scale r as ``r·xovery(a, b)``, over b again; None if it is not that."""
    if isinstance(other, Where) and 0 in other.args[1:]:
        condition, yes, no = other.args
        inside = _joined(tensors, selector, no if yes == 0 else yes)
        if inside is None:
            return None
        nothing = Lifted(selector, sympy.S.Zero)  # as before NaN of NaN
        return Where(condition, nothing, inside) if yes == 0 else Where(condition, inside, nothing)
    factors = sympy.Mul.make_args(other)
    inverses = [f for f in factors if f.is_Pow and f.exp.is_Integer and f.exp.is_negative and not f.base.is_number]
    rest = [f for f in factors if f not in inverses]
    if len(inverses) != 1 or not all(_is_scale(tensors, f) for f in rest):
        return None
    below = inverses[0].base
    quotient = sympy.Mul(*rest, XOverY(selector, below))
    for _ in range(int(-inverses[0].exp) - 1):
        quotient = XOverY(quotient, below)
    return quotient


def _is_scale(tensors: Mapping[str, Tensor], factor: Any) -> bool:
    return factor.is_number or _has_role(tensors, factor, _SCALES)


def _has_role(tensors: Mapping[str, Tensor], factor: Any, roles: Iterable[str]) -> bool:
    return isinstance(factor, Read) and factor.tensor in tensors and tensors[factor.tensor].role in roles


def _within_range(tensors: Mapping[str, Tensor], factor: Any, ratio: Any) -> Any | None:
    """``factor·(a/b)``, formed the other way where b is so small that a/b alone is infinite; None if that cannot be."""
    above, below = ratio.args
    if all(_is_scale(tensors, part) for part in sympy.Mul.make_args(factor)) or _is_normal(tensors, below):
        return None
    in_range = Or(Less(Absolute(ratio), sympy.oo), Equal(below, 0))
    return Where(in_range, ZeroTimes(factor, ratio), XOverY(factor * above, below))


def _is_normal(tensors: Mapping[str, Tensor], e: Any) -> bool:
    """Whether a number is 0 or not subnormal: a constant less an input is no smaller than the constant's last digit."""
    if not e.is_Add or len(e.args) != 2:
        return False
    number, monomial = e.as_coeff_Add()
    sign, read = monomial.as_coeff_Mul()
    return bool(number != 0 and abs(sign) == 1 and _has_role(tensors, read, INPUT_ROLES))
