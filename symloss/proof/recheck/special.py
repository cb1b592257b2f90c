"""Steps of special functions again: series of the gamma family, and values at the ends of a domain.

Taken as given are the series ``ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·Σ_k 1/(x + k)ⁿ⁺¹`` for x > 0 and n ≥ 1 (DLMF 5.15.1), and this
table of values at ends.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read, Tensor
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import partial
from symloss.proof.goals import Always, Goal
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.terms import conjuncts

_OO = sympy.oo
#: Ends of a domain with the values there; the function is continuous between them.
_AT_ENDS: dict[str, tuple[tuple[Any, Any], tuple[Any, Any]]] = {
    "erf": ((-_OO, -sympy.S.One), (_OO, sympy.S.One)),
    "atan": ((-_OO, -sympy.pi / 2), (_OO, sympy.pi / 2)),
    "asin": ((-sympy.S.One, -sympy.pi / 2), (sympy.S.One, sympy.pi / 2)),
    "acos": ((-sympy.S.One, sympy.pi), (sympy.S.One, sympy.S.Zero)),
}


def item(goal: Goal, statement: Always) -> tuple[Goal, ...]:
    """``0 < c·ψ⁽ⁿ⁾(x)``, or ``0 ≤``, from the same for each item of the series in the place of the function."""
    comparison = statement.conclusion
    if not isinstance(comparison, atoms.Less | atoms.LessEqual) or "k" in goal.tensors:
        raise NotToldError("a series shows a comparison")
    e = sympy.expand(comparison.args[1] - comparison.args[0])
    functions = e.atoms(sympy.polygamma)
    if len(functions) != 1:
        raise NotToldError("there is not one function with a series")
    (function,) = functions
    order, x = function.args
    rest = e.coeff(function)
    if sympy.expand(e - rest * function) != 0 or rest.has(function):
        raise NotToldError("the term is no multiple of a function with a series")
    if not order.is_Integer or order < 1 or not Knowledge(goal.tensors, goal.hypotheses).holds(atoms.Less(0, x)):
        raise NotToldError(f"{function} has no series here")
    k = Read("k")
    sign = 1 if order % 2 else -1
    one = sign * sympy.factorial(order) * (x + k) ** (-order - 1)
    counter = Tensor("k", (), "variable", Domain("interval", sympy.S.Zero, _OO, True))
    says = comparison.func(0, rest * one)
    return (goal.about(Always(says), "item", tensors=MappingProxyType({**goal.tensors, "k": counter})),)


def between(goal: Goal, statement: Always) -> tuple[Goal, ...]:
    """``f(low) < f(x) < f(high)``, weak where the end belongs to the domain, from a slope of one sign inside it."""
    parts = conjuncts(statement.conclusion)
    functions = {f for part in parts for f in part.args if type(f).__name__ in _AT_ENDS}
    if len(functions) != 1 or len(goal.tensors) != 1 or len(parts) != 2:
        raise NotToldError("this is no statement that a function lies between two values")
    (function,), ((name, tensor),) = functions, goal.tensors.items()
    domain = tensor.domain
    ends = _AT_ENDS[type(function).__name__]
    if function.args != (Read(name),) or (domain.lower, domain.upper) != tuple(end for end, _ in ends):
        raise NotToldError("the domain is not that of the function")
    (_, at_low), (_, at_high) = ends
    rises = at_low == -at_high and at_high.is_positive
    closed = [domain.lower_closed, domain.upper_closed]
    least, most = ((at_low, closed[0]), (at_high, closed[1]))[:: 1 if rises else -1]
    wanted = {
        (atoms.LessEqual if least[1] else atoms.Less)(least[0], function),
        (atoms.LessEqual if most[1] else atoms.Less)(function, most[0]),
    }
    if set(parts) != wanted:
        raise NotToldError("the bounds are not the values at the ends")
    slope = partial(function, name, ()) * (1 if rises else -1)
    inside = replace(tensor, domain=Domain("interval", domain.lower, domain.upper))
    return (
        goal.about(
            Always(atoms.Less(0, slope)),
            "slope",
            tensors=MappingProxyType({name: inside}),
            obligations=(*goal.obligations, *obligations_of(slope)),
        ),
    )
