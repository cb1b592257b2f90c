"""Sums of products over a shared axis that become matrix products: Σ_d a[i,d]·b[j,d]."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symloss.program import AxisSymbol, Program, Read, Statement, axes_of


@dataclass(frozen=True)
class Contraction:
    """``target[row, column] = Σ_shared left · right``; an operand that is not a plain tensor has a map of its own."""

    target: str
    left: Read
    right: Read
    row: str
    column: str
    shared: str


def find_contraction(statement: Statement, program: Program) -> tuple[Contraction, list[Statement]] | None:
    """The matrix product that a statement is, with the maps that its operands need, or None.

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
    maps: list[Statement] = []
    operands = []
    for side, factors, axis in (("left", left, row), ("right", right, column)):
        body = sympy.Mul(*factors)
        if isinstance(body, Read) and set(body.index) == {AxisSymbol(axis), AxisSymbol(shared)} and not body.integer:
            operands.append(body)
            continue
        if not axes_of(body) >= {axis, shared}:
            return None
        maps.append(Statement(f"{statement.target}__{side}", (axis, shared), "map", body))
        operands.append(Read(maps[-1].target, (AxisSymbol(axis), AxisSymbol(shared))))
    return Contraction(statement.target, operands[0], operands[1], row, column, shared), maps
