"""Equations among hypotheses: a variable that one determines gives way to what it equals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.goals import Always, Goal
from symloss.proof.problems import domain_conditions
from symloss.proof.terms import Term, all_reads


def without_equations(goal: Goal) -> Goal:
    """A goal that says the same about fewer variables.

    A variable that is read at one index alone, linearly and with a number as factor in what an equation says to be 0,
    is replaced; that its value lies in its domain stays as a hypothesis. Two weak inequalities that face each other
    are an equation.
    """
    for _ in range(len(goal.hypotheses)):
        found = _solved(goal)
        if found is None:
            return goal
        goal = _put(goal, *found)
    return goal


def _zeros(goal: Goal) -> list[Term]:
    found, seen = [], set()
    for condition in goal.hypotheses:
        if isinstance(condition, atoms.Equal):
            found.append(sympy.expand(condition.args[0] - condition.args[1]))
        elif isinstance(condition, atoms.LessEqual):
            slack = sympy.expand(condition.args[1] - condition.args[0])
            if sympy.expand(-slack) in seen:
                found.append(slack)
            seen.add(slack)
    return found


def _solved(goal: Goal) -> tuple[Read, Term] | None:
    everywhere = {read for term in goal.all_terms for read in all_reads(term)}
    for zero in _zeros(goal):
        for variable in sorted(all_reads(zero), key=str):
            tensor = goal.tensors.get(variable.tensor)
            if tensor is None or tensor.domain.kind != "interval" or variable.integer:
                continue
            if any(read.tensor == variable.tensor and read != variable for read in everywhere):
                continue
            slope = sympy.diff(zero, variable) if not zero.has(sympy.Function) else None
            if slope is None or not slope.is_Rational or slope == 0:
                continue
            value = sympy.expand(variable - zero / slope)
            if variable not in all_reads(value):
                return variable, value
    return None


def _put(goal: Goal, variable: Read, value: Term) -> Goal:
    def put(term: Any) -> Any:
        return term.xreplace({variable: value})

    inside = [put(c) for c in domain_conditions({variable: goal.tensors[variable.tensor].domain})]
    assert isinstance(goal.statement, Always)
    return replace(
        goal,
        statement=Always(put(goal.statement.conclusion)),
        hypotheses=tuple(c for c in dict.fromkeys((*map(put, goal.hypotheses), *inside)) if c != 1),
        cases=tuple(c for c in dict.fromkeys((*map(put, goal.cases), *inside)) if c != 1),
        obligations=tuple((put(path), put(need)) for path, need in goal.obligations),
    )
