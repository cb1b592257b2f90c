"""The search for certificates: rules in order, what is known under conditions, and the obligations of a goal."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.proof.certificates.infinite import infinite
from symloss.proof.certificates.items import items
from symloss.proof.certificates.nodes import in_range
from symloss.proof.certificates.scalars import ends, gibbs, item_of_logsumexp, logarithm
from symloss.proof.certificates.structure import by_terms, cases, consequence, factors, quotient
from symloss.proof.certificates.sums import cauchy_schwarz, share, spread
from symloss.proof.closing import implied
from symloss.proof.goals import Goal
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError, Normal
from symloss.proof.range_facts import range_facts
from symloss.proof.setting import Setting
from symloss.proof.terms import Term
from symloss.proof.verdicts import Evidence

#: How deep steps may nest.
_DEPTH = 7
#: How many terms are looked at for one goal.
_MOST_STEPS = 400
#: Cheap and decisive rules first; those that search come last.
RULES: tuple[Any, ...] = (
    cases,
    item_of_logsumexp,
    factors,
    gibbs,
    logarithm,
    consequence,
    quotient,
    share,
    items,
    by_terms,
    spread,
    cauchy_schwarz,
    ends,
)


class Certificates:
    """Certificates under the facts of a goal.

    Args:
        setting: the goal's facts and normal forms.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.indices = setting.indices
        self.failed: dict[tuple[int, Any], int] = {}
        self.inner: dict[tuple[int, Any], tuple[Knowledge, Normal]] = {}
        self.normals: dict[int, Normal] = {id(setting.facts): setting.normal}
        self.steps = 0

    def normal(self, facts: Knowledge) -> Normal:
        """Normal forms under some facts: those of the goal, or those that `under` gave."""
        return self.normals[id(facts)]

    def under(self, facts: Knowledge, condition: Term) -> Knowledge:
        """The facts with one more condition; kept, so that what is worked out under them is not worked out again."""
        if condition == 1:
            return facts
        key = (id(facts), condition)
        if key not in self.inner:
            made = facts.under(condition)
            self.inner[key] = (made, Normal(made, self.indices))
            self.normals[id(made)] = self.inner[key][1]
        return self.inner[key][0]

    def needs(self, goal: Goal, conclusion: Term = sympy.S.One) -> list[Evidence] | None:
        """How each obligation is shown; one that fails only where the larger side is +oo is met as well."""
        facts = self.setting.facts
        found: list[Evidence] = []
        for path, need in goal.obligations:
            condition = facts.plain(implied(path, need))
            if facts.holds(condition):
                found.append({"needs": str(condition), "rule": "range", **range_facts(condition, facts)})
                continue
            step = self._apart(condition)
            if step is not None:
                found.append({"needs": str(condition), "rule": "positive", "from": [step]})
                # What was shown may be used for what comes after it.
                facts.assume(atoms.Less(0, condition.args[0 if isinstance(condition, atoms.NotEqual) else 1]))
            elif isinstance(conclusion, atoms.LessEqual) and infinite(condition, conclusion, facts):
                found.append({"needs": str(condition), "rule": "infinite"})
            else:
                return None
        return found

    def _apart(self, condition: Term) -> Evidence | None:
        facts = self.setting.facts
        if isinstance(condition, atoms.NotEqual) and condition.args[1] == 0:
            return self.positive(condition.args[0], facts)
        if isinstance(condition, atoms.Less) and condition.args[0] == 0:
            return self.positive(condition.args[1], facts)
        return None

    def nonnegative(self, e: Term, facts: Knowledge, depth: int = _DEPTH) -> Evidence | None:
        """A certificate that a term is at least 0, or None."""
        key = (id(facts), e)
        if depth <= self.failed.get(key, 0) or self.steps > _MOST_STEPS:
            return None
        self.steps += 1
        found = facts.range(e)
        if found is not None and found.above(0):
            return in_range(e, facts)
        if not e.args or (found is not None and found.below(0, True)):
            return None
        for rule in RULES:
            try:
                step = rule(self, e, facts, depth - 1)
            except NoNormalFormError:
                continue
            if step is not None:
                return step
        self.failed[key] = depth
        return None

    def positive(self, e: Term, facts: Knowledge) -> Evidence | None:
        """A certificate that a term is greater than 0: a strict condition and what is added to it."""
        found = facts.range(e)
        if found is not None and found.above(0, True):
            return in_range(e, facts)
        return consequence(self, e, facts, _DEPTH - 3, strictly=True)

    def finite_and_at_least_zero(self, e: Term, facts: Knowledge) -> bool:
        """Whether the range of a term says that it is finite and at least 0."""
        found = facts.range(e)
        return found is not None and found.finite and found.above(0)

    def at_least_zero(self, e: Term, facts: Knowledge) -> bool:
        """Whether the range of a term says that it is at least 0."""
        found = facts.range(e)
        return found is not None and found.above(0)
