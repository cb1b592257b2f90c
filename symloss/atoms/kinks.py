"""Functions with a kink or a jump, each with the slope that is declared there."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Eq, Piecewise

from symloss.atoms.atom import Atom
from symloss.atoms.logic import Less, Where, bit
from symloss.atoms.record import BITS, NONNEGATIVE, AtomRecord


def _number(function: Any) -> Any:
    """Fold by `function` where every argument is a real constant."""

    def fold(*arguments: Any) -> Any:
        known = all(argument.is_number and argument.is_extended_real for argument in arguments)
        return function(*arguments) if known else None

    return fold


def _sign(x: Any) -> Any:
    return bit(x > 0) - bit(x < 0)


def _half_step(x: Any) -> Any:
    return (1 + _sign(x)) / sympy.S(2)


class Absolute(Atom):
    """|x|, with slope 0 at 0."""

    nargs = 1
    record = AtomRecord(
        name="abs",
        language="abs",
        arguments=("x",),
        textbook=lambda x: Piecewise((x, x > 0), (-x, x < 0), (0, True)),
        derivative=(lambda x: Sign(x),),
        exact=mpmath.fabs,
        latex=r"\left|{0}\right|",
        image=NONNEGATIVE,
        kink="slope 0 at x = 0",
        curvature="convex",
        parity="even",
        fold=_number(lambda x: x * _sign(x) if x != 0 else sympy.S.Zero),
        kinked=True,
    )


class Sign(Atom):
    """-1, 0 or 1: the sign of x."""

    nargs = 1
    record = AtomRecord(
        name="sign",
        language="sign",
        arguments=("x",),
        textbook=lambda x: Piecewise((1, x > 0), (-1, x < 0), (0, True)),
        derivative=(lambda x: 0,),
        exact=mpmath.sign,
        latex=r"\operatorname{{sign}}\left({0}\right)",
        image=sympy.FiniteSet(-1, 0, 1),
        kink="slope 0 at the jump x = 0",
        monotone=("nondecreasing",),
        parity="odd",
        fold=_number(_sign),
    )


class Relu(Atom):
    """The larger of 0 and x, with slope 0 at 0."""

    nargs = 1
    record = AtomRecord(
        name="relu",
        language="relu",
        arguments=("x",),
        textbook=lambda x: Piecewise((x, x > 0), (0, True)),
        derivative=(lambda x: Step(x),),
        exact=lambda x: x if x > 0 else mpmath.mpf(0),
        latex=r"\max\left(0, {0}\right)",
        image=NONNEGATIVE,
        kink="slope 0 at x = 0",
        monotone=("nondecreasing",),
        curvature="convex",
        fold=_number(lambda x: x if x > 0 else sympy.S.Zero),
        kinked=True,
    )


class Step(Atom):
    """1 where x > 0, else 0."""

    nargs = 1
    record = AtomRecord(
        name="step",
        arguments=("x",),
        textbook=lambda x: Piecewise((1, x > 0), (0, True)),
        derivative=(lambda x: 0,),
        exact=lambda x: mpmath.mpf(1 if x > 0 else 0),
        latex=r"\left[{0} > 0\right]",
        image=BITS,
        kink="slope 0 at the jump x = 0",
        monotone=("nondecreasing",),
        fold=_number(lambda x: bit(x > 0)),
    )


class Ramp(Atom):
    """The larger of 0 and x, with slope 1/2 at 0: a maximum of two sides that share a tie."""

    nargs = 1
    record = AtomRecord(
        name="ramp",
        arguments=("x",),
        textbook=lambda x: Piecewise((x, x > 0), (x / 2, Eq(x, 0)), (0, True)),
        derivative=(lambda x: HalfStep(x),),
        exact=lambda x: x if x > 0 else mpmath.mpf(0),
        latex=r"\max\left(0, {0}\right)",
        image=NONNEGATIVE,
        kink="slope 1/2 at x = 0",
        monotone=("nondecreasing",),
        curvature="convex",
        fold=_number(lambda x: x if x > 0 else sympy.S.Zero),
        kinked=True,
    )


class HalfStep(Atom):
    """1 where x > 0, 1/2 where x = 0, else 0."""

    nargs = 1
    record = AtomRecord(
        name="half_step",
        arguments=("x",),
        textbook=lambda x: Piecewise((1, x > 0), (sympy.S.Half, Eq(x, 0)), (0, True)),
        derivative=(lambda x: 0,),
        exact=lambda x: (1 + mpmath.sign(x)) / 2,
        latex=r"\operatorname{{H}}_{{1/2}}\left({0}\right)",
        image=sympy.FiniteSet(0, sympy.S.Half, 1),
        kink="slope 0 at the jump x = 0",
        monotone=("nondecreasing",),
        fold=_number(_half_step),
    )


class Maximum(Atom):
    """The larger of a and b; at a tie each has slope 1/2."""

    nargs = 2
    record = AtomRecord(
        name="maximum",
        language="max",
        arguments=("a", "b"),
        textbook=lambda a, b: Piecewise((a, a > b), ((a + b) / 2, Eq(a, b)), (b, True)),
        derivative=(lambda a, b: HalfStep(a - b), lambda a, b: HalfStep(b - a)),
        exact=lambda a, b: a if a > b else b,
        latex=r"\max\left({0}, {1}\right)",
        kink="at a = b each argument has slope 1/2",
        monotone=("nondecreasing", "nondecreasing"),
        curvature="convex",
        fold=lambda a, b: a if a == b else _number(lambda a, b: a if a >= b else b)(a, b),
        kinked=True,
    )

    def _eval_derivative(self, symbol: Any) -> Any:
        return _tie(self, symbol)


class Minimum(Atom):
    """The smaller of a and b; at a tie each has slope 1/2."""

    nargs = 2
    record = AtomRecord(
        name="minimum",
        language="min",
        arguments=("a", "b"),
        textbook=lambda a, b: Piecewise((a, a < b), ((a + b) / 2, Eq(a, b)), (b, True)),
        derivative=(lambda a, b: HalfStep(b - a), lambda a, b: HalfStep(a - b)),
        exact=lambda a, b: a if a < b else b,
        latex=r"\min\left({0}, {1}\right)",
        kink="at a = b each argument has slope 1/2",
        monotone=("nondecreasing", "nondecreasing"),
        curvature="concave",
        fold=lambda a, b: a if a == b else _number(lambda a, b: a if a <= b else b)(a, b),
        kinked=True,
    )

    def _eval_derivative(self, symbol: Any) -> Any:
        return _tie(self, symbol)


def _tie(atom: Any, symbol: Any) -> Any:
    """The chain rule, where both sides having one slope (a common term) need no choice at all."""
    slopes = [argument.diff(symbol) for argument in atom.args]
    return slopes[0] if slopes[0] == slopes[1] else Atom._eval_derivative(atom, symbol)


class Clamp(Atom):
    """x forced into the interval from lo to hi; slope 1 inside the closed interval, 0 outside."""

    nargs = 3
    record = AtomRecord(
        name="clamp",
        language="clamp",
        arguments=("x", "lo", "hi"),
        textbook=lambda x, lo, hi: Piecewise((lo, x < lo), (hi, x > hi), (x, True)),
        derivative=(
            lambda x, lo, hi: Inside(x, lo, hi),
            lambda x, lo, hi: Less(x, lo),
            lambda x, lo, hi: Less(hi, x),
        ),
        exact=lambda x, lo, hi: lo if x < lo else hi if x > hi else x,
        latex=r"\operatorname{{clamp}}_{{[{1}, {2}]}}\left({0}\right)",
        kink="slope 1 at both ends x = lo and x = hi",
        monotone=("nondecreasing", "nondecreasing", "nondecreasing"),
        fold=_number(lambda x, lo, hi: lo if x < lo else hi if x > hi else x),
        kinked=True,
    )


class Inside(Atom):
    """1 where lo ≤ x ≤ hi, else 0; unlike a comparison, NaN for a NaN."""

    nargs = 3
    record = AtomRecord(
        name="inside",
        arguments=("x", "lo", "hi"),
        textbook=lambda x, lo, hi: Piecewise((0, x < lo), (0, x > hi), (1, True)),
        derivative=(lambda x, lo, hi: 0, lambda x, lo, hi: 0, lambda x, lo, hi: 0),
        exact=lambda x, lo, hi: mpmath.mpf(1 if lo <= x <= hi else 0),
        latex=r"\left[{1} \le {0} \le {2}\right]",
        image=BITS,
        kink="slope 0 at both jumps",
        fold=_number(lambda x, lo, hi: bit(lo <= x and x <= hi)),
    )


class StopGradient(Atom):
    """x, whose derivative is declared to be 0."""

    nargs = 1
    record = AtomRecord(
        name="stop_gradient",
        language="stop_gradient",
        arguments=("x",),
        textbook=lambda x: x,
        derivative=(lambda x: 0,),
        exact=lambda x: +x,
        latex=r"\operatorname{{sg}}\left[{0}\right]",
        kink="slope 0 everywhere, by declaration",
        monotone=("increasing",),
        fold=_number(lambda x: x),
    )


class SlopeAt(Atom):
    """f, whose derivative is multiplied by s where the kink condition c is 1.

    The total derivative is Where(c, s·f′, f′). A declared slope of 0 therefore gives exactly 0 at the kink, whatever
    convention the functions inside f have there, even where f′ is not finite.
    """

    nargs = 3
    record = AtomRecord(
        name="slope_at",
        arguments=("f", "c", "s"),
        textbook=lambda f, c, s: f,
        derivative=(lambda f, c, s: Where(c, s, 1), lambda f, c, s: 0, lambda f, c, s: 0),
        exact=lambda f, c, s: +f,
        latex="{0}",
        kink="f′ times s where the condition c is 1, by declaration",
        monotone=("increasing", "constant", "constant"),
        fold=lambda f, c, s: f if f.is_Number or c == 0 else None,
        kinked=True,
    )

    def _eval_derivative(self, symbol: Any) -> Any:
        inner, condition, slope = self.args
        derivative = inner.diff(symbol)
        return Where(condition, 0 if slope == 0 else slope * derivative, derivative)
