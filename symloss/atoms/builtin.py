"""Records of the functions that stay SymPy's own: exp, log, sin, cos, sqrt and powers."""

from __future__ import annotations

import mpmath
import sympy
from sympy import S, cos, exp, log, sin, sqrt

from symloss.atoms.record import NONNEGATIVE, POSITIVE, AtomRecord, register

EXP = register(
    AtomRecord(
        name="exp",
        language="exp",
        arguments=("x",),
        textbook=exp,
        derivative=(exp,),
        exact=mpmath.exp,
        latex=r"e^{{{0}}}",
        image=POSITIVE,
        monotone=("increasing",),
        curvature="convex",
        special={(0,): 1, (S.Infinity,): S.Infinity, (S.NegativeInfinity,): 0},
    ),
    exp,
    exp,
)

LOG = register(
    AtomRecord(
        name="log",
        language="log",
        arguments=("x",),
        textbook=log,
        derivative=(lambda x: 1 / x,),
        exact=mpmath.log,
        latex=r"\log\left({0}\right)",
        domains=(POSITIVE,),
        monotone=("increasing",),
        curvature="concave",
        special={(1,): 0, (0,): S.NegativeInfinity, (S.Infinity,): S.Infinity},
    ),
    log,
    log,
)

SQRT = register(
    AtomRecord(
        name="sqrt",
        language="sqrt",
        arguments=("x",),
        textbook=sqrt,
        derivative=(lambda x: 1 / (2 * sqrt(x)),),
        exact=mpmath.sqrt,
        latex=r"\sqrt{{{0}}}",
        domains=(NONNEGATIVE,),
        image=NONNEGATIVE,
        monotone=("increasing",),
        curvature="concave",
        special={(0,): 0, (1,): 1, (S.Infinity,): S.Infinity},
    ),
    sqrt,
)

POW = register(
    AtomRecord(
        name="pow",
        arguments=("x", "p"),
        textbook=sympy.Pow,
        derivative=(lambda x, p: p * x ** (p - 1), lambda x, p: x**p * log(x)),
        exact=mpmath.power,
        latex=r"{0}^{{{1}}}",
        domains=(POSITIVE, S.Reals),
        image=POSITIVE,
        special={(0, 0): 1, (1, 0): 1},
    ),
    sympy.Pow,
    sympy.Pow,
)

SIN = register(
    AtomRecord(
        name="sin",
        language="sin",
        arguments=("x",),
        textbook=sin,
        derivative=(cos,),
        exact=mpmath.sin,
        latex=r"\sin\left({0}\right)",
        image=sympy.Interval(-1, 1),
        parity="odd",
        special={(0,): 0},
    ),
    sin,
    sin,
)

COS = register(
    AtomRecord(
        name="cos",
        language="cos",
        arguments=("x",),
        textbook=cos,
        derivative=(lambda x: -sin(x),),
        exact=mpmath.cos,
        latex=r"\cos\left({0}\right)",
        image=sympy.Interval(-1, 1),
        parity="even",
        special={(0,): 1},
    ),
    cos,
    cos,
)
