"""What is known of the gamma family and of inverse functions beyond their derivatives, as steps from goal to goal.

Taken as given are the series ``ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·Σ_k 1/(x + k)ⁿ⁺¹`` for x > 0 and n ≥ 1 (DLMF 5.15.1), and the
values of erf and of the inverse trigonometric functions at the ends of their domains.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read, Tensor
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import directional
from symloss.proof.goals import Always, Goal
from symloss.proof.ranges import Ranges
from symloss.proof.terms import conjuncts

SERIES = "a series that is taken as given, item by item"
ENDS = "a monotone function lies between its values at the ends, which are taken as given"
_BETWEEN = (sympy.erf, sympy.atan, sympy.asin, sympy.acos)


def item_of_series(goal: Goal) -> Goal | None:
    """A comparison of 0 with a multiple of a polygamma function, for each item ``1/(x + k)ⁿ⁺¹`` of its series.

    The items have one sign, so that their sum has it too; k is any number that is at least 0.
    """
    statement = goal.statement
    if not isinstance(statement, Always) or not isinstance(statement.conclusion, atoms.Less | atoms.LessEqual):
        return None
    low, high = statement.conclusion.args
    if 0 not in (low, high):
        return None
    e = high - low
    found = [factor for factor in sympy.Mul.make_args(e) if isinstance(factor, sympy.polygamma)]
    if len(found) != 1 or (e / found[0]).has(sympy.polygamma):
        return None
    n, x = found[0].args
    known = Ranges(goal.tensors, goal.hypotheses).range(x)
    if not (n.is_Integer and n >= 1) or known is None or not known.above(0, True):
        return None
    k = Read("k")
    item = (-1) ** (n + 1) * sympy.factorial(n) / (x + k) ** (n + 1)
    tensors = {**goal.tensors, "k": Tensor("k", (), "variable", Domain("interval", sympy.S.Zero, sympy.oo, True))}
    says = statement.conclusion.func(0, e / found[0] * item)
    return goal.about(Always(says), "item", tensors=MappingProxyType(tensors))


def slope_between_ends(goal: Goal) -> Goal | None:
    """That a function of one variable has a slope of one sign, where the bounds are its values at the ends."""
    statement = goal.statement
    if not isinstance(statement, Always) or len(goal.tensors) != 1:
        return None
    ((name, tensor),) = goal.tensors.items()
    parts = [part for part in conjuncts(statement.conclusion) if isinstance(part, atoms.Less | atoms.LessEqual)]
    terms = [side for part in parts for side in part.args if side.free_symbols]
    if len(parts) != 2 or len(terms) != 2 or terms[0] != terms[1] or not isinstance(terms[0], _BETWEEN):
        return None
    term, domain = terms[0], tensor.domain
    if term.args != (Read(name),):
        return None
    ends = [(term.func(domain.lower), domain.lower_closed), (term.func(domain.upper), domain.upper_closed)]
    rises = bool(ends[0][0] < ends[1][0])
    (low, low_closed), (high, high_closed) = ends if rises else ends[::-1]
    wanted = {
        (atoms.LessEqual if low_closed else atoms.Less)(low, term),
        (atoms.LessEqual if high_closed else atoms.Less)(term, high),
    }
    if set(parts) != wanted:
        return None
    slope = directional(term, {name: "1"}).xreplace({Read("1"): sympy.S.One}) * (1 if rises else -1)
    inside = replace(tensor, domain=Domain("interval", tensor.domain.lower, tensor.domain.upper))
    needs = tuple((path, need) for path, need in obligations_of(slope) if need != 1)
    return goal.about(
        Always(atoms.Less(sympy.S.Zero, slope)),
        "slope",
        tensors=MappingProxyType({name: inside}),
        obligations=(*goal.obligations, *needs),
    )


STEPS: tuple[tuple[str, Any], ...] = ((SERIES, item_of_series), (ENDS, slope_between_ends))
