"""Derivatives that take an input's place: the bits that they have elsewhere, and nobody reads what is overwritten."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symloss

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import execution
from tests.cuda.fakes import Fake, FakeDriver
from tests.cuda.harness import CATALOGUE, DeviceKernels, Options, marked


@pytest.mark.parametrize("size", [12, pytest.param(516, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", marked(coupled=True, kinds=True))
def test_every_input_whose_place_a_derivative_may_take(
    fake_gpu: FakeDriver, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For rows of a warp and of a block, and of samples that interact by parts.

    The interpreter reports a thread that reads what another overwrites.
    """
    monkeypatch.setattr(execution, "FEW_PAIRED", 4)
    monkeypatch.setattr(execution, "PART_ROWS", 1)
    k = DeviceKernels(CATALOGUE[name], distinct=2, other=size)
    outcome = k.device_call(6, "float32", Options("mean"))
    given = dict(zip(k.inputs, outcome.arrays, strict=True))
    allowed = symloss.load(name)._engine.frame.in_place
    for entry, names in (("value_and_grad", list(k.meta["gradients"])), ("hvp", k.predictions)):
        vectors = outcome.vectors if entry == "hvp" else ()
        arrays = given | ({} if isinstance(vectors, tuple) else {"v": vectors})
        apart = [Fake(np.empty_like(arrays[one])) for one in names]
        fill(name, entry, arrays, vectors, apart, k.parameters)
        for place, result in enumerate(names):
            for other in allowed.get(entry, {}).get(result, ()):
                if other not in arrays or arrays[other].nbytes != arrays[result].nbytes:
                    continue
                out = [Fake(np.empty_like(arrays[one])) for one in names]
                out[place] = Fake(arrays[other].copy())
                moved = out[place].array if other == "v" else vectors
                fill(name, entry, arrays | {other: out[place].array}, moved, out, k.parameters)
                for found, right in zip(out, apart, strict=True):
                    assert found.array.tobytes() == right.array.tobytes(), (entry, result, other)


def fill(name: str, entry: str, arrays: dict[str, Any], vectors: Any, out: list[Fake], parameters: Any) -> None:
    """Call an entry point whose results go to the given arrays."""
    loss = symloss.load(name)
    inputs = [Fake(arrays[one["name"]]) for one in loss.meta["inputs"] if one["name"] in arrays]
    more: dict[str, Any] = {"out": tuple(out) if len(out) > 1 else out[0], **parameters}
    if entry == "hvp":
        more["v"] = tuple(map(Fake, vectors)) if isinstance(vectors, tuple) else Fake(vectors)
    getattr(loss, entry)(*inputs, **more)
