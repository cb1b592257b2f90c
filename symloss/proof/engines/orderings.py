"""Orderings: variables that are only compared with each other, such as ends of intervals, in every order.

First the gaps of all orders stand side by side, as if each order had all of them: what holds then holds in each order,
where the other gaps are 0. Where that is too much to ask, the orders are settled one by one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from symloss.program import exact_arithmetic
from symloss.proof.arrangements import (
    Arranged,
    Column,
    arrangement,
    compared_groups,
    differences,
    in_gaps,
    quantities_of,
)
from symloss.proof.branches import KINKS
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.verdicts import Evidence, Finding

_MOST_LEAVES = 64


class OrderingsEngine:
    """Proves problems in which groups of variables are compared with each other alone."""

    name = "orderings"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof in every order, or None."""
        if not any(term.has(*KINKS) for term in (*problem.hypotheses, problem.conclusion)):
            return None
        plain = tuple(h for h in problem.hypotheses if not h.has(*KINKS))
        with exact_arithmetic():
            if problem.conclusion.has(*KINKS) and len(plain) < len(problem.hypotheses):
                found = self._settle(replace(problem, hypotheses=plain), budget)
                if found is not None:
                    return found
            return self._settle(problem, budget)

    def _settle(self, problem: Problem, budget: Budget) -> Finding | None:
        groups = compared_groups(problem)
        if not groups:
            return None
        problem = differences(problem, groups)
        quantities = [quantities_of(problem, group) for group in groups]
        orders = []
        for group, some in zip(groups, quantities, strict=True):
            found = arrangement(problem, group, some)
            if found is None:
                return None
            orders.append(found)
        together = [(tuple(sorted(frozenset().union(*some))),) for some in orders]
        apart = [tuple(tuple(sorted(columns)) for columns in some) for some in orders]
        for choices, engines in ((together, ("coefficients",)), (apart, ("coefficients", "solver"))):
            leaves = self._leaves(problem, groups, quantities, choices, engines, budget)
            if leaves is not None:
                named = [
                    {"variables": [str(read) for read in group], "quantities": [str(quantity) for quantity in some]}
                    for group, some in zip(groups, quantities, strict=True)
                ]
                evidence = {"kind": "orderings", "groups": named, "leaves": leaves}
                names = "+".join(dict.fromkeys(str(leaf["engine"]) for leaf in leaves))
                return Finding("proved", names, evidence, summary=_summary(len(leaves)))
        return None

    def _leaves(
        self,
        problem: Problem,
        groups: list[tuple[Any, ...]],
        quantities: list[tuple[Any, ...]],
        choices: list[tuple[tuple[Column, ...], ...]],
        engines: tuple[str, ...],
        budget: Budget,
    ) -> list[Evidence] | None:
        leaves: list[Evidence] = []
        for chosen in product(*choices):
            arranged = [Arranged(*one) for one in zip(groups, quantities, chosen, strict=True)]
            leaf = in_gaps(problem, arranged)
            found = self._leaf(leaf, engines, budget) if leaf is not None and len(leaves) < _MOST_LEAVES else None
            if found is None:
                return None
            columns = [[[str(entry) for entry in column] for column in one] for one in chosen]
            leaves.append({"columns": columns, "engine": found.engine, "evidence": found.evidence})
        return leaves

    def _leaf(self, leaf: Problem, engines: tuple[str, ...], budget: Budget) -> Finding | None:
        if leaf.conclusion == 1:
            return Finding("proved", "algebra", {"kind": "identity", "difference": "0"})
        found = (problem_engine(name).settle(leaf, budget) for name in engines)
        return next((one for one in found if one is not None), None)


def _summary(count: int) -> str:
    return "in all orders at once" if count == 1 else f"in each of {count} arrangements"


ENGINE = OrderingsEngine()
