"""Losses as LaTeX: expressions, derivations, pages and a book."""

from symloss.latex.documents import book, page, preamble
from symloss.latex.escape import escape
from symloss.latex.expressions import ExpressionPrinter
from symloss.latex.page import derivation_latex
from symloss.latex.statements import StatementPrinter
from symloss.latex.steps import derivation_steps, result

__all__ = [
    "ExpressionPrinter",
    "StatementPrinter",
    "book",
    "derivation_latex",
    "derivation_steps",
    "escape",
    "page",
    "preamble",
    "result",
]
