"""The general way from a caller's inputs to a kernel's: every kind of array, every dtype, every layout.

`Loss` takes a shortcut for calls whose shapes and dtypes it has met before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array, as_array, check_kind, computing_dtype, prepared, returned_dtype
from symloss.runtime.frame import Frame, Input
from symloss.runtime.layout import Layout, Result, Results, resolve
from symloss.runtime.rows import Rows

_DTYPES = {"index": np.dtype(np.int64), "boolean": np.dtype(np.bool_)}


def read_inputs(frame: Frame, inputs: Sequence[Any], axis: object) -> tuple[Layout, list[Array | Rows]]:
    """The layout of a call and its arrays as a kernel reads them.

    Raises:
        TypeError: not an array of the kind of numbers that the input holds.
        ValueError: a shape that does not fit.
    """
    arrays: list[Array | None] = []
    for entry, value in zip(frame.inputs, inputs, strict=True):
        if value is None and entry.optional is not None:
            arrays.append(None)
            continue
        given = as_array(value, entry.name)
        check_kind(given, entry.kind, entry.name)
        arrays.append(given)
    first = arrays[frame.predictions[0]]
    computing = computing_dtype(first if first is not None else np.empty(0))
    layout = resolve(frame, [_shape(entry, array) for entry, array in zip(frame.inputs, arrays, strict=True)], axis)
    layout.computing = computing
    layout.returned = [computing if array is None else returned_dtype(array, computing) for array in arrays]
    steps: list[Any] | None = []
    ready = []
    for number, entry in enumerate(frame.inputs):
        array = arrays[number]
        kernel, step, direct = _read(frame, layout, number, entry, array)
        ready.append(kernel)
        layout.cast[number] = array is not None and array.dtype.kind == "f" and array.itemsize > kernel.dtype.itemsize
        steps = None if steps is None or not direct else [*steps, step]
    layout.steps = steps
    layout.as_given = steps is not None and all(step is None for step in steps)
    layout.results = _results(frame, layout)
    return layout, ready


def _shape(entry: Input, array: Array | None) -> tuple[int, ...] | None:
    scalar = array is not None and not array.ndim and entry.role == "coefficient" and entry.axes
    return None if array is None or scalar else array.shape


def _read(
    frame: Frame, layout: Layout, number: int, entry: Input, array: Array | None
) -> tuple[Array | Rows, Any, bool]:
    """One input as a kernel reads it, how to get it again, and whether that takes no copy."""
    flat = layout.flat[number]
    if array is None:
        kernel = np.full(flat, entry.optional, _DTYPES.get(entry.kind, layout.computing))
        return kernel, kernel, True
    source = layout.in_order(number, array)
    wanted = _DTYPES.get(entry.kind, layout.computing)
    if array.dtype == wanted and not source.flags.c_contiguous and frame.apart(number):
        return layout.rows(frame, number, array), None, False
    kernel = prepared(source, entry.kind, layout.computing, entry.name)
    step = None if kernel.shape == flat else flat
    return kernel.reshape(flat), step, kernel is array


def _results(frame: Frame, layout: Layout) -> dict[str, Results]:
    """What each entry point gives back."""

    def like(number: int, entry: str, what: str) -> Result:
        name, dtype = frame.inputs[number].name, layout.returned[number]
        shape, flat = layout.given[number], layout.flat[number]
        same_dtype, moved = dtype == layout.computing, layout.moved[number] is not None
        direct, apart = same_dtype and not moved, same_dtype and moved and frame.apart(number)
        # A result that is copied into place at the end may go where anything was: all has been read by then.
        over = frame.in_place.get(entry, {}).get(name, frozenset()) if direct or apart else everything
        return Result(f"{what} {name}", name, number, shape, flat, dtype, direct, shape == flat, apart, over)

    def derivative(entry: int | str) -> Result:
        if isinstance(entry, int):
            return like(entry, "value_and_grad", "gradient of")
        dtype = layout.returned[frame.predictions[0]]
        direct = dtype == layout.computing
        return Result(f"gradient of {entry}", entry, None, (), (1,), dtype, direct, False, False, frozenset())

    everything = frozenset((*(entry.name for entry in frame.inputs), "weight", "mask", "v"))
    diagonals = [("gradient of", number) for number in frame.predictions]
    diagonals += [("Hessian diagonal of", number) for number in frame.predictions]
    return {
        "value_and_grad": Results(derivative(entry) for entry in frame.gradients),
        "grad_hess_diag": Results(like(number, "grad_hess_diag", what) for what, number in diagonals),
        "hvp": Results(like(number, "hvp", "product of") for number in frame.predictions),
    }
