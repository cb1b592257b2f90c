"""Arrays whose rows lie apart in memory, read and written some chunks at a time.

A kernel is compiled for contiguous arrays alone. Where the caller's are not (a slice, a transposed array, channels
first), each thread copies the rows of a few chunks into a room of its own, runs the kernel on it, and copies what the
kernel has filled to where it belongs. So no call holds a copy of a whole input, and every result has the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array

#: Entries of one array that are copied at a time: they stay in the second-level cache, and the microseconds that a
#: step costs are few beside the work on so many.
STEP = 1 << 16


class Rows:
    """What a driver gets in place of an array: its shape and dtype, and the rows that it asks for as a copy."""

    __slots__ = ("_batch", "_view", "dtype", "shape", "size", "written")

    def __init__(self, view: Array, batch: int, shape: tuple[int, ...], written: bool = False) -> None:
        """Stand for an array.

        Args:
            view: the caller's array, the dimensions of the batch first.
            batch: how many of them there are.
            shape: the shape that a kernel sees, with one dimension for the batch.
            written: whether kernels fill it rather than read it.
        """
        self._view, self._batch = view, batch
        self.shape, self.dtype, self.size, self.written = shape, view.dtype, view.size, written

    def __getitem__(self, rows: slice) -> Array:
        """A contiguous copy of some rows."""
        first, last, _ = rows.indices(self.shape[0])
        room = np.empty((max(0, last - first), *self.shape[1:]), self.dtype)
        self.read(first, last, room)
        return room

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        """A contiguous copy of all rows: for messages and for what has one number per row."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def reshape(self, *shape: Any) -> Array:
        """A contiguous copy in another shape."""
        return self[:].reshape(*shape)

    def read(self, first: int, last: int, room: Array) -> None:
        """Copy rows ``first … last-1`` to the beginning of a contiguous room."""
        for start, stop, place in _pieces(self._view.shape[: self._batch], first, last):
            part = self._view[place]
            room[start - first : stop - first].reshape(part.shape)[...] = part

    def write(self, first: int, last: int, room: Array) -> None:
        """Copy the beginning of a contiguous room to rows ``first … last-1``."""
        for start, stop, place in _pieces(self._view.shape[: self._batch], first, last):
            part = self._view[place]
            part[...] = room[start - first : stop - first].reshape(part.shape)


def _pieces(shape: tuple[int, ...], first: int, last: int) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """Where samples ``first … last-1`` of a batch of this shape lie: blocks, each with its first and last sample."""
    if first >= last:
        return
    if len(shape) <= 1:
        yield first, last, (slice(first, last),)
        return
    inner = prod(shape[1:])
    while first < last:
        number, offset = divmod(first, inner)
        whole = (last - first) // inner
        if offset or not whole:
            stop = min(last, (number + 1) * inner)
            for start, end, place in _pieces(shape[1:], offset, offset + stop - first):
                yield number * inner + start, number * inner + end, (number, *place)
        else:
            stop = first + whole * inner
            yield first, stop, (slice(number, number + whole),)
        first = stop


class InSteps:
    """``run(kernel, chunks, spaces, samples, chunk, *args)`` for arguments among which there may be `Rows`."""

    __slots__ = ("_run", "deterministic")

    def __init__(self, run: Callable[..., None]) -> None:
        """Run kernels by ``run``, which hands out the chunks."""
        self._run, self.deterministic = run, getattr(run, "deterministic", False)

    def __call__(
        self, kernel: Callable[..., Any], chunks: int, spaces: Any, samples: int, chunk: int, *args: Any
    ) -> None:
        """Run all chunks of a kernel."""
        apart = [(place, value) for place, value in enumerate(args) if type(value) is Rows]
        if not apart:
            self._run(kernel, chunks, spaces, samples, chunk, *args)
            return
        entries = chunk * max(prod(rows.shape[1:]) for _, rows in apart)
        step = max(1, STEP // max(1, entries))

        def stepwise(first: int, last: int, *workspaces: Any) -> None:
            length = min(step * chunk, samples)
            rooms = [np.empty((length, *rows.shape[1:]), rows.dtype) for _, rows in apart]
            given = list(args)
            for start in range(first, last, step):
                stop = min(start + step, last)
                low, high = start * chunk, min(stop * chunk, samples)
                for (place, rows), room in zip(apart, rooms, strict=True):
                    if not rows.written:
                        rows.read(low, high, room)
                    given[place] = np.asarray(_Window(room, low, rows.shape))
                kernel(start, stop, *workspaces, samples, chunk, *given)
                for (_, rows), room in zip(apart, rooms, strict=True):
                    if rows.written:
                        rows.write(low, high, room)

        self._run(stepwise, chunks, spaces)


class _Window:
    """The memory of some rows as part of an array that has no memory for the others.

    A kernel addresses its samples by their numbers in the batch, and touches those of its own chunks only.
    """

    def __init__(self, room: Array, first: int, shape: tuple[int, ...]) -> None:
        self.room = room
        interface = dict(room.__array_interface__)
        address = interface["data"][0] - first * prod(shape[1:]) * room.itemsize
        interface.update(data=(address, False), shape=shape, strides=None)
        self.__array_interface__ = interface
