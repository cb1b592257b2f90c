"""Expressions as trees with places. ``at`` is the position in the expression's text where a node starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy


@dataclass(frozen=True, eq=False)
class Expression:
    """Any node; compared and hashed by identity, so that tables may be keyed by nodes."""

    at: int

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return ()


@dataclass(frozen=True, eq=False)
class Number(Expression):
    """An exact rational number."""

    value: sympy.Rational


@dataclass(frozen=True, eq=False)
class Word(Expression):
    """A quoted word; only keyword arguments have one."""

    value: str


@dataclass(frozen=True, eq=False)
class Name(Expression):
    """A bare name: an axis, a parameter, a scalar, a constant."""

    name: str


@dataclass(frozen=True, eq=False)
class Indexed(Expression):
    """``name[index, …]``; ``size[k]`` is one too."""

    name: str
    index: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return self.index


@dataclass(frozen=True, eq=False)
class Negation(Expression):
    """``-operand``."""

    operand: Expression

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return (self.operand,)


@dataclass(frozen=True, eq=False)
class Chain(Expression):
    """``first op second op …`` with operators of one precedence, left to right: + and -, or * / // and %."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return self.operands


@dataclass(frozen=True, eq=False)
class Power(Expression):
    """``base**exponent``."""

    base: Expression
    exponent: Expression

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return (self.base, self.exponent)


@dataclass(frozen=True, eq=False)
class Comparison(Expression):
    """``a < b <= c``; the operators are < <= > >= == != and, in claims, is."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return self.operands


@dataclass(frozen=True, eq=False)
class Logic(Expression):
    """``and``, ``or`` (several operands) or ``not`` (one)."""

    operator: str
    operands: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return self.operands


@dataclass(frozen=True, eq=False)
class Call(Expression):
    """``function(arguments, key=value)``: a scalar function or another loss."""

    function: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...] = ()

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return (*self.arguments, *(value for _, value in self.keywords))


@dataclass(frozen=True, eq=False)
class Along(Expression):
    """``function[items](argument)``: a reduction with axes and guards, softmax and the like, an integral, a limit."""

    function: str
    items: tuple[Expression, ...]
    argument: Expression

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return (*self.items, self.argument)


@dataclass(frozen=True, eq=False)
class Derivative(Expression):
    """``grad(z)[n, k]`` or ``hess(z, z)[n, j, k]``."""

    function: str
    variables: tuple[Name, ...]
    index: tuple[Expression, ...]

    def children(self) -> tuple[Expression, ...]:
        """The nodes directly below."""
        return self.index


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children()))


def names_in(node: Expression) -> set[str]:
    """Every name that is read: tensors, scalars, axes and the variables of derivatives."""
    names: set[str] = set()
    for current in walk(node):
        if isinstance(current, Name | Indexed):
            names.add(current.name)
        elif isinstance(current, Derivative):
            names.update(variable.name for variable in current.variables)
    return names
