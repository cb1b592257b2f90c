"""The logistic family: softplus, sigmoid, tanh, log cosh."""

from __future__ import annotations

import mpmath
import sympy
from sympy import Rational, S, exp, log

from symloss.atoms.atom import Atom
from symloss.atoms.record import NONNEGATIVE, POSITIVE, AtomRecord


class Softplus(Atom):
    """log(1 + e^x), a smooth maximum of 0 and x."""

    nargs = 1
    record = AtomRecord(
        name="softplus",
        language="softplus",
        arguments=("x",),
        textbook=lambda x: log(1 + exp(x)),
        derivative=(lambda x: Sigmoid(x),),
        exact=lambda x: mpmath.log1p(mpmath.exp(x)),
        latex=r"\operatorname{{softplus}}\left({0}\right)",
        image=POSITIVE,
        monotone=("increasing",),
        curvature="convex",
        special={(0,): log(2), (S.Infinity,): S.Infinity, (S.NegativeInfinity,): 0},
    )


class Sigmoid(Atom):
    """1/(1 + e^-x), the logistic function."""

    nargs = 1
    record = AtomRecord(
        name="sigmoid",
        language="sigmoid",
        arguments=("x",),
        textbook=lambda x: 1 / (1 + exp(-x)),
        derivative=(lambda x: Sigmoid(x) * Sigmoid(-x),),
        exact=lambda x: 1 / (1 + mpmath.exp(-x)) if x > 0 else mpmath.exp(x) / (1 + mpmath.exp(x)),
        latex=r"\sigma\left({0}\right)",
        image=sympy.Interval.open(0, 1),
        monotone=("increasing",),
        special={(0,): Rational(1, 2), (S.Infinity,): 1, (S.NegativeInfinity,): 0},
    )


class Tanh(Atom):
    """The hyperbolic tangent."""

    nargs = 1
    record = AtomRecord(
        name="tanh",
        language="tanh",
        arguments=("x",),
        textbook=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
        derivative=(lambda x: 4 * Sigmoid(2 * x) * Sigmoid(-2 * x),),
        exact=mpmath.tanh,
        latex=r"\tanh\left({0}\right)",
        image=sympy.Interval.open(-1, 1),
        monotone=("increasing",),
        parity="odd",
        special={(0,): 0, (S.Infinity,): 1, (S.NegativeInfinity,): -1},
    )


class LogCosh(Atom):
    """log cosh x: x²/2 near 0, |x| - log 2 far away."""

    nargs = 1
    record = AtomRecord(
        name="log_cosh",
        arguments=("x",),
        textbook=lambda x: log((exp(x) + exp(-x)) / 2),
        derivative=(lambda x: Tanh(x),),
        exact=lambda x: mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2),
        latex=r"\log\cosh\left({0}\right)",
        image=NONNEGATIVE,
        curvature="convex",
        parity="even",
        special={(0,): 0, (S.Infinity,): S.Infinity, (S.NegativeInfinity,): S.Infinity},
    )
