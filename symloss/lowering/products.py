"""Sums of products over a shared axis that become matrix products: Σ_d a[i,d]·b[j,d]."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy

from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, reads_of, rename_axes


@dataclass(frozen=True)
class Contraction:
    """``target[row, column] = Σ_shared left · right``; an operand that is not a plain tensor has a map of its own."""

    target: str
    left: Read
    right: Read
    row: str
    column: str
    shared: str


def with_products(statements: Iterable[Statement], program: Program) -> tuple[list[Statement], dict[str, Contraction]]:
    """The statements with a map for every operand of a matrix product, and the products by target."""
    found: dict[str, Contraction] = {}
    maps: list[Statement] = []
    result: list[Statement] = []
    for statement in statements:
        known = len(maps)
        contraction = find_contraction(statement, program, maps)
        result += maps[known:]
        if contraction is not None:
            found[statement.target] = contraction
            # What the operands are made of is read by their maps, not by the product.
            statement = replace(statement, body=sympy.Mul(contraction.left, contraction.right, evaluate=False))
        result.append(statement)
    return result, found


def find_contraction(statement: Statement, program: Program, maps: list[Statement]) -> Contraction | None:
    """The matrix product that a statement is, or None; ``maps`` gains those that its operands need.

    It is one where two of its three axes are batches: a sum inside one sample stays a loop.
    """
    if statement.operation != "sum" or len(statement.out) != 2 or len(statement.over) != 1:
        return None
    (row, column), (shared,) = statement.out, statement.over
    kinds = [program.axes[program.root(axis)].kind for axis in (row, column, shared)]
    if kinds.count("batch") < 2:
        return None
    left: list[sympy.Expr] = []
    right: list[sympy.Expr] = []
    for factor in sympy.Mul.make_args(statement.body):
        axes = axes_of(factor)
        if axes <= {row, shared}:
            left.append(factor)
        elif axes <= {column, shared}:
            right.append(factor)
        else:
            return None
    bodies = [sympy.Mul(*left), sympy.Mul(*right)]
    if not all(axes_of(body) >= {axis, shared} for body, axis in zip(bodies, (row, column), strict=True)):
        return None
    operands = [
        _operand(f"{statement.target}__{side}", (axis, shared), body, program, maps)
        for side, body, axis in zip(("left", "right"), bodies, (row, column), strict=True)
    ]
    return Contraction(statement.target, operands[0], operands[1], row, column, shared)


def _operand(name: str, axes: tuple[str, str], body: sympy.Expr, program: Program, maps: list[Statement]) -> Read:
    """The matrix that a factor is: a plain tensor, a map that is there already, or a new one.

    A matrix over pairs of samples is kept in the orientation in which a row is made of one sample's own row, and a
    product takes its transpose where it needs that: a pass over all pairs, and its memory, serve both.
    """
    places = (AxisSymbol(axes[0]), AxisSymbol(axes[1]))
    if isinstance(body, Read) and set(body.index) == set(places) and not body.integer:
        return body
    out, turned = axes, False
    if all(program.axes[program.root(axis)].kind == "batch" for axis in axes):
        across = sum(read.index[0] == places[1] for read in reads_of(body) if len(read.index) > 1)
        along = sum(read.index[0] == places[0] for read in reads_of(body) if len(read.index) > 1)
        turned = across > along
    if turned:
        out = (axes[1], axes[0])
        if program.root(axes[0]) == program.root(axes[1]):
            # The samples go by the name of the batch itself, as in every other statement.
            out, body = axes, rename_axes(body, {axes[0]: axes[1], axes[1]: axes[0]})
    for known in maps:
        if [*map(program.root, known.out)] == [*map(program.root, out)] and known.body == rename_axes(
            body, dict(zip(out, known.out, strict=True))
        ):
            break
    else:
        known = Statement(name, out, "map", body)
        maps.append(known)
    return Read(known.target, places[::-1] if turned else places)
