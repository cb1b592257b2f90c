"""Sums over a shared axis that become matrix products: Σ_d (a[i,d]·b[j,d] + …)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy

from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, reads_of, rename_axes


@dataclass(frozen=True)
class Contraction:
    """``Σ_shared left · right`` over rows and columns; an operand that is not a plain tensor has a map of its own."""

    left: Read
    right: Read
    shared: str


def with_products(
    statements: Iterable[Statement], program: Program
) -> tuple[list[Statement], dict[str, tuple[Contraction, ...]]]:
    """The statements with a map for every operand of a matrix product, and by target the products that it is a sum of.

    A factor that belongs to no axis multiplies the product, not the matrices: products by the same matrix share it.
    """
    found: dict[str, tuple[Contraction, ...]] = {}
    maps: list[Statement] = []
    result: list[Statement] = []
    for statement in statements:
        known = len(maps)
        scale, terms = _terms(statement)
        target = statement.target if scale == 1 else f"{statement.target}__product"
        contractions = find_contractions(replace(statement, target=target), terms, program, maps)
        result += maps[known:]
        if not contractions:
            result.append(statement)
            continue
        found[target] = contractions
        # What the operands are made of is read by their maps, not by the product.
        products = [sympy.Mul(c.left, c.right, evaluate=False) for c in contractions]
        result.append(replace(statement, target=target, body=sympy.Add(*products, evaluate=False)))
        if scale != 1:
            scaled = scale * Read(target, tuple(map(AxisSymbol, statement.out)))
            result.append(Statement(statement.target, statement.out, "map", scaled))
    return result, found


def _terms(statement: Statement) -> tuple[sympy.Expr, list[list[sympy.Expr]]]:
    """What is the same for all entries and multiplies all terms of a sum, and the other factors of each term."""
    axes = {*statement.out, *statement.over}
    scales, terms = [], []
    for term in sympy.Add.make_args(statement.body):
        factors = sympy.Mul.make_args(term)
        scales.append(sympy.Mul(*(f for f in factors if not axes_of(f) & axes)))
        terms.append([f for f in factors if axes_of(f) & axes])
    if len(set(scales)) == 1:
        return scales[0], terms
    return sympy.S.One, [[scale, *term] for scale, term in zip(scales, terms, strict=True)]


def find_contractions(
    statement: Statement, terms: list[list[sympy.Expr]], program: Program, maps: list[Statement]
) -> tuple[Contraction, ...]:
    """The matrix products whose sum a statement is, or none; ``maps`` gains those that its operands need.

    They are some where two of the three axes are batches: a sum inside one sample stays a loop.
    """
    if statement.operation != "sum" or len(statement.out) != 2 or len(statement.over) != 1:
        return ()
    (row, column), (shared,) = statement.out, statement.over
    kinds = [program.axes[program.root(axis)].kind for axis in (row, column, shared)]
    if kinds.count("batch") < 2:
        return ()
    sides = [_sides(factors, row, column, shared) for factors in terms]
    if None in sides:
        return ()
    names = [f"{statement.target}__{side}" for side in ("left", "right")]
    found = []
    for number, pair in enumerate(sides):
        assert pair is not None
        suffix = str(number + 1) if number else ""
        left, right = (
            _operand(f"{name}{suffix}", (axis, shared), body, program, maps)
            for name, axis, body in zip(names, (row, column), pair, strict=True)
        )
        found.append(Contraction(left, right, shared))
    return tuple(found)


def _sides(factors: list[sympy.Expr], row: str, column: str, shared: str) -> tuple[sympy.Expr, sympy.Expr] | None:
    """A product as one of a matrix with the row's axis and one with the column's, or None."""
    left = [factor for factor in factors if axes_of(factor) <= {row, shared}]
    right = [factor for factor in factors if factor not in left and axes_of(factor) <= {column, shared}]
    if len(left) + len(right) < len(factors):
        return None
    bodies = sympy.Mul(*left), sympy.Mul(*right)
    if not all(axes_of(body) >= {axis, shared} for body, axis in zip(bodies, (row, column), strict=True)):
        return None
    return bodies


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
