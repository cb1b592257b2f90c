"""Case splits: alternatives among the hypotheses, and the branches of absolute values, maxima and the like."""

from __future__ import annotations

from dataclasses import replace

from symloss import atoms
from symloss.program import exact_arithmetic
from symloss.proof.branches import split, supposing, undecided
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.verdicts import Evidence, Finding

#: Engines that are asked about a case before it is split further, and after.
_BEFORE = ("algebra", "orderings", "solver", "bounds")
_AFTER = ("logs",)
#: More cases than this are not looked at.
_MOST_CASES = 24


class _TooManyError(Exception):
    """A problem has too many cases."""


class CasesEngine:
    """Proves a problem in each of finitely many cases that leave nothing out."""

    name = "cases"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof in every case, or None."""
        with exact_arithmetic():
            search = _Search(replace(budget, steps=budget.steps // 2))
            try:
                evidence = search.divided(problem, budget.depth)
            except _TooManyError:
                return None
        if evidence is None:
            return None
        return Finding("proved", "+".join(search.engines), evidence, summary=f"in each of {search.count} cases")


class _Search:
    """One search for a proof by cases, with a count of what it looked at."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.count = 0
        self.engines: dict[str, None] = {}

    def divided(self, problem: Problem, depth: int) -> Evidence | None:
        """Evidence from the cases of a problem, or None where it has none or one is not proved."""
        if depth == 0:
            return None
        for hypothesis in problem.hypotheses:
            if isinstance(hypothesis, atoms.Or):
                return self._alternatives(problem, hypothesis, depth)
        condition = next(filter(None, map(undecided, (problem.conclusion, *problem.hypotheses))), None)
        if condition is None:
            return None
        found = []
        for part in split(problem, condition):
            evidence = self.case(part, depth - 1)
            if evidence is None:
                return None
            found.append(_stated(part, evidence))
        return {"kind": "split", "condition": str(condition), "holds": found[0], "fails": found[1]}

    def _alternatives(self, problem: Problem, hypothesis: atoms.Or, depth: int) -> Evidence | None:
        rest = replace(problem, hypotheses=tuple(h for h in problem.hypotheses if h != hypothesis))
        parts = []
        for alternative in hypothesis.args:
            part = supposing(rest, alternative)
            evidence = self.case(part, depth - 1)
            if evidence is None:
                return None
            parts.append({"case": str(alternative), **_stated(part, evidence)})
        return {"kind": "alternatives", "of": str(hypothesis), "parts": parts}

    def case(self, problem: Problem, depth: int) -> Evidence | None:
        """Evidence of one case, by an engine or by further cases."""
        self.count += 1
        if self.count > _MOST_CASES:
            raise _TooManyError
        if problem.conclusion == 1:
            self.engines["algebra"] = None
            return {"kind": "identity", "difference": "0"}
        if any(isinstance(h, atoms.Or) for h in problem.hypotheses):
            return self.divided(problem, depth)
        return self._asked(problem, _BEFORE) or self.divided(problem, depth) or self._asked(problem, _AFTER)

    def _asked(self, problem: Problem, names: tuple[str, ...]) -> Evidence | None:
        for name in names:
            found = problem_engine(name).settle(problem, self.budget)
            if found is not None:
                self.engines[found.engine] = None
                return found.evidence
        return None


def _stated(part: Problem, evidence: Evidence) -> Evidence:
    """Evidence of a case with what it is evidence of: the problem with the branches that the case decides."""
    hypotheses = [str(h) for h in part.hypotheses]
    return {"hypotheses": hypotheses, "conclusion": str(part.conclusion), "evidence": evidence}


ENGINE = CasesEngine()
