"""Closed terms as evidence prints them, read back: reads at running indices, reductions with their bound axes."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, Tensor
from symloss.proof.terms import NODES

_PRIMED = re.compile(r"([A-Za-z_]\w*?)('{1,2})(\w+)")
_MARKED = re.compile(r"(.+)__primes(\d)_(\w+)")
#: A tilde marks the axes and variables of limits and families.
_TILDE = "_tilde_"
_CONSTANTS = {"pi": sympy.pi, "oo": sympy.oo, "E": sympy.E}
_FUNCTIONS: dict[str, Any] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "Mod": sympy.Mod,
    "floor": sympy.floor,
}
_OPERATORS: dict[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def closed_term(text: str, tensors: Mapping[str, Tensor]) -> Any:
    """A closed term from its text.

    Args:
        text: as `str` prints it.
        tensors: the variables; every other name is a function, a reduction, a size or a running index.

    Raises:
        ValueError: it is no closed term over these.
    """
    known: dict[str, str] = {}
    for number, name in enumerate(sorted(tensors, key=len, reverse=True)):
        if not name.isidentifier():
            known[f"tensor{number}_"] = name
            text = re.sub(rf"(?<![\w']){re.escape(name)}(?![\w'])", f"tensor{number}_", text)
    text = text.replace("~", _TILDE)
    text = _PRIMED.sub(lambda found: f"{found[1]}__primes{len(found[2])}_{found[3]}", text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as fault:
        raise ValueError(f"{text!r} is no term") from fault
    return _Reader(tensors, known).term(tree)


class _Reader:
    def __init__(self, tensors: Mapping[str, Tensor], known: Mapping[str, str]) -> None:
        self.tensors, self.known = tensors, known

    def term(self, node: ast.expr) -> Any:
        """The term of a syntax tree."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return sympy.Integer(node.value)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.term(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](self.term(node.left), self.term(node.right))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self._read(node.value.id, node.slice)
        if isinstance(node, ast.Call) and not node.keywords:
            return self._call(node)
        raise ValueError(f"{ast.dump(node)[:60]} is no term")

    def _name(self, name: str) -> Any:
        tensor = self.known.get(name, name)
        if tensor in self.tensors:
            return Read(tensor, (), bool(self.tensors[tensor].domain.integer))
        return _CONSTANTS.get(name, AxisSymbol(_with_primes(name)))

    def _read(self, name: str, place: ast.expr) -> Any:
        entries = place.elts if isinstance(place, ast.Tuple) else [place]
        if name == "size" and isinstance(place, ast.Name):
            return SizeSymbol(_with_primes(place.id))
        tensor = self.known.get(name, name)
        if tensor not in self.tensors:
            raise ValueError(f"{tensor} is not known")
        index = tuple(self.term(entry) for entry in entries)
        return Read(tensor, index, bool(self.tensors[tensor].domain.integer))

    def _call(self, node: ast.Call) -> Any:
        arguments = [self.term(argument) for argument in node.args]
        if isinstance(node.func, ast.Name):
            function = _FUNCTIONS.get(node.func.id) or getattr(atoms, node.func.id, None)
            if function is None:
                raise ValueError(f"{node.func.id} is no function")
            return function(*arguments)
        if isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
            place = node.func.slice
            axis, guard = place.elts if isinstance(place, ast.Tuple) else (place, ast.Constant(1))
            operation = NODES.get(node.func.value.id)
            if operation is not None and isinstance(axis, ast.Name) and len(arguments) == 1:
                return operation(AxisSymbol(_with_primes(axis.id)), arguments[0], self.term(guard))
        raise ValueError(f"{ast.dump(node.func)[:60]} is no function")


def _with_primes(name: str) -> str:
    found = _MARKED.fullmatch(name)
    name = f"{found[1]}{chr(39) * int(found[2])}{found[3]}" if found else name
    return name.replace(_TILDE, "~")
