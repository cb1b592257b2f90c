"""The same bits for any number of threads, and for the value from every entry point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, DTYPES, Kernels, Options, kernels, ways

THREADS = (1, 2, 3, 7)


def bits(results: dict[str, Any]) -> dict[str, bytes]:
    return {key: np.asarray(value).tobytes() for key, value in results.items()}


def outcome_of(k: Kernels, dtype: str) -> Any:
    """Five chunks and a part of one."""
    length = k.distinct if k.coupled else 5 * 2048 + 17 if k.elementwise else 17
    return k.call(length, dtype, Options("mean", weighted=not k.batchless, masked=not (k.coupled or k.batchless)))


@pytest.mark.usefixtures("always_threaded")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_threads(name: str, dtype: str, small_chunks: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    k = kernels(name)
    small_chunks(k, 1 if k.coupled else 3)
    outcome = outcome_of(k, dtype)
    for way in ways(k):
        with way:
            for entry in k.entries:
                found = [bits(outcome.run(entry, threads=count)) for count in THREADS]
                assert all(one == found[0] for one in found), entry
                with monkeypatch.context() as serial:
                    serial.setattr("symloss.runtime.threads.SERIAL_BELOW", 1 << 40)
                    assert bits(outcome.run(entry)) == found[0], entry


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_one_value(name: str, dtype: str, small_chunks: Callable[..., None]) -> None:
    k = kernels(name)
    small_chunks(k)
    outcome = outcome_of(k, dtype)
    for way in ways(k):
        with way:
            assert np.float64(outcome.run("value")["value"]).tobytes() == (
                np.float64(outcome.run("value_and_grad")["value"]).tobytes()
            )


@pytest.mark.parametrize("name", CATALOGUE)
def test_order_of_chunks_does_not_depend_on_the_layout(name: str) -> None:
    """A batch in several dimensions is the same batch."""
    k = kernels(name)
    if k.coupled or any(axis["span"] for axis in k.meta["axes"].values()):
        pytest.skip("takes batches of one dimension")
    outcome = k.call(12, "float64", Options("sum", weighted=True, masked=True))

    def folded(array: Any) -> Any:
        return array.reshape(3, 4, *array.shape[1:])

    def fold(value: Any) -> Any:
        return tuple(map(folded, value)) if isinstance(value, tuple) else folded(value)

    batched = [bool(t.axes) and k.is_batch(t.axes[0]) for t in map(k.program.tensors.get, k.inputs)]
    arrays = [folded(a) if b else a for a, b in zip(outcome.arrays, batched, strict=True)]
    options = {key: fold(outcome.keywords[key]) for key in ("weight", "mask")}
    for entry in k.entries:
        more = {**options, "v": fold(outcome.vectors)} if entry == "hvp" else options
        plain, found = outcome.run(entry), outcome.run(entry, arrays, **more)
        assert bits(found) == bits(plain), entry
        for key, value in found.items():
            if key != "value":
                assert value.shape == folded(plain[key]).shape
