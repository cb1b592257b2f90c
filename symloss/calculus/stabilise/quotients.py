"""One minus a quotient, and differences of sums over the same axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy
from sympy import S

from symloss.calculus.stabilise.rule import Context, rule
from symloss.calculus.stabilise.terms import (
    Terms,
    factors_of,
    plus,
    product,
    quotient,
    scaled,
    terms_of,
    total,
    without,
)
from symloss.program import AxisSymbol, Read, Statement, rename_axes


@rule(
    sympy.Add,
    before="1 - a/b",
    after="(b - a)/b",
    reason="the difference is formed before the quotient rounds, from parts that do not cancel",
)
def one_minus_quotient(expression: Any, context: Context) -> Any:
    """A number, or a factor of the numerator, beside a quotient of the other sign."""
    terms = terms_of(expression)
    for monomial, number in terms.items():
        above, below = quotient(monomial)
        if below == 1:
            continue
        sign = context.facts.sign(number * monomial)
        for other, amount in terms.items():
            if other == monomial or (sign != 0 and sign == context.facts.sign(amount * other)):
                continue
            rest = {key: value for key, value in terms.items() if key not in (monomial, other)}
            result = _combined(number, above, below, other, amount, rest, context)
            if result is not None:
                return result
    return None


def _combined(number: Any, above: Any, below: Any, other: Any, amount: Any, rest: Terms, context: Context) -> Any:
    """number·above/below + amount·other as one quotient, where its numerator does not cancel."""
    numerator, denominator = quotient(other)
    if denominator == below:
        joined = plus(scaled(number, above), total(scaled(amount, numerator)))
        result = context.rewrite(joined)
        return plus(rest, result / below) if _better(joined, result, context) else None
    if denominator != 1 or (other != 1 and other not in factors_of(above)):
        return None
    above = above / other
    amounts = [amount]
    if other == 1 and abs(amount) > 1:
        amounts.insert(0, sympy.sign(amount))
    for part in amounts:
        joined = plus(scaled(part, below), total(scaled(number, above)))
        result = context.rewrite(joined)
        if not _better(joined, result, context):
            continue
        left = dict(rest)
        if part != amount:
            left[other] = amount - part
        return plus(left, other * _share(result, below, total(scaled(-number, above)), part, context))
    return None


def _share(excess: Any, below: Any, shared: Any, part: Any, context: Context) -> Any:
    """excess/below, where part·below = excess + shared.

    Two steps of one sign make the denominator, so that the derivative, shared·d(excess) - excess·d(shared) over its
    square, cancels no more than the value does. Conditions on the denominator read these steps as well, so that its own
    terms need not be summed.
    """
    signs = {context.facts.sign(excess), context.facts.sign(shared)}
    if isinstance(below, Read) or signs not in ({1}, {-1}):
        return excess / below
    first = context.step("excess", total(scaled(1 / part, excess)))
    second = context.step("shared", total(scaled(1 / part, shared)))
    context.equals[below] = first + second
    return part * first / (first + second)


@rule(
    sympy.Mul,
    before="(b - a)/b",
    after="1 - a/b",
    reason="as one minus a quotient it has a form whose derivative does not cancel",
    early=True,
)
def difference_over_base(expression: Any, context: Context) -> Any:
    """A sum that holds its own denominator as a term, over that denominator."""
    above, below = quotient(expression)
    if all(isinstance(factor, Read) or factor.is_number for factor in factors_of(below)):
        return None
    for factor in factors_of(above):
        if not factor.is_Add:
            continue
        terms = terms_of(factor)
        for sign in (1, -1):
            left = without(terms, scaled(sign, below))
            if left is None or context.facts.definite(factor):
                continue
            rest = product(f for f in factors_of(above) if f is not factor)
            opened = sympy.Add(1, total({k: sign * v for k, v in left.items()}) / below)
            if context.in_progress(opened):
                continue
            result = context.rewrite(opened)
            if S.One not in terms_of(result):
                return sign * rest * result
    return None


def _better(joined: Any, result: Any, context: Context) -> bool:
    return bool(result != 0 and context.facts.harmless(result)) or joined == 0


@rule(
    sympy.Add,
    before="sum(a) - sum(b)",
    after="sum(a - b)",
    reason="element by element the difference has a form that does not cancel",
)
def difference_of_sums(expression: Any, context: Context) -> Any:
    """Sums over the same items, of both signs, whose bodies together have a better form."""
    terms = terms_of(expression)
    sums = [(monomial, *found) for monomial in terms for found in _sum_factors(monomial, context)]
    for monomial, read, factor in sums:
        group = [(monomial, read, factor)]
        base = context.statements[read.tensor]
        for other, candidate, other_factor in sums:
            matching = other != monomial and other_factor == factor and candidate.index == read.index
            if matching and _aligned(context.statements[candidate.tensor], base, context) is not None:
                group.append((other, candidate, other_factor))
        signs = {context.facts.sign(terms[m] * m) for m, _, _ in group}
        if len(group) < 2 or signs <= {1} or signs <= {-1}:
            continue
        body = total(_merged(group, base, terms, context))
        better = context.rewrite(body)
        if not context.facts.definite(better) and len(terms_of(better)) >= len(terms_of(body)):
            continue
        if not context.would_change(body) and not context.facts.definite(better):
            continue
        merged = context.add(f"{base.target}_difference", replace(base, body=better))
        rest = {key: value for key, value in terms.items() if key not in {m for m, _, _ in group}}
        return plus(rest, factor * Read(merged.tensor, read.index))
    return None


def _sum_factors(monomial: Any, context: Context) -> list[tuple[Any, Any]]:
    factors = factors_of(monomial)
    return [
        (factor, product(f for f in factors if f is not factor))
        for factor in factors
        if context.statement_of(factor, "sum") is not None
    ]


def _aligned(statement: Statement, base: Statement, context: Context) -> Any:
    """The statement's body in the axes of the base, where both run over the same items; else None."""
    if len(statement.over) != len(base.over) or len(statement.out) != len(base.out):
        return None
    pairs = dict(zip((*statement.out, *statement.over), (*base.out, *base.over), strict=True))
    program = context.program
    if any(
        a != b and (a not in program.axes or b not in program.axes or program.root(a) != program.root(b))
        for a, b in pairs.items()
    ):
        return None
    renaming = {a: AxisSymbol(b) for a, b in pairs.items()}
    if rename_axes(statement.guard, renaming) != base.guard:
        return None
    return rename_axes(statement.body, renaming)


def _merged(group: Any, base: Statement, terms: Terms, context: Context) -> Terms:
    found: Terms = {}
    for monomial, read, _ in group:
        body = _aligned(context.statements[read.tensor], base, context)
        for key, value in scaled(terms[monomial], body).items():
            found[key] = found.get(key, S.Zero) + value
    return {key: value for key, value in found.items() if value != 0}


RULES = (difference_over_base, difference_of_sums, one_minus_quotient)
