"""One goal as the engines for every size see it: its facts, its normal forms, and whether everything is defined."""

from __future__ import annotations

from typing import Any

from symloss.proof.closing import implied
from symloss.proof.goals import Goal
from symloss.proof.indices import Indices
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError, Normal
from symloss.proof.terms import Term
from symloss.proof.verdicts import Evidence, Finding, Scope


class Setting:
    """Knowledge, indices and normal forms under the hypotheses of a goal."""

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        roots = {axis: goal.root(axis) for axis in goal.axes}
        self.facts = Knowledge(goal.tensors, goal.hypotheses, roots)
        self.indices = Indices(self.facts, goal.hypotheses)
        self.normal = Normal(self.facts, self.indices)
        self._rewriting: set[Any] = set()
        self.facts.rewrite = self._over_denominators

    def _over_denominators(self, e: Term) -> Term:
        """A finite sum as one quotient, unless that is what is being worked out."""
        if e in self._rewriting:
            return e
        self._rewriting.add(e)
        try:
            return self.normal.quotient(e)
        except NoNormalFormError:
            return e
        finally:
            self._rewriting.discard(e)

    def needs(self) -> list[Evidence] | None:
        """How each obligation is shown, or None if one is not."""
        found: list[Evidence] = []
        for path, need in self.goal.obligations:
            condition = implied(path, need)
            if not self.facts.holds(condition):
                return None
            found.append({"needs": str(condition), "rule": "range"})
        return found

    def proved(self, engine: str, evidence: Evidence, summary: str) -> Finding:
        """A proof for every size that the goal is made for."""
        sizes = {axis: self.goal.sizes.get(axis) for axis in self.goal.open_axes}
        return Finding("proved", engine, evidence, Scope("all", sizes), summary)
