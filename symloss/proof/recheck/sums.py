"""A normal form for every size: a polynomial in unknowns, among them whole sums over an axis.

A sum of a polynomial is a sum of monomials; of each, what does not depend on the axis stands before the sum, and the
sum of the rest is an unknown of its own. That is linearity, and holds for any number of items. Unknowns may have any
value, so that a polynomial that is 0 is an identity wherever both sides are defined. A polynomial that is not 0 says
nothing.
"""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, SizeSymbol, axes_of, substitute
from symloss.proof.terms import Along, stem

_MOST_OPERATIONS = 900
_ELEMENTARY: dict[str, Any] = {
    "Sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
    "Tanh": lambda x: (1 - sympy.exp(-2 * x)) / (1 + sympy.exp(-2 * x)),
    "Softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "Expm1": lambda x: sympy.exp(x) - 1,
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
}


def vanishes_for_every_size(difference: Any) -> bool:
    """Whether the normal form of a closed term is 0; False says nothing."""
    if difference.count_ops() > _MOST_OPERATIONS:
        return False
    forms = _Forms()
    try:
        numerator, denominator = sympy.fraction(sympy.together(forms.form(difference)))
        if denominator == 0:
            return False
        return bool(sympy.expand(forms.reduced(sympy.expand(numerator))) == 0)
    except (sympy.PolynomialError, RecursionError):
        return False


class _Forms:
    """Normal forms of one term's parts over common unknowns."""

    def __init__(self) -> None:
        self.unknowns: dict[Any, sympy.Symbol] = {}
        self.meanings: dict[sympy.Symbol, Any] = {}
        self.brackets: set[sympy.Symbol] = set()
        self.memo: dict[Any, Any] = {}

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

    def reduced(self, polynomial: Any) -> Any:
        """A bracket is 0 or 1, so that its powers are itself."""
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
        if isinstance(e, sympy.Add | sympy.Mul):
            return e.func(*map(self.form, e.args))
        if isinstance(e, sympy.Pow) and e.exp.is_Integer:
            return self._power(e.base, int(e.exp))
        if name in _ELEMENTARY:
            return self.form(_ELEMENTARY[name](*e.args))
        if isinstance(e, sympy.exp):
            return self._exponential(e.args[0])
        if isinstance(e, sympy.log):
            return self._logarithm(self.form(e.args[0]))
        if isinstance(e, atoms.Where):
            choice = self.bracket(e.args[0])
            return choice * self.form(e.args[1]) + (1 - choice) * self.form(e.args[2])
        if name in ("Less", "LessEqual", "Equal", "NotEqual", "And", "Or", "Not"):
            return self.bracket(e)
        if isinstance(e, Along):
            return self._along(e)
        if e.is_Symbol:
            return self.unknown(e)
        arguments = (sympy.expand(argument) for argument in e.args)
        return self.unknown(e.func(*arguments, evaluate=False))

    def bracket(self, condition: Any) -> Any:
        """A condition as 0 or 1."""
        name = type(condition).__name__
        if condition in (0, 1):
            return condition
        if name == "And":
            return sympy.Mul(*map(self.bracket, condition.args))
        if name == "Not":
            return 1 - self.bracket(condition.args[0])
        if name == "NotEqual":
            return 1 - self.bracket(atoms.Equal(*condition.args))
        if name == "Equal":
            a, b = sorted(condition.args, key=str)
            condition = atoms.Equal(a, b)
        return condition if condition in (0, 1) else self.unknown(condition, bracket=True)

    def _power(self, base: Any, exponent: int) -> Any:
        if isinstance(base, Along) and base.operation == "norm" and exponent % 2 == 0:
            return self._sum(base.axis, sympy.expand(base.body**2), base.guard) ** (exponent // 2)
        return self.form(base) ** exponent

    def _exponential(self, exponent: Any) -> Any:
        product = sympy.S.One
        for part in sympy.Add.make_args(sympy.expand(exponent)):
            number, rest = part.as_coeff_Mul()
            times = int(number.p) if number.is_Rational else 1
            base = rest / number.q if number.is_Rational else part
            if isinstance(base, sympy.log):
                one = self.form(base.args[0])
            elif isinstance(base, Along) and base.operation == "logsumexp":
                one = self._sum(base.axis, sympy.exp(base.body), base.guard)
            else:
                one = self.unknown(sympy.exp(base, evaluate=False))
            product *= one**times
        return product

    def _along(self, e: Along) -> Any:
        if e.operation == "sum":
            return self._sum(e.axis, e.body, e.guard)
        if e.operation == "logsumexp":
            return self._logarithm(self._sum(e.axis, sympy.exp(e.body), e.guard))
        if e.operation == "norm":
            square = self._sum(e.axis, sympy.expand(e.body**2), e.guard)
            return self.unknown(sympy.Function("root")(self.spelled(square)))
        return self.unknown(e)

    def _logarithm(self, e: Any) -> Any:
        """The logarithm of a positive form; of its factors that are exponentials the exponents stand outside."""
        outside, inside = sympy.S.Zero, sympy.S.One
        for factor in sympy.Mul.make_args(e):
            base, times = factor.as_base_exp()
            meaning = self.meanings.get(base)
            if isinstance(meaning, sympy.exp) and times.is_Integer:
                outside += times * self.form(meaning.args[0])
            else:
                inside *= factor
        return outside + self.unknown(sympy.Function("log")(self.spelled(inside)))

    def _sum(self, axis: AxisSymbol, body: Any, guard: Any) -> Any:
        inner = self.reduced(sympy.expand(self.form(body) * self.bracket(guard)))
        return sympy.Add(*(self._monomial(axis, part) for part in sympy.Add.make_args(inner)))

    def _monomial(self, axis: AxisSymbol, monomial: Any) -> Any:
        """The sum of one monomial."""
        before: list[Any] = []
        inside: list[Any] = []
        for factor in sympy.Mul.make_args(monomial):
            (inside if any(self._depends(u, axis) for u in factor.free_symbols) else before).append(factor)
        chosen = self._selected(axis, inside)
        if chosen is not None:
            return sympy.Mul(*before, chosen)
        if not inside:
            return sympy.Mul(*before) * self.unknown(SizeSymbol(stem(axis.axis)))
        key = self.spelled(sympy.Mul(*inside))
        # The running index of a sum has a name that no sum inside it has.
        inner = [int(name.partition("'s")[2]) for name in axes_of(key) if "'s" in name]
        place = {axis: AxisSymbol(f"{stem(axis.axis)}'s{max(inner, default=0) + 1}")}
        total = sympy.Function(f"sum over {stem(axis.axis)}")(substitute(key, place))
        return sympy.Mul(*before) * self.unknown(total)

    def spelled(self, form: Any) -> Any:
        """A form with what its unknowns stand for, so that it shows on which indices it depends."""
        return form.xreplace({u: self.meanings[u] for u in form.free_symbols})

    def _depends(self, unknown: Any, axis: AxisSymbol) -> bool:
        return axis.axis in axes_of(self.meanings[unknown])

    def _selected(self, axis: AxisSymbol, inside: list[Any]) -> Any | None:
        """``Σ_k [k = i] f(k) = f(i)`` for an index i of the axis."""
        for factor in inside:
            meaning = self.meanings.get(factor)
            if not isinstance(meaning, atoms.Equal) or axis not in meaning.args:
                continue
            other = meaning.args[0] if meaning.args[1] == axis else meaning.args[1]
            if axis.axis in axes_of(other) or not getattr(other, "is_integer", False) or other.is_number:
                continue
            rest = [f for f in inside if f is not factor]
            terms = [
                f.xreplace({u: self.form(substitute(self.meanings[u], {axis: other})) for u in f.free_symbols})
                for f in rest
            ]
            return sympy.Mul(*terms)
        return None
