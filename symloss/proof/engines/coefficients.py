"""Coefficient positivity: a polynomial in non-negative quantities whose coefficients are not negative is not negative.

Terms are quotients of polynomials in names whose signs are known; a denominator with non-negative coefficients is not
negative, and it is not zero where the hypotheses, among them what has been shown of the problem's quotients, say so.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement, ring

from symloss import atoms
from symloss.program import Read
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from symloss.proof.terms import conjunction, conjuncts, disjunction
from symloss.proof.verdicts import Evidence, Finding

_MOST_MONOMIALS = 20_000
#: Longer numerators are not written out: they follow from the term by expansion.
_MOST_SHOWN = 40


class CoefficientsEngine:
    """Proves inequalities between rational expressions whose difference has non-negative coefficients."""

    name = "coefficients"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A proof, or None."""
        quantities = Quantities.of(problem)
        if quantities is None:
            return None
        parts = []
        for condition in conjuncts(problem.conclusion):
            shown = quantities.shown(condition)
            if shown is None:
                return None
            parts.append(shown)
        evidence = {"kind": "coefficients", "names": quantities.described(), "parts": parts}
        return Finding("proved", self.name, evidence, summary="every coefficient is nonnegative")


class _UnfitError(Exception):
    """A term is no quotient of polynomials in the quantities."""


class Quantities:
    """The non-negative quantities of a problem and polynomials in them.

    A variable with a lower bound is its bound plus a quantity; one with an upper bound alone is the bound minus one.
    A variable that two bounds hold is a share ``a/(a + b)`` of the interval, a and b the distances from its ends.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.names: list[tuple[str, str, str]] = []
        self.places: dict[Read, tuple[Any, Any]] = {}
        self.alone: dict[Any, Read] = {}
        letters = []
        for variable, domain in problem.variables.items():
            low, high = domain.lower, domain.upper
            if low.is_infinite and high.is_infinite:
                raise _UnfitError(str(variable))
            closed = [domain.lower_closed, domain.upper_closed]
            text = str(variable)
            if high.is_infinite:
                letters.append((text if low == 0 else f"{text} - ({low})", closed[0]))
            elif low.is_infinite:
                letters.append((f"({high}) - {text}", closed[1]))
            else:
                letters += [(f"{text} - ({low})", closed[0]), (f"({high}) - {text}", closed[1])]
        self.ring, *generators = ring([f"a{i}" for i in range(1, len(letters) + 1)], QQ)
        one = self.ring.one
        left = list(generators)
        self.positive = [g for g, (_, closed) in zip(generators, letters, strict=True) if not closed]
        self.names = [
            (f"a{i}", meaning, "nonnegative" if closed else "positive")
            for i, (meaning, closed) in enumerate(letters, 1)
        ]
        for variable, domain in problem.variables.items():
            low, high = domain.lower, domain.upper
            if high.is_infinite:
                if low == 0:
                    self.alone[left[0]] = variable
                self.places[variable] = (left.pop(0) + _number(low), one)
            elif low.is_infinite:
                self.places[variable] = (_number(high) - left.pop(0), one)
            else:
                below, above = left.pop(0), left.pop(0)
                self.places[variable] = (_number(high) * below + _number(low) * above, below + above)
        self.nonzero: list[Any] = [d for _, d in self.places.values() if d != 1]
        for hypothesis in problem.hypotheses:
            self._learn(hypothesis)

    @classmethod
    def of(cls, problem: Problem) -> Quantities | None:
        """The quantities, or None where a variable has no bound."""
        try:
            return cls(problem)
        except _UnfitError:
            return None

    def described(self) -> list[list[str]]:
        """Name, meaning and sign of each quantity."""
        return [list(entry) for entry in self.names]

    def _learn(self, condition: Any) -> None:
        """Polynomials that do not vanish: of conditions ``a < b`` and ``a ≠ b``."""
        if not isinstance(condition, atoms.Less | atoms.NotEqual):
            return
        try:
            n, _ = self.quotient(condition.args[1] - condition.args[0])
        except _UnfitError:
            return
        if isinstance(condition, atoms.NotEqual) and _one_sign(-n) and not _one_sign(n):
            n = -n
        if _one_sign(n):
            self.nonzero.append(n)

    def quotient(self, e: Any) -> tuple[Any, dict[Any, int]]:
        """A term as a numerator over a product of powers of polynomials."""
        if e.is_Rational:
            return self.ring(QQ(int(e.p), int(e.q))), {}
        if isinstance(e, Read):
            if e not in self.places:
                raise _UnfitError(str(e))
            n, d = self.places[e]
            return n, {} if d == 1 else {d: 1}
        if isinstance(e, sympy.Add):
            return self._sum([self.quotient(part) for part in e.args])
        if isinstance(e, sympy.Mul):
            total = self.ring.one
            below: dict[Any, int] = {}
            for factor in e.args:
                n, d = self.quotient(factor)
                total *= n
                for base, count in d.items():
                    below[base] = below.get(base, 0) + count
            return self._small(total), below
        if isinstance(e, sympy.Pow) and e.exp.is_Integer:
            n, d = self.quotient(e.base)
            count = abs(int(e.exp))
            if e.exp > 0:
                return self._small(n**count), {base: own * count for base, own in d.items()}
            above = self.ring.one
            for base, own in d.items():
                above *= base ** (own * count)
            sign = -1 if not _one_sign(n) and _one_sign(-n) else 1
            return above * sign**count, {n * sign: count}
        raise _UnfitError(type(e).__name__)

    def _sum(self, parts: list[tuple[Any, dict[Any, int]]]) -> tuple[Any, dict[Any, int]]:
        below: dict[Any, int] = {}
        for _, d in parts:
            for base, count in d.items():
                below[base] = max(below.get(base, 0), count)
        total = self.ring.zero
        for n, d in parts:
            for base, count in below.items():
                n = n * base ** (count - d.get(base, 0))
            total += self._small(n)
        return total, below

    def _small(self, polynomial: PolyElement) -> PolyElement:
        if len(polynomial) > _MOST_MONOMIALS:
            raise _UnfitError("too many monomials")
        return polynomial

    def shown(self, condition: Any) -> Evidence | None:
        """Evidence of a comparison, or None."""
        if not isinstance(condition, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual):
            return None
        difference = condition.args[1] - condition.args[0]
        try:
            n, below = self.quotient(difference)
        except _UnfitError:
            return None
        if not all(_one_sign(base) and self._without_zero(base) for base in below):
            return None
        if isinstance(condition, atoms.Equal):
            return self._evidence(difference, n, below) if n == 0 else None
        if isinstance(condition, atoms.NotEqual) and _one_sign(-n):
            n, difference = -n, -difference
        if not _one_sign(n):
            return None
        if isinstance(condition, atoms.LessEqual):
            return self._evidence(difference, n, below)
        factor = self._strictly(n)
        return None if factor is None else {**self._evidence(difference, n, below), "contains": str(factor)}

    def vanishing(self, equation: Any) -> Any | None:
        """What an equation says whose sides differ by a polynomial with non-negative coefficients: every monomial is 0.

        That is a condition on which variables are 0; None where the equation is not like that.
        """
        try:
            n, _ = self.quotient(equation.args[1] - equation.args[0])
        except _UnfitError:
            return None
        if not n or not (_one_sign(n) or _one_sign(-n)):
            return None
        variables = [self.alone.get(generator) for generator in self.ring.gens]
        supports = {frozenset(i for i, power in enumerate(monomial) if power) for monomial in n}
        least = [one for one in supports if not any(other < one for other in supports)]
        if any(variables[i] is None for one in least for i in one):
            return None
        parts = [disjunction(*(atoms.Equal(variables[i], 0) for i in sorted(one))) for one in sorted(least, key=sorted)]
        return conjunction(*parts)

    def _evidence(self, difference: Any, n: Any, below: dict[Any, int]) -> Evidence:
        d = [[str(base), count, str(self._strictly(base))] for base, count in below.items()]
        shown = str(n) if len(n) <= _MOST_SHOWN else f"{len(n)} monomials"
        return {"of": str(difference), "numerator": shown, "denominator": d}

    def _without_zero(self, polynomial: Any) -> bool:
        """Whether a polynomial with non-negative coefficients is known not to vanish."""
        return self._strictly(polynomial) is not None

    def _strictly(self, polynomial: Any) -> Any | None:
        """A product of positive polynomials of which a multiple is contained in the polynomial, term by term."""
        for n in self.nonzero:
            if _contained(n, polynomial):
                return n
        known = [*self.positive, *self.nonzero]
        products: list[Any] = [self.ring.one]
        for _ in range(4):
            products = list(dict.fromkeys(p * k for p in products for k in known))[:60]
            for one in (self.ring.one, *products):
                if _contained(one, polynomial):
                    return one
        return self.ring.one if _contained(self.ring.one, polynomial) else None


def _number(value: Any) -> Any:
    return QQ(int(value.p), int(value.q))


def _one_sign(polynomial: Any) -> bool:
    return all(coefficient >= 0 for coefficient in polynomial.values())


def _contained(part: Any, whole: Any) -> bool:
    """Whether a positive multiple of a polynomial can be taken from another without a negative coefficient."""
    return bool(part) and all(monomial in whole and whole[monomial] > 0 for monomial in part)


ENGINE = CoefficientsEngine()
