"""Ranges at fixed sizes: what composition knows about signs, for a problem that is written out."""

from __future__ import annotations

from symloss.program import Tensor
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from symloss.proof.ranges import Ranges
from symloss.proof.verdicts import Finding


class BoundsEngine:
    """Proves conditions whose truth follows from ranges."""

    name = "bounds"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof, or None."""
        tensors = {
            variable.tensor: Tensor(variable.tensor, (), "variable", domain)
            for variable, domain in problem.variables.items()
        }
        if not Ranges(tensors, problem.hypotheses).holds(problem.conclusion):
            return None
        evidence = {"kind": "range", "conclusion": str(problem.conclusion)}
        return Finding("proved", self.name, evidence, summary="its range follows from those of its parts")


ENGINE = BoundsEngine()
