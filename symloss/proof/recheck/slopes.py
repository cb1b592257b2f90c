"""Lipschitz traces line by line: the triangle inequality, factors, and functions whose slope is at most 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read
from symloss.proof.goals import Goal, Lipschitz
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.needs import met
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.used import SLOPE_ONE
from symloss.proof.terms import Along, NormAlong, Term, all_reads, tensors_of


def slopes(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """Whether a trace shows the term of a goal to have its constant, in the Euclidean norm of one variable."""
    statement = goal.statement
    if not isinstance(statement, Lipschitz) or statement.constant is None:
        return wrong("a trace of slopes shows a Lipschitz constant, nothing else")
    if statement.norm != "2" or evidence["norm"] != "2" or len(statement.variables) != 1:
        return wrong("a trace of slopes is about one variable in the Euclidean norm")
    try:
        trace = _Trace(goal, statement.variables[0], met(goal, evidence["needs"]), evidence["lines"])
        constant = trace.check(len(trace.raw) - 1, statement.term)
    except NotSeenError as reason:
        return unchecked(str(reason))
    except BrokenStepError as fault:
        return wrong(str(fault))
    if not trace.known.holds(atoms.LessEqual(constant, statement.constant)):
        return wrong(f"the trace gives the constant {constant}, not {statement.constant}")
    return OK


class _Trace:
    """The lines of a trace; each is about the term that the goal's term has at its place."""

    def __init__(self, goal: Goal, variable: str, known: Knowledge, lines: Any) -> None:
        self.goal, self.variable, self.known, self.raw = goal, variable, known, list(lines)
        self.tensor = goal.tensors[variable]
        self.own = [axis for axis in self.tensor.axes if goal.axes[axis].kind != "batch"]

    def check(self, number: int, e: Term) -> Term:
        """The constant that a line says, after checking it and all it rests on: at least what its rule gives."""
        if not 0 <= number < len(self.raw):
            raise BrokenStepError("a line rests on a line that is not there")
        raw = self.raw[number]
        if raw["term"] != str(e):
            raise BrokenStepError(f"line {number} is about {raw['term']}, not about {e}")
        if any(not 0 <= i < number for i in raw["from"]):
            raise BrokenStepError(f"line {number} rests on a later line")
        found = self._constant(raw, e)
        said = closed_term(raw["constant"], self.known.tensors)
        if sympy.expand(said - found) != 0 and not self.known.holds(atoms.LessEqual(found, said)):
            fault = f"line {number} says {said}, the rule “{raw['rule']}” gives {found}"
            raise BrokenStepError(fault) if self.known.holds(atoms.Less(said, found)) else NotSeenError(fault)
        return said

    def _names(self, raw: Any, fact: str) -> None:
        """That a line names the fact that it rests on."""
        if "facts" not in raw:
            raise NotSeenError(f"a line does not say on which facts “{raw['rule']}” rests")
        if fact not in raw["facts"]:
            raise BrokenStepError(f"“{raw['rule']}” does not name the fact “{fact}”")

    def _inner(self, raw: Any, *terms: Term) -> list[Term]:
        if len(raw["from"]) != len(terms):
            raise BrokenStepError(f"“{raw['rule']}” needs {len(terms)} lines, not {len(raw['from'])}")
        return [self.check(i, term) for i, term in zip(raw["from"], terms, strict=True)]

    def _constant(self, raw: Any, e: Any) -> Term:
        if self.variable not in tensors_of(e):
            return sympy.S.Zero
        if isinstance(e, Read):
            if e.tensor == self.variable and not self.own and self._of_sample(e):
                return sympy.S.One
        elif isinstance(e, NormAlong):
            self._names(raw, "the triangle inequality of a norm")
            return self._norm(e)
        elif isinstance(e, sympy.Mul):
            varying = [factor for factor in e.args if self.variable in tensors_of(factor)]
            if len(varying) == 1:
                (inner,) = self._inner(raw, varying[0])
                return self._size(sympy.Mul(*(f for f in e.args if f is not varying[0]))) * inner
        elif isinstance(e, sympy.Add):
            return sympy.Add(*self._inner(raw, *e.args))
        elif isinstance(e, atoms.Maximum | atoms.Minimum):
            first, second = self._inner(raw, *e.args)
            return atoms.Maximum(first, second)
        elif isinstance(e, atoms.SlopeAt | atoms.StopGradient):
            return self._inner(raw, e.args[0])[0]
        elif type(e).__name__ in SLOPE_ONE:
            self._names(raw, f"{SLOPE_ONE[type(e).__name__]} has slope at most 1")
            return self._inner(raw, *e.args)[0]
        raise NotSeenError(f"the re-check has no rule “{raw['rule']}” for {e}")

    def _size(self, factor: Term) -> Term:
        bounds = self.known.bounds(factor)
        if bounds is not None and bounds.only((0, 1)):
            return factor
        number, rest = factor.as_coeff_Mul()
        return -factor if bounds is not None and bounds.only((-1, 0)) else abs(number) * atoms.Absolute(rest)

    def _of_sample(self, read: Read) -> bool:
        pairs = zip(self.tensor.axes, read.index, strict=True)
        return all(entry == AxisSymbol(axis) for axis, entry in pairs if axis not in self.own)

    def _norm(self, e: NormAlong) -> Term:
        """``‖c·x + b‖`` over the one axis along which a sample has several numbers x: slope |c|."""
        reads = [read for read in all_reads(e.body) if read.tensor == self.variable]
        if e.guard == 1 and len(self.own) == 1 and len(reads) == 1 and self._of_sample(reads[0]):
            position = self.tensor.axes.index(self.own[0])
            along_it = reads[0].index[position] == e.axis
            slope = sympy.diff(e.body, reads[0]) if not e.body.atoms(sympy.Function, Along) else None
            same = self.goal.root(self.own[0]) == self.goal.root(e.axis.axis)
            if along_it and same and slope is not None and slope.is_Rational:
                return abs(slope)
        raise NotSeenError(f"the constant of {e} is not seen")
