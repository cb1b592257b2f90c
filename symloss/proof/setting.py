"""One goal as the engines for every size see it: its facts, its normal forms, and whether everything is defined."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.proof.goals import Goal
from symloss.proof.indices import Indices
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError, Normal
from symloss.proof.normal.quotients import quotient
from symloss.proof.terms import SumAlong, Term, along, opened
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
            return quotient(self.normal, e)
        except NoNormalFormError:
            return e
        finally:
            self._rewriting.discard(e)

    def recognisable(self, e: Term) -> Term:
        """The normal form of a finite term, with softplus and logsumexp as atoms again."""
        try:
            found = self.normal.term(e)
        except NoNormalFormError:
            return e
        return found.replace(lambda part: isinstance(part, sympy.log), folded)

    def proved(self, engine: str, evidence: Evidence, summary: str) -> Finding:
        """A proof for every size that the goal is made for."""
        sizes = {axis: self.goal.sizes.get(axis) for axis in self.goal.open_axes}
        return Finding("proved", engine, evidence, Scope("all", sizes), summary)


def folded(e: Term) -> Term:
    """``log(1 + exp x)`` and the logarithm of a sum of exponentials as softplus and logsumexp."""
    inner = e.args[0]
    if isinstance(inner, sympy.Add) and len(inner.args) == 2 and 1 in inner.args:
        other = inner - 1
        if isinstance(other, sympy.exp):
            return atoms.Softplus(other.args[0])
    if isinstance(inner, SumAlong) and isinstance(inner.body, sympy.exp) and inner.guard == 1:
        axis, body, _ = opened(inner)
        return along("logsumexp", axis, body.args[0], root=inner.axis.axis.split("'")[0])
    return e
