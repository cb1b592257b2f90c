"""How an elementary function is put together from parts that are functions themselves.

A template that does nothing but call others, ``e, rest = $exp_falling(abs(x))`` and so on, and returns what the last
one makes of names, has parts: a loop over many numbers may compute each in a loop of its own. One loop over all of them
is bound by how long the chain of operations takes, of which a processor sees one step of the loop and a half at once:
value and gradient of binary cross entropy take 4.1 ns a number in one loop with AVX2, and 2.4 in three.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache

from symloss.atoms.elementary.source import DTYPES, source


@dataclass(frozen=True)
class Call:
    """A call of an elementary function: its name, and its arguments as text in terms of names that are known.

    ``targets`` are the names of what it returns; none for the last call of a function, whose result that is.
    """

    function: str
    arguments: tuple[str, ...]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What a function of ``parameters`` computes one after another."""

    parameters: tuple[str, ...]
    calls: tuple[Call, ...]


@cache
def parts(name: str, dtype: str) -> Parts | None:
    """The parts of an elementary function; None where it computes something itself."""
    function = ast.parse(source(name, dtype).text).body[0]
    assert isinstance(function, ast.FunctionDef)
    *statements, last = function.body[1:]
    found = [_call(statement, dtype) for statement in (*statements, last)]
    calls = tuple(call for call in found if call is not None)
    if not statements or len(calls) < len(found) or not all(map(str.isidentifier, calls[-1].arguments)):
        return None
    return Parts(tuple(argument.arg for argument in function.args.args), calls)


def _call(statement: ast.stmt, dtype: str) -> Call | None:
    """A statement that assigns or returns what one elementary function gives."""
    value = statement.value if isinstance(statement, ast.Assign | ast.Return) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    targets: tuple[str, ...] = ()
    if isinstance(statement, ast.Assign):
        targets = tuple(name.id for name in ast.walk(statement.targets[0]) if isinstance(name, ast.Name))
    name = value.func.id.removeprefix("_").removesuffix(f"_{DTYPES[dtype]}")
    return Call(name, tuple(map(ast.unparse, value.args)), targets)


#: What a call of the C library counts for; no loop with one is vectorised.
_OF_LIBRARY = 50


@cache
def operations(name: str) -> int:
    """About how many operations an elementary function takes, those of the functions that it calls included."""
    entry = source(name, "float64")
    nodes = list(ast.walk(ast.parse(entry.text)))
    own = sum(isinstance(node, ast.BinOp | ast.Compare | ast.IfExp) for node in nodes)
    own += _OF_LIBRARY * any(isinstance(node, ast.Pow) or _is_library(node) for node in nodes)
    return own + sum(map(operations, entry.needs))


def _is_library(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math"
