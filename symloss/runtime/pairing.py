"""Losses that find a sample's partner by arithmetic on its number, such as two views stacked in halves.

``META["paired"]`` lists the expressions, ``mod(i + size[i]/2, size[i])``. They say which batches have partners at all,
and whether the samples that a mask keeps still find the same ones.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"mod": np.mod, "floor": np.floor}


def partners(expression: str, count: int) -> NDArray[np.intp] | None:
    """The partner of each of ``count`` samples, or None where the expression does not give every sample one.

    An expression that reads anything but the sample's number and the size of the batch gives none either.
    """
    try:
        with np.errstate(all="ignore"):
            found = _evaluate(ast.parse(expression, mode="eval").body, np.arange(count), count)
    except (SyntaxError, LookupError, TypeError):
        return None
    found = np.broadcast_to(found, count)
    whole = found.astype(np.intp)
    return whole if bool(np.all((whole == found) & (whole >= 0) & (whole < count))) else None


def _evaluate(node: ast.AST, numbers: NDArray[np.intp], count: int) -> Any:
    """The value of an expression for all samples; every name in it stands for the sample's number."""
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, numbers, count), _evaluate(node.right, numbers, count)
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, numbers, count)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _FUNCTIONS[node.func.id](*[_evaluate(argument, numbers, count) for argument in node.args])
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "size":
        return count
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        return numbers
    raise LookupError(type(node).__name__)
