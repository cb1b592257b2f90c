"""Declared slopes: a step's slope at its kinks is what the specification says, whatever its functions' own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Statement


def with_declared_slope(statement: Statement, slope: Any) -> Statement | None:
    """The statement with its slope at its kinks declared, or None where its body has no kink."""
    conditions = [condition for part in _kinked(statement.body) for condition in _kink(part)]
    conditions = list(dict.fromkeys(condition for condition in conditions if condition not in (0, 1)))
    if statement.operation != "map" or not conditions:
        return None
    condition = atoms.Or(*conditions) if len(conditions) > 1 else conditions[0]
    return replace(statement, body=atoms.SlopeAt(statement.body, condition, slope))


def _kinked(body: Any) -> list[Any]:
    parts = (atoms.Maximum, atoms.Minimum, atoms.Absolute, atoms.Relu, atoms.Clamp, atoms.Where)
    return [part for part in sympy.preorder_traversal(body) if isinstance(part, parts)]


def _kink(part: Any) -> list[Any]:
    """The conditions under which a function stands on its kink."""
    if isinstance(part, atoms.Maximum | atoms.Minimum):
        return [_equal(part.args[0], part.args[1])]
    if isinstance(part, atoms.Absolute | atoms.Relu):
        return [atoms.Equal(part.args[0], 0)]
    if isinstance(part, atoms.Clamp):
        return [_equal(part.args[0], part.args[1]), _equal(part.args[0], part.args[2])]
    comparisons = part.args[0].atoms(atoms.Less, atoms.LessEqual)
    return [_equal(*comparison.args) for comparison in sorted(comparisons, key=str)]


def _equal(a: Any, b: Any) -> Any:
    """a = b; as x = y where a - b multiplies out to x - y with less work, as tau·u - (tau - 1)·u does to u."""
    difference = sympy.expand(a - b)
    if difference.count_ops() < a.count_ops() + b.count_ops() and isinstance(difference, sympy.Add):
        positive = [term for term in difference.args if not term.could_extract_minus_sign()]
        negative = [-term for term in difference.args if term.could_extract_minus_sign()]
        return atoms.Equal(sympy.Add(*positive), sympy.Add(*negative))
    return atoms.Equal(a, b)
