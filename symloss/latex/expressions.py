"""SymPy expressions of a program as LaTeX: reads as subscripted symbols, atoms by their own records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from symloss.atoms import record_of
from symloss.latex.names import Names, symbol
from symloss.program import Program, Read

#: Comparisons without their Iverson bracket, by record name.
_RELATIONS = {"less": "<", "less_equal": r"\le", "equal": "=", "not_equal": r"\ne"}
_CONNECTIVES = {"and": r"\text{ and }", "or": r"\text{ or }"}


class ExpressionPrinter(LatexPrinter):
    """LaTeX of a statement's body, guard or index.

    Args:
        names: how names are set.
        size: what to print for the length of an axis.
    """

    def __init__(self, names: Names | None = None, size: Callable[[str], str] | None = None) -> None:
        """Prepare for one program."""
        super().__init__({"fold_short_frac": False, "mul_symbol": r" \, "})
        self._names = names or Names()
        self._size = size or size_symbol

    def doprint(self, expr: Any) -> str:
        """The expression as LaTeX; brackets bring their own space, so none is added before them.

        Where an atom adds its argument to something, a negative one is subtracted.
        """
        return str(super().doprint(expr)).replace(r" \, \left", r" \left").replace("+ - ", "- ")

    def _print(self, expr: Any, **options: Any) -> str:
        record = record_of(expr)
        if record is not None and (record.name in _RELATIONS or record.name in _CONNECTIVES or record.name == "not"):
            text = rf"\left[{self.condition(expr)}\right]"
            return text if "exp" not in options else f"{text}^{{{options['exp']}}}"
        if record is not None and record.name == "where":
            return self._cases(expr, **options)
        return str(super()._print(expr, **options))

    def condition(self, expression: Any) -> str:
        """A 0/1 expression as a statement: ``j \\ne y_n``, without the bracket that makes it a number."""
        record = record_of(expression)
        name = "" if record is None else record.name
        if name in _RELATIONS:
            left, right = expression.args
            return f"{self._print(left)} {_RELATIONS[name]} {self._print(right)}"
        if name in _CONNECTIVES:
            return _CONNECTIVES[name].join(self._clause(part) for part in expression.args)
        if name == "not":
            return rf"\text{{not }} {self._clause(expression.args[0])}"
        return rf"{self._print(expression)} \ne 0"

    def _clause(self, expression: Any) -> str:
        record = record_of(expression)
        text = self.condition(expression)
        return text if record is None or record.name in _RELATIONS else rf"\left({text}\right)"

    def branches(self, expression: Any) -> list[tuple[Any, str]]:
        """The values of nested branches, each with its condition as LaTeX; empty for anything else."""
        rows: list[tuple[Any, str]] = []
        while _is_branch(expression):
            chosen, value, expression = expression.args
            rows.append((value, rf"\text{{if }} {self.condition(chosen)}"))
        return [*rows, (expression, r"\text{otherwise}")] if rows else []

    def _cases(self, expression: Any, exp: str | None = None) -> str:
        rows = [f"{self._print(value)} & {condition}" for value, condition in self.branches(expression)]
        text = r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _needs_mul_brackets(self, expr: Any, first: bool = False, last: bool = False) -> bool:
        return _is_branch(expr) or bool(super()._needs_mul_brackets(expr, first, last))

    def _needs_add_brackets(self, expr: Any) -> bool:
        return _is_branch(expr) or bool(super()._needs_add_brackets(expr))

    def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
        """Terms without a minus first, as one writes them: ``z - t``, not ``-t + z``."""
        terms = super()._as_ordered_terms(expr, order)
        return sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))

    def _print_Read(self, expr: Read) -> str:  # noqa: N802
        return self._names.symbol(expr.tensor).latex(tuple(self._print(entry) for entry in expr.index))

    def _print_AxisSymbol(self, expr: Any) -> str:  # noqa: N802
        return symbol(expr.axis).latex()

    def _print_SizeSymbol(self, expr: Any) -> str:  # noqa: N802
        return self._size(expr.axis)

    def _print_Mod(self, expr: Any, exp: str | None = None) -> str:  # noqa: N802
        text = rf"{self.parenthesize_factor(expr.args[0])} \bmod {self.parenthesize_factor(expr.args[1])}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def parenthesize_factor(self, expression: Any) -> str:
        """The expression, in parentheses where it is a sum or a product."""
        text = self._print(expression)
        return rf"\left({text}\right)" if isinstance(expression, sympy.Add | sympy.Mul) else text


def _is_branch(expression: Any) -> bool:
    record = record_of(expression)
    return record is not None and record.name == "where"


def size_symbol(axis: str) -> str:
    """The length of an axis: the capital of a one-letter axis, ``|pixel|`` otherwise."""
    if len(axis) == 1 and axis.islower():
        return axis.upper()
    return rf"\lvert {symbol(axis).latex()} \rvert"


def sizes_of(program: Program) -> Callable[[str], str]:
    """How to print the length of each axis of a program: fixed ones as numbers, shared ones alike."""
    taken = set(program.tensors) | {statement.target for statement in program.statements}

    def size(axis: str) -> str:
        root = program.axes[program.root(axis)]
        if root.size is not None:
            return str(root.size)
        return rf"\lvert {symbol(root.name).latex()} \rvert" if root.name.upper() in taken else size_symbol(root.name)

    return size
