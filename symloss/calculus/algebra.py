"""Value-preserving clean-up of one expression: fixed rules in a fixed order, never SymPy's `simplify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import sympy

from symloss.atoms import Equal, Expm1, HalfStep, Less, LessEqual, Not, NotEqual, Where
from symloss.calculus.reduction import conjuncts, selection, where_all
from symloss.calculus.scalar import times
from symloss.program import AxisSymbol, Read

Expr = Any
#: Gives u where a read has the value exp(u), else None.
Exponent = Callable[[Read], Expr | None]


def tidy(expression: Expr, exponent: Exponent = lambda read: None) -> Expr:
    """Clean up an expression, leaves first.

    Branches move out of products, terms under one condition are added inside it, complementary conditions become one
    branch, common factors are taken out of sums, and 1 - exp(u) becomes -expm1(u).
    """
    known: dict[Expr, Expr] = {}

    def visit(node: Expr) -> Expr:
        if not node.args:
            return node
        if node not in known:
            arguments = [visit(argument) for argument in node.args]
            rebuilt = node if all(a is b for a, b in zip(arguments, node.args, strict=True)) else node.func(*arguments)
            known[node] = _tidy_node(rebuilt, exponent)
        return known[node]

    return visit(expression)


def _tidy_node(node: Expr, exponent: Exponent) -> Expr:
    if isinstance(node, Equal | NotEqual):
        a, b = sorted(node.args, key=lambda side: (not isinstance(side, AxisSymbol), side.is_number, str(side)))
        return node if node.args == (a, b) else node.func(a, b)
    if node.is_Mul:
        factors = [Where(factor, 1, 0) if _is_bracket(factor) else factor for factor in node.args]
        return times(*factors) if any(isinstance(factor, Where) for factor in factors) else node
    if node.is_Add:
        return factored(collected(node.args), exponent)
    if isinstance(node, Where):
        return _tidy_branch(node)
    return node


def _is_bracket(factor: Expr) -> bool:
    """Whether a factor is an Iverson bracket of indices, which a sum may eliminate."""
    return isinstance(factor, Equal | NotEqual) and all(argument.is_integer for argument in factor.args)


def _tidy_branch(node: Expr) -> Expr:
    """Drop what the condition of a branch already decides inside it."""
    condition, yes, no = node.args
    if isinstance(condition, Not):
        return Where(condition.args[0], no, yes)
    if isinstance(condition, NotEqual):
        return Where(Equal(*condition.args), no, yes)
    if isinstance(yes, Where) and yes.args[2] == 0 and no == 0:
        inner, body = selection(yes)
        return where_all((*conjuncts(condition), *inner), body)
    return node


def collected(terms: Iterable[Expr]) -> Expr:
    """A sum in which the terms under one condition, and under its complement, share a branch."""
    plain: list[Expr] = []
    by_condition: dict[Expr, tuple[list[Expr], list[Expr]]] = {}
    for term in _flat(terms):
        if isinstance(term, Where) and (term.args[1] == 0 or term.args[2] == 0):
            condition, yes, no = term.args
            mirrored = complement(condition)
            if condition not in by_condition and mirrored in by_condition:
                condition, yes, no = mirrored, no, yes
            positive, negative = by_condition.setdefault(condition, ([], []))
            positive.append(yes)
            negative.append(no)
        else:
            plain.append(term)
    branches = [Where(condition, sympy.Add(*a), sympy.Add(*b)) for condition, (a, b) in by_condition.items()]
    return sympy.Add(*plain, *map(_tidy_branch_if_any, branches))


def _flat(terms: Iterable[Expr]) -> Iterable[Expr]:
    """The terms of sums and of negated sums."""
    for term in terms:
        factor, inner = term.as_coeff_Mul()
        if inner.is_Add and abs(factor) == 1:
            yield from _flat(factor * part for part in inner.args)
        else:
            yield term


def _tidy_branch_if_any(expression: Expr) -> Expr:
    return _tidy_branch(expression) if isinstance(expression, Where) else expression


#: Comparisons whose complement is another comparison. NaN satisfies neither `<` nor `≤`, so these need equal types.
_COMPLEMENTS = {Equal: NotEqual, NotEqual: Equal}


def complement(condition: Expr) -> Expr:
    """The condition that holds exactly where this one does not."""
    if isinstance(condition, Not):
        return condition.args[0]
    if type(condition) in _COMPLEMENTS:
        return _COMPLEMENTS[type(condition)](*condition.args)
    if isinstance(condition, Less | LessEqual) and all(argument.is_integer for argument in condition.args):
        a, b = condition.args
        return LessEqual(b, a) if isinstance(condition, Less) else Less(b, a)
    return Not(condition)


def _powers(term: Expr) -> dict[Expr, Expr]:
    """The factors of a product with their whole positive exponents; numbers are left out."""
    powers: dict[Expr, Expr] = {}
    for factor in sympy.Mul.make_args(term):
        if factor.is_Number:
            continue
        base, exponent = (factor.base, factor.exp) if isinstance(factor, sympy.Pow) else (factor, sympy.S.One)
        if exponent.is_Integer and exponent > 0:
            powers[base] = exponent
        else:
            powers[factor] = sympy.S.One
    return powers


def factored(expression: Expr, exponent: Exponent = lambda read: None) -> Expr:
    """A sum with its common factors taken out, ``a·b - a·c`` as ``a·(b - c)``."""
    if not expression.is_Add:
        return expression
    terms = list(expression.args)
    if not any(term.is_Mul or isinstance(term, sympy.Pow) for term in terms):
        return _one_minus(expression, exponent)
    shared = reduce(
        lambda a, b: {base: min(a[base], b[base]) for base in a if base in b}, [_powers(term) for term in terms]
    )
    shared = {base: power for base, power in shared.items() if base not in (1, -1)}
    common = [base**power for base, power in shared.items()]
    rest = sympy.Add(*(_without(term, shared) for term in terms)) if shared else expression
    rest = _signed_halves(_one_minus(rest, exponent))
    return times(*common, rest) if shared else rest


def _without(term: Expr, shared: dict[Expr, Expr]) -> Expr:
    remaining = []
    for factor in sympy.Mul.make_args(term):
        base, power = (factor.base, factor.exp) if isinstance(factor, sympy.Pow) else (factor, sympy.S.One)
        if factor in shared and not (power.is_Integer and power > 0 and factor != base):
            remaining.append(sympy.S.One)
        elif base in shared and power.is_Integer:
            remaining.append(base ** (power - shared[base]))
        else:
            remaining.append(factor)
    return sympy.Mul(*remaining)


def _one_minus(expression: Expr, exponent: Exponent) -> Expr:
    """``c - c·w`` with w = exp(u) is ``-c·expm1(u)``, which does not cancel as w comes near 1."""
    number, rest = expression.as_coeff_Add()
    if number == 0 or not expression.is_Add:
        return expression
    for term in sympy.Add.make_args(rest):
        coefficient, read = term.as_coeff_Mul()
        if coefficient != -number:
            continue
        inner = read.args[0] if isinstance(read, sympy.exp) else exponent(read) if isinstance(read, Read) else None
        if inner is not None:
            return rest - term + coefficient * Expm1(inner)
    return expression


def _signed_halves(expression: Expr) -> Expr:
    """A tie's two shares make a whole: ``halfstep(u) + halfstep(-u)`` is 1."""
    if expression.is_Add and len(expression.args) == 2 and all(isinstance(t, HalfStep) for t in expression.args):
        a, b = (term.args[0] for term in expression.args)
        if a == -b or (a + b) == 0:
            return sympy.S.One
    return expression
