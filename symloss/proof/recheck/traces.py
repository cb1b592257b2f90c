"""Composition traces line by line: each line must follow from the lines it names by a rule of this table.

A trace is read from its last line, which must be about the term of the goal. A line inside a choice is checked under
the condition of its branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.goals import Curvature, Goal
from symloss.proof.recheck.bounds import Knowledge, _not
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.recheck.unknowns import equal
from symloss.proof.recheck.used import needed
from symloss.proof.terms import Along, Term, tensors_of

_UP, _DOWN = "convex", "concave"
_TURNED = {"convex": "concave", "concave": "convex"}
#: What may be used where a shape is asked for.
_COUNTS_AS = {"convex": ("convex", "affine", "constant"), "concave": ("concave", "affine", "constant")}
#: Scalar functions: curvature, and the direction in which they are monotone where they are (per argument).
_SHAPES: dict[str, tuple[str, str | None]] = {
    "exp": (_UP, "up"),
    "log": (_DOWN, "up"),
    "sqrt": (_DOWN, "up"),
    "Softplus": (_UP, "up"),
    "Absolute": (_UP, None),
    "LogCosh": (_UP, None),
    "Log1p": (_DOWN, "up"),
    "Log2": (_DOWN, "up"),
    "Expm1": (_UP, "up"),
    "ExpTail": (_UP, None),
    "LogTail": (_UP, None),
    "Relu": (_UP, "up"),
    "Ramp": (_UP, "up"),
    "Maximum": (_UP, "up"),
    "Minimum": (_DOWN, "up"),
}
#: Functions with a minimum at 0: beyond it they increase, before it they decrease.
_VALLEYS = ("Absolute", "LogCosh", "ExpTail", "LogTail")


class UnknownRuleError(Exception):
    """A rule that this table does not have."""


class BrokenLineError(Exception):
    """A line that does not follow."""


@dataclass(frozen=True)
class _Line:
    term: Term
    shape: str
    rule: str
    rests: tuple[int, ...]
    facts: tuple[str, ...] | None


def composition(goal: Goal, evidence: Mapping[str, Any], wanted: str) -> Outcome:
    """Whether a trace shows the term of a curvature goal to be convex or concave."""
    statement = goal.statement
    assert isinstance(statement, Curvature)  # the caller looks at the kind of statement
    trace = _Trace(statement, evidence["lines"])
    try:
        last = trace.line(len(trace.raw) - 1, statement.term)
        if last.shape not in _COUNTS_AS[wanted]:
            return wrong(f"the last line says {last.shape}, not {wanted}")
        trace.check(len(trace.raw) - 1, statement.term, Knowledge(goal.tensors, goal.hypotheses))
    except BrokenLineError as fault:
        return wrong(str(fault))
    except UnknownRuleError as rule:
        return unchecked(f"the re-check has no rule “{rule}”")
    return OK


class _Trace:
    """The lines of a trace, matched with the terms that they are about."""

    def __init__(self, statement: Curvature, lines: Any) -> None:
        self.variables = frozenset(statement.variables)
        self.raw = list(lines)

    def line(self, number: int, term: Term) -> _Line:
        """A line, which must be about a term."""
        if not 0 <= number < len(self.raw):
            raise BrokenLineError("a line rests on a line that is not there")
        raw = self.raw[number]
        if raw["term"] != str(term):
            raise BrokenLineError(f"line {number} is about {raw['term']}, not about {term}")
        if any(not 0 <= i < number for i in raw["from"]):
            raise BrokenLineError(f"line {number} rests on a later line")
        facts = tuple(raw["facts"]) if "facts" in raw else None
        return _Line(term, raw["is"], raw["rule"], tuple(raw["from"]), facts)

    def check(self, number: int, term: Term, known: Knowledge) -> str:
        """The shape that a line says, after checking it and all it rests on."""
        line = self.line(number, term)
        if known.bounds(term) is None:
            raise UnknownRuleError(f"that {term} has a value")
        shape = self._shape(line, known)
        if line.shape not in _allowed(shape):
            raise BrokenLineError(f"line {number} says {line.shape}, the rule “{line.rule}” gives {shape}")
        self._names_facts(line, shape, known)
        return line.shape

    def _names_facts(self, line: _Line, shape: str, known: Knowledge) -> None:
        """That a line names the facts that its rule rests on."""
        if line.facts is None:
            raise UnknownRuleError(f"that says on which facts line “{line.rule}” rests")
        exponent = known.bounds(line.term.exp) if isinstance(line.term, sympy.Pow) else None
        above = exponent is not None and exponent.low >= 1
        below = exponent is not None and exponent.high <= 0
        inner = [self.raw[number]["is"] for number in line.rests]
        missing = needed(line.term, line.rule, shape, inner, (above, below)) - set(line.facts)
        if missing:
            raise BrokenLineError(f"“{line.rule}” does not name the fact “{min(missing)}”")

    def _inner(self, line: _Line, terms: tuple[Term, ...], known: Knowledge) -> list[str]:
        if len(line.rests) != len(terms):
            raise BrokenLineError(f"“{line.rule}” needs {len(terms)} lines, not {len(line.rests)}")
        return [self.check(number, term, known) for number, term in zip(line.rests, terms, strict=True)]

    def _shape(self, line: _Line, known: Knowledge) -> str:
        e = line.term
        if not tensors_of(e) & self.variables:
            return "constant"
        if e.is_Symbol:
            return "affine"
        if line.rule == "rewritten":
            return self._rewritten(line, known)
        if line.rule == "perspective":
            return self._perspective(line, known)
        if isinstance(e, sympy.Add):
            return _sum(self._inner(line, self._terms(line, known), known))
        if isinstance(e, sympy.Mul):
            return self._product(line, e, known)
        if isinstance(e, Along):
            return self._along(line, e, known)
        if isinstance(e, atoms.Where):
            return self._choice(line, e, known)
        if isinstance(e, atoms.SlopeAt | atoms.StopGradient):
            return self._inner(line, (e.args[0],), known)[0]
        if isinstance(e, sympy.Pow):
            return self._power(line, e, known)
        if isinstance(e, atoms.XLogY):
            return self._x_log_y(line, e, known)
        return self._function(line, e, known)

    def _said(self, number: int, known: Knowledge) -> Term:
        """What an earlier line is about, read from its text."""
        if not 0 <= number < len(self.raw):
            raise BrokenLineError("a line rests on a line that is not there")
        return closed_term(self.raw[number]["term"], known.tensors)

    def _terms(self, line: _Line, known: Knowledge) -> tuple[Term, ...]:
        """The terms of a sum; where there are fewer lines, a line may be about several of them together."""
        terms: tuple[Term, ...] = line.term.args
        if len(line.rests) >= len(terms):
            return terms
        said = tuple(self._said(number, known) for number in line.rests)
        if sympy.Add(*said) != line.term:
            raise BrokenLineError(f"the lines of “{line.rule}” do not add up to {line.term}")
        return said

    def _rewritten(self, line: _Line, known: Knowledge) -> str:
        """A finite term that equals another one wherever both are defined."""
        if len(line.rests) != 1:
            raise BrokenLineError("“rewritten” rests on one line")
        other = self._said(line.rests[0], known)
        here, there = known.bounds(line.term), known.bounds(other)
        if here is None or not here.finite or there is None or not there.finite:
            raise UnknownRuleError(f"that {line.term} is finite")
        if not (vanishes_for_every_size(line.term - other, known) or equal(known, line.term, other)):
            raise UnknownRuleError(f"that {line.term} is {other}")
        return self.check(line.rests[0], other, known)

    def _perspective(self, line: _Line, known: Knowledge) -> str:
        """``c·(x log x - x log y)`` with ``c, x, y ≥ 0`` and affine x and y."""
        logs = sorted(line.term.atoms(atoms.XLogY), key=str)
        own = next((one for one in logs if one.args[0] == one.args[1]), None)
        other = next((one for one in logs if own is not None and one != own and one.args[0] == own.args[0]), None)
        if own is None or other is None:
            raise BrokenLineError("a perspective is x*log(x) - x*log(y)")
        x, y = other.args
        factor = sympy.expand(line.term).coeff(own)
        if sympy.expand(line.term - factor * (own - other)) != 0 or tensors_of(factor) & self.variables:
            raise BrokenLineError("a perspective is x*log(x) - x*log(y)")
        for part in (factor, x, y):
            bounds = known.bounds(part)
            if bounds is None or not bounds.only((0, 1)):
                raise BrokenLineError(f"{part} may be negative")
        if all(shape in ("affine", "constant") for shape in self._inner(line, (x, y), known)):
            return _UP
        raise BrokenLineError("x*log(x/y) of terms that are not affine")

    def _product(self, line: _Line, e: Any, known: Knowledge) -> str:
        varying = [factor for factor in e.args if tensors_of(factor) & self.variables]
        if len(varying) != 1:
            raise UnknownRuleError(line.rule)
        (shape,) = self._inner(line, (varying[0],), known)
        factor = known.bounds(sympy.Mul(*(f for f in e.args if f is not varying[0])))
        if shape in ("affine", "constant"):
            return shape
        if factor is not None and factor.only((0, 1)):
            return shape
        if factor is not None and factor.only((-1, 0)):
            return _TURNED[shape]
        raise BrokenLineError(f"the sign of the factor of {varying[0]} is not known")

    def _along(self, line: _Line, e: Along, known: Knowledge) -> str:
        if tensors_of(e.guard) & self.variables:
            raise UnknownRuleError(line.rule)
        known = known.under(e.guard) if e.guard != 1 else known
        (shape,) = self._inner(line, (e.body,), known)
        if e.operation == "sum":
            return shape
        if e.operation in ("max", "logsumexp") and shape in _COUNTS_AS[_UP]:
            return _UP
        if e.operation == "min" and shape in _COUNTS_AS[_DOWN]:
            return _DOWN
        if e.operation == "norm":
            body = known.bounds(e.body)
            if shape in ("affine", "constant"):
                return _UP
            if shape == _UP and body is not None and body.only((0, 1)):
                return _UP
        raise BrokenLineError(f"the {e.operation} of something {shape}")

    def _choice(self, line: _Line, e: Any, known: Knowledge) -> str:
        condition, yes, no = e.args
        if tensors_of(condition) & self.variables:
            raise UnknownRuleError(line.rule)
        if len(line.rests) != 2:
            raise BrokenLineError("a choice rests on two lines")
        shapes = [
            self.check(line.rests[0], yes, known.under(condition)),
            self.check(line.rests[1], no, known.under(_not(condition))),
        ]
        return _sum(shapes)

    def _power(self, line: _Line, e: Any, known: Knowledge) -> str:
        base, exponent = e.args
        if tensors_of(exponent) & self.variables:
            raise UnknownRuleError(line.rule)
        (shape,) = self._inner(line, (base,), known)
        b, p = known.bounds(base), known.bounds(exponent)
        if b is None or p is None:
            raise BrokenLineError(f"{base} or {exponent} has no bounds")
        nonnegative = b.only((0, 1))
        if exponent.is_Integer and exponent > 0 and exponent % 2 == 0:
            up = shape == _UP and nonnegative
            down = shape == _DOWN and b.only((-1, 0))
            if shape in ("affine", "constant") or up or down:
                return _UP
        elif nonnegative:
            if p.low >= 1 and shape in _COUNTS_AS[_UP]:
                return _UP
            if p.low >= 0 and p.high <= 1 and shape in _COUNTS_AS[_DOWN]:
                return _DOWN
            if p.high <= 0 and b.only((1,)) and shape in _COUNTS_AS[_DOWN]:
                return _UP
        raise BrokenLineError(f"the power {exponent} of something {shape}")

    def _x_log_y(self, line: _Line, e: Any, known: Knowledge) -> str:
        x, y = e.args
        if tensors_of(x) & self.variables:
            return self._relative_entropy(line, x, y, known)
        (shape,) = self._inner(line, (y,), known)
        factor = known.bounds(x)
        if shape in _COUNTS_AS[_DOWN] and factor is not None:
            if factor.only((0, 1)):
                return _DOWN
            if factor.only((-1, 0)):
                return _UP
        raise BrokenLineError(f"x*log(y) with y {shape}")

    def _relative_entropy(self, line: _Line, x: Term, y: Term, known: Knowledge) -> str:
        """x·log x, and x·log(x/y), its perspective, in affine x and y."""
        terms: tuple[Term, ...] = (x,)
        if x != y:
            below = sympy.cancel(x / y)
            if below != sympy.together(x / y) and not below.is_Symbol:
                raise UnknownRuleError(line.rule)
            terms = (x, below)
        if all(shape in ("affine", "constant") for shape in self._inner(line, terms, known)):
            return _UP
        raise BrokenLineError("x*log(x/y) of terms that are not affine")

    def _function(self, line: _Line, e: Any, known: Knowledge) -> str:
        name = type(e).__name__
        if name not in _SHAPES:
            raise UnknownRuleError(line.rule)
        curvature, direction = _SHAPES[name]
        for argument, shape in zip(e.args, self._inner(line, tuple(e.args), known), strict=True):
            if shape in ("affine", "constant"):
                continue
            way = direction
            bounds = known.bounds(argument)
            if name in _VALLEYS and bounds is not None:
                way = "up" if bounds.only((0, 1)) else "down" if bounds.only((-1, 0)) else None
            needed = {"up": curvature, "down": _TURNED[curvature]}.get(way or "")
            if needed is None or shape != needed:
                raise BrokenLineError(f"{name} of something {shape}")
        return curvature


def _allowed(shape: str) -> tuple[str, ...]:
    """What a line may say when a rule gives this shape: the same, or less."""
    return {"constant": ("constant", "affine", _UP, _DOWN), "affine": ("affine", _UP, _DOWN)}.get(shape, (shape,))


def _sum(shapes: list[str]) -> str:
    curved = {shape for shape in shapes if shape in (_UP, _DOWN)}
    if len(curved) > 1:
        raise BrokenLineError("a sum of something convex and something concave")
    if curved:
        return curved.pop()
    return "affine" if "affine" in shapes else "constant"


def shape_of(term: Term, variables: tuple[str, ...], known: Knowledge) -> str:
    """The shape of a term that is a sum of affine parts, squares of such and the like; "" where it is not seen.

    For the conditions of a convex set; a trace for it is made up on the way.
    """
    names = frozenset(variables)
    if not tensors_of(term) & names:
        return "constant"
    if term.is_Symbol:
        return "affine"
    if isinstance(term, sympy.Add):
        shapes = [shape_of(part, variables, known) for part in term.args]
        try:
            return _sum(shapes) if all(shapes) else ""
        except BrokenLineError:
            return ""
    if isinstance(term, sympy.Mul):
        factor, rest = term.as_independent(*(s for s in term.free_symbols if getattr(s, "tensor", None) in names))
        shape, sign = shape_of(rest, variables, known), known.bounds(factor)
        if shape in ("affine", "") or sign is None or rest == term:
            return shape if rest != term else ""
        return shape if sign.only((0, 1)) else _TURNED[shape] if sign.only((-1, 0)) else ""
    if isinstance(term, Along) and term.operation == "sum" and not tensors_of(term.guard) & names:
        return shape_of(term.body, variables, known)
    if isinstance(term, sympy.Pow) and term.exp == 2 and shape_of(term.base, variables, known) == "affine":
        return _UP
    return ""
