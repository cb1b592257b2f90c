"""Batches and classes of lengths around nothing, the width of vectors, the blocks of sums and the chunks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, DTYPES, Kernels, Options, kernels

BATCHES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 255, 256, 257, 2047, 2048, 2049, 4097)
ROWS = (0, 1, 2, 3, 7, 8, 9, 16, 17, 255, 256, 257)
CLASSES = (1, 2, 7, 8, 32, 33, 255, 1024, 1025)
#: Nothing to sum over, and one item more than a block of a sum holds.
ENDS = (1, 1025)
#: Beside the ends, what does not fill a vector and what does.
DEFAULT = (*ENDS, 7, 32)

LOSSES = {name: kernels(name) for name in CATALOGUE}
ELEMENT_WISE = [name for name, k in LOSSES.items() if k.elementwise]
BY_ROW = [name for name, k in LOSSES.items() if not k.elementwise and not k.coupled]
WITH_A_FREE_AXIS = [name for name, k in LOSSES.items() if k.free_axes]
#: One loss for each way of going through a row, so that the default tests stay short.
TYPICAL = ("softmax_cross_entropy", "listnet", "kl_divergence", "dice", "triplet_margin")


@pytest.mark.parametrize("name", [*ELEMENT_WISE, *BY_ROW])
def test_batch_sizes(name: str) -> None:
    k = kernels(name)
    for length in BATCHES if k.elementwise else ROWS:
        outcome = k.call(length, "float64", Options("sum", weighted=True, masked=True))
        for entry in k.entries:
            outcome.check(entry)


@pytest.mark.parametrize("name", CATALOGUE)
def test_nothing(name: str) -> None:
    """None of nothing is an empty array, the sum is 0, the mean is refused."""
    k = kernels(name)
    if k.batchless or k.coupled:
        pytest.skip("needs samples to interact")
    empty = {root: 0 for root in map(k.axis_of, k.meta["terms"]) if root}
    for dtype in DTYPES:
        outcome = k.call(empty, dtype, Options("none"))
        value = k.loss(*outcome.arrays, **outcome.keywords)
        for part in value if isinstance(value, tuple) else (value,):
            assert part.shape == (0,)
            assert part.dtype == dtype
        total = k.call(empty, dtype, Options("sum"))
        assert k.loss(*total.arrays, **total.keywords) == 0
        for entry in k.entries:
            for key, found in total.run(entry).items():
                assert key == "value" or np.asarray(found).size == 0
        mean = k.call(empty, dtype, Options("mean"))
        with pytest.raises(ValueError, match="zero total weight"):
            k.loss(*mean.arrays, **mean.keywords)


def check_classes(name: str, size: int) -> None:
    k = Kernels(CATALOGUE[name], distinct=4 if LOSSES[name].coupled else 2, other=size)
    for dtype in DTYPES:
        outcome = k.call(k.distinct, dtype, Options("sum", weighted=True))
        for entry in k.entries:
            outcome.check(entry)


@pytest.mark.parametrize(
    "size", [size if size in DEFAULT else pytest.param(size, marks=pytest.mark.slow) for size in CLASSES]
)
@pytest.mark.parametrize("name", TYPICAL)
def test_class_sizes(name: str, size: int) -> None:
    check_classes(name, size)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [size if size == max(ENDS) else pytest.param(size, marks=pytest.mark.exhaustive) for size in CLASSES]
)
@pytest.mark.parametrize("name", [name for name in WITH_A_FREE_AXIS if name not in TYPICAL])
def test_class_sizes_of_the_others(name: str, size: int) -> None:
    check_classes(name, size)


@pytest.mark.parametrize("name", [name for name, k in LOSSES.items() if k.coupled])
def test_sizes_of_coupled_batches(name: str) -> None:
    for count in (2, 4, 8):
        k = Kernels(CATALOGUE[name], distinct=count)
        outcome = k.call(count, "float64", Options("mean", weighted=True))
        for entry in k.entries:
            outcome.check(entry)
