"""Kernels of every loss on numbers of 16 bits, executed: what float32 kernels give at the same inputs, rounded once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from tests.cuda.harness import CATALOGUE, COUPLED, DeviceKernels, DeviceOutcome, Options, marked
from tests.cuda.interpreted import HALVES
from tests.cuda.test_execution import wide


@pytest.mark.parametrize("pattern", HALVES)
@pytest.mark.parametrize("name", marked(coupled=True, kinds=True))
def test_every_entry_point(name: str, pattern: str) -> None:
    """Rows of one vector, and batches of which a part fills none; with weights and masks where there can be masks."""
    k = DeviceKernels(CATALOGUE[name], distinct=4, other=8)
    weighing = Options("mean", weighted=True, masked=name not in COUPLED)
    for options in (Options("none"), weighing):
        outcome = k.device_call(14, "float32", options)
        for entry in k.entries:
            given = short(outcome, entry, pattern)
            exact = {key: [_each(wide, a, pattern) for a in arrays] for key, arrays in given.items()}
            found, expected = outcome.run(entry, **given), outcome.run(entry, **exact)
            for key, value in expected.items():
                pairs = zip(*(one if isinstance(one, tuple) else (one,) for one in (value, found[key])), strict=True)
                for right, one in pairs:
                    reduced = key == "value" and options.reduction == "mean"
                    rounded_once(f"{name} {entry} {key}", right, one, None if reduced else pattern)


def short(outcome: DeviceOutcome, entry: str, pattern: str) -> dict[str, list[Any]]:
    """Inputs, directions and weights of a call as patterns of 16 bits."""
    vectors, weight = outcome.vectors if entry == "hvp" else (), outcome.keywords.get("weight")
    found = {"arrays": outcome.arrays, "directions": vectors if isinstance(vectors, tuple) else [vectors]}
    if weight is not None:
        found["weights"] = weight if isinstance(weight, tuple) else [weight]
    return {key: [_each(HALVES[pattern], one, "float32") for one in arrays] for key, arrays in found.items()}


def _each(change: Any, array: Any, dtype: str) -> Any:
    if array is not None and array.dtype == np.float64:
        array = array.astype(np.float32)
    return change(array) if array is not None and array.dtype == dtype else array


def rounded_once(what: str, exact: Any, found: Any, pattern: str | None) -> None:
    """A result between the roundings of numbers a few units of float32 to both sides: sums have another order."""
    exact = np.asarray(exact, np.float32)
    special = ~np.isfinite(exact)
    room = 16 * np.finfo(np.float32).eps * np.abs(exact.astype(np.float64)) + np.finfo(np.float32).tiny
    low, high = ((exact + side).astype(np.float32) for side in (-room, room))
    if pattern is not None:
        low, high, exact = (wide(HALVES[pattern](one)) for one in (low, high, exact))
        found = wide(found)
    found = np.asarray(found, np.float32)
    assert np.array_equal(found[special], exact[special], equal_nan=True), what
    assert np.all((low <= found)[~special] & (found <= high)[~special]), (what, exact, found)
