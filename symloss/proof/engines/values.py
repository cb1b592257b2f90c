"""Case by case over the values of a variable that has only a few, each case for every size."""

from __future__ import annotations

from typing import Any

from symloss.program import AxisSymbol, Read, exact_arithmetic, substitute
from symloss.proof.engines import Budget, goal_engines
from symloss.proof.goals import Always, Goal
from symloss.proof.terms import Term, all_reads
from symloss.proof.verdicts import Finding, together

#: A variable with more values is left to others.
_MOST_VALUES = 3


class ValuesEngine:
    """Splits a condition by the values of one read of a set, and asks the other engines about each."""

    name = "values"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        if not isinstance(goal.statement, Always):
            return None
        read = self._read(goal)
        if read is None:
            return None
        parts: list[tuple[str, Finding]] = []
        for value in goal.tensors[read.tensor].domain.values:
            with exact_arithmetic():
                case = _at(goal, goal.statement, read, value)
            found = next((f for engine in goal_engines() for f in [engine.settle(case, budget)] if f is not None), None)
            if found is None:
                return None
            parts.append((f"{read} = {value}", found))
        return together(parts, "values")

    def _read(self, goal: Goal) -> Read | None:
        """The first read of a set at free running indices, so that one value is one case."""
        for read in sorted(set().union(*(all_reads(term) for term in goal.terms)), key=str):
            tensor = goal.tensors.get(read.tensor)
            few = tensor is not None and tensor.domain.kind == "set" and len(tensor.domain.values) <= _MOST_VALUES
            if few and all(isinstance(entry, AxisSymbol) and entry.axis in goal.axes for entry in read.index):
                return read
        return None


def _at(goal: Goal, statement: Always, read: Read, value: Any) -> Goal:
    """A goal with one read replaced by a value."""

    def there(term: Term) -> Term:
        return substitute(term, {read: value})

    return goal.about(
        Always(there(statement.conclusion)),
        f"{read} = {value}",
        hypotheses=tuple(there(condition) for condition in goal.hypotheses),
        obligations=tuple((there(path), there(need)) for path, need in goal.obligations),
    )


ENGINE = ValuesEngine()
