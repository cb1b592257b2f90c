"""Special functions: the error function, the gamma family, inverse trigonometric functions."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Pow, Rational, S, exp, pi, sqrt

from symloss.atoms.atom import Atom
from symloss.atoms.record import POSITIVE, AtomRecord

_UNIT = sympy.Interval(-1, 1)


class Erf(Atom):
    """The error function, 2/√π times the integral of e^(-t²) from 0 to x."""

    nargs = 1
    record = AtomRecord(
        name="erf",
        language="erf",
        arguments=("x",),
        textbook=sympy.erf,
        derivative=(lambda x: 2 / sqrt(pi) * exp(-(x**2)),),
        exact=mpmath.erf,
        latex=r"\operatorname{{erf}}\left({0}\right)",
        image=sympy.Interval.open(-1, 1),
        monotone=("increasing",),
        parity="odd",
        special={(0,): 0, (S.Infinity,): 1, (S.NegativeInfinity,): -1},
    )


class LogGamma(Atom):
    """log |Γ(x)|; its facts hold for x > 0."""

    nargs = 1
    record = AtomRecord(
        name="lgamma",
        language="lgamma",
        arguments=("x",),
        textbook=sympy.loggamma,
        derivative=(lambda x: Digamma(x),),
        exact=lambda x: mpmath.loggamma(x) if x > 0 else mpmath.log(abs(mpmath.gamma(x))),
        latex=r"\log\Gamma\left({0}\right)",
        domains=(POSITIVE,),
        curvature="convex",
        special={(1,): 0, (2,): 0, (0,): S.Infinity, (S.Infinity,): S.Infinity},
    )


class Digamma(Atom):
    """The derivative of log Γ; its facts hold for x > 0."""

    nargs = 1
    record = AtomRecord(
        name="digamma",
        language="digamma",
        arguments=("x",),
        textbook=lambda x: sympy.polygamma(0, x),
        derivative=(lambda x: Trigamma(x),),
        exact=mpmath.digamma,
        latex=r"\psi\left({0}\right)",
        domains=(POSITIVE,),
        monotone=("increasing",),
        curvature="concave",
        special={(S.Infinity,): S.Infinity},
    )


class Trigamma(Atom):
    """The second derivative of log Γ; its facts hold for x > 0."""

    nargs = 1
    record = AtomRecord(
        name="trigamma",
        language="trigamma",
        arguments=("x",),
        textbook=lambda x: sympy.polygamma(1, x),
        derivative=(lambda x: Polygamma2(x),),
        exact=lambda x: mpmath.psi(1, x),
        latex=r"\psi_1\left({0}\right)",
        domains=(POSITIVE,),
        image=POSITIVE,
        monotone=("decreasing",),
        curvature="convex",
        special={(S.Infinity,): 0},
    )


class Polygamma2(Atom):
    """The third derivative of log Γ, where the table ends; its facts hold for x > 0."""

    nargs = 1
    record = AtomRecord(
        name="polygamma2",
        arguments=("x",),
        textbook=lambda x: sympy.polygamma(2, x),
        derivative=(lambda x: _no_fourth_derivative(),),
        exact=lambda x: mpmath.psi(2, x),
        latex=r"\psi_2\left({0}\right)",
        domains=(POSITIVE,),
        image=sympy.Interval.open(-sympy.oo, 0),
        monotone=("increasing",),
        curvature="concave",
        special={(S.Infinity,): 0},
    )


def _no_fourth_derivative() -> Any:
    raise ValueError("the fourth derivative of lgamma (the third of digamma) is not supported")


class Atan(Atom):
    """The inverse tangent, between -π/2 and π/2."""

    nargs = 1
    record = AtomRecord(
        name="atan",
        language="atan",
        arguments=("x",),
        textbook=sympy.atan,
        derivative=(lambda x: 1 / (1 + x**2),),
        exact=mpmath.atan,
        latex=r"\arctan\left({0}\right)",
        image=sympy.Interval.open(-pi / 2, pi / 2),
        monotone=("increasing",),
        parity="odd",
        special={(0,): 0, (S.Infinity,): pi / 2, (S.NegativeInfinity,): -pi / 2},
    )


class Acos(Atom):
    """The inverse cosine, between 0 and π."""

    nargs = 1
    record = AtomRecord(
        name="acos",
        language="acos",
        arguments=("x",),
        textbook=sympy.acos,
        derivative=(lambda x: -Pow((1 - x) * (1 + x), Rational(-1, 2)),),
        exact=mpmath.acos,
        latex=r"\arccos\left({0}\right)",
        domains=(_UNIT,),
        image=sympy.Interval(0, pi),
        monotone=("decreasing",),
        special={(-1,): pi, (0,): pi / 2, (1,): 0},
    )


class Asin(Atom):
    """The inverse sine, between -π/2 and π/2."""

    nargs = 1
    record = AtomRecord(
        name="asin",
        language="asin",
        arguments=("x",),
        textbook=sympy.asin,
        derivative=(lambda x: Pow((1 - x) * (1 + x), Rational(-1, 2)),),
        exact=mpmath.asin,
        latex=r"\arcsin\left({0}\right)",
        domains=(_UNIT,),
        image=sympy.Interval(-pi / 2, pi / 2),
        monotone=("increasing",),
        parity="odd",
        special={(-1,): -pi / 2, (0,): 0, (1,): pi / 2},
    )
