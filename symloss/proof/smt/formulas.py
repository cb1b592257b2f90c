"""Formulas over real names: polynomial comparisons with 0 and their combinations, and their SMT-LIB text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy


@dataclass(frozen=True)
class Compare:
    """``term relation 0`` for a polynomial in names; the relation is ``>``, ``>=``, ``=`` or ``!=``."""

    relation: str
    term: Any


@dataclass(frozen=True)
class Junction:
    """All (``and``) or at least one (``or``) of some formulas."""

    word: str
    parts: tuple[Formula, ...]


Formula = Compare | Junction
TRUE = Junction("and", ())
FALSE = Junction("or", ())


def compare(relation: str, term: Any) -> Formula:
    """A comparison with 0; a constant is decided."""
    if term.is_Rational:
        holds = {">": term > 0, ">=": term >= 0, "=": term == 0, "!=": term != 0}[relation]
        return TRUE if holds else FALSE
    return Compare(relation, term)


def both(*parts: Formula) -> Formula:
    """The conjunction."""
    return _joined("and", parts, TRUE, FALSE)


def either(*parts: Formula) -> Formula:
    """The disjunction."""
    return _joined("or", parts, FALSE, TRUE)


def _joined(word: str, parts: tuple[Formula, ...], neutral: Formula, absorbing: Formula) -> Formula:
    kept: list[Formula] = []
    for part in parts:
        if part == absorbing:
            return absorbing
        inner = part.parts if isinstance(part, Junction) and part.word == word else (part,)
        kept += [one for one in inner if one != neutral and one not in kept]
    return kept[0] if len(kept) == 1 else Junction(word, tuple(kept))


def opposite(formula: Formula) -> Formula:
    """The negation, with comparisons turned around."""
    if isinstance(formula, Junction):
        word = "or" if formula.word == "and" else "and"
        return Junction(word, tuple(opposite(part) for part in formula.parts))
    turned = {">": (">=", -1), ">=": (">", -1), "=": ("!=", 1), "!=": ("=", 1)}
    relation, sign = turned[formula.relation]
    return Compare(relation, sign * formula.term)


def implies(given: Formula, shown: Formula) -> Formula:
    """The implication."""
    return either(opposite(given), shown)


def same(a: Formula, b: Formula) -> Formula:
    """The equivalence."""
    return both(implies(a, b), implies(b, a))


def names_of(formula: Formula) -> set[Any]:
    """The names in a formula."""
    if isinstance(formula, Compare):
        return set(formula.term.free_symbols)
    return set().union(*(names_of(part) for part in formula.parts)) if formula.parts else set()


def text(formula: Formula) -> str:
    """The formula as an SMT-LIB term."""
    if isinstance(formula, Compare):
        if formula.relation == "!=":
            return f"(not (= {number(formula.term)} 0))"
        return f"({formula.relation} {number(formula.term)} 0)"
    if not formula.parts:
        return "true" if formula.word == "and" else "false"
    return f"({formula.word} {' '.join(text(part) for part in formula.parts)})"


def number(term: Any) -> str:
    """A rational expression in names as an SMT-LIB term; products have at least two factors, as solvers demand."""
    if term.is_Rational:
        value = str(abs(term.p)) if term.q == 1 else f"(/ {abs(term.p)} {term.q})"
        return f"(- {value})" if term < 0 else value
    if term.is_Symbol:
        return str(term.name)
    if isinstance(term, sympy.Pow) and term.exp.is_Integer:
        base = number(term.base)
        power = base if abs(term.exp) == 1 else f"(* {' '.join([base] * abs(int(term.exp)))})"
        return power if term.exp > 0 else f"(/ 1 {power})"
    if isinstance(term, sympy.Mul):
        factors = [number(factor) for factor in term.args]
        if term.args[0] == -1 and len(factors) == 2:
            return f"(- {factors[1]})"
        return f"(* {' '.join(factors)})"
    if isinstance(term, sympy.Add):
        return f"(+ {' '.join(number(part) for part in term.args)})"
    raise TypeError(f"{type(term).__name__} is not rational in names")
