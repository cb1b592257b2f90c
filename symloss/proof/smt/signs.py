"""What is evidently known of the sign of polynomials in names."""

from __future__ import annotations

from typing import Any

import sympy

#: Larger polynomials are not factored.
_MOST_TERMS = 40
_NEGATED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "!=": "!="}
#: Both relations together.
_STRONGER = {
    frozenset((">=", "!=")): ">",
    frozenset(("<=", "!=")): "<",
    frozenset((">=", "<=")): "=",
}


class Signs:
    """Signs of polynomials from the signs of names, from known polynomials, and from factors."""

    def __init__(self) -> None:
        self.known: dict[Any, str] = {}
        self.memo: dict[Any, str | None] = {}

    def learn(self, relation: str, term: Any) -> None:
        """``term relation 0`` is true."""
        sign, key = primitive(term)
        if key is None:
            return
        relation = relation if sign > 0 else _NEGATED[relation]
        self.known[key] = _combined(self.known.get(key), relation)
        self.memo.clear()

    def sign(self, term: Any) -> str | None:
        """The strongest of ``>``, ``<``, ``=``, ``>=``, ``<=``, ``!=`` that is evident, or None."""
        if term not in self.memo:
            self.memo[term] = self._sign(term)
        return self.memo[term]

    def _sign(self, term: Any) -> str | None:
        if term.is_Rational:
            return ">" if term > 0 else "<" if term < 0 else "="
        if isinstance(term, sympy.Mul):
            return product(*(self.sign(factor) for factor in term.args))
        if isinstance(term, sympy.Pow) and term.exp.is_Integer:
            return power(self.sign(term.base), int(term.exp))
        scale, key = primitive(term)
        if key is None:
            return ">" if scale > 0 else "<" if scale < 0 else "="
        found = self.known.get(key)
        if scale < 0 and found is not None:
            found = _NEGATED[found]
        if term.is_Symbol or found in (">", "<", "="):
            return found
        expanded = sympy.expand(term)
        of_terms = total(*(self.sign(part) for part in expanded.args)) if expanded.is_Add else None
        if of_terms in (">", "<"):
            return of_terms
        factored = self._factored(expanded)
        for other in (of_terms, factored):
            if other is not None:
                found = _combined(found, other)
        return found

    def _factored(self, expanded: Any) -> str | None:
        if not expanded.is_Add or len(expanded.args) > _MOST_TERMS:
            return None
        constant, factors = sympy.factor_list(expanded)
        if len(factors) == 1 and factors[0][1] == 1:
            return None
        return product(self.sign(constant), *(power(self.sign(base), count) for base, count in factors))


def primitive(term: Any) -> tuple[int, Any | None]:
    """A sign and a polynomial with coprime integer coefficients of which a term is a multiple; None for a constant."""
    expanded = sympy.expand(term)
    if expanded.is_Rational:
        return int(sympy.sign(expanded)), None
    if expanded.is_Symbol:
        return 1, expanded
    polynomial = sympy.Poly(expanded, *sorted(expanded.free_symbols, key=str))
    _, whole = polynomial.clear_denoms()
    _, whole = whole.primitive()
    if whole.LC() < 0:
        return -1, (-whole).as_expr()
    return 1, whole.as_expr()


def _combined(a: str | None, b: str) -> str:
    if a is None or a == b:
        return b
    joined = _STRONGER.get(frozenset((a, b)))
    if joined is not None:
        return joined
    return a if a in (">", "<", "=") else b


def product(*signs: str | None) -> str | None:
    """The sign of a product."""
    if "=" in signs:
        return "="
    if None in signs:
        return None
    if "!=" in signs:
        return "!=" if all(s in (">", "<", "!=") for s in signs) else None
    negative = sum(s in ("<", "<=") for s in signs) % 2
    strict = all(s in (">", "<") for s in signs)
    return ("<" if negative else ">") + ("" if strict else "=")


def power(sign: str | None, exponent: int) -> str | None:
    """The sign of an integer power."""
    if exponent % 2 == 0:
        return ">" if sign in (">", "<", "!=") else ("=" if sign == "=" else ">=")
    return sign if exponent > 0 or sign in (">", "<", "!=") else None


def total(*signs: str | None) -> str | None:
    """The sign of a sum."""
    for weak, strict in ((">=", ">"), ("<=", "<")):
        if all(s in (weak, strict, "=") for s in signs):
            return strict if strict in signs else weak
    return None
