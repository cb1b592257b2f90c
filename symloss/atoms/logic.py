"""Iverson brackets, their logic, and branches: functions with the values 0 and 1, and a choice by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy import Eq, Ne, Piecewise

from symloss.atoms.atom import Atom
from symloss.atoms.record import BITS, AtomRecord


def bit(condition: Any) -> Any:
    """1 or 0 as an exact integer."""
    return sympy.S.One if condition else sympy.S.Zero


def _difference(a: Any, b: Any) -> Any:
    """a - b where its sign is known: two constants, or integers that differ by a constant. Else None."""
    if a.is_number and b.is_number and not (a.is_infinite and b.is_infinite):
        return a - b
    if a.is_integer and b.is_integer and (a - b).is_Number:
        return a - b
    return None


def _comparison(name: str, symbol: str, relation: Any, decide: Callable[[Any], Any], reflexive: bool) -> AtomRecord:
    def fold(a: Any, b: Any) -> Any:
        if a == b:
            return bit(reflexive)
        difference = _difference(a, b)
        answer = None if difference is None else decide(difference)
        return None if answer is None else bit(answer)

    return AtomRecord(
        name=name,
        arguments=("a", "b"),
        textbook=lambda a, b: Piecewise((1, relation(a, b)), (0, True)),
        derivative=(lambda a, b: 0, lambda a, b: 0),
        exact=lambda a, b: 1 if decide(sympy.Float(a - b) if a != b else sympy.S.Zero) else 0,
        latex=rf"\left[{{0}} {symbol} {{1}}\right]",
        image=BITS,
        kink="slope 0 where its truth changes",
        fold=fold,
    )


class Less(Atom):
    """1 where a < b, else 0."""

    nargs = 2
    record = _comparison("less", "<", sympy.Lt, lambda difference: difference.is_extended_negative, False)


class LessEqual(Atom):
    """1 where a ≤ b, else 0."""

    nargs = 2
    record = _comparison("less_equal", r"\le", sympy.Le, lambda difference: difference.is_extended_nonpositive, True)


class Equal(Atom):
    """1 where a = b, else 0."""

    nargs = 2
    record = _comparison("equal", "=", Eq, lambda difference: difference.is_zero, True)


class NotEqual(Atom):
    """1 where a ≠ b, else 0."""

    nargs = 2
    record = _comparison("not_equal", r"\ne", Ne, lambda difference: difference.is_nonzero, False)


class And(Atom):
    """1 where both conditions are 1. More than two arguments nest to the left."""

    nargs = None
    record = AtomRecord(
        name="and",
        arguments=("a", "b"),
        textbook=lambda a, b: a * b,
        derivative=(lambda a, b: 0, lambda a, b: 0),
        exact=lambda a, b: 1 if a and b else 0,
        latex=r"{0} \wedge {1}",
        image=BITS,
        kink="slope 0: a condition has no derivative",
        monotone=("nondecreasing", "nondecreasing"),
    )

    @classmethod
    def eval(cls, *conditions: Any) -> Any:
        """Nest, and drop constants and repetitions."""
        return _nest(cls, conditions, absorbing=sympy.S.Zero, neutral=sympy.S.One)


class Or(Atom):
    """1 where at least one condition is 1. More than two arguments nest to the left."""

    nargs = None
    record = AtomRecord(
        name="or",
        arguments=("a", "b"),
        textbook=lambda a, b: a + b - a * b,
        derivative=(lambda a, b: 0, lambda a, b: 0),
        exact=lambda a, b: 1 if a or b else 0,
        latex=r"{0} \vee {1}",
        image=BITS,
        kink="slope 0: a condition has no derivative",
        monotone=("nondecreasing", "nondecreasing"),
    )

    @classmethod
    def eval(cls, *conditions: Any) -> Any:
        """Nest, and drop constants and repetitions."""
        return _nest(cls, conditions, absorbing=sympy.S.One, neutral=sympy.S.Zero)


def _nest(cls: Any, conditions: tuple[Any, ...], absorbing: Any, neutral: Any) -> Any:
    if absorbing in conditions:
        return absorbing
    distinct = [condition for condition in dict.fromkeys(conditions) if condition != neutral]
    if not distinct:
        return neutral
    if len(distinct) == 1:
        return distinct[0]
    if len(distinct) == 2:
        return None if len(conditions) == 2 else cls(*distinct)
    return cls(cls(*distinct[:-1]), distinct[-1])


class Not(Atom):
    """1 where the condition is 0, else 0."""

    nargs = 1
    record = AtomRecord(
        name="not",
        arguments=("a",),
        textbook=lambda a: 1 - a,
        derivative=(lambda a: 0,),
        exact=lambda a: 0 if a else 1,
        latex=r"\neg {0}",
        image=BITS,
        kink="slope 0: a condition has no derivative",
        monotone=("nonincreasing",),
        special={(0,): 1, (1,): 0},
    )


class Where(Atom):
    """a where the condition is 1, b where it is 0; the branch that is not taken has no influence, even if infinite."""

    nargs = 3
    record = AtomRecord(
        name="where",
        language="where",
        arguments=("c", "a", "b"),
        textbook=lambda c, a, b: Piecewise((a, Ne(c, 0)), (b, True)),
        derivative=(lambda c, a, b: 0, lambda c, a, b: Where(c, 1, 0), lambda c, a, b: Where(c, 0, 1)),
        exact=lambda c, a, b: a if c else b,
        latex=r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        kink="the slope of the branch that is taken",
        fold=lambda c, a, b: _choose(c, a, b),
        kinked=True,
    )

    def _eval_derivative(self, symbol: Any) -> Any:
        # Selecting, rather than weighting by 0 and 1, keeps an infinite slope of the other branch out.
        condition, a, b = self.args
        return Where(condition, a.diff(symbol), b.diff(symbol))

    def _eval_is_integer(self) -> bool | None:
        return True if self.args[1].is_integer and self.args[2].is_integer else None

    def _eval_is_extended_nonnegative(self) -> bool | None:
        return True if self.args[1].is_extended_nonnegative and self.args[2].is_extended_nonnegative else None

    def _eval_is_extended_positive(self) -> bool | None:
        return True if self.args[1].is_extended_positive and self.args[2].is_extended_positive else None


def _choose(condition: Any, a: Any, b: Any) -> Any:
    if condition.is_Number:
        return b if condition == 0 else a
    return a if a == b else None
