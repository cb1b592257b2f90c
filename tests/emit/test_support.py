"""The helpers that generated files carry: sums in one order, and integers that are ordered as numbers are."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import numpy as np
import pytest

from symloss.emit.templates import template_folder

KINDS = {"f32": (np.float32, np.int32), "f64": (np.float64, np.int64)}
COUNTS = [*range(1, 70), 100, 127, 128, 129, 255, 256, 511, 1000, 1023, 1024]


@pytest.fixture(scope="module")
def support() -> ModuleType:
    spec = importlib.util.spec_from_file_location("support", template_folder() / "numba_cpu_support.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def added_up(x):
    """The sum in the documented order, in plain Python: halves onto each other, in float32 quarters the first time."""
    parts, rest = 4 if x.dtype == np.float32 else 2, 0.0
    x = [float(entry) for entry in x]
    while len(x) >= parts:
        part = len(x) // parts
        for entry in x[parts * part :]:
            rest += entry
        if parts == 4:
            x = [(x[i] + x[part + i]) + (x[2 * part + i] + x[3 * part + i]) for i in range(part)]
        else:
            x = [x[i] + x[part + i] for i in range(part)]
        parts = 2
    for entry in x:
        rest += entry
    return rest


@pytest.mark.parametrize("count", COUNTS)
def test_sums_are_added_in_one_order(support, count):
    x = np.random.default_rng(count).normal(size=1024) * 10.0 ** np.random.default_rng(1).integers(-6, 6, 1024)
    assert support._pairwise_sum(x.copy(), count, 0.0) == added_up(x[:count])
    narrow = x.astype(np.float32)
    assert support._pairwise_sum_f32(narrow, np.empty(256), count) == added_up(narrow[:count])


def onto_lanes(lanes, block):
    """The lanes after a block, in plain Python: of 256 numbers, zeros where there are none, every 32nd onto one."""
    x = [float(entry) for entry in block] + [0.0] * (256 - len(block))
    added = x[:32]
    for start in range(32, 256, 32):
        added = [one + other for one, other in zip(added, x[start : start + 32], strict=True)]
    return [lane + one for lane, one in zip(lanes, added, strict=True)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 255, 256])
def test_blocks_are_added_onto_lanes_in_one_order(support, count, dtype):
    generator = np.random.default_rng(count)
    x = (generator.normal(size=(2, 256)) * 10.0 ** generator.integers(-6, 6, (2, 256))).astype(dtype)
    lanes, expected = np.zeros(32), [0.0] * 32
    for block, length in zip(x, (256, count), strict=True):
        expected = onto_lanes(expected, block[:length])
        support._add_onto_lanes(block, lanes, length)
    assert lanes.tolist() == expected
    a = [(expected[i] + expected[i + 8]) + (expected[i + 16] + expected[i + 24]) for i in range(8)]
    assert support._lanes_total(lanes) == ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))


@pytest.mark.parametrize("size", [1, 7, 9, 40, 256, 257, 1024, 1025, 2500])
def test_the_finder_of_distributions_adds_as_kernels_do(support, size):
    generator = np.random.default_rng(size)
    for dtype in (np.float32, np.float64):
        rows = generator.gamma(1, 1, (200, size)) + 1e-3
        rows = (rows / rows.sum(axis=-1, keepdims=True)).astype(dtype)
        totals = np.array([sum((added_up(row[at : at + 1024]) for at in range(0, size, 1024)), 0.0) for row in rows])
        # A bound between two of the distances from one tells any other order apart that rounds elsewhere.
        distances = np.unique(np.abs(totals - 1.0))
        for bound in distances[:-1]:
            outside = support._outside_simplex(rows, bound / (4 * size))
            expected = np.abs(totals - 1.0) > 4 * size * (bound / (4 * size))
            assert np.array_equal(outside[:, 0], expected)


@pytest.mark.parametrize("suffix", KINDS)
def test_order_of_integers_is_that_of_numbers(support, suffix):
    real, integer = KINDS[suffix]
    order, number = getattr(support, f"_order_{suffix}"), getattr(support, f"_ordered_{suffix}")
    info = np.finfo(real)
    some = np.random.default_rng(0).normal(size=50).astype(real)
    values = sorted([*some, real(np.inf), -real(np.inf), info.max, -info.max, info.tiny, info.smallest_subnormal])
    values = [value for value in values if value < 0] + [real(-0.0), real(0.0)] + [v for v in values if v > 0]
    found = [int(order(real(value), integer(0))) for value in values]
    assert found == sorted(set(found))
    for value, place in zip(values, found, strict=True):
        back = number(integer(place))
        assert back == value
        assert np.signbit(back) == np.signbit(value)
    # NaN of either sign is beyond every number, at the end that is asked for, and comes back as NaN.
    for nan in (real(np.nan), -real(np.nan)):
        assert order(nan, integer(0)) > max(found)
        assert order(nan, integer(1)) < min(found)
        assert all(np.isnan(number(integer(order(nan, integer(sign))))) for sign in (0, 1))
    assert [int(order(real(value), integer(1))) for value in values] == found
