"""Indices half an axis away: ``p(i) = Mod(i + floor(size/2), size)``.

Where the size is even, p is its own inverse: ``p(p(i)) = i``, and ``p(j) = i`` where ``j = p(i)``. Where it is at least
2, ``p(i) ≠ i``, as ``0 < floor(size/2) < size``. A map that is known to keep partners together maps p(i) to p of its
value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, substitute
from symloss.proof.terms import Along, stem

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge


def partner(index: Any, size: Any) -> Any:
    """The index half an axis away."""
    return sympy.Mod(index + sympy.floor(size / 2), size)


def partner_of(known: Knowledge, e: Any) -> Any | None:
    """The index of an axis that a term is half an axis away from, or None."""
    if not isinstance(e, sympy.Mod) or not isinstance(e.args[1], SizeSymbol):
        return None
    size = e.args[1]
    index = e.args[0] - sympy.floor(size / 2)
    return index if is_index(known, index, size.axis) else None


def is_index(known: Knowledge, e: Any, axis: str) -> bool:
    """Whether a term is one of 0 … size - 1 of an axis."""
    if isinstance(e, AxisSymbol):
        return stem(e.axis) == stem(axis)
    tensor = known.tensors.get(e.tensor) if isinstance(e, Read) else None
    domain = tensor.domain if tensor is not None else None
    return domain is not None and domain.kind == "index" and domain.axis is not None and stem(domain.axis) == stem(axis)


def apart(known: Knowledge, a: Any, b: Any) -> bool:
    """Whether one of two indices is the other's partner, and not the same."""
    for one, other in ((a, b), (b, a)):
        if partner_of(known, one) == other:
            size = known.bounds(one.args[1])
            return size is not None and size.low >= 2
    return False


def _even(known: Knowledge, size: Any) -> bool:
    return atoms.Equal(sympy.Mod(size, 2), 0) in known.conditions


def plain_index(known: Knowledge, e: Any) -> Any:
    """An index with ``p(p(i)) = i`` and what is known of images of partners put to use."""
    if isinstance(e, Read):
        e = Read(e.tensor, tuple(plain_index(known, entry) for entry in e.index), e.integer)
        return _image(known, e) if e.is_integer else e
    if not isinstance(e, sympy.Mod) or not isinstance(e.args[1], SizeSymbol):
        return e
    size = e.args[1]
    inside = sympy.Add(*(plain_index(known, part) for part in sympy.Add.make_args(e.args[0])))
    twice = inside - 2 * sympy.floor(size / 2)
    if is_index(known, twice, size.axis) and _even(known, size):
        return twice
    found = sympy.Mod(inside, size)
    return e if found == e else plain_index(known, found)


def _image(known: Knowledge, e: Read) -> Any:
    """The value of a map at a partner, where it keeps partners together."""
    for condition in sorted(known.conditions, key=str):
        if not (isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1):
            continue
        if not isinstance(condition.body, atoms.Equal) or len(e.index) != 1:
            continue
        index = partner_of(known, e.index[0])
        if index is None:
            continue
        place = {condition.axis: index}
        for left, right in (condition.body.args, condition.body.args[::-1]):
            image = substitute(left, place)
            of_partner = isinstance(left, Read) and left.index != (condition.axis,)
            if of_partner and image == e:
                return plain_index(known, substitute(right, place))
    return e


def selected_index(known: Knowledge, axis: AxisSymbol, side: Any, other: Any) -> Any | None:
    """The only index at which ``side = other`` holds, side being the index's partner; None where that is not seen."""
    if partner_of(known, side) != axis or not _even(known, side.args[1]):
        return None
    if axis.axis in axes_of(other) or not is_index(known, other, axis.axis):
        return None
    return partner(other, side.args[1])
