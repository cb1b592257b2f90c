"""Rules for whole sums: shares, logarithms of sums of exponentials, products of two vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss.program import Read
from symloss.proof.certificates.items import flat
from symloss.proof.certificates.nodes import node
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import Normal
from symloss.proof.normal.quotients import expanded
from symloss.proof.normal.sums import summed
from symloss.proof.polynomials import Sum, constant, expression, plus, powers, product, single, times
from symloss.proof.terms import (
    LogSumExpAlong,
    SumAlong,
    Term,
    along,
    opened,
)
from symloss.proof.verdicts import Evidence

if TYPE_CHECKING:
    from symloss.proof.certificates.search import Certificates


def share(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """``Σ b = Σ a b + slack`` with slack ≥ 0 where ``0 ≤ a ≤ 1`` and ``b ≥ 0``; then no coefficient is negative."""
    part = search.normal(facts).sum(e)
    slacks: dict[Any, Any] = {}
    for total in sorted(set().union(*(m.atoms(SumAlong) for m in part)), key=str):
        axis, body, guard = opened(total)
        factors = powers(body)
        for base in factors if guard == 1 and len(factors) == 2 else ():
            inside = facts.range(base)
            other = product({b: x for b, x in factors.items() if b != base})
            bounded = inside is not None and inside.above(0) and inside.below(1)
            if factors[base] == 1 and bounded and search.finite_and_at_least_zero(other, facts):
                whole = along("sum", axis, other, root=total.axis.axis.split("'")[0])
                slacks.setdefault(whole, total + Read(f"slack of {other}", ()))
    if not slacks:
        return None
    normal = search.normal(facts)
    found = expanded(plus(times(constant(c), normal.sum(m.xreplace(slacks))) for m, c in part.items()))
    slack = {read for new in slacks.values() for read in new.free_symbols if isinstance(read, Read)}
    slack = {read for read in slack if read.tensor.startswith("slack of ")}
    for m, c in found.items():
        rest = product({b: x for b, x in powers(m).items() if b not in slack})
        if c < 0 or not search.at_least_zero(rest, facts):
            return None
    return node(e, "share", slacks={str(whole): str(new) for whole, new in slacks.items()})


def spread(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """``logsumexp`` is at most the logarithm of the number of items plus some item."""
    normal = search.normal(facts)
    for term in flat(e):
        number, inside = term.as_coeff_Mul(rational=True)
        if number >= 0 or not isinstance(inside, LogSumExpAlong):
            continue
        axis, body, guard = opened(inside)
        root = inside.axis.axis.split("'")[0]
        known = search.under(facts, guard)
        count = expression(summed(normal, axis, root, constant(1), facts.plain(guard)))
        other = expression(normal.sum(e - term + number * sympy.log(count) + number * body))
        step = search.nonnegative(other, known, depth)
        if step is not None:
            return node(e, "mean of exponentials", [step], items=axis.axis)
    return None


def cauchy_schwarz(search: Certificates, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
    """``|Σ a b| ≤ sqrt(Σ a² Σ b²)``."""
    normal = search.normal(facts)
    part = normal.sum(e)
    found: list[Sum] = []
    used = False
    for m, c in part.items():
        rest = _cosine(search, m, normal)
        if rest is not None and search.finite_and_at_least_zero(rest, facts):
            used = True
            found.append(single(rest, -abs(c)))
        else:
            found.append({m: c})
    if not used:
        return None
    total = plus(found)
    step = node(sympy.S.Zero, "range") if not total else search.nonnegative(expression(total), facts, 1)
    return None if step is None else node(e, "Cauchy-Schwarz", [step])


def _cosine(search: Certificates, monomial: Any, normal: Normal) -> Any:
    """What stands beside a cosine in a product, or None."""
    bases = powers(monomial)
    for total, exponent in bases.items():
        if not isinstance(total, SumAlong) or exponent != 1 or total.guard != 1:
            continue
        axis, body, _ = opened(total)
        root = total.axis.axis.split("'")[0]
        factors = list(powers(body).items())
        if len(factors) != 2 or any(x != 1 for _, x in factors):
            continue
        squares = {along("sum", axis, base**2, root=root): -sympy.S.Half for base, _ in factors}
        if len(squares) == 2 and all(bases.get(square) == x for square, x in squares.items()):
            return product({b: x for b, x in bases.items() if b != total and b not in squares})
    return None
