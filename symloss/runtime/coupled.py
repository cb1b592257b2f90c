"""Masks of losses whose samples interact: a masked sample leaves as anchor and as candidate.

The driver runs on the rows that are kept; gradients and values go back to their places, with zeros elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symloss.runtime.arrays import Array
from symloss.runtime.frame import Frame
from symloss.runtime.pairing import partners
from symloss.runtime.violations import constrained_axis

if TYPE_CHECKING:
    from symloss.runtime.engine import Call

Kept = dict[str, NDArray[np.intp]]
Driver = Callable[..., tuple[Sequence[float], tuple[int, int] | None]]


def kept_rows(frame: Frame, masks: Sequence[Array | None]) -> Kept:
    """The samples that stay, by batch axis.

    Raises:
        ValueError: removing samples would change which ones belong together, or two terms mask one axis differently.
    """
    by_root: dict[str, Array] = {}
    for root, mask in zip(frame.terms.values(), masks, strict=True):
        if root is None or mask is None:
            continue
        if root in by_root and not np.array_equal(by_root[root], mask):
            raise ValueError(
                f"mask differs between terms of {frame.name} that share a batch; samples leave all or none"
            )
        by_root[root] = mask
    for root, mask in by_root.items():
        if mask.all():
            continue
        labels = [item.name for item in frame.inputs if frame.roots.get(item.domain.get("axis") or "") == root]
        if labels:
            raise ValueError(f"mask removes samples, but {labels[0]} holds positions in the batch, which would shift")
        for pairing in frame.paired:
            _check_partners(frame, pairing, mask)
    return {root: np.flatnonzero(mask) for root, mask in by_root.items()}


def _check_partners(frame: Frame, pairing: str, mask: Array) -> None:
    kept = np.flatnonzero(mask)
    before, after = partners(pairing, len(mask)), partners(pairing, len(kept))
    if before is None or after is None or not np.array_equal(before[kept], kept[after]):
        raise ValueError(f"mask parts samples that {frame.name} pairs by {pairing}; both must stay or both must leave")


def run_on_kept(
    driver: Driver,
    frame: Frame,
    call: Call,
    kept: Kept,
    outputs: Sequence[Array],
    owners: Sequence[int | None],
    directions: Sequence[Array],
) -> tuple[Sequence[float], tuple[int, int] | None]:
    """Call a driver on the kept rows and put its results in their places.

    Args:
        driver: the entry point's driver.
        frame: the declaration of the loss.
        call: the checked arguments.
        kept: the samples that stay, by batch axis.
        outputs: where the results go.
        owners: per output the number of the input it is shaped like, or None.
        directions: one per prediction, or none.
    """
    layout = call.layout

    def rows(number: int | None) -> list[tuple[int, NDArray[np.intp]]]:
        """The dimensions of an input that lose rows."""
        if number is None or layout.broadcast[number]:
            return []
        return [(place, kept[root]) for place, root in enumerate(frame.inputs[number].batch) if root in kept]

    def reduced(number: int | None, array: Array) -> Array:
        for place, indices in rows(number):
            array = np.take(array, indices, axis=place)
        return array

    roots = list(frame.terms.values())

    def of_term(term: int, array: Array | None) -> Array | None:
        root = roots[term]
        return array if array is None or root not in kept else np.take(array, kept[root], axis=0)

    small_values = [of_term(term, array) for term, array in enumerate(call.values)]
    small_outputs = [reduced(owner, array) for owner, array in zip(owners, outputs, strict=True)]
    small_inputs = [reduced(number, array) for number, array in enumerate(call.arrays)]
    totals, violation = driver(
        call.run,
        small_inputs,
        call.parameters,
        [of_term(term, array) for term, array in enumerate(call.weights)],
        [None] * len(call.weights),
        call.reduction,
        call.normalizer,
        call.validate,
        small_values,
        small_outputs,
        [reduced(number, array) for number, array in zip(frame.predictions, directions, strict=False)],
    )
    for term, (array, small) in enumerate(zip(call.values, small_values, strict=True)):
        root = roots[term]
        if array is not None and small is not None and root is not None and small is not array:
            array.fill(0)
            array[kept[root]] = small
    for owner, array, small in zip(owners, outputs, small_outputs, strict=True):
        places = dict(rows(owner))
        if places:
            array.fill(0)
            array[np.ix_(*(places.get(place, np.arange(size)) for place, size in enumerate(array.shape)))] = small
    return totals, violation


def full_position(frame: Frame, call: Call, kept: Kept, check: Any, position: int) -> int:
    """The position, among all samples, of what a driver found at ``position`` among the kept ones."""
    if "constraint" in check:
        axis = constrained_axis(frame, check["constraint"])
        return int(kept[axis][position]) if axis in kept else position
    number = next(place for place, entry in enumerate(frame.inputs) if entry.name == check["argument"])
    if call.layout.broadcast[number]:
        return position
    full = call.arrays[number].shape
    picks = [kept.get(root) for root in frame.inputs[number].batch] + [None] * len(full)
    small = tuple(size if pick is None else len(pick) for size, pick in zip(full, picks, strict=False))
    index = np.unravel_index(position, small)
    places = [int(at) if pick is None else int(pick[at]) for at, pick in zip(index, picks, strict=False)]
    return int(np.ravel_multi_index(tuple(places), full))
