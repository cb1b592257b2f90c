"""Statements as text, in the words of the specification language."""

from __future__ import annotations

from typing import Any

from sympy.printing.str import StrPrinter

from symloss.atoms import record_of
from symloss.program import Statement

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

    def _print_Function(self, expr: Any) -> str:  # noqa: N802
        record = record_of(expr)
        if record is None:
            return str(super()._print_Function(expr))
        arguments = [self._print(argument) for argument in expr.args]
        if record.name in _INFIX:
            return f"({_INFIX[record.name].join(arguments)})"
        if record.name == "where":
            arguments[0] = _bare(arguments[0])
        if record.name == "zero_times":
            return "*".join(f"({text})" if " " in text else text for text in arguments)
        return f"{record.language or record.name}({', '.join(arguments)})"

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        terms = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))


def statement_text(statement: Statement) -> str:
    """``t1[n] = logsumexp[k, k != y[n]](z[n, k])``."""
    printer = _PlainPrinter()
    left = f"{statement.target}[{', '.join(statement.out)}]" if statement.out else statement.target
    body = printer.doprint(statement.body)
    if statement.operation == "map":
        return f"{left} = {body}"
    guard = [] if statement.guard == 1 else [_bare(printer.doprint(statement.guard))]
    return f"{left} = {statement.operation}[{', '.join([*statement.over, *guard])}]({body})"


def _bare(text: str) -> str:
    """A condition without the parentheses that it needs as a part of something else."""
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text
