"""Small faults planted in an expression: a flipped sign, a doubled constant, a dropped term, two names swapped."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator


def mutants(source: str, swaps: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The faulty versions of a Python expression or statement, each with a word for the fault.

    Args:
        source: the text.
        swaps: pairs of names that one mutant each exchanges.
    """
    tree = ast.parse(source)
    for place, node in enumerate(_arithmetic(tree)):
        for fault, change in _changes(node):
            mutated = copy.deepcopy(tree)
            twin = list(_arithmetic(mutated))[place]
            yield fault, ast.unparse(_Replace(twin, change(twin)).visit(mutated))
    for a, b in swaps:
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if {a, b} <= names:
            yield f"swap {a} and {b}", ast.unparse(_Swap(a, b).visit(copy.deepcopy(tree)))


def _arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of an expression that compute values rather than addresses."""
    if isinstance(node, ast.Subscript):
        return
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Constant):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _arithmetic(child)


def _changes(node: ast.AST):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "flip a sign", lambda twin: ast.BinOp(twin.left, other, twin.right)
        yield "drop a term", lambda twin: twin.left
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        yield "double a product", lambda twin: ast.BinOp(ast.Constant(2), ast.Mult(), twin)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "flip a sign", lambda twin: twin.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in (0.0, 1.0):
        yield "double a constant", lambda twin: ast.Constant(2 * twin.value)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


class _Swap(ast.NodeTransformer):
    def __init__(self, a: str, b: str) -> None:
        self.names = {a: b, b: a}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node
