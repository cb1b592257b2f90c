"""``deterministic=True``: matrix products in an order of their own, whatever BLAS does; accepted by every call."""

from __future__ import annotations

import numpy as np
import pytest

import symloss
from tests.emit.test_support import support  # noqa: F401
from tests.kernels.harness import kernels

WITH_PRODUCTS = ("info_nce", "nt_xent")


def arrays(name, dtype, count=70, width=37):
    generator = np.random.default_rng(3)
    loss = kernels(name).loss
    inputs = [generator.normal(size=(count, width)).astype(dtype) for _ in loss.meta["predictions"]]
    return loss, inputs, [generator.normal(size=(count, width)).astype(dtype) for _ in inputs]


def results(loss, inputs, directions, **options):
    """Value, gradients and products of a loss as one list of arrays."""
    value, gradients = loss.value_and_grad(*inputs, **options)
    alone = len(inputs) == 1
    products = loss.hvp(*inputs, v=directions[0] if alone else tuple(directions), **options)
    found = [loss(*inputs, **options), value]
    return [np.asarray(f) for f in (*found, *([gradients, products] if alone else [*gradients, *products]))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", WITH_PRODUCTS)
def test_no_library_makes_the_products(name, dtype, monkeypatch):
    loss, inputs, directions = arrays(name, dtype)
    usual = results(loss, inputs, directions)

    def refuse(*arguments, **options):
        raise AssertionError("a library's product")

    monkeypatch.setattr(np, "matmul", refuse)
    with pytest.raises(AssertionError, match="a library's product"):
        loss(*inputs)
    found = [results(loss, inputs, directions, deterministic=True, threads=threads) for threads in (1, 2, 3)]
    for one in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], one, strict=True))
    for a, b in zip(found[0], usual, strict=True):
        assert np.abs(a - b).max() <= 64 * np.finfo(dtype).eps * np.abs(b).max()


@pytest.mark.parametrize("threads", [1, 2])
def test_large_enough_for_threads(threads):
    loss, inputs, directions = arrays("info_nce", np.float32, 600, 120)
    serial = results(loss, inputs, directions, deterministic=True, threads=1)
    again = results(loss, inputs, directions, deterministic=True, threads=threads)
    assert all(np.array_equal(a, b) for a, b in zip(serial, again, strict=True))


def test_masked_samples():
    loss, inputs, _ = arrays("info_nce", np.float64)
    mask = np.arange(70) % 3 > 0
    kept = loss.value_and_grad(*(x[mask] for x in inputs), deterministic=True)
    value, gradients = loss.value_and_grad(*inputs, mask=mask, deterministic=True)
    assert value == kept[0]
    assert all(np.array_equal(a[mask], b) for a, b in zip(gradients, kept[1], strict=True))


def test_nothing_changes_where_there_is_no_product():
    z, y = np.random.default_rng(0).normal(size=(50, 7)), np.arange(50) % 7
    loss = symloss.load("softmax_cross_entropy")
    pairs = [
        (loss(z, y), loss(z, y, deterministic=True)),
        (loss.value_and_grad(z, y)[1], loss.value_and_grad(z, y, deterministic=True)[1]),
        (loss.grad_hess_diag(z, y)[1], loss.grad_hess_diag(z, y, deterministic=True)[1]),
        (loss.hvp(z, y, v=z), loss.hvp(z, y, v=z, deterministic=True)),
        (loss.hessian(z, y), loss.hessian(z, y, deterministic=True)),
        (loss(z.T.copy().T, y), loss(z.T.copy().T, y, deterministic=True)),
    ]
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_neither_true_nor_false():
    with pytest.raises(TypeError, match="deterministic is int, expected True or False"):
        symloss.load("mse")(np.ones(3), np.ones(3), deterministic=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (33, 8, 256), (65, 41, 300)])
def test_order_of_the_products(support, shape, turned, dtype):  # noqa: F811
    rows, shared, columns = shape
    generator = np.random.default_rng(rows)
    left = (generator.normal(size=(rows, shared)) * 10.0 ** generator.integers(-3, 3, (rows, shared))).astype(dtype)
    right = generator.normal(size=(shared, columns)).astype(dtype)
    expected = np.zeros((rows, columns))
    whole = shared - shared % 8
    for at in range(0, whole, 8):
        a, b, c, d, e, f, g, h = (left[:, at + i, None] * right[at + i] for i in range(8))
        expected += ((a + b) + (c + d)) + ((e + f) + (g + h))
    for at in range(whole, shared):
        expected += left[:, at, None] * right[at]
    out = np.empty((rows, columns), dtype)

    def run(kernel, chunks, spaces, *arguments):
        kernel(0, chunks, *(np.empty(size, kind) for size, kind in spaces), *arguments)

    run.deterministic = True
    support._matrix_product(run, np.ascontiguousarray(left.T).T if turned else left, right, out)
    assert np.array_equal(out, expected.astype(dtype))
    exact = left.astype(np.longdouble) @ right.astype(np.longdouble)
    terms = np.abs(left).astype(np.longdouble) @ np.abs(right).astype(np.longdouble)
    assert (np.abs(out - exact) <= 4 * np.finfo(dtype).eps / 2 * terms).all()
