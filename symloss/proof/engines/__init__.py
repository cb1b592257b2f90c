"""The engines, cheap first. Each is one file; this is the contract and the table.

A goal engine settles a goal for every size at once; a problem engine settles one flat problem at fixed sizes. Both
return None where they cannot, never guess, and take the same steps in every run: seeds and step limits come from the
budget, no clock is read.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from symloss.proof.goals import Goal
from symloss.proof.problems import Problem
from symloss.proof.verdicts import Finding


@dataclass(frozen=True)
class Budget:
    """How much an engine may do: counts, never seconds.

    Attributes:
        points: how many points a search looks at.
        steps: the resource limit of a solver, in its own units (thousands).
        boxes: how many boxes a cover may have.
        depth: how deep reductions and log removal may nest.
        seed: the seed of everything random.
    """

    points: int = 400
    steps: int = 1000
    boxes: int = 4000
    depth: int = 4
    seed: int = 1


class GoalEngine(Protocol):
    """Settles goals for every size."""

    name: str

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A decisive finding (proved, certified, refuted), or None."""


class ProblemEngine(Protocol):
    """Settles problems. The problem's obligations are met when it is asked: it may divide and take logarithms."""

    name: str

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A decisive finding about this problem, or None."""


#: Goal engines in order: module of this package that holds ``ENGINE``.
GOAL_ENGINES = ("composition", "identity", "dual", "slopes", "padding", "values", "limits")
#: Problem engines in order; a module that is missing a package returns None from every call.
PROBLEM_ENGINES = ("bounds", "algebra", "factors", "orderings", "solver", "cases", "logs", "balls")


@cache
def goal_engines() -> tuple[GoalEngine, ...]:
    """The goal engines, cheap first."""
    return tuple(importlib.import_module(f"symloss.proof.engines.{name}").ENGINE for name in GOAL_ENGINES)


@cache
def problem_engines() -> tuple[ProblemEngine, ...]:
    """The problem engines, cheap first."""
    return tuple(importlib.import_module(f"symloss.proof.engines.{name}").ENGINE for name in PROBLEM_ENGINES)


@cache
def problem_engine(name: str) -> ProblemEngine:
    """One problem engine, for engines that hand parts of their problem on."""
    return importlib.import_module(f"symloss.proof.engines.{name}").ENGINE
