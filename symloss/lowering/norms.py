"""Norms whose squares, and quotients by norms whose parts, stay within the range of the dtype.

The squares are formed of entries times a power of two that brings the largest of them near 1 (Blue 1978, as ``hypot``).
The norm itself may still be subnormal, where it has few digits, and its inverse beyond the largest number. So a
quotient ``x/N`` is formed as ``(x·scale)/(N·scale)``, and terms that are all divided by N are added before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from symloss.atoms import Absolute, Maximum, Minimum, ZeroTimes
from symloss.lowering.functions import Lifted, Over, ScaleInverse, UnitScale
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of


def with_scaled_norms(program: Program) -> Program:
    """The program with every norm, and every quotient by a norm, in scaled form."""
    norms = {statement.target for statement in program.statements if statement.operation == "norm"}
    if not norms:
        return program
    quotients = _Quotients(norms)
    visited = [replace(s, body=quotients.visit(s.body), guard=quotients.visit(s.guard)) for s in program.statements]
    statements: list[Statement] = []
    for statement in visited:
        if statement.operation == "norm":
            statements += _scaled(program, statement, statement.target in quotients.split)
        else:
            statements.append(statement)
    return program.replacing(statements=tuple(statements))


def _scaled(program: Program, statement: Statement, split: bool) -> Iterator[Statement]:
    out = tuple(map(AxisSymbol, statement.out))
    largest, scale, scaled = (Read(f"{statement.target}__{part}", out) for part in ("largest", "scale", "scaled"))
    within = all(program.axes[program.root(axis)].kind != "batch" for axis in statement.over)
    size = statement.body if within else Absolute(statement.body)
    yield replace(statement, target=largest.tensor, operation="largest" if within else "max", body=size)
    yield Statement(scale.tensor, statement.out, "map", UnitScale(largest))
    if split:
        yield Statement(f"{scale.tensor}_up", statement.out, "map", Maximum(scale, 1))
        yield Statement(f"{scale.tensor}_down", statement.out, "map", Minimum(scale, 1))
    yield replace(statement, target=scaled.tensor, body=statement.body * scale)
    yield Statement(statement.target, statement.out, "map", scaled * ScaleInverse(scale))


@dataclass
class _Quotients:
    norms: set[str]
    #: Norms whose scale is used in two parts, one that lifts and one that lowers.
    split: set[str] = field(default_factory=set)
    _known: dict[Any, Any] = field(default_factory=dict)

    def visit(self, e: Any) -> Any:
        """An expression with its quotients by norms in scaled form."""
        if not e.args or not any(read.tensor in self.norms for read in e.atoms(Read)):
            return e
        if e not in self._known:
            self._known[e] = self._visit(e)
        return self._known[e]

    def _visit(self, e: Any) -> Any:
        if e.is_Add:
            e = self._gathered(e)
        if e.is_Mul or self._is_inverse(e):
            return self._product(list(sympy.Mul.make_args(e)))
        return e.func(*map(self.visit, e.args))

    def _is_inverse(self, e: Any) -> bool:
        is_power = e.is_Pow and e.exp.is_Integer and e.exp < 0
        return bool(is_power and isinstance(e.base, Read) and e.base.tensor in self.norms)

    def _product(self, factors: list[Any]) -> Any:
        inverses = [factor for factor in factors if self._is_inverse(factor)]
        rest = [factor for factor in factors if factor not in inverses]
        for inverse in inverses:
            norm = inverse.base
            for _ in range(int(-inverse.exp)):
                rest = self._over(rest, norm)
        return sympy.Mul(*map(self.visit, rest))

    def _over(self, factors: list[Any], norm: Read) -> list[Any]:
        """Factors of which one is divided by a norm."""
        scale, scaled = (Read(f"{norm.tensor}__{part}", norm.index) for part in ("scale", "scaled"))
        free = [f for f in factors if not f.is_number and not isinstance(f, Over | Lifted)]
        entries = [f for f in free if axes_of(f) - axes_of(norm)]
        sums = [f for f in free if f.is_Add and norm in f.args]
        if entries and sums:
            # An entry is never larger than its norm N, while N - c may be of any size beside N: the entry takes what
            # lifts a small norm, the quotient (N - c)/N what lowers a large one.
            self.split.add(norm.tensor)
            up, down = (Read(f"{scale.tensor}_{way}", norm.index) for way in ("up", "down"))
            rest = [f for f in factors if f not in (sums[0], entries[-1])]
            return [*rest, Lifted(self.visit(entries[-1]), up), Over(self.visit(sums[0]), down, scaled)]
        chosen = (entries or free or [sympy.S.One])[-1]
        rest = [f for f in factors if f is not chosen]
        return [*rest, Over(self.visit(chosen), scale, scaled)]

    # --- sums ----------------------------------------------------------------------------------------------------

    def _gathered(self, e: Any) -> Any:
        """A sum in which what is divided by one norm is added before it is divided."""
        norms = {f.base for term in e.args for f in self._factors(term) if self._is_inverse(f)}
        for norm in sorted(norms, key=str):
            opened = [(term, self._times(term, norm)) for term in e.args]
            inside = [found for _, found in opened if found is not None]
            if len(inside) > 1:
                outside = [term for term, found in opened if found is None]
                return sympy.Add(*outside, sympy.Add(*inside) / norm)
        return e

    def _factors(self, term: Any) -> Iterator[Any]:
        for factor in sympy.Mul.make_args(term):
            yield factor
            if isinstance(factor, ZeroTimes):
                yield from self._factors(factor.args[1])

    def _times(self, term: Any, norm: Read) -> Any:
        """A term that is divided by a norm, without the division; None if it is not."""
        factors = list(sympy.Mul.make_args(term))
        for number, factor in enumerate(factors):
            found = None
            if self._is_inverse(factor) and factor.base == norm:
                found = factor * norm
            elif isinstance(factor, ZeroTimes):
                inner = self._times(factor.args[1], norm)
                found = None if inner is None else ZeroTimes(factor.args[0], inner)
            if found is not None:
                return sympy.Mul(*factors[:number], found, *factors[number + 1 :])
        return None
