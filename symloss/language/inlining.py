"""Calls of other losses: their statements, copied with inputs, parameters and axes replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sympy

from symloss.language.checking import Checker
from symloss.language.functions import with_own_absolute
from symloss.language.nodes import Call
from symloss.program import AxisSymbol, Read, SizeSymbol, Statement, rename_axes

if TYPE_CHECKING:
    from symloss.language.elaboration import Elaboration


class Inlining:
    """One call: renames of targets, axes and reads."""

    def __init__(self, elaboration: Elaboration, checker: Checker, node: Call, arguments: Mapping[str, Any]) -> None:
        self.elaboration, self.checker, self.node, self.arguments = elaboration, checker, node, arguments
        self.call = checker.calls[node]
        self.program = self.call.loss.program
        self.output = self.program.outputs[self.call.term]
        self.targets: dict[str, str] = {}
        self.axes: dict[str, str] = dict(self.call.axes)
        self.batch = {name for name, axis in self.program.axes.items() if axis.kind == "batch" and axis.like is None}

    def run(self) -> Any:
        """Emit the statements that the term needs; the expression of the value."""
        wanted = needed_statements(self.program.statements, (self.output,))
        for statement in self.program.statements:
            if statement.target not in wanted:
                continue
            if statement.target == self.output and statement.operation == "map":
                return self._weighted(self.expression(statement.body))
            self._copy(statement)
        out = self._out(self.program.statement(self.output).out)
        return self._weighted(Read(self.targets[self.output], tuple(AxisSymbol(axis) for axis in out)))

    def _weighted(self, value: Any) -> Any:
        """The intrinsic weight of a sample multiplies the value where the call gives one."""
        weight = self.program.sample_weight.get(self.call.term)
        if weight is None:
            return value
        return self.expression(weight) * value

    def _copy(self, statement: Statement) -> None:
        over = tuple(self._axis(axis) for axis in statement.over)
        body, guard = self.expression(statement.body), self.expression(statement.guard)
        self.targets[statement.target] = self.elaboration.fresh(f"{self.call.loss.name}_{statement.target}")
        self.elaboration.emit(
            Statement(self.targets[statement.target], self._out(statement.out), statement.operation, body, over, guard)
        )

    def _out(self, axes: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for axis in axes:
            found.extend(self.call.batch if axis in self.batch else (self._axis(axis),))
        return tuple(dict.fromkeys(found))

    def _axis(self, axis: str) -> str:
        """The caller's axis for one of theirs; a second index over an axis gets a fresh one."""
        if axis in self.batch:
            return self._single()
        if axis not in self.axes:
            like = self.program.root(axis)
            ours = self._single() if like in self.batch else self.axes[like]
            self.axes[axis] = self.elaboration.fresh_axis(ours)
        return self.axes[axis]

    def _single(self) -> str:
        if len(self.call.batch) != 1:
            raise self.checker.fail(
                f"{self.call.loss.name} needs exactly one running batch axis here; there are {len(self.call.batch)}",
                self.node,
            )
        return self.call.batch[0]

    def expression(self, expression: Any) -> Any:
        """One of their expressions in the caller's names."""
        replaced = {leaf: self._leaf(leaf) for leaf in expression.atoms(sympy.Symbol)}
        return with_own_absolute(expression.xreplace(replaced))

    def _leaf(self, leaf: Any) -> Any:
        if isinstance(leaf, AxisSymbol):
            return AxisSymbol(self._axis(leaf.axis))
        if isinstance(leaf, SizeSymbol):
            return self.elaboration.length(self._axis(leaf.axis))
        if leaf.tensor in self.targets:
            return Read(self.targets[leaf.tensor], self._index(leaf), leaf.integer)
        if leaf.tensor not in self.arguments:
            raise self.checker.fail(f"{self.call.loss.name} needs {leaf.tensor}", self.node)
        axes = self.program.axes_of(leaf.tensor)
        moved: dict[str, Any] = {}
        for axis, entry in zip(axes, leaf.index, strict=True):
            if axis not in self.batch:
                if axis in self.axes:
                    moved[self.axes[axis]] = self.expression(entry)
            elif entry != AxisSymbol(axis):
                moved[self._single()] = self.expression(entry)
        return rename_axes(self.arguments[leaf.tensor], moved)

    def _index(self, leaf: Read) -> tuple[Any, ...]:
        out = self.program.axes_of(leaf.tensor)
        index: list[Any] = []
        for axis, entry in zip(out, leaf.index, strict=True):
            if axis in self.batch and entry == AxisSymbol(axis):
                index.extend(AxisSymbol(ours) for ours in self.call.batch)
            else:
                index.append(self.expression(entry))
        return tuple(index)


def needed_statements(statements: Iterable[Statement], wanted: tuple[str, ...]) -> set[str]:
    """The targets that must be computed for the wanted ones."""
    needed = set(wanted)
    for statement in reversed(tuple(statements)):
        if statement.target in needed:
            needed.update(read.tensor for read in statement.reads)
    return needed
