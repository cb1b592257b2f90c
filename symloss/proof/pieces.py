"""A term with kinks as smooth terms on closed sets that cover everything.

Each kink splits where its argument changes sign, both sides closed; a value at single points (the sign of 0) is a thin
piece, on which only values count. Near a point only the pieces that hold it matter: so what agrees where pieces meet
holds of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import Tensor
from symloss.proof.closing import Obligation, negation, obligations_of, requirement
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Along, Term, conjunction, tensors_of

#: More pieces than this are not worth pairing.
_MOST = 16


@dataclass(frozen=True)
class Piece:
    """``term`` where all conditions hold.

    Attributes:
        where: weak inequalities ``0 ≤ u`` (equations for a thin piece), so that the piece is closed.
        term: without kinks in the variables.
        thin: only the value counts here; other pieces cover the points as well.
    """

    where: tuple[Term, ...]
    term: Term
    thin: bool = False

    @property
    def switches(self) -> tuple[Term, ...]:
        """What is at least 0 on the piece."""
        return tuple(c.args[1] - c.args[0] for c in self.where if isinstance(c, atoms.LessEqual))


@dataclass(frozen=True)
class _Choice:
    """A condition under which a node has a value."""

    where: tuple[Term, ...]
    value: Term
    thin: bool = False


def pieces(
    term: Term, variables: tuple[str, ...], tensors: Mapping[str, Tensor], hypotheses: tuple[Term, ...] = ()
) -> tuple[Piece, ...] | None:
    """The pieces of a term, or None where a kink stands inside a reduction or there are too many.

    Args:
        term: a closed term.
        variables: the tensors in which the pieces are to be smooth.
        tensors: every variable with its domain, to leave out pieces that are evidently empty.
        hypotheses: conditions for the same purpose.
    """
    names = frozenset(variables)
    done: list[Piece] = []
    open_ones = [Piece((), term)]
    while open_ones:
        one = open_ones.pop(0)
        kink = _first_kink(one, names)
        if kink is None:
            done.append(one)
        else:
            choices = _choices(kink)
            if choices is None:
                return None
            open_ones[:0] = list(_split(one, kink, choices, tensors, hypotheses))
        if len(done) + len(open_ones) > _MOST:
            return None
    if any(_unsplittable(one.term, names) for one in done):
        return None
    return tuple(done)


def _split(
    one: Piece, kink: Term, choices: tuple[_Choice, ...], tensors: Mapping[str, Tensor], hypotheses: tuple[Term, ...]
) -> Iterator[Piece]:
    for choice in choices:
        place = {kink: choice.value}
        where = tuple(c for c in (*(c.xreplace(place) for c in one.where), *choice.where) if c != 1)
        if 0 not in where and not _empty(where, tensors, hypotheses):
            yield Piece(tuple(dict.fromkeys(where)), one.term.xreplace(place), one.thin or choice.thin)


def _empty(where: tuple[Term, ...], tensors: Mapping[str, Tensor], hypotheses: tuple[Term, ...]) -> bool:
    for number, condition in enumerate(where):
        others = where[:number] + where[number + 1 :]
        if Ranges(tensors, (*hypotheses, *others)).holds(negation(condition)):
            return True
    return False


def _first_kink(one: Piece, names: frozenset[str]) -> Any:
    """An innermost node that splits, in a condition or the term."""
    for part in (*one.where, one.term):
        for e in sympy.postorder_traversal(part):
            if isinstance(e, _CONDITIONS) and e in one.where:
                continue
            if type(e) in _RULES and tensors_of(e) & names and _splits(e, names):
                return e
    return None


def _splits(e: Any, names: frozenset[str]) -> bool:
    """Whether the node has a kink in the variables; a choice by a constant has none."""
    if isinstance(e, atoms.Where):
        return bool(tensors_of(e.args[0]) & names)
    return not (isinstance(e, atoms.XLogY | atoms.XOverY | atoms.ZeroTimes) and not tensors_of(e.args[0]) & names)


def _choices(e: Any) -> tuple[_Choice, ...] | None:
    """What a node is where, or None for a node with a bound index (its pieces would depend on the index)."""
    if any("'" in axis for axis in _axes(e)):
        return None
    found: tuple[_Choice, ...] = _RULES[type(e)](*e.args)
    return found


def _axes(e: Any) -> set[str]:
    from symloss.program import axes_of

    bound = {node.axis.axis for node in e.atoms(Along)}
    return set(axes_of(e)) - bound


def _signs(u: Any, above: Any, below: Any, at: Any = None) -> tuple[_Choice, ...]:
    found = [_Choice((atoms.LessEqual(0, u),), above), _Choice((atoms.LessEqual(u, 0),), below)]
    if at is not None:
        found.append(_Choice((atoms.Equal(u, 0),), at, True))
    return tuple(found)


def _larger(a: Any, b: Any) -> tuple[_Choice, ...]:
    return _Choice((atoms.LessEqual(b, a),), a), _Choice((atoms.LessEqual(a, b),), b)


def _smaller(a: Any, b: Any) -> tuple[_Choice, ...]:
    return _Choice((atoms.LessEqual(a, b),), a), _Choice((atoms.LessEqual(b, a),), b)


def _where(condition: Any, yes: Any, no: Any) -> tuple[_Choice, ...]:
    if condition in (0, 1):
        return (_Choice((), yes if condition == 1 else no),)
    if isinstance(condition, atoms.Less | atoms.LessEqual):
        a, b = condition.args
        return _Choice((atoms.LessEqual(a, b),), yes), _Choice((atoms.LessEqual(b, a),), no)
    if isinstance(condition, atoms.Equal):
        return _Choice((), no), _Choice((condition,), yes, True)
    if isinstance(condition, atoms.NotEqual):
        return _Choice((), yes), _Choice((atoms.Equal(*condition.args),), no, True)
    if isinstance(condition, atoms.And):
        first, *rest = condition.args
        return (_Choice((), atoms.Where(first, atoms.Where(_joined(atoms.And, rest), yes, no), no)),)
    if isinstance(condition, atoms.Or):
        first, *rest = condition.args
        return (_Choice((), atoms.Where(first, yes, atoms.Where(_joined(atoms.Or, rest), yes, no))),)
    if isinstance(condition, atoms.Not):
        return (_Choice((), atoms.Where(condition.args[0], no, yes)),)
    return (_Choice((), atoms.Where(atoms.NotEqual(condition, 0), yes, no)),)


def _joined(kind: Any, parts: list[Any]) -> Any:
    return kind(*parts) if len(parts) > 1 else parts[0]


_RULES: dict[Any, Any] = {
    atoms.Absolute: lambda u: _signs(u, u, -u),
    atoms.Relu: lambda u: _signs(u, u, sympy.S.Zero),
    atoms.Ramp: lambda u: _signs(u, u, sympy.S.Zero),
    atoms.Sign: lambda u: _signs(u, sympy.S.One, sympy.S.NegativeOne, sympy.S.Zero),
    atoms.Step: lambda u: _signs(u, sympy.S.One, sympy.S.Zero),
    atoms.HalfStep: lambda u: _signs(u, sympy.S.One, sympy.S.Zero, sympy.S.Half),
    atoms.Maximum: _larger,
    atoms.Minimum: _smaller,
    atoms.Clamp: lambda x, lo, hi: (_Choice((), atoms.Minimum(atoms.Maximum(x, lo), hi)),),
    atoms.Where: _where,
    atoms.SlopeAt: lambda f, c, s: (_Choice((), f),),
    atoms.StopGradient: lambda f: (_Choice((), f),),
    atoms.XLogY: lambda x, y: (_Choice((), x * sympy.log(y)),),
    atoms.XOverY: lambda x, y: (_Choice((), x / y),),
    atoms.ZeroTimes: lambda a, b: (_Choice((), a * b),),
}
_CONDITIONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)


def _unsplittable(term: Term, names: frozenset[str]) -> bool:
    """Whether a kink is left that no split removes."""
    for e in sympy.preorder_traversal(term):
        if not e.args or not tensors_of(e) & names:
            continue
        if isinstance(e, Along):
            if e.operation not in ("sum", "logsumexp") or tensors_of(e.guard) & names:
                return True
        elif isinstance(e, atoms.Where):
            if tensors_of(e.args[0]) & names:
                return True
        elif isinstance(e, sympy.Integral | sympy.Limit):
            return True
        elif not isinstance(e, _SMOOTH):
            record = record_of(e)
            if record is None or record.kink:
                return True
    return False


_SMOOTH = (sympy.Add, sympy.Mul, sympy.Pow, atoms.XLogY, atoms.XOverY, atoms.ZeroTimes)


def interior(term: Term, variables: Iterable[str]) -> tuple[Obligation, ...]:
    """Where a term without kinks is infinitely often differentiable in some tensors.

    Every argument that reads them must lie inside an open domain; whether the rest is defined is asked elsewhere.
    """
    names = frozenset(variables)

    def asked(e: Any) -> Term:
        return _open_requirement(e) if tensors_of(e) & names else sympy.S.One

    return obligations_of(term, asked)


def _open_requirement(e: Any) -> Term:
    if isinstance(e, sympy.Pow) and not e.exp.is_Integer:
        return sympy.S.One if e.base.is_positive else atoms.Less(0, e.base)
    need = requirement(e)
    record = record_of(e)
    if record is None or isinstance(e, sympy.Pow | atoms.XLogY | atoms.XOverY):
        return need
    for argument, domain in zip(e.args, record.domains, strict=False):
        if not isinstance(domain, sympy.Interval) or domain == sympy.S.Reals:
            continue
        ends = ((domain.start, argument, domain.left_open), (argument, domain.end, domain.right_open))
        for low, high, is_open in ends:
            if not is_open:
                need = conjunction(need, atoms.Less(low, high))
    return need
