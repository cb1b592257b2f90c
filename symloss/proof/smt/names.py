"""Terms of a problem as rational expressions in names.

Every root, exponential, logarithm, power, branch, and every quotient whose denominator may vanish, is a name: a real
number that is the term's value where the term has one, and any number elsewhere. What is asserted of a name is guarded
by what the term needs. Exponentials are products of a few; logarithms of products are sums where the factors are known
to be positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.arithmetic import Enclosure, UndefinedError
from symloss.proof.problems import Problem, domain_conditions
from symloss.proof.smt.exponents import Basis, combination, exponents_of, without_logarithms
from symloss.proof.smt.formulas import (
    FALSE,
    TRUE,
    Compare,
    Formula,
    Junction,
    both,
    compare,
    either,
    implies,
    opposite,
)
from symloss.proof.smt.kinks import CHOICES
from symloss.proof.smt.lemmas import LEMMAS
from symloss.proof.smt.logarithms import Logarithm, grouped
from symloss.proof.smt.signs import Signs

#: Beyond this many names a problem is left alone.
MOST_NAMES = 40


class UnnamedError(Exception):
    """A term has no counterpart among rational expressions in names."""


@dataclass(frozen=True)
class Assertion:
    """A formula with the reason why it holds; a lemma with its id and its arguments."""

    reason: str
    formula: Formula
    lemma: str = ""
    arguments: tuple[Any, ...] = ()


class Names:
    """The names of one problem and what is asserted of them.

    Args:
        problem: the problem; all its hypotheses and domains are asserted.
        shown: whether assertions so far entail a formula, for signs that are not evident.
    """

    def __init__(self, problem: Problem, shown: Callable[[Names, Formula], bool] | None = None) -> None:
        self.problem = problem
        self.shown = shown
        self.meaning: dict[Any, Any] = {}
        self.assertions: list[Assertion] = []
        self.logarithms: list[Logarithm] = []
        self.logarithms_of: dict[Any, tuple[Any, Any]] = {}
        self.log_names: set[Any] = set()
        self.differences: list[Any] = []
        self.together: list[Logarithm] = []
        self.signs = Signs()
        self.memo: dict[Any, Any] = {}
        self.made: dict[Any, Any] = {}
        self.powers: dict[int, Any] = {}
        self.refused: set[Any] = set()
        #: A name for nothing, to look at two terms as one.
        self.apart = sympy.Symbol("apart", real=True)
        self.basis = Basis(exponents_of((*problem.hypotheses, problem.conclusion)))
        for condition in domain_conditions(problem.variables):
            self.assume("domain", self.formula(condition))
        for condition in problem.hypotheses:
            self.assume("hypothesis", self.formula(condition))

    # --- assertions -----------------------------------------------------------------------------------------------

    def assume(self, reason: str, formula: Formula) -> None:
        """Assert a formula and learn what it says of signs."""
        if formula == TRUE:
            return
        self.assertions.append(Assertion(reason, formula))
        for part in formula.parts if isinstance(formula, Junction) and formula.word == "and" else (formula,):
            if isinstance(part, Compare):
                self.signs.learn(part.relation, part.term)
        self.refused.clear()

    def lemma(self, name: str, *arguments: Any) -> None:
        """Assert an instance of a lemma."""
        found = Assertion("lemma", LEMMAS[name](*arguments), name, arguments)
        if found.formula != TRUE and found not in self.assertions:
            self.assertions.append(found)

    def name(self, prefix: str, key: Any, meaning: Any) -> tuple[Any, bool]:
        """The name of a term, and whether it is new."""
        if key in self.made:
            return self.made[key], False
        number = 1 + sum(str(other.name).startswith(prefix) for other in self.meaning)
        if len(self.meaning) >= MOST_NAMES:
            raise UnnamedError("too many quantities")
        symbol = sympy.Symbol(f"{prefix}{number}", real=True)
        self.made[key] = symbol
        self.meaning[symbol] = meaning
        return symbol, True

    def sign(self, term: Any) -> str | None:
        """The sign of a rational expression in names, as far as it is evident or shown."""
        n, d = fraction(term)
        found = self.signs.sign(n * d if d != 1 else n)
        return found

    def positive(self, term: Any) -> bool:
        """Whether a rational expression in names is positive; a solver may be asked."""
        found = self.sign(term)
        if found == ">":
            return True
        if found in ("<", "=", "<=") or self.shown is None or term in self.refused:
            return False
        n, d = fraction(term)
        if self.shown(self, compare(">", n * d)):
            self.signs.learn(">", n * d)
            return True
        self.refused.add(term)
        return False

    # --- terms ----------------------------------------------------------------------------------------------------

    def rational(self, e: Any) -> Any:
        """A term as a rational expression in names whose denominators are known not to vanish."""
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def _build(self, e: Any) -> Any:
        if e.is_Rational:
            return e
        if isinstance(e, Read):
            if e not in self.problem.variables:
                raise UnnamedError(f"{e} is no variable")
            return self.name("x", e, e)[0]
        if e in (sympy.pi, sympy.E):
            return self._constant(e)
        if isinstance(e, sympy.Add | sympy.Mul):
            return e.func(*(self.rational(part) for part in e.args))
        if isinstance(e, sympy.Pow):
            return self._power(*e.args)
        rule = _RULES.get(type(e).__name__) or CHOICES.get(type(e).__name__)
        if rule is None:
            raise UnnamedError(f"{type(e).__name__} has no definition here")
        return rule(self, *e.args)

    def _constant(self, e: Any) -> Any:
        symbol, new = self.name("c", e, e)
        if new:
            low, high = bounds(e)
            self.lemma("constant", symbol, low, high)
            self.signs.learn(">", symbol)
        return symbol

    def inverse(self, term: Any) -> Any:
        """1/term, or a name for it where the term may vanish."""
        if self.sign(term) in (">", "<", "!=") or self.positive(term):
            return 1 / term
        n, d = fraction(term)
        factors = [factor.as_base_exp() for factor in sympy.Mul.make_args(n)]
        return sympy.Mul(d, *(self._inverse_of(base) ** count for base, count in factors))

    def _inverse_of(self, factor: Any) -> Any:
        if self.sign(factor) in (">", "<", "!="):
            return 1 / factor
        scale, rest = self.without_positive_factor(factor)
        if rest.could_extract_minus_sign():
            scale, rest = -scale, sympy.expand(-rest)
        symbol, new = self.name("q", ("inverse", sympy.expand(rest)), None)
        if new:
            self.meaning[symbol] = 1 / self.expressed(rest)
            self.assertions.append(Assertion("meaning", implies(compare("!=", rest), compare("=", symbol * rest - 1))))
        return symbol / scale

    def expressed(self, term: Any) -> Any:
        """A rational expression in names as a term over the variables."""
        return term.xreplace(self.meaning)

    def _power(self, base: Any, exponent: Any) -> Any:
        inner = self.rational(base)
        if exponent.is_Integer:
            return inner ** int(exponent) if exponent > 0 else self.inverse(inner) ** int(-exponent)
        if exponent.is_Rational:
            return self._root(inner, exponent)
        return self._general(inner, base, exponent)

    def _root(self, inner: Any, exponent: Any) -> Any:
        degree, (n, d) = int(exponent.q), fraction(inner)
        root, new = self.name(
            "r", ("root", degree, sympy.expand(n), sympy.expand(d)), self.expressed(inner) ** sympy.Rational(1, degree)
        )
        if new:
            defined = compare(">=", n * d) if d != 1 else compare(">=", n)
            meaning = implies(defined, both(compare(">=", root), compare("=", root**degree * d - n)))
            self.assertions.append(Assertion("meaning", meaning))
            if self.sign(inner) in (">", ">=", "="):
                self.signs.learn(">" if self.sign(inner) == ">" else ">=", root)
        return root ** int(exponent.p) if exponent > 0 else self.inverse(root) ** int(-exponent.p)

    def _general(self, inner: Any, base: Any, exponent: Any) -> Any:
        """A power with a variable exponent: whole powers split off, one name for each other monomial."""
        whole, total = 0, sympy.S.One
        for monomial, coefficient in combination(exponent).items():
            if monomial == 1 and coefficient.is_Integer:
                whole = int(coefficient)
                continue
            factor = self._named_power(inner, base, monomial * abs(coefficient))
            total *= factor if coefficient > 0 else self.inverse(factor)
        return total * (inner**whole if whole >= 0 else self.inverse(inner) ** (-whole))

    def _named_power(self, inner: Any, base: Any, exponent: Any) -> Any:
        n, d = fraction(inner)
        symbol, new = self.name("w", ("power", sympy.expand(n), sympy.expand(d), exponent), base**exponent)
        if new:
            value, below = fraction(self.rational(exponent))
            self.lemma("power-positive", symbol, n, d)
            self.lemma("power-below-one", symbol, n, d, value * below)
            self.lemma("power-above-one", symbol, n, d, value * below)
            if self.positive(inner):
                self.signs.learn(">", symbol)
                self.logarithms_of[symbol] = (exponent, inner)
        return symbol

    # --- exponentials and logarithms --------------------------------------------------------------------------------

    def exponential(self, exponent: Any) -> Any:
        """The exponential of a term as a product of powers of names."""
        parts = combination(exponent)
        total = sympy.S.One
        for monomial, coefficient in parts.items():
            if isinstance(monomial, sympy.log) and coefficient.is_Integer:
                inner = self.rational(monomial.args[0])
                total *= inner ** int(coefficient) if coefficient > 0 else self.inverse(inner) ** int(-coefficient)
        kept = without_logarithms(parts)
        shares = self.basis.coordinates(kept, grow=True) if kept else []
        for position, share in enumerate(shares or []):
            if share == 0:
                continue
            if not share.is_Integer:
                raise UnnamedError("an exponent that was not foreseen")
            total *= self._exponential(position) ** int(share)
        return total

    def _exponential(self, position: int) -> Any:
        if position not in self.powers:
            exponent = self.basis.exponent(position)
            symbol, _ = self.name("u", ("exp", exponent), sympy.exp(exponent))
            self.powers[position] = symbol
            self.lemma("exp-positive", symbol)
            self.signs.learn(">", symbol)
            self.logarithms.append(Logarithm(self.rational(exponent), symbol, sympy.S.One))
        return self.powers[position]

    def log(self, argument: Any) -> Any:
        """The logarithm of a rational expression in names: of its factors, where they are known to be positive."""
        n, d = fraction(argument)
        factors = []
        flips = 0
        for sign, part in ((1, n), (-1, d)):
            for base, count in _factors(part):
                if self.sign(base) in ("<", "<="):
                    # Factors may be negative in pairs.
                    base, flips = -base, flips + count
                if not self.positive(base):
                    return self._logarithm(argument, n, d)
                factors.append((base, sign * count))
        if flips % 2:
            return self._logarithm(argument, n, d)
        return sympy.Add(*(count * self._log_factor(base) for base, count in factors))

    def _log_factor(self, base: Any) -> Any:
        for position, symbol in self.powers.items():
            if base == symbol:
                return self.rational(self.basis.exponent(position))
        if base in self.logarithms_of:
            exponent, inner = self.logarithms_of[base]
            return self.rational(exponent) * self.log(inner)
        return self._logarithm(base, base, sympy.S.One)

    def _logarithm(self, argument: Any, n: Any, d: Any) -> Any:
        symbol, new = self.name("l", ("log", sympy.expand(n), sympy.expand(d)), sympy.log(self.expressed(argument)))
        if new:
            self.log_names.add(symbol)
            self.logarithms.append(Logarithm(symbol, n, d))
            if argument.is_Rational:
                self.lemma("constant", symbol, *bounds(sympy.log(argument)))
            one = self.sign(n - d)
            if self.sign(n * d) == ">" and one in (">", "<", ">=", "<="):
                self.signs.learn(one, symbol)
        return symbol

    def times(self, factor: Any, other: Callable[[], Any]) -> Any:
        """A product in which a factor 0 wins; the other may be without value there, which a name can stand for."""
        first = self.rational(factor)
        return first if first == 0 else first * other()

    # --- conditions -------------------------------------------------------------------------------------------------

    def formula(self, condition: Any) -> Formula:
        """A condition as a formula."""
        if condition == 1 or condition == 0:
            return TRUE if condition == 1 else FALSE
        if isinstance(condition, atoms.And):
            return both(*(self.formula(part) for part in condition.args))
        if isinstance(condition, atoms.Or):
            return either(*(self.formula(part) for part in condition.args))
        if isinstance(condition, atoms.Not):
            return opposite(self.formula(condition.args[0]))
        if isinstance(condition, atoms.Where):
            given = self.formula(condition.args[0])
            yes, no = (self.formula(part) for part in condition.args[1:])
            return either(both(given, yes), both(opposite(given), no))
        if isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual):
            return self._comparison(condition)
        raise UnnamedError(f"{type(condition).__name__} is no condition")

    def _comparison(self, condition: Any) -> Formula:
        a, b = condition.args
        relation = {"Less": ">", "LessEqual": ">=", "Equal": "=", "NotEqual": "!="}[type(condition).__name__]
        if a.is_infinite or b.is_infinite:
            raise UnnamedError("an infinite bound")
        for one, other in ((a, b), (b, a)):
            if relation in ("=", "!=") and other in (0, 1) and isinstance(one, _CONDITIONS):
                inner = self.formula(one)
                return inner if (relation == "=") == (other == 1) else opposite(inner)
        return self.compared(relation, self.rational(b) - self.rational(a))

    def compared(self, relation: str, difference: Any) -> Formula:
        """``difference relation 0``; where the difference is one logarithm, it is kept for lemmas."""
        item = grouped(self, difference) if self.log_names else None
        if item is not None and item not in self.together:
            self.together.append(item)
        n, d = fraction(difference)
        if relation in (">", ">=") and d != 1 and not self.positive(d):
            n = -n if self.sign(d) == "<" else n * d
        expanded = sympy.expand(n)
        if expanded.free_symbols & self.log_names:
            self.differences.append(expanded)
        return compare(relation, expanded)

    def without_positive_factor(self, term: Any) -> tuple[Any, Any]:
        """A term as a product of a positive monomial and the rest."""
        n, d = fraction(term)
        expanded = sympy.expand(n)
        if expanded.is_Rational or not self.positive(d):
            return sympy.S.One, term
        shared = sympy.gcd_list([sympy.Mul(*_powers(part)) for part in sympy.Add.make_args(expanded)])
        shared = sympy.Mul(*(part for part in _powers(shared) if self.signs.sign(part) == ">")) / d
        return shared, sympy.expand(expanded / (shared * d))

    def choice(self, cases: list[tuple[Formula, Any]], meaning: Callable[[], Any]) -> Any:
        """The value of the case that is known to hold, or a name with every case as an assertion."""
        possible = [(given, value) for given, value in cases if self.decided(given) is not False]
        for given, value in possible:
            if self.decided(given) or len(possible) == 1:
                return value
        if all(sympy.expand(value - possible[0][1]) == 0 for _, value in possible):
            return possible[0][1]
        symbol, new = self.name("k", ("choice", tuple(possible)), None)
        if new:
            self.meaning[symbol] = meaning()
            for given, value in possible:
                n, d = fraction(value)
                self.assertions.append(Assertion("meaning", implies(given, compare("=", sympy.expand(symbol * d - n)))))
        return symbol

    def decided(self, formula: Formula) -> bool | None:
        """Whether a formula is evidently true or false."""
        if isinstance(formula, Junction):
            answers = [self.decided(part) for part in formula.parts]
            decisive = formula.word == "or"
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        sign = self.signs.sign(formula.term)
        if sign is None:
            return None
        return _TRUTH[formula.relation].get(sign)


def _powers(monomial: Any) -> list[Any]:
    """The powers of names in a monomial, without its number."""
    return [part for part in sympy.Mul.make_args(monomial) if not part.is_Number]


_TRUTH: dict[str, dict[str, bool]] = {
    ">": {">": True, "<": False, "=": False, "<=": False},
    ">=": {">": True, ">=": True, "=": True, "<": False},
    "=": {"=": True, ">": False, "<": False, "!=": False},
    "!=": {"=": False, ">": True, "<": True, "!=": True},
}
_CONDITIONS = (
    atoms.And,
    atoms.Or,
    atoms.Not,
    atoms.Less,
    atoms.LessEqual,
    atoms.Equal,
    atoms.NotEqual,
)


def fraction(term: Any) -> tuple[Any, Any]:
    """Numerator and denominator of a rational expression."""
    n, d = sympy.fraction(sympy.together(term))
    return n, d


def bounds(constant: Any) -> tuple[Any, Any]:
    """Rational numbers around a constant, close to it."""
    try:
        value = Enclosure({}, 96).value(constant)
    except UndefinedError:
        raise UnnamedError(f"no bounds of {constant}") from None
    margin = sympy.Rational(1, 2**40)
    middle = sympy.Rational(int(value.mid * 2**50), 2**50)
    return middle - margin, middle + margin


def _factors(term: Any) -> list[tuple[Any, int]]:
    """Irreducible factors of a polynomial with their multiplicities; a sign goes to a factor of odd multiplicity."""
    constant, found = sympy.factor_list(term)
    factors = [(base, int(count)) for base, count in found]
    if constant < 0:
        for position, (base, count) in enumerate(factors):
            if count % 2:
                factors[position] = (-base, count)
                break
        else:
            return [(term, 1)]
    for number, sign in ((abs(constant).p, 1), (abs(constant).q, -1)):
        factors += [(sympy.Integer(prime), sign * count) for prime, count in sympy.factorint(number).items()]
    return factors


def _softplus(names: Names, x: Any) -> Any:
    return names.log(1 + names.exponential(x))


def _log_cosh(names: Names, x: Any) -> Any:
    u = names.exponential(x)
    return names.log((u**2 + 1) / (2 * u))


def _tanh(names: Names, x: Any) -> Any:
    v = names.exponential(2 * x)
    return (v - 1) / (v + 1)


def _log1p(names: Names, x: Any) -> Any:
    return names.log(1 + names.rational(x))


def _trigonometric(function: Any) -> Callable[..., Any]:
    def rule(names: Names, x: Any) -> Any:
        cosine, new = names.name("c", sympy.cos(x), sympy.cos(x))
        sine, _ = names.name("s", sympy.sin(x), sympy.sin(x))
        if new:
            names.lemma("cosine", cosine, sine)
        return cosine if function is sympy.cos else sine

    return rule


def _first(names: Names, x: Any, *ignored: Any) -> Any:
    return names.rational(x)


_RULES: dict[str, Callable[..., Any]] = {
    "exp": lambda names, x: names.exponential(x),
    "log": lambda names, x: names.log(names.rational(x)),
    "sin": _trigonometric(sympy.sin),
    "cos": _trigonometric(sympy.cos),
    "Sigmoid": lambda names, x: names.exponential(x) / (1 + names.exponential(x)),
    "Softplus": _softplus,
    "Tanh": _tanh,
    "LogCosh": _log_cosh,
    "Log1p": _log1p,
    "Expm1": lambda names, x: names.exponential(x) - 1,
    "ExpTail": lambda names, x: names.exponential(x) - 1 - names.rational(x),
    "LogTail": lambda names, x: names.rational(x) - _log1p(names, x),
    "Log2": lambda names, x: names.log(names.rational(x)) / names.log(sympy.Integer(2)),
    "LogRatio": lambda names, a, b: names.log(names.rational(a) / names.rational(b)),
    "XLogY": lambda names, x, y: names.times(x, lambda: names.log(names.rational(y))),
    "XLog1pY": lambda names, x, y: names.times(x, lambda: _log1p(names, y)),
    "XOverY": lambda names, x, y: names.times(x, lambda: names.inverse(names.rational(y))),
    "ZeroTimes": lambda names, x, y: names.times(x, lambda: names.rational(y)),
    "StopGradient": _first,
    "SlopeAt": _first,
}
