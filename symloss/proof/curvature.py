"""Disciplined composition over closed terms: curvature for every size, from the facts about atoms.

A trace names for each sub-term the rule that was used and the lines that it rests on. The facts about atoms (which are
convex, which increase) are claims of their own, proved beside those of the losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Along, Term, tensors_of

#: How curvature is read by someone who needs "at least convex".
CONVEX, CONCAVE, AFFINE, CONSTANT = "convex", "concave", "affine", "constant"


#: The facts, claims of their own, that a rule rests on; of several items by induction.
_FACTS: dict[str, tuple[str, ...]] = {
    "sum": ("a sum of convex terms is convex",),
    "sum over an axis": ("a sum of convex terms is convex",),
    "choice by a constant": (),
    "nonnegative factor": ("a nonnegative factor keeps convexity",),
    "nonpositive factor": ("a nonpositive factor turns convexity around",),
    "max of convex terms": ("a maximum of convex terms is convex",),
    "min of concave terms": ("a maximum of convex terms is convex",),
    "logsumexp of convex terms": (
        "logsumexp of two items is one plus a softplus",
        "softplus convex",
        "softplus increasing in x",
        "a convex increasing function of a convex term is convex",
    ),
    "norm of affine terms": ("the triangle inequality of a norm",),
    "norm of nonnegative convex terms": (
        "the triangle inequality of a norm",
        "a convex increasing function of a convex term is convex",
    ),
    "even power of an affine term": ("an even power of an affine term is convex",),
    "even power, monotone on one side": ("the square of a nonnegative convex term is convex",),
    "power at least 1 of a nonnegative convex term": (
        "a power at least 1 bends upward",
        "a convex increasing function of a convex term is convex",
    ),
    "power between 0 and 1 of a nonnegative concave term": (
        "a power between 0 and 1 bends downward",
        "a convex increasing function of a convex term is convex",
    ),
    "power at most 0 of a positive concave term": (
        "a power at most 0 bends upward",
        "a convex decreasing function of a concave term is convex",
    ),
    "x*log(x) of an affine term": ("x*log(x) is convex",),
    "perspective": ("x*log(x/y) is jointly convex",),
    "nonnegative factor times log: concave, increasing": ("a nonnegative factor times log is concave",),
    "nonpositive factor times log: concave, increasing": ("a nonnegative factor times log is concave",),
}
_INNER = {
    True: "a convex increasing function of a convex term is convex",
    False: _FACTS["power at most 0 of a positive concave term"][1],
}


@dataclass(frozen=True)
class Line:
    """One line of a trace: what a term is, by which rule, from which earlier lines and facts."""

    term: Term
    curvature: str
    rule: str
    rests_on: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()


class Composition:
    """Curvature of terms in some tensors.

    Args:
        variables: the tensors in which curvature is meant.
        ranges: signs of sub-terms.
        rewrite: an equal term to look at where no rule fits, for terms that are finite; None to look no further.
    """

    def __init__(self, variables: Iterable[str], ranges: Ranges, rewrite: Callable[[Term], Term] | None = None) -> None:
        self.rewrite = rewrite
        self.variables = frozenset(variables)
        self.ranges = ranges
        self.lines: list[Line] = []
        self.memo: dict[Any, int | None] = {}

    def settle(self, term: Term, wanted: str) -> tuple[Line, ...] | None:
        """The trace that shows a term to be convex or concave, or None."""
        found = self.line(term)
        if found is None or not _is(self.lines[found].curvature, wanted):
            return None
        return self._needed(found)

    def _needed(self, last: int) -> tuple[Line, ...]:
        kept: list[int] = []
        stack = [last]
        while stack:
            line = stack.pop()
            if line not in kept:
                kept.append(line)
                stack.extend(self.lines[line].rests_on)
        order = {old: new for new, old in enumerate(sorted(kept))}
        found = []
        for old in sorted(kept):
            one = self.lines[old]
            found.append(replace(one, rests_on=tuple(order[i] for i in one.rests_on)))
        return tuple(found)

    def line(self, e: Term) -> int | None:
        """The number of the line that says what a term is."""
        if e not in self.memo:
            found = self._build(e)
            if found is None and self.rewrite is not None:
                self.memo[e] = None
                found = self._rewritten(e, self.rewrite)
            self.memo[e] = found
        return self.memo[e]

    def _rewritten(self, e: Term, rewrite: Callable[[Term], Term]) -> int | None:
        sign = self.ranges.range(e)
        if sign is None or not sign.finite:
            return None
        other = rewrite(e)
        inner = self.line(other) if other != e else None
        return None if inner is None else self._say(e, self.lines[inner].curvature, "rewritten", inner)

    def _say(self, e: Term, curvature: str, rule: str, *rests_on: int, facts: Iterable[str] = ()) -> int:
        used = facts if curvature in (CONVEX, CONCAVE) else ()
        more = _FACTS.get(rule, ()) if curvature in (CONVEX, CONCAVE) else ()
        self.lines.append(Line(e, curvature, rule, rests_on, tuple(sorted({*used, *more}))))
        return len(self.lines) - 1

    def _build(self, e: Any) -> int | None:
        if not tensors_of(e) & self.variables:
            return self._say(e, CONSTANT, "no variable") if self.ranges.range(e) is not None else None
        if e.is_Symbol:
            return self._say(e, AFFINE, "variable")
        if isinstance(e, sympy.Add):
            return self._sum(e, self._relative_entropies(e.args), "sum")
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, atoms.Where):
            return self._where(e)
        if isinstance(e, atoms.SlopeAt | atoms.StopGradient):
            inner = self.line(e.args[0])
            return None if inner is None else self._say(e, self.lines[inner].curvature, "same value", inner)
        if isinstance(e, sympy.Pow):
            return self._power(e)
        return self._atom(e)

    def _relative_entropies(self, terms: tuple[Any, ...]) -> list[Any]:
        """The terms of a sum; ``c (x log x - x log y)``, c ≥ 0 and x, y ≥ 0 affine, as one: a perspective."""
        rest = list(terms)
        for term in terms:
            factor, first = _entropy(term)
            if first is None or first.args[0] != first.args[1]:
                continue
            for other in terms:
                turned, second = _entropy(other)
                if second is None or second is first or second.args[0] != first.args[0] or turned != -factor:
                    continue
                x, y = second.args
                inner = [self.line(x), self.line(y)]
                signs = [self.ranges.range(part) for part in (factor, x, y)]
                if any(i is None or self.lines[i].curvature not in (AFFINE, CONSTANT) for i in inner):
                    continue
                if all(sign is not None and sign.above(0) for sign in signs) and term in rest and other in rest:
                    pair = term + other
                    self.memo[pair] = self._say(pair, CONVEX, "perspective", *(i for i in inner if i is not None))
                    rest = [part for part in rest if part not in (term, other)] + [pair]
        return rest

    def _sum(self, e: Any, terms: Iterable[Any], rule: str) -> int | None:
        inner = [self.line(term) for term in terms]
        if inner == [self.memo.get(e)]:
            return inner[0]
        if any(i is None for i in inner) or self.ranges.range(e) is None:
            return None
        lines = [i for i in inner if i is not None]
        total = _joined(self.lines[i].curvature for i in lines)
        return None if total is None else self._say(e, total, rule, *lines)

    def _product(self, e: Any) -> int | None:
        varying = [factor for factor in e.args if tensors_of(factor) & self.variables]
        constant = sympy.Mul(*(factor for factor in e.args if factor not in varying))
        if len(varying) != 1 or self.ranges.range(e) is None:
            return None
        inner = self.line(varying[0])
        if inner is None:
            return None
        curvature = self.lines[inner].curvature
        if curvature in (AFFINE, CONSTANT):
            return self._say(e, curvature, "constant factor", inner)
        sign = self.ranges.range(constant)
        if sign is not None and sign.above(0):
            return self._say(e, curvature, "nonnegative factor", inner)
        if sign is not None and sign.below(0):
            return self._say(e, _turned(curvature), "nonpositive factor", inner)
        return None

    def _where(self, e: Any) -> int | None:
        condition, yes, no = e.args
        if tensors_of(condition) & self.variables:
            return None
        from symloss.proof.closing import negation

        found = []
        for branch, assumed in ((yes, condition), (no, negation(condition))):
            inside = Composition(self.variables, self.ranges.under(assumed), self.rewrite)
            last = inside.line(branch)
            if last is None:
                return None
            trace = inside._needed(last)
            offset = len(self.lines)
            self.lines += [replace(one, rests_on=tuple(i + offset for i in one.rests_on)) for one in trace]
            found.append(len(self.lines) - 1)
        total = _joined(self.lines[i].curvature for i in found)
        return None if total is None else self._say(e, total, "choice by a constant", *found)

    def _along(self, e: Along) -> int | None:
        if tensors_of(e.guard) & self.variables or self.ranges.range(e) is None:
            return None
        inner = self.line(e.body)
        if inner is None:
            return None
        curvature = self.lines[inner].curvature
        if e.operation == "sum":
            return self._say(e, curvature, "sum over an axis", inner)
        if e.operation in ("max", "logsumexp") and _is(curvature, CONVEX):
            return self._say(e, CONVEX, f"{e.operation} of convex terms", inner)
        if e.operation == "min" and _is(curvature, CONCAVE):
            return self._say(e, CONCAVE, "min of concave terms", inner)
        if e.operation == "norm":
            body = self.ranges.range(e.body)
            if curvature == AFFINE:
                return self._say(e, CONVEX, "norm of affine terms", inner)
            if body is not None and body.above(0) and _is(curvature, CONVEX):
                return self._say(e, CONVEX, "norm of nonnegative convex terms", inner)
        return None

    def _power(self, e: Any) -> int | None:
        base, exponent = e.args
        if tensors_of(exponent) & self.variables:
            return None
        inner = self.line(base)
        sign = self.ranges.range(base)
        if inner is None or sign is None or self.ranges.range(e) is None:
            return None
        curvature = self.lines[inner].curvature
        if exponent.is_Integer and exponent > 0 and exponent % 2 == 0:
            if curvature == AFFINE:
                return self._say(e, CONVEX, "even power of an affine term", inner)
            if (sign.above(0) and _is(curvature, CONVEX)) or (sign.below(0) and _is(curvature, CONCAVE)):
                return self._say(e, CONVEX, "even power, monotone on one side", inner)
            return None
        p = self.ranges.range(exponent)
        if p is None or not sign.above(0):
            return None
        if p.above(1) and _is(curvature, CONVEX):
            return self._say(e, CONVEX, "power at least 1 of a nonnegative convex term", inner)
        if p.above(0) and p.below(1) and _is(curvature, CONCAVE):
            return self._say(e, CONCAVE, "power between 0 and 1 of a nonnegative concave term", inner)
        if p.below(0) and sign.above(0, True) and _is(curvature, CONCAVE):
            return self._say(e, CONVEX, "power at most 0 of a positive concave term", inner)
        return None

    def _atom(self, e: Any) -> int | None:
        if self.ranges.range(e) is None:
            return None
        if isinstance(e, atoms.XLogY):
            return self._x_log_y(e)
        record = record_of(e)
        if record is None or record.curvature is None:
            return None
        inner = [self.line(argument) for argument in e.args]
        if any(i is None for i in inner):
            return None
        lines = [i for i in inner if i is not None]
        if record.curvature in (CONVEX, CONCAVE, AFFINE):
            for wanted in (CONVEX, CONCAVE):
                if not _is(record.curvature, wanted):
                    continue
                fits = all(
                    self._fits(e, position, self.lines[line].curvature, wanted) for position, line in enumerate(lines)
                )
                if fits:
                    facts = self._facts_of(e, [self.lines[line].curvature for line in lines])
                    return self._say(e, wanted, f"{record.name}: {record.curvature}", *lines, facts=facts)
        return None

    def _facts_of(self, e: Any, curvatures: list[str]) -> list[str]:
        """What is used of a function: its curvature, and where an argument is curved the direction in it."""
        record = record_of(e)
        assert record is not None  # the caller has found it
        found = [f"{record.name} {record.curvature}"]
        for position, curvature in enumerate(curvatures):
            if curvature in (AFFINE, CONSTANT):
                continue
            direction = record.monotone[position]
            if direction is None:
                # Convex and even: it increases beyond 0.
                found += [f"{record.name} even", _INNER[curvature == record.curvature]]
            else:
                found += [f"{record.name} {direction} in {record.arguments[position]}"]
                found += [_INNER[direction in ("increasing", "nondecreasing")]]
        return found

    def _fits(self, e: Any, position: int, curvature: str, wanted: str) -> bool:
        """Whether an argument may have this curvature in a function that is convex (or concave)."""
        if curvature in (AFFINE, CONSTANT):
            return True
        record = record_of(e)
        direction = record.monotone[position] if record is not None else None
        if direction is None and isinstance(e, atoms.Absolute | atoms.LogCosh):
            sign = self.ranges.range(e.args[position])
            direction = (
                "nondecreasing" if sign and sign.above(0) else "nonincreasing" if sign and sign.below(0) else None
            )
        if direction in ("increasing", "nondecreasing"):
            return _is(curvature, wanted)
        if direction in ("decreasing", "nonincreasing"):
            return _is(curvature, _turned(wanted))
        return False

    def _x_log_y(self, e: Any) -> int | None:
        """x·log y: concave in an affine y for a constant x ≥ 0; x·log x convex."""
        x, y = e.args
        if x == y:
            inner = self.line(x)
            if inner is not None and self.lines[inner].curvature == AFFINE:
                return self._say(e, CONVEX, "x*log(x) of an affine term", inner)
            return None
        if tensors_of(x) & self.variables:
            return None
        inner, sign = self.line(y), self.ranges.range(x)
        if inner is None or sign is None or not _is(self.lines[inner].curvature, CONCAVE):
            return None
        if sign.above(0):
            return self._say(e, CONCAVE, "nonnegative factor times log: concave, increasing", inner)
        if sign.below(0):
            return self._say(e, CONVEX, "nonpositive factor times log: concave, increasing", inner)
        return None


def _entropy(term: Any) -> tuple[Any, Any]:
    """The factor and the x·log y of a product."""
    found = [factor for factor in sympy.Mul.make_args(term) if isinstance(factor, atoms.XLogY)]
    if len(found) != 1:
        return None, None
    return sympy.Mul(*(factor for factor in sympy.Mul.make_args(term) if factor is not found[0])), found[0]


def _is(curvature: str, wanted: str) -> bool:
    return curvature in (wanted, AFFINE, CONSTANT)


def _turned(curvature: str) -> str:
    return {CONVEX: CONCAVE, CONCAVE: CONVEX}.get(curvature, curvature)


def _joined(curvatures: Iterable[str]) -> str | None:
    kinds = set(curvatures) - {CONSTANT}
    if not kinds:
        return CONSTANT
    kinds -= {AFFINE}
    if not kinds:
        return AFFINE
    return kinds.pop() if len(kinds) == 1 else None
