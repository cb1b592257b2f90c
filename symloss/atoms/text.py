"""Expressions as text, in the words of the specification language."""

from __future__ import annotations

from typing import Any

from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from symloss.atoms.record import record_of

_INFIX = {
    "less": " < ",
    "less_equal": " <= ",
    "equal": " == ",
    "not_equal": " != ",
    "and": " and ",
    "or": " or ",
}


class _PlainPrinter(StrPrinter):
    """SymPy's text, with functions as the specification language calls them and positive terms first."""

    # SymPy's functions print themselves by their class where a printer asks them to; this one does not ask.
    printmethod = "_symloss_text"

    def parenthesize(self, item: Any, level: int, strict: bool = False) -> str:
        """A part of something that binds as `level` says; a pair, though a function, is written as a product."""
        record = record_of(item)
        binds = PRECEDENCE["Mul"]
        if record is not None and record.name == "zero_times" and (binds < level or (not strict and binds == level)):
            return f"({self._print(item)})"
        return str(super().parenthesize(item, level, strict))

    def _print_Function(self, expr: Any) -> str:  # noqa: N802
        record = record_of(expr)
        if record is None:
            return str(super()._print_Function(expr))
        arguments = [self._print(argument) for argument in expr.args]
        if record.name in _INFIX:
            return f"({_INFIX[record.name].join(arguments)})"
        if record.name == "not":
            return f"(not {arguments[0]})"
        if record.name == "where":
            arguments[0] = bare(arguments[0])
        if record.name == "zero_times":
            return "*".join(f"({text})" if " " in text else text for text in arguments)
        return f"{record.language or record.name}({', '.join(arguments)})"

    # The printer goes by the names of classes, and SymPy has connectives of its own under these.
    _print_And = _print_Or = _print_Not = _print_Function  # noqa: N815

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        terms = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))


def plain(expression: Any) -> str:
    """``where(abs(e[n]) <= delta, e[n]**2/2, 0)``: an expression as a specification would have it."""
    return str(_PlainPrinter().doprint(expression))


def bare(text: str) -> str:
    """A condition without the parentheses that it needs as a part of something else."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:-1] if place == len(text) - 1 and text.startswith("(") else text
    return text
