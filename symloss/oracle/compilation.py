"""Statements as Python text over mpmath: one function each, with branches that are really skipped."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Read, SizeSymbol, Statement

_INDENT = "    "


class Compilation:
    """Writes the body of one statement, one named value per distinct sub-expression.

    A value that only a branch needs is computed in that branch, so that what a guard or `Where` rejects is never
    evaluated: a logarithm of a negative number, a gather outside its axis.
    """

    def __init__(self, axes: dict[str, str], names: dict[str, tuple[str, Any]]) -> None:
        """Start with the names of the running indices and a table for constants."""
        self._axes, self.names = axes, names
        self.lines: list[str] = []
        self.depth = 0
        self._count = 0
        self._known: dict[Any, str] = {}

    def line(self, text: str) -> None:
        """Append one line at the current depth."""
        self.lines.append(_INDENT * self.depth + text)

    def _assign(self, text: str) -> str:
        self._count += 1
        self.line(f"v{self._count} = {text}")
        return f"v{self._count}"

    def _constant(self, kind: str, what: Any) -> str:
        """A name for a number or an atom, made anew for each precision and arithmetic."""
        for known, entry in self.names.items():
            if entry == (kind, what):
                return known
        name = f"c{len(self.names)}"
        self.names[name] = kind, what
        return name

    def value(self, expression: Any) -> str:
        """The name of the value of an expression; writes what is needed to compute it."""
        known = self._known.get(expression)
        if known is None:
            known = self._known[expression] = self._write(expression)
        return known

    def _write(self, e: Any) -> str:
        if isinstance(e, Read):
            return self._assign(f"read({e.tensor!r}, {self._tuple(self.index(entry) for entry in e.index)})")
        if isinstance(e, AxisSymbol):
            return self._axes[e.axis]
        if isinstance(e, SizeSymbol):
            return self._assign(f"sizes[{e.axis!r}]")
        if e.is_Integer:
            return f"({int(e)})"
        if e.is_Number or e.is_NumberSymbol:
            return self._constant("number", e)
        if _exact_integers(e):
            return self._assign(f"number({self.index(e, whole=False)})")
        if e.is_Add:
            terms = list(map(self.value, e.args))
            return self._assign(" + ".join(terms) if len(terms) == 2 else f"add({', '.join(terms)})")
        if e.is_Mul:
            return self._assign(" * ".join(map(self.value, e.args)))
        record = record_of(e)
        if record is not None and record.name in _LOGIC:
            return _LOGIC[record.name](self, *e.args)
        if isinstance(e, sympy.Pow):
            if e.exp == -1:
                return self._assign(f"divide(1, {self.value(e.base)})")
            return self._assign(f"power({self.value(e.base)}, {self.value(e.exp)})")
        if type(e) in _OWN:
            return self._assign(f"{_OWN[type(e)]}({', '.join(map(self.value, e.args))})")
        if record is None:
            raise ValueError(f"the interpreter knows no function {type(e).__name__}")
        name = self._constant("atom", record.name)
        return self._assign(f"{name}({', '.join(map(self.value, e.args))})")

    def index(self, e: Any, whole: bool = True) -> str:
        """Python text of an integer expression in exact arithmetic."""
        if isinstance(e, Read | AxisSymbol | SizeSymbol) or e.is_Integer:
            return self.value(e)
        if e.is_Rational:
            return f"Fraction({int(e.p)}, {int(e.q)})"
        if e.is_Add:
            text = " + ".join(self.index(argument, whole=False) for argument in e.args)
        elif e.is_Mul:
            text = " * ".join(self.index(argument, whole=False) for argument in e.args)
        elif isinstance(e, sympy.Pow):
            text = f"exact({self.index(e.base, whole=False)}) ** {self.index(e.exp)}"
        elif isinstance(e, sympy.Mod):
            a, b = (self.index(argument, whole=False) for argument in e.args)
            text = f"({a}) % ({b})"
        elif isinstance(e, sympy.floor):
            text = f"floor({self.index(e.args[0], whole=False)})"
        else:
            text = self.value(e)
        return f"whole({text})" if whole else f"({text})"

    @staticmethod
    def _tuple(entries: Any) -> str:
        items = list(entries)
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"

    def branch(self, condition: str, yes: Any, no: Any) -> str:
        """The value of one of two expressions, of which only that one is computed."""
        self._count += 1
        name = f"v{self._count}"
        for head, expression in ((f"if {condition} != 0:", yes), ("else:", no)):
            self.line(head)
            self.depth += 1
            before = dict(self._known)
            self.line(f"{name} = {self.value(expression)}")
            self._known = before
            self.depth -= 1
        return name

    def _where(self, condition: Any, yes: Any, no: Any) -> str:
        return self.branch(self.value(condition), yes, no)

    def _and(self, a: Any, b: Any) -> str:
        return self.branch(self.value(a), b, sympy.S.Zero)

    def _or(self, a: Any, b: Any) -> str:
        return self.branch(self.value(a), sympy.S.One, b)

    def _not(self, a: Any) -> str:
        return self._assign(f"0 if {self.value(a)} != 0 else 1")


def _relation(symbol: str) -> Callable[..., str]:
    def write(writer: Compilation, a: Any, b: Any) -> str:
        return writer._assign(f"1 if {writer.value(a)} {symbol} {writer.value(b)} else 0")

    return write


#: Logic, which skips what it does not need, by the atom's name.
_LOGIC: dict[str, Callable[..., str]] = {
    "where": Compilation._where,
    "and": Compilation._and,
    "or": Compilation._or,
    "not": Compilation._not,
    "less": _relation("<"),
    "less_equal": _relation("<="),
    "equal": _relation("=="),
    "not_equal": _relation("!="),
}

#: SymPy's own functions, by the name of their mpmath counterpart in a statement's text.
_OWN: dict[Any, str] = {
    sympy.exp: "exponential",
    sympy.log: "logarithm",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.floor: "floor",
    sympy.Mod: "modulo",
}


def _exact_integers(e: Any) -> bool:
    """Whether an expression holds nothing but integers, rationals and arithmetic of these."""
    if isinstance(e, Read | AxisSymbol | SizeSymbol):
        return bool(e.is_integer)
    if e.is_Rational:
        return True
    if e.is_Add or e.is_Mul or isinstance(e, sympy.Mod | sympy.floor):
        return all(map(_exact_integers, e.args))
    return isinstance(e, sympy.Pow) and bool(e.exp.is_Integer) and _exact_integers(e.base)


def whole(value: Fraction | int) -> int:
    """An integer, or an error that says that an index is none."""
    if value != int(value):
        raise IndexError(f"an index is {value}, which is not an integer")
    return int(value)


def exact(value: Fraction | int) -> Fraction:
    """An integer, which a step may hold as a number of another kind, or a fraction, as a fraction."""
    return value if isinstance(value, Fraction) else Fraction(whole(value))


def compile_statement(statement: Statement) -> tuple[str, dict[str, tuple[str, Any]]]:
    """Python text of ``compute(read, sizes, result)`` for one statement, and the numbers and atoms it names."""
    axes = {axis: f"i{position}" for position, axis in enumerate((*statement.out, *statement.over))}
    names: dict[str, tuple[str, Any]] = {}
    writer = Compilation(axes, names)
    writer.line("def compute(read, sizes, result):")
    writer.depth += 1
    for axis in statement.out:
        writer.line(f"for {axes[axis]} in range(sizes[{axis!r}]):")
        writer.depth += 1
    writer.line("values = []")
    outer = writer.depth
    for axis in statement.over:
        writer.line(f"for {axes[axis]} in range(sizes[{axis!r}]):")
        writer.depth += 1
    if statement.guard != 1:
        writer.line(f"if {writer.value(statement.guard)} != 0:")
        writer.depth += 1
    writer.line(f"values.append({writer.value(statement.body)})")
    writer.depth = outer
    index = Compilation._tuple(axes[axis] for axis in statement.out)
    writer.line(f"result[{index}] = reduce(values)")
    return "\n".join(writer.lines), names
