"""Rules by the form of a term: its branches, factors, terms, denominators, and what is assumed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.certificates.items import items
from symloss.proof.certificates.nodes import in_range, node
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError
from symloss.proof.normal.quotients import expanded
from symloss.proof.polynomials import expression, plus, powers, product, scaled, single
from symloss.proof.terms import (
    Along,
    SumAlong,
    Term,
    all_reads,
)
from symloss.proof.verdicts import Evidence

if TYPE_CHECKING:
    from symloss.proof.certificates.search import Certificates


def cases(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A branch by its condition: each side where it is taken."""
    branch = next((node for node in sympy.preorder_traversal(e) if isinstance(node, atoms.Where)), None)
    if branch is None or any(branch in node.atoms(atoms.Where) for node in e.atoms(Along)):
        return None
    condition, yes, no = branch.args
    condition = facts.plain(condition)
    parts = []
    for assumed, value in ((condition, yes), (facts.opposite(condition), no)):
        part = search.nonnegative(e.xreplace({branch: value}), search.under(facts, assumed), depth)
        if part is None:
            return None
        parts.append({"where": str(assumed), **part})
    return node(e, "cases", parts)


def consequence(search: Certificates, e: Term, facts: Knowledge, depth: int, strictly: bool = False) -> Evidence | None:
    """A condition that is assumed, times a positive number, and what is added to it."""
    normal = search.normal(facts)
    try:
        target = normal.sum(e)
    except NoNormalFormError:
        return None
    for known in sorted(facts.conditions, key=str):
        if not isinstance(known, atoms.Less if strictly else atoms.Less | atoms.LessEqual):
            continue
        low, high = known.args
        if low.is_infinite or high.is_infinite or not all_reads(known) & all_reads(e):
            continue
        try:
            given = normal.sum(high - low)
        except NoNormalFormError:
            continue
        for factor in (sympy.S.One, sympy.S.Half):
            rest = plus([target, scaled(given, -factor)])
            part = node(sympy.S.Zero, "range") if not rest else None
            if part is None and depth > 2:
                part = by_terms(search, expression(rest), facts, 1) or items(search, expression(rest), facts, 3)
            if part is not None:
                return node(e, "consequence", [part], given=str(known), times=str(factor))
    return None


def factors(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A product of terms that are at least 0."""
    if not isinstance(e, sympy.Mul):
        return None
    number, rest = e.as_coeff_Mul(rational=True)
    factors = list(sympy.Mul.make_args(rest))
    if number < 0:
        if len(factors) != 1:
            return None
        factors = [-factors[0]] if not isinstance(factors[0], SumAlong) else []
    if not factors or factors == [e]:
        return None
    parts: list[Evidence] = []
    for factor in factors:
        part = search.nonnegative(factor, facts, depth)
        if part is None:
            return None
        parts.append(part)
    return node(e, "factors", parts)


def by_terms(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A sum whose terms are at least 0, each by itsearch."""
    terms = sympy.Add.make_args(e)
    if len(terms) < 2:
        found = facts.range(e)
        return in_range(e, facts) if found is not None and found.above(0) else None
    ranges = [facts.range(term) for term in terms]
    if any(r is not None and r.below(0, True) for r in ranges):
        return None
    parts: list[Evidence] = []
    for term in terms:
        part = search.nonnegative(term, facts, depth)
        if part is None:
            return None
        parts.append(part)
    return node(e, "terms", parts)


def quotient(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A quotient with a positive denominator by its numerator."""
    normal = search.normal(facts)
    part = normal.sum(e)
    bottoms: dict[Any, Any] = {}
    for m in part:
        for base, exponent in powers(m).items():
            if exponent.is_Rational and exponent < 0:
                bottoms[base] = min(bottoms.get(base, sympy.S.Zero), exponent)
    if not bottoms or not all(_above_zero(search, base, facts) for base in bottoms):
        return None
    raised = product({base: -exponent for base, exponent in bottoms.items()})
    top = expanded(plus(single(sympy.Mul(m, raised), c) for m, c in part.items()))
    step = search.nonnegative(expression(top), facts, depth)
    return None if step is None else node(e, "quotient", [step], denominator=str(raised))


def _above_zero(search: Certificates, e: Term, facts: Knowledge) -> bool:
    return search.normal(facts).positive(e) or (isinstance(e, sympy.Add) and search.positive(e, facts) is not None)
