"""Where a term is 0: equations item by item, and what follows from a sum of nonnegative items that is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, substitute
from symloss.proof.certificates.items import Group, flat, groups, with_multipliers
from symloss.proof.certificates.scalars import divergences
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError
from symloss.proof.normal.powers import log_of_term
from symloss.proof.polynomials import ONE, expression, plus, powers, scaled, single, times
from symloss.proof.terms import (
    NormAlong,
    Term,
    all_reads,
    opened,
)

if TYPE_CHECKING:
    from symloss.proof.certificates.search import Certificates

#: How deep the certificates of items may nest.
_DEPTH = 6


def vanishes(search: Certificates, e: Term, facts: Knowledge) -> bool:
    """Whether a term is 0: by its normal form, as a multiple of a known equation, or item by item."""
    normal = search.normal(facts)
    if normal.zero(e):
        return True
    part = normal.sum(e)
    for known in sorted(facts.conditions, key=str):
        if not isinstance(known, atoms.Equal) or not all_reads(known) & all_reads(e):
            continue
        try:
            given = normal.sum(known.args[0] - known.args[1])
        except NoNormalFormError:
            continue
        first = next(iter(given), None)
        for m, c in part.items() if first is not None else ():
            shared = powers(m)
            ratio = powers(m / first)
            if any(x.is_Rational and x < 0 and not shared.get(b, ONE) < 0 for b, x in ratio.items()):
                continue  # what it divides by might be 0
            factor = single(m / first, c / given[first])
            if not plus([part, scaled(times(factor, given), -1)]):
                return True
    sums, rest = groups(e, facts)
    if not sums or (rest != 0 and not normal.zero(rest)):
        return False
    return all(_vanishing_item(search, group.item, search.under(facts, group.guard)) for group in sums)


def _vanishing_item(search: Certificates, item: Term, facts: Knowledge) -> bool:
    facts.range(item)  # what holds for every item is known of this one from now on
    for known in tuple(facts.disjunctions):
        for part in known.args:
            if facts.holds(facts.opposite(part), 0):
                facts = search.under(facts, atoms.Or(*(p for p in known.args if p is not part)))
    return vanishes(search, item, facts)


def zeros(search: Certificates, e: Term, facts: Knowledge, place: dict[str, AxisSymbol], depth: int = 4) -> list[Term]:
    """Terms that are 0 where a term is; items of a sum at the running index that ``place`` has for their axis."""
    found: list[Term] = [e]
    if depth == 0:
        return found
    if isinstance(e, sympy.Mul):
        open_factors = [f for f in e.args if not search.normal(facts).positive(f) and not f.is_Rational]
        if len(open_factors) == 1:
            found += zeros(search, open_factors[0], facts, place, depth - 1)
    if isinstance(e, sympy.Pow) and e.exp.is_Rational and e.exp > 0:
        found += zeros(search, e.base, facts, place, depth - 1)
    if isinstance(e, atoms.Absolute):
        found += zeros(search, e.args[0], facts, place, depth - 1)
    if isinstance(e, NormAlong):
        axis, body, guard = opened(e)
        root = e.axis.axis.split("'")[0]
        if guard == 1 and root in place:
            found += zeros(search, substitute(body, {axis: place[root]}), facts, place, depth - 1)
    sums, rest = groups(e, facts)
    if sums and rest == 0:
        found += _zero_items(search, sums, facts, place, depth)
    elif _all_evident(e, facts):
        for term in flat(e):
            found += zeros(search, term, facts, place, depth - 1) if term != e else []
    return found


def _all_evident(e: Term, facts: Knowledge) -> bool:
    ranges = [facts.range(term) for term in flat(e)]
    return len(ranges) > 1 and all(r is not None and r.above(0) for r in ranges)


def _zero_items(
    search: Certificates, sums: list[Group], facts: Knowledge, place: dict[str, AxisSymbol], depth: int
) -> list[Term]:
    """The items of a sum that is 0, all of them at least 0, at the running indices of interest."""
    shown = [with_multipliers(search, group, facts, _DEPTH) for group in sums]
    if any(one is None for one in shown):
        return []
    found: list[Term] = []
    for group, one in zip(sums, shown, strict=True):
        if group.root not in place or one is None or not search.normal(facts).positive(group.factor):
            continue
        at = {group.axis: place[group.root]}
        here, guard = substitute(one[0], at), substitute(group.guard, at)
        if not facts.holds(guard):
            continue
        inner = search.under(facts, guard)
        found += zeros(search, here, inner, place, depth - 1)
        pairs = divergences(search, here, inner)
        if pairs is not None:
            found += [m - w for m, w in pairs[0]]
            found += [
                expression(
                    plus([log_of_term(search.normal(inner), m), scaled(log_of_term(search.normal(inner), w), -1)])
                )
                for m, w in pairs[0]
                if search.normal(inner).positive(m) and search.normal(inner).positive(w)
            ]
            for term in pairs[1]:
                found += zeros(search, term, inner, place, depth - 1)
    return found
