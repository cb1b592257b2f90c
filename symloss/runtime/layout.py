"""How the shapes of a call's arrays fit the axes of a loss: what is batch, what is sample, what must agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array, prepared
from symloss.runtime.frame import Frame, Input
from symloss.runtime.pairing import partners
from symloss.runtime.rows import Rows

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One array that an entry point gives back.

    ``label`` names it in messages, ``source`` is what it is a derivative by, ``number`` the input it is shaped like
    (None for a parameter), ``shape`` the caller's shape and ``flat`` the kernel's. ``direct`` says that the kernel can
    write into the array that the caller gets, ``same`` that it need not be reshaped for that, ``apart`` that its rows
    are copied there chunk by chunk; ``over`` names the inputs whose memory that array may be.
    """

    label: str
    source: str
    number: int | None
    shape: Shape
    flat: Shape
    dtype: np.dtype[Any]
    direct: bool
    same: bool
    apart: bool
    over: frozenset[str]


class Results(list[Result]):
    """What an entry point gives back; ``plain`` where a kernel can write all of it as the caller gets it."""

    __slots__ = ("plain",)

    def __init__(self, results: Iterable[Result]) -> None:
        """The results in order."""
        super().__init__(results)
        self.plain = all(result.direct and result.same for result in self)


class Layout:
    """The shapes of one call.

    Per input: ``given`` and ``flat`` hold the caller's shape and the shape a kernel sees; ``moved`` the pair (position
    in the caller's array, position in the declared order) of a sample axis that ``axis=`` named, or None; ``broadcast``
    marks coefficients that are absent or scalar, ``cast`` inputs that lost precision; ``returned`` is the dtype of
    a result that is shaped like it. Per term: ``batches`` and ``lengths`` hold the batch shape and its number of
    samples. ``parts`` holds the dimensions of each root axis, ``results`` what each entry point gives back. ``steps``
    says how to get the kernel's arrays from the caller's without a copy (as is, a reshape, or a constant), and is None
    where there must be one; ``as_given`` that all are taken as is. ``launched`` are the entry points that have run
    in its computing dtype; all layouts of a loss share it. ``seconds`` is what kernels have taken.
    """

    __slots__ = (
        "as_given",
        "batches",
        "broadcast",
        "cast",
        "computing",
        "elements",
        "flat",
        "given",
        "launched",
        "lengths",
        "moved",
        "parts",
        "results",
        "returned",
        "seconds",
        "steps",
    )

    def __init__(self, count: int) -> None:
        """An empty layout for as many inputs."""
        self.computing: np.dtype[Any] = np.dtype(np.float64)
        self.returned: list[np.dtype[Any]] = []
        self.cast: list[bool] = [False] * count
        self.broadcast: list[bool] = [False] * count
        self.steps: list[Any] | None = None
        self.as_given = False
        self.launched: set[str] = set()
        self.results: dict[str, Results] = {}
        self.given: list[Shape] = [()] * count
        self.flat: list[Shape] = [()] * count
        self.moved: list[tuple[int, int] | None] = [None] * count
        self.batches: list[Shape] = []
        self.lengths: list[int] = []
        self.parts: dict[str, Shape] = {}
        self.elements = 0
        self.seconds: dict[tuple[Any, int], float] = {}

    def in_order(self, number: int, array: Array) -> Array:
        """An array shaped like input ``number`` as the caller sees it, with its dimensions in the declared order."""
        moved = self.moved[number]
        return array if moved is None else np.moveaxis(array, *moved)

    def rows(self, frame: Frame, number: int, array: Array, written: bool = False) -> Rows:
        """The same as rows that lie apart in memory."""
        view = self.in_order(number, array)
        return Rows(view, len(self.parts[frame.inputs[number].batch[0]]), self.flat[number], written)

    def to_kernel(self, frame: Frame, number: int, array: Array, label: str) -> Array | Rows:
        """An array of real numbers, shaped like input ``number`` as the caller sees it, as a kernel reads it.

        Raises:
            ValueError: a finite number overflows the computing dtype.
        """
        view = self.in_order(number, array)
        if array.dtype == self.computing and not view.flags.c_contiguous and frame.apart(number):
            return self.rows(frame, number, array)
        return prepared(view, "real", self.computing, label).reshape(self.flat[number])

    def to_caller(self, number: int, array: Array) -> Array:
        """An array in the kernel's shape of input ``number``, in the shape the caller sees."""
        moved = self.moved[number]
        if moved is None:
            return array.reshape(self.given[number])
        between = np.moveaxis(np.empty(self.given[number], np.bool_), *moved).shape
        return np.ascontiguousarray(np.moveaxis(array.reshape(between), moved[1], moved[0]))

    def index(self, number: int, position: int) -> Shape:
        """The caller's index of a flat position in input ``number``."""
        moved = self.moved[number]
        shape = list(self.given[number])
        if moved is None:
            return tuple(int(entry) for entry in np.unravel_index(position, shape)) if shape else ()
        shape.insert(moved[1], shape.pop(moved[0]))
        index = [int(entry) for entry in np.unravel_index(position, shape)]
        index.insert(moved[0], index.pop(moved[1]))
        return tuple(index)


def resolve(frame: Frame, shapes: Sequence[Shape | None], axis: object) -> Layout:
    """Fit shapes to axes.

    Args:
        frame: the declaration of the loss.
        shapes: the shape of each input, or None where a coefficient is absent or a scalar that broadcasts.
        axis: where the sample axis sits, or None for last.

    Raises:
        ValueError: a rank or a size that does not fit.
        TypeError: ``axis`` is not an integer.
    """
    layout = Layout(len(shapes))
    place = None if axis is None else _checked_axis(frame, axis)
    batches: dict[str, tuple[Shape, str]] = {}
    sizes: dict[str, tuple[Shape, str]] = {}
    for number, (entry, shape) in enumerate(zip(frame.inputs, shapes, strict=True)):
        if shape is None:
            layout.flat[number] = (1,) * entry.dimensions
            layout.broadcast[number] = True
            continue
        layout.given[number] = shape
        shape, layout.moved[number] = _in_declared_order(entry, shape, place)
        layout.flat[number] = _fit(frame, entry, shape, batches, sizes)
        layout.elements += prod(shape)
    for root in frame.terms.values():
        batch = batches[root][0] if root is not None else ()
        layout.batches.append(batch)
        layout.lengths.append(prod(batch))
    layout.parts = {root: part for root, (part, _) in (*sizes.items(), *batches.items())}
    for pairing in frame.paired:
        for root in frame.terms.values():
            if root is not None and partners(pairing, prod(layout.parts[root])) is None:
                count = f"{prod(layout.parts[root])} samples"
                raise ValueError(f"{batches[root][1]} has {count}, which {frame.name} cannot pair by {pairing}")
    return layout


def _fit(
    frame: Frame,
    entry: Input,
    shape: Shape,
    batches: dict[str, tuple[Shape, str]],
    sizes: dict[str, tuple[Shape, str]],
) -> Shape:
    """Check one input's shape against the axes and against the inputs before it; the shape its kernel sees."""
    lead, trail = len(entry.batch), len(entry.sample)
    least = lead + trail
    flexible = lead == 1 and not frame.single
    spare = len(shape) - least
    exact = not flexible and entry.span is None
    if (exact and spare) or spare < (-1 if flexible else 0):
        count = least - 1 if flexible else least
        raise ValueError(
            f"{entry.name} has shape {shape}, expected {'' if exact else 'at least '}{count} dimension"
            f"{'' if count == 1 else 's'} [{', '.join(entry.axes)}]"
        )
    dims = len(shape) - trail if flexible else lead
    flat: list[int] = []
    if lead == 1:
        _agree(batches, entry.batch[0], shape[:dims], entry, "batch shape", shape)
        flat.append(prod(shape[:dims]))
    else:
        for offset, root in enumerate(entry.batch):
            _agree(batches, root, shape[offset : offset + 1], entry, f"axis {entry.axes[offset]}", shape)
            flat.append(shape[offset])
    start = dims
    for offset, root in enumerate(entry.sample):
        width = len(shape) - dims - (trail - 1) if offset == entry.span else 1
        part = shape[start : start + width]
        start += width
        name = entry.axes[lead + offset]
        fixed = frame.sizes.get(root)
        if fixed is not None and part != (fixed,):
            raise ValueError(f"{entry.name} has shape {shape}, expected {fixed} along axis {name}, not {prod(part)}")
        _agree(sizes, root, part, entry, f"axis {name}", shape)
        flat.append(prod(part))
    return tuple(flat) or (1,)


def _agree(known: dict[str, tuple[Shape, str]], root: str, part: Shape, entry: Input, what: str, shape: Shape) -> None:
    first = known.setdefault(root, (part, entry.name))
    if first[0] == part:
        return
    batch = what == "batch shape"
    plain = not batch and len(part) == len(first[0]) == 1
    expected, found = (first[0][0], part[0]) if plain else (first[0], part)
    words = f"{what} {found}" if batch else f"{found} along {what}"
    raise ValueError(f"{entry.name} has shape {shape}, hence {words}, expected {expected} as in {first[1]}")


def _checked_axis(frame: Frame, axis: object) -> int:
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"axis is {axis!r}, expected an integer")
    several = [entry.name for entry in frame.inputs if entry.batch and len(entry.sample) - (entry.span is not None) > 1]
    if several or not any(entry.free is not None for entry in frame.inputs):
        what = f"{several[0]} has several sample axes" if several else "it has no sample axis of its own to place"
        raise ValueError(f"axis is {axis!r}, but {frame.name} takes no axis=: {what}")
    place: int = axis.__index__()
    return place


def _in_declared_order(entry: Input, shape: Shape, place: int | None) -> tuple[Shape, tuple[int, int] | None]:
    """The shape with the sample axis moved from ``place`` to where it is declared, and that move."""
    if place is None or entry.free is None:
        return shape, None
    rank = len(shape)
    if not -rank <= place < rank:
        raise ValueError(f"axis is {place}, but {entry.name} has {rank} dimension{'' if rank == 1 else 's'}")
    origin = place % rank
    home = len(entry.batch) if entry.span is not None and entry.span > entry.free else rank - 1
    if origin == home:
        return shape, None
    moved = list(shape)
    moved.insert(home, moved.pop(origin))
    return tuple(moved), (origin, home)
