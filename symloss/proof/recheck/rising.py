"""Log removal again: the anchor lies where it may, and what must be shown at it and beside it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.closing import implied, obligations_of
from symloss.proof.problems import Problem
from symloss.proof.recheck.outcome import OK, Outcome, worst, wrong
from symloss.proof.recheck.reading import term

#: Functions without a kink where they are defined.
_SMOOTH = (
    *("Add", "Mul", "Pow", "exp", "log", "sin", "cos", "Softplus", "Sigmoid", "Tanh", "LogCosh", "Log1p", "Expm1"),
    *("ExpTail", "LogTail", "Log2", "LogRatio", "XLogY", "XOverY"),
)


def logs(problem: Problem, evidence: Mapping[str, Any], shown: Callable[[Problem, Any], Outcome]) -> Outcome:
    """Whether a term vanishes at an anchor and rises away from it.

    Args:
        problem: the problem; its conclusion is ``a ≤ b``.
        evidence: variable, anchor, and evidence of the value and of both sides.
        shown: re-checks evidence of a flat problem.
    """
    if not isinstance(problem.conclusion, atoms.LessEqual):
        return wrong("log removal shows weak inequalities only")
    f = problem.conclusion.args[1] - problem.conclusion.args[0]
    x = next((v for v in problem.variables if str(v) == evidence["variable"]), None)
    if x is None:
        return wrong("there is no such variable")
    if any(type(e).__name__ not in _SMOOTH for e in sympy.preorder_traversal(f) if e.args and e.has(x)):
        return wrong("the term may have a kink")
    anchor = term(evidence["anchor"], problem.variables)
    ends = _ends(problem, x)
    if anchor.has(x) or not _inside(anchor, ends):
        return wrong("the anchor may lie outside the interval")
    without = tuple(h for h in problem.hypotheses if not h.has(x))
    others = {v: domain for v, domain in problem.variables.items() if v != x}
    value = Problem(others, without, atoms.Equal(f.xreplace({x: anchor}), 0))
    outcomes = [] if value.conclusion == 1 else [shown(value, evidence["value"])]
    if value.conclusion == 0:
        return wrong("the term does not vanish at the anchor")
    for side, sign, end in (("right", 1, ends[1]), ("left", -1, ends[0])):
        if anchor == end[0]:
            continue
        if side not in evidence:
            return wrong(f"the {side} side is missing")
        around = replace(problem, variables={**others, x: Domain()}, hypotheses=without, obligations=())
        outcomes.append(_side(around, f, x, anchor, sign, end, evidence[side], shown))
    return worst(outcomes) if outcomes else OK


def _ends(problem: Problem, x: Read) -> tuple[tuple[Any, bool], tuple[Any, bool]]:
    """The ends of the variable's interval, each with whether it belongs to it: rational ends of the domain first."""
    domain = problem.variables[x]
    low, high = (domain.lower, domain.lower_closed), (domain.upper, domain.upper_closed)
    for h in problem.hypotheses:
        if isinstance(h, atoms.Less | atoms.LessEqual):
            a, b = h.args
            closed = isinstance(h, atoms.LessEqual)
            if b == x and not a.has(x) and not low[0].is_Rational:
                low = (a, closed)
            if a == x and not b.has(x) and not high[0].is_Rational:
                high = (b, closed)
    return low, high


def _inside(anchor: Any, ends: tuple[tuple[Any, bool], tuple[Any, bool]]) -> bool:
    low, high = ends[0][0], ends[1][0]
    if anchor in (low, high):
        return True
    above = low == -sympy.oo or (low.is_Rational and anchor.is_Rational and bool(low < anchor))
    below = high == sympy.oo or (high.is_Rational and anchor.is_Rational and bool(anchor < high))
    return above and below


def _side(
    around: Problem,
    f: Any,
    x: Read,
    anchor: Any,
    sign: int,
    end: tuple[Any, bool],
    evidence: Mapping[str, Any],
    shown: Callable[[Problem, Any], Outcome],
) -> Outcome:
    slope = sympy.diff(f, x)
    far, closed = end
    compare = atoms.LessEqual if closed else atoms.Less
    inside = [atoms.LessEqual(*((anchor, x) if sign > 0 else (x, anchor)))]
    if far.is_finite is not False and not far.is_infinite:
        inside.append(compare(*((x, far) if sign > 0 else (far, x))))
    part = replace(around, hypotheses=(*around.hypotheses, *inside))
    wanted = [implied(*need) for need in dict.fromkeys((*obligations_of(f), *obligations_of(slope)))]
    if len(wanted) != len(evidence["defined"]):
        return wrong("not everything is shown to be defined")
    outcomes = [
        shown(replace(part, conclusion=need), given["evidence"])
        for need, given in zip(wanted, evidence["defined"], strict=True)
        if need != 1
    ]
    strict = atoms.Less(*((anchor, x) if sign > 0 else (x, anchor)))
    rising = replace(part, hypotheses=(*part.hypotheses, strict, *wanted), conclusion=atoms.LessEqual(0, sign * slope))
    outcomes.append(OK if rising.conclusion == 1 else shown(rising, evidence["evidence"]))
    return worst(outcomes)
