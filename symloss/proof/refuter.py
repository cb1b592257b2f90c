"""Refutation by a witness, and the model that shows hypotheses to be satisfiable.

A witness is a rational point at which the hypotheses hold and the conclusion fails, both decided with outward
rounding. Quick floats only choose where to look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symloss import atoms
from symloss.program import Read
from symloss.proof.arithmetic import UndefinedError, gap, holds
from symloss.proof.problems import Problem
from symloss.proof.search import Quick, Search
from symloss.proof.verdicts import Finding, Scope

Point = Mapping[Read, Fraction]
#: After so many points at which sides agree and outward rounding tells no difference, floats that agree suffice.
_ENOUGH = 24


@dataclass(frozen=True)
class Look:
    """What a search saw: a witness if there was one, a model of the hypotheses, at how many points the statement held.

    A point where the conclusion could not be evaluated counts for nothing; an equation holds where floats agree to
    nine digits.
    """

    refutation: Finding | None
    model: Point | None
    held: int


def look(problem: Problem, count: int, seed: int, hints: Mapping[Read, Fraction] | None = None) -> Look:
    """Search a problem for a witness."""
    search = Search(problem, seed)
    model: Point | None = None
    held = undecided = 0
    for point in _all_points(search, count, hints):
        quick = Quick(point)
        if not all(_perhaps(quick, condition) for condition in problem.hypotheses):
            continue
        true = quick.value(problem.conclusion) == 1 or _agrees(quick, problem.conclusion)
        doubtful = quick.value(problem.conclusion) != 1 or _close(quick, problem.conclusion)
        if model is not None and (not doubtful or (true and undecided >= _ENOUGH)):
            held += 1
            continue
        if not search.admissible(point):
            continue
        model = model or dict(point)
        if doubtful and _refuted(problem, point):
            return Look(_witness(problem, point), model, held)
        held += true
        undecided += doubtful and true
    return Look(None, model, held)


def _all_points(search: Search, count: int, hints: Mapping[Read, Fraction] | None) -> Any:
    if hints:
        point = {v: hints[v] for v in search.free if v in hints}
        if len(point) == len(search.free) and search.complete(point):
            yield point
    yield from search.points(count)


def _perhaps(quick: Quick, condition: Any) -> bool:
    """Whether a hypothesis may hold; equations are left to exact arithmetic."""
    return quick.value(condition) == 1 or _close(quick, condition)


def _agrees(quick: Quick, condition: Any) -> bool:
    """Whether floats say that an equation, or a conjunction with one, holds as well as they can tell."""
    if isinstance(condition, atoms.And):
        return all(_agrees(quick, part) for part in condition.args)
    if not isinstance(condition, atoms.Equal):
        return quick.value(condition) == 1
    a, b = (quick.value(side) for side in condition.args)
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1.0)


def _close(quick: Quick, condition: Any) -> bool:
    """Whether floats are too close to tell, or cannot tell."""
    if isinstance(condition, atoms.And | atoms.Or | atoms.Not):
        return any(_close(quick, part) for part in condition.args)
    if len(condition.args) != 2:
        return True
    a, b = (quick.value(side) for side in condition.args)
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or math.isinf(b):
        return True
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300) and not isinstance(condition, atoms.Less | atoms.LessEqual)


def _refuted(problem: Problem, point: Point) -> bool:
    try:
        return holds(problem.conclusion, point) is False
    except UndefinedError:
        return False


def _witness(problem: Problem, point: Point) -> Finding:
    evidence = {
        "kind": "witness",
        "sizes": dict(sorted(problem.sizes.items())),
        "labels": {str(read): str(value) for read, value in sorted(problem.labels.items(), key=str)},
        "point": {str(variable): str(value) for variable, value in sorted(point.items(), key=str)},
        "gap": _gap(problem.conclusion, point),
    }
    places = [f"{name} = {value}" for name, value in (*evidence["labels"].items(), *evidence["point"].items())]  # type: ignore[attr-defined]
    shown = ", ".join(places) if len(places) <= 6 else ", ".join(places[:6]) + ", …"
    return Finding("refuted", "witness", evidence, Scope("witness"), f"at {shown}: {evidence['gap']}".rstrip(": "))


def _gap(condition: Any, point: Point) -> str:
    if isinstance(condition, atoms.And):
        for part in condition.args:
            if holds(part, point) is False:
                return _gap(part, point)
    return gap(condition, point)


def model_json(problem: Problem, model: Point) -> dict[str, Any]:
    """A model of the hypotheses, as evidence that they are not empty."""
    return {
        "sizes": dict(sorted(problem.sizes.items())),
        "labels": {str(read): str(value) for read, value in sorted(problem.labels.items(), key=str)},
        "point": {str(variable): str(value) for variable, value in sorted(model.items(), key=str)},
    }
