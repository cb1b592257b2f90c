"""Statements of a program as LaTeX equations, broken into lines that fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sympy

from symloss.latex.abbreviations import Abbreviations
from symloss.latex.expressions import ExpressionPrinter, sizes_of
from symloss.latex.names import Names, symbol
from symloss.latex.width import width
from symloss.program import Program, Statement

#: A line of a display, the left side included, holds about this many digits of ordinary size (`width`).
LINE_WIDTH = 82.0
#: However wide its left side is, a formula gets so much.
_LEAST = 40.0
#: Parentheses around several lines, and the space by which these are moved in.
_ENCLOSING = 6.0

_BIG = {"sum": r"\sum", "max": r"\max", "min": r"\min"}


@dataclass(frozen=True)
class Equation:
    """A left side and the lines of a right side; the pieces are joined by alignment at the relation."""

    left: str
    lines: tuple[str, ...]

    def latex(self) -> str:
        """The body of an ``aligned`` environment."""
        return f"{self.left} &= " + " \\\\\n&\\quad ".join(self.lines)


class StatementPrinter:
    """Prints the statements of one program."""

    def __init__(
        self,
        program: Program,
        declared: Collection[str] | None = None,
        abbreviations: Abbreviations | None = None,
    ) -> None:
        """Prepare for one program.

        Args:
            program: the program.
            declared: the names that its specification gave (see `Names`).
            abbreviations: those of the page, where printers of several programs share them.
        """
        self.program = program
        self.size = sizes_of(program)
        self.names = Names(declared)
        self.expressions = ExpressionPrinter(self.names, self.size)
        self._abbreviations = abbreviations or Abbreviations(program, self.expressions.doprint)
        self._room = LINE_WIDTH

    def target(self, name: str, axes: tuple[str, ...]) -> str:
        """The left side of a statement, or an input at its running indices."""
        return self.names.symbol(name).latex(tuple(symbol(axis).latex() for axis in axes))

    def equation(self, statement: Statement, left: str | None = None) -> Equation:
        """A statement as an equation; ``left`` replaces its own left side."""
        left = left or self.target(statement.target, statement.out)
        self._room = max(LINE_WIDTH - width(left) - 3, _LEAST)
        return Equation(left, self.right(statement))

    def equations(self, statement: Statement, left: str | None = None) -> list[Equation]:
        """A statement as an equation whose lines fit, and those of the symbols that it needs for that."""
        left = left or self.target(statement.target, statement.out)
        whole = statement.target

        def equation(part: Statement) -> Equation:
            return self.equation(part, left if part.target == whole else None)

        def fits(part: Statement) -> bool:
            lines = equation(part).lines
            return max(map(width, lines)) <= self._room

        return [equation(part) for part in self._abbreviations.taken_apart(statement, fits)]

    def right(self, statement: Statement) -> tuple[str, ...]:
        """The right side of a statement, in lines."""
        if statement.operation == "map":
            return self.broken(statement.body)
        body = self.expressions.doprint(statement.body)
        bounds = self._bounds(statement)
        if statement.operation == "sum":
            return self._big(rf"\sum{bounds}", statement.body)
        if statement.operation in _BIG:
            return (rf"{_BIG[statement.operation]}{bounds} {self._bracketed(statement.body, body)}",)
        if statement.operation == "logsumexp":
            return (rf"\log \sum{bounds} \exp\left({body}\right)",)
        squared = rf"{body}^{{2}}" if statement.body.is_Symbol else rf"\left({body}\right)^{{2}}"
        return (rf"\sqrt{{\sum{bounds} {squared}}}",)

    def broken(self, expression: sympy.Expr) -> tuple[str, ...]:
        """An expression in lines, broken between terms, in products and in branches where it is too wide for one."""
        whole = self.expressions.doprint(expression)
        if width(whole) <= self._room:
            return (whole,)
        if isinstance(expression, sympy.Mul):
            return self._broken_product(expression) or (whole,)
        if isinstance(expression, sympy.Add):
            return self._broken_sum(expression)
        branches = self.expressions.branches(expression)
        return (self._broken_branches(branches),) if branches else (whole,)

    def _broken_sum(self, expression: sympy.Expr) -> tuple[str, ...]:
        lines: list[str] = []
        for term in self.expressions._as_ordered_terms(expression):
            first, *others = self.broken(term)
            signed = first if first.startswith("-") or not lines else f"+ {first}"
            if lines and not others and width(lines[-1]) + width(signed) <= self._room:
                lines[-1] += f" {signed}"
            else:
                lines += [signed, *others]
        return tuple(lines)

    def _broken_product(self, product: sympy.Expr) -> tuple[str, ...]:
        """A product that is wide because of one factor, with that one broken into lines; empty if there is none."""
        wide = [f for f in product.args if isinstance(f, sympy.Add) or self.expressions.branches(f)]
        if not wide:
            return ()
        widest = max(wide, key=lambda factor: width(self.expressions.doprint(factor)))
        rest = sympy.Mul(*(factor for factor in product.args if factor is not widest))
        operator = {"1": "", "-1": "-"}.get(str(rest), self.expressions.doprint(rest))
        if isinstance(rest, sympy.Add):
            operator = rf"\left({operator}\right)"
        room, self._room = self._room, max(self._room - width(operator) - _ENCLOSING, _LEAST)
        lines = self.broken(widest)
        self._room = room
        return self._enclosed(operator, lines)

    def _broken_branches(self, branches: list[tuple[sympy.Expr, str]]) -> str:
        """Cases whose values may take several lines."""
        rows = []
        for value, condition in branches:
            first, *others = self.broken(value)
            if others:
                inner = r" \\ & \quad ".join([first, *others])
                first = rf"\begin{{aligned}}[t] & {inner} \end{{aligned}}"
            rows.append(rf"{first} & {condition}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    @staticmethod
    def _enclosed(operator: str, lines: tuple[str, ...]) -> tuple[str, ...]:
        """``operator ( lines )`` with parentheses that may stand on different lines."""
        if len(lines) == 1:
            return (rf"{operator} \left({lines[0]}\right)",)
        first, *middle, last = lines
        return (rf"{operator} \Bigl( {first}", *(rf"\qquad {line}" for line in middle), rf"\qquad {last} \Bigr)")

    def _big(self, operator: str, body: sympy.Expr) -> tuple[str, ...]:
        lines = self.broken(body)
        if len(lines) == 1:
            return (f"{operator} {self._bracketed(body, lines[0])}",)
        return self._enclosed(operator, lines)

    @staticmethod
    def _bracketed(body: sympy.Expr, text: str) -> str:
        needs = isinstance(body, sympy.Add) or text.startswith("-")
        return rf"\left({text}\right)" if needs else text

    def _bounds(self, statement: Statement) -> str:
        """``_{k=0}^{K-1}``; with a guard, the range and the guard under the sign."""
        if len(statement.over) == 1 and statement.guard == 1 and statement.operation in ("sum", "logsumexp", "norm"):
            axis = statement.over[0]
            return f"_{{{symbol(axis).latex()}=0}}^{{{_less_one(self.size(axis))}}}"
        rows = [self._range(axis) for axis in statement.over]
        if statement.guard != 1:
            rows.append(self.expressions.condition(statement.guard))
        stacked = r" \\ ".join(rows)
        return f"_{{{stacked}}}" if len(rows) == 1 else rf"_{{\substack{{{stacked}}}}}"

    def _range(self, axis: str) -> str:
        return rf"0 \le {symbol(axis).latex()} < {self.size(axis)}"


def _less_one(size: str) -> str:
    return str(int(size) - 1) if size.isdigit() else f"{size}-1"
