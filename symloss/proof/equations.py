"""Equations among hypotheses, solved: a variable that one determines gives way to what it equals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.goals import Always, Goal
from symloss.proof.problems import domain_conditions
from symloss.proof.terms import Term, all_reads


def equalities(conditions: Iterable[Term]) -> tuple[Term, ...]:
    """Differences that conditions say to be 0: of equations, and of two weak inequalities that face each other."""
    found, weak = [], []
    for condition in conditions:
        if isinstance(condition, atoms.Equal):
            found.append(condition.args[0] - condition.args[1])
        elif isinstance(condition, atoms.LessEqual):
            difference = sympy.expand(condition.args[1] - condition.args[0])
            if sympy.expand(-difference) in weak:
                found.append(difference)
            weak.append(difference)
    return tuple(found)


def linear_solution(difference: Term, variable: Read, numbers_only: bool = False) -> Term | None:
    """What a variable is where a difference that is linear in it vanishes.

    Args:
        difference: the term.
        variable: the variable.
        numbers_only: whether the factor of the variable must be a number other than 0.
    """
    expanded = sympy.expand(difference)
    if any(variable in all_reads(e) for e in expanded.atoms(sympy.Function, sympy.Pow)):
        return None
    slope = expanded.coeff(variable, 1)
    rest = sympy.expand(expanded - slope * variable)
    if slope == 0 or variable in rest.free_symbols or variable in slope.free_symbols:
        return None
    if numbers_only and not slope.is_Number:
        return None
    return sympy.expand(-rest / slope)


def solved(goal: Goal) -> Goal:
    """The goal with every variable replaced that an equation among its hypotheses determines, where that is easy.

    The equation must be linear in the variable with a number as factor, and the variable must occur at one index.
    That the solution lies in the variable's domain becomes a hypothesis.
    """
    assert isinstance(goal.statement, Always)  # other statements bind variables
    for _ in range(len(goal.hypotheses)):
        found = _solution(goal)
        if found is None:
            return goal
        goal = _replaced(goal, found)
    return goal


def _solution(goal: Goal) -> Mapping[Read, Term] | None:
    terms = goal.all_terms
    reads = frozenset().union(*(all_reads(term) for term in terms)) if terms else frozenset()
    for difference in equalities(goal.hypotheses):
        for variable in sorted(all_reads(difference), key=str):
            tensor = goal.tensors.get(variable.tensor)
            alone = all(read == variable for read in reads if read.tensor == variable.tensor)
            if tensor is None or tensor.domain.kind != "interval" or variable.integer or not alone:
                continue
            value = linear_solution(difference, variable, numbers_only=True)
            if value is not None:
                return {variable: value}
    return None


def _replaced(goal: Goal, values: Mapping[Read, Term]) -> Goal:
    def put(term: Any) -> Any:
        return term.xreplace(dict(values))

    assert isinstance(goal.statement, Always)
    inside = [
        put(condition)
        for variable in values
        for condition in domain_conditions({variable: goal.tensors[variable.tensor].domain})
    ]
    hypotheses = tuple(c for c in dict.fromkeys((*map(put, goal.hypotheses), *inside)) if c != 1)
    cases = tuple(c for c in dict.fromkeys((*map(put, goal.cases), *inside)) if c != 1)
    return replace(
        goal,
        statement=Always(put(goal.statement.conclusion)),
        hypotheses=hypotheses,
        cases=cases,
        obligations=tuple((put(path), put(need)) for path, need in goal.obligations),
    )
