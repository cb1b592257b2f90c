"""Is a mutant false, and do the engines that prove fall for it?

That it is false is certified by a rational witness that the re-check's evaluation accepts. The engines get it without
the refuter before them, which would settle it first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from symloss.errors import SpecError
from symloss.program import exact_arithmetic
from symloss.proof.claim_terms import UnsupportedClaimError
from symloss.proof.derivatives import NotDifferentiableError
from symloss.proof.engines import Budget
from symloss.proof.formulation import formulate
from symloss.proof.goals import Goal
from symloss.proof.portfolio import Portfolio
from symloss.proof.recheck.witnesses import refutes
from symloss.proof.verdicts import Finding, together
from tests.proof.mutants.making import Mutant, with_claim

BUDGET = Budget()


def read(mutant: Mutant, path: Path) -> tuple[Goal, ...] | None:
    """The mutant's goals, or None where it is not a well-formed claim."""
    try:
        spec = with_claim(path, mutant.claim)
        return formulate(spec, spec.claims[0])
    except (SpecError, UnsupportedClaimError, NotDifferentiableError):
        return None


def witness(goals: tuple[Goal, ...]) -> dict[str, Any] | None:
    """A witness against the claim that the re-check accepts, or None."""
    for goal in goals:
        found = Portfolio(BUDGET).refute(goal, BUDGET.depth)
        if found is None:
            continue
        evidence = found.evidence
        while evidence["kind"] == "step":
            evidence = evidence["of"]
        with exact_arithmetic():
            if evidence["kind"] == "witness" and refutes(goals, evidence).word == "ok":
                return evidence
    return None


class _WithoutRefuter(Portfolio):
    """The engines in order, with no look for a witness before a step's parts either."""

    def _witness(self, goal: Goal, brief: bool = False) -> Finding | None:
        """Models of conditions are still found on the way."""
        super()._witness(goal, brief)
        return None


def fooled(goals: tuple[Goal, ...], against: dict[str, Any], alone: bool = False) -> bool:
    """Whether the proving engines by themselves prove a false claim, for sizes that include those of the witness.

    At other sizes it may well be true: the negative of a divergence is nonnegative among distributions of one item.
    So what is proved size by size is asked at those of the witness alone. Before the parts of a step (of convexity, of
    a constant …) the refuter is asked as ever, which shields the engines that prove; alone they are not, which takes
    minutes for some claims.
    """
    portfolio = (_WithoutRefuter if alone else Portfolio)(BUDGET)
    at = {axis: (size,) for axis, size in against["sizes"].items()}
    asked = [replace(goal, sizes=MappingProxyType({**goal.sizes, **at})) for goal in goals]
    found = together([(goal.name, portfolio.prove(goal, BUDGET.depth)) for goal in asked])
    return found.status in ("proved", "certified")
