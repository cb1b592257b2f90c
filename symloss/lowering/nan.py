"""Branches whose condition alone reads an input: a comparison with NaN is false, but what depends on a NaN is NaN.

Among real numbers a branch may be any number, so this is no matter of the calculus: a program that is to become loops
gets `KeepNaN` around branches that a NaN leads to. Most need none, because they or what they are multiplied with read
what the condition reads; of those that may need it as few are chosen as keep every NaN in the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import sympy

from symloss.atoms import And, Clamp, Equal, Inside, Less, LessEqual, Not, NotEqual, Or, SlopeAt, Where
from symloss.lowering.functions import KeepNaN, is_integer
from symloss.program import INPUT_ROLES, AxisSymbol, Program, Read, Statement, rename_axes

#: Reads of inputs; an axis that a reduction has bound is `_ANY`.
Reads = frozenset[Read]
_NONE: Reads = frozenset()
_ANY = AxisSymbol("*")
#: By a statement's target, whether it is chosen, and what passes through those that it reads: the statement that keeps
#: NaN, and what passes through it and is lost in it. Most choices that are tried are the same for a statement.
_Known = dict[tuple[str, bool, tuple[tuple[Reads, Reads], ...]], tuple[Statement, tuple[Reads, Reads]]]

_COMPARISONS = (Less, LessEqual, Equal, NotEqual)
_CONDITIONS = (*_COMPARISONS, And, Or, Not)
#: Functions that a NaN passes through in their first argument only.
_FIRST_ONLY = (Clamp, Inside, SlopeAt)


def keep_nan(program: Program) -> Program:
    """The program with every NaN kept that a condition would lose on the way to an output; the same for numbers."""
    known: _Known = {}
    plain = _Keeping(program, frozenset(), known)
    if not plain.lost:
        return program
    chosen = frozenset(statement.target for statement in program.statements)
    best = _Keeping(program, chosen, known)
    if best.lost == plain.lost:
        return program
    # What is done for more entries goes first, then what fewer outputs share.
    order = sorted(enumerate(program.statements), key=lambda p: (len(p[1].out) + len(p[1].over), p[0]), reverse=True)
    for _, statement in order:
        fewer = _Keeping(program, chosen - {statement.target}, known)
        if fewer.lost == best.lost:
            chosen, best = chosen - {statement.target}, fewer
    return best.program


class _Keeping:
    """One choice of statements whose branches keep NaN, and what is lost nevertheless.

    Attributes:
        program: the program with this choice.
        lost: inputs of which a NaN reaches a condition that an output depends on and perhaps not the output.
    """

    def __init__(self, program: Program, chosen: frozenset[str], known: _Known) -> None:
        self._tensors = program.tensors
        self._statements: dict[str, Statement] = {}
        self._of_statement: dict[str, tuple[Reads, Reads]] = {}
        self._known: dict[sympy.Expr, tuple[Reads, Reads]] = {}
        sources = _sources(program)
        whole = {read.tensor for statement in program.statements for read in statement.reads if read.integer}
        keeping = chosen - whole
        for statement in program.statements:
            target = statement.target
            key = target, target in keeping, tuple(self._of_statement[source] for source in sources[target])
            if key not in known:
                known[key] = self._kept_statement(statement, target in keeping)
            self._statements[target], self._of_statement[target] = known[key]
        self.program = program.replacing(statements=tuple(self._statements.values()))
        self.lost = _NONE.union(*(self._of_statement[target][1] for target in set(program.outputs.values())))

    def _kept_statement(self, statement: Statement, keeping: bool) -> tuple[Statement, tuple[Reads, Reads]]:
        """A statement, which keeps NaN if it shall, with the reads that it passes on and those that it may lose."""
        if keeping:
            statement = replace(statement, body=self.keeping(statement.body))
        bound = dict.fromkeys(statement.over, _ANY)
        passed, lost = (_renamed(reads, bound) for reads in self.reads(statement.body))
        # What a guard rejects passes nothing on.
        return statement, (passed if statement.guard == 1 else _NONE, lost)

    # --- rewriting ---------------------------------------------------------------------------------------------------

    def keeping(self, e: sympy.Expr, covered: Reads = _NONE) -> sympy.Expr:
        """An expression that is NaN where a condition in it meets one, `covered` being seen to by what surrounds it."""
        if not e.args or isinstance(e, Read):
            return e
        if isinstance(e, _CONDITIONS):
            return self._kept(e, e, covered)
        if isinstance(e, Where):
            condition, yes, no = e.args[0], self.keeping(e.args[1], covered), self.keeping(e.args[2], covered)
            if _false_of_nan(condition):
                return Where(condition, yes, self._kept(no, condition, covered))
            return self._kept(Where(condition, yes, no), condition, covered)
        parts = [self.reads(argument)[0] for argument in e.args]
        arguments = [
            self.keeping(argument, covered.union(*parts[:place], *parts[place + 1 :]))
            for place, argument in enumerate(e.args)
        ]
        return e if arguments == list(e.args) else e.func(*arguments)

    def _kept(self, e: sympy.Expr, condition: sympy.Expr, covered: Reads) -> sympy.Expr:
        for side in _sides(condition):
            if _without(self.reads(side)[0], covered | self.reads(e)[0]):
                e = KeepNaN(e, side)
        return e

    # --- what passes and what is lost --------------------------------------------------------------------------------

    def reads(self, e: sympy.Expr) -> tuple[Reads, Reads]:
        """The inputs of which a NaN surely makes an expression NaN, and those whose NaN a condition in it may hide."""
        if e not in self._known:
            self._known[e] = self._reads(e)
        return self._known[e]

    def _reads(self, e: sympy.Expr) -> tuple[Reads, Reads]:
        if isinstance(e, Read):
            return self._of_read(e)
        if not e.args or isinstance(e, sympy.Mod | sympy.floor):
            return _NONE, _NONE
        if isinstance(e, _CONDITIONS):
            found = [self.reads(side) for side in _sides(e)]
            return _NONE, _NONE.union(*(passed | lost for passed, lost in found))
        if isinstance(e, Where):
            return self._of_branches(*e.args)
        found = [self.reads(argument) for argument in (e.args[:1] if isinstance(e, _FIRST_ONLY) else e.args)]
        passed = _NONE.union(*(passed for passed, _ in found))
        return passed, _without(_NONE.union(*(lost for _, lost in found)), passed)

    def _of_branches(self, condition: sympy.Expr, yes: sympy.Expr, no: sympy.Expr) -> tuple[Reads, Reads]:
        (by_yes, lost_by_yes), (by_no, lost_by_no) = self.reads(yes), self.reads(no)
        # The condition itself loses all that it compares.
        compared = self.reads(condition)[1]
        passed = _common(by_yes | compared if _false_of_nan(condition) else by_yes, by_no)
        return passed, _without(lost_by_yes | lost_by_no | compared, passed)

    def _of_read(self, read: Read) -> tuple[Reads, Reads]:
        if read.tensor in self._statements:
            places = dict(zip(self._statements[read.tensor].out, read.index, strict=True))
            passed, lost = self._of_statement[read.tensor]
            return _renamed(passed, places), _renamed(lost, places)
        tensor = self._tensors[read.tensor]
        own = tensor.role in INPUT_ROLES and not tensor.domain.integer
        return frozenset((read,) if own else ()), _NONE


def _sources(program: Program) -> dict[str, list[str]]:
    """By target the earlier statements that a statement reads."""
    found: dict[str, list[str]] = {}
    for statement in program.statements:
        found[statement.target] = sorted({read.tensor for read in statement.reads} & set(found))
    return found


def _sides(condition: sympy.Expr) -> Iterator[sympy.Expr]:
    """What a condition compares, but for indices."""
    for argument in condition.args:
        if isinstance(argument, _CONDITIONS):
            yield from _sides(argument)
        elif isinstance(condition, _COMPARISONS) and not is_integer(argument):
            yield argument


def _false_of_nan(condition: sympy.Expr) -> bool:
    """Whether one NaN makes the condition false."""
    if isinstance(condition, And):
        return all(map(_false_of_nan, condition.args))
    return isinstance(condition, Less | LessEqual | Equal)


def _renamed(reads: Reads, axes: Mapping[str, sympy.Expr]) -> Reads:
    return frozenset(rename_axes(read, axes) for read in reads) if axes else reads


def _among(read: Read, reads: Iterable[Read]) -> bool:
    return any(
        other.tensor == read.tensor and all(b in (_ANY, a) for a, b in zip(read.index, other.index, strict=True))
        for other in reads
    )


def _without(reads: Reads, others: Reads) -> Reads:
    return frozenset(read for read in reads if not _among(read, others))


def _common(one: Reads, other: Reads) -> Reads:
    return frozenset([read for read in one if _among(read, other)] + [read for read in other if _among(read, one)])
