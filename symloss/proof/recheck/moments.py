"""Integrals of polynomials times a Gaussian over the real line: the integrand compared, the moments taken again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss.program import Read
from symloss.proof.goals import Goal
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.identities import vanishes
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.terms import Term


def closed_forms(goal: Goal, said: list[Mapping[str, Any]]) -> dict[Any, tuple[Term, Term]]:
    """For each integral in a goal's terms its variance and its value, where the variance is positive.

    Raises:
        NotToldError: an integral is left out, or an integrand is not seen to be what the evidence says.
    """
    nodes = set().union(*(term.atoms(sympy.Integral, sympy.Limit) for term in goal.all_terms))
    by_text = {one["integral"]: one for one in said}
    found = {}
    for node in sorted(nodes, key=str):
        if str(node) not in by_text:
            raise NotToldError(f"{node} has no closed form in the evidence")
        found[node] = _closed_form(goal, node, by_text[str(node)])
    return found


def _closed_form(goal: Goal, node: Any, one: Mapping[str, Any]) -> tuple[Term, Term]:
    if not isinstance(node, sympy.Integral) or len(node.limits) != 1:
        raise NotToldError(f"{node} is no integral over one variable")
    x, *ends = node.limits[0]
    if ends != [-sympy.oo, sympy.oo]:
        raise NotToldError(f"{node} is no integral over the real line")
    factor, mean, variance = (closed_term(one[key], goal.tensors) for key in ("factor", "mean", "variance"))
    polynomial = [closed_term(p, goal.tensors) for p in one["polynomial"]]
    if not polynomial or any(part.has(x) for part in (factor, mean, variance, *polynomial)):
        raise NotToldError("the parts of an integrand depend on its variable")
    powers = sympy.Add(*(p * x**k for k, p in enumerate(polynomial)))
    bell = sympy.exp(sympy.expand(factor - (x - mean) ** 2 / (2 * variance)))
    if not _same(node.function, powers * bell):
        raise NotToldError(f"the integrand of {node} is not seen to be a polynomial times a Gaussian")
    moments = [sympy.S.One, mean]
    for k in range(2, len(polynomial)):
        moments.append(mean * moments[k - 1] + (k - 1) * variance * moments[k - 2])
    total = sympy.Add(*(p * m for p, m in zip(polynomial, moments, strict=False)))
    value = sympy.expand(sympy.expand(total) * _root(2 * sympy.pi * variance) * sympy.exp(factor))
    if not _same(value, closed_term(one["value"], goal.tensors)):
        raise NotToldError(f"the value of {node} is not the one that its moments give")
    return variance, value


def _same(a: Term, b: Term) -> bool:
    """Whether two terms are equal for all values of their variables: looked at with twice the variables in the place
    of these, so that no half of one stands in an exponent."""
    difference = a - b
    return vanishes(difference.xreplace({read: 2 * read for read in difference.atoms(Read)}))


def _root(e: Term) -> Term:
    """The square root of a product that is positive, with exponentials outside."""
    outside, inside = sympy.S.One, sympy.S.One
    for part in sympy.Mul.make_args(e):
        if isinstance(part, sympy.exp):
            outside *= sympy.exp(part.args[0] / 2)
        else:
            inside *= part
    return outside * sympy.sqrt(inside)
