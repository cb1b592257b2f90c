"""Products and quotients in which a zero factor wins."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Eq, Ne, Piecewise

from symloss.atoms.atom import Atom
from symloss.atoms.record import AtomRecord


class XOverY(Atom):
    """x/y, and 0 when x is 0, whatever y is."""

    nargs = 2
    record = AtomRecord(
        name="xovery",
        arguments=("x", "y"),
        textbook=lambda x, y: Piecewise((0, Eq(x, 0)), (x / y, True)),
        derivative=(lambda x, y: 1 / y, lambda x, y: -XOverY(x, y) / y),
        exact=lambda x, y: mpmath.mpf(0) if x == 0 else mpmath.fdiv(x, y),
        latex=r"\frac{{{0}}}{{{1}}}",
        domains=(sympy.S.Reals, sympy.S.Reals),
        fold=lambda x, y: sympy.S.Zero if x == 0 else (x if y == 1 else None),
        kinked=True,
        powers=(1, -1),
    )


class ZeroTimes(Atom):
    """a·b, and 0 when a is 0 even if b is infinite; a NaN stays a NaN."""

    nargs = 2
    record = AtomRecord(
        name="zero_times",
        arguments=("a", "b"),
        textbook=lambda a, b: Piecewise((a * b, Ne(a, 0)), (0, True)),
        derivative=(lambda a, b: b, lambda a, b: a),
        exact=lambda a, b: mpmath.mpf(0) if a == 0 else mpmath.fmul(a, b),
        latex=r"{0} \cdot {1}",
        fold=lambda a, b: _zero_times(a, b),
        kinked=True,
        powers=(1, 1),
    )

    def _eval_derivative(self, symbol: Any) -> Any:
        a, b = self.args
        return sympy.Add(ZeroTimes(a.diff(symbol), b), ZeroTimes(a, b.diff(symbol)))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = printer.doprint(sympy.Mul(*self.args, evaluate=False))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _zero_times(a: Any, b: Any) -> Any:
    if a == 0 or b == 0:
        return sympy.S.Zero
    # A number that is not 0 selects nothing.
    return a * b if a.is_Number or b.is_Number else None
