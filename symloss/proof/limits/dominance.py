"""Quotients of sums of monomials ``c·w^b·exp(a·w)`` as w grows: what grows fastest decides.

The variable is turned so that it tends to oo: ``-w`` for -oo, ``p + 1/w`` for a point p from the right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Along, Term


class NoLimitError(Exception):
    """The rules do not tell."""


#: Larger quotients are not expanded.
_MOST_OPERATIONS = 300
_W = sympy.Symbol("w", positive=True)


@dataclass(frozen=True)
class Leading:
    """The fastest monomials of numerator and denominator: coefficient, power, rate."""

    above: tuple[Term, Any, Any]
    below: tuple[Term, Any, Any]

    def as_json(self) -> list[list[str]]:
        """Both as text."""
        return [[str(part) for part in side] for side in (self.above, self.below)]

    def limit(self, sign: Callable[[Term], int]) -> tuple[Term, str]:
        """What the quotient tends to, and from which side where that is known."""
        (c, *above), (d, *below) = self.above, self.below
        signs = sign(c) * sign(d)
        if signs == 0:
            raise NoLimitError("a leading coefficient that is 0")
        # The rate counts before the power.
        order = [tuple(reversed(one)) for one in (above, below)]
        if order[0] == order[1]:
            return c / d, ""
        if order[0] < order[1]:
            return sympy.S.Zero, "+" if signs > 0 else "-"
        return (sympy.oo if signs > 0 else -sympy.oo), ""


class Dominance:
    """Leading monomials in one variable as it tends to a point."""

    def __init__(self, variable: Read, point: Term, side: str) -> None:
        self.variable = variable
        self.turned: Any = None
        if point == sympy.oo:
            self.turned = _W
        elif point == -sympy.oo:
            self.turned = -_W
        elif side in ("+", "-"):
            self.turned = point + 1 / _W if side == "+" else point - 1 / _W

    def leading(self, e: Term) -> Leading | None:
        """The leading monomials of a quotient, or None where it is none."""
        if self.turned is None or e.atoms(Along, atoms.Atom) or e.count_ops() > _MOST_OPERATIONS:
            return None
        moved = sympy.expand(e.xreplace({self.variable: self.turned}), power_exp=True, mul=False, multinomial=False)
        above, below = sympy.fraction(sympy.together(sympy.powsimp(moved)))
        sides = [_fastest(side) for side in (above, below)]
        return None if sides[0] is None or sides[1] is None else Leading(sides[0], sides[1])


def _fastest(e: Term) -> tuple[Term, Any, Any] | None:
    total: dict[tuple[Any, Any], list[Term]] = {}
    for term in sympy.Add.make_args(_expanded(e)):
        found = _monomial(term)
        if found is None:
            return None
        c, b, a = found
        total.setdefault((a, b), []).append(c)
    sums = {place: sympy.expand(sympy.Add(*parts)) for place, parts in total.items()}
    kept = {place: c for place, c in sums.items() if c != 0}
    if not kept:
        return None
    a, b = max(kept)
    return kept[a, b], b, a


def _expanded(e: Term) -> Term:
    return sympy.expand(sympy.expand(e, power_exp=True, force=False), power_exp=True)


def _monomial(term: Term) -> tuple[Term, Any, Any] | None:
    c, b, a = sympy.S.One, sympy.S.Zero, sympy.S.Zero
    for factor in sympy.Mul.make_args(term):
        if not factor.has(_W):
            c *= factor
        elif factor == _W:
            b += 1
        elif isinstance(factor, sympy.Pow) and factor.base == _W and factor.exp.is_Rational:
            b += factor.exp
        elif isinstance(factor, sympy.exp):
            rate = sympy.expand(factor.args[0])
            slope = rate.coeff(_W, 1)
            rest = sympy.expand(rate - slope * _W)
            if rest.has(_W) or not slope.is_Rational:
                return None
            a += slope
            c *= sympy.exp(rest)
        else:
            return None
    return c, b, a


def rewritten(e: Term, ranges: Ranges) -> Term:
    """A term with atoms replaced by their definitions, ``exp(c·log(x))`` by ``x^c``, as one quotient.

    The logarithm's argument is positive wherever the term is defined.
    """

    def define(node: Any) -> Any:
        rule = _DEFINITIONS.get(type(node))
        return node if rule is None else rule(*node.args)

    if e.count_ops() > _MOST_OPERATIONS:
        return e
    plain = e.replace(lambda node: type(node) in _DEFINITIONS, lambda node: define(node))
    plain = plain.replace(lambda node: isinstance(node, sympy.exp), _exp_of_logs)
    return sympy.cancel(sympy.together(plain)) if not plain.atoms(Along, atoms.Atom) else plain


def _exp_of_logs(node: Any) -> Any:
    rest, product = [], sympy.S.One
    for term in sympy.Add.make_args(node.args[0]):
        scale, part = term.as_coeff_Mul()
        if isinstance(part, sympy.log) and scale.is_Integer:
            product *= part.args[0] ** scale
        else:
            rest.append(term)
    return product * sympy.exp(sympy.Add(*rest))


_DEFINITIONS: dict[Any, Any] = {
    atoms.Sigmoid: lambda x: 1 / (1 + sympy.exp(-x)),
    atoms.Tanh: lambda x: (sympy.exp(x) - sympy.exp(-x)) / (sympy.exp(x) + sympy.exp(-x)),
    atoms.LogCosh: lambda x: sympy.log((sympy.exp(x) + sympy.exp(-x)) / 2),
    atoms.Softplus: lambda x: sympy.log(1 + sympy.exp(x)),
}
