"""Problems with a positive factor that all terms of a kink share: the same problem without it, by other engines."""

from __future__ import annotations

from symloss.program import exact_arithmetic
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.scaling import without_common_factors
from symloss.proof.verdicts import Finding

#: Engines that are asked about the problem without the factors.
_ASKED = ("bounds", "algebra", "orderings", "solver")


class FactorsEngine:
    """Proves a problem by proving what is left of it without common positive factors."""

    name = "factors"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof, or None."""
        with exact_arithmetic():
            plain = without_common_factors(problem)
            if plain is None:
                return None
            for name in _ASKED:
                found = problem_engine(name).settle(plain, budget)
                if found is not None:
                    evidence = {
                        "kind": "scaled",
                        "hypotheses": [str(h) for h in plain.hypotheses],
                        "conclusion": str(plain.conclusion),
                        "evidence": found.evidence,
                    }
                    summary = f"without common factors: {found.summary}"
                    return Finding(found.status, found.engine, evidence, summary=summary)
        return None


ENGINE = FactorsEngine()
