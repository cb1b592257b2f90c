"""A look at random points where nothing better is to be had: it shows nothing, but may find that a proof is false."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from symloss.program import Read
from symloss.proof.goals import Always, Argument, Curvature, Goal, Lipschitz, Monotone
from symloss.proof.problems import Problem, TooLargeError, problems
from symloss.proof.recheck.evaluation import decided
from symloss.proof.recheck.identities import random_points
from symloss.proof.recheck.intervals import NoValueError
from symloss.proof.recheck.steps import NotASoundStepError, leads_to

#: For each kind of statement the step that is its definition.
_DEFINITIONS: dict[type, str] = {
    Curvature: "Jensen's inequality",
    Lipschitz: "the change is at most the constant times the distance",
    Monotone: "two ordered points",
    Argument: "every other value is worse",
}
_SIZE, _POINTS = 2, 16


def false_somewhere(goal: Goal) -> bool:
    """Whether some random point contradicts a goal."""
    for plain in _plain(goal):
        named = {axis: (plain.sizes.get(axis) or (_SIZE,))[0] for axis in plain.open_axes}
        try:
            if any(false_at_a_point(problem) for problem in problems(plain, named)):
                return True
        except TooLargeError:
            continue
    return False


def _plain(goal: Goal) -> tuple[Goal, ...]:
    if isinstance(goal.statement, Always):
        return (goal,)
    if isinstance(goal.statement, Curvature) and goal.statement.kind.endswith("concave"):
        (turned,) = leads_to(goal, "concave: the negative is convex") or ()
        return _plain(turned)
    try:
        return leads_to(goal, _DEFINITIONS.get(type(goal.statement), "")) or ()
    except NotASoundStepError:
        return ()


def false_at_a_point(problem: Problem) -> bool:
    """Whether the conclusion of a problem fails at a random point that satisfies its hypotheses."""
    reads: list[Read] = list(problem.variables)
    return any(_false(problem, point) for point in random_points(reads, problem.variables, count=_POINTS))


def _false(problem: Problem, point: Mapping[str, Fraction]) -> bool:
    def holds(condition: Any) -> Any:
        return decided(lambda e: e.truth(condition), point, problem.sizes)

    try:
        return all(holds(h) is True for h in problem.hypotheses) and holds(problem.conclusion) is False
    except NoValueError:
        return False
