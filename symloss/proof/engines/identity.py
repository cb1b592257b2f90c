"""Identities for every size: the difference of two sides has the normal form 0 where everything is defined."""

from __future__ import annotations

from typing import Any

from symloss import atoms
from symloss.program import exact_arithmetic
from symloss.proof.certificates import Certificates
from symloss.proof.certificates.vanishing import vanishes
from symloss.proof.engines import Budget
from symloss.proof.goals import Always, Goal
from symloss.proof.normal import NoNormalFormError
from symloss.proof.setting import Setting
from symloss.proof.terms import conjuncts
from symloss.proof.verdicts import Finding


class IdentityEngine:
    """Proves equations, and inequalities whose sides are equal."""

    name = "identity"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        if not isinstance(goal.statement, Always):
            return None
        parts = [part for part in conjuncts(goal.statement.conclusion) if part != 1]
        if not all(isinstance(part, atoms.Equal | atoms.LessEqual) for part in parts):
            return None
        with exact_arithmetic():
            setting = Setting(goal)
            certificates = Certificates(setting)
            needs = certificates.needs(goal)
            if needs is None:
                return None
            try:
                if not all(vanishes(certificates, part.args[0] - part.args[1], setting.facts) for part in parts):
                    return None
            except NoNormalFormError:
                return None
        shown = ["0"] if not parts else [f"{part.args[0] - part.args[1]}" for part in parts]
        evidence: dict[str, Any] = {
            "kind": "identity",
            "difference": shown[0] if len(shown) == 1 else shown,
            "normal form": "0",
            "rules": sorted(setting.normal.rules),
            "uses": [str(hypothesis) for hypothesis in goal.hypotheses],
            "needs": needs,
        }
        return setting.proved(self.name, evidence, "the difference has the normal form 0 for every size")


ENGINE = IdentityEngine()
