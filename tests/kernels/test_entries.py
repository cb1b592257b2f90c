"""Every entry point of every loss, in both dtypes and under every reduction, against the interpreter.

By default a few losses are called with a weight and a mask at once, on more than one chunk; `slow` tests take all
losses and the cross product of all options.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kernels.harness import CATALOGUE, CORE, DTYPES, REDUCTIONS, Kernels, Options, all_options, kernels, ways

Shrink = Callable[..., None]


def length_of(k: Kernels) -> int:
    """Samples that fill several chunks: two of an element-wise kernel, eight of a row kernel whose chunks are small."""
    return k.distinct if k.coupled else 2053 if k.elementwise else 23


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CORE)
def test_every_entry_point(name: str, dtype: str, small_chunks: Shrink) -> None:
    k = kernels(name)
    small_chunks(k)
    for reduction in ("mean",) if k.coupled else REDUCTIONS:
        outcome = k.call(length_of(k), dtype, Options(reduction, weighted=not k.batchless))
        if not k.coupled:
            outcome = k.call(length_of(k), dtype, Options(reduction, weighted=True, masked=True))
        for way in ways(k):
            with way:
                for entry in k.entries:
                    outcome.check(entry)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_all_options(name: str, dtype: str, small_chunks: Shrink) -> None:
    k = kernels(name)
    small_chunks(k)
    for options in all_options():
        if k.batchless and options != Options():
            continue
        if k.coupled and options.masked:
            continue  # a mask removes candidates: see test_masks.py
        outcome = k.call(length_of(k), dtype, options)
        for way in ways(k):
            with way:
                for entry in k.entries:
                    outcome.check(entry)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (3, 4))])
@pytest.mark.parametrize("name", CATALOGUE)
def test_other_samples(name: str, seed: int, dtype: str) -> None:
    k = Kernels(CATALOGUE[name], other=5, seed=seed)
    outcome = k.call(k.distinct, dtype, Options("sum", weighted=not k.batchless))
    for entry in k.entries:
        outcome.check(entry)
