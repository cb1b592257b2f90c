"""What a call allocates beyond its inputs and results: buffers over pairs of samples, and no copy of an input."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, Options, kernels

#: Buffers over all pairs of samples that an entry point may hold at once.
PAIRS = {
    ("info_nce", "value"): 1,
    ("info_nce", "value_and_grad"): 1,
    ("info_nce", "hvp"): 2,
    ("nt_xent", "value"): 1,
    ("nt_xent", "value_and_grad"): 2,
    ("nt_xent", "hvp"): 4,
}


def peak(call: Callable[[], Any]) -> int:
    """The most bytes that NumPy's arrays of a call hold at once, its results included."""
    call()  # compiles
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("name", "entry"), PAIRS)
def test_buffers_over_pairs_of_samples(name: str, entry: str) -> None:
    k = kernels(name)
    count, width = 1200, 4
    arrays = [np.random.default_rng(i).standard_normal((count, width)).astype(np.float32) for i in range(len(k.inputs))]
    more = {"v": arrays[0] if len(arrays) == 1 else tuple(arrays)} if entry == "hvp" else {}
    function = k.loss if entry == "value" else getattr(k.loss, entry)
    square = count * count * 4
    used = peak(lambda: function(*arrays, **more))
    # All other arrays hold a few numbers per sample, or at most a fifth of a buffer.
    assert 0.5 * square < used < (PAIRS[name, entry] + 0.35) * square


@pytest.mark.parametrize("entry", ["value", "value_and_grad"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_nothing_as_large_as_an_input(name: str, entry: str) -> None:
    """With a place for the gradients given, NumPy allocates only what grows with the number of chunks.

    And the workspace of every thread, of at most 32 KB; so there is one thread, however many processors there are.
    """
    k = kernels(name)
    if k.coupled:
        pytest.skip("samples interact")
    sample = k.call(1 << 15, "float32", Options())
    arrays, options = sample.arrays, dict(sample.keywords) | {"threads": 1}
    function = k.loss if entry == "value" else getattr(k.loss, entry)
    if entry == "value_and_grad":
        gradients = [np.empty_like(arrays[k.inputs.index(prediction)]) for prediction in k.meta["predictions"]]
        options["out"] = gradients[0] if len(gradients) == 1 else tuple(gradients)
    large = min(array.nbytes for array in arrays if array.size >= 1 << 15)
    assert peak(lambda: function(*arrays, **options)) < 0.5 * large


def transposed(array: np.ndarray) -> np.ndarray:
    """The same numbers in memory that is not contiguous, the batch innermost."""
    return np.asfortranarray(array) if array.ndim > 1 else np.repeat(array, 2)[::2]


@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "kl_gaussian", "giou"])
def test_no_copy_of_an_array_that_is_not_contiguous(name: str) -> None:
    """Rows that lie apart are copied a few chunks at a time, weights and masks too; every bit is as ever."""
    k = kernels(name)
    sample = k.call(1 << 18, "float32", Options("mean", True, True))
    apart = [transposed(array) for array in sample.arrays]
    options = dict(sample.keywords) | {"threads": 1}
    predicted = [apart[k.inputs.index(prediction)] for prediction in k.meta["predictions"]]
    gradients = [np.empty(array.shape, array.dtype) for array in predicted]
    again = [array.copy() for array in gradients]
    one = len(gradients) == 1
    strided = {key: transposed(options[key]) for key in ("weight", "mask")}
    into = gradients[0] if one else tuple(gradients)
    used = peak(lambda: k.loss.value_and_grad(*apart, out=into, **options | strided))
    assert used < 0.5 * sum(array.nbytes for array in apart)
    plain = k.loss.value_and_grad(*sample.arrays, out=again[0] if one else tuple(again), **options)
    both = k.loss.value_and_grad(*apart, **options | strided | {"threads": 3})
    assert plain[0] == both[0]
    for first, second, third in zip(gradients, again, both[1:] if one else both[1], strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize("threads", [1, 3])
def test_channels_first_takes_no_copy(threads: int) -> None:
    """Classes at position 1, as for images in torch: neither the logits nor their gradient are copied whole."""
    loss = kernels("softmax_cross_entropy").loss
    generator = np.random.default_rng(5)
    z = generator.standard_normal((3, 8, 200, 210)).astype(np.float32)
    y = generator.integers(0, 8, (3, 200, 210))
    mask = generator.random(y.shape) < 0.7
    last = np.ascontiguousarray(np.moveaxis(z, 1, -1))
    gradient, kept = np.empty_like(z), np.empty_like(last)
    used = peak(lambda: loss.value_and_grad(z, y, axis=1, mask=mask, out=gradient, threads=threads))
    assert used < (0.3 + 0.3 * threads) * z.nbytes
    value, _ = loss.value_and_grad(z, y, axis=1, mask=mask, out=gradient, threads=threads)
    expected, _ = loss.value_and_grad(last, y, mask=mask, out=kept)
    assert value == expected
    np.testing.assert_array_equal(np.moveaxis(gradient, 1, -1), kept)
    direction = 0.5 * z
    product = loss.hvp(z, y, v=direction, axis=1, threads=threads)
    np.testing.assert_array_equal(np.moveaxis(product, 1, -1), loss.hvp(last, y, v=0.5 * last))
    # The gradient may take the place of the logits, as it may where they are contiguous.
    np.testing.assert_array_equal(loss.value_and_grad(z, y, axis=1, mask=mask, out=z)[1], gradient)
