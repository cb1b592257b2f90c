"""Value-preserving clean-up of one expression: fixed rules in a fixed order, never SymPy's `simplify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import sympy

from symloss.atoms import (
    Atom,
    Equal,
    Expm1,
    HalfStep,
    Less,
    LessEqual,
    Not,
    NotEqual,
    Sigmoid,
    Softplus,
    Tanh,
    Where,
    ZeroTimes,
)
from symloss.atoms.record import BITS
from symloss.calculus.reduction import conjuncts, selection, where_all
from symloss.calculus.scalar import Finite, is_finite, times
from symloss.calculus.stabilise.terms import terms_of
from symloss.program import AxisSymbol, Read, axes_of, rename_axes

Expr = Any
#: Gives u where a read has the value exp(u), else None.
Exponent = Callable[[Read], Expr | None]


def tidy(expression: Expr, exponent: Exponent = lambda read: None, finite: Finite = lambda read: False) -> Expr:
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
            known[node] = _tidy_node(rebuilt, exponent, finite)
        return known[node]

    return visit(expression)


def _tidy_node(node: Expr, exponent: Exponent, finite: Finite) -> Expr:
    if isinstance(node, Less | LessEqual | Equal | NotEqual) and all(side.is_integer for side in node.args):
        # Within exact arithmetic SymPy does not see that i - (i + 1) is a number, and its `expand` recurses for ever at
        # a remainder by a symbol.
        difference = terms_of(node.args[0] - node.args[1])
        if set(difference) <= {sympy.S.One}:
            return node.func(difference.get(sympy.S.One, sympy.S.Zero), 0)
    if isinstance(node, Equal | NotEqual):
        a, b = sorted(node.args, key=lambda side: (not isinstance(side, AxisSymbol), side.is_number, str(side)))
        return node if node.args == (a, b) else node.func(a, b)
    if node.is_Mul:
        factors = [Where(factor, 1, 0) if _is_bracket(factor) else factor for factor in node.args]
        found = _idempotent(times(*factors) if any(isinstance(factor, Where) for factor in factors) else node)
        return _vanishing(found) if found.is_Mul else found
    if node.is_Add:
        return factored(_complements(collected(node.args), exponent), exponent)
    if isinstance(node, Where):
        return _tidy_branch(node)
    if isinstance(node, ZeroTimes) and is_finite(node.args[1], finite):
        return sympy.Mul(*node.args)
    if isinstance(node, Atom | sympy.exp) and any(map(_is_negated_sum, node.args)):
        # a - b is exactly -(b - a); writing it in one way lets equal values be seen to be equal.
        return node.func(*(_negated(argument) for argument in node.args))
    return node


def _vanishing(node: Expr) -> Expr:
    """``sigmoid(u)·softplus(-u)`` tends to 0 as u falls: the factor that vanishes annihilates the one that grows."""
    for factor in node.args:
        if not isinstance(factor, Sigmoid):
            continue
        others = [other for other in node.args if other is not factor]
        if any(_grows(other, factor.args[0]) for other in others):
            return ZeroTimes(factor, sympy.Mul(*others))
    return node


def _grows(expression: Expr, argument: Expr) -> bool:
    """Whether softplus(-argument) is a factor or a term of an expression, and not the exponent of a function."""
    if isinstance(expression, Softplus):
        return not terms_of(expression.args[0] + argument)
    joins = expression.is_Mul or expression.is_Add or isinstance(expression, ZeroTimes | Where)
    return joins and any(_grows(part, argument) for part in expression.args)


def _is_negated_sum(expression: Expr) -> bool:
    return bool(
        expression.is_Mul and len(expression.args) == 2 and expression.args[0] == -1 and expression.args[1].is_Add
    )


def _negated(expression: Expr) -> Expr:
    return sympy.Add(*(-term for term in expression.args[1].args)) if _is_negated_sum(expression) else expression


def _idempotent(node: Expr) -> Expr:
    """A bracket times itself is itself, also where it selects the zero of a `ZeroTimes`."""
    factors = []
    selected = {part for f in node.args if isinstance(f, ZeroTimes) for part in sympy.Mul.make_args(f.args[0])}
    changed = False
    for factor in sympy.Mul.make_args(node):
        base, power = (factor.base, factor.exp) if isinstance(factor, sympy.Pow) else (factor, sympy.S.One)
        if _is_bit(base) and power.is_Integer and power > 0 and (power > 1 or base in selected):
            changed = True
            factors += [] if base in selected else [base]
        else:
            factors.append(factor)
    return sympy.Mul(*factors) if changed else node


def _is_bit(factor: Expr) -> bool:
    return isinstance(factor, Atom) and factor.record.image == BITS


def _is_bracket(factor: Expr) -> bool:
    """Whether a factor is an Iverson bracket of indices, which a sum may eliminate."""
    return isinstance(factor, Equal | NotEqual) and all(argument.is_integer for argument in factor.args)


def _tidy_branch(node: Expr) -> Expr:
    """Drop what the condition of a branch already decides inside it."""
    if not isinstance(node, Where):
        return node
    condition, yes, no = node.args
    if isinstance(condition, Not):
        condition, yes, no = condition.args[0], no, yes
    if isinstance(condition, NotEqual):
        condition, yes, no = Equal(*condition.args), no, yes
    yes = _assuming(yes, conjuncts(condition), sympy.S.One)
    no = _assuming(no, (condition,), sympy.S.Zero)
    if isinstance(condition, Equal):
        yes = _at_gathered(condition, yes)
    if isinstance(yes, Where) and yes.args[2] == 0 and no == 0:
        inner, body = selection(yes)
        return where_all((*conjuncts(condition), *inner), body)
    return Where(condition, yes, no)


def _assuming(expression: Expr, conditions: Iterable[Expr], truth: Expr) -> Expr:
    """An expression where the truth of some conditions, and of their complements, is known."""
    known = dict.fromkeys(conditions, truth)
    known |= {complement(condition): 1 - truth for condition in known}
    return expression.xreplace(known) if expression.has(*known) else expression


def _at_gathered(condition: Expr, expression: Expr) -> Expr:
    """Where a running index equals a gathered one, everything can be read there: it no longer varies along the axis."""
    for side, other in (condition.args, condition.args[::-1]):
        # A real number that an index happens to equal, such as a rank, is no index.
        label = isinstance(other, Read) and other.integer
        if isinstance(side, AxisSymbol) and label and side.axis not in axes_of(other):
            return rename_axes(expression, {side.axis: other})
    return expression


def collected(terms: Iterable[Expr]) -> Expr:
    """A sum in which the terms under one condition, and under its complement, share a branch."""
    plain: list[Expr] = []
    by_condition: dict[Expr, tuple[list[Expr], list[Expr]]] = {}
    for term in _flat(terms):
        if isinstance(term, Where):
            condition, yes, no = term.args
            mirrored = complement(condition)
            if condition not in by_condition and mirrored in by_condition:
                condition, yes, no = mirrored, no, yes
            positive, negative = by_condition.setdefault(condition, ([], []))
            positive.append(yes)
            negative.append(no)
        else:
            plain.append(term)
    branches = [
        _tidy_branch(Where(condition, sympy.Add(*a), sympy.Add(*b))) for condition, (a, b) in by_condition.items()
    ]
    return sympy.Add(*plain, *branches)


def _flat(terms: Iterable[Expr]) -> Iterable[Expr]:
    """The terms of sums and of negated sums."""
    for term in terms:
        factor, inner = term.as_coeff_Mul()
        if inner.is_Add and abs(factor) == 1:
            yield from _flat(factor * part for part in inner.args)
        else:
            yield term


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
        return _complements(expression, exponent)
    shared = reduce(
        lambda a, b: {base: min(a[base], b[base]) for base in a if base in b}, [_powers(term) for term in terms]
    )
    shared = {base: power for base, power in shared.items() if base not in (1, -1)}
    rest = sympy.Add(*(_without(term, shared) for term in terms)) if shared else expression
    if shared and len(rest.args) > 2 and any(_without(term, shared).is_Add for term in terms):
        # w·y + (1 - y) must not become w·y - y + 1, whose terms cancel: one factor stays where it is.
        base = next(reversed(shared))
        shared = {b: power - (b == base) for b, power in shared.items() if b != base or power > 1}
        rest = sympy.Add(*(_without(term, shared) for term in terms)) if shared else expression
    common = [base**power for base, power in shared.items()]
    rest = cancelled(_signed_halves(_complements(rest, exponent)))
    return times(*common, rest) if shared else rest


def cancelled(expression: Expr) -> Expr:
    """A sum of differences of reads without what cancels in it: ``2·(a - n) - 2·(a - p)`` is ``2·(p - n)``."""
    if not expression.is_Add:
        return expression
    totals: dict[Expr, Expr] = {}
    for term in expression.args:
        number, inner = term.as_coeff_Mul()
        for part in inner.args if inner.is_Add else (inner,):
            factor, leaf = part.as_coeff_Mul()
            if not isinstance(leaf, Read):
                return expression
            totals[leaf] = totals.get(leaf, sympy.S.Zero) + number * factor
    if all(total != 0 for total in totals.values()):
        return expression
    left = {leaf: total for leaf, total in totals.items() if total != 0}
    sizes = {abs(total) for total in left.values()}
    scale = sizes.pop() if len(sizes) == 1 else sympy.S.One
    return sympy.Mul(scale, sympy.Add(*(total / scale * leaf for leaf, total in left.items())))


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


def _complements(expression: Expr, exponent: Exponent) -> Expr:
    """Differences that cancel, in the form that does not.

    ``a - a·w`` with w = exp(u) is ``-a·expm1(u)``; with w = sigmoid(u) it is ``a·sigmoid(-u)``; and
    ``a·sigmoid(-u) - a·sigmoid(u)`` is ``-a·tanh(u/2)``; ``a/(b + c) - a·b/(b + c)²`` is ``a·c/(b + c)²``. The a may
    stand in a branch.
    """
    if not expression.is_Add:
        return expression
    terms = list(expression.args)
    for term in expression.args:
        for factor in _bases(term):
            for partner, replacement in _partners(factor, term, exponent):
                others = [other for other in terms if other is not term]
                if partner in others:
                    others.remove(partner)
                    return _complements(sympy.Add(*others, replacement), exponent)
                for branch in others:
                    merged = _inside(branch, partner, term, replacement)
                    if merged is not None:
                        others.remove(branch)
                        return _complements(sympy.Add(*others, merged), exponent)
    return expression


def _bases(term: Expr) -> list[Expr]:
    """The factors of a product, those of whole positive powers once."""
    factors = sympy.Mul.make_args(term)
    return [
        factor.base if isinstance(factor, sympy.Pow) and factor.exp.is_Integer and factor.exp > 0 else factor
        for factor in factors
    ]


def _partners(factor: Expr, term: Expr, exponent: Exponent) -> list[tuple[Expr, Expr]]:
    """For a term ``-a·factor``: what it may cancel with, and what the two are together."""
    inner = factor.args[0] if isinstance(factor, sympy.exp) else exponent(factor) if isinstance(factor, Read) else None
    if inner is not None:
        rest = -term / factor
        found = [(rest, -rest * Expm1(inner))]
        if isinstance(factor, sympy.exp):
            # SymPy has made exp(2u) of the square of exp(u).
            once = sympy.exp(inner / 2)
            found.append((rest * once, -rest * once * Expm1(inner / 2)))
        return found
    if isinstance(factor, Sigmoid):
        inner, rest = factor.args[0], -term / factor
        mirror = Sigmoid(-inner)
        return [(rest, rest * mirror), (rest * mirror, -rest * Tanh(inner / 2))]
    if isinstance(factor, sympy.Pow) and factor.base.is_Add and factor.exp.is_Integer and factor.exp <= -2:
        whole = factor.base
        rests = [(-term * whole / part, sympy.Add(*(p for p in whole.args if p is not part))) for part in whole.args]
        return [(rest, rest * others / whole) for rest, others in rests]
    return []


def _inside(branch: Expr, partner: Expr, term: Expr, replacement: Expr) -> Expr | None:
    """A branch one side of which holds the partner of a term, with the term taken into both sides."""
    if not isinstance(branch, Where):
        return None
    condition, *sides = branch.args
    if not any(partner in sympy.Add.make_args(side) for side in sides):
        return None
    joined = []
    for side in sides:
        parts = list(sympy.Add.make_args(side))
        if partner in parts:
            parts.remove(partner)
            joined.append(sympy.Add(*parts, replacement))
        else:
            joined.append(side + term)
    return Where(condition, *joined)


def _signed_halves(expression: Expr) -> Expr:
    """A tie's two shares make a whole: ``halfstep(u) + halfstep(-u)`` is 1."""
    if expression.is_Add and len(expression.args) == 2 and all(isinstance(t, HalfStep) for t in expression.args):
        a, b = (term.args[0] for term in expression.args)
        if a == -b or (a + b) == 0:
            return sympy.S.One
    return expression
