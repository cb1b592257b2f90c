"""Sums that stay in double precision until the value of their sample is formed from them.

A sum over the entries of a float32 sample is added up in double precision. Where the value multiplies it by a factor
below 1 (a mean, the weight of a term), the sum alone may be beyond the largest float32 although the value is not. So
the arithmetic between a sum and the value reads the sum as it was added up; functions and gradients read it in float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy

from symloss.atoms import ZeroTimes
from symloss.lowering.functions import Element, Variable, leaves
from symloss.lowering.schedule import Kernel, Let, Node, RowResult, Sweep, expressions

#: What a sum in double precision is called after it.
WIDE = "_wide"


@dataclass(frozen=True)
class Widened:
    """Nodes and values of a kernel that reads ``t_wide`` in place of a sum t, and the sums that it reads in either."""

    nodes: list[Node]
    results: list[RowResult]
    wide: frozenset[str]
    narrow: frozenset[str]


def widened(kernel: Kernel) -> Widened:
    """The arithmetic of a kernel's values in terms of wide sums; lets that nothing else reads are dropped."""
    sums = {
        a.variable for node in kernel.nodes if isinstance(node, Sweep) for a in node.accumulations if a.kind == "sum"
    }
    lets = {node.variable: node.value for node in kernel.nodes if isinstance(node, Let)}

    def opened(e: sympy.Expr) -> sympy.Expr:
        if isinstance(e, Variable):
            if e.name in sums:
                return Variable(f"{e.name}{WIDE}")
            inner = opened(lets[e.name]) if e.name in lets else e
            return inner if _has_wide(inner) else e
        if e.is_Add or e.is_Mul or isinstance(e, ZeroTimes) or (e.is_Pow and e.exp.is_Integer):
            arguments = [opened(argument) for argument in e.args]
            if tuple(arguments) == e.args:
                return e
            # Evaluated, they would be sorted by names, which are others in another entry point, and round differently.
            return ZeroTimes(*arguments) if isinstance(e, ZeroTimes) else e.func(*arguments, evaluate=False)
        return e

    results = [replace(result, value=opened(result.value)) for result in kernel.row_results]
    wide = {leaf.name for result in results for leaf in result.value.atoms(Variable) if leaf.name.endswith(WIDE)}
    nodes: list[Node] = []
    read = _read(result.value for result in results)
    for node in reversed(kernel.nodes):
        if isinstance(node, Let) and node.variable not in read and _has_wide(opened(node.value)):
            continue
        nodes.append(node)
        read |= _read(expressions(node))
    return Widened(nodes[::-1], results, frozenset(n.removesuffix(WIDE) for n in wide), frozenset(sums & read))


def _has_wide(e: sympy.Expr) -> bool:
    return any(leaf.name.endswith(WIDE) for leaf in e.atoms(Variable))


def _read(values: Iterable[sympy.Expr]) -> set[str]:
    """The names of the variables and arrays in expressions."""
    return {leaf.array if isinstance(leaf, Element) else leaf.name for leaf in leaves(values)}
