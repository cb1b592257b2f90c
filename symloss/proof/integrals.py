"""Integrals over the real line of polynomials times ``exp`` of a quadratic: moments of a Gaussian, in closed form.

With mean m and variance v > 0 the moments of ``exp(-(x - m)²/(2v))``, divided by ``sqrt(2πv)``, are M0 = 1, M1 = m and
Mk = m·M(k-1) + (k-1)·v·M(k-2), by integration by parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.closing import obligations_of
from symloss.proof.goals import Always, Goal
from symloss.proof.ranges import Ranges
from symloss.proof.steps import Step
from symloss.proof.terms import Term

#: Higher powers of the variable are not looked at.
_HIGHEST = 8


@dataclass(frozen=True)
class Moments:
    """An integrand ``exp(factor)·(p0 + p1·x + …)·exp(-(x - mean)²/(2·variance))`` and its integral."""

    factor: Term
    mean: Term
    variance: Term
    polynomial: tuple[Term, ...]

    @property
    def value(self) -> Term:
        """The integral over the real line."""
        moments = [sympy.S.One, self.mean]
        for k in range(2, len(self.polynomial)):
            moments.append(self.mean * moments[k - 1] + (k - 1) * self.variance * moments[k - 2])
        total = sympy.Add(*(p * moment for p, moment in zip(self.polynomial, moments, strict=False)))
        scale = sympy.exp(self.factor) * sympy.sqrt(2 * sympy.pi * self.variance)
        return sympy.Add(*(sympy.expand(scale * term) for term in sympy.Add.make_args(sympy.expand(total))))

    def as_json(self, integral: Any) -> dict[str, Any]:
        """The integral as evidence."""
        return {
            "integral": str(integral),
            "factor": str(self.factor),
            "mean": str(self.mean),
            "variance": str(self.variance),
            "polynomial": [str(p) for p in self.polynomial],
            "value": str(self.value),
        }


def integrals_of(goal: Goal) -> list[Any]:
    """The integrals and limits in a goal's terms, in a fixed order."""
    found: set[Any] = set().union(*(term.atoms(sympy.Integral, sympy.Limit) for term in goal.all_terms))
    return sorted(found, key=str)


def gaussian_moments(goal: Goal, statement: Always) -> list[Step]:
    """The statement with every integral in closed form, and that the variances are positive."""
    nodes = integrals_of(goal)
    if not nodes:
        return []
    known = {node: moments_of(node) for node in nodes}
    if any(one is None for one in known.values()):
        return []
    found = {node: one for node, one in known.items() if one is not None}
    values = {node: one.value for node, one in found.items()}
    needs = tuple(need for one in found.values() for need in obligations_of(one.value))
    variances = [
        goal.about(Always(atoms.Less(0, one.variance)), "variance", obligations=obligations_of(one.variance))
        for one in found.values()
    ]
    # With a positive variance the integrals exist, which an obligation asks for.
    exist = {atoms.Less(atoms.Absolute(node), sympy.oo) for node in nodes}
    obligations = [pair for pair in goal.obligations if pair[1] not in exist]
    shown = replace(
        goal.about(Always(statement.conclusion.xreplace(values)), "closed form"),
        hypotheses=tuple(condition.xreplace(values) for condition in goal.hypotheses),
        obligations=(*((path.xreplace(values), need.xreplace(values)) for path, need in obligations), *needs),
    )
    details = {"integrals": [one.as_json(node) for node, one in found.items()]}
    steps = [Step("Gaussian moments", (*variances, shown), details=details)]
    ranges = Ranges(goal.tensors, goal.hypotheses)
    if all(ranges.holds(one.statement.conclusion) for one in variances if isinstance(one.statement, Always)):
        # The integrals exist for all values, so that the statement and its closed form fail together.
        steps.append(Step("Gaussian moments", (shown,), equivalent=True, proves=False, details=details))
    return steps


def moments_of(node: Any) -> Moments | None:
    """An integrand over the real line as a polynomial times a Gaussian, or None."""
    if not isinstance(node, sympy.Integral) or len(node.limits) != 1 or len(node.limits[0]) != 3:
        return None
    x, low, high = node.limits[0]
    if (low, high) != (-sympy.oo, sympy.oo):
        return None
    exponent: Any = None
    polynomial = sympy.S.Zero
    for term in sympy.Add.make_args(sympy.expand(node.function, power_exp=False)):
        rest, inside = [], sympy.S.Zero
        for factor in sympy.Mul.make_args(term):
            if isinstance(factor, sympy.exp) and factor.has(x):
                inside += factor.args[0]
            else:
                rest.append(factor)
        inside = sympy.expand(inside)
        if exponent is not None and sympy.expand(inside - exponent) != 0:
            return None
        exponent = inside
        polynomial += sympy.Mul(*rest)
    return _gaussian(exponent, polynomial, x)


def _gaussian(exponent: Any, polynomial: Any, x: Any) -> Moments | None:
    try:
        quadratic, whole = sympy.Poly(exponent, x), sympy.Poly(sympy.expand(polynomial), x)
    except sympy.PolynomialError:
        return None
    if quadratic.degree() != 2 or whole.degree() > _HIGHEST:
        return None
    if any(c.has(x) for c in (*quadratic.all_coeffs(), *whole.all_coeffs())):
        return None
    a, b, c = quadratic.all_coeffs()
    mean, variance = sympy.expand(-b / (2 * a)), sympy.expand(-1 / (2 * a))
    factor = sympy.expand(c - b**2 / (4 * a))
    return Moments(factor, mean, variance, tuple(reversed(whole.all_coeffs())))
