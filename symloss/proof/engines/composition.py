"""Composition: signs, bounds and curvature for every size, from facts about atoms."""

from __future__ import annotations

from symloss.program import exact_arithmetic
from symloss.proof.closing import implied
from symloss.proof.curvature import Composition, Line
from symloss.proof.engines import Budget
from symloss.proof.goals import Always, Curvature, Goal
from symloss.proof.range_facts import range_facts
from symloss.proof.setting import Setting
from symloss.proof.verdicts import Evidence, Finding, Scope

_WANTED = {"convex": "convex", "concave": "concave", "quasiconvex": "convex"}


class CompositionEngine:
    """Ranges for conditions, composition rules for curvature. Infinite values are within what it covers."""

    name = "composition"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        statement = goal.statement
        setting = Setting(goal)
        ranges = setting.facts
        if isinstance(statement, Always):
            if statement.conclusion == 1:
                defined = all(ranges.holds(implied(path, need)) for path, need in goal.obligations)
                evidence = {"kind": "identity", "difference": "0"}
                return self._proved(goal, evidence, "both sides are the same formula") if defined else None
            if not ranges.holds(statement.conclusion):
                return None
            named = range_facts(statement.conclusion, ranges)
            evidence = {"kind": "range", "conclusion": str(statement.conclusion), **named}
            return self._proved(goal, evidence, "its range follows from those of its parts")
        if isinstance(statement, Curvature) and statement.kind in _WANTED:
            with exact_arithmetic():
                composition = Composition(statement.variables, ranges, setting.recognisable)
                trace = composition.settle(statement.term, _WANTED[statement.kind])
            if trace is None:
                return None
            lines = [
                {
                    "term": str(line.term),
                    "is": line.curvature,
                    "rule": line.rule,
                    "from": list(line.rests_on),
                    "facts": list(line.facts),
                }
                for line in trace
            ]
            return self._proved(goal, {"kind": "composition", "lines": lines}, explained(trace))
        return None

    def _proved(self, goal: Goal, evidence: Evidence, summary: str) -> Finding:
        sizes = {axis: goal.sizes.get(axis) for axis in goal.open_axes}
        return Finding("proved", self.name, evidence, Scope("all", sizes), summary)


def explained(trace: tuple[Line, ...]) -> str:
    """The rules that a trace uses, the last first, in one line."""
    rules = [line.rule for line in trace if line.rule not in ("variable", "no variable", "same value")]
    return ", of ".join(list(dict.fromkeys(reversed(rules)))[:3]) or "affine"


ENGINE = CompositionEngine()
