"""Formulas that are wider than a line: parts of them get a symbol and an equation of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from symloss.atoms import Where, record_of
from symloss.latex.width import width
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, exact_arithmetic

Expr = Any

#: What is narrower, in the units of `width`, reads better where it stands.
NARROW = 6.0
#: A symbol with its subscript is about this wide.
_SYMBOL = 3.0
_LETTERS = "abcuvgqrs"
#: One formula is not taken apart any further than this.
_MOST = 12


class Abbreviations:
    """Gives the same part the same symbol on the whole of a page.

    Args:
        program: the program whose names must not be taken.
        printed: an expression as LaTeX.
    """

    def __init__(self, program: Program, printed: Callable[[Expr], str]) -> None:
        """Choose a letter that no name begins with."""
        names = {*program.tensors, *program.axes, *(statement.target for statement in program.statements)}
        heads = {name.lstrip("_").split("_")[0].rstrip("0123456789") for name in names}
        self._letter = next((letter for letter in _LETTERS if letter not in heads), "a")
        self._printed = printed
        self._known: dict[Expr, Statement] = {}

    def taken_apart(self, statement: Statement, fits: Callable[[Statement], bool]) -> Iterator[Statement]:
        """A statement, its widest repeated parts and nested branches named until it fits, then those parts likewise."""
        names: list[Statement] = []
        while not fits(statement) and len(names) < _MOST:
            part = self._part(statement.body)
            if part is None:
                break
            named = self._named(part, statement)
            with exact_arithmetic():
                read = Read(named.target, tuple(AxisSymbol(axis) for axis in named.out))
                statement = replace(statement, body=statement.body.xreplace({part: read}))
            names.append(named)
        yield statement
        used = {read.tensor for read in statement.body.atoms(Read)}
        # The latest first: a part may have vanished from the formula into a larger one that was named after it.
        for named in reversed(names):
            if named.target in used:
                for inner in self.taken_apart(named, fits):
                    used |= {read.tensor for read in inner.body.atoms(Read)}
                    yield inner

    def _named(self, part: Expr, statement: Statement) -> Statement:
        if part not in self._known:
            used = axes_of(part)
            out = tuple(axis for axis in (*statement.out, *statement.over) if axis in used)
            self._known[part] = Statement(f"{self._letter}{len(self._known) + 1}", out, "map", part)
        return self._known[part]

    def _part(self, body: Expr) -> Expr | None:
        """The part whose naming narrows a formula most; None where there is none."""
        counts = Counter(_parts(body))
        columns = set(_branches(body))
        gains: dict[Expr, float] = {}
        for part, count in counts.items():
            wide = width(self._printed(part))
            nested = isinstance(part, Where) and part not in columns
            if wide > NARROW and (count > 1 or nested):
                gains[part] = (count if nested else count - 1) * (wide - _SYMBOL)
        if not gains:
            half = width(self._printed(body)) / 2
            widths = {part: width(self._printed(part)) for part in counts if part not in columns}
            gains = {part: -abs(wide - half) for part, wide in widths.items() if wide > 2 * NARROW}
        return max(gains, key=lambda part: (gains[part], self._printed(part)), default=None)


def _parts(body: Expr) -> Iterator[Expr]:
    """Every proper part that is a real number worth a name, as often as it is written."""
    for part in body.args:
        # A symbol for a symbol, or for a multiple of one, saves nothing.
        if part.as_coeff_Mul()[1].is_Atom:
            continue
        record = record_of(part)
        if record is None or not record.name.startswith(("less", "equal", "not", "and", "or")):
            yield part
        yield from _parts(part)


def _branches(body: Expr) -> Iterator[Expr]:
    """The values of the outermost branches, and what follows them: one display shows them below each other."""
    while isinstance(body, Where):
        _, value, body = body.args
        yield from (value, body)
