"""Sums that are 0 because each item is, by an equation that holds for it where its condition does."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, substitute
from symloss.proof.closing import negation
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.terms import Along, all_reads, conjuncts, free_axes, stem


def item_by_item(difference: Any, known: Knowledge) -> bool:
    """Whether a term is a sum of sums over one axis, under one condition, whose items together are 0."""
    axis: AxisSymbol | None = None
    guard: Any = None
    total = sympy.S.Zero
    for term in sympy.Add.make_args(sympy.expand(difference)):
        factor, node = _factor_and_sum(term)
        if node is None:
            return False
        here = axis or AxisSymbol(f"{stem(node.axis.axis)}''item")
        if stem(here.axis) != stem(node.axis.axis):
            return False
        place = {node.axis: here}
        own = substitute(node.guard, place)
        if axis is not None and not (known.under(own).holds(guard) and known.under(guard).holds(own)):
            return False
        axis, guard = here, own if axis is None else guard
        total += factor * substitute(node.body, place)
    if axis is None:
        return False
    inside = known.under(guard) if guard != 1 else known
    for read, value in _equations(inside, total):
        if vanishes_for_every_size(_put(total, read, value), inside):
            return True
    return vanishes_for_every_size(total, inside)


def _factor_and_sum(term: Any) -> tuple[Any, Along | None]:
    sums = [f for f in sympy.Mul.make_args(term) if isinstance(f, Along) and f.operation == "sum"]
    return (term / sums[0], sums[0]) if len(sums) == 1 else (term, None)


def _equations(known: Knowledge, total: Any) -> list[tuple[Read, Any]]:
    """Reads at the item with what they equal, by what is said of every item."""
    found = []
    for condition in sorted({part for one in known.said_of(total) for part in _left(known, one)}, key=str):
        if not isinstance(condition, atoms.Equal):
            continue
        zero = sympy.expand(condition.args[0] - condition.args[1])
        for read in sorted(all_reads(total), key=str):
            slope = zero.coeff(read) if zero.coeff(read).is_Rational else sympy.S.Zero
            value = sympy.expand(read - zero / slope) if slope != 0 else read
            # Inside a reduction the same tensor is read at other indices, which stay as they are.
            if slope != 0 and not any(part == read for part in value.free_symbols if isinstance(part, Read)):
                found.append((read, value))
    return found


def _left(known: Knowledge, condition: Any) -> list[Any]:
    """The parts of a condition; of alternatives the one whose others do not hold."""
    found = []
    for part in conjuncts(condition):
        if isinstance(part, atoms.Or):
            open_parts = [one for one in part.args if not known.holds(negation(one))]
            found += open_parts if len(open_parts) == 1 else []
        else:
            found.append(part)
    return found


def _put(e: Any, read: Read, value: Any) -> Any:
    """A term with a read replaced, outside reductions and in them."""
    if any(isinstance(node, Along) and node.axis.axis in free_axes(value) for node in e.atoms(Along)):
        return e
    return e.xreplace({read: value})
