"""Coefficient positivity again: each difference, times its denominators, is expanded and its coefficients looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.problems import Problem
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.reading import term
from symloss.proof.terms import conjuncts


def coefficients(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Whether every comparison of the conclusion follows from coefficients of one sign."""
    comparisons = conjuncts(problem.conclusion)
    if len(comparisons) != len(evidence["parts"]):
        return wrong("there is not one part per comparison")
    names, places, positive = _quantities(problem)
    if names is None:
        return wrong("a variable has no bound")
    for comparison, part in zip(comparisons, evidence["parts"], strict=True):
        fault = _fault(comparison, part, names, places, positive, problem)
        if fault:
            return wrong(fault)
    return OK if names else unchecked("there is no variable")


def _quantities(problem: Problem) -> tuple[dict[str, Any] | None, dict[Any, Any], list[Any]]:
    """Distances from the ends of the variables' intervals, the variables in terms of them, and what is positive."""
    names: dict[str, Any] = {}
    places: dict[Any, Any] = {}
    positive: list[Any] = []

    def distance(closed: bool) -> Any:
        name = f"a{len(names) + 1}"
        names[name] = sympy.Symbol(name)
        if not closed:
            positive.append(names[name])
        return names[name]

    for variable, domain in problem.variables.items():
        low, high = domain.lower, domain.upper
        if low.is_finite and high.is_finite:
            below, above = distance(domain.lower_closed), distance(domain.upper_closed)
            places[variable] = (high * below + low * above) / (below + above)
            positive.append(below + above)
        elif low.is_finite:
            places[variable] = low + distance(domain.lower_closed)
        elif high.is_finite:
            places[variable] = high - distance(domain.upper_closed)
        else:
            return None, places, positive
    return names, places, positive


def _fault(
    comparison: Any,
    part: Mapping[str, Any],
    names: Mapping[str, Any],
    places: Any,
    positive: list[Any],
    problem: Problem,
) -> str:
    """What is wrong with one part, "" if nothing."""
    known = [*positive, *_from_hypotheses(problem, names, places)]
    bases: list[tuple[Any, int]] = []
    for text, count, contained in part["denominator"]:
        base = _polynomial(term(text, (), names), names)
        if count < 1 or not _nonnegative(base) or not _holds(term(contained, (), names), base, known, names):
            return f"the denominator {text} may vanish or be negative"
        bases.append((base, count))
    difference = (comparison.args[1] - comparison.args[0]).xreplace(places)
    expanded = _over(difference, bases, names)
    if expanded is None:
        return "the difference is no polynomial over the denominators"
    if isinstance(comparison, atoms.Equal):
        return "" if expanded.is_zero else "the two sides differ"
    if isinstance(comparison, atoms.NotEqual) and _nonnegative(-expanded):
        expanded = -expanded
    if not _nonnegative(expanded):
        return "a coefficient of the numerator is negative"
    strict = isinstance(comparison, atoms.Less | atoms.NotEqual)
    if strict and not _holds(term(part.get("contains", "0"), (), names), expanded, known, names):
        return "the numerator may vanish"
    return "" if strict or isinstance(comparison, atoms.LessEqual) else "this is no comparison"


def _from_hypotheses(problem: Problem, names: Mapping[str, Any], places: Any) -> list[Any]:
    """Polynomials with non-negative coefficients that conditions keep from being 0."""
    found = []
    for condition in (part for h in problem.hypotheses for part in conjuncts(h)):
        if isinstance(condition, atoms.Less | atoms.NotEqual):
            difference = (condition.args[1] - condition.args[0]).xreplace(places)
            numerator = sympy.fraction(sympy.together(difference))[0]
            if numerator.is_polynomial(*names.values()) and numerator.free_symbols <= set(names.values()):
                one = _polynomial(numerator, names)
                turned = -one if isinstance(condition, atoms.NotEqual) and not _nonnegative(one) else one
                if _nonnegative(turned) and not turned.is_zero:
                    found.append(turned.as_expr())
    return found


def _over(difference: Any, bases: list[tuple[Any, int]], names: Mapping[str, Any]) -> Any | None:
    """The numerator of a difference over a product of powers: its terms one by one, each cancelled by itself."""
    total = _polynomial(0, names)
    for part in sympy.Add.make_args(difference):
        n, d = (_polynomial(e, names) for e in sympy.fraction(sympy.together(part)))
        for base, count in bases:
            for _ in range(count):
                quotient, rest = d.div(base)
                if rest.is_zero:
                    d = quotient
                else:
                    n *= base
        if d.total_degree() > 0 or d.is_zero:
            return None
        total += n.quo_ground(d.as_expr())
    return total


def _polynomial(e: Any, names: Mapping[str, Any]) -> Any:
    return sympy.Poly(e, *names.values())


def _nonnegative(polynomial: Any) -> bool:
    return all(coefficient.is_Rational and coefficient >= 0 for coefficient in polynomial.coeffs())


def _holds(part: Any, whole: Any, known: list[Any], names: Mapping[str, Any]) -> bool:
    """Whether a product of positive polynomials stands in another with all its monomials."""
    constant, factors = sympy.factor_list(part)
    if constant <= 0:
        return False
    expanded = [sympy.expand(one) for one in known]
    for base, _ in factors:
        within = any(_divides(base, one) for one in expanded)
        if not within:
            return False
    monomials = dict(whole.terms())
    return all(monomials.get(monomial, 0) > 0 for monomial, _ in _polynomial(part, names).terms())


def _divides(base: Any, positive: Any) -> bool:
    """Whether a polynomial is a factor of one that is not 0, so that it is not 0 either."""
    return bool(sympy.rem(positive, base, *sorted(positive.free_symbols | base.free_symbols, key=str)) == 0)
