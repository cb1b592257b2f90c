"""Whether a problem that was stated anew says what it said, looked at where its hypotheses hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction

from symloss.program import Domain
from symloss.proof.problems import Problem
from symloss.proof.recheck.evaluation import Evaluation
from symloss.proof.recheck.intervals import NoValueError, field, working

_BITS = 120
_POINTS = 60

Point = Mapping[str, Fraction]


def differing(problem: Problem, other: Problem, beside: Callable[[Point], Point | None] = lambda point: point) -> str:
    """A point at which another problem says something else, in words; "" where none was found.

    Args:
        problem: the problem.
        other: the same in other words, of which no hypothesis may ask for more.
        beside: the point of the other problem that belongs to one of the first, or None.
    """
    draw = random.Random(11)
    with working(_BITS):
        for number in range(_POINTS):
            point = {str(v): _drawn(draw, domain, number % 2 == 0) for v, domain in problem.variables.items()}
            there_at = beside(point)
            if there_at is None:
                continue
            here, there = Evaluation(point, {}, field(_BITS)), Evaluation(there_at, {}, field(_BITS))
            try:
                if not all(here.truth(h) is True for h in problem.under()):
                    continue
                if any(there.truth(h) is False for h in other.hypotheses):
                    return "a hypothesis of a case is false at a point of the problem"
                answers = here.truth(problem.conclusion), there.truth(other.conclusion)
            except NoValueError:
                continue
            if None not in answers and answers[0] is not answers[1]:
                return "a case says something else than the problem at a point"
    return ""


def _drawn(draw: random.Random, domain: Domain, simple: bool) -> Fraction:
    """A value of an interval or an end of it; simple ones meet ties and kinks."""
    low, high = (Fraction(int(e.p), int(e.q)) if e.is_finite else None for e in (domain.lower, domain.upper))
    share = Fraction(draw.randint(0, 4), 4) if simple else Fraction(draw.randint(1, 996), 997)
    if low is not None and high is not None:
        return low + share * (high - low)
    if low is None and high is None:
        return Fraction(draw.randint(-3, 3)) if simple else 6 * share - 3
    return low + 4 * share if low is not None else (high or Fraction(0)) - 4 * share
