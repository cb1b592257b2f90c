"""Ranges at fixed sizes: what composition knows about signs, for a problem that is written out."""

from __future__ import annotations

from collections.abc import Mapping

from symloss.program import Tensor
from symloss.proof.closing import negation
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from symloss.proof.range_facts import range_facts
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Term
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
        impossible = _impossible(tensors, problem)
        if impossible is not None:
            evidence = {"kind": "range", "conclusion": str(problem.conclusion), "impossible": str(impossible)}
            return Finding("proved", self.name, evidence, summary="its conditions contradict each other")
        ranges = Ranges(tensors, problem.hypotheses)
        if not ranges.holds(problem.conclusion):
            return None
        named = range_facts(problem.conclusion, ranges)
        evidence = {"kind": "range", "conclusion": str(problem.conclusion), **named}
        return Finding("proved", self.name, evidence, summary="its range follows from those of its parts")


def _impossible(tensors: Mapping[str, Tensor], problem: Problem) -> Term | None:
    """A hypothesis that the others exclude; whether there is a model at all is asked elsewhere."""
    for number, condition in enumerate(problem.hypotheses):
        others = problem.hypotheses[:number] + problem.hypotheses[number + 1 :]
        if Ranges(tensors, others).holds(negation(condition)):
            return condition
    return None


ENGINE = BoundsEngine()
