"""Blocks of samples that are a few numbers side by side are turned before anything is computed, and back after it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import symloss
from symloss.build.compiler import compile_spec

HEAD = """symloss: 1
name: some
title: Some numbers of a sample
axes: {n: batch, c: {kind: coordinate, size: SIZE}}
inputs:
  x: {axes: [n, c], role: prediction, domain: real}
  y: {axes: [n, c], role: target, domain: "[0, 1]"}
value: "(x[n, 1] - y[n, 0]*x[n, 3])**2"
"""


def written(tmp_path: Path, size: int = 4) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(HEAD.replace("SIZE", str(size)), encoding="utf-8")
    return path


def strided(text: str) -> set[str]:
    """What loops over samples read or write at a constant place of a sample that lies as the caller gave it."""
    kernels = [f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)]
    return {found for kernel in kernels for found in re.findall(r"\w+_chunk\[row, \d+\]", ast.unparse(kernel))}


def test_only_copies_reach_across_samples(tmp_path: Path) -> None:
    text = compile_spec(written(tmp_path)).text
    assert "x_columns[3, row]" in text
    assert not strided(text)


def test_long_samples_are_left_as_they_lie(tmp_path: Path) -> None:
    text = compile_spec(written(tmp_path, 100)).text
    assert "_columns" not in text
    assert "x_chunk[row, 3]" in strided(text)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("samples", [1, 255, 256, 257, 2047, 2048, 2049])
def test_every_block_is_turned_and_turned_back(tmp_path: Path, samples: int, dtype: str) -> None:
    loss = symloss.load(written(tmp_path))
    rng = np.random.default_rng(samples)
    # Few bits each, so that all steps are exact.
    x, y = rng.integers(-8, 9, (samples, 4)).astype(dtype), (rng.integers(0, 9, (samples, 4)) / 8).astype(dtype)
    mask = rng.random(samples) < 0.8
    rest = x[:, 1] - y[:, 0] * x[:, 3]
    gradient = np.zeros_like(x)
    gradient[:, 1], gradient[:, 3] = 2 * rest, -2 * y[:, 0] * rest
    gradient[~mask] = 0
    value, found = loss.value_and_grad(x, y, mask=mask, reduction="sum")
    assert value == (rest**2)[mask].sum(dtype="float64")
    np.testing.assert_array_equal(found, gradient)
    over = x.copy()
    loss.value_and_grad(over, y, mask=mask, reduction="sum", out=over)
    np.testing.assert_array_equal(over, gradient)
    y[samples - 1, 2] = 2
    with pytest.raises(ValueError, match=rf"^y\[{samples - 1}, 2\] is 2"):
        loss(x, y)
