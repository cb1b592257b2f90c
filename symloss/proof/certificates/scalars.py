"""Rules for one item: divergences, ends of intervals, logarithms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.certificates.items import flat, split
from symloss.proof.certificates.nodes import node
from symloss.proof.certificates.structure import by_terms
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import Normal
from symloss.proof.normal.powers import exponential
from symloss.proof.normal.quotients import expanded
from symloss.proof.polynomials import BITS, ONE, Sum, constant, expression, plus, powers, scaled, single
from symloss.proof.setting import folded
from symloss.proof.terms import (
    SumAlong,
    Term,
)
from symloss.proof.verdicts import Evidence

if TYPE_CHECKING:
    from symloss.proof.certificates.search import Certificates


#: How many choices of terms are looked at.
_MOST_SUBSETS = 64


def item_of_logsumexp(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A logarithm of a sum of exponentials is at least each of their exponents."""
    other = search.normal(facts).term(e).replace(lambda part: isinstance(part, sympy.log), folded)
    found = facts.range(other) if other != e else None
    return node(e, "item", equal=str(other)) if found is not None and found.above(0) else None


def divergences(search: Certificates, e: Term, facts: Knowledge) -> tuple[list[tuple[Term, Term]], list[Term]] | None:
    """Pairs (m, w) and terms, all at least 0: ``e`` is the sum of these terms and of ``w - m + m log(m/w)``."""
    normal = search.normal(facts)
    terms = [term for part in flat(e) for term in split(part)]
    ranges = [facts.range(term) for term in terms]
    evident = [t for t, r in zip(terms, ranges, strict=True) if r is not None and r.above(0)]
    others = plus(normal.sum(t) for t in terms if t not in evident)
    if not others or len(evident) > 6:
        return None
    sums = {t: normal.sum(t) for t in evident}
    subsets = [s for size in range(1, len(evident) + 1) for s in combinations(evident, size)][:_MOST_SUBSETS]
    for chosen in subsets:
        whole = plus([others, *(sums[t] for t in chosen)])
        for pairs in _pairs(search, whole, chosen, sums, facts):
            forms = [_divergence(search, normal, m, w, c) for m, w, c in pairs]
            if not plus([whole, *(scaled(form, -1) for form in forms)]):
                rest = [t for t in evident if t not in chosen]
                return [(m, w) for m, w, _ in pairs], rest
    return None


def _pairs(
    search: Certificates, whole: Sum, chosen: Any, sums: Any, facts: Knowledge
) -> Iterator[list[tuple[Term, Term, Any]]]:
    weights = [next(iter(sums[t].items())) for t in chosen if len(sums[t]) == 1]
    less = [(m, -c) for m, c in whole.items() if c < 0 and search.finite_and_at_least_zero(m, facts)]
    for w, c in weights:
        for m, own in less:
            if own == c:
                yield [(m, w, c)]
    if ONE in whole and whole[ONE] < 0:
        for term in chosen:
            if len(sums[term]) > 1 and search.normal(facts).positive(term):
                yield [(ONE, term / -whole[ONE], -whole[ONE])]


def _divergence(search: Certificates, normal: Normal, m: Term, w: Term, factor: Any) -> Sum:
    """``factor (w - m + m log m - m log w)``."""
    form = w - m + atoms.XLogY(m, m) - atoms.XLogY(m, w)
    return scaled(normal.sum(form), factor)


def gibbs(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """``w - m ≥ m log(w/m)`` for m, w ≥ 0."""
    found = divergences(search, e, facts)
    if found is None:
        return None
    pairs, rest = found
    return node(e, "Gibbs", pairs=[[str(m), str(w)] for m, w in pairs], rest=[str(t) for t in rest])


def ends(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A term that is affine in a variable between two bounds is at least 0 if it is at both."""
    part = search.normal(facts).sum(e)
    split = [powers(m) for m in part]
    for read in sorted({base for bases in split for base, x in bases.items() if x == 1}, key=str):
        if isinstance(read, (*BITS, SumAlong)) or getattr(read, "integer", False):
            continue
        inside = facts.range(read)
        if inside is None or not (inside.low.is_Rational and inside.high.is_Rational):
            continue
        if any(
            (base.has(read) and not (base == read and x == 1)) or x.has(read) for b in split for base, x in b.items()
        ):
            continue
        found = []
        for end in (inside.low, inside.high):
            there = expression(plus(single(m.xreplace({read: end}), c) for m, c in part.items()))
            step = search.nonnegative(there, facts, min(depth, 4))
            if step is None:
                break
            found.append({"at": str(end), **step})
        if len(found) == 2:
            return node(e, "ends", found, variable=str(read))
    return None


def logarithm(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """A term with logarithms is at least 0 where its exponential is at least 1."""
    normal = search.normal(facts)
    part = normal.sum(e)
    if not any(isinstance(m, sympy.log) and c.is_Integer and c > 0 for m, c in part.items()):
        return None
    whole = plus([expanded(exponential(normal, part)), constant(-1)])
    step = by_terms(search, expression(whole), facts, 2)
    return None if step is None else node(e, "logarithm", [step])
