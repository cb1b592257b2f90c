"""Settles the facts that composition rests on, without the engine that uses them."""

from __future__ import annotations

from dataclasses import replace

from symloss.program import exact_arithmetic
from symloss.proof.engines import Budget
from symloss.proof.facts import CONCAVE, DERIVATIVE, Fact, derivative_goal
from symloss.proof.goals import Curvature, Goal
from symloss.proof.portfolio import Portfolio
from symloss.proof.reductions import steps
from symloss.proof.special import STEPS as SPECIAL
from symloss.proof.verdicts import Finding, together, unknown


def settle_fact(fact: Fact, budget: Budget | None = None) -> Finding:
    """The finding about a fact."""
    portfolio = Portfolio(budget or Budget())
    with exact_arithmetic():
        return _by(portfolio, fact.goal, fact.by)


def _by(portfolio: Portfolio, goal: Goal, rule: str) -> Finding:
    if not rule:
        return _settled(portfolio, goal)
    if isinstance(goal.statement, Curvature) and goal.statement.kind == "concave":
        turned = next(step for step in steps(goal) if step.rule == CONCAVE).goals[0]
        return _under(CONCAVE, [("", _by(portfolio, turned, rule))])
    if rule == DERIVATIVE:
        return _under(rule, [("slope", _settled(portfolio, derivative_goal(goal)))])
    parts = next((step.goals for step in steps(goal) if step.rule == rule), ())
    if not parts:
        return unknown(f"the step “{rule}” does not apply")
    return _under(rule, [(part.name, _settled(portfolio, part)) for part in parts])


def _settled(portfolio: Portfolio, goal: Goal) -> Finding:
    """The finding about a goal, by what is known of special functions where that says something about it."""
    for rule, step in SPECIAL:
        other = step(goal)
        if other is not None:
            found = _under(rule, [(other.name, portfolio.settle(other))])
            return found if found.status != "proved" else replace(found, summary=f"{rule}: {found.summary}")
    return portfolio.settle(goal)


def _under(rule: str, parts: list[tuple[str, Finding]]) -> Finding:
    found = together(parts, rule)
    return replace(found, evidence={"kind": "step", "rule": rule, "of": found.evidence})
