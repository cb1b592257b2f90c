"""Hessian blocks of arrays on a device: those of the CPU, in every dtype, for one prediction and several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symloss
from symloss.errors import SymlossError

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from tests.cuda.fakes import Fake, FakeDriver, FakeTensor
from tests.cuda.interpreted import as_bfloat16

RANDOM = np.random.default_rng(8)
LOGITS, LABELS = RANDOM.normal(size=(2, 3, 4)), RANDOM.integers(0, 4, (2, 3))
ANCHOR, POSITIVE, NEGATIVE = RANDOM.normal(size=(3, 5, 3)).astype(np.float32)


def near(found: Any, expected: Any, unit: float) -> None:
    """Within a few units of the dtype of the largest entry of a block, beside which small ones may cancel."""
    array = found.array
    if array.dtype == np.uint16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    assert array.shape == expected.shape
    if expected.size:
        sample = tuple(range(expected.ndim - 2, expected.ndim))
        largest = np.abs(expected.astype(float)).max(sample, keepdims=True)
        assert (np.abs(array.astype(float) - expected) <= 8 * unit * largest).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, "bfloat16"])
def test_blocks_of_rows(fake_gpu: FakeDriver, dtype: Any) -> None:
    """Several batch dimensions, a mean."""
    entropy = symloss.load("softmax_cross_entropy")
    if dtype == "bfloat16":
        patterns = as_bfloat16(LOGITS)
        given, exact, unit = FakeTensor(patterns), (patterns.astype(np.uint32) << 16).view(np.float32), 2.0**-8
    else:
        exact = LOGITS.astype(dtype)
        given, unit = Fake(exact), float(np.finfo(dtype).eps)
    blocks = entropy.hessian(given, type(given)(LABELS))
    assert type(blocks) is type(given)
    near(blocks, entropy.hessian(exact, LABELS), unit)


def test_options_of_blocks(fake_gpu: FakeDriver) -> None:
    entropy, logits = symloss.load("softmax_cross_entropy"), LOGITS.astype(np.float32)
    weight, mask = RANDOM.random((2, 3)).astype(np.float32), np.array([[1, 1, 0], [1, 0, 1]], bool)
    for options in (
        {"weight": weight, "mask": mask},
        {"reduction": "none"},
        {"reduction": "sum", "class_weight": RANDOM.random(4).astype(np.float32)},
        {"ignore_index": int(LABELS[0, 0])},
        {"normalizer": 7.0},
    ):
        on_device = {name: Fake(one) if isinstance(one, np.ndarray) else one for name, one in options.items()}
        near(entropy.hessian(Fake(logits), Fake(LABELS), **on_device), entropy.hessian(logits, LABELS, **options), 2e-7)


def test_blocks_of_several_predictions(fake_gpu: FakeDriver) -> None:
    """Every block of the Hessian of the triplet loss, which is constant where the loss is not zero."""
    triplet, arrays = symloss.load("triplet"), (ANCHOR, POSITIVE, NEGATIVE)
    given = tuple(map(Fake, arrays))
    for found, expected in zip(triplet.hessian(*given), triplet.hessian(*arrays), strict=True):
        near(found, expected, 2e-7)
    for row, expected_row in zip(
        triplet.hessian(*given, cross=True), triplet.hessian(*arrays, cross=True), strict=True
    ):
        for found, expected in zip(row, expected_row, strict=True):
            near(found, expected, 2e-7)


UNEQUAL = """\
symloss: 1
name: unequal
title: Two predictions of unequal widths
axes: {n: batch, d: feature, k: feature}
inputs:
  a: {axes: [n, d], role: prediction, domain: real, doc: first}
  b: {axes: [n, k], role: prediction, domain: real, doc: second}
value: "sum[d](a[n, d]**3)*(sum[k](b[n, k]**2) + sum[k](b[n, k]**3))"
claims: []
references: []
"""


def test_cross_blocks_lie_as_on_the_cpu(fake_gpu: FakeDriver, tmp_path: Path) -> None:
    """Blocks between predictions of unequal widths, so that one stored the wrong way round shows."""
    spec = tmp_path / "unequal.yaml"
    spec.write_text(UNEQUAL)
    loss, arrays = symloss.load(spec), (RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(5, 2)))
    found, expected = loss.hessian(*map(Fake, arrays), cross=True), loss.hessian(*arrays, cross=True)
    assert [[block.array.shape[1:] for block in row] for row in found] == [[(3, 3), (3, 2)], [(2, 3), (2, 2)]]
    for row, expected_row in zip(found, expected, strict=True):
        for block, exact in zip(row, expected_row, strict=True):
            near(block, exact, 2.0**-52)


def test_samples_of_one_number(fake_gpu: FakeDriver) -> None:
    """With blocks between predictions asked for, the diagonal comes in the same form as on the CPU."""
    huber = symloss.load("huber")
    pred, target = RANDOM.normal(size=(2, 6)).astype(np.float32)
    ((found,),) = huber.hessian(Fake(pred), Fake(target), cross=True)
    ((expected,),) = huber.hessian(pred, target, cross=True)
    assert found.array.shape == expected.shape
    np.testing.assert_allclose(found.array, expected, rtol=3e-7)


def test_blocks_of_nothing(fake_gpu: FakeDriver) -> None:
    entropy = symloss.load("softmax_cross_entropy")
    found = entropy.hessian(Fake(np.empty((0, 4), np.float32)), Fake(np.empty(0, np.int64)))
    assert found.array.shape == (0, 4, 4)


def test_blocks_are_made_on_the_callers_stream(fake_gpu: FakeDriver) -> None:
    fake_gpu.current_stream = lambda: 11
    symloss.load("softmax_cross_entropy").hessian(Fake(LOGITS), Fake(LABELS))
    assert {stream for _, stream in fake_gpu.work} == {11}
    assert [name for name, _ in fake_gpu.work].count("copy") == 4


def test_what_has_no_blocks(fake_gpu: FakeDriver) -> None:
    """As on the CPU, with the same words."""
    u, v = RANDOM.normal(size=(2, 4, 3)).astype(np.float32)
    with pytest.raises(SymlossError, match="info_nce has no Hessian of one sample, because its samples interact"):
        symloss.load("info_nce").hessian(Fake(u), Fake(v))
    with pytest.raises(ValueError, match="z has 513 elements per sample, expected at most 512"):
        symloss.load("softmax_cross_entropy").hessian(Fake(np.ones((1, 513))), Fake(np.zeros(1, np.int64)))
    with pytest.raises(ValueError, match="cross is True, but d_real and d_fake have batches of their own"):
        symloss.load("gan_discriminator").hessian(Fake(u[0]), Fake(v[0]), cross=True)
