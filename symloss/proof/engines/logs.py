"""Log removal: a function that vanishes at a point and rises away from it is nowhere negative.

``f(c) ≥ 0``, ``f' ≥ 0`` to the right of c and ``f' ≤ 0`` to its left show ``f ≥ 0``. Differentiating takes polynomials
and logarithms down until a solver can tell the sign; what does not help is not followed far.

The anchor c lies in the closure of the interval, and f and f' are shown to be defined from c on, c included. What is
assumed at the anchor does not mention the variable; of the other hypotheses only bounds of the variable are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import Domain, Read, exact_arithmetic
from symloss.proof.closing import implied, obligations_of
from symloss.proof.engines import Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.verdicts import Evidence, Finding

_ENGINES = ("bounds", "algebra", "solver")
#: Numbers to try as anchors, where they lie in the interval.
_ANCHORS = (sympy.S.Zero, sympy.Rational(1, 2), sympy.S.One)
#: Larger terms are not differentiated.
_MOST_OPERATIONS = 150
#: How often a derivative may be followed by another.
_DEEPEST = 3


@dataclass(frozen=True)
class Interval:
    """Where a variable may lie: terms without it, or infinities, and whether they belong to the interval."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool

    def conditions(self, x: Read) -> tuple[Any, ...]:
        """The interval as conditions."""
        found = []
        if self.low != -sympy.oo:
            found.append((atoms.LessEqual if self.low_closed else atoms.Less)(self.low, x))
        if self.high != sympy.oo:
            found.append((atoms.LessEqual if self.high_closed else atoms.Less)(x, self.high))
        return tuple(found)


class LogsEngine:
    """Proves inequalities by the signs of derivatives away from an anchor."""

    name = "logs"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof, or None."""
        conclusion = problem.conclusion
        if not isinstance(conclusion, atoms.LessEqual) or any(side.is_infinite for side in conclusion.args):
            return None
        f = conclusion.args[1] - conclusion.args[0]
        if not f.has(sympy.log, sympy.exp, *_TRANSCENDENTAL) or f.count_ops() > _MOST_OPERATIONS:
            return None
        with exact_arithmetic():
            evidence = _Removal(budget).shown(problem, f, min(budget.depth, _DEEPEST))
        if evidence is None:
            return None
        return Finding("proved", self.name, evidence, summary="it rises away from a point where it is 0")


_TRANSCENDENTAL = (atoms.Softplus, atoms.LogCosh, atoms.XLogY, atoms.Log1p, atoms.Tanh, atoms.Sigmoid)


class _Removal:
    """One search for anchors."""

    def __init__(self, budget: Budget) -> None:
        self.budget = replace(budget, steps=budget.steps // 4)

    def shown(self, problem: Problem, f: Any, depth: int) -> Evidence | None:
        """Evidence of ``f ≥ 0``, or None."""
        for x in problem.variables:
            if not f.has(x) or not _smooth(f, x):
                continue
            rest = tuple(h for h in problem.hypotheses if not h.has(x))
            around = replace(problem, hypotheses=rest, obligations=(), conclusion=sympy.S.One)
            interval = _interval(problem, x)
            for anchor in _anchors(problem, interval, x):
                found = self._from(around, f, x, interval, anchor, depth)
                if found is not None:
                    return found
        return None

    def _from(self, around: Problem, f: Any, x: Read, interval: Interval, anchor: Any, depth: int) -> Evidence | None:
        at_anchor = f.xreplace({x: anchor})
        variables = {v: domain for v, domain in around.variables.items() if v != x}
        here = replace(around, variables=variables, conclusion=atoms.Equal(at_anchor, 0))
        value = problem_engine("algebra").settle(here, self.budget) if at_anchor != 0 else None
        if value is None and at_anchor != 0:
            return None
        evidence: Evidence = {
            "kind": "logs",
            "of": str(f),
            "variable": str(x),
            "anchor": str(anchor),
            "value": value.evidence if value is not None else {"kind": "identity", "difference": "0"},
        }
        for side, sign in (("right", 1), ("left", -1)):
            if anchor == (interval.high if sign > 0 else interval.low):
                continue
            shown = self._side(around, f, x, interval, anchor, sign, depth)
            if shown is None:
                return None
            evidence[side] = shown
        return evidence

    def _side(
        self, around: Problem, f: Any, x: Read, interval: Interval, anchor: Any, sign: int, depth: int
    ) -> Evidence | None:
        """Evidence that f rises from the anchor to the right (sign 1), or falls towards it from the left."""
        slope = sympy.diff(f, x)
        if sign > 0:
            part = Interval(anchor, interval.high, True, interval.high_closed)
        else:
            part = Interval(interval.low, anchor, interval.low_closed, True)
        variables = {**around.variables, x: Domain()}
        inside = replace(around, variables=variables, hypotheses=(*around.hypotheses, *part.conditions(x)))
        needs = []
        for path, need in dict.fromkeys((*obligations_of(f), *obligations_of(slope))):
            wanted = implied(path, need)
            shown = self._asked(replace(inside, conclusion=wanted))
            if shown is None:
                return None
            needs.append({"needs": str(wanted), "evidence": shown})
        strict = atoms.Less(anchor, x) if sign > 0 else atoms.Less(x, anchor)
        known = tuple(implied(path, need) for path, need in (*obligations_of(f), *obligations_of(slope)))
        rising = replace(
            inside, hypotheses=(*inside.hypotheses, strict, *known), conclusion=atoms.LessEqual(0, sign * slope)
        )
        found = self._asked(rising)
        if found is None and depth > 1:
            found = self.shown(rising, sign * slope, depth - 1)
        if found is None:
            return None
        return {"derivative": str(slope), "defined": needs, "evidence": found}

    def _asked(self, problem: Problem) -> Evidence | None:
        if problem.conclusion == 1:
            return {"kind": "identity", "difference": "0"}
        findings = (problem_engine(name).settle(problem, self.budget) for name in _ENGINES)
        return next((found.evidence for found in findings if found is not None), None)


def _smooth(f: Any, x: Read) -> bool:
    """Whether a term is differentiable in a variable wherever what it needs holds."""
    for e in sympy.preorder_traversal(f):
        if not e.args or not e.has(x) or isinstance(e, sympy.Add | sympy.Mul | sympy.Pow):
            continue
        record = record_of(e)
        if record is None or record.kink or record.kinked:
            return False
    return True


def _interval(problem: Problem, x: Read) -> Interval:
    """Where the domain and the hypotheses allow a variable; the last bound of a hypothesis counts."""
    domain = problem.variables[x]
    found = Interval(domain.lower, domain.upper, domain.lower_closed, domain.upper_closed)
    for h in problem.hypotheses:
        if isinstance(h, atoms.Less | atoms.LessEqual):
            a, b = h.args
            closed = isinstance(h, atoms.LessEqual)
            if b == x and not a.has(x) and not found.low.is_Rational:
                found = replace(found, low=a, low_closed=closed)
            if a == x and not b.has(x) and not found.high.is_Rational:
                found = replace(found, high=b, high_closed=closed)
    return found


def _anchors(problem: Problem, interval: Interval, x: Read) -> Iterator[Any]:
    """Points in the closure of the interval."""
    ends = [end for end in (interval.low, interval.high) if not end.is_infinite]
    yield from ends
    if not ends:
        for other, domain in problem.variables.items():
            if other != x and domain == problem.variables[x]:
                yield other
    for number in _ANCHORS:
        above = interval.low.is_infinite or (interval.low.is_Rational and interval.low < number)
        below = interval.high.is_infinite or (interval.high.is_Rational and number < interval.high)
        if above and below:
            yield number


ENGINE = LogsEngine()
