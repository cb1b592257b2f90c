"""Hessian blocks of single samples, from Hessian-vector products with unit vectors.

Samples do not interact, so one product with the k-th unit vector in every sample at once gives the k-th column of
every block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from symloss.errors import SymlossError
from symloss.runtime.arrays import Array
from symloss.runtime.frame import Frame
from symloss.runtime.layout import Layout

#: The largest number of elements of a sample whose block is formed; beyond it the product is the tool.
MOST_ELEMENTS = 512

Product = Callable[[Sequence[Array], Sequence[Array]], None]


def checked_widths(frame: Frame, layout: Layout, cross: bool) -> tuple[list[int], list[int]]:
    """Per prediction the number of samples and of elements of a sample.

    Raises:
        SymlossError: the samples interact.
        ValueError: a sample has too many elements, or ``cross`` between predictions of different batches.
    """
    inputs = [frame.inputs[number] for number in frame.predictions]
    if frame.coupled or frame.batchless:
        raise SymlossError(f"{frame.name} has no Hessian of one sample, because its samples interact; use hvp")
    for entry in inputs:
        if len(entry.batch) != 1:
            raise SymlossError(
                f"{frame.name} has no Hessian of one sample, because {entry.name} is shared by all; use hvp"
            )
    if cross and len({entry.batch for entry in inputs}) > 1:
        names = " and ".join(entry.name for entry in inputs)
        raise ValueError(f"cross is True, but {names} have batches of their own: there are no blocks between them")
    shapes = [layout.flat[number] for number in frame.predictions]
    widths = [prod(shape[1:]) for shape in shapes]
    for entry, width in zip(inputs, widths, strict=True):
        if width > MOST_ELEMENTS:
            raise ValueError(
                f"{entry.name} has {width} elements per sample, expected at most {MOST_ELEMENTS} for a Hessian; use hvp"
            )
    return [shape[0] for shape in shapes], widths


def hessian_blocks(frame: Frame, layout: Layout, product: Product, cross: bool) -> Any:
    """The Hessian block of each sample.

    Args:
        frame: the declaration of the loss.
        layout: the shapes of the call.
        product: fills its second argument with the Hessian times its first, one array per prediction.
        cross: whether to give the blocks between different predictions too.

    Raises:
        SymlossError: the samples interact.
        ValueError: a sample has too many elements, or ``cross`` between predictions of different batches.
    """
    lengths, widths = checked_widths(frame, layout, cross)
    inputs = [frame.inputs[number] for number in frame.predictions]
    shapes = [layout.flat[number] for number in frame.predictions]
    count = len(inputs)
    blocks: list[list[Array | None]] = [[None] * count for _ in inputs]
    outputs = [np.empty(shape, layout.computing) for shape in shapes]
    for column in range(count):
        wanted = [row for row in range(count) if cross or row == column]
        for row in wanted:
            blocks[row][column] = np.empty((lengths[row], widths[row], widths[column]), layout.computing)
        directions = [np.zeros(shape, layout.computing) for shape in shapes]
        unit = directions[column].reshape(lengths[column], widths[column])
        for place in range(widths[column]):
            unit[:, place] = 1
            product(directions, outputs)
            unit[:, place] = 0
            for row in wanted:
                block = blocks[row][column]
                if block is not None:
                    block[:, :, place] = outputs[row].reshape(lengths[row], widths[row])
    shaped = [
        [_shaped(frame, layout, row, column, blocks[row][column]) for column in range(count)] for row in range(count)
    ]
    if cross:
        return tuple(tuple(row) for row in shaped)
    return shaped[0][0] if count == 1 else tuple(shaped[number][number] for number in range(count))


def block_shape(frame: Frame, layout: Layout, row: int, column: int) -> tuple[int, ...]:
    """The shape of the batch, and two sample dimensions, or none where a sample is one element."""
    first, second = frame.predictions[row], frame.predictions[column]
    batch = layout.parts[frame.inputs[first].batch[0]]
    if not frame.inputs[first].sample and not frame.inputs[second].sample:
        return batch
    return (*batch, prod(layout.flat[first][1:]), prod(layout.flat[second][1:]))


def _shaped(frame: Frame, layout: Layout, row: int, column: int, block: Array | None) -> Array | None:
    """A block as the caller gets it."""
    if block is None:
        return None
    returned = layout.returned[frame.predictions[row]]
    with np.errstate(over="ignore"):
        return block.reshape(block_shape(frame, layout, row, column)).astype(returned, copy=False)
