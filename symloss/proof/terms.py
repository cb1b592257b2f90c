"""Closed terms: one expression over inputs and parameters alone, in which a reduction is a node that binds its axis.

A program's statements are inlined into one term, so that a claim is one formula for every size. Bound axes have
canonical names, ``k'1`` inside, ``k'2`` around it: equal formulas are equal objects whatever letters were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute

Term = Any


class Along(sympy.Expr):
    """A reduction of ``body`` over one axis where ``guard`` is 1; built by `along` only."""

    operation = ""
    is_commutative = True

    def __new__(cls, axis: AxisSymbol, body: Term, guard: Term = sympy.S.One) -> Along:
        """The node as given; `along` gives the bound axis its canonical name."""
        return sympy.Expr.__new__(cls, axis, sympy.sympify(body), sympy.sympify(guard))

    @property
    def axis(self) -> AxisSymbol:
        """The bound axis."""
        return self.args[0]

    @property
    def body(self) -> Term:
        """What is reduced."""
        return self.args[1]

    @property
    def guard(self) -> Term:
        """Which items count: an expression with the values 0 and 1."""
        return self.args[2]

    def _eval_is_extended_real(self) -> bool:
        return True

    def _sympystr(self, printer: Any) -> str:
        guard = "" if self.guard == 1 else f", {printer.doprint(self.guard)}"
        return f"{self.operation}[{self.axis}{guard}]({printer.doprint(self.body)})"


class SumAlong(Along):
    """The sum; 0 over nothing."""

    operation = "sum"


class MaxAlong(Along):
    """The largest; -oo over nothing."""

    operation = "max"


class MinAlong(Along):
    """The smallest; oo over nothing."""

    operation = "min"


class LogSumExpAlong(Along):
    """The logarithm of the sum of the exponentials; -oo over nothing."""

    operation = "logsumexp"


class NormAlong(Along):
    """The square root of the sum of squares; its slope at 0 is 0."""

    operation = "norm"


class AllAlong(Along):
    """1 if the condition holds for every item."""

    operation = "all"


class AnyAlong(Along):
    """1 if the condition holds for some item."""

    operation = "any"


NODES: dict[str, type[Along]] = {
    node.operation: node for node in (SumAlong, MaxAlong, MinAlong, LogSumExpAlong, NormAlong, AllAlong, AnyAlong)
}
EMPTY: dict[str, Any] = {
    "sum": sympy.S.Zero,
    "max": -sympy.oo,
    "min": sympy.oo,
    "logsumexp": -sympy.oo,
    "norm": sympy.S.Zero,
    "all": sympy.S.One,
    "any": sympy.S.Zero,
}
_temporary = count()


def stem(axis: str) -> str:
    """The axis that a canonical or temporary name was made from."""
    return axis.split("'", 1)[0]


def fresh(axis: str) -> AxisSymbol:
    """A temporary running index; it never survives in a finished term."""
    return AxisSymbol(f"{stem(axis)}''{next(_temporary)}")


def along(operation: str, axis: AxisSymbol, body: Term, guard: Term = sympy.S.One, root: str | None = None) -> Term:
    """The reduction of a term over a free axis, with the bound axis renamed canonically.

    Args:
        operation: sum, max, min, logsumexp, norm, all or any.
        axis: an axis that is free in body and guard (its name is not canonical).
        body: what is reduced.
        guard: which items count.
        root: the axis whose length the bound one shares; the stem of its name by default.
    """
    if guard == 0:
        return EMPTY[operation]
    if operation in ("sum", "norm") and body == 0:
        return sympy.S.Zero
    if operation in ("all", "any") and body == EMPTY[operation]:
        return body
    numbers = [_number(node) for node in body.atoms(Along) | guard.atoms(Along)]
    bound = AxisSymbol(f"{root or stem(axis.axis)}'{max(numbers, default=0) + 1}")
    renaming = {axis: bound}
    return NODES[operation](bound, substitute(body, renaming), substitute(guard, renaming))


def _number(node: Along) -> int:
    return int(node.axis.axis.rsplit("'", 1)[1])


def opened(node: Along) -> tuple[AxisSymbol, Term, Term]:
    """A temporary axis in the place of the bound one, and body and guard with it."""
    axis = fresh(node.axis.axis)
    renaming = {node.axis: axis}
    return axis, substitute(node.body, renaming), substitute(node.guard, renaming)


def rebuilt(term: Term, leaf: Callable[[Any], Any]) -> Term:
    """A term with every leaf (and every read's index) replaced by what ``leaf`` gives; binders stay canonical.

    ``leaf`` gets a symbol or number whose index, if it has one, is rebuilt already.
    """
    memo: dict[Any, Any] = {}

    def visit(e: Any) -> Any:
        if e not in memo:
            memo[e] = build(e)
        return memo[e]

    def build(e: Any) -> Any:
        if isinstance(e, Along):
            axis, body, guard = opened(e)
            return along(e.operation, axis, visit(body), visit(guard))
        if isinstance(e, Read):
            index = tuple(visit(entry) for entry in e.index)
            return leaf(e if index == e.index else Read(e.tensor, index, e.integer))
        if not e.args:
            return leaf(e)
        arguments = [visit(argument) for argument in e.args]
        return e if all(a is b for a, b in zip(arguments, e.args, strict=True)) else e.func(*arguments)

    return visit(sympy.sympify(term))


def with_tensors(term: Term, replacements: Mapping[str, Callable[[tuple[Any, ...]], Term]]) -> Term:
    """A term with every read of some tensors replaced by a function of the read's index."""
    if not any(read.tensor in replacements for read in all_reads(term)):
        return term

    def leaf(e: Any) -> Any:
        return replacements[e.tensor](e.index) if isinstance(e, Read) and e.tensor in replacements else e

    return rebuilt(term, leaf)


def all_reads(term: Term) -> frozenset[Read]:
    """Every read in a term, those inside indices included."""
    found: set[Read] = set()
    stack = list(term.atoms(Read))
    while stack:
        read = stack.pop()
        if read not in found:
            found.add(read)
            for entry in read.index:
                stack.extend(entry.atoms(Read))
    return frozenset(found)


def tensors_of(term: Term) -> frozenset[str]:
    """The names of all tensors that a term reads."""
    return frozenset(read.tensor for read in all_reads(term))


def free_axes(term: Term) -> tuple[str, ...]:
    """The running indices that a term leaves free, sorted."""
    bound = {node.axis.axis for node in term.atoms(Along)}
    return tuple(sorted(axes_of(term) - bound))


def conjunction(*conditions: Term) -> Term:
    """All of some conditions."""
    kept = [c for c in dict.fromkeys(conditions) if c != 1]
    return atoms.And(*kept) if len(kept) > 1 else (kept[0] if kept else sympy.S.One)


def disjunction(*conditions: Term) -> Term:
    """At least one of some conditions."""
    kept = [c for c in dict.fromkeys(conditions) if c != 0]
    return atoms.Or(*kept) if len(kept) > 1 else (kept[0] if kept else sympy.S.Zero)


def conjuncts(condition: Term) -> tuple[Term, ...]:
    """The parts of a conjunction."""
    if isinstance(condition, atoms.And):
        return tuple(part for argument in condition.args for part in conjuncts(argument))
    return (condition,)
