"""A normal form for every size: a polynomial in unknowns, among them whole sums over an axis.

A sum of a polynomial is a sum of monomials; of each, what does not depend on the axis stands before the sum, and the
sum of the rest is an unknown of its own. That is linearity, and holds for any number of items. Unknowns may have any
value, so that a polynomial that is 0 is an identity wherever both sides are defined. A polynomial that is not 0 says
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.solvers.solveset import NonlinearError

from symloss import atoms
from symloss.program import AxisSymbol, Read, substitute
from symloss.proof.recheck.brackets import COMPARISONS, KINKS, bracket
from symloss.proof.recheck.partners import plain_index
from symloss.proof.recheck.squares import root, without_squares
from symloss.proof.recheck.whole_sums import is_sum, sum_of
from symloss.proof.terms import Along, stem

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge

_MOST_OPERATIONS = 900
_ELEMENTARY: dict[str, Any] = {
    "Sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "Tanh": lambda x: (1 - sympy.exp(-2 * x)) / (1 + sympy.exp(-2 * x)),
    "Softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "Expm1": lambda x: sympy.exp(x) - 1,
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
}


def vanishes_for_every_size(difference: Any, known: Knowledge | None = None) -> bool:
    """Whether the normal form of a closed term is 0; False says nothing.

    Args:
        difference: the term.
        known: conditions that may be used: signs, and what is said of every item.
    """
    if difference.count_ops() > _MOST_OPERATIONS:
        return False
    forms = Forms(known)
    try:
        numerator, denominator = sympy.fraction(sympy.together(forms.form(difference)))
        if denominator == 0:
            return False
        left = sympy.fraction(sympy.together(forms.reduced(sympy.expand(numerator))))[0]
        return bool(sympy.expand(forms.reduced(sympy.expand(left))) == 0)
    except (sympy.PolynomialError, RecursionError):
        return False


def coefficients_that_make_zero(total: Any, parts: list[Any], known: Knowledge | None = None) -> list[Any] | None:
    """Rational numbers c with ``total = Σ c·part`` for every size, or None where none are seen."""
    numbers = [sympy.Symbol(f"c{position}'") for position in range(len(parts))]
    difference = total - sympy.Add(*(c * part for c, part in zip(numbers, parts, strict=True)))
    if difference.count_ops() > _MOST_OPERATIONS:
        return None
    forms = Forms(known)
    try:
        numerator = sympy.fraction(sympy.together(forms.form(difference)))[0]
        reduced = sympy.expand(forms.reduced(sympy.expand(numerator)))
        own = [forms.unknown(c) for c in numbers]
        others = sorted(reduced.free_symbols - set(own), key=str)
        equations = sympy.Poly(reduced, *others).coeffs() if others else [reduced]
        found = sympy.linsolve(equations, own)
    except (sympy.PolynomialError, NonlinearError, RecursionError):
        return None
    solution = next(iter(found), None)
    return list(solution) if solution is not None and all(c.is_Rational for c in solution) else None


class Forms:
    """Normal forms of one term's parts over common unknowns.

    Args:
        known: conditions that may be used.
    """

    def __init__(self, known: Knowledge | None = None) -> None:
        self.known = known
        self.unknowns: dict[Any, sympy.Symbol] = {}
        self.meanings: dict[sympy.Symbol, Any] = {}
        self.brackets: set[sympy.Symbol] = set()
        #: What a root is the root of, as a form; the bound index and the body of a whole sum.
        self.squares: dict[sympy.Symbol, Any] = {}
        self.sums: dict[sympy.Symbol, tuple[AxisSymbol, Any]] = {}
        self.memo: dict[Any, Any] = {}
        self.count = 0

    def form(self, e: Any) -> Any:
        """A term as a rational expression in unknowns."""
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def unknown(self, meaning: Any, bracket: bool = False) -> sympy.Symbol:
        """The unknown that stands for a term."""
        if meaning not in self.unknowns:
            symbol = self.unknowns[meaning] = sympy.Symbol(f"u{len(self.unknowns)}", positive=True)
            self.meanings[symbol] = meaning
            if bracket:
                self.brackets.add(symbol)
        return self.unknowns[meaning]

    def sign(self, form: Any) -> int | None:
        """1 or -1 where the sign of a form is known, and it is not 0."""
        if form.is_Rational:
            return int(sympy.sign(form)) or None
        if self.known is None:
            return None
        meaning = self.spelled(form)
        if any(isinstance(part, AppliedUndef) for part in sympy.preorder_traversal(meaning)):
            return 1 if form in self.squares and self.sign(self.squares[form]) == 1 else None
        for sign, condition in ((1, atoms.Less(0, meaning)), (-1, atoms.Less(meaning, 0))):
            if self.known.holds(condition) or self.known.said(condition):
                return sign
        return None

    def reduced(self, polynomial: Any) -> Any:
        """A bracket is 0 or 1, so that its powers are itself; the square of a root is what it is the root of."""
        polynomial = without_squares(self, polynomial)
        powers = {
            power: power.base
            for power in polynomial.atoms(sympy.Pow)
            if power.base in self.brackets and power.exp.is_Integer and power.exp > 0
        }
        return polynomial.xreplace(powers)

    def _build(self, e: Any) -> Any:
        name = type(e).__name__
        if e.is_Rational:
            return e
        if e is sympy.nan or e.is_infinite:
            raise sympy.PolynomialError(f"{e} is no number")
        if isinstance(e, sympy.Add | sympy.Mul):
            return e.func(*map(self.form, e.args))
        if isinstance(e, sympy.Pow) and e.exp.is_Integer:
            return self._power(e.base, int(e.exp))
        if name in _ELEMENTARY:
            return self.form(_ELEMENTARY[name](*e.args))
        if name in KINKS:
            return KINKS[name](self, *e.args)
        if isinstance(e, sympy.exp):
            return self._exponential(e.args[0])
        if isinstance(e, sympy.log):
            return self._logarithm(self.form(e.args[0]))
        if isinstance(e, atoms.Where):
            choice = self.bracket(e.args[0])
            if choice in (0, 1):
                return self.form(e.args[1] if choice == 1 else e.args[2])
            return choice * self.form(e.args[1]) + (1 - choice) * self.form(e.args[2])
        if name in COMPARISONS:
            return self.bracket(e)
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, atoms.XLogY):
            # Where the logarithm has no value the factor is 0, so that it may count as any number.
            return self.form(e.args[0]) * self._logarithm(self.form(e.args[1]))
        if isinstance(e, atoms.XOverY) and self.known is not None:
            x, y = e.args
            if self.known.holds(atoms.NotEqual(y, 0)):
                return self.form(x) / self.form(y)
        if isinstance(e, AppliedUndef):
            return self._again(e)
        if isinstance(e, sympy.Pow):
            return self._root(e.base, e.exp)
        if isinstance(e, Read) and self.known is not None:
            e = plain_index(self.known, e)
        if e.is_Symbol:
            return self.unknown(e, bracket=self._is_bit(e))
        if not e.args:
            return self.unknown(e)
        arguments = (sympy.expand(argument) for argument in e.args)
        return self.unknown(e.func(*arguments, evaluate=False))

    def _is_bit(self, e: Any) -> bool:
        """Whether a variable is known to be 0 or 1."""
        tensor = self.known.tensors.get(e.tensor) if self.known is not None and isinstance(e, Read) else None
        if tensor is None or self.known is None:
            return False
        if tensor.domain.kind == "boolean" or (tensor.domain.kind == "set" and set(tensor.domain.values) <= {0, 1}):
            return True
        return self.known.holds(atoms.Or(atoms.Equal(e, 0), atoms.Equal(e, 1)))

    def bracket(self, condition: Any) -> Any:
        """A condition as 0 or 1."""
        return bracket(self, condition)

    def _power(self, base: Any, exponent: int) -> Any:
        if isinstance(base, Along) and base.operation == "norm" and exponent % 2 == 0:
            return sum_of(self, base.axis, sympy.expand(base.body**2), base.guard) ** (exponent // 2)
        return self.form(base) ** exponent

    def _root(self, base: Any, exponent: Any) -> Any:
        """A power with an exponent that is no whole number: whole powers of one unknown per fraction."""
        spelled = self.spelled(sympy.factor(sympy.together(self.form(base))))
        if not exponent.is_Rational:
            return self.unknown(sympy.Function("power")(spelled, self.spelled(self.form(exponent))))
        if exponent.q == 2:
            return root(self, self.form(base)) ** int(exponent.p)
        return self.unknown(sympy.Function("power")(spelled, sympy.Rational(1, exponent.q))) ** int(exponent.p)

    def _exponential(self, exponent: Any) -> Any:
        product = sympy.S.One
        for part in sympy.Add.make_args(sympy.expand(exponent)):
            number, rest = part.as_coeff_Mul()
            times = int(number.p) if number.is_Rational else 1
            base = rest / number.q if number.is_Rational else part
            if isinstance(base, sympy.log):
                one = self.form(base.args[0])
            elif isinstance(base, Along) and base.operation == "logsumexp":
                one = sum_of(self, base.axis, sympy.exp(base.body), base.guard)
            elif self.known is not None and base.has(Along, sympy.Function):
                content, rest = sympy.factor(sympy.together(self.form(number * rest))).as_coeff_Mul()
                times = int(content.p)
                one = self.unknown(sympy.exp(self.spelled(rest) / content.q, evaluate=False))
            else:
                one = self.unknown(sympy.exp(base, evaluate=False))
            product *= one**times
        return product

    def _along(self, e: Along) -> Any:
        if e.operation == "sum":
            return sum_of(self, e.axis, e.body, e.guard)
        if e.operation == "logsumexp":
            return self._logarithm(sum_of(self, e.axis, sympy.exp(e.body), e.guard))
        if e.operation == "norm":
            return root(self, sum_of(self, e.axis, sympy.expand(e.body**2), e.guard))
        return self.unknown(e)

    def _logarithm(self, e: Any) -> Any:
        """The logarithm of a positive form; of its factors that are exponentials the exponents stand outside."""
        outside, inside = sympy.S.Zero, sympy.S.One
        for factor in sympy.Mul.make_args(sympy.factor(sympy.together(e))):
            base, times = factor.as_base_exp()
            meaning = self.meanings.get(base)
            if isinstance(meaning, sympy.exp) and times.is_Integer:
                outside += times * self.form(meaning.args[0])
                continue
            sign = self.sign(base) if times.is_Integer and not base.is_Rational else None
            if sign is None:
                inside *= factor
                continue
            outside += times * self.unknown(sympy.Function("log")(self.spelled(sympy.expand(sign * base))))
            inside *= sign**times
        if inside == 1:
            return outside
        # log(1/x) = -log x: of the two the one that is printed first is the unknown.
        either = sorted((self.spelled(inside), self.spelled(1 / inside)), key=str)
        sign = 1 if either[0] == self.spelled(inside) else -1
        return outside + sign * self.unknown(sympy.Function("log")(either[0]))

    def fresh(self, axis: AxisSymbol) -> AxisSymbol:
        """A running index of the same axis that no term has."""
        self.count += 1
        return AxisSymbol(f"{stem(axis.axis)}'t{self.count}")

    def _again(self, e: Any) -> Any:
        """The form of a whole sum, a root or a logarithm that is spelled out, at other indices perhaps."""
        if e in self.unknowns:
            return self.unknowns[e]
        if is_sum(e):
            here = self.fresh(e.args[0])
            return sum_of(self, here, substitute(e.args[1], {e.args[0]: here}), sympy.S.One)
        if e.func.__name__ == "root":
            return root(self, self.form(e.args[0]))
        if e.func.__name__ == "log":
            return self._logarithm(self.form(e.args[0]))
        return self.unknown(e)

    def spelled(self, form: Any) -> Any:
        """A form with what its unknowns stand for, so that it shows on which indices it depends."""
        return form.xreplace({u: self.meanings[u] for u in form.free_symbols})
