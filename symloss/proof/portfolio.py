"""Sends a goal through the engines, cheap first, and puts the verdict of a claim together.

A proof counts only where the obligations (everything is defined and finite) are proved as well and the hypotheses
have a model; a refutation only where the witness satisfies the hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy

from symloss.language.claims import Claim
from symloss.language.spec import Spec
from symloss.program import Read
from symloss.proof.claim_terms import UnsupportedClaimError
from symloss.proof.derivatives import NotDifferentiableError
from symloss.proof.engines import Budget, goal_engines, problem_engines
from symloss.proof.formulation import formulate
from symloss.proof.goals import Always, Goal
from symloss.proof.integrals import integrals_of
from symloss.proof.problems import Problem, TooLargeError, problems, size_choices
from symloss.proof.reductions import steps
from symloss.proof.refuter import look, model_json
from symloss.proof.verdicts import DECISIVE, Evidence, Finding, Scope, together, unknown


def settle_claim(spec: Spec, claim: Claim, budget: Budget | None = None) -> Finding:
    """The verdict of one claim."""
    budget = budget or Budget()
    try:
        goals = formulate(spec, claim)
        found = together([(goal.name, Portfolio(budget).settle(goal)) for goal in goals])
        return _with_solvers(found)
    except (UnsupportedClaimError, NotDifferentiableError) as reason:
        return unknown(str(reason))


def _with_solvers(found: Finding) -> Finding:
    """A proof that rests on solvers says in its summary on how many."""
    questions = list(_solvers_in(found.evidence)) if found.status == "proved" else []
    if not questions:
        return found
    said = "2 solvers" if all(len(solvers) > 1 for solvers in questions) else "z3"
    return replace(found, summary=f"{found.summary} ({said})")


def _solvers_in(evidence: Any) -> Iterator[list[str]]:
    """The solvers that answered each question in a tree of evidence."""
    if isinstance(evidence, dict):
        if evidence.get("kind") == "smt":
            yield evidence["solvers"]
        for value in evidence.values():
            yield from _solvers_in(value)
    elif isinstance(evidence, list):
        for value in evidence:
            yield from _solvers_in(value)


@dataclass
class _Seen:
    """What the search saw of one goal: written-out problems, a model of the hypotheses, how many points."""

    problems: dict[tuple[tuple[str, int], ...], tuple[Problem, ...]] = field(default_factory=dict)
    model: Evidence | None = None
    points: int = 0
    too_large: str = ""
    unwritten: list[dict[str, int]] = field(default_factory=list)


class Portfolio:
    """The engines in order, with one budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.seen: dict[int, _Seen] = {}
        self.asked: dict[int, Finding | None] = {}
        self.kept: list[Goal] = []

    def settle(self, goal: Goal) -> Finding:
        """The finding about a goal: a short search, the engines for every size, the full search."""
        refuted = self.refute(goal, self.budget.depth, brief=True)
        if refuted is not None:
            return refuted
        found = self._for_every_size(goal)
        if found is not None and found.status in DECISIVE:
            return found
        refuted = self.refute(goal, self.budget.depth)
        if refuted is not None:
            return refuted
        return self.prove(goal, self.budget.depth)

    # --- refutation -----------------------------------------------------------------------------------------------

    def refute(self, goal: Goal, depth: int, brief: bool = False) -> Finding | None:
        """A witness against a goal, found in the goal itself or an equivalent one; brief: at the smallest size."""
        if isinstance(goal.statement, Always) and not integrals_of(goal):
            return self._witness(goal, brief)
        if depth == 0:
            return None
        for step in steps(goal):
            if not step.equivalent:
                continue
            for part in step.goals:
                found = self.refute(part, depth - 1, brief)
                if found is not None:
                    evidence = {
                        "kind": "step",
                        "rule": step.rule,
                        **step.details,
                        "goal": part.name,
                        "of": found.evidence,
                    }
                    return replace(found, evidence=evidence)
        return None

    def _witness(self, goal: Goal, brief: bool = False) -> Finding | None:
        seen = self._look(goal, brief)
        hints = _hints(goal)
        points = self.budget.points // (8 if brief else 1)
        for written in tuple(seen.problems.values()):
            share = max(points // 10, points // max(1, len(written)))
            for problem in written:
                looked = look(problem, share, self.budget.seed, hints)
                seen.points += 0 if brief else looked.held
                if seen.model is None and looked.model is not None:
                    seen.model = model_json(problem, looked.model)
                if looked.refutation is not None and not goal.derived:
                    return looked.refutation
        return None

    def _look(self, goal: Goal, brief: bool = False) -> _Seen:
        """What is known of a goal; goals are kept so that their identities stay theirs."""
        found = self.seen.get(id(goal))
        if found is None:
            found = self.seen[id(goal)] = _Seen(unwritten=list(size_choices(goal)))
            self.kept.append(goal)
        while found.unwritten and not (brief and found.problems):
            self._write_out(goal, found)
        return found

    def _write_out(self, goal: Goal, seen: _Seen) -> tuple[Problem, ...]:
        """The problems of a goal at the next of its sizes."""
        sizes = seen.unwritten.pop(0)
        try:
            written = seen.problems[tuple(sorted(sizes.items()))] = problems(goal, sizes)
        except TooLargeError as reason:
            seen.too_large = str(reason)
            return ()
        return written

    # --- proof ----------------------------------------------------------------------------------------------------

    def prove(self, goal: Goal, depth: int) -> Finding:
        """The strongest finding that the engines reach, short of a refutation."""
        whole = self._for_every_size(goal)
        if whole is not None:
            return whole
        if isinstance(goal.statement, Always) and not integrals_of(goal):
            return self._written_out(goal)
        best = unknown(f"no engine settles a {type(goal.statement).__name__.lower()} statement like this")
        for step in steps(goal) if depth else ():
            if not step.proves:
                continue
            parts: list[tuple[str, Finding]] = []
            for part in step.goals:
                looked_at = not isinstance(part.statement, Always) or id(part) in self.seen or integrals_of(part)
                if not looked_at and self._witness(part) is not None:
                    # What would show the goal is false, so that this step leads nowhere.
                    parts.append((part.name, unknown(f"{step.rule}: {part.name} does not hold")))
                else:
                    parts.append((part.name, self.prove(part, depth - 1)))
                if parts[-1][1].status == "unknown":
                    break
            found = together(parts, rule=step.rule)
            found = replace(found, evidence={"kind": "step", "rule": step.rule, **step.details, "of": found.evidence})
            if _rank(found) < _rank(best):
                best = found
            if found.status in ("proved", "certified") and _for_every_size(found):
                break
        return best

    def _for_every_size(self, goal: Goal) -> Finding | None:
        """What the engines that need no sizes say; each goal is asked once."""
        key = id(goal)
        if key not in self.asked:
            self.kept.append(goal)
            self.asked[key] = None
            for engine in goal_engines():
                found = engine.settle(goal, self.budget)
                if found is not None:
                    self.asked[key] = self._with_model(goal, found)
                    break
        return self.asked[key]

    def _with_model(self, goal: Goal, found: Finding) -> Finding:
        """A proof rests on hypotheses that have a model; without one it may be a proof of nothing."""
        if goal.cases:
            kept = tuple(condition for condition in goal.hypotheses if condition not in goal.cases)
            goal = replace(goal, hypotheses=kept, cases=())
        if not goal.hypotheses or found.status == "refuted":
            return found
        if not isinstance(goal.statement, Always):
            goal = goal.about(Always(sympy.S.One))
        seen = self._look(goal, brief=True)
        written = [problem for part in seen.problems.values() for problem in part]
        while seen.model is None and (written or seen.unwritten):
            for problem in written:
                looked = look(problem, self.budget.points, self.budget.seed, _hints(goal))
                if looked.model is not None:
                    seen.model = model_json(problem, looked.model)
                    break
            written = list(self._write_out(goal, seen)) if seen.model is None and seen.unwritten else []
        if seen.model is None:
            return unknown("no point was found at which the conditions hold, so that a proof might be one of nothing")
        return replace(found, evidence={**found.evidence, "model": seen.model})

    def _written_out(self, goal: Goal) -> Finding:
        """The problems of a goal one by one, at each size that is tried."""
        seen = self._look(goal)
        if not seen.problems:
            return unknown(seen.too_large or "no size satisfies the conditions")
        parts: list[tuple[str, Finding]] = []
        for sizes, written in seen.problems.items():
            scope = Scope("all", {axis: (size,) for axis, size in sizes})
            cases = [(_case(problem), self.settle_problem(problem)) for problem in written]
            found = together(cases, "cases") if cases else _nothing()
            parts.append((", ".join(f"{axis} = {size}" for axis, size in sizes), replace(found, scope=scope)))
        best = _over_sizes(parts)
        if best.status in ("proved", "certified"):
            return self._with_model(goal, best)
        some = [name for name, found in parts if found.status in ("proved", "certified")]
        alone = f"; shown at {' and '.join(some)} alone" if some else ""
        if seen.points:
            found = self._tested(goal, seen)
            return replace(found, summary=found.summary + alone)
        return unknown(f"no point was found at which it could be tried, and no engine finds a proof{alone}")

    def settle_problem(self, problem: Problem) -> Finding:
        """A proof of a problem and of its obligations, or unknown."""
        met = []
        for demand in problem.demands:
            found = self._by_engines(demand)
            if found.status != "proved":
                return unknown(f"not shown to be defined: {demand.conclusion}")
            met.append({"needs": str(demand.conclusion), "engine": found.engine, "evidence": found.evidence})
        found = self._by_engines(problem.defined)
        if met and found.status != "unknown":
            found = replace(found, evidence={**found.evidence, "defined": met})
        return found

    def _by_engines(self, problem: Problem) -> Finding:
        if problem.conclusion == 1:
            return Finding("proved", "algebra", {"kind": "identity", "difference": "0"}, summary="both sides are equal")
        for engine in problem_engines():
            found = engine.settle(problem, self.budget)
            if found is not None and found.status in ("proved", "certified"):
                return found
        return unknown("no engine proves it")

    def _tested(self, goal: Goal, seen: _Seen) -> Finding:
        sizes: dict[str, tuple[int, ...] | None] = {}
        for choice in seen.problems:
            for axis, size in choice:
                sizes[axis] = tuple(sorted({*(sizes.get(axis) or ()), size}))
        evidence = {"kind": "samples", "points": seen.points, "seed": self.budget.seed}
        return Finding("tested", "sampling", evidence, Scope("sample", sizes), f"holds at {seen.points} points")


def _nothing() -> Finding:
    return Finding("proved", "algebra", {"kind": "cases", "cases": []}, summary="the conditions exclude this size")


def _hints(goal: Goal) -> Mapping[Read, Fraction]:
    """The author's witness, element by element."""
    found: dict[Read, Fraction] = {}
    for name, values in goal.hints.items():
        tensor = goal.tensors.get(name)
        if tensor is None:
            continue
        for position, value in enumerate(values):
            index = (0,) * (len(tensor.axes) - 1) + (position,) if tensor.axes else ()
            found[Read(name, index, tensor.domain.integer)] = Fraction(int(value.p), int(value.q))
    return found


def _case(problem: Problem) -> str:
    return ", ".join(f"{read} = {value}" for read, value in sorted(problem.labels.items(), key=str))


def _over_sizes(parts: list[tuple[str, Finding]]) -> Finding:
    """What was shown at several sizes: proved if it was at each of them, for much is true of one item alone."""
    for _, found in parts:
        if found.status not in ("proved", "certified"):
            return found
    if len(parts) == 1:
        return parts[0][1]
    whole = together(parts, "sizes")
    sizes: dict[str, tuple[int, ...] | None] = {}
    for _, found in parts:
        for axis, some in found.scope.sizes.items():
            sizes[axis] = tuple(sorted({*(sizes.get(axis) or ()), *(some or ())}))
    return replace(whole, scope=Scope("all", sizes))


def _for_every_size(found: Finding) -> bool:
    return all(some is None for some in found.scope.sizes.values())


def _rank(found: Finding) -> tuple[int, bool]:
    order = ("proved", "certified", "tested", "unknown", "refuted")
    return order.index(found.status), not _for_every_size(found)
