"""Batches of nothing, more samples than a grid has room for, and more elements than 32 bits can count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symloss

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import execution
from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from tests.cuda import ptx
from tests.cuda.fakes import Fake, FakeDriver
from tests.cuda.harness import CATALOGUE, Options, device_kernels, device_module

RANDOM = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("huber", [(0,), (0,)]),
        ("huber", [(3, 0), (3, 0)]),
        ("softmax_cross_entropy", [(0, 10), (0,)]),
        ("softmax_cross_entropy", [(2, 0, 700), (2, 0)]),
        ("iou", [(0, 4), (0, 4)]),
        ("gan_discriminator", [(0,), (5,)]),
        ("info_nce", [(0, 8), (0, 8)]),
    ],
)
def test_calls_with_nothing(fake_gpu: FakeDriver, name: str, shapes: list[tuple[int, ...]]) -> None:
    """The sum is 0 or that of the other term, the gradient has no elements; a mean over nothing is not a number."""
    loss = symloss.load(name)
    arrays = [
        np.zeros(shape, np.int64 if item["domain"]["kind"] == "index" else np.float32)
        for item, shape in zip(loss.meta["inputs"], shapes, strict=False)
    ]
    given = tuple(map(Fake, arrays))
    value, gradients = loss.value_and_grad(*given, reduction="sum")
    expected, exact = loss.value_and_grad(*arrays, reduction="sum")
    assert value.array == pytest.approx(expected, rel=1e-6)
    for found, right in zip(*(g if isinstance(g, tuple) else (g,) for g in (gradients, exact)), strict=True):
        assert found.array.shape == right.shape
    assert np.isnan(loss(*given).array)
    each = loss(*given, reduction="none")
    for found, right in zip(
        *(v if isinstance(v, tuple) else (v,) for v in (each, loss(*arrays, reduction="none"))), strict=True
    ):
        assert found.array.shape == right.shape


@pytest.mark.parametrize(
    ("name", "length"), [("huber", 4100), ("softmax_cross_entropy", 41), ("iou", 1500), ("dice", 11)]
)
@pytest.mark.parametrize("most", [1, 3])
def test_more_samples_than_the_grid_has_room_for(
    name: str, length: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads and blocks go on to further samples, as often as it takes."""
    for shape in execution.MOST_BLOCKS:
        monkeypatch.setitem(execution.MOST_BLOCKS, shape, most)
    outcome = device_kernels(name).device_call(length, "float32", Options("mean", weighted=True, masked=True))
    outcome.check("value_and_grad")


def launched(name: str, kernel: str, given: dict[str, Any], far: dict[str, int], grid: int, block: Any) -> np.ndarray:
    """What the last block of a grid writes.

    An argument in ``far`` begins so many elements before its array, which holds what the last block alone may touch: a
    wrong address is out of bounds. Returns the block's partial sum.
    """
    module = device_module(CATALOGUE[name])
    record = module.KERNELS[kernel]
    types = arguments_of(record)
    text = compile_kernel(module, f"{kernel}_f32", types, THREADS[record["shape"]])
    partial = np.zeros(2, np.float32)
    given, far = given | {"partial": partial}, far | {"partial": 2 * (grid - 1)}
    arguments: list[Any] = []
    for argument, kind in types.items():
        if kind.endswith("*"):
            array = given.get(argument)
            arguments.append(np.uint64(0) if array is None else ptx.Before(array, far.get(argument, 0)))
        else:
            arguments.append(np.dtype({"real": "float32"}.get(kind, kind)).type(given[argument]))
    ptx.run(text, f"{kernel}_f32", grid, block, arguments, only=[grid - 1])
    return partial


@pytest.mark.parametrize("aligned", [True, False])
def test_elements_beyond_32_bits(aligned: bool) -> None:
    """The block that begins at element 2^31 of an element-wise loss."""
    each, count = (1024, 1024) if aligned else (256, 200)
    first = 1 << 31
    pred, target = RANDOM.normal(size=(2, count)).astype(np.float32)
    gradient, losses = np.zeros((2, count), np.float32)
    module = device_module(CATALOGUE["huber"])
    given = {"pred": pred, "target": target, "grad_pred": gradient, "losses": losses, "delta": 1.0, "divisor": 1.0}
    given |= {"samples": first + count, "options": module.KEEP | (module.ALIGNED if aligned else 0)}
    far = dict.fromkeys(("pred", "target", "grad_pred", "losses"), first)
    partial = launched("huber", "value_and_grad", given, far, first // each + 1, 256)
    loss = symloss.load("huber")
    expected, exact = loss.value_and_grad(pred, target, reduction="none")
    np.testing.assert_allclose(losses, expected, rtol=3e-7)
    np.testing.assert_allclose(gradient, exact, rtol=3e-7)
    assert partial.sum() == pytest.approx(expected.sum(dtype=float), rel=1e-6)


def test_rows_beyond_32_bits() -> None:
    """A row that begins at element 2^31 of the logits."""
    classes = 1 << 10
    row = (1 << 31) // classes
    z, y = RANDOM.normal(size=(1, classes)).astype(np.float32), np.array([classes - 1])
    gradient = np.zeros_like(z)
    module = device_module(CATALOGUE["softmax_cross_entropy"])
    given = {"z": z, "y": y, "grad_z": gradient, "class_weight": np.ones(1, np.float32), "class_weight_step": 0}
    given |= {"divisor": 1.0, "ignore": 0, "samples": row + 1, "size_k": classes, "options": module.ALIGNED}
    partial = launched(
        "softmax_cross_entropy", "value_and_grad", given, {"z": classes * row, "y": row, "grad_z": classes * row},
        row + 1, 128,
    )  # fmt: skip
    expected, exact = symloss.load("softmax_cross_entropy").value_and_grad(z, y)
    assert partial.sum() == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient, exact, rtol=1e-6, atol=1e-12)
