"""Identities again: the two sides at random rational points, with doubling precision, and where the difference is a
quotient of polynomials in exponentials, as the zero polynomial.

Agreement at random points is no proof; it is told apart from the second way, which is one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from symloss.program import Read
from symloss.proof.recheck.evaluation import Evaluation
from symloss.proof.recheck.intervals import NoValueError, UndecidedError, field, working

#: Bits to which two sides must agree where they are not equal exactly.
_AGREEING = 500
_POINTS = 6
#: Larger expressions are not put over one denominator.
_MOST_OPERATIONS = 600


def vanishes(difference: Any) -> bool:
    """Whether a flat expression is zero as an element of a field: its functions count as unknowns.

    Exponentials of sums are products of those of their terms, one unknown for each rational-independent exponent.
    """
    if difference.count_ops() > _MOST_OPERATIONS:
        return False
    flat = difference.replace(
        lambda e: type(e).__name__ in _IN_ELEMENTARY, lambda e: _IN_ELEMENTARY[type(e).__name__](*e.args)
    )
    unknowns: dict[Any, sympy.Symbol] = {}

    def atom(e: Any) -> Any:
        known = e if e.is_Symbol else e.func(*(sympy.expand(argument) for argument in e.args), evaluate=False)
        return unknowns.setdefault(known, sympy.Symbol(f"t{len(unknowns)}", positive=True))

    def visit(e: Any) -> Any:
        if e.is_Rational:
            return e
        if isinstance(e, sympy.Add | sympy.Mul):
            return e.func(*map(visit, e.args))
        if isinstance(e, sympy.exp):
            factors = sympy.S.One
            for term in sympy.Add.make_args(sympy.expand(e.args[0])):
                number, rest = term.as_coeff_Mul()
                whole = int(number.p) if number.is_Rational else 1
                base = rest / number.q if number.is_Rational else term
                # exp(log x) is x wherever it is defined.
                one = visit(base.args[0]) if isinstance(base, sympy.log) else atom(sympy.exp(base, evaluate=False))
                factors *= one**whole
            return factors
        if isinstance(e, sympy.Pow) and e.exp.is_Integer:
            return visit(e.base) ** e.exp
        return atom(e)

    try:
        numerator, denominator = sympy.fraction(sympy.together(visit(flat)))
        return (
            denominator != 0 and sympy.Poly(numerator, *sorted(unknowns.values(), key=str) or [sympy.Dummy()]).is_zero
        )
    except sympy.PolynomialError:
        return False


_IN_ELEMENTARY: dict[str, Any] = {
    "Sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "Tanh": lambda x: (1 - sympy.exp(-2 * x)) / (1 + sympy.exp(-2 * x)),
    "Expm1": lambda x: sympy.exp(x) - 1,
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
}


def agree(difference: Any, points: list[Mapping[str, Fraction]], sizes: Mapping[str, int]) -> tuple[int, int]:
    """At how many points a difference is zero as far as it can be told, and at how many it is not.

    A point at which it has no value counts for neither.
    """
    same = different = 0
    for point in points:
        bits, found = 80, None
        while bits <= 2 * _AGREEING and found is None:
            with working(bits):
                e = Evaluation(point, sizes, field(bits))
                try:
                    value = e.value(difference)
                except UndecidedError:
                    bits *= 2
                    continue
                except NoValueError:
                    break
                signs = e.signs(value)
                if 0 not in signs:
                    found = False
                elif signs == {0}:
                    found = True
                elif bits >= _AGREEING:
                    ends = e.field.ends(value)
                    found = ends is not None and max(map(abs, ends)) < Fraction(1, 2 ** (_AGREEING // 2))
            bits *= 2
        same += found is True
        different += found is False
    return same, different


def random_points(
    reads: list[Read], domains: Mapping[Read, Any], seed: int = 20, count: int = _POINTS
) -> list[Mapping[str, Fraction]]:
    """Random rational points in a product of intervals."""
    draw = random.Random(seed)
    found: list[Mapping[str, Fraction]] = []
    for _ in range(count):
        point = {}
        for read in reads:
            domain = domains[read]
            share = Fraction(draw.randint(1, 996), 997)
            low, high = (
                None if end.is_infinite else Fraction(int(end.p), int(end.q)) for end in (domain.lower, domain.upper)
            )
            if low is not None and high is not None:
                value = low + share * (high - low)
            elif low is not None:
                value = low + 3 * share
            elif high is not None:
                value = high - 3 * share
            else:
                value = 6 * share - 3
            point[str(read)] = value
        found.append(point)
    return found
