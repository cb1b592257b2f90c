"""Reductions over a short axis of fixed size together with one of any size."""

import numpy as np
import pytest

import symloss

HEAD = """symloss: 1
name: fixed
title: Reductions over two axes
axes: {n: batch, c: {kind: coordinate, size: 3}, p: point}
inputs:
  x: {axes: [n, c, p], role: prediction, domain: real}
  y: {axes: [n], role: target, domain: real}
"""


def load(tmp_path, value):
    path = tmp_path / "fixed.yaml"
    path.write_text(f'{HEAD}value: "{value}"\n', encoding="utf-8")
    return symloss.load(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ties_along_both_axes_all_count(tmp_path, dtype):
    loss = load(tmp_path, "logsumexp[c, p](min(x[n, c, p], 0)) + y[n]")
    x = np.ones((2, 3, 5), dtype)
    assert loss(x, np.zeros(2, dtype)) == pytest.approx(np.log(15), rel=1e-6 if dtype == "float32" else 1e-14, abs=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", ["min", "max"])
def test_the_gradient_finds_the_entry_that_was_chosen(tmp_path, dtype, reduction):
    """However the entry is written, derivatives compare the number that was compared before."""
    text = "sigmoid(y[n])/(2 + exp(y[n]/4)**2) - (sqrt(1 + y[n]**2) + x[n, c, p])"
    loss = load(tmp_path, f"{reduction}[c, p]({text})")
    x = np.random.default_rng(1).standard_normal((40, 3, 5)).astype(dtype)
    y = np.linspace(-2, 2, 40).astype(dtype)
    gradient = loss.value_and_grad(x, y, reduction="sum")[1]
    chosen = np.zeros((40, 15), dtype)
    flat = x.reshape(40, 15)
    chosen[np.arange(40), flat.argmax(1) if reduction == "min" else flat.argmin(1)] = -1
    np.testing.assert_array_equal(gradient.reshape(40, 15), chosen)


def test_the_norm_of_equal_entries(tmp_path):
    loss = load(tmp_path, "sum[c, p](x[n, c, p]) + norm[c](y[n])")
    assert loss(np.zeros((1, 3, 1)), np.array([-2.0])) == pytest.approx(2 * 3**0.5, rel=1e-15, abs=0)
