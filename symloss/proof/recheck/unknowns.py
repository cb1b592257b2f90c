"""Flat terms as quotients of polynomials in unknowns: exponentials, powers and logarithms of factors, absolute values.

Two terms that a script and a problem write in different ways have the same form where the definitions of the functions,
``log(ab) = log a + log b`` and ``(ab)^c = a^c b^c`` for positive factors, and quotients over one denominator say so.
"""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.proof.closing import negation
from symloss.proof.recheck.bounds import Knowledge

_MOST_OPERATIONS = 700
ELEMENTARY: dict[str, Any] = {
    "Sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "Tanh": lambda x: (sympy.exp(2 * x) - 1) / (sympy.exp(2 * x) + 1),
    "Softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "Expm1": lambda x: sympy.exp(x) - 1,
    "Log1p": lambda x: sympy.log(1 + x),
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
    "XLogY": lambda x, y: x * sympy.log(y),
}
#: Functions with a kink in absolute values, of which common factors of any sign can be pulled out.
_KINKS: dict[str, Any] = {
    "Maximum": lambda a, b: (a + b + atoms.Absolute(a - b)) / 2,
    "Minimum": lambda a, b: (a + b - atoms.Absolute(a - b)) / 2,
    "Relu": lambda x: (x + atoms.Absolute(x)) / 2,
    "Ramp": lambda x: (x + atoms.Absolute(x)) / 2,
    "Clamp": lambda x, low, high: atoms.Minimum(atoms.Maximum(x, low), high),
}


class UnknownFormError(Exception):
    """A term has no form here."""


class Unknowns:
    """Forms of several terms over common unknowns.

    Args:
        known: what is known of signs; the terms must have values where it holds.
    """

    def __init__(self, known: Knowledge) -> None:
        self.known = known
        self.meanings: dict[sympy.Symbol, Any] = {}
        self._names: dict[Any, sympy.Symbol] = {}
        self._memo: dict[Any, Any] = {}

    def form(self, e: Any) -> Any:
        """A term as a quotient of polynomials.

        Raises:
            UnknownFormError: it has none.
        """
        if e not in self._memo:
            self._memo[e] = self._build(e)
        return self._memo[e]

    def positive(self, form: Any) -> bool:
        """Whether a form is seen to be greater than 0."""
        sign = 1
        for factor in _factors(form):
            base, exponent = factor.as_base_exp()
            one = self._sign(base)
            if exponent.is_Integer and exponent % 2 == 0:
                one = 1 if one is not None or self._apart(base) else None
            if one is None:
                return False
            sign *= one
        return sign > 0

    def nonnegative(self, form: Any) -> bool:
        """Whether a form is seen to be at least 0: even powers are, whatever their base."""
        odd = [f for f in _factors(form) if not (f.as_base_exp()[1].is_Integer and f.as_base_exp()[1] % 2 == 0)]
        return self.positive(sympy.Mul(*odd))

    def _apart(self, base: Any) -> bool:
        return self.known.holds(atoms.NotEqual(base.xreplace(self.meanings), 0))

    def _sign(self, factor: Any) -> int | None:
        if factor.is_Rational:
            return int(sympy.sign(factor)) or None
        if factor.is_positive:
            return 1
        meaning = factor.xreplace(self.meanings)
        if self.known.holds(atoms.Less(0, meaning)):
            return 1
        return -1 if self.known.holds(atoms.Less(meaning, 0)) else None

    def _unknown(self, meaning: Any, positive: bool = False) -> sympy.Symbol:
        if meaning not in self._names:
            symbol = self._names[meaning] = sympy.Symbol(f"v{len(self._names)}", real=True, positive=positive or None)
            self.meanings[symbol] = meaning
        return self._names[meaning]

    def _build(self, e: Any) -> Any:
        name = type(e).__name__
        if e.is_Rational:
            return e
        if e.is_Symbol:
            return self._unknown(e, self.known.holds(atoms.Less(0, e)))
        if isinstance(e, sympy.Add | sympy.Mul):
            return e.func(*map(self.form, e.args))
        if name in ELEMENTARY:
            return self.form(ELEMENTARY[name](*e.args))
        if isinstance(e, sympy.exp):
            return self._exponential(e.args[0])
        if isinstance(e, sympy.log):
            return sympy.Add(*(times * self._logarithm(part) for part, times in self._parts(e.args[0])))
        if isinstance(e, sympy.Pow):
            if e.exp.is_Integer:
                return self.form(e.base) ** e.exp
            return self._exponential(e.exp * sympy.log(e.base))
        if isinstance(e, atoms.Absolute):
            return self._absolute(e.args[0])
        if isinstance(e, atoms.Where):
            for condition, chosen in ((e.args[0], e.args[1]), (negation(e.args[0]), e.args[2])):
                if self.known.holds(condition):
                    return self.form(chosen)
        if name in _KINKS:
            return self.form(_KINKS[name](*e.args))
        raise UnknownFormError(f"{name} has no form")

    def _parts(self, e: Any) -> list[tuple[Any, Any]]:
        """A positive term as powers of positive factors."""
        if isinstance(e, sympy.exp):
            return [(e, sympy.S.One)]
        found, sign = [], 1
        for factor in _factors(self.form(e)):
            base, exponent = factor.as_base_exp()
            one = self._sign(base)
            if one is None:
                raise UnknownFormError(f"the sign of {base.xreplace(self.meanings)} is not known")
            sign *= one if exponent % 2 else 1
            if one * base != 1:
                found.append((sympy.expand(one * base), exponent))
        if sign < 0:
            raise UnknownFormError("the logarithm of a negative number")
        return found

    def _logarithm(self, form: Any) -> Any:
        """The logarithm of a positive factor."""
        if isinstance(form, sympy.exp):
            return self.form(form.args[0])
        meaning = self.meanings.get(form)
        if isinstance(meaning, sympy.exp):
            return self.form(meaning.args[0])
        if form.is_Rational:
            primes = sympy.factorrat(form)
            return sympy.Add(*(times * self._unknown(sympy.log(p)) for p, times in primes.items()))
        return self._unknown(sympy.log(form.xreplace(self.meanings)))

    def _exponential(self, exponent: Any) -> Any:
        """A product of whole powers of unknowns, one for each monomial of the exponent."""
        product = sympy.S.One
        for monomial in sympy.Add.make_args(sympy.expand(self.form(exponent))):
            number, rest = monomial.as_coeff_Mul()
            if not number.is_Rational:
                raise UnknownFormError("an exponent that is no polynomial")
            whole, base = int(number.p), rest / number.q
            inner = self.meanings.get(rest) if number.q == 1 else None
            if isinstance(inner, sympy.log):
                product *= self.form(inner.args[0]) ** whole
            else:
                product *= self._unknown(sympy.exp(base.xreplace(self.meanings)), True) ** whole
        return product

    def _absolute(self, e: Any) -> Any:
        """The product of the absolute values of the factors, each of them with a first coefficient above 0."""
        product = sympy.S.One
        for factor in _factors(self.form(e)):
            base, exponent = factor.as_base_exp()
            sign = self._sign(base)
            if sign is not None:
                product *= (sign * base) ** exponent
            elif exponent.is_Integer and exponent % 2 == 0:
                product *= factor
            else:
                base = sympy.expand(base)
                base = min(base, sympy.expand(-base), key=str)
                meaning = atoms.Absolute(base.xreplace(self.meanings))
                product *= self._unknown(meaning) ** exponent
        return product


def _factors(form: Any) -> list[Any]:
    if form.count_ops() > _MOST_OPERATIONS:
        raise UnknownFormError("the term is too large")
    above, below = sympy.fraction(sympy.factor(sympy.together(form)))
    one = sympy.S.One
    return [f for f in sympy.Mul.make_args(above) if f != one] + [1 / f for f in sympy.Mul.make_args(below) if f != one]


def signed(known: Knowledge, e: Any, strict: bool) -> bool:
    """Whether a term that has a value is seen to be greater than 0, or at least 0."""
    unknowns = Unknowns(known)
    try:
        form = sympy.cancel(sympy.together(unknowns.form(e)))
        return form.is_finite is not False and (
            unknowns.positive(form) or (not strict and (form == 0 or unknowns.nonnegative(form)))
        )
    except (UnknownFormError, sympy.PolynomialError):
        return False


def equal(known: Knowledge, a: Any, b: Any) -> bool:
    """Whether two terms that have values are seen to have the same form."""
    unknowns = Unknowns(known)
    try:
        return bool(sympy.cancel(sympy.together(unknowns.form(a) - unknowns.form(b))) == 0)
    except (UnknownFormError, sympy.PolynomialError):
        return False


def same_relation(known: Knowledge, difference: Any, other: Any) -> bool:
    """Whether a term is another one times something positive, so that both have the same sign."""
    unknowns = Unknowns(known)
    try:
        ratio = sympy.cancel(sympy.together(unknowns.form(difference) / unknowns.form(other)))
        return ratio.is_finite is not False and unknowns.positive(ratio)
    except (UnknownFormError, ZeroDivisionError, sympy.PolynomialError):
        return False


def says_the_same(known: Knowledge, condition: Any, other: Any) -> bool:
    """Whether two comparisons are of one kind, of equal sides or of differences that are a positive factor apart."""
    if condition == other:
        return True
    if other == 1:
        return type(condition).__name__ in ("Equal", "LessEqual") and equal(known, *condition.args)
    if type(condition) is not type(other) or type(condition).__name__ not in _COMPARISONS:
        return False
    if all(equal(known, a, b) for a, b in zip(condition.args, other.args, strict=True)):
        return True
    return same_relation(known, condition.args[1] - condition.args[0], other.args[1] - other.args[0])


_COMPARISONS = ("Less", "LessEqual", "Equal", "NotEqual")
