"""Terms and formulas as evidence prints them, read back: SymPy's notation, and SMT-LIB's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read


def term(text: str, reads: Iterable[Read] = (), names: Mapping[str, Any] | None = None) -> Any:
    """A flat term from its text.

    Args:
        text: as `str` prints it.
        reads: the variables that may occur, whose names need not be identifiers.
        names: what further names stand for.

    Raises:
        ValueError: it is no term over these.
    """
    return _built(*_tree(text, reads, names))


def comparison(text: str, reads: Iterable[Read] = (), names: Mapping[str, Any] | None = None) -> tuple[str, Any, Any]:
    """The name of a comparison and its two sides, from its text.

    Raises:
        ValueError: it is no comparison of terms over these.
    """
    tree, known = _tree(text, reads, names)
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and len(tree.args) == 2):
        raise ValueError(f"{text!r} is no comparison")
    low, high = (_built(side, known) for side in tree.args)
    return tree.func.id, low, high


def _tree(text: str, reads: Iterable[Read], names: Mapping[str, Any] | None) -> tuple[ast.expr, dict[str, Any]]:
    known: dict[str, Any] = dict(names or {})
    for number, read in enumerate(sorted(reads, key=lambda r: -len(str(r)))):
        place = f"read{number}_"
        text = re.sub(rf"(?<![\w']){re.escape(str(read))}(?![\w'\[])", place, text)
        known[place] = read
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as fault:
        raise ValueError(f"{text!r} is no term") from fault
    return tree, known


def _built(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return sympy.Integer(node.value)
    if isinstance(node, ast.Name):
        found = known.get(node.id, _CONSTANTS.get(node.id))
        if found is None:
            raise ValueError(f"{node.id} is not known")
        return found
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_built(node.operand, known)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_built(node.left, known), _built(node.right, known))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        function = _function(node.func.id)
        return function(*(_built(argument, known) for argument in node.args))
    raise ValueError(f"{ast.dump(node)[:60]} is no term")


def _function(name: str) -> Any:
    plain = {"exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt, "sin": sympy.sin, "cos": sympy.cos}
    found = plain.get(name) or getattr(atoms, name, None)
    if found is None:
        raise ValueError(f"{name} is no function")
    return found


_CONSTANTS = {"pi": sympy.pi, "oo": sympy.oo, "E": sympy.E}
_OPERATORS: dict[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def formula(text: str) -> Any:
    """An SMT-LIB formula as nested lists of words.

    Raises:
        ValueError: parentheses do not match.
    """
    stack: list[list[Any]] = [[]]
    for word in re.findall(r"[()]|[^\s()]+", text):
        if word == "(":
            stack.append([])
        elif word == ")":
            if len(stack) < 2:
                raise ValueError(f"{text!r} is no formula")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(word)
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError(f"{text!r} is no formula")
    return stack[0][0]


def polynomial(node: Any, names: Mapping[str, Any]) -> Any:
    """An arithmetic SMT-LIB term as a SymPy term, with what its names stand for."""
    if isinstance(node, str):
        return names[node] if node in names else sympy.Rational(node)
    head, *rest = node
    parts = [polynomial(part, names) for part in rest]
    if head == "+":
        return sympy.Add(*parts)
    if head == "*":
        return sympy.Mul(*parts)
    if head == "-":
        return -parts[0] if len(parts) == 1 else parts[0] - sympy.Add(*parts[1:])
    if head == "/":
        return parts[0] / parts[1]
    raise ValueError(f"{head} is no operation")
