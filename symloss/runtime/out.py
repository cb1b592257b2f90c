"""Results: fresh arrays, or the caller's own through ``out=``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array
from symloss.runtime.layout import Result
from symloss.runtime.words import kind_of, listed

#: How much work the exact overlap test may do before two arrays with overlapping bounds count as overlapping.
_OVERLAP_WORK: Any = 10_000


def checked_out(out: Any, wanted: Sequence[Result], sources: Sequence[tuple[str, Array]]) -> list[Array]:
    """The caller's arrays for the results, as many as there are results.

    Args:
        out: an array where there is one result, else a tuple of arrays.
        wanted: the results that are asked for.
        sources: name and memory of every array that the call reads.

    Raises:
        TypeError: not arrays, or the wrong dtype.
        ValueError: a wrong number or shape, not writable or contiguous, or memory shared with an input or a result.
    """
    given = [out] if isinstance(out, np.ndarray) else out
    if not isinstance(given, list | tuple):
        raise TypeError(f"out is {kind_of(out)}, expected {_expected(wanted)}")
    if len(given) != len(wanted):
        raise ValueError(f"out has {len(given)} array{'' if len(given) == 1 else 's'}, expected {_expected(wanted)}")
    arrays: list[Array] = []
    may_share_memory = np.may_share_memory
    for number, (array, entry) in enumerate(zip(given, wanted, strict=True)):
        if type(array) is not np.ndarray:
            if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
                raise TypeError(f"{_label(wanted, number)} is {kind_of(array)}, expected a NumPy array")
            array = np.asarray(array)
        if array.shape != entry.shape:
            raise ValueError(f"{_label(wanted, number)} has shape {array.shape}, expected {entry.shape}")
        if array.dtype != entry.dtype:
            raise TypeError(f"{_label(wanted, number)} has dtype {array.dtype}, expected {entry.dtype}")
        flags = array.flags
        if not flags.carray:
            what = "writable" if not flags.writeable else "aligned" if not flags.aligned else "C-contiguous"
            raise ValueError(f"{_label(wanted, number)} is not {what}")
        for name, source in sources:
            if (
                may_share_memory(array, source)
                and _overlap(array, source)
                and not (name in entry.over and _same(array, source))
            ):
                raise ValueError(
                    f"{_label(wanted, number)} shares memory with {name}, which is still read when it is written"
                )
        for other, before in enumerate(arrays):
            if may_share_memory(array, before) and _overlap(array, before):
                raise ValueError(f"{_label(wanted, number)} shares memory with out[{other}]")
        arrays.append(array)
    return arrays


def _label(wanted: Sequence[Result], number: int) -> str:
    """What messages call an array; only made for them."""
    return "out" if len(wanted) == 1 else f"out[{number}] ({wanted[number].label})"


def _expected(wanted: Sequence[Result]) -> str:
    if len(wanted) == 1:
        return "one array"
    return f"a tuple of {len(wanted)} arrays: {listed(entry.label for entry in wanted)}"


def _overlap(left: Array, right: Array) -> bool:
    try:
        return np.shares_memory(left, right, max_work=_OVERLAP_WORK)
    except np.exceptions.TooHardError:
        return True


def _same(left: Array, right: Array) -> bool:
    """Whether both are exactly the same elements of the same memory."""
    return (
        left.ctypes.data == right.ctypes.data
        and left.shape == right.shape
        and left.dtype == right.dtype
        and bool(right.flags.c_contiguous)
    )
