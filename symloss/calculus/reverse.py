"""Reverse mode over statements: the gradient of a program is a program of the same form.

For each read ``A[e]`` in the body of ``T[out] = operation over `over` of body``, the adjoint of A receives

    d_A[a] += sum over the axes that a does not name of [a = e] · d_T[out] · weight · ∂body/∂read

where the weight is that of the operation (`Extension.weight`). An index that is a running axis renames that axis to a;
any other (a number, a gather, an axis that occurs twice) leaves the Iverson bracket, which later sums eliminate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symloss.atoms import Equal, Where
from symloss.calculus.algebra import collected, factored
from symloss.calculus.extension import Extension
from symloss.calculus.quotient import own_quotient
from symloss.calculus.reduction import Sum, selection, split_sum, where_all
from symloss.calculus.scalar import pullback, times
from symloss.calculus.simplify import simplify
from symloss.program import (
    AxisSymbol,
    Program,
    Read,
    Statement,
    Tensor,
    axes_of,
    exact_arithmetic,
    reads_of,
    rename_axes,
)

Expr = Any
#: An adjoint that is smaller than this is read in place instead of becoming a statement.
_INLINE_OPERATIONS = 1


def gradient(program: Program, wrt: Sequence[str]) -> Program:
    """The program with the outputs ``"grad x"`` for each input or parameter x of `wrt` appended.

    The objective is the sum over all terms and samples of ``_seed[n]·value[n]`` (`_seed_<term>` where there are several
    terms). Statements of the program itself stay as they are.

    Raises:
        ValueError: a name in `wrt` is no input or parameter of real numbers.
    """
    for name in wrt:
        if name not in program.tensors or program.tensors[name].domain.integer:
            raise ValueError(f"{program.name} has no input or parameter {name!r} of real numbers to differentiate by")
    with exact_arithmetic():
        return simplify(_Reverse(program, wrt).run(), program)


def seed_name(program: Program, term: str) -> str:
    """The tensor that holds the derivative of the reduced loss with respect to each value of a term."""
    return "_seed" if len(program.outputs) == 1 else f"_seed_{term}"


def dependent(program: Program, sources: Sequence[str]) -> set[str]:
    """The tensors and targets whose values may vary smoothly with those of some inputs."""
    live = set(sources)
    for statement in program.statements:
        if any(read.tensor in live and not read.integer for read in reads_of(statement.body)):
            live.add(statement.target)
    return live


class _Reverse:
    """One reverse sweep."""

    def __init__(self, program: Program, wrt: Sequence[str]) -> None:
        self.program, self.wrt = program, tuple(wrt)
        self.extension = Extension(program)
        self.live = dependent(program, wrt)
        self.parts: dict[str, list[Sum]] = {name: [] for name in self.live}

    def run(self) -> Program:
        """The program with adjoint statements and gradients appended."""
        for term, target in self.program.outputs.items():
            axes = self.program.statement(target).out
            seed = Tensor(seed_name(self.program, term), axes, "seed", doc=f"derivative by each {term}")
            self.extension.input(seed)
            if target in self.live:
                self.parts[target].append(Sum(seed.read()))
        for statement in reversed(self.program.statements):
            if statement.target in self.live:
                for adjoint in self._adjoints(statement):
                    self._pull(statement, adjoint)
        outputs = dict(self.program.outputs)
        for name in self.wrt:
            outputs[f"grad {name}"] = self._total(name, f"grad_{name}").tensor
        return self.extension.result(outputs)

    def _pull(self, statement: Statement, adjoint: Expr) -> None:
        finite = self.extension.finite
        weighted = times(adjoint, self.extension.weight(statement), finite=finite)
        shares = pullback(statement.body, weighted, lambda read: read.tensor in self.live and not read.integer, finite)
        for read, share in shares.items():
            slope = own_quotient(self.program, statement, read)
            self._contribute(statement, read, share if slope is None else times(weighted, slope, finite=finite))

    def _contribute(self, statement: Statement, read: Read, share: Expr) -> None:
        """Add the share of one read to the adjoint of the tensor that is read."""
        axes = self.extension.axes_of(read.tensor)
        bound = (*statement.out, *statement.over)
        matched: dict[str, str] = {}
        brackets = []
        for axis, entry in zip(axes, read.index, strict=True):
            if isinstance(entry, AxisSymbol) and entry.axis not in matched:
                matched[entry.axis] = axis
            else:
                brackets.append((axis, entry))
        summed = [axis for axis in bound if axis not in matched]
        renamed = {**matched, **self.extension.apart(summed, {*axes, *matched.values()})}
        conditions = tuple(Equal(AxisSymbol(axis), rename_axes(entry, renamed)) for axis, entry in brackets)
        total = Sum(
            where_all(tuple(c for c in conditions if c != 1), rename_axes(share, renamed)),
            tuple(renamed.get(axis, axis) for axis in summed),
            rename_axes(statement.guard, renamed),
        )
        self.parts[read.tensor].extend(split_sum(self.extension, total))

    def _adjoints(self, statement: Statement) -> list[Expr]:
        """The adjoint of a target as few expressions in its own axes: brackets one by one, all else in one read."""
        parts = self.parts[statement.target]
        if not parts:
            return []
        sums = [part for part in parts if part.over]
        whole = factored(collected([part.body for part in parts if not part.over]))
        terms = sympy.Add.make_args(whole)
        brackets = [term for term in terms if self._is_bracket(term, statement.out)]
        rest = [term for term in terms if term not in brackets and term != 0]
        adjoints = [self._confined(term, statement) for term in brackets]
        if not sums and not rest:
            return adjoints
        body = sympy.Add(*rest)
        if not sums and _is_small(body):
            return [*adjoints, body]
        name = self.extension.name(f"d_{statement.target}")
        return [*adjoints, self._named(name, statement.out, sums, body)]

    def _is_bracket(self, term: Expr, out: tuple[str, ...]) -> bool:
        """Whether a term is 0 but where one index, of an axis of no fixed length, equals another."""
        conditions, _ = selection(term)
        return any(
            isinstance(condition, Equal)
            and any(
                isinstance(side, AxisSymbol) and side.axis in out and self.extension.fixed(side.axis) is None
                for side in condition.args
            )
            for condition in conditions
        )

    def _confined(self, term: Expr, statement: Statement) -> Expr:
        """A bracket whose expression, once its axis is replaced, is small: a larger one becomes a statement."""
        conditions, body = selection(term)
        free = list(statement.out)
        for condition in conditions:
            if not isinstance(condition, Equal):
                continue
            for side, other in (condition.args, condition.args[::-1]):
                index = isinstance(side, AxisSymbol) and other.is_integer
                if index and side.axis in free and side.axis not in axes_of(other):
                    body = rename_axes(body, {side.axis: other})
                    free.remove(side.axis)
                    break
        if _is_small(body):
            return where_all(conditions, body)
        out = tuple(axis for axis in statement.out if axis in axes_of(body))
        name = self.extension.name(f"d_{statement.target}_at")
        return where_all(conditions, self.extension.add(Statement(name, out, "map", body)))

    def _named(self, name: str, out: tuple[str, ...], sums: list[Sum], body: Expr) -> Read:
        """A statement for sums plus an expression."""
        if len(sums) == 1 and body == 0:
            return self.extension.add(Statement(name, out, "sum", sums[0].body, sums[0].over, sums[0].guard))
        reads = [
            self.extension.add(
                Statement(self.extension.name(f"{name}_{count}"), out, "sum", part.body, part.over, part.guard)
            )
            for count, part in enumerate(sums, start=1)
        ]
        return self.extension.add(Statement(name, out, "map", sympy.Add(*reads, body)))

    def _total(self, tensor: str, name: str) -> Read:
        """The gradient with respect to one input as a statement over its declared axes."""
        parts = self.parts[tensor]
        sums = [part for part in parts if part.over]
        body = factored(collected([part.body for part in parts if not part.over]))
        return self._named(self.extension.name(name), self.extension.axes_of(tensor), sums, body)


def _is_small(expression: Expr) -> bool:
    if isinstance(expression, Where):
        return False
    return expression.is_Symbol or expression.is_Number or bool(sympy.count_ops(expression) <= _INLINE_OPERATIONS)
