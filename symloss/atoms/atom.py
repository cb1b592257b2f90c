"""The base class of atoms: SymPy functions that know no calculus but their record's."""

from __future__ import annotations

from typing import Any, ClassVar

import mpmath
import sympy
from sympy.core.function import ArgumentIndexError

from symloss.atoms.record import AtomRecord, record_of, register


class Atom(sympy.Function):
    """A scalar function with the derivative that its record states.

    Constants may fold (`Sigmoid(0)` is 1/2, `Equal(x, x)` is 1); nothing is ever distributed, expanded or rewritten.
    """

    record: ClassVar[AtomRecord]

    def __init_subclass__(cls, **options: Any) -> None:
        """Enter the record of a new atom into the tables."""
        super().__init_subclass__(**options)
        register(cls.record, cls, cls)

    @classmethod
    def eval(cls, *arguments: Any) -> Any:
        """The value for constant arguments, or None."""
        found = cls.record.special.get(arguments)
        return cls.record.fold(*arguments) if found is None else found

    def fdiff(self, argindex: int = 1) -> Any:
        """The partial derivative for one argument, counted from 1.

        Raises:
            ArgumentIndexError: there is no such argument.
        """
        if not 1 <= argindex <= len(self.args):
            raise ArgumentIndexError(self, argindex)
        return sympy.sympify(self.record.derivative[argindex - 1](*self.args))

    def _eval_derivative(self, symbol: Any) -> Any:
        terms = []
        for position, argument in enumerate(self.args, start=1):
            inner = argument.diff(symbol)
            if inner.is_zero:
                continue
            slope = self.fdiff(position)
            if slope.is_zero:
                continue
            if self.record.kinked and not slope.is_Number and not evidently_finite(inner):
                terms.append(_annihilating(slope, inner))
            else:
                terms.append(slope * inner)
        return sympy.Add(*terms)

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(argument.is_extended_real for argument in self.args) else None

    def _eval_is_real(self) -> bool | None:
        if self.record.bounded:
            return self._eval_is_extended_real()
        return True if all(argument.is_real for argument in self.args) else None

    def _eval_is_integer(self) -> bool | None:
        image = self.record.image
        return True if image.is_FiniteSet and all(value.is_integer for value in image) else None

    def _eval_is_extended_nonnegative(self) -> bool | None:
        return True if self.record.sign in ("positive", "nonnegative") else None

    def _eval_is_extended_positive(self) -> bool | None:
        return True if self.record.sign == "positive" and self._eval_is_real() else None

    def _eval_evalf(self, precision: int) -> Any:
        arguments = [argument.evalf(mpmath.libmp.prec_to_dps(precision) + 5) for argument in self.args]
        if not all(argument.is_Number for argument in arguments):
            return None
        with mpmath.workprec(precision + 16):
            value = self.record.exact(*(argument._to_mpmath(precision + 16) for argument in arguments))
            return sympy.Float._new(mpmath.mpf(value)._mpf_, precision)

    def _sympystr(self, printer: Any) -> str:
        # SymPy's printers go by the name of a class, and would print our And and Not as its own.
        return f"{type(self).__name__}({', '.join(printer.doprint(argument) for argument in self.args)})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = self.record.latex.format(*(printer.doprint(argument) for argument in self.args))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _annihilating(slope: Any, inner: Any) -> Any:
    from symloss.atoms.ratio import ZeroTimes

    return ZeroTimes(slope, inner)


def evidently_finite(expression: Any) -> bool:
    """Whether finite leaves give a finite value: sums of bounded factors times at most one leaf."""
    if expression.is_Number:
        return bool(expression.is_finite)
    if expression.is_Symbol or expression.is_NumberSymbol:
        return True
    if isinstance(expression, sympy.Add):
        return all(map(evidently_finite, expression.args))
    if isinstance(expression, sympy.Mul):
        free = [factor for factor in expression.args if not (factor.is_number or _bounded(factor))]
        return len(free) <= 1 and all(map(evidently_finite, expression.args))
    return _bounded(expression) and all(map(evidently_finite, expression.args))


def _bounded(expression: Any) -> bool:
    record = record_of(expression)
    return record is not None and record.bounded
