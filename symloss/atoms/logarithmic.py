"""Logarithms and exponentials in the forms that keep their relative accuracy near a zero."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Eq, Piecewise, S, exp, log

from symloss.atoms.atom import Atom
from symloss.atoms.ratio import XOverY
from symloss.atoms.record import NONNEGATIVE, POSITIVE, REALS, AtomRecord

_ABOVE_MINUS_ONE = sympy.Interval.open(-1, sympy.oo)


def _exp_tail(x: Any) -> Any:
    # 1F1(1; 3; x)·x²/2 has no cancellation where e^x - 1 - x has.
    return x * x / 2 * mpmath.hyp1f1(1, 3, x) if abs(x) < 1 else mpmath.exp(x) - 1 - x


def _log_tail(x: Any) -> Any:
    return x * x / 2 * mpmath.hyp2f1(1, 2, 3, -x) if abs(x) < 0.5 else x - mpmath.log1p(x)


def _log_ratio(a: Any, b: Any) -> Any:
    return mpmath.log1p((a - b) / b) if b / 2 < a < 2 * b else mpmath.log(a) - mpmath.log(b)


class Log1p(Atom):
    """log(1 + x)."""

    nargs = 1
    record = AtomRecord(
        name="log1p",
        language="log1p",
        arguments=("x",),
        textbook=lambda x: log(1 + x),
        derivative=(lambda x: 1 / (1 + x),),
        exact=mpmath.log1p,
        latex=r"\log\left(1 + {0}\right)",
        domains=(_ABOVE_MINUS_ONE,),
        monotone=("increasing",),
        curvature="concave",
        special={(0,): 0, (-1,): S.NegativeInfinity, (S.Infinity,): S.Infinity},
    )


class Expm1(Atom):
    """e^x - 1."""

    nargs = 1
    record = AtomRecord(
        name="expm1",
        language="expm1",
        arguments=("x",),
        textbook=lambda x: exp(x) - 1,
        derivative=(lambda x: exp(x),),
        exact=mpmath.expm1,
        latex=r"\left(e^{{{0}}} - 1\right)",
        image=_ABOVE_MINUS_ONE,
        monotone=("increasing",),
        curvature="convex",
        special={(0,): 0, (S.Infinity,): S.Infinity, (S.NegativeInfinity,): -1},
    )


class ExpTail(Atom):
    """e^x - 1 - x, which is never negative."""

    nargs = 1
    record = AtomRecord(
        name="exp_tail",
        arguments=("x",),
        textbook=lambda x: exp(x) - 1 - x,
        derivative=(lambda x: Expm1(x),),
        exact=_exp_tail,
        latex=r"\left(e^{{{0}}} - 1 - \left({0}\right)\right)",
        image=NONNEGATIVE,
        curvature="convex",
        special={(0,): 0, (S.Infinity,): S.Infinity, (S.NegativeInfinity,): S.Infinity},
    )


class LogTail(Atom):
    """x - log(1 + x), which is never negative."""

    nargs = 1
    record = AtomRecord(
        name="log_tail",
        arguments=("x",),
        textbook=lambda x: x - log(1 + x),
        derivative=(lambda x: x / (1 + x),),
        exact=_log_tail,
        latex=r"\left({0} - \log\left(1 + {0}\right)\right)",
        domains=(_ABOVE_MINUS_ONE,),
        image=NONNEGATIVE,
        curvature="convex",
        special={(0,): 0, (-1,): S.Infinity, (S.Infinity,): S.Infinity},
    )


class XLogY(Atom):
    """x·log y, and 0 when x is 0, even at y = 0."""

    nargs = 2
    record = AtomRecord(
        name="xlogy",
        language="xlogy",
        arguments=("x", "y"),
        textbook=lambda x, y: Piecewise((0, Eq(x, 0)), (x * log(y), True)),
        derivative=(lambda x, y: log(y), lambda x, y: XOverY(x, y)),
        exact=lambda x, y: mpmath.mpf(0) if x == 0 else x * mpmath.log(y),
        latex=r"{0} \log\left({1}\right)",
        domains=(REALS, NONNEGATIVE),
        fold=lambda x, y: S.Zero if x == 0 or y == 1 else (log(y) if x == 1 else None),
        kinked=True,
    )

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, y = self.args
        text = printer.doprint(sympy.Mul(x, log(y), evaluate=False))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class XLog1pY(Atom):
    """x·log(1 + y), and 0 when x is 0, even at y = -1."""

    nargs = 2
    record = AtomRecord(
        name="xlog1py",
        arguments=("x", "y"),
        textbook=lambda x, y: Piecewise((0, Eq(x, 0)), (x * log(1 + y), True)),
        derivative=(lambda x, y: Log1p(y), lambda x, y: XOverY(x, 1 + y)),
        exact=lambda x, y: mpmath.mpf(0) if x == 0 else x * mpmath.log1p(y),
        latex=r"{0} \log\left(1 + {1}\right)",
        domains=(REALS, sympy.Interval(-1, sympy.oo)),
        fold=lambda x, y: S.Zero if x == 0 or y == 0 else (Log1p(y) if x == 1 else None),
        kinked=True,
    )

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, y = self.args
        text = printer.doprint(sympy.Mul(x, Log1p(y), evaluate=False))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class LogRatio(Atom):
    """log(a/b) of positive a and b: exact near a = b, and no quotient that overflows."""

    nargs = 2
    record = AtomRecord(
        name="log_ratio",
        arguments=("a", "b"),
        textbook=lambda a, b: log(a / b),
        derivative=(lambda a, b: 1 / a, lambda a, b: -1 / b),
        exact=_log_ratio,
        latex=r"\log\frac{{{0}}}{{{1}}}",
        domains=(POSITIVE, POSITIVE),
        monotone=("increasing", "decreasing"),
        fold=lambda a, b: S.Zero if a == b else (log(a) if b == 1 else None),
    )


class Log2(Atom):
    """The logarithm to base 2."""

    nargs = 1
    record = AtomRecord(
        name="log2",
        language="log2",
        arguments=("x",),
        textbook=lambda x: log(x) / log(2),
        derivative=(lambda x: 1 / (x * log(2)),),
        exact=lambda x: mpmath.log(x) / mpmath.ln2,
        latex=r"\log_2\left({0}\right)",
        domains=(POSITIVE,),
        monotone=("increasing",),
        curvature="concave",
        special={(1,): 0, (2,): 1, (0,): S.NegativeInfinity, (S.Infinity,): S.Infinity},
    )
