"""Closed terms as evidence prints them, read back: reads keep running indices, reductions their bound ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, Tensor
from symloss.proof.terms import NODES

#: Marks in the names of indices and variables that are no letters, and letters that take their places.
_MARKS = {"'": "_prime_", "~": "_tilde_"}
_CONSTANTS = {"pi": sympy.pi, "oo": sympy.oo, "E": sympy.E}
_PLAIN = {"exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt, "sin": sympy.sin, "cos": sympy.cos}


def closed_term(text: str, tensors: Mapping[str, Tensor], symbols: Mapping[str, Any] | None = None) -> Any:
    """A closed term from its text.

    Args:
        text: as `str` prints it.
        tensors: the variables that may be read.
        symbols: what further names stand for.

    Raises:
        ValueError: it is no term over these.
    """
    for mark, letters in _MARKS.items():
        text = text.replace(mark, letters)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as fault:
        raise ValueError(f"{text!r} is no term") from fault
    return _Reader(tensors, symbols or {}).term(tree)


class _Reader:
    def __init__(self, tensors: Mapping[str, Tensor], symbols: Mapping[str, Any]) -> None:
        self.tensors, self.symbols = tensors, symbols

    def term(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return sympy.Integer(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.term(node.operand)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node)
        if isinstance(node, ast.Name):
            return self._name(_marked(node.id))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self._read(_marked(node.value.id), node.slice)
        if isinstance(node, ast.Call) and not node.keywords:
            return self._call(node)
        raise ValueError(f"{ast.dump(node)[:60]} is no term")

    def _arithmetic(self, node: ast.BinOp) -> Any:
        a, b = self.term(node.left), self.term(node.right)
        if isinstance(node.op, ast.Add):
            return a + b
        if isinstance(node.op, ast.Sub):
            return a - b
        if isinstance(node.op, ast.Mult):
            return a * b
        if isinstance(node.op, ast.Div):
            return a / b
        if isinstance(node.op, ast.Pow):
            return a**b
        raise ValueError("no such operation")

    def _name(self, name: str) -> Any:
        if name in self.symbols:
            return self.symbols[name]
        if name in self.tensors and not self.tensors[name].axes:
            return Read(name, (), self.tensors[name].domain.integer)
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        # What is nothing else is a running index.
        if name in self.tensors or not re.fullmatch(r"[A-Za-z]\w*(['~]\d*)?", name):
            raise ValueError(f"{name} is not known")
        return AxisSymbol(name)

    def _read(self, name: str, index: ast.expr) -> Any:
        entries = index.elts if isinstance(index, ast.Tuple) else [index]
        if name == "size" and len(entries) == 1 and isinstance(entries[0], ast.Name):
            return SizeSymbol(_marked(entries[0].id))
        if name not in self.tensors or len(entries) != len(self.tensors[name].axes):
            raise ValueError(f"{name} is no variable with {len(entries)} axes")
        return Read(name, tuple(map(self.term, entries)), self.tensors[name].domain.integer)

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.term(argument) for argument in node.args]
        if isinstance(node.func, ast.Name):
            function: Any = _PLAIN.get(node.func.id) or getattr(atoms, node.func.id, None)
            if function is None:
                raise ValueError(f"{node.func.id} is no function")
            return function(*arguments)
        if not (isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name) and len(arguments) == 1):
            raise ValueError("no function, and no reduction of one term")
        bound = node.func.slice.elts if isinstance(node.func.slice, ast.Tuple) else [node.func.slice]
        operation, axis = node.func.value.id, bound[0]
        if operation not in NODES or not isinstance(axis, ast.Name):
            raise ValueError(f"{operation} is no reduction")
        guard = self.term(bound[1]) if len(bound) > 1 else sympy.S.One
        return NODES[operation](AxisSymbol(_marked(axis.id)), arguments[0], guard)


def _marked(name: str) -> str:
    for mark, letters in _MARKS.items():
        name = name.replace(letters, mark)
    return name
