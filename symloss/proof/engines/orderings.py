"""Orderings: variables that are only compared with each other, such as ends of intervals, in every order.

First the gaps of all orders stand side by side, as if each order had all of them: what holds then holds in each order,
where the other gaps are 0. Where that is too much to ask, the orders are settled one by one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
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
from symloss.proof.branches import KINKS, supposing
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.engines.coefficients import Quantities
from symloss.proof.problems import Problem
from symloss.proof.terms import conjuncts
from symloss.proof.verdicts import Evidence, Finding

_MOST_LEAVES = 64


class OrderingsEngine:
    """Proves problems in which groups of variables are compared with each other alone."""

    name = "orderings"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof in every order, or None."""
        if not any(term.has(*KINKS) for term in (*problem.hypotheses, problem.conclusion)):
            return None
        if any(isinstance(h, atoms.Or) for h in problem.hypotheses):
            return None
        with exact_arithmetic():
            problem = supposing(problem, sympy.S.One)
            plain = tuple(h for h in problem.hypotheses if not h.has(*KINKS))
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
        leaves: list[Evidence] = []
        if not self._divided(problem, groups, quantities, orders, budget, leaves):
            return None
        named = [
            {"variables": [str(read) for read in group], "quantities": [str(quantity) for quantity in some]}
            for group, some in zip(groups, quantities, strict=True)
        ]
        evidence = {"kind": "orderings", "groups": named, "leaves": leaves}
        names = "+".join(dict.fromkeys(str(leaf["engine"]) for leaf in leaves))
        return Finding("proved", names, evidence, summary=_summary(len(leaves)))

    def _divided(
        self,
        problem: Problem,
        groups: list[tuple[Any, ...]],
        quantities: list[tuple[Any, ...]],
        blocks: list[tuple[frozenset[Column], ...]],
        budget: Budget,
        leaves: list[Evidence],
    ) -> bool:
        """Whether the problem holds for blocks of orders; where not for all orders at once, then for parts of them."""
        if len(leaves) >= _MOST_LEAVES:
            return False
        columns = [tuple(sorted(frozenset().union(*block))) for block in blocks]
        arranged = [Arranged(*one) for one in zip(groups, quantities, columns, strict=True)]
        leaf = in_gaps(problem, arranged)
        if leaf is None:
            return False
        leaf = _without_equations(leaf)
        found = self._leaf(leaf, budget)
        if found is not None:
            texts = [[[str(entry) for entry in column] for column in one] for one in columns]
            shown = {"hypotheses": [str(h) for h in leaf.hypotheses], "conclusion": str(leaf.conclusion)}
            leaves.append({"columns": texts, **shown, "engine": found.engine, "evidence": found.evidence})
            return True
        largest = max(range(len(blocks)), key=lambda position: len(blocks[position]))
        if len(blocks[largest]) == 1:
            return False
        return all(
            self._divided(
                problem, groups, quantities, [*blocks[:largest], part, *blocks[largest + 1 :]], budget, leaves
            )
            for part in _parted(blocks[largest])
        )

    def _leaf(self, leaf: Problem, budget: Budget) -> Finding | None:
        if leaf.conclusion == 1:
            return Finding("proved", "algebra", {"kind": "identity", "difference": "0"})
        less = replace(budget, steps=budget.steps // 4)
        found = (problem_engine(name).settle(leaf, less) for name in ("coefficients", "solver"))
        return next((one for one in found if one is not None), None)


def _without_equations(leaf: Problem) -> Problem:
    """Equations of which every monomial must vanish, as conditions on which gaps are 0."""
    quantities = Quantities.of(leaf) if any(isinstance(h, atoms.Equal) for h in leaf.hypotheses) else None
    if quantities is None:
        return leaf
    found = [quantities.vanishing(h) if isinstance(h, atoms.Equal) else None for h in leaf.hypotheses]
    kept = (h if new is None else new for h, new in zip(leaf.hypotheses, found, strict=True))
    return replace(leaf, hypotheses=tuple(part for condition in kept for part in conjuncts(condition)))


def _parted(block: tuple[frozenset[Column], ...]) -> tuple[tuple[frozenset[Column], ...], ...]:
    """The orders of a block that have the rarest gap, and the others."""
    every = sorted(frozenset().union(*block))
    counts = {column: sum(column in one for one in block) for column in every}
    rarest = min((column for column in every if counts[column] < len(block)), key=lambda column: counts[column])
    return tuple(one for one in block if rarest in one), tuple(one for one in block if rarest not in one)


def _summary(count: int) -> str:
    return "in all orders at once" if count == 1 else f"in each of {count} arrangements"


ENGINE = OrderingsEngine()
