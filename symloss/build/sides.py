"""On which side of its kinks and branches a program is at given inputs, read off the program's own expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sympy
from mpmath import mp

from symloss.accuracy.points import Values
from symloss.atoms import (
    And,
    Clamp,
    Inside,
    Less,
    LessEqual,
    Maximum,
    Minimum,
    Not,
    StopGradient,
    Where,
    record_of,
)
from symloss.lowering.functions import is_integer
from symloss.oracle import Interpreter
from symloss.program import Program, Statement, axes_of, exact_arithmetic, reads_of

#: The number of a kink or branch, whether what changes its sign there is positive, and the value of a label beside it.
Side = tuple[int, bool, str, Any]
#: A batch axis and a position along it.
Sample = tuple[str, int]

_UNLABELLED: tuple[str, Any] = ("", None)


class Sides:
    """The kinks and branches of one program, each as a difference that is negative on one side, positive on the other.

    A side counts once per value of each label from a finite set, since a label may switch off what has the kink.
    Branches on indices are left out: every index is drawn. So are equalities, whose one side has no width.
    """

    def __init__(self, program: Program) -> None:
        """Collect what statements of the program compare."""
        self._batch = {axis for axis in program.axes if program.axes[program.root(axis)].kind == "batch"}
        order = list(program.axes)
        with exact_arithmetic():
            found = dict.fromkeys(d for statement in program.statements for d in _differences_of(statement))
        statements: list[Statement] = []
        self._axes: list[tuple[str, ...]] = []
        for difference in found:
            axes = tuple(sorted(axes_of(difference), key=order.index))
            if self._batch & set(axes):
                statements.append(Statement(f"_side{len(statements)}", axes, "map", difference))
                self._axes.append(axes)
        outputs = {statement.target: statement.target for statement in statements}
        self._root = {axis: program.root(axis) for axis in program.axes}
        self._interpreter = Interpreter(
            program.replacing(statements=(*program.statements, *statements), outputs=outputs)
        )
        self._labels = [
            [t for t in program.tensors.values() if t.domain.kind == "set" and t.axes and set(t.axes) <= set(axes)]
            for axes in self._axes
        ]
        self.all = frozenset(
            (number, positive, *label)
            for number, labels in enumerate(self._labels)
            for positive in (False, True)
            for label in [(t.name, float(v)) for t in labels for v in t.domain.values] or [_UNLABELLED]
        )

    def seen(self, sizes: Mapping[str, int], values: Mapping[str, Values]) -> dict[Sample, set[Side]]:
        """The sides on which each sample is."""
        found: dict[Sample, set[Side]] = {}
        if not self.all:
            return found
        for number, by_index in enumerate(self._interpreter.evaluate(sizes, values).values()):
            for index, difference in by_index.items():
                if difference == 0 or mp.isnan(difference):
                    continue
                at = dict(zip(self._axes[number], index, strict=True))
                labels: list[tuple[str, Any]] = [
                    (t.name, values[t.name][tuple(at[axis] for axis in t.axes)]) for t in self._labels[number]
                ]
                here = {(number, bool(difference > 0), *label) for label in labels or [_UNLABELLED]}
                for axis in self._batch & set(at):
                    found.setdefault((self._root[axis], at[axis]), set()).update(here)
        return found


def _differences_of(statement: Statement) -> Iterator[Any]:
    yield from _differences(statement.body, _of_indices(statement.guard))
    yield from _differences(statement.guard)


def _differences(expression: Any, within: tuple[Any, ...] = ()) -> Iterator[Any]:
    """What changes its sign at the kinks and branches of an expression; 0 where conditions on indices do not hold.

    An index may leave its axis where these do not hold, so nothing else may be evaluated there.
    """
    node = sympy.sympify(expression)
    if isinstance(node, Where):
        condition, first, second = node.args
        yield from _differences(condition, within)
        yield from _differences(first, (*within, *_of_indices(condition)))
        yield from _differences(second, (*within, *_of_indices(Not(condition))))
        return
    for difference in _own_differences(node):
        if not is_integer(difference) and not difference.is_number:
            yield Where(And(*within), difference, 0) if within else difference
    for part in node.args:
        yield from _differences(part, within)


def _own_differences(node: Any) -> list[Any]:
    record = record_of(node)
    if record is None or not node.args:
        return []
    if isinstance(node, Less | LessEqual | Maximum | Minimum):
        return [node.args[0] - node.args[1]]
    if isinstance(node, Clamp | Inside):
        return [node.args[0] - end for end in node.args[1:]]
    if record.arity == 1 and record.kink and not isinstance(node, Not | StopGradient):
        return [node.args[0]]
    return []


def _of_indices(condition: Any) -> tuple[Any, ...]:
    """A condition if it is one on indices alone."""
    condition = sympy.sympify(condition)
    return () if condition == 1 or any(not read.integer for read in reads_of(condition)) else (condition,)
