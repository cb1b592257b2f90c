"""A problem over a bounded box: real variables that occur through logistic functions only become probabilities.

With ``z = log(p/(1 - p))`` the logistic function of z is p, ``exp(z)`` is ``p/(1 - p)`` and ``log(1 + exp(z))`` is
``-log(1 - p)``; p runs through (0, 1) as z runs through the real numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read, Tensor
from symloss.proof.equations import equalities, linear_solution
from symloss.proof.problems import Problem, domain_conditions
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Term


@dataclass(frozen=True)
class Bounded:
    """A problem over a box.

    Attributes:
        box: for each variable its closed interval.
        hypotheses: what may be assumed.
        conclusion: what is to be shown.
        substituted: what stands for variables that are gone.
    """

    box: Mapping[Any, tuple[Fraction, Fraction]]
    hypotheses: tuple[Term, ...]
    conclusion: Term
    substituted: Mapping[Read, Term]


def bounded(problem: Problem, most: int) -> Bounded | None:
    """The problem over a bounded box, or None.

    Args:
        problem: the problem.
        most: how many variables its conclusion may have.
    """
    variables = dict(problem.variables)
    if len(problem.conclusion.atoms(Read)) > most:
        return None
    signs = _Signs(problem)
    hypotheses, conclusion = tuple(problem.hypotheses), _in_sides(problem.conclusion, signs.outside)
    substituted: dict[Read, Term] = {}
    for difference in equalities(hypotheses):
        current = difference.xreplace(substituted)
        for variable in sorted(current.atoms(Read), key=str, reverse=True):
            value = linear_solution(current, variable, numbers_only=True)
            if value is not None and variable in variables:
                inside = domain_conditions({variable: variables.pop(variable)})
                place = {variable: value}
                substituted = {v: e.xreplace(place) for v, e in substituted.items()} | place
                hypotheses = tuple(h.xreplace(place) for h in (*hypotheses, *inside))
                conclusion = conclusion.xreplace(place)
                break
    read = conclusion.atoms(Read)
    # A hypothesis about other variables says nothing here: leaving it out leaves more to show.
    kept = [h for h in hypotheses if h not in (0, 1) and h.atoms(Read) <= read]
    box: dict[Any, tuple[Fraction, Fraction]] = {}
    for number, variable in enumerate(sorted(read, key=str)):
        domain = variables.get(variable)
        if domain is None:
            return None
        if domain.lower.is_Rational and domain.upper.is_Rational:
            box[variable] = (_fraction(domain.lower), _fraction(domain.upper))
            continue
        share = sympy.Symbol(f"p{number + 1}", positive=True)
        changed = [_logistic(e, variable, share) for e in (conclusion, *kept)]
        if not _whole_line(domain) or any(variable in e.atoms(Read) for e in changed):
            return None
        conclusion, *kept = changed
        box[share] = (Fraction(0), Fraction(1))
        substituted[variable] = sympy.log(share / (1 - share))
    return Bounded(box, tuple(kept), _in_sides(conclusion, tidy), substituted)


def _in_sides(condition: Term, change: Any) -> Term:
    """A condition with changed sides; what has become a comparison of numbers stays one."""
    if isinstance(condition, atoms.And | atoms.Or | atoms.Not):
        return condition.func(*(_in_sides(part, change) for part in condition.args))
    if isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual):
        return condition.func(*(change(side) for side in condition.args), evaluate=False)
    return condition


def tidy(e: Term) -> Term:
    """Sums of quotients over one denominator, without nested differences, so that factors cancel."""
    if not e.args:
        return e
    built = e.func(*(tidy(argument) for argument in e.args))
    if not built.is_Add:
        return built
    return sympy.together(built) if built.atoms(sympy.Function, atoms.Atom) else sympy.together(sympy.expand(built))


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _whole_line(domain: Domain) -> bool:
    return bool(domain.lower == -sympy.oo and domain.upper == sympy.oo)


def _logistic(e: Term, z: Read, p: Any) -> Term:
    """A term in which logistic functions of a variable are terms in its probability."""

    def build(node: Any) -> Any:
        if not node.has(z):
            return node
        if isinstance(node, sympy.exp):
            times, rest = _multiple(node.args[0], z)
            return node if times is None else (p / (1 - p)) ** times * sympy.exp(rest)
        if isinstance(node, atoms.Sigmoid | atoms.Softplus):
            times, rest = _multiple(node.args[0], z)
            if rest == 0 and times in (1, -1):
                one = p if times == 1 else 1 - p
                return one if isinstance(node, atoms.Sigmoid) else -sympy.log(1 - one)
        if not node.args:
            return node
        return node.func(*(build(argument) for argument in node.args))

    return build(e)


def _multiple(e: Term, z: Read) -> tuple[Any, Term]:
    """An integer multiple of a variable, and the rest."""
    expanded = sympy.expand(e)
    times = expanded.coeff(z, 1)
    rest = sympy.expand(expanded - times * z)
    return (times, rest) if times.is_Integer and not rest.has(z) else (None, rest)


class _Signs:
    """Takes factors of known sign out of absolute values, where they may cancel."""

    def __init__(self, problem: Problem) -> None:
        tensors = {v.tensor: Tensor(v.tensor, (), "variable", domain) for v, domain in problem.variables.items()}
        self.ranges = Ranges(tensors, problem.hypotheses)

    def outside(self, e: Term) -> Term:
        """A term with such factors outside."""
        return e.replace(lambda node: isinstance(node, atoms.Absolute), self._node)

    def _node(self, node: Any) -> Any:
        kept, found = [], sympy.S.One
        for factor in sympy.Mul.make_args(sympy.factor_terms(node.args[0])):
            known = self.ranges.range(factor)
            if known is not None and known.above(0):
                found *= factor
            elif known is not None and known.below(0):
                found *= -factor
            else:
                kept.append(factor)
        return found * (atoms.Absolute(sympy.Mul(*kept)) if kept else 1)
