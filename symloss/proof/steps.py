"""What a step from a goal to others is, and what several kinds of step ask of the admissible points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from symloss import atoms
from symloss.proof.curvature import Composition
from symloss.proof.goals import Goal
from symloss.proof.ranges import Ranges
from symloss.proof.terms import conjuncts, tensors_of


@dataclass(frozen=True)
class Step:
    """One way to show a goal: all of these goals hold.

    Attributes:
        rule: the name that the evidence keeps.
        goals: what is left to show.
        equivalent: the goals fail only if the goal does, so that a refutation travels back.
        proves: whether the goals together show the goal; a step that does not is there to refute.
        details: further keys of the evidence.
    """

    rule: str
    goals: tuple[Goal, ...]
    equivalent: bool = False
    proves: bool = True
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def convex_domain(goal: Goal, variables: tuple[str, ...]) -> bool:
    """Whether the points that the hypotheses admit are convex in some tensors, so that lines stay inside."""
    if any(goal.tensors[name].domain.kind not in ("interval", "simplex") for name in variables):
        return False
    ranges = Ranges(goal.tensors)
    for condition in (part for hypothesis in goal.hypotheses for part in conjuncts(hypothesis)):
        if not tensors_of(condition) & set(variables):
            continue
        if not isinstance(condition, atoms.Less | atoms.LessEqual):
            return False
        a, b = condition.args
        if Composition(variables, ranges).settle(a - b, "convex") is None:
            return False
    return True
