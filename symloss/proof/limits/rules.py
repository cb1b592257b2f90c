"""Limits of closed terms by rules, with a trace: what a term tends to, and from which side.

Finite limits are terms without the variables that move; signs of such terms come from ranges, and where a sign is not
known the caller splits into cases. A reduction over an axis is a finite sum, for every size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import sympy

from symloss import atoms
from symloss.program import Read, Tensor, axes_of
from symloss.proof.limits.arithmetic import power_rule, product_rule, sum_rule
from symloss.proof.limits.choices import COMPARISONS, along_rule, holds_in_the_end, where_rule, without_logsumexp
from symloss.proof.limits.dominance import Dominance, NoLimitError, rewritten
from symloss.proof.limits.functions import atom_rule, guarded_rule
from symloss.proof.limits.trace import OO, Line, SplitError
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Along, Term, tensors_of


class Limits:
    """Limits of terms as some variables move to their points, under conditions that do not mention these variables.

    Args:
        points: per tensor that moves the point and the side.
        ranges: signs of terms under the hypotheses.
        tensors: every variable with its domain.
    """

    def __init__(
        self, points: Mapping[str, tuple[Term, str]], ranges: Ranges, tensors: Mapping[str, Tensor], depth: int = 0
    ) -> None:
        self.points, self.ranges, self.tensors, self.depth = points, ranges, tensors, depth
        self.lines: list[Line] = []
        self.memo: dict[Any, int] = {}

    def line(self, e: Term) -> int:
        """The number of the line about a term.

        Raises:
            NoLimitError: the rules do not tell.
            SplitError: cases must be told apart.
        """
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def forget(self, before: int) -> None:
        """Drop the lines of an attempt that failed."""
        del self.lines[before:]
        self.memo = {term: line for term, line in self.memo.items() if line < before}

    def adopt(self, lines: Iterable[Line], **more: Any) -> int:
        """Append the lines of a trace of its own; the number that is added to theirs."""
        offset = len(self.lines)
        for one in lines:
            moved = tuple(i + offset for i in one.rests_on)
            self.lines.append(Line(one.term, one.to, one.side, one.rule, moved, {**one.more, **more}))
        return offset

    def say(self, e: Term, to: Term, side: str, rule: str, *rests_on: int, **more: Any) -> int:
        """Append a line; its number."""
        if to in (OO, -OO):
            side = ""
        self.lines.append(Line(e, to, side, rule, rests_on, more))
        return len(self.lines) - 1

    def moves(self, e: Term) -> bool:
        """Whether a term reads a variable that moves."""
        return bool(tensors_of(e) & set(self.points))

    def _build(self, e: Any) -> int:
        if not self.moves(e):
            known = None if e.is_infinite else self.ranges.range(e)
            if known is None or not known.finite:
                raise NoLimitError(f"{e} may have no value")
            return self.say(e, e, "=", "constant")
        if isinstance(e, Read):
            to, side = self.points[e.tensor]
            return self.say(e, to, side, "variable")
        before = len(self.lines)
        try:
            return self._by_rule(e)
        except NoLimitError:
            self.forget(before)
        return self._by_dominance(e)

    def _by_rule(self, e: Any) -> int:
        if isinstance(e, sympy.exp):
            merged = without_logsumexp(e)
            if merged is not None:
                return self.same(e, merged)
        if isinstance(e, COMPARISONS | atoms.And | atoms.Or | atoms.Not):
            holds, rests_on = holds_in_the_end(self, e)
            return self.say(e, sympy.Integer(int(holds)), "=", "branch", *rests_on)
        if isinstance(e, atoms.SlopeAt | atoms.StopGradient):
            return self.same(e, e.args[0])
        for kinds, rule in _RULES:
            if isinstance(e, kinds):
                found: int = rule(self, e)
                return found
        return atom_rule(self, e)

    def same(self, e: Term, other: Term) -> int:
        """The limit of an equal term."""
        inner = self.line(other)
        found = self.lines[inner]
        return self.say(e, found.to, found.side, "same", inner, rewritten=str(other))

    def _by_dominance(self, e: Any) -> int:
        single = self._single_mover(e)
        if single is None:
            raise NoLimitError(f"no rule for {e}")
        other = rewritten(e, self.ranges)
        if other != e and other.count_ops() <= 4 * e.count_ops() + 40:
            try:
                # The rules once more, on the quotient that the definitions of the atoms give.
                return self._same_by_rules(e, other)
            except NoLimitError:
                pass
        variable, (point, side) = single
        found = Dominance(variable, point, side).leading(other)
        if found is None:
            raise NoLimitError(f"{e} is no quotient of sums of monomials")
        to, from_side = found.limit(self.sign)
        return self.say(e, to, from_side, "dominance", leading=found.as_json(), rewritten=str(other))

    def _same_by_rules(self, e: Term, other: Term) -> int:
        before = len(self.lines)
        try:
            inner = self._by_rule(other) if self.moves(other) else self.line(other)
        except NoLimitError:
            self.forget(before)
            raise
        found = self.lines[inner]
        return self.say(e, found.to, found.side, "same", inner, rewritten=str(other))

    def _single_mover(self, e: Term) -> tuple[Read, tuple[Term, str]] | None:
        reads = [read for read in e.atoms(Read) if read.tensor in self.points]
        return (reads[0], self.points[reads[0].tensor]) if len(reads) == 1 else None

    # --- signs --------------------------------------------------------------------------------------------------------

    def sign(self, e: Term) -> int:
        """The sign of a limit.

        Raises:
            SplitError: it is not known.
        """
        if e in (OO, -OO):
            return 1 if e == OO else -1
        expanded = sympy.expand(e)
        for form in (e, expanded):
            found = self.ranges.range(form)
            if found is None:
                continue
            if found.above(0, True):
                return 1
            if found.below(0, True):
                return -1
            if form == 0 or (found.low == found.high == 0):
                return 0
        core = _core(expanded if expanded.is_Mul or not e.is_Mul else e)
        self.split((atoms.Less(0, core), atoms.Equal(core, 0), atoms.Less(core, 0)))

    def split(self, conditions: tuple[Term, ...]) -> NoReturn:
        """Ask for cases, unless they differ from item to item of a reduction."""
        if any("~" in axis for axis in axes_of(conditions[0])):
            raise NoLimitError(f"{conditions[0]} differs from item to item")
        raise SplitError(conditions)

    def known_sign(self, e: Term) -> int | None:
        """The sign of a limit, or None."""
        try:
            return self.sign(e)
        except (SplitError, NoLimitError):
            return None

    def eventual_sign(self, one: Line) -> int | None:
        """The sign that a term has in the end; None where it is not known or 0."""
        known = self.known_sign(one.to)
        if known:
            return known
        return {"+": 1, "-": -1}.get(one.side) if known == 0 else None

    def sign_in_the_end(self, number: int) -> int:
        """The sign that the term of a line has in the end."""
        found = self.lines[number]
        known = self.sign(found.to)
        if known:
            return known
        if found.side == "":
            raise NoLimitError("a term that tends to 0 from no known side")
        return {"+": 1, "-": -1, "=": 0}[found.side]


_RULES: tuple[tuple[Any, Any], ...] = (
    (sympy.Add, sum_rule),
    (sympy.Mul, product_rule),
    (sympy.Pow, power_rule),
    (Along, along_rule),
    (atoms.Where, where_rule),
    ((atoms.XLogY, atoms.ZeroTimes, atoms.XOverY), guarded_rule),
)


def _core(e: Term) -> Term:
    """A simpler term that is 0 where this one is: without numeric factors and absolute values."""
    _, part = e.as_coeff_Mul()
    while isinstance(part, atoms.Absolute):
        part = part.args[0]
    return part
