"""Whether a scalar expression is identically 0, by an exact normal form.

Exponentials, logarithms, roots and other functions become generators over the rationals; equal arguments give the
same generator, e^(a+b) is split, logarithms of evidently positive products too. An expression whose numerator vanishes
as a polynomial in its generators is 0 wherever it is defined, whatever the generators stand for: the test is sound and
incomplete. Conditions are settled by cases, off the sets on which their two sides are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import sympy
from sympy.core.relational import Relational

from symloss.verify.feasibility import infeasible

#: Beyond these sizes the test gives up; it must not depend on the clock.
MAX_OPERATIONS = 4000
MAX_GENERATORS = 40
MAX_TERMS = 20_000
MAX_CASES = 200


class TooLarge(Exception):  # noqa: N818 - a result, not a fault
    """The expression is larger than the test takes on."""


def vanishes(expression: Any, positive: Collection[Any] = ()) -> bool:
    """Whether an expression is shown to be 0 wherever it is defined, off the edges of its conditions.

    Args:
        expression: a SymPy expression over real symbols, Piecewise included.
        positive: the symbols that stand for positive numbers.

    Returns:
        True is a proof. False says nothing: the expression may still be 0.
    """
    try:
        return _by_cases(sympy.sympify(expression), frozenset(positive), (), [0])
    except (TooLarge, sympy.PolynomialError, RecursionError, ZeroDivisionError, NotImplementedError):
        return False


def _by_cases(expression: Any, positive: frozenset[Any], signs: tuple[Any, ...], count: list[int]) -> bool:
    """The same, where the expressions in `signs` are greater than 0; what cannot occur is left out."""
    condition = _innermost(expression)
    if condition is None:
        count[0] += 1
        if count[0] > MAX_CASES:
            raise TooLarge
        return NormalForm(positive).is_zero(expression)
    side = sympy.expand(condition.lhs - condition.rhs)
    for sign in (1, -1):
        known = (*signs, sign * side)
        if infeasible(known, positive):
            continue
        decided = {
            other: truth
            for other in expression.atoms(Relational)
            if (truth := _truth(other, side, sign, positive)) is not None
        }
        decided.setdefault(condition, sympy.true if _HOLDS[type(condition)](sign) else sympy.false)
        if not _by_cases(_decide(expression, decided), positive, known, count):
            return False
    return True


def _innermost(expression: Any) -> Any:
    """A condition in whose sides there is no other."""
    found = [
        c for c in expression.atoms(Relational) if not c.lhs.has(sympy.Piecewise) and not c.rhs.has(sympy.Piecewise)
    ]
    return min(found, key=lambda c: (c.count_ops(), sympy.default_sort_key(c)), default=None)


#: Whether a relation holds when its left side less its right side has a sign.
_HOLDS: dict[Any, Callable[[int], bool]] = {
    sympy.StrictLessThan: lambda sign: sign < 0,
    sympy.LessThan: lambda sign: sign < 0,
    sympy.StrictGreaterThan: lambda sign: sign > 0,
    sympy.GreaterThan: lambda sign: sign > 0,
    sympy.Equality: lambda sign: False,
    sympy.Unequality: lambda sign: True,
}


def _truth(condition: Any, side: Any, sign: int, positive: frozenset[Any]) -> Any:
    """What a condition is where `side` has a sign, when its own sides differ by a multiple of `side`."""
    if condition.lhs.has(sympy.Piecewise) or condition.rhs.has(sympy.Piecewise):
        return None
    own = sympy.expand(condition.lhs - condition.rhs)
    if own.is_number:
        return sympy.true if _HOLDS[type(condition)](int(sympy.sign(own))) or _edge(condition, own) else sympy.false
    ratio = sympy.cancel(own / side)
    if not ratio.is_Rational:
        return None
    return sympy.true if _HOLDS[type(condition)](sign * int(sympy.sign(ratio))) else sympy.false


def _edge(condition: Any, own: Any) -> bool:
    return own == 0 and isinstance(condition, sympy.LessThan | sympy.GreaterThan | sympy.Equality)


def _decide(expression: Any, decided: dict[Any, Any]) -> Any:
    """The expression with some conditions replaced by their truth, and Piecewise that are decided removed."""
    memo: dict[Any, Any] = {}

    def visit(e: Any) -> Any:
        if e in decided:
            return decided[e]
        if not e.args:
            return e
        if e not in memo:
            if isinstance(e, sympy.Piecewise):
                memo[e] = piecewise(e)
            else:
                memo[e] = e.func(*(visit(argument) for argument in e.args))
        return memo[e]

    def piecewise(e: Any) -> Any:
        branches = []
        for value, condition in e.args:
            truth = visit(condition)
            if truth == sympy.false:
                continue
            branches.append((visit(value), truth))
            if truth == sympy.true:
                break
        if not branches:
            return sympy.nan
        if branches[0][1] == sympy.true:
            return branches[0][0]
        return sympy.Piecewise(*branches, evaluate=False)

    return visit(expression)


class NormalForm:
    """Rational functions over generators, one table of generators for all that is compared."""

    def __init__(self, positive: Collection[Any] = ()) -> None:
        """Start with no generators; `positive` symbols stand for positive numbers."""
        self._known: dict[Any, Any] = {}
        self._meaning: dict[Any, tuple[str, Any, Any]] = {}
        self._relations: list[tuple[Any, int, Any]] = []
        self._positive: set[Any] = set(positive)
        self._memo: dict[Any, Any] = {}

    def is_zero(self, expression: Any) -> bool:
        """Whether the expression without conditions is 0 identically."""
        if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            return False
        if expression.count_ops() > MAX_OPERATIONS:
            raise TooLarge
        found = self.rational(self.convert(expression))
        for generator, degree, value in reversed(self._relations):
            found = self._reduced(found, generator, degree, value)
        return bool(found == 0)

    def _reduced(self, expression: Any, generator: Any, degree: int, value: Any) -> Any:
        """The numerator with powers of a generator lowered by ``generator**degree = value``."""
        numerator = sympy.fraction(expression)[0]
        if not numerator.has(generator):
            return numerator
        terms = sympy.Poly(numerator, generator).all_coeffs()[::-1]
        lowered = sympy.Add(
            *(c * value ** (power // degree) * generator ** (power % degree) for power, c in enumerate(terms))
        )
        return sympy.fraction(self.rational(lowered))[0]

    def rational(self, expression: Any) -> Any:
        """The canonical quotient of polynomials over the generators."""
        symbols = sorted(expression.free_symbols, key=lambda s: s.name)
        if not symbols:
            if not expression.is_Rational:
                raise TooLarge
            return expression
        if len(symbols) > MAX_GENERATORS:
            raise TooLarge
        field = sympy.QQ.frac_field(*symbols)
        element = field.from_sympy(expression)
        if len(element.numer) > MAX_TERMS or len(element.denom) > MAX_TERMS:
            raise TooLarge
        return field.to_sympy(element)

    def _generator(self, kind: str, *parts: Any) -> Any:
        key = (kind, *parts)
        if key not in self._known:
            symbol = sympy.Symbol(f"g{len(self._known):04d}_{kind}")
            self._known[key] = symbol
            self._meaning[symbol] = (kind, parts[0], parts[1] if len(parts) > 1 else None)
            if kind == "exp" or (kind == "power" and self.is_positive(parts[0])):
                self._positive.add(symbol)
        return self._known[key]

    def _relate(self, generator: Any, degree: int, value: Any) -> None:
        if not any(generator == other for other, _, _ in self._relations):
            self._relations.append((generator, degree, value))

    # --- conversion -------------------------------------------------------------------------------------------------

    def convert(self, e: Any) -> Any:
        """An expression over generators with +, * and whole powers only."""
        if e not in self._memo:
            self._memo[e] = self._convert(e)
        return self._memo[e]

    def _convert(self, e: Any) -> Any:
        if e.is_Rational or e.is_Symbol:
            return e
        if e.is_Add or e.is_Mul:
            return e.func(*map(self.convert, e.args))
        if isinstance(e, sympy.exp):
            return self.exponential(self.rational(self.convert(e.args[0])))
        if isinstance(e, sympy.log) and len(e.args) == 1:
            return self.logarithm(self.rational(self.convert(e.args[0])))
        if isinstance(e, sympy.Pow):
            base, power = (self.rational(self.convert(argument)) for argument in e.args)
            return self.power(base, power)
        if e is sympy.E:
            return self.exponential(sympy.S.One)
        if isinstance(e, sympy.tanh | sympy.sinh | sympy.cosh | sympy.coth):
            return self.convert(e.rewrite(sympy.exp))
        if isinstance(e, sympy.sign):
            return self.convert(e.args[0]) / self.convert(sympy.Abs(e.args[0]))
        if isinstance(e, sympy.Piecewise | sympy.Max | sympy.Min | sympy.DiracDelta):
            raise TooLarge
        arguments = [self.rational(self.convert(argument)) for argument in e.args]
        generator = self._generator(type(e).__name__, *arguments) if arguments else self._generator(str(e), e)
        if isinstance(e, sympy.Abs):
            self._relate(generator, 2, arguments[0] ** 2)
        if isinstance(e, sympy.sin):
            self._relate(generator, 2, 1 - self._generator("cos", *arguments) ** 2)
        return generator

    def _terms(self, e: Any) -> list[tuple[Any, Any]]:
        """Rational coefficient and the rest of each term, a quotient being split over its numerator."""
        numerator, denominator = sympy.fraction(e)
        found = []
        for term in sympy.Add.make_args(sympy.expand(numerator)):
            quotient = self.rational(term / denominator)
            coefficient, rest = quotient.as_coeff_Mul()
            found.append((coefficient, rest))
        return found

    def exponential(self, e: Any) -> Any:
        """e to a canonical power."""
        result = sympy.S.One
        for coefficient, rest in self._terms(e):
            logs = [s for s in rest.free_symbols if self._meaning.get(s, ("",))[0] == "log"]
            if len(logs) == 1 and not (other := self.rational(rest / logs[0])).has(logs[0]):
                result *= self.power(self._meaning[logs[0]][1], self.rational(coefficient * other))
            elif coefficient.is_Rational and (coefficient != 0):
                result *= self._root("exp", rest, coefficient)
        return result

    def _root(self, kind: str, rest: Any, coefficient: Any) -> Any:
        """(e^rest)^coefficient: a whole power, or one of the root of the denominator's order."""
        whole = self._generator(kind, rest)
        if coefficient.is_Integer:
            return whole**coefficient
        root = self._generator(kind, self.rational(rest / coefficient.q))
        self._relate(root, int(coefficient.q), whole)
        return root**coefficient.p

    def power(self, base: Any, exponent: Any) -> Any:
        """A canonical base to a canonical power."""
        if exponent.is_Integer:
            return base**exponent
        if base == 1:
            return base
        if exponent.is_Rational:
            whole, part = divmod(exponent.p, exponent.q)
            root = self._generator("power", base, sympy.Rational(1, exponent.q))
            self._relate(root, int(exponent.q), base)
            return base**whole * root**part
        meaning = self._meaning.get(base)
        if meaning is not None and meaning[0] == "exp":
            return self.exponential(self.rational(meaning[1] * exponent))
        numerator, denominator = sympy.fraction(base)
        if denominator != 1 and self.is_positive(numerator) and self.is_positive(denominator):
            return self.power(numerator, exponent) * self.power(denominator, self.rational(-exponent))
        result = sympy.S.One
        for coefficient, rest in self._terms(exponent):
            if rest == 1:
                result *= self.power(base, coefficient)
            else:
                result *= (
                    self._generator("power", base, rest) ** coefficient
                    if coefficient.is_Integer
                    else (self._generator("power", base, coefficient * rest))
                )
        return result

    def logarithm(self, e: Any) -> Any:
        """The logarithm of a canonical argument, over its factors where all are evidently positive."""
        numerator, denominator = sympy.fraction(e)
        parts: list[tuple[Any, int]] = []
        for side, sign in ((numerator, 1), (denominator, -1)):
            constant, factors = sympy.factor_list(side)
            parts.append((constant, sign))
            parts.extend((factor, sign * multiplicity) for factor, multiplicity in factors)
        constants = sympy.Mul(*(part**power for part, power in parts if part.is_Rational))
        rest = [(part, power) for part, power in parts if not part.is_Rational]
        if constants <= 0 or not all(self.is_positive(part) for part, _ in rest):
            return self._generator("log", e) if e != 1 else sympy.S.Zero
        found = self._logarithm_of_number(constants)
        for part, multiplicity in rest:
            meaning = self._meaning.get(part, ("", None, None))
            if meaning[0] == "exp":
                found += multiplicity * meaning[1]
            elif meaning[0] == "power":
                found += multiplicity * meaning[2] * self.logarithm(meaning[1])
            else:
                found += multiplicity * self._generator("log", part)
        return found

    def _logarithm_of_number(self, number: Any) -> Any:
        return sympy.Add(
            *(power * self._generator("log", sympy.Integer(prime)) for prime, power in sympy.factorrat(number).items())
        )

    def is_positive(self, e: Any) -> bool:
        """Whether a quotient of polynomials is evidently positive: positive generators under positive coefficients."""
        numerator, denominator = sympy.fraction(e)
        for side in (numerator, denominator):
            terms = sympy.Add.make_args(sympy.expand(side))
            for term in terms:
                coefficient, rest = term.as_coeff_Mul()
                odd = [s for s, power in rest.as_powers_dict().items() if not (power.is_Integer and power % 2 == 0)]
                if not coefficient.is_Rational or coefficient < 0:
                    return False
                if any(s != 1 and s not in self._positive for s in odd) or (len(terms) == 1 and coefficient == 0):
                    return False
            if not any(
                all(s in self._positive or s == 1 for s in term.as_coeff_Mul()[1].free_symbols) for term in terms
            ):
                return False
        return True
