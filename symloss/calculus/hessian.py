"""The diagonal of the Hessian: tangents of the gradient, seeded with deltas that are eliminated by substitution.

For an element P of a prediction A the seed is the tangent ``[a = P]`` of A[a]. A tangent of any target T is kept as a
few terms ``[t = P] · body``, in which brackets that tie an axis of T to an axis of P are never written down: where T is
read, they rename a summed axis to P, so that the sum over it disappears. In the end P is set to the index of the
gradient itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import sympy

from symloss.atoms import And, Equal
from symloss.calculus.algebra import collected, factored
from symloss.calculus.extension import Extension, running
from symloss.calculus.forward import own_exponential
from symloss.calculus.reduction import Sum, selection, split_sum, where_all
from symloss.calculus.scalar import pullback, times
from symloss.calculus.simplify import constant_factor, simplify
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, exact_arithmetic, rename_axes

Expr = Any
#: Expressions with fewer operations than this are repeated rather than named.
_SMALL = 2


class Refusal(Exception):  # noqa: N818 - a result to be reported, not a fault
    """The reason why a loss has no Hessian diagonal kernel, as a sentence."""


@dataclass(frozen=True)
class Term:
    """A part of a tangent: 0 unless the index at each position of `ties` equals that axis of P; there it is `total`.

    A sum whose nest would be too deep for a statement stays a sum until P is known to be the gradient's own index.
    """

    ties: tuple[tuple[int, str], ...]
    total: Sum


def hessian_diagonal(gradient_program: Program, base: Program) -> Program:
    """The gradient program with the outputs ``"diag x"`` for each prediction x appended.

    Args:
        gradient_program: what `reverse.gradient` gives, with ``"grad x"`` for every prediction.
        base: the program that it differentiates.

    Raises:
        Refusal: a loop nest would be deeper than the gradient's deepest.
    """
    with exact_arithmetic():
        extension = Extension(gradient_program)
        limit = deepest_nest(gradient_program)
        outputs = dict(gradient_program.outputs)
        for tensor in gradient_program.tensors.values():
            if tensor.role == "prediction":
                diagonal = _Diagonal(extension, tensor.name, len(limit))
                outputs[f"diag {tensor.name}"] = diagonal.run()
        program = simplify(extension.result(outputs), base)
    reached = deepest_nest(program)
    if len(reached) > len(limit):
        raise Refusal(_sentence(gradient_program, reached, limit))
    return program


def deepest_nest(program: Program) -> tuple[str, ...]:
    """The axes of the deepest loop nest; short axes of fixed length are unrolled and do not count."""
    nests = [
        tuple(axis for axis in (*statement.out, *statement.over) if program.axes[program.root(axis)].size is None)
        for statement in program.statements
    ]
    return max(nests, key=len, default=())


def _sentence(program: Program, reached: tuple[str, ...], limit: tuple[str, ...]) -> str:
    return (
        f"the Hessian diagonal of {program.name} would need loops over {', '.join(reached)}, deeper than those of its "
        f"gradient ({', '.join(limit)}); use the Hessian-vector product (hvp), which costs no more than the gradient"
    )


class _Diagonal:
    """The diagonal for one prediction."""

    def __init__(self, extension: Extension, prediction: str, limit: int) -> None:
        self.extension, self.prediction, self.limit = extension, prediction, limit
        self.program = extension.program
        self.target = self.program.outputs[f"grad {prediction}"]
        self.axes = extension.axes_of(prediction)
        self.free = [axis for axis in self.axes if extension.fixed(axis) is None]
        taken = set(extension.axes)
        self.element: dict[str, str] = {}
        for axis in self.free:
            self.element[axis] = extension.axis(axis, taken)
            taken.add(self.element[axis])
        self.needed = self._ancestors()
        self.suffix = ""

    def _ancestors(self) -> set[str]:
        needed = {self.target}
        for statement in reversed(self.program.statements):
            if statement.target in needed:
                needed |= {read.tensor for read in statement.reads}
        return needed

    def run(self) -> str:
        """Append the statements; gives the name of the target that holds the diagonal."""
        short = [axis for axis in self.axes if axis not in self.free]
        bodies = []
        for entries in product(*(range(self.extension.fixed(axis) or 0) for axis in short)):
            at = dict(zip(short, map(sympy.Integer, entries), strict=True))
            condition = tuple(Equal(AxisSymbol(axis), entry) for axis, entry in at.items())
            self.suffix = "".join(f"_{entry}" for entry in entries)
            bodies.append(where_all(condition, self._at(at)))
        name = self.extension.name(f"diag_{self.prediction}")
        self.extension.add(Statement(name, self.axes, "map", collected(bodies)))
        return name

    def _at(self, entries: dict[str, Expr]) -> Expr:
        """The diagonal at one position of the short axes, as an expression over the prediction's other axes."""
        ties = tuple((place, self.element[axis]) for place, axis in enumerate(self.axes) if axis in self.element)
        fixed = tuple(Equal(AxisSymbol(axis), entry) for axis, entry in entries.items())
        rates = {self.prediction: [Term(ties, Sum(where_all(fixed, sympy.S.One)))]}
        for statement in self.program.statements:
            if statement.target not in self.needed:
                continue
            if statement.target == self.target:
                return self._final(statement, rates, entries)
            terms = self._propagated(statement, rates)
            if terms:
                rates[statement.target] = terms
        return sympy.S.Zero

    def _final(self, statement: Statement, rates: dict[str, list[Term]], entries: dict[str, Expr]) -> Expr:
        """The tangent of the gradient at the element itself: P becomes the gradient's own index."""
        own = dict(zip(self.axes, statement.out, strict=True))
        here: dict[str, str | Expr] = {self.element[axis]: own[axis] for axis in self.free}
        here |= {own[axis]: entry for axis, entry in entries.items()}
        bodies = []
        for total in self._sums(statement, rates):
            placed = Sum(rename_axes(total.body, here), total.over, rename_axes(total.guard, here))
            for part in split_sum(self.extension, placed):
                body = self._expression(part, statement)
                if body is None:
                    nest = self._nest(part, statement)
                    raise Refusal(_sentence(self.program, nest, deepest_nest(self.program)))
                bodies.append(body)
        body = factored(collected(bodies))
        return rename_axes(body, {name: axis for axis, name in own.items()})

    def _propagated(self, statement: Statement, rates: dict[str, list[Term]]) -> list[Term]:
        """The tangent of one target."""
        by_ties: dict[tuple[tuple[int, str], ...], list[Expr]] = {}
        terms = []
        for total in self._sums(statement, rates):
            ties, tied = self._tie(statement, total)
            for part in split_sum(self.extension, tied):
                body = self._expression(part, statement)
                if body is None and len(part.over) > self.limit:
                    nest = self._nest(part, statement)
                    raise Refusal(_sentence(self.program, nest, deepest_nest(self.program)))
                if body is None:
                    terms.append(Term(ties, part))
                else:
                    by_ties.setdefault(ties, []).append(body)
        for ties, bodies in sorted(by_ties.items()):
            if sympy.Add(*bodies) != 0:
                terms.append(Term(ties, Sum(self._named(factored(collected(bodies)), statement))))
        return terms

    def _sums(self, statement: Statement, rates: dict[str, list[Term]]) -> list[Sum]:
        """The tangent of a statement as sums of shares, with every tie written as a bracket in front of the body."""
        finite = self.extension.finite
        if not any(read.tensor in rates and not read.integer for read in statement.body.atoms(Read)):
            return []
        weight = self.extension.weight(statement)
        shares = pullback(statement.body, weight, lambda read: read.tensor in rates and not read.integer, finite)
        sums = []
        for read, share in shares.items():
            share = own_exponential(statement, share)
            axes = self.extension.axes_of(read.tensor)
            place: dict[str, str | Expr] = dict(zip(axes, read.index, strict=True))
            for term in rates[read.tensor]:
                brackets = tuple(Equal(read.index[position], AxisSymbol(axis)) for position, axis in term.ties)
                # The term's own axes as well: a summed axis named like one of them would be renamed along with it.
                bound = (*statement.out, *statement.over, *self.element.values(), *axes)
                apart: dict[str, str | Expr] = dict(self.extension.apart(term.total.over, bound))
                over = tuple(str(apart.get(axis, axis)) for axis in term.total.over)
                inner = rename_axes(rename_axes(term.total.body, apart), place)
                guard = rename_axes(rename_axes(term.total.guard, apart), place)
                body = times(share, inner, finite=finite)
                sums.append(Sum(where_all(brackets, body), (*statement.over, *over), And(statement.guard, guard)))
        return [total for total in sums if total.body != 0]

    def _tie(self, statement: Statement, total: Sum) -> tuple[tuple[tuple[int, str], ...], Sum]:
        """Turn brackets between an axis of the target and an axis of P into ties."""
        elements = set(self.element.values())
        ties: dict[int, str] = {}
        while True:
            conditions, _ = selection(total.body)
            found = _tie_of(conditions, statement.out, elements, ties)
            if found is None:
                return tuple(sorted(ties.items())), total
            position, element = found
            ties[position] = element
            here: dict[str, str | Expr] = {statement.out[position]: element}
            total = Sum(rename_axes(total.body, here), total.over, rename_axes(total.guard, here))

    def _nest(self, part: Sum, statement: Statement) -> tuple[str, ...]:
        """The axes of the loops that a sum needs, short ones left out."""
        used = axes_of(part.body) | axes_of(part.guard)
        nest = [axis for axis in (*statement.out, *self.element.values()) if axis in used] + list(part.over)
        return tuple(axis for axis in nest if self.extension.fixed(axis) is None)

    def _expression(self, part: Sum, statement: Statement) -> Expr | None:
        """A part of a tangent as an expression: a sum that is left becomes a statement; None where it is too deep."""
        if not part.over:
            return part.body
        whole = self._outside(part, statement)
        if whole is not None or not part.body.is_Add:
            return whole
        terms = [self._outside(replace(part, body=term), statement) for term in part.body.args]
        return None if any(term is None for term in terms) else sympy.Add(*terms)

    def _outside(self, part: Sum, statement: Statement) -> Expr | None:
        """A sum as a statement times the factors that it does not vary."""
        outer, inner = constant_factor(part)
        if len(self._nest(inner, statement)) > self.limit:
            return None
        used = axes_of(inner.body) | axes_of(inner.guard)
        out = self._free(used, statement)
        name = self.extension.name(f"tangent_{statement.target}{self.suffix}")
        read = self.extension.add(Statement(name, out, "sum", inner.body, inner.over, inner.guard))
        return times(outer, read)

    def _free(self, used: Collection[str], statement: Statement) -> tuple[str, ...]:
        """The axes of a statement for a tangent: those of the target and of P that it uses, batches first."""
        axes = [axis for axis in (*statement.out, *self.element.values()) if axis in used]
        return tuple(sorted(axes, key=lambda axis: self.extension.axes[axis].kind != "batch"))

    def _named(self, body: Expr, statement: Statement) -> Expr:
        """A body that is worth a statement of its own, read from there."""
        if sympy.count_ops(body) <= _SMALL:
            return body
        out = self._free(axes_of(body), statement)
        if len([axis for axis in out if self.extension.fixed(axis) is None]) > self.limit:
            return body
        name = self.extension.name(f"tangent_{statement.target}{self.suffix}")
        return self.extension.add(self._readable(Statement(name, out, "map", body)), running(out))

    def _readable(self, statement: Statement) -> Statement:
        """The statement with the prediction's own axes in place of those of P, where these are not in use."""
        names: dict[str, str | Expr] = {
            element: axis for axis, element in self.element.items() if axis not in statement.out
        }
        out = tuple(str(names.get(axis, axis)) for axis in statement.out)
        return replace(statement, out=out, body=rename_axes(statement.body, names))


def _tie_of(
    conditions: tuple[Expr, ...], out: tuple[str, ...], elements: set[str], ties: dict[int, str]
) -> tuple[int, str] | None:
    for condition in conditions:
        if not isinstance(condition, Equal):
            continue
        for side, other in (condition.args, condition.args[::-1]):
            tied = isinstance(side, AxisSymbol) and isinstance(other, AxisSymbol)
            if tied and other.axis in elements and side.axis in out and out.index(side.axis) not in ties:
                return out.index(side.axis), other.axis
    return None
