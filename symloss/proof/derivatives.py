"""Derivatives of closed terms, by rules of this module's own: the calculus of the kernels has no part in a proof.

A derivative with respect to ``z[a, b]`` is a sum of coefficients, each times the conditions ``index = a`` under which
a read is that element; a sum over an axis that such a condition names loses the axis there and then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute
from symloss.proof.closing import obligations_of
from symloss.proof.terms import Along, Term, along, conjunction, opened

#: Conditions (pairs that must be equal) → coefficient.
Linear = dict[tuple[tuple[Term, Term], ...], Term]


def partial(term: Term, tensor: str, index: tuple[Term, ...]) -> Term:
    """The partial derivative of a term with respect to one element of a tensor.

    Args:
        term: a closed term.
        tensor: an input, a parameter, or a variable.
        index: the element: free running indices, numbers, or labels.
    """

    def leaf(read: Read) -> Linear:
        if read.tensor != tensor:
            return {}
        pairs = []
        for have, want in zip(read.index, index, strict=True):
            same = atoms.Equal(have, want)
            if same == 0:
                return {}
            if same != 1:
                pairs.append((have, want))
        return {tuple(pairs): sympy.S.One}

    return _total(_Differentiation(leaf).linear(term))


def directional(term: Term, directions: dict[str, str]) -> Term:
    """The derivative of a term when each named tensor moves along its direction, another tensor of the same shape."""

    def leaf(read: Read) -> Linear:
        direction = directions.get(read.tensor)
        return {} if direction is None else {(): Read(direction, read.index)}

    return _total(_Differentiation(leaf).linear(term))


def _total(linear: Linear) -> Term:
    parts = []
    for pairs, coefficient in linear.items():
        condition = conjunction(*(atoms.Equal(a, b) for a, b in pairs))
        parts.append(coefficient if condition == 1 else atoms.Where(condition, coefficient, 0))
    return sympy.Add(*parts)


class _Differentiation:
    """One sweep; each distinct sub-term once."""

    def __init__(self, leaf: Callable[[Read], Linear]) -> None:
        self.leaf = leaf
        self.memo: dict[Any, Linear] = {}

    def linear(self, e: Term) -> Linear:
        """The derivative of a term."""
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def _build(self, e: Term) -> Linear:
        if isinstance(e, Read):
            return {} if e.integer else self.leaf(e)
        if isinstance(e, Along):
            return self._along(e)
        if not e.args or isinstance(e, _CONSTANT):
            return {}
        if isinstance(e, sympy.Integral | sympy.Limit):
            if any(self.linear(argument) for argument in _parts(e)):
                raise NotDifferentiableError("the derivative of an integral or of a limit is not supported")
            return {}
        if isinstance(e, sympy.Add):
            return _sum(self.linear(argument) for argument in e.args)
        if isinstance(e, atoms.Where):
            c, yes, no = e.args
            return _choice(c, self.linear(yes), self.linear(no))
        if isinstance(e, atoms.SlopeAt):
            inner, condition, slope = e.args
            derivative = self.linear(inner)
            return _choice(condition, _scaled(derivative, slope), derivative)
        if isinstance(e, atoms.ZeroTimes):
            a, b = e.args
            left = {key: atoms.ZeroTimes(value, b) for key, value in self.linear(a).items()}
            return _sum([left, {key: atoms.ZeroTimes(a, value) for key, value in self.linear(b).items()}])
        inner = [self.linear(argument) for argument in e.args]
        if isinstance(e, atoms.Maximum | atoms.Minimum) and inner[0] == inner[1]:
            return inner[0]
        return _sum(self._chain(e, position, part) for position, part in enumerate(inner) if part)

    def _chain(self, e: Term, position: int, inner: Linear) -> Linear:
        slope = _slope(e.func, len(e.args), position, e.args)
        record = getattr(type(e), "record", None)
        if record is not None and record.kinked and not slope.is_Number:
            return {
                key: slope * value if not obligations_of(value) else atoms.ZeroTimes(slope, value)
                for key, value in inner.items()
            }
        return _scaled(inner, slope)

    def _along(self, e: Along) -> Linear:
        axis, body, guard = opened(e)
        if e.operation in ("all", "any"):
            return {}
        inner = self.linear(body)
        if not inner:
            return {}
        if e.operation == "sum":
            return _summed(axis, inner, guard)
        if e.operation == "logsumexp":
            return _summed(axis, _scaled(inner, sympy.exp(body - e)), guard)
        if e.operation == "norm":
            slope = atoms.Where(atoms.Equal(e, 0), 0, body / e)
            return _summed(axis, _scaled(inner, slope), guard)
        ties = along("sum", axis, atoms.Equal(body, e), guard)
        return _summed(axis, _scaled(inner, atoms.Equal(body, e) / ties), guard)


class NotDifferentiableError(ValueError):
    """A derivative that has no rule."""


_CONSTANT = (
    atoms.Less,
    atoms.LessEqual,
    atoms.Equal,
    atoms.NotEqual,
    atoms.And,
    atoms.Or,
    atoms.Not,
    atoms.StopGradient,
)


def _parts(e: Any) -> tuple[Any, ...]:
    return (e.args[0], *(part for limits in e.args[1:] for part in getattr(limits, "args", (limits,))))


@cache
def _template(function: Any, arity: int, position: int) -> tuple[Any, tuple[Any, ...]]:
    places = tuple(sympy.Dummy(f"a{i}", real=True) for i in range(arity))
    return sympy.diff(function(*places), places[position]), places


def _slope(function: Any, arity: int, position: int, arguments: tuple[Any, ...]) -> Term:
    """The partial derivative of a scalar function at some arguments."""
    if function is sympy.Mul:
        return sympy.Mul(*(a for i, a in enumerate(arguments) if i != position))
    if function is sympy.Pow:
        base, exponent = arguments
        return exponent * base ** (exponent - 1) if position == 0 else base**exponent * sympy.log(base)
    if isinstance(function, type) and issubclass(function, atoms.Atom):
        return function(*arguments, evaluate=False).fdiff(position + 1)
    template, places = _template(function, arity, position)
    return template.xreplace(dict(zip(places, arguments, strict=True)))


def _scaled(linear: Linear, factor: Term) -> Linear:
    return {} if factor == 0 else {key: factor * value for key, value in linear.items()}


def _sum(parts: Any) -> Linear:
    found: dict[Any, list[Term]] = {}
    for part in parts:
        for key, value in part.items():
            found.setdefault(key, []).append(value)
    totals = {key: sympy.Add(*values) for key, values in found.items()}
    return {key: value for key, value in totals.items() if value != 0}


def _choice(condition: Term, yes: Linear, no: Linear) -> Linear:
    return {
        key: atoms.Where(condition, yes.get(key, sympy.S.Zero), no.get(key, sympy.S.Zero))
        for key in dict.fromkeys((*yes, *no))
    }


def _summed(axis: AxisSymbol, inner: Linear, guard: Term) -> Linear:
    """The sum over an axis, which a condition that names the axis eliminates."""
    parts = []
    for pairs, coefficient in inner.items():
        solved = next((want for have, want in pairs if have == axis), None)
        if solved is not None:
            place = {axis: solved}
            rest = _kept((substitute(have, place), want) for have, want in pairs)
            value, admitted = substitute(coefficient, place), substitute(guard, place)
            if rest is not None:
                parts.append({rest: value if admitted == 1 else atoms.Where(admitted, value, 0)})
            continue
        inside = tuple(pair for pair in pairs if axis.axis in axes_of(pair[0]))
        outside = tuple(pair for pair in pairs if pair not in inside)
        admitted = conjunction(guard, *(atoms.Equal(a, b) for a, b in inside))
        parts.append({outside: along("sum", axis, coefficient, admitted)})
    return _sum(parts)


def _kept(pairs: Any) -> tuple[tuple[Term, Term], ...] | None:
    """Conditions without those that are evidently true; None where one is evidently false."""
    kept = []
    for a, b in pairs:
        same = atoms.Equal(a, b)
        if same == 0:
            return None
        if same != 1:
            kept.append((a, b))
    return tuple(kept)
