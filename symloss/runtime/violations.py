"""What a kernel found wrong with an element, as one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array
from symloss.runtime.frame import Frame, Input
from symloss.runtime.layout import Layout
from symloss.runtime.words import domain_text

#: How an expected element is worded, by the kind of the domain.
_EXPECTED = {"interval": "a number {}", "set": "one of {}", "simplex": "a number >= 0"}


def violation(
    frame: Frame, check: Mapping[str, Any], position: int, layout: Layout, arrays: Sequence[Array]
) -> ValueError:
    """The error for a failed check of ``META["checks"]``.

    Args:
        frame: the declaration of the loss.
        check: the entry that failed: an argument with what was expected, or a constraint.
        position: the flat position in the argument, or the number of the sample.
        layout: the shapes of the call.
        arrays: the arrays as the kernel read them.
    """
    if "constraint" in check:
        where = _sample(frame, check["constraint"], position, layout)
        return ValueError(f"{frame.name} needs {check['constraint']}, which does not hold{where}")
    number = next(place for place, entry in enumerate(frame.inputs) if entry.name == check["argument"])
    entry, array = frame.inputs[number], arrays[number]
    if layout.broadcast[number]:
        position = 0  # a scalar stands for every sample, so the kernel names the first that it met
    item = array.reshape(-1)[position]
    index = () if layout.broadcast[number] else layout.index(number, position)
    if entry.domain["kind"] == "simplex" and not item < 0:
        # The row as a whole is at fault, not the element at which it begins.
        width = array.shape[-1]
        row = array.reshape(-1, width)[position // width]
        moved = layout.moved[number]
        place = len(index) - 1 if moved is None else moved[0]
        shown = [":" if offset == place else str(at) for offset, at in enumerate(index)]
        total = float(np.sum(row, dtype=np.float64))
        return ValueError(f"{entry.name}[{', '.join(shown)}] sums to {total!r}, expected 1")
    place_text = f"[{', '.join(map(str, index))}]" if index else ""
    expected = check.get("expected") or _expected(entry)
    value = f"{item!s} in {array.dtype}" if layout.cast[number] and array.dtype.kind == "f" else f"{item!s}"
    return ValueError(f"{entry.name}{place_text} is {value}, expected {expected}{_range(frame, entry, layout)}")


def _expected(entry: Input) -> str:
    kind = entry.domain["kind"]
    if kind == "index":
        return f"an index of axis {entry.domain['axis']}"
    if entry.domain.get("finite"):
        return "a finite number"
    text = domain_text(dict(entry.domain))
    return _EXPECTED.get(kind, "{}").format(f"in {text}" if text.startswith(("[", "(")) else text)


def _range(frame: Frame, entry: Input, layout: Layout) -> str:
    """How far an index may go: `` (0 to 4)``."""
    if entry.kind != "index" or entry.domain["axis"] is None:
        return ""
    part = layout.parts.get(frame.roots[entry.domain["axis"]])
    return "" if part is None else f" (0 to {prod(part) - 1})" if prod(part) else " (it is empty)"


def constrained_axis(frame: Frame, constraint: str) -> str | None:
    """The batch axis of the samples that a constraint speaks of, or None if it is about parameters and sizes alone."""
    words = set(re.findall(r"\w+", constraint))
    return next((entry.batch[0] for entry in frame.inputs if entry.name in words and entry.batch), None)


def _sample(frame: Frame, constraint: str, position: int, layout: Layout) -> str:
    axis = constrained_axis(frame, constraint)
    if axis is None or not layout.parts.get(axis):
        return ""
    index = np.unravel_index(position, layout.parts[axis])
    return f" for sample [{', '.join(str(int(entry)) for entry in index)}]"
