"""Losses over pairs of samples give the same in tiles of some rows of pairs as with all of them in memory."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import symloss
from symloss.emit.numba_cpu.tiles import tiling
from symloss.lowering import build_schedule
from tests.kernels.harness import CATALOGUE, USER_SPECS, derived

SAMPLES, WIDTH = 300, 7

NAMES = ["info_nce", "nt_xent", "siglip", "supcon", "multi_similarity"]

HEAD = """\
symloss: 1
name: {name}
title: {name}
axes: {{i: batch, j: like i, d: feature}}
inputs:
  z: {{axes: [i, d], role: prediction, domain: real}}
"""

#: Of the two products with the derivative of s one fills rows of the gradient of z, the other sums over the samples.
BOTH = """\
define:
  - "s[i, j] = sum[d](z[i, d]*z[j, d])"
value: "logsumexp[j](s[i, j]/9)"
"""

#: The sums over columns need all rows, so nothing can be done for some of them.
BOTH_WAYS = """\
  u: {axes: [i, d], role: target, domain: real}
define:
  - "s[i, j] = sum[d](z[i, d]*u[j, d])"
  - "a[i] = logsumexp[j](s[i, j])"
  - "b[j] = logsumexp[i](s[i, j])"
value: "sum[j](s[i, j]*(a[i] + b[j]))"
"""


def path_of(name):
    return (CATALOGUE | USER_SPECS)[name]


@pytest.fixture
def own_spec(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMLOSS_CACHE_DIR", str(tmp_path / "cache"))

    def write(name, text):
        path = tmp_path / f"{name}.yaml"
        path.write_text(HEAD.format(name=name) + text, encoding="utf-8")
        return path

    return write


def inputs_of(loss, dtype=np.float64):
    generator = np.random.default_rng(len(loss.name))
    found = []
    for item in loss.meta["inputs"]:
        shape = (SAMPLES, WIDTH)[: len(item["axes"])]
        labels = item["domain"]["kind"] == "index"
        drawn = generator.integers(0, 9, shape) if len(shape) == 1 else generator.normal(size=shape)
        found.append(drawn if labels else drawn.astype(dtype))
    return found


def results(loss, arrays, **options):
    """All that the entry points give, as a list of arrays."""
    count = sum(item["role"] == "prediction" for item in loss.meta["inputs"])
    generator = np.random.default_rng(7)
    ways = tuple(generator.normal(size=array.shape).astype(array.dtype) for array in arrays[:count])
    value, gradients = loss.value_and_grad(*arrays, **options)
    products = loss.hvp(*arrays, v=ways if count > 1 else ways[0], **options)
    listed = [entry if isinstance(entry, tuple) else (entry,) for entry in (gradients, products)]
    assert np.array_equal(value, loss(*arrays, **options))
    return [np.asarray(value), *listed[0], *listed[1]]


def apart(one, other):
    """How far results are apart in ulps of the largest entry of a sample: sums of many terms may cancel in others."""
    largest = np.max(np.abs(other), axis=-1, keepdims=True) if other.ndim == 2 else np.abs(other)
    distance = np.abs(one - other)
    return np.max(distance / np.where(distance == 0, 1, largest)) / np.finfo(other.dtype).eps


def in_tiles_of(monkeypatch, loss, chunks):
    """Let the loss's drivers work on so many chunks at a time; of each later call, how many tiles it has."""
    module = sys.modules[loss._engine.drivers["value"].__module__]
    tiles = []

    def tile_rows(samples, chunk):
        tiles.append(-(-samples // (chunks * chunk)))
        return chunks * chunk

    monkeypatch.setattr(module, "_tile_rows", tile_rows)
    return tiles


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
@pytest.mark.parametrize("deterministic", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_tiles_give_what_the_whole_gives(name, deterministic, dtype, monkeypatch):
    loss = symloss.load(path_of(name))
    arrays = inputs_of(loss, dtype)
    options = {"deterministic": deterministic, "reduction": "sum"}
    whole = results(loss, arrays, **options)
    for chunks in (1, 2):
        tiles = in_tiles_of(monkeypatch, loss, chunks)
        found = results(loss, arrays, **options)
        assert min(tiles) > 2
        for one, other in zip(found, whole, strict=True):
            assert apart(one, other) < 100


@pytest.mark.parametrize("name", ["info_nce", "supcon"])
def test_tiles_take_weights_masks_and_values_per_sample(name, monkeypatch):
    loss = symloss.load(path_of(name))
    arrays = inputs_of(loss)
    generator = np.random.default_rng(3)
    options = {"weight": generator.random(SAMPLES), "mask": generator.random(SAMPLES) < 0.8, "reduction": "none"}
    whole = results(loss, arrays, **options)
    tiles = in_tiles_of(monkeypatch, loss, 1)
    for one, other in zip(results(loss, arrays, **options), whole, strict=True):
        assert apart(one, other) < 100
    assert min(tiles) > 2


def test_a_similarity_of_samples_among_themselves_has_tiles(own_spec, monkeypatch):
    path = own_spec("both", BOTH)
    loss = symloss.load(path)
    arrays = inputs_of(loss)
    whole = results(loss, arrays)
    in_tiles_of(monkeypatch, loss, 1)
    for one, other in zip(results(loss, arrays), whole, strict=True):
        assert apart(one, other) < 100
    _, derivation = derived(path)
    program = derivation.gradient
    schedule = build_schedule(program, "value_and_grad", tuple(program.outputs), "float64", keep_terms=True, apart=True)
    found = tiling(schedule, list(program.outputs.values()))
    assert found is not None
    assert [step.transpose_left for step in found.after] == [False, True]


def test_what_needs_all_rows_is_whole(own_spec):
    path = own_spec("both_ways", BOTH_WAYS)
    loss = symloss.load(path)
    z, u = inputs_of(loss)
    s = z @ u.T
    a, b = np.log(np.exp(s).sum(1)), np.log(np.exp(s).sum(0))
    assert loss(z, u, reduction="sum") == pytest.approx((s * (a[:, None] + b)).sum(), rel=1e-11)
    _, derivation = derived(path)
    program = derivation.gradient
    schedule = build_schedule(program, "value_and_grad", tuple(program.outputs), "float64", keep_terms=True, apart=True)
    assert tiling(schedule, list(program.outputs.values())) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("samples", [0, 2])
def test_few_samples_have_one_tile_and_none_have_none(name, samples):
    loss = symloss.load(path_of(name))
    arrays = [array[:samples] for array in inputs_of(loss)]
    for result in results(loss, arrays, reduction="sum")[1:]:
        assert result.shape == (samples, WIDTH)


@pytest.mark.parametrize("name", ["info_nce", "nt_xent"])
def test_tiles_are_whole_chunks_of_a_bounded_size(name):
    module = sys.modules[symloss.load(name)._engine.drivers["value"].__module__]
    for samples in (0, 1, 255, 256, 2000, 8192, 100_000, 10**7):
        chunk = module._chunk_rows(samples)
        rows = module._tile_rows(samples, chunk)
        assert rows >= 1
        assert rows % chunk == 0
        assert rows >= min(samples, 256) - chunk
        assert rows <= max(256, 2**23 // max(1, samples))
        assert samples > 2000 or rows >= samples
