"""Is a mutant false, and do the engines that prove fall for it?

That it is false is certified by a rational witness that the re-check's evaluation accepts. The engines get it without
the refuter before them, which would settle it first.
"""

from __future__ import annotations

from pathlib import Path

from symloss.errors import SpecError
from symloss.language.claims import Claim
from symloss.language.spec import Spec
from symloss.program import exact_arithmetic
from symloss.proof.claim_terms import UnsupportedClaimError
from symloss.proof.derivatives import NotDifferentiableError
from symloss.proof.engines import Budget
from symloss.proof.formulation import formulate
from symloss.proof.goals import Goal
from symloss.proof.portfolio import Portfolio
from symloss.proof.recheck.witnesses import refutes
from symloss.proof.verdicts import together
from tests.proof.mutants.making import Mutant, with_claim

BUDGET = Budget()


def read(mutant: Mutant, path: Path) -> tuple[Spec, Claim, tuple[Goal, ...]] | None:
    """The mutant's goals, or None where it is not a well-formed claim."""
    try:
        spec = with_claim(path, mutant.claim)
        return spec, spec.claims[0], formulate(spec, spec.claims[0])
    except (SpecError, UnsupportedClaimError, NotDifferentiableError):
        return None


def false(goals: tuple[Goal, ...]) -> bool:
    """Whether a witness is found that the re-check accepts."""
    for goal in goals:
        found = Portfolio(BUDGET).refute(goal, BUDGET.depth)
        if found is None:
            continue
        evidence = found.evidence
        while evidence["kind"] == "step":
            evidence = evidence["of"]
        with exact_arithmetic():
            if evidence["kind"] == "witness" and refutes(goals, evidence).word == "ok":
                return True
    return False


def engines_say(goals: tuple[Goal, ...]) -> str:
    """The word that the proving engines come to by themselves."""
    portfolio = Portfolio(BUDGET)
    return together([(goal.name, portfolio.prove(goal, BUDGET.depth)) for goal in goals]).status
