"""Choices between two numbers: from Python's ``a if condition else b`` to ``_where(condition, a, b)``.

A conditional expression is a branch to Numba, whose analyses grow with the blocks of a function, and a select only once
LLVM has found that it may be one. As a select from the beginning, a first call of a loss over boxes takes a fifth less
time, and loops become vectors that stayed scalar.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

#: Decorators of functions that are compiled.
_COMPILED = {"_jit", "_local", "_in_place", "_inline"}

#: Calls that cost nothing worth a branch.
_CHEAP_CALLS = {"f32", "abs", "_bits", "np.float32", "np.float64", "np.int32", "np.int64", "np.uint32", "np.uint64"}

_CHEAP = (
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.Call,
    ast.IfExp,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.expr_context,
)


def with_selects(text: str) -> str:
    """The text of functions in which those that are compiled choose by ``_where``.

    A choice stays a branch where a side reads an array, which may be about an entry that is not there, calls a function
    that takes long, or divides integers.
    """
    return _Selects(text).text()


@dataclass
class _Selects:
    source: str
    spans: list[tuple[int, int, ast.IfExp]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data = self.source.encode()
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        for function in ast.parse(self.data).body:
            if isinstance(function, ast.FunctionDef) and any(
                isinstance(decorator, ast.Name) and decorator.id in _COMPILED for decorator in function.decorator_list
            ):
                nodes = (node for node in ast.walk(function) if isinstance(node, ast.IfExp))
                self.spans += [(*self.span(node), node) for node in nodes if _cheap(node.body) and _cheap(node.orelse)]
        self.spans.sort(key=lambda span: (span[0], -span[1]))

    def text(self) -> str:
        return self.part(0, len(self.data))

    def part(self, start: int, end: int) -> str:
        """The text between two places, with the outermost choices in it replaced."""
        found, place = "", start
        for first, last, node in self.spans:
            if first >= place and last <= end:
                # A call needs no brackets of its own.
                bare = _bracketed(self.data, first, last) and start < first and last < end
                found += self.data[place : first - bare].decode()
                sides = (self.part(*self.span(side)) for side in (node.test, node.body, node.orelse))
                found += f"_where({', '.join(sides)})"
                place = last + bare
        return found + self.data[place:end].decode()

    def span(self, node: ast.expr) -> tuple[int, int]:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[last - 1] + column


def _bracketed(data: bytes, first: int, last: int) -> bool:
    """Whether brackets that are no call's enclose a part of the text, and nothing else."""
    if data[first - 1 : first] != b"(" or data[last : last + 1] != b")":
        return False
    before = data[first - 2 : first - 1]
    return not (before.isalnum() or before in (b"_", b"]", b")"))


def _cheap(side: ast.expr) -> bool:
    """Whether a side may be computed even where it is not chosen."""
    for node in ast.walk(side):
        if not isinstance(node, _CHEAP) or isinstance(node, ast.FloorDiv | ast.Mod | ast.Pow):
            return False
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in _CHEAP_CALLS:
            return False
    return True
