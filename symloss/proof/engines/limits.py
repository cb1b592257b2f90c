"""Limits for every size, case by case, each with the trace of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read, exact_arithmetic
from symloss.proof.closing import negation
from symloss.proof.engines import Budget
from symloss.proof.engines.algebra import normal_form
from symloss.proof.equations import linear_solution
from symloss.proof.goals import Goal, Limit
from symloss.proof.limits import Limits, NoLimitError, SplitError
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Term, all_reads, tensors_of
from symloss.proof.verdicts import Finding, Scope

#: More nested cases than this are given up.
_DEEPEST = 6


class LimitEngine:
    """Proves limits by rules; the term's obligations must be shown apart."""

    name = "limits"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        statement = goal.statement
        if not isinstance(statement, Limit) or goal.obligations or not _approachable(goal, statement):
            return None
        with exact_arithmetic():
            try:
                cases = _Cases(goal, statement).settle(statement.term, statement.value, (), {})
            except NoLimitError:
                return None
        toward = {name: f"{point}{side}" for name, (point, side) in statement.points.items()}
        evidence = {"kind": "limit", "toward": toward, "cases": cases}
        sizes = {axis: goal.sizes.get(axis) for axis in goal.open_axes}
        return Finding("proved", self.name, evidence, Scope("all", sizes), _summary(cases))


def _summary(cases: list[dict[str, Any]]) -> str:
    last = next((case["lines"][-1]["rule"] for case in reversed(cases) if case.get("lines")), "no case")
    return f"limit by {last}" if len(cases) == 1 else f"limit in {len(cases)} cases, the last by {last}"


def _approachable(goal: Goal, statement: Limit) -> bool:
    """Whether the moving variables can reach their points: nothing but their intervals bounds them."""
    moving = set(statement.points)
    if any(tensors_of(condition) & moving for condition in goal.hypotheses):
        return False
    if tensors_of(statement.value) & moving:
        return False
    for name, (point, side) in statement.points.items():
        domain = goal.tensors[name].domain
        if domain.kind != "interval" or not (point.is_number and point.is_extended_real):
            return False
        if point.is_infinite and side:
            return False
        low, high = domain.lower < point, point < domain.upper
        if point == sympy.oo:
            low, high = True, domain.upper == sympy.oo
        elif point == -sympy.oo:
            low, high = domain.lower == -sympy.oo, True
        elif side == "+":
            low = domain.lower <= point
        elif side == "-":
            high = point <= domain.upper
        if not (low and high):
            return False
    return True


class _Cases:
    """Splits into cases until the rules tell the limit in each."""

    def __init__(self, goal: Goal, statement: Limit) -> None:
        self.goal, self.statement = goal, statement

    def settle(
        self, term: Term, value: Term, assumed: tuple[Term, ...], replaced: Mapping[Read, Term]
    ) -> list[dict[str, Any]]:
        """The evidence of all cases under some conditions.

        Raises:
            NoLimitError: the rules do not tell.
        """
        given = tuple(condition.xreplace(dict(replaced)) for condition in (*self.goal.hypotheses, *assumed))
        ranges = Ranges(self.goal.tensors, given)
        if any(self._excluded(given, number) for number in range(len(given))):
            return [{**_shown(assumed, replaced), "empty": True}]
        try:
            limits = Limits(self.statement.points, ranges, self.goal.tensors)
            last = limits.line(term)
            found = limits.lines[last]
            if not _same(found.to, value, ranges):
                raise NoLimitError(f"the limit is {found.to}")
            return [{**_shown(assumed, replaced), "lines": [one.as_json() for one in limits.lines[: last + 1]]}]
        except SplitError as split:
            if len(assumed) >= _DEEPEST:
                raise NoLimitError("too many cases") from None
            cases = []
            for condition in split.conditions:
                put = dict(replaced)
                solution = self._solution(condition)
                if solution is not None:
                    put = {variable: e.xreplace(solution) for variable, e in put.items()} | solution
                cases += self.settle(term.xreplace(put), value.xreplace(put), (*assumed, condition), put)
            return cases

    def _excluded(self, given: tuple[Term, ...], number: int) -> bool:
        others = given[:number] + given[number + 1 :]
        return given[number] == 0 or Ranges(self.goal.tensors, others).holds(negation(given[number]))

    def _solution(self, condition: Term) -> dict[Any, Term] | None:
        """A variable that an equation determines, if it occurs at one index only and does not move."""
        if not isinstance(condition, atoms.Equal):
            return None
        difference = condition.args[0] - condition.args[1]
        terms = (self.statement.term, self.statement.value, *self.goal.hypotheses)
        reads = frozenset().union(*(all_reads(term) for term in terms))
        for variable in sorted(all_reads(difference), key=str):
            if variable.integer or any(read != variable for read in reads if read.tensor == variable.tensor):
                continue
            value = linear_solution(difference, variable, numbers_only=True)
            if value is not None:
                return {variable: value}
        return None


def _shown(assumed: tuple[Term, ...], replaced: Mapping[Read, Term]) -> dict[str, Any]:
    return {
        "assumed": [str(condition) for condition in assumed],
        "replaced": {str(variable): str(value) for variable, value in replaced.items()},
    }


def _same(to: Term, value: Term, ranges: Ranges) -> bool:
    """Whether a limit is the value of the statement."""
    if to.is_infinite or value.is_infinite:
        return bool(to == value)
    if to == value:
        return True
    difference = to - value
    known = ranges.range(difference)
    return normal_form(difference) == 0 or (known is not None and known.low == known.high == 0)


ENGINE = LimitEngine()
