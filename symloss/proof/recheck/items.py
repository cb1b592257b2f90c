"""What one item says about a reduction: a sum of what is not negative is at least each item, and so is a maximum.

An item counts where its condition is known to hold. Its index is one that the terms at hand read, or that the
conditions do; a running index that nothing binds stands for any item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from symloss.program import axes_of, substitute
from symloss.proof.recheck.ends import Bounds
from symloss.proof.terms import Along, all_reads

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge

_OO = float("inf")


def places(node: Along, rest: Any) -> list[dict[Any, Any]]:
    """The places at which a body could be an item: those that other terms have where the body has its axis.

    An index that a reduction inside the body binds would be taken for the bound one.
    """
    found: list[dict[Any, Any]] = []
    bound = {inner.axis.axis for part in node.args[1:] for inner in part.atoms(Along)}
    for inside in sorted(all_reads(node.body) | all_reads(node.guard), key=str):
        for other in sorted(all_reads(rest), key=str):
            if other.tensor == inside.tensor:
                found += [
                    {node.axis: there}
                    for here, there in zip(inside.index, other.index, strict=True)
                    if here == node.axis and not bound & axes_of(there)
                ]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def admitted(known: Knowledge, node: Along) -> Iterator[Any]:
    """Items that are known to be among those of a reduction, found at the indices of the conditions."""
    seen = set()
    for condition in sorted(known.conditions, key=str):
        for place in places(node, condition):
            item = substitute(node.body, place)
            if item not in seen and item != node.body and known.holds(substitute(node.guard, place)):
                seen.add(item)
                yield item


def at_least_an_item(known: Knowledge, node: Along, found: Bounds) -> Bounds:
    """Bounds of a sum of what is not negative, a maximum or a logsumexp, from below by the items that it has."""
    body = (known.under(node.guard) if node.guard != 1 else known).bounds(node.body)
    if node.operation not in ("sum", "max", "logsumexp") or body is None:
        return found
    if node.operation == "sum" and not body.only((0, 1)):
        return found
    for item in admitted(known, node):
        least = known.bounds(item)
        if least is not None:
            found = found.meet(Bounds(least.low, _OO, least.low_open, False))
    return found


def share_of_a_sum(known: Knowledge, factors: list[Any]) -> tuple[Bounds, list[Any]] | None:
    """The bounds of ``item/Σ items`` among some factors, and the factors that are left; None where there is none."""
    for below in factors:
        total = below.base if isinstance(below, sympy.Pow) and below.exp == -1 else None
        if not isinstance(total, Along) or total.operation != "sum":
            continue
        others = [factor for factor in factors if factor is not below]
        for place in places(total, sympy.Mul(*others, evaluate=False)):
            rest = _without(others, _known_factors(known, substitute(total.body, place)))
            if rest is None or not known.holds(substitute(total.guard, place)):
                continue
            body = (known.under(total.guard) if total.guard != 1 else known).bounds(total.body)
            whole, item = known.bounds(total), known.bounds(substitute(total.body, place))
            if body is None or whole is None or item is None or not (body.only((0, 1)) and whole.only((1,))):
                continue
            if whole.finite:
                return Bounds(Fraction(0), Fraction(1), item.only((1,))), rest
    return None


def _known_factors(known: Knowledge, item: Any) -> list[Any]:
    """The factors of an item but for conditions that hold."""
    return [factor for factor in sympy.Mul.make_args(item) if not known.holds(factor)]


def _without(factors: Iterable[Any], some: Iterable[Any]) -> list[Any] | None:
    left = list(factors)
    for one in some:
        if one not in left:
            return None
        left.remove(one)
    return left
