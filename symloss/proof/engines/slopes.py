"""Lipschitz constants for every size by composition: norms, sums, factors and functions of bounded slope."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Read, exact_arithmetic
from symloss.proof.certificates import Certificates
from symloss.proof.engines import Budget
from symloss.proof.facts import slope_fact
from symloss.proof.goals import Goal, Lipschitz
from symloss.proof.setting import Setting
from symloss.proof.terms import Along, NormAlong, Term, all_reads, opened, tensors_of
from symloss.proof.verdicts import Evidence, Finding

#: Functions whose slope is at most 1 in size.
_SLOPE_ONE = (atoms.Absolute, atoms.Relu, atoms.Ramp, atoms.Softplus, atoms.Tanh, atoms.LogCosh, sympy.sin, sympy.cos)
_FACTS = {"triangle": ["the triangle inequality of a norm"]}


class SlopesEngine:
    """The triangle inequality and what follows from it, for one variable in the Euclidean norm."""

    name = "slopes"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        statement = goal.statement
        if not isinstance(statement, Lipschitz) or statement.constant is None or statement.norm != "2":
            return None
        if len(statement.variables) != 1:
            return None
        with exact_arithmetic():
            setting = Setting(goal)
            slopes = _Slopes(statement.variables[0], goal, setting)
            last = slopes.line(statement.term)
            if last is None or not setting.facts.holds(atoms.LessEqual(slopes.constants[last], statement.constant)):
                return None
            needs = Certificates(setting).needs(goal)
            if needs is None:
                return None
        evidence = {"kind": "composition", "of": "lipschitz", "norm": "2", "lines": slopes.lines, "needs": needs}
        return setting.proved(self.name, evidence, "a norm has slope 1, and slopes add")


class _Slopes:
    """Lipschitz constants of terms in one tensor; each line names those that it rests on."""

    def __init__(self, variable: str, goal: Goal, setting: Setting) -> None:
        self.variable, self.goal, self.setting = variable, goal, setting
        self.tensor = goal.tensors[variable]
        self.own = [axis for axis in self.tensor.axes if goal.axes[axis].kind != "batch"]
        self.lines: list[Evidence] = []
        self.constants: list[Term] = []

    def line(self, e: Term) -> int | None:
        """The number of the line that says what constant a term has, or None."""
        if self.variable not in tensors_of(e):
            return self._say(e, sympy.S.Zero, "no variable")
        if isinstance(e, Read):
            mine = e.tensor == self.variable and not self.own and self._of_sample(e)
            return self._say(e, sympy.S.One, "variable") if mine else None
        if isinstance(e, NormAlong):
            slope = self._norm(e)
            return None if slope is None else self._say(e, slope, "triangle")
        if isinstance(e, sympy.Mul):
            return self._product(e)
        rule = next((name for kinds, name in _KINDS if isinstance(e, kinds)), None)
        if rule is None:
            return None
        inner = [self.line(part) for part in (e.args[:1] if rule == "same value" else e.args)]
        rests = [i for i in inner if i is not None]
        if len(rests) < len(inner):
            return None
        constants = [self.constants[i] for i in rests]
        value = sympy.Add(*constants) if rule == "sum" else constants[0]
        for other in constants[1:] if rule == "maximum" else ():
            value = atoms.Maximum(value, other)
        return self._say(e, value, rule, *rests)

    def _say(self, e: Term, constant: Term, rule: str, *rests: int) -> int:
        record = record_of(e) if rule == "slope at most 1" else None
        facts = [slope_fact(record)] if record is not None else _FACTS.get(rule, [])
        line = {"term": str(e), "constant": str(constant), "rule": rule, "from": list(rests), "facts": facts}
        self.lines.append(line)
        self.constants.append(constant)
        return len(self.lines) - 1

    def _product(self, e: Any) -> int | None:
        varying = [f for f in e.args if self.variable in tensors_of(f)]
        inner = self.line(varying[0]) if len(varying) == 1 else None
        if inner is None:
            return None
        factor = sympy.Mul(*(f for f in e.args if f not in varying))
        size = self.setting.normal.term(atoms.Absolute(factor))
        return self._say(e, size * self.constants[inner], "factor", inner)

    def _of_sample(self, read: Read) -> bool:
        """Whether a read is of the sample that the distance is about."""
        pairs = zip(self.tensor.axes, read.index, strict=True)
        return all(entry == AxisSymbol(axis) for axis, entry in pairs if axis not in self.own)

    def _norm(self, e: NormAlong) -> Term | None:
        """The norm of ``c·x + b`` over the one axis along which a sample has several numbers x."""
        axis, body, guard = opened(e)
        reads = [read for read in all_reads(body) if read.tensor == self.variable]
        if guard != 1 or len(self.own) != 1 or len(reads) != 1 or not self._of_sample(reads[0]):
            return None
        (read,) = reads
        position = self.tensor.axes.index(self.own[0])
        if read.index[position] != axis or self.goal.root(self.own[0]) != self.goal.root(e.axis.axis):
            return None
        if body.has(sympy.Function) or body.has(Along):
            return None
        slope = sympy.diff(body, read)
        return abs(slope) if slope.is_Rational else None


_KINDS: tuple[tuple[Any, str], ...] = (
    (sympy.Add, "sum"),
    ((atoms.Maximum, atoms.Minimum), "maximum"),
    (_SLOPE_ONE, "slope at most 1"),
    ((atoms.SlopeAt, atoms.StopGradient), "same value"),
)


ENGINE = SlopesEngine()
