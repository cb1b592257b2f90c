"""Inequalities by trees of steps, and conclusions from a sum of nonnegative items that is 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss import atoms
from symloss.proof.closing import plain_conditions
from symloss.proof.goals import Always, Goal
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError, Walk
from symloss.proof.recheck.needs import met
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.zeros import follows_where_zero
from symloss.proof.terms import conjuncts


def dual(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """Whether trees of steps show every comparison of a statement for every size."""
    if not isinstance(goal.statement, Always):
        return wrong("trees of steps show a condition, nothing else")
    try:
        _follow(goal, goal.statement, evidence)
    except NotSeenError as reason:
        return unchecked(str(reason))
    except BrokenStepError as fault:
        return wrong(str(fault))
    return OK


def _follow(goal: Goal, statement: Always, evidence: Mapping[str, Any]) -> None:
    parts = [plain_conditions(part) for part in conjuncts(statement.conclusion)]
    if "zero" in evidence:
        follows_where_zero(Walk(met(goal, evidence["needs"])), parts, evidence)
        return
    if len(evidence["shown"]) != len(parts):
        raise BrokenStepError("there is not one tree per comparison")
    alone = parts[0].args[1] - parts[0].args[0] if len(parts) == 1 else None
    weak = alone is not None and isinstance(parts[0], atoms.LessEqual) and parts[0].args[0] == 0
    walk = Walk(met(goal, evidence["needs"], alone if weak else None))
    for part, step in zip(parts, evidence["shown"], strict=True):
        if not isinstance(part, atoms.Less | atoms.LessEqual):
            raise BrokenStepError("trees of steps show inequalities only")
        shown = walk.nonnegative(step, strictly=isinstance(part, atoms.Less))
        walk.same(part.args[1] - part.args[0], shown, "statement")
