"""Sums over an axis that is read through a permutation of it: each item comes once, so that the sum is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute
from symloss.proof.terms import Along, all_reads, stem

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge


def reindexed(known: Knowledge, axis: AxisSymbol, body: Any) -> Any:
    """A body in which the index stands where its image stood, or the body itself where it is read otherwise too."""
    for name in sorted({read.tensor for read in _inner_reads(body) if read.index == (axis,)}):
        if not _permutes(known, name, axis):
            continue
        image = Read(name, (axis,), True)
        brackets = {
            one: atoms.Equal(*(Read(name, (side,), True) for side in one.args))
            for one in body.atoms(atoms.Equal)
            if axis in one.args and all(_is_index(side, axis) for side in one.args)
        }
        place = AxisSymbol(f"{stem(axis.axis)}'image")
        found = substitute(body.xreplace(brackets), {image: place})
        if axis.axis not in axes_of(found):
            return substitute(found, {place: axis})
    return body


def _inner_reads(body: Any) -> set[Read]:
    """Reads in a term, those in the indices of others among them."""
    found: set[Read] = set()
    todo = list(all_reads(body))
    while todo:
        read = todo.pop()
        if read not in found:
            found.add(read)
            todo += [inner for entry in read.index for inner in all_reads(entry)]
    return found


def _is_index(side: Any, axis: AxisSymbol) -> bool:
    """Whether a term is an index of the axis."""
    return isinstance(side, AxisSymbol) and stem(side.axis) == stem(axis.axis)


def _permutes(known: Knowledge, name: str, axis: AxisSymbol) -> bool:
    """Whether a tensor maps an axis to itself without taking a value twice."""
    tensor = known.tensors.get(name)
    if tensor is None or tensor.domain.kind != "index" or len(tensor.axes) != 1:
        return False
    if stem(tensor.axes[0]) != stem(axis.axis) or tensor.domain.axis is None:
        return False
    if stem(tensor.domain.axis) != stem(axis.axis):
        return False
    return any(_injective(condition, name) for condition in known.conditions)


def _injective(condition: Any, name: str) -> bool:
    """``i = j or s[i] ≠ s[j]`` for all i and j."""
    bound: list[Any] = []
    while isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1:
        bound.append(condition.axis)
        condition = condition.body
    if len(bound) != 2 or not isinstance(condition, atoms.Or) or len(condition.args) != 2:
        return False
    images = [Read(name, (one,), True) for one in bound]
    same = {atoms.Equal(*bound), atoms.Equal(*bound[::-1])}
    apart = {atoms.NotEqual(*images), atoms.NotEqual(*images[::-1])}
    return any(a in same and b in apart for a, b in (condition.args, condition.args[::-1]))
