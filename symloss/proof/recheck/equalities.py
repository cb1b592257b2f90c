"""Equations and ranges again: for every size, and written out at some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Tensor
from symloss.proof.goals import Always, Goal, Padding
from symloss.proof.problems import Problem, TooLargeError, problems
from symloss.proof.recheck.asking import asked
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError
from symloss.proof.recheck.equations import decided, modulo, solved
from symloss.proof.recheck.following import follows
from symloss.proof.recheck.identities import agree, random_points, vanishes
from symloss.proof.recheck.itemwise import item_by_item
from symloss.proof.recheck.needs import met
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, worst, wrong
from symloss.proof.recheck.padding import padding
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.recheck.unknowns import equal
from symloss.proof.terms import Term, conjuncts

#: Sizes at which a statement for every size is written out.
_SIZES = (1, 2, 3)
_NOT_SEEN = "written out it is not seen again either"


def in_range(goal: Goal) -> bool:
    """Whether a condition follows from bounds: as it stands, with equations solved, or in each alternative."""
    for seen in (goal, solved(goal)):
        assert isinstance(seen.statement, Always)
        if Knowledge(seen.tensors, seen.hypotheses).holds(seen.statement.conclusion):
            return True
    some = next((h for h in goal.hypotheses if isinstance(h, atoms.Or)), None)
    if some is None:
        return False
    rest = tuple(h for h in goal.hypotheses if h != some)
    return all(in_range(replace(goal, hypotheses=(*rest, *conjuncts(part)))) for part in some.args)


def same_formula(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """An identity, its obligations included, for every size."""
    statement = goal.statement
    if isinstance(statement, Padding):
        return padding(goal, evidence)
    if not isinstance(statement, Always):
        return wrong("an identity shows an equation, nothing else")
    missing = ""
    for seen in (goal, solved(goal)):
        try:
            known = met(seen, evidence.get("needs", ()))
        except NotSeenError as reason:
            missing = str(reason)
            continue
        except BrokenStepError as fault:
            return wrong(str(fault))
        assert isinstance(seen.statement, Always)
        parts = [part for part in conjuncts(seen.statement.conclusion) if part != 1]
        if all(_same_sides(part, known) for part in parts):
            return OK
    if followed(goal):
        return OK
    return _at_small_sizes(goal, evidence, missing)


def _at_small_sizes(goal: Goal, evidence: Mapping[str, Any], missing: str) -> Outcome:
    """Written out: the whole statement where no size matters, else what may be found false and shows nothing.

    An identity that holds at size 1 for want of a second item may be false at every other size.
    """
    shown = []
    for size in _SIZES if goal.open_axes else _SIZES[:1]:
        try:
            written = problems(goal, {axis: (goal.sizes.get(axis) or (size,))[0] for axis in goal.open_axes})
        except TooLargeError:
            continue
        found = worst(_written_out(problem, evidence) for problem in written)
        if found.word == "wrong":
            return found
        shown += [size] if written and found is OK else []
    if shown and not goal.open_axes:
        return OK
    seen = f"written out it is seen again for {', '.join(goal.open_axes)} of size {', '.join(map(str, shown))} alone"
    return unchecked(missing or f"for every size it rests on the engine; {seen if shown else _NOT_SEEN}")


def _same_sides(part: Term, known: Knowledge) -> bool:
    """Whether two terms are equal for every size: as they stand, or with the branches taken that are decided."""
    if not isinstance(part, atoms.Equal | atoms.LessEqual):
        return False
    difference = part.args[0] - part.args[1]
    return (
        known.holds(part)
        or vanishes_for_every_size(difference)
        or vanishes_for_every_size(decided(difference, known), known)
        or item_by_item(difference, known)
    )


def followed(goal: Goal) -> bool:
    """Whether comparisons, and that their sides have values, follow once branches are decided."""
    assert isinstance(goal.statement, Always)
    known = Knowledge(goal.tensors, goal.hypotheses)
    parts = [part for part in conjuncts(goal.statement.conclusion) if part != 1]
    return all(follows(known.under(path), need) for path, need in goal.obligations) and all(
        _same_sides(part, known) or follows(known, part) or asked(known, part) for part in parts
    )


def _written_out(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """An identity at some sizes, and that everything in it is defined there."""
    for demand in problem.demands:
        if not Knowledge(variables_of(demand), demand.hypotheses).holds(demand.conclusion):
            return unchecked(f"the rules of the re-check do not show {demand.conclusion}")
    return identity(problem, evidence)


def variables_of(problem: Problem) -> dict[str, Tensor]:
    """The variables of a problem as tensors without axes."""
    return {v.tensor: Tensor(v.tensor, (), "variable", domain) for v, domain in problem.variables.items()}


def identity(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """An equation, or an inequality whose sides are equal, at fixed sizes."""
    conclusion = problem.conclusion
    if conclusion == 1:
        return OK
    if not isinstance(conclusion, atoms.Equal | atoms.LessEqual):
        return wrong("an identity shows an equation, nothing else")
    difference = conclusion.args[0] - conclusion.args[1]
    points = random_points(list(problem.variables), problem.variables)
    same, different = agree(difference, points, problem.sizes)
    if different and not problem.hypotheses:
        return wrong("the two sides differ at a point")
    left, right = conclusion.args
    if problem.hypotheses and vanishes(modulo(left, problem.hypotheses) - modulo(right, problem.hypotheses)):
        return OK
    # Two numbers are equal where their exponentials are.
    if vanishes(difference) or vanishes(sympy.exp(left) - sympy.exp(right)):
        return OK
    if equal(Knowledge(variables_of(problem), problem.hypotheses), left, right):
        return OK
    return unchecked(f"the sides agree at {same} points; this normal form does not see that they are equal")
