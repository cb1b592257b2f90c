"""Separable dual certificates: inequalities for every size, item by item, and what follows where a sum is 0."""

from __future__ import annotations

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, exact_arithmetic
from symloss.proof.certificates import Certificates
from symloss.proof.certificates.nodes import in_range
from symloss.proof.certificates.vanishing import zeros
from symloss.proof.engines import Budget
from symloss.proof.goals import Always, Goal
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError
from symloss.proof.setting import Setting
from symloss.proof.terms import AllAlong, Term, conjuncts, opened
from symloss.proof.verdicts import Evidence, Finding


class DualEngine:
    """Proves inequalities by certificates, and conclusions from the vanishing of a sum of nonnegative items."""

    name = "dual"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        if not isinstance(goal.statement, Always):
            return None
        with exact_arithmetic():
            try:
                return self._settle(goal, goal.statement.conclusion)
            except NoNormalFormError:
                return None

    def _settle(self, goal: Goal, conclusion: Term) -> Finding | None:
        setting = Setting(goal)
        certificates = Certificates(setting)
        parts = [setting.facts.plain(part) for part in conjuncts(conclusion)]
        if all(isinstance(part, atoms.Less | atoms.LessEqual) for part in parts):
            found = self._inequalities(goal, setting, certificates, parts)
            if found is not None:
                return found
        return self._from_zero(goal, setting, certificates, parts)

    def _inequalities(
        self, goal: Goal, setting: Setting, certificates: Certificates, parts: list[Term]
    ) -> Finding | None:
        needs = certificates.needs(goal, parts[0] if len(parts) == 1 else sympy.S.One)
        if needs is None:
            return None
        shown = []
        for part in parts:
            e = part.args[1] - part.args[0]
            show = certificates.positive if isinstance(part, atoms.Less) else certificates.nonnegative
            one = show(e, setting.facts)
            if one is None:
                return None
            shown.append(one)
        return setting.proved(self.name, {"kind": "dual", "shown": shown, "needs": needs}, _summary(shown))

    def _from_zero(self, goal: Goal, setting: Setting, certificates: Certificates, parts: list[Term]) -> Finding | None:
        """A conclusion for every item from a sum of nonnegative items that is 0."""
        needs = certificates.needs(goal)
        if len(parts) != 1 or needs is None:
            return None
        zero = [h for h in setting.facts.conditions if isinstance(h, atoms.Equal) and h.args[1] == 0]
        for hypothesis in sorted(zero, key=str):
            wanted, facts, place = parts[0], setting.facts, {}
            while isinstance(wanted, AllAlong):
                axis, body, guard = opened(wanted)
                facts = certificates.under(facts, guard)
                place[wanted.axis.axis.split("'")[0]] = axis
                wanted = body
            if certificates.nonnegative(hypothesis.args[0], setting.facts) is None:
                continue
            shown = self._followed(wanted, hypothesis.args[0], facts, certificates, place)
            if shown is not None:
                tree = self._tree(goal, setting, hypothesis)
                evidence = {
                    "kind": "dual",
                    "zero": str(hypothesis),
                    "nonnegative": tree,
                    "shown": shown,
                    "needs": needs,
                }
                return setting.proved(self.name, evidence, "a sum of nonnegative items is 0 only if each item is")
        return None

    def _tree(self, goal: Goal, setting: Setting, hypothesis: Term) -> Evidence:
        """How the term that is 0 is seen to be at least 0 where nothing says that it is 0."""
        e = hypothesis.args[0]
        others = tuple(h for h in goal.hypotheses if setting.facts.plain(h) != hypothesis)
        free = Setting(goal.about(goal.statement, hypotheses=others))
        found = Certificates(free).nonnegative(e, free.facts)
        return found if found is not None else in_range(e, free.facts)

    def _followed(
        self, wanted: Term, e: Term, facts: Knowledge, certificates: Certificates, place: dict[str, AxisSymbol]
    ) -> list[str] | None:
        wanted = facts.plain(wanted)
        if isinstance(wanted, atoms.And):
            found: list[str] = []
            for part in wanted.args:
                one = self._followed(part, e, facts, certificates, place)
                if one is None:
                    return None
                found += one
            return found
        if isinstance(wanted, atoms.Or):
            for number, part in enumerate(wanted.args):
                inner = facts
                for other in (*wanted.args[:number], *wanted.args[number + 1 :]):
                    inner = certificates.under(inner, facts.opposite(other))
                one = self._followed(part, e, inner, certificates, place)
                if one is not None:
                    return one
            return None
        if isinstance(wanted, atoms.LessEqual):
            return self._below(wanted, e, facts, certificates, place)
        if not isinstance(wanted, atoms.Equal):
            return None
        normal = certificates.normal(facts)
        target = normal.sum(wanted.args[0] - wanted.args[1])
        for term in zeros(certificates, e, facts, place):
            try:
                known = normal.sum(term)
            except NoNormalFormError:
                continue
            if known and set(known) == set(target) and len({known[m] / target[m] for m in target}) == 1:
                return [f"{term} = 0"]
        return None

    def _below(
        self, wanted: Term, e: Term, facts: Knowledge, certificates: Certificates, place: dict[str, AxisSymbol]
    ) -> list[str] | None:
        """An inequality from the terms that are 0: a maximum that is 0 bounds what it is taken of."""
        for term in zeros(certificates, e, facts, place):
            inner = certificates.under(facts, atoms.Equal(term, 0))
            if certificates.nonnegative(wanted.args[1] - wanted.args[0], inner) is not None:
                return [f"{term} = 0"]
        return None


def _summary(shown: list[Evidence]) -> str:
    rules: dict[str, None] = {}

    def visit(step: Evidence) -> None:
        rules.setdefault(str(step["rule"]))
        for part in step.get("from", []):
            visit(part)

    for step in shown:
        visit(step)
    names = [rule for rule in rules if rule not in ("range", "terms", "factors")]
    return "by " + ", ".join(names[:4]) if names else "each part is at least 0"


ENGINE = DualEngine()
