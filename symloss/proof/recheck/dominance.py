"""Quotients of sums of monomials ``c·w^b·exp(a·w)`` as w tends to oo: the largest of each part decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss.program import Read
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.growth import Seen, same_term
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.terms import Term

_W = sympy.Symbol("w", positive=True)


def dominance(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    """The limit of a quotient by the monomials that grow fastest."""
    rewritten = closed_term(line["rewritten"], one.tensors)
    if not same_term(one.term, rewritten):
        raise NotToldError(f"{one.term} is not seen to be {rewritten}")
    moving = {read for read in rewritten.atoms(Read) if read.tensor in one.points}
    if len(moving) != 1:
        raise NotToldError("more than one variable moves")
    (variable,) = moving
    point, side = one.points[variable.tensor]
    ways = {("oo", ""): _W, ("-oo", ""): -_W, (str(point), "+"): point + 1 / _W, (str(point), "-"): point - 1 / _W}
    way = ways.get((str(point), side))
    if way is None:
        raise NotToldError(f"no way leads to {point} from both sides")
    above, below = (_leading(part.xreplace({variable: way})) for part in sympy.fraction(sympy.together(rewritten)))
    (a, b, c), (p, q, d) = above, below
    if (a, b) == (p, q):
        one.agree(c / d, "")
    elif (a, b) < (p, q):
        one.agree(sympy.S.Zero, "")
    else:
        signs = one.sign(c), one.sign(d)
        if None in signs or 0 in signs:
            raise NotToldError("the sign of a leading factor is not known")
        one.agree(sympy.oo if signs[0] == signs[1] else -sympy.oo, "")


def _leading(e: Term) -> tuple[Any, Any, Term]:
    """The exponents a and b of the monomial that grows fastest, and its factor, which is not 0."""
    found: dict[tuple[Any, Any], Term] = {}
    for monomial in sympy.Add.make_args(sympy.expand(e)):
        a, b, c = sympy.S.Zero, sympy.S.Zero, sympy.S.One
        for factor in sympy.Mul.make_args(monomial):
            if not factor.has(_W):
                c *= factor
            elif factor == _W or (isinstance(factor, sympy.Pow) and factor.base == _W and factor.exp.is_Rational):
                b += factor.as_base_exp()[1]
            elif isinstance(factor, sympy.exp):
                slope = sympy.expand(factor.args[0]).coeff(_W, 1)
                a += slope
                rest = sympy.expand(factor.args[0] - slope * _W)
                if rest.has(_W):
                    raise NotToldError(f"{factor} is no exponential of a multiple")
                c *= sympy.exp(rest)
            else:
                raise NotToldError(f"{factor} is no power and no exponential")
        if not a.is_Rational:
            raise NotToldError("an exponent that is no number")
        found[a, b] = found.get((a, b), sympy.S.Zero) + c
    a, b = max(found)
    # A factor that may be 0 leaves another monomial as the largest.
    if not sympy.expand(found[a, b]).is_positive and not sympy.expand(found[a, b]).is_negative:
        raise NotToldError("the leading factor may be 0")
    return a, b, found[a, b]
