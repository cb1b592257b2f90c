"""A program that grows: fresh names, fresh axes, and statements that are appended in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from symloss.atoms import Equal, Where
from symloss.calculus.scalar import is_finite
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, Tensor

Expr = Any


def running(axes: Iterable[str]) -> tuple[AxisSymbol, ...]:
    """The running indices of some axes."""
    return tuple(AxisSymbol(axis) for axis in axes)


class Extension:
    """Statements to be appended to a program.

    Attributes:
        program: the program that is extended, unchanged.
        axes: its axes and the fresh ones.
        tensors: its tensors and the seeds and directions.
        statements: the new statements, in order.
        outputs: the outputs of the result.
    """

    def __init__(self, program: Program) -> None:
        """Start with nothing added."""
        self.program = program
        self.axes: dict[str, Axis] = dict(program.axes)
        self.tensors: dict[str, Tensor] = dict(program.tensors)
        self.statements: list[Statement] = []
        self.outputs: dict[str, str] = dict(program.outputs)
        self._known = {statement.target: statement for statement in program.statements}
        self._names = {*self.axes, *self.tensors, *self._known}
        self._finite: dict[str, bool] = {}

    def name(self, wanted: str) -> str:
        """A name for a statement that nothing else has: the wanted one, with underscores appended where it is taken."""
        while wanted in self._names:
            wanted += "_"
        self._names.add(wanted)
        return wanted

    def root(self, axis: str) -> str:
        """The axis whose length this one shares."""
        like = self.axes[axis].like
        return self.root(like) if like else axis

    def axis(self, like: str, avoid: Iterable[str]) -> str:
        """Another index over the same axis that is none of `avoid`: a declared one if there is one, else a new one."""
        root, taken = self.root(like), set(avoid)
        for name in self.axes:
            if name not in taken and self.root(name) == root:
                return name
        count = 1
        while f"{root}_{count}" in self._names:
            count += 1
        name = f"{root}_{count}"
        self._names.add(name)
        self.axes[name] = Axis(name, self.axes[root].kind, like=root)
        return name

    def apart(self, axes: Iterable[str], avoid: Iterable[str]) -> dict[str, str]:
        """New names for those of `axes` that occur in `avoid`, different from all others."""
        names = list(axes)
        taken = {*avoid, *names}
        fresh: dict[str, str] = {}
        for axis in names:
            if axis in set(avoid):
                fresh[axis] = self.axis(axis, taken)
                taken.add(fresh[axis])
        return fresh

    def axes_of(self, tensor: str) -> tuple[str, ...]:
        """The axes of an input or of a statement's target."""
        return self.tensors[tensor].axes if tensor in self.tensors else self._known[tensor].out

    def statement(self, target: str) -> Statement:
        """The statement that assigns a target, old or new."""
        return self._known[target]

    def add(self, statement: Statement, index: tuple[Expr, ...] | None = None) -> Read:
        """Append a statement; gives the read of its target at an index, by default at its own axes."""
        self.statements.append(statement)
        self._known[statement.target] = statement
        self._names.add(statement.target)
        return Read(statement.target, running(statement.out) if index is None else index)

    def input(self, tensor: Tensor) -> None:
        """Add an input that the extended program reads, such as a seed."""
        self.tensors[tensor.name] = tensor
        self._names.add(tensor.name)

    def fixed(self, axis: str) -> int | None:
        """The length of a short axis that the program itself fixes."""
        return self.axes[self.root(axis)].size

    def finite(self, read: Read) -> bool:
        """Whether what is read is finite at finite inputs, as far as the statements show."""
        name = read.tensor
        if name in self.tensors:
            return True
        if name not in self._finite:
            statement = self._known[name]
            self._finite[name] = _is_softmax(statement, self._known) or is_finite(statement.body, self.finite)
        return self._finite[name]

    def result(self, outputs: Mapping[str, str]) -> Program:
        """The extended program."""
        return self.program.replacing(
            axes=dict(self.axes),
            tensors=dict(self.tensors),
            statements=(*self.program.statements, *self.statements),
            outputs=dict(outputs),
        )

    def weight(self, statement: Statement) -> Expr:
        """The derivative of a reduction's value with respect to its body: 1, a softmax, a share of a tie, a cosine.

        A softmax is a statement of its own, so that all who need it read it and SymPy cannot merge its exponential into
        another; so is the number of entries that share a maximum.
        """
        value = Read(statement.target, running(statement.out))
        if statement.operation == "logsumexp":
            body = sympy.exp(statement.body - value)
            if any(not isinstance(e, AxisSymbol) for read in statement.reads for e in read.index):
                # Where the guard rejects an index, what the body would read there may not exist.
                body = Where(statement.guard, body, 0)
            return self._shared(f"weight_{statement.target}", (*statement.out, *statement.over), "map", body)
        if statement.operation in ("max", "min"):
            winner = Equal(statement.body, value)
            count = self._shared(
                f"ties_{statement.target}", statement.out, "sum", winner, statement.over, statement.guard
            )
            return Where(winner, 1 / count, 0)
        if statement.operation == "norm":
            # A branch, unlike XOverY, has second derivatives that are 0 at the kink too, and not infinite.
            return Where(Equal(value, 0), 0, statement.body / value)
        return sympy.S.One

    def _shared(
        self,
        name: str,
        out: tuple[str, ...],
        operation: str,
        body: Expr,
        over: tuple[str, ...] = (),
        guard: Expr = sympy.S.One,
    ) -> Read:
        for known in self._known.values():
            if (known.out, known.operation, known.body, known.over, known.guard) == (out, operation, body, over, guard):
                return Read(known.target, running(out))
        return self.add(Statement(self.name(name), out, operation, body, over, guard))


def _is_softmax(statement: Statement, known: Mapping[str, Statement]) -> bool:
    """Whether a statement is exp(body - T) for the logsumexp T of that body, and so at most 1."""
    body = statement.body.args[1] if isinstance(statement.body, Where) else statement.body
    if not isinstance(body, sympy.exp):
        return False
    for read in body.args[0].atoms(Read):
        source = known.get(read.tensor)
        if source is not None and source.operation == "logsumexp" and body.args[0] == source.body - read:
            return True
    return False
