"""Differences of two distances from one point, formed of differences of the points.

``Σ(a-p)² - Σ(a-q)²`` is ``Σ(q-p)·((a-p) + (a-q))``, and a difference of two lengths is that over their sum. The second
forms lose nothing where the two distances nearly agree, and have a limit where both are infinite. Like `limits` this
is done after differentiation: the derivatives of the first forms are the simpler ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from symloss.atoms import Absolute, Equal, Sign, Where
from symloss.calculus.stabilise.terms import Terms, terms_of, total
from symloss.program import AxisSymbol, Program, Read, Statement, exact_arithmetic


def with_factored_distances(program: Program) -> Program:
    """The program with every such difference factored; what nothing reads any more is dropped."""
    with exact_arithmetic():
        work = _Factoring(program)
        statements: list[Statement] = []
        for statement in program.statements:
            body = work.visit(statement.body)
            statements += [*work.made, replace(statement, body=body)]
            work.made.clear()
        if len(statements) == len(program.statements):
            return program
        return program.replacing(statements=_needed(statements, set(program.outputs.values())))


@dataclass
class _Factoring:
    program: Program
    made: list[Statement] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.statements = {statement.target: statement for statement in self.program.statements}

    def visit(self, e: Any) -> Any:
        """An expression with the differences in it factored."""
        if not e.args or isinstance(e, Read):
            return e
        if e not in self._known:
            arguments = tuple(map(self.visit, e.args))
            rebuilt = e if arguments == e.args else e.func(*arguments)
            self._known[e] = self._sum(rebuilt) if rebuilt.is_Add else rebuilt
        return self._known[e]

    def _sum(self, e: Any) -> Any:
        terms = terms_of(e)
        distances = sorted((t for t in terms if isinstance(t, Read) and t.tensor in self.statements), key=str)
        for first in distances:
            for second in distances:
                if terms[first] > 0 and terms[second] == -terms[first] and first.index == second.index:
                    found = self._difference(first, second)
                    if found is not None:
                        rest = {t: n for t, n in terms.items() if t not in (first, second)}
                        return self._sum(total(rest) + terms[first] * found)
        return e

    def _difference(self, first: Read, second: Read) -> Read | None:
        """The first distance less the second."""
        a, b = self.statements[first.tensor], self.statements[second.tensor]
        if (a.operation, a.out, a.over, a.guard) != (b.operation, b.out, b.over, b.guard):
            return None
        lengths = a.operation == "norm"
        p, q = (_side(s) for s in (a, b))
        if p is None or q is None:
            return None
        apart, sign = _fewest(p, q)
        if apart is None:
            return None
        key = first.tensor, second.tensor
        if key not in self.names:
            name = self.names[key] = self._unused(f"{first.tensor}_less_{second.tensor}")
            # A step of its own: joined with the other side, its input would be added before the differences are formed.
            side = Statement(self._unused(f"{second.tensor}_side"), (*a.out, *a.over), "map", sign * q)
            self.made.append(side)
            together = p + Read(side.target, tuple(map(AxisSymbol, side.out)))
            if lengths:
                own = tuple(map(AxisSymbol, a.out))
                both = Read(first.tensor, own) + Read(second.tensor, own)
                # As in `limits`, an entry that is all of the lengths is their sign, also where these are infinite.
                together = Where(Equal(Absolute(together), both), Sign(together), together / both)
            self.made.append(replace(a, target=name, operation="sum", body=apart * together))
        return Read(self.names[key], first.index)

    def _unused(self, name: str) -> str:
        while name in self.statements or name in self.program.tensors or name in self.program.axes:
            name += "_"
        return name


def _side(statement: Statement) -> Any:
    """What is squared in a distance; None for another statement."""
    if statement.operation == "norm":
        return statement.body
    square = statement.operation == "sum" and statement.body.is_Pow and statement.body.exp == 2
    return statement.body.base if square else None


def _fewest(p: Any, q: Any) -> tuple[Any, Any]:
    """A factor p - q or p + q of p² - q² in which terms cancel, and the sign of q in the other; None if none do."""
    for sign in (1, -1):
        apart: Terms = terms_of(p - sign * q)
        if len(apart) < len(terms_of(p)) + len(terms_of(q)):
            return total(apart), sign
    return None, None


def _needed(statements: list[Statement], outputs: set[str]) -> tuple[Statement, ...]:
    live = set(outputs)
    for statement in reversed(statements):
        if statement.target in live:
            live |= {read.tensor for read in statement.reads}
    return tuple(statement for statement in statements if statement.target in live)
