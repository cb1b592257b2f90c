"""The emitted text of an elementary function as a graph of operations.

The text is parsed, not the template it came from: what is bounded is what ships. Calls of other elementary functions
are inlined; assignments become single; a tuple is a list of nodes. Nothing is simplified or merged, so that each
operation of the text is one rounding.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from symloss.atoms.elementary.source import source

_BINARY = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.LShift: "shift_left",
    ast.RShift: "shift_right",
}
_COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
_TYPES = {name: getattr(np, name) for name in ("float32", "float64", "int32", "int64", "uint32", "uint64")}

#: A node's number, or the numbers of a tuple.
Numbers = int | list[int]


class NotUnderstoodError(ValueError):
    """The text has a construct that the graph cannot hold."""


@dataclass(frozen=True)
class Node:
    """One operation: its name, the numbers of its operands, and for constants and conversions the value or type."""

    operation: str
    operands: tuple[int, ...] = ()
    detail: object = None


@dataclass
class Graph:
    """The operations of one function, in order of the text.

    Attributes:
        nodes: each operation; operands have smaller numbers.
        result: the number of what the function returns.
        uses: how often each node is an operand.
        thresholds: the constants that something is compared with.
    """

    nodes: list[Node] = field(default_factory=list)
    result: int = -1
    uses: list[int] = field(default_factory=list)
    thresholds: set[float] = field(default_factory=set)

    def add(self, operation: str, operands: tuple[int, ...] = (), detail: object = None) -> int:
        """Append a node and return its number."""
        self.nodes.append(Node(operation, operands, detail))
        self.uses.append(0)
        for operand in operands:
            self.uses[operand] += 1
        return len(self.nodes) - 1


@cache
def graph_of(name: str, dtype: str) -> Graph:
    """The graph of an elementary function of one argument.

    Raises:
        NotUnderstoodError: the text has a construct that the graph cannot hold.
    """
    texts: dict[str, str] = {}

    def collect(wanted: str) -> None:
        entry = source(wanted, dtype)
        if entry.name not in texts:
            texts[entry.name] = entry.text
            for needed in entry.needs:
                collect(needed)

    collect(name)
    return parse(texts, source(name, dtype).name, dtype)


def parse(texts: Mapping[str, str], name: str, dtype: str) -> Graph:
    """The graph of the function called ``name``, whose text and whose callees' texts are given."""
    graph = Graph()
    functions = {key: _definition(text) for key, text in texts.items()}
    argument = graph.add("input")
    result = _Inliner(graph, functions, dtype).call(name, [argument])
    if not isinstance(result, int):
        raise NotUnderstoodError(f"{name} returns {len(result)} values, one was expected")
    graph.result = result
    for node in graph.nodes:
        if node.operation in _COMPARISONS.values():
            constants = [graph.nodes[operand].detail for operand in node.operands]
            graph.thresholds |= {float(value) for value in constants if isinstance(value, np.floating | float)}
    return graph


def _definition(text: str) -> ast.FunctionDef:
    (definition,) = ast.parse(text).body
    if not isinstance(definition, ast.FunctionDef):
        raise NotUnderstoodError(f"expected one def, got {type(definition).__name__}")
    return definition


class _Inliner:
    """Turns calls into nodes."""

    def __init__(self, graph: Graph, functions: Mapping[str, ast.FunctionDef], dtype: str) -> None:
        self.graph, self.functions, self.float = graph, functions, _TYPES[dtype]

    def call(self, name: str, arguments: list[int]) -> Numbers:
        definition = self.functions[name]
        names: dict[str, int] = dict(zip((a.arg for a in definition.args.args), arguments, strict=True))
        for statement in definition.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())):
                    continue
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    names[target] = self.one(value, names)
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                    values = self.visit(value, names)
                    if isinstance(values, int):
                        raise NotUnderstoodError(f"{name}: one value for {len(targets)} names")
                    for element, number in zip(targets, values, strict=True):
                        names[ast.unparse(element)] = number
                case ast.Return(value=ast.expr() as value):
                    return self.visit(value, names)
                case _:
                    raise NotUnderstoodError(f"{name}: {ast.unparse(statement)}")
        raise NotUnderstoodError(f"{name} has no return")

    def one(self, tree: ast.expr, names: Mapping[str, int]) -> int:
        number = self.visit(tree, names)
        if not isinstance(number, int):
            raise NotUnderstoodError(f"a tuple where one value was expected: {ast.unparse(tree)}")
        return number

    def visit(self, tree: ast.expr, names: Mapping[str, int]) -> Numbers:
        match tree:
            case ast.Name(id=name):
                return names[name]
            case ast.Tuple(elts=elements):
                return [self.one(element, names) for element in elements]
            case ast.Constant(value=int() | float() as value):
                return self.graph.add("constant", detail=self.float(value))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return self.graph.add("constant", detail=self.float(-value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.graph.add("neg", (self.one(operand, names),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self.graph.add(_BINARY[type(op)], (self.one(left, names), self.one(right, names)))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.graph.add(_COMPARISONS[type(op)], (self.one(left, names), self.one(right, names)))
            case ast.IfExp(test=test, body=body, orelse=other):
                operands = self.one(test, names), self.one(body, names), self.one(other, names)
                return self.graph.add("select", operands)
            case ast.Call(func=ast.Name(id="abs"), args=[argument]):
                return self.graph.add("abs", (self.one(argument, names),))
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in self.functions:
                return self.call(name, [self.one(argument, names) for argument in arguments])
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=kind), args=[argument]) if kind in _TYPES:
                return self.typed(kind, argument, names)
            case ast.Call(func=ast.Attribute(value=inner, attr="view"), args=[ast.Attribute(attr=kind)]):
                return self.graph.add("view", (self.one(inner, names),), _TYPES[kind])
        raise NotUnderstoodError(f"unknown construct: {ast.unparse(tree)}")

    def typed(self, kind: str, argument: ast.expr, names: Mapping[str, int]) -> int:
        """``np.float32(0.5)`` is a constant; a conversion of anything else must not change the type."""
        if not any(isinstance(part, ast.Name) and part.id != "np" for part in ast.walk(argument)):
            value = eval(compile(ast.Expression(argument), "constant", "eval"), {"np": np, "__builtins__": {}})
            return self.graph.add("constant", detail=_TYPES[kind](value))
        return self.graph.add("convert", (self.one(argument, names),), _TYPES[kind])
