"""What a call allocates beyond its inputs and results: buffers over pairs of samples, and no copy of an input."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, Options, kernels

#: Buffers over all pairs of samples that an entry point may hold at once.
PAIRS = {"value": 1, "value_and_grad": 2, "hvp": 3}


def peak(call: Callable[[], Any]) -> int:
    """The most bytes that NumPy's arrays of a call hold at once, its results included."""
    call()  # compiles
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("entry", PAIRS)
@pytest.mark.parametrize("name", ["nt_xent", "info_nce"])
def test_buffers_over_pairs_of_samples(name: str, entry: str) -> None:
    k = kernels(name)
    count, width = 600, 4
    arrays = [np.random.default_rng(i).standard_normal((count, width)).astype(np.float32) for i in range(len(k.inputs))]
    more = {"v": arrays[0] if len(arrays) == 1 else tuple(arrays)} if entry == "hvp" else {}
    function = k.loss if entry == "value" else getattr(k.loss, entry)
    square = count * count * 4
    used = peak(lambda: function(*arrays, **more))
    # All other arrays hold a few numbers per sample: 40 rows of them are a tenth of a buffer.
    assert 0.5 * square < used < (PAIRS[entry] + 0.35) * square


@pytest.mark.parametrize("entry", ["value", "value_and_grad"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_nothing_as_large_as_an_input(name: str, entry: str) -> None:
    """With a place for the gradients given, NumPy allocates only what grows with the number of chunks."""
    k = kernels(name)
    if k.coupled:
        pytest.skip("samples interact")
    sample = k.call(1 << 15, "float32", Options())
    arrays, options = sample.arrays, dict(sample.keywords)
    function = k.loss if entry == "value" else getattr(k.loss, entry)
    if entry == "value_and_grad":
        gradients = [np.empty_like(arrays[k.inputs.index(prediction)]) for prediction in k.meta["predictions"]]
        options["out"] = gradients[0] if len(gradients) == 1 else tuple(gradients)
    large = min(array.nbytes for array in arrays if array.size >= 1 << 15)
    assert peak(lambda: function(*arrays, **options)) < 0.5 * large
