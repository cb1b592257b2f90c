"""The statements of one program, collected while its expressions are built as the user wrote them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss.language.building import Builder
from symloss.language.checking import Checker
from symloss.language.nodes import Along, Expression
from symloss.language.scope import Scope
from symloss.program import Axis, AxisSymbol, Read, SizeSymbol, Statement, axes_of


class Elaboration:
    """Collects the statements of one program while its expressions are built.

    Everything must run inside `symloss.program.exact_arithmetic`.

    Args:
        scope: the names; its axes grow by those that are made up here.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.statements: list[Statement] = []
        self.taken: set[str] = set(scope.symbols) | set(scope.axes)
        self._known: dict[Any, Read] = {}
        self._temporaries = 0

    def fresh(self, stem: str = "") -> str:
        """A name that nothing has: the stem if it is free, a numbered one otherwise; without a stem t1, t2 …"""
        name, number = stem, 1
        while not name or name in self.taken:
            if stem:
                number += 1
                name = f"{stem}{number}"
            else:
                self._temporaries += 1
                name = f"t{self._temporaries}"
        self.taken.add(name)
        return name

    def fresh_axis(self, like: str) -> str:
        """A second index over an axis."""
        root = self.scope.root(like)
        name = self.fresh(f"_{root}")
        self.scope.axes[name] = Axis(name, self.scope.axes[root].kind, like=root)
        return name

    def ordered(self, axes: frozenset[str] | set[str]) -> tuple[str, ...]:
        """Axes in the order of their declaration."""
        return tuple(axis for axis in self.scope.axes if axis in axes)

    def emit(self, statement: Statement) -> None:
        """Append a statement."""
        self.taken.add(statement.target)
        self.statements.append(statement)

    def hoist(self, operation: str, body: Any, over: tuple[str, ...] = (), guard: Any = sympy.S.One) -> Read:
        """The read of a statement that computes this, a new one unless the same one exists."""
        free = (axes_of(body) | axes_of(guard)) - set(over)
        key = (operation, over, guard, body)
        if key not in self._known:
            out = self.ordered(free)
            name = self.fresh()
            self.emit(Statement(name, out, operation, body, over, guard))
            self._known[key] = Read(name, tuple(AxisSymbol(axis) for axis in out))
        return self._known[key]

    def length(self, axis: str) -> Any:
        """The length of an axis: a number where it is fixed, else its symbol."""
        root = self.scope.root(axis)
        size = self.scope.axes[root].size
        return sympy.Integer(size) if size is not None else SizeSymbol(root)

    def assign(self, target: str, out: tuple[str, ...], checker: Checker, node: Expression) -> None:
        """Emit ``target[out] = expression``; a reduction that stands alone becomes the statement itself."""
        builder = Builder(self, checker)
        parts = builder.reduction(node) if isinstance(node, Along) else None
        if parts is not None:
            operation, body, over, guard = parts
            self.emit(Statement(target, out, operation, body, over, guard))
            if set(out) == (axes_of(body) | axes_of(guard)) - set(over):
                own = Read(target, tuple(AxisSymbol(axis) for axis in out))
                self._known.setdefault((operation, over, guard, body), own)
            return
        before = len(self.statements)
        body = builder.real(node)
        last = self.statements[-1] if len(self.statements) > before else None
        if last is not None and body == _own_read(last) and set(out) == set(last.out):
            self._rename_last(target, out)
        else:
            self.emit(Statement(target, out, "map", body))

    def _rename_last(self, target: str, out: tuple[str, ...]) -> None:
        """A step that is just the last statement (a rank, another loss's reduction) takes it over; no copy."""
        last = self.statements[-1]
        self.statements[-1] = renamed = replace(last, target=target, out=out)
        self.taken.add(target)
        for key, read in self._known.items():
            if read.tensor == last.target:
                self._known[key] = _own_read(renamed)

    def expression(self, checker: Checker, node: Expression) -> Any:
        """The SymPy form of a checked expression; its reductions become statements."""
        return Builder(self, checker).build(node)

    def condition(self, checker: Checker, node: Expression) -> Any:
        """The same for a condition, with the values 0 and 1."""
        return Builder(self, checker).condition(node)


def _own_read(statement: Statement) -> Read:
    return Read(statement.target, tuple(AxisSymbol(axis) for axis in statement.out))
