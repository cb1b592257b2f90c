"""A term with kinks as smooth terms on closed sets, taken apart once more, and the evidence's pieces held against them.

A kink splits where its argument changes sign and both sides are closed, so that the pieces cover everything. A value at
single points (the sign of 0) is a thin piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.closing import negation
from symloss.proof.goals import Goal
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.terms import Along, Term, tensors_of

_MOST = 40
Choice = tuple[tuple[Term, ...], Term, bool]


class NotToldError(Exception):
    """What the re-check cannot tell."""


@dataclass(frozen=True)
class Piece:
    """``term`` where all conditions hold; of a thin piece only values count."""

    where: tuple[Term, ...]
    term: Term
    thin: bool = False

    @property
    def switches(self) -> tuple[Term, ...]:
        """What is at least 0 on the piece."""
        return tuple(c.args[1] - c.args[0] for c in self.where if isinstance(c, atoms.LessEqual))


def said_pieces(goal: Goal, term: Term, variables: tuple[str, ...], said: Any) -> list[Piece]:
    """The pieces of a term in the order in which evidence lists them.

    Args:
        goal: the goal that the term stands in.
        term: a closed term.
        variables: the tensors in which the pieces are smooth.
        said: the list ``pieces`` of the evidence.

    Raises:
        NotToldError: a piece of the evidence is none that is found here.
        ValueError: a piece that may hold points is missing.
    """
    found = list(dict.fromkeys(_taken_apart(Piece((), term), frozenset(variables))))
    by_text = {(tuple(map(str, one.where)), str(one.term)): one for one in found}
    listed = []
    for entry in said:
        one = by_text.get((tuple(entry["where"]), entry["term"]))
        if one is None:
            raise NotToldError(f"the re-check finds no piece {entry['term']} where {entry['where']}")
        listed.append(one)
    for one in found:
        if one not in listed and not excluded(goal, one.where):
            raise ValueError(f"the piece {one.term} is missing")
    return listed


def excluded(goal: Goal, where: tuple[Term, ...]) -> bool:
    """Whether conditions, with the goal's hypotheses, are seen to contradict each other."""
    if 0 in where:
        return True
    for condition in (*goal.hypotheses, *where):
        others = [c for c in (*goal.hypotheses, *where) if c != condition]
        if Knowledge(goal.tensors, others).holds(negation(condition)):
            return True
    return False


def _taken_apart(one: Piece, names: frozenset[str]) -> Iterator[Piece]:
    done, waiting = 0, [one]
    while waiting:
        here = waiting.pop()
        kink = _kink(here, names)
        if kink is None:
            done += 1
            yield here
        else:
            waiting += list(_sides(here, kink))
        if done + len(waiting) > _MOST:
            raise NotToldError("too many pieces")


def _sides(one: Piece, kink: Any) -> Iterator[Piece]:
    for where, value, thin in _SPLITS[type(kink).__name__](*kink.args):
        place = {kink: value}
        conditions = dict.fromkeys((*(c.xreplace(place) for c in one.where), *where))
        yield Piece(tuple(c for c in conditions if c != 1), one.term.xreplace(place), one.thin or thin)


def _kink(one: Piece, names: frozenset[str]) -> Any:
    """An innermost part with a kink in the variables."""
    for whole in (*one.where, one.term):
        for e in sympy.postorder_traversal(whole):
            name = type(e).__name__
            if name not in _SPLITS or not tensors_of(e) & names:
                continue
            read = e.args[0] if name in ("Where", "XLogY", "XOverY", "ZeroTimes") else e
            if not tensors_of(read) & names:
                continue
            if any("'" in axis.axis for axis in e.atoms() if type(axis).__name__ == "AxisSymbol"):
                raise NotToldError("a kink inside a reduction")
            if any(isinstance(part, Along) for part in sympy.preorder_traversal(e)):
                raise NotToldError("a kink around a reduction")
            return e
    return None


def _by_sign(u: Any, above: Any, below: Any, *at: Any) -> list[Choice]:
    sides: list[Choice] = [((atoms.LessEqual(0, u),), above, False), ((atoms.LessEqual(u, 0),), below, False)]
    return sides + [((atoms.Equal(u, 0),), value, True) for value in at]


def _by_order(a: Any, b: Any, at_least: Any, at_most: Any) -> list[Choice]:
    return [((atoms.LessEqual(b, a),), at_least, False), ((atoms.LessEqual(a, b),), at_most, False)]


def _branch(condition: Any, yes: Any, no: Any) -> list[Choice]:
    name = type(condition).__name__
    if condition in (0, 1):
        return [((), yes if condition == 1 else no, False)]
    a = condition.args[0]
    b = condition.args[1] if len(condition.args) > 1 else None
    if name in ("Less", "LessEqual"):
        return _by_order(b, a, yes, no)
    if name == "Equal":
        return [((), no, False), ((condition,), yes, True)]
    if name == "NotEqual":
        return [((), yes, False), ((atoms.Equal(a, b),), no, True)]
    if name == "Not":
        return [((), atoms.Where(a, no, yes), False)]
    if name in ("And", "Or"):
        rest = condition.func(*condition.args[1:]) if len(condition.args) > 2 else b
        inner = atoms.Where(rest, yes, no)
        return [((), atoms.Where(a, inner, no) if name == "And" else atoms.Where(a, yes, inner), False)]
    raise NotToldError(f"a branch by {name}")


_SPLITS: Mapping[str, Any] = {
    "Absolute": lambda u: _by_sign(u, u, -u),
    "Relu": lambda u: _by_sign(u, u, sympy.S.Zero),
    "Ramp": lambda u: _by_sign(u, u, sympy.S.Zero),
    "Sign": lambda u: _by_sign(u, sympy.S.One, sympy.S.NegativeOne, sympy.S.Zero),
    "Step": lambda u: _by_sign(u, sympy.S.One, sympy.S.Zero),
    "HalfStep": lambda u: _by_sign(u, sympy.S.One, sympy.S.Zero, sympy.S.Half),
    "Maximum": lambda a, b: _by_order(a, b, a, b),
    "Minimum": lambda a, b: _by_order(a, b, b, a),
    "Clamp": lambda x, low, high: [((), atoms.Minimum(atoms.Maximum(x, low), high), False)],
    "Where": _branch,
    "SlopeAt": lambda f, c, s: [((), f, False)],
    "StopGradient": lambda f: [((), f, False)],
    "XLogY": lambda x, y: [((), x * sympy.log(y), False)],
    "XOverY": lambda x, y: [((), x / y, False)],
    "ZeroTimes": lambda a, b: [((), a * b, False)],
}
