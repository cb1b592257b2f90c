"""What a line of a trace of limits says, and the comparisons that its rules need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from symloss import atoms
from symloss.program import Tensor
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.terms import Term, tensors_of

FLIPPED = {"+": "-", "-": "+", "=": "=", "": ""}


class NotSoError(Exception):
    """A line says what is not so."""


@dataclass(frozen=True)
class Seen:
    """``term`` tends to ``to``, from a side, where ``under`` (if any) holds.

    Attributes:
        term: the term.
        to: its limit, without what moves.
        side: "=" equal in the end, "+" greater, "-" less, "" not known.
        under: a condition on a running index.
        known: signs of terms under the conditions.
        points: what moves, and to where.
        tensors: every variable.
    """

    term: Term
    to: Term
    side: str
    under: Term | None
    known: Knowledge
    points: Mapping[str, tuple[Term, str]]
    tensors: Mapping[str, Tensor]

    def moves(self, e: Term) -> bool:
        """Whether a term reads what moves."""
        return bool(tensors_of(e) & set(self.points))

    def sign(self, e: Term) -> int | None:
        """The sign of a term without what moves, or None."""
        if e in (sympy.oo, -sympy.oo):
            return 1 if e == sympy.oo else -1
        for form in (e, sympy.expand(e)):
            if form.is_Rational:
                return int(sympy.sign(form))
            for condition, sign in ((atoms.Less(0, form), 1), (atoms.Less(form, 0), -1), (atoms.Equal(form, 0), 0)):
                if self.known.holds(condition):
                    return sign
        return None

    def eventual_sign(self, other: Seen) -> int | None:
        """The sign that the term of a line has in the end, or None."""
        sign = self.sign(other.to)
        return {"+": 1, "-": -1, "=": 0}.get(other.side) if sign == 0 else sign

    def use(self, others: list[Seen]) -> list[Seen]:
        """Lines that hold where this one is to hold."""
        for other in others:
            if other.under is not None and other.under != self.under:
                raise NotToldError("a line rests on one that holds under another condition")
        return others

    def agree(self, to: Term, side: str) -> None:
        """Hold what the line says against what follows.

        Raises:
            NotSoError: it says something else.
            NotToldError: it is not seen to say the same.
        """
        settled(self.to, to, str(self.term))
        derived = "" if to.is_infinite else side
        if self.side in ("", derived):
            return
        if derived and {self.side, derived} != {"+", "="} and {self.side, derived} != {"-", "="}:
            raise NotSoError(f"{self.term} does not tend to {self.to} from the side {self.side}")
        raise NotToldError(f"the side from which {self.term} tends to {self.to} is not seen")


def settled(said: Term, derived: Term, about: str) -> None:
    """See that two limits are the same.

    Raises:
        NotSoError: they are numbers that differ.
        NotToldError: they are not seen to be equal.
    """
    if said == derived:
        return
    if said.is_infinite or derived.is_infinite or (said.is_Rational and derived.is_Rational):
        raise NotSoError(f"the limit of {about} is {derived}, not {said}")
    if not same_term(said, derived):
        raise NotToldError(f"the limit of {about} is {derived}; {said} is not seen to be that")


def same_term(a: Term, b: Term) -> bool:
    """Whether two terms are seen to be equal wherever both have a value."""
    return bool(a == b or sympy.expand(a - b) == 0) or vanishes_for_every_size(a - b)
