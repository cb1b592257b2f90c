"""Compiled kernels, executed, against exact results: options, sizes, special values, order, traffic, planted faults."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import execution
from tests.cuda.harness import (
    CATALOGUE,
    COUPLED,
    TYPICAL,
    DeviceKernels,
    Options,
    device_kernels,
    device_module,
    marked,
)
from tests.cuda.interpreted import HALVES, call
from tests.kernels.harness import USER_SPECS

DTYPES = ("float32", "float64")


@pytest.mark.parametrize("name", marked())
def test_every_entry_point(name: str) -> None:
    """A weighted, masked mean, and values per sample."""
    k = device_kernels(name)
    for dtype in DTYPES:
        for entry in k.entries:
            k.device_call(7, dtype, Options("mean", weighted=True, masked=True)).check(entry)
        k.device_call(6, dtype, Options("none", weighted=True, masked=True)).check("value_and_grad")
        k.device_call(6, dtype, Options("mean", normalizer=3.25)).check("value_and_grad")


#: Samples around the width of a vector, a warp, a block's share, and several blocks'.
ELEMENTS = (1, 2, 3, 4, 5, 31, 33, 1023, 1024, 1025, 1029)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_of_batches(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block and several, each of which goes around more than once."""
    k = device_kernels("huber")
    for most in (2048, 2):
        monkeypatch.setitem(execution.MOST_BLOCKS, "elements", most)
        for length in (*ELEMENTS, *((5000,) if most == 2 else ())):
            for unaligned in (False, True):
                k.device_call(length, dtype, Options("mean"), unaligned=unaligned).check("value_and_grad")
    k.device_call(5000, dtype, Options("mean", weighted=True, masked=True)).check("value_and_grad")


@pytest.mark.slow
def test_a_batch_beyond_the_largest_grid() -> None:
    length = execution.MOST_BLOCKS["elements"] * 1024 + 5
    device_kernels("huber").device_call(length, "float32", Options("mean")).check("value_and_grad")


#: Entries around the width of a vector, a warp, and where a row gets more threads.
ROWS = (1, 2, 3, 4, 5, 31, 32, 33, 127, 128, 129, 511, 512, 513)


@pytest.mark.parametrize("size", [1, 33, 516, *(pytest.param(n, marks=pytest.mark.slow) for n in ROWS)])
@pytest.mark.parametrize("name", ["softmax_cross_entropy", pytest.param("listnet", marks=pytest.mark.slow), "dice"])
def test_sizes_of_rows(name: str, size: int) -> None:
    k = DeviceKernels(CATALOGUE[name], distinct=2, other=size)
    for dtype in DTYPES:
        k.device_call(11, dtype, Options("mean", weighted=True)).check("value_and_grad")
    k.device_call(3, "float32", Options("sum"), shared_limit=0).check("value_and_grad")
    k.device_call(3, "float32", Options("sum"), unaligned=True).check("value_and_grad")


@pytest.mark.slow
@pytest.mark.parametrize("size", [4096, 4100, 16388])
def test_long_rows(size: int) -> None:
    k = DeviceKernels(CATALOGUE["softmax_cross_entropy"], distinct=1, other=size)
    k.device_call(2, "float32", Options("mean")).check("value_and_grad")


@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "gan_discriminator", "iou"])
def test_nothing(name: str) -> None:
    """The sum over no samples is 0, the mean is not a number."""
    k = device_kernels(name)
    empty = {root: 0 for root in map(k.axis_of, k.meta["terms"]) if root}
    for dtype in DTYPES:
        assert k.device_call(empty, dtype, Options("sum")).run("value_and_grad")["value"] == 0
        assert np.isnan(k.device_call(empty, dtype, Options("mean")).run("value_and_grad")["value"])


def test_no_weight_at_all() -> None:
    """A mean over samples that all have no weight is not a number, and its gradient is zero."""
    k = device_kernels("huber")
    outcome = k.device_call(9, "float32", Options("mean"))
    found = outcome.run("value_and_grad", weights=[np.zeros(9, np.float32)])
    assert np.isnan(found["value"])
    assert not found["grad pred"].any()


@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "dice"])
def test_the_order_of_blocks_changes_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(execution.MOST_BLOCKS, "elements", 5)
    monkeypatch.setitem(execution.MOST_BLOCKS, "rows", 3)
    k = device_kernels(name)
    options = Options("mean", weighted=True, masked=True)
    first = k.device_call(6000 if k.elementwise else 60, "float32", options).run("value_and_grad")
    for seed in (1, 2):
        other = k.device_call(6000 if k.elementwise else 60, "float32", options, order_seed=seed).run("value_and_grad")
        for key, value in first.items():
            assert np.asarray(value).tobytes() == np.asarray(other[key]).tobytes()


@pytest.mark.parametrize("name", marked())
def test_special_values_behave_as_on_the_cpu(name: str) -> None:
    """NaN, infinities, zeros of both signs and subnormal numbers give what the CPU kernels give."""
    k = device_kernels(name)
    for dtype in DTYPES:
        info = np.finfo(dtype)
        specials = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, info.smallest_subnormal, -info.tiny, info.max], dtype)
        outcome = k.device_call(len(specials), dtype, Options("none"))
        for place, prediction in enumerate(k.inputs):
            if prediction not in k.predictions:
                continue
            arrays = outcome.arrays
            row = arrays[place].reshape(len(specials), -1)
            row[:, 0] = specials[: len(row)]
            loss, keywords = k.loss, dict(k.parameters)
            with np.errstate(all="ignore"):
                value, gradients = loss.value_and_grad(*arrays, reduction="none", validate=False, **keywords)
            found = outcome.run("value_and_grad", arrays=arrays)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            pairs = list(zip(gradients, [found[f"grad {n}"] for n in k.predictions], strict=True))
            both = zip(value, found["value"], strict=True) if isinstance(value, tuple) else [(value, found["value"])]
            for expected, given in [*both, *pairs]:
                same_kind(name, dtype, np.asarray(expected), np.asarray(given), row.shape[1])


def same_kind(name: str, dtype: str, expected: np.ndarray, given: np.ndarray, terms: int = 1) -> None:
    """Equal where the expected number is no finite one, and close elsewhere.

    A device has no double precision for the sum over a sample's terms: it may be infinite where their mean is not.
    """
    beyond = (np.abs(expected) > np.finfo(dtype).max / terms) & (given == np.copysign(np.inf, expected))
    if terms > 1 and dtype == "float32":
        expected, given = np.where(beyond, 0.0, expected), np.where(beyond, 0.0, given)
    special = ~np.isfinite(expected)
    assert np.array_equal(np.isnan(expected), np.isnan(given)), (name, dtype, expected, given)
    assert np.array_equal(expected[special], given[special], equal_nan=True), (name, dtype, expected, given)
    eps = float(np.finfo(dtype).eps)
    tiny = float(np.finfo(dtype).smallest_subnormal)
    a, b = expected[~special].astype(np.float64), given[~special].astype(np.float64)
    assert np.all(np.abs(a - b) <= 64 * eps * np.abs(a) + 8 * tiny), (name, dtype, a, b)


def test_labels_that_name_nothing() -> None:
    """The row becomes NaN, nothing is read out of range, and other rows are as they would be."""
    k = device_kernels("softmax_cross_entropy")
    outcome = k.device_call(5, "float32", Options("sum"))
    z, y, weight = outcome.arrays
    good = outcome.run("value_and_grad")["grad z"]
    for wrong in (-1, z.shape[1], 2**40, -(2**62)):
        labels = y.copy()
        labels[2] = wrong
        found = outcome.run("value_and_grad", arrays=[z, labels, weight])
        assert np.isnan(found["value"])
        assert np.isnan(found["grad z"][2]).all()
        others = [0, 1, 3, 4]
        assert np.array_equal(found["grad z"][others], good[others])
    ignored = outcome.run("value_and_grad", arrays=[z, np.where(np.arange(5) == 2, -100, y), weight], ignore=-100)
    assert np.isfinite(ignored["value"])
    assert not ignored["grad z"][2].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_moved(dtype: str) -> None:
    """Element-wise kernels read their inputs once and write their outputs once; a row that fits is read once."""
    item, n = np.dtype(dtype).itemsize, 40000
    outcome = device_kernels("huber").device_call(n, dtype, Options("mean"))
    outcome.run("value_and_grad")
    report = outcome.last.reports[f"value_and_grad_f{dtype[-2:]}"]
    assert 32 * report.sectors_loaded == 2 * item * n
    assert item * n <= 32 * report.sectors_stored <= item * n * 1.01 + 32 * 2 * 64

    k = DeviceKernels(CATALOGUE["softmax_cross_entropy"], distinct=1, other=1024)
    outcome = k.device_call(4, dtype, Options("mean"))
    outcome.run("value_and_grad")
    report = outcome.last.reports[f"value_and_grad_f{dtype[-2:]}"]
    passes = 32 * (report.sectors_loaded + report.sectors_stored) / (4 * 1024 * item)
    assert passes <= 2.3, passes


@pytest.mark.parametrize("name", marked())
def test_every_input_is_read_once(name: str) -> None:
    """And every output written once: by element-wise kernels of all entry points, as many bytes as there are."""
    k, n = device_kernels(name), 4096
    if not k.elementwise:
        pytest.skip("the samples of this loss are rows")
    outcome = k.device_call(n, "float32", Options("sum"))
    given = [array for array in outcome.arrays if array.size == n]
    for entry in k.entries:
        results = outcome.run(entry)
        written = [array for key, array in results.items() if key != "value"]
        reports = [one for key, one in outcome.last.reports.items() if key.startswith(entry)]
        read = 4 * n * (len(given) + (len(k.predictions) if entry == "hvp" else 0))
        loaded, stored = (sum(32 * getattr(r, f"sectors_{way}") for r in reports) for way in ("loaded", "stored"))
        assert sum(report.loaded["global"] for report in reports) <= read, entry
        # A coefficient is read one number at a time, as one that all samples share must be: from a cache, but for one.
        assert loaded <= read or "coefficient" in {item["role"] for item in k.meta["inputs"]}, (entry, loaded / n)
        # Beside these a block of a kernel writes its partial sum, two words one after the other.
        partial = 64 * len(reports) * n // 1024
        assert 4 * n * len(written) <= stored <= 4 * n * len(written) + partial, (entry, stored / n)


@pytest.mark.parametrize("pattern", HALVES)
def test_bytes_of_16_bits_moved(pattern: str) -> None:
    """Numbers of 16 bits are moved once as well, eight in every access, whatever part of a vector is left over."""
    short = HALVES[pattern]
    n = 16384
    outcome = device_kernels("huber").device_call(n, "float32", Options("mean"))
    outcome.run("value_and_grad", [short(array) for array in outcome.arrays])
    report = outcome.last.reports["value_and_grad_f32"]
    assert report.count("ld", "global") == 2 * n // 8
    assert report.loaded["global"] == 2 * 2 * n
    assert report.count("st", "global", "v4") == n // 8
    assert 32 * report.sectors_loaded == 2 * 2 * n

    k = DeviceKernels(CATALOGUE["softmax_cross_entropy"], distinct=1, other=1024)
    outcome = k.device_call(4, "float32", Options("mean"), shared_limit=2 * 1024)  # where a row needs two bytes a class
    outcome.run("value_and_grad", [short(a) if a.dtype == np.float32 else a for a in outcome.arrays])
    report = outcome.last.reports["value_and_grad_f32"]
    assert report.count("ld", "global", "v4") == report.count("st", "global", "v4") == 4 * 1024 // 8
    passes = 32 * (report.sectors_loaded + report.sectors_stored) / (4 * 1024 * 2)
    assert passes <= 2.3, passes


#: Faults planted in the PTX of a kernel: what to replace, by what, and in how many places at most.
FAULTS = {
    "a barrier is missing": (r"bar\.sync\s+0;", ""),
    "a shuffle goes to the wrong thread": (r"shfl\.sync\.bfly\.b32", "shfl.sync.idx.b32"),
    "a vector too many": (r"setp\.(ge|gt)\.s64(\s+%p\d+, )(%rd\d+), (%rd\d+);", r"setp.gt.s64\2\3, \4;"),
    "a sum forgets its second word": (r"add\.(rn\.)?f32 ", "sub.f32 "),
    "a store is missing": (r"st\.global\.v4\.f32[^;]*;", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(fault: str) -> None:
    """Whatever is planted in a kernel's text makes some check of these tests fail."""
    import re

    from tests.cuda import ptx

    pattern, replacement = FAULTS[fault]
    name = "value_and_grad_f32"
    for loss in ("huber", "softmax_cross_entropy"):
        size = 516 if loss != "huber" else None
        k = device_kernels(loss) if size is None else DeviceKernels(CATALOGUE[loss], distinct=2, other=size)
        good = k.device_call(4, "float32", Options("mean"))
        good.run("value")
        text = good.last.text(name)
        changed, count = re.subn(pattern, replacement, text)
        assert count, f"{fault} found no place in {loss}"
        caught = False
        for length in (1, 3, 4, 8, 1028) if k.elementwise else (3,):
            try:
                k.device_call(length, "float32", Options("mean"), texts={name: changed}).check("value_and_grad")
            except (AssertionError, ptx.PtxError):
                caught = True
        assert caught, f"{fault} in {loss} went unnoticed"


def test_typical_losses_exist() -> None:
    assert set(TYPICAL) <= set(CATALOGUE)


@pytest.mark.parametrize("pattern", HALVES)
@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("huber", 0),
        ("softmax_cross_entropy", 72),
        pytest.param("softmax_cross_entropy", 68, marks=pytest.mark.slow),
        pytest.param("softmax_cross_entropy", 1032, marks=pytest.mark.slow),
        pytest.param("iou", 0, marks=pytest.mark.slow),
        pytest.param("info_nce", 8, marks=pytest.mark.slow),
    ],
)
def test_numbers_of_16_bits(name: str, classes: int, pattern: str) -> None:
    """Sixteen bits in memory, float32 inside: the results of the float32 kernel at the same inputs, rounded once."""
    short = HALVES[pattern]
    k = device_kernels(name) if not classes else DeviceKernels(CATALOGUE[name], distinct=3, other=classes)
    sizes = (7, 8, 303, 300) if name not in COUPLED else (7, 8, 16, 17)
    for length, machine in zip(sizes, ({}, {"shared_limit": 0}, {}, {"unaligned": True}), strict=True):
        outcome = k.device_call(length, "float32", Options("mean"), **machine)
        given = [short(a) if a.dtype == np.float32 else a for a in outcome.arrays]
        exact = [wide(a) if a.dtype.name == pattern else a for a in given]
        for entry in {"value_and_grad", "grad_hess_diag"} & set(k.entries):
            found, expected = outcome.run(entry, given), outcome.run(entry, exact)
            for key, value in expected.items():
                right = value == found[key] if key == "value" else np.array_equal(found[key], short(value))
                assert right, (name, entry, key, length)


@pytest.mark.parametrize("pattern", HALVES)
def test_special_numbers_of_16_bits(pattern: str) -> None:
    """Every pattern there is goes through a kernel and comes back as a 16-bit number of the same value."""
    k = device_kernels("gan_generator_nonsaturating")
    module = device_module(k.path)
    patterns = np.arange(65536, dtype=np.uint16).view(pattern)
    _, (found,), _ = call(module, "value_and_grad", {"d_fake": patterns}, reduction="sum")
    _, (expected,), _ = call(module, "value_and_grad", {"d_fake": wide(patterns)}, reduction="sum")
    assert np.array_equal(wide(found), wide(HALVES[pattern](expected)), equal_nan=True)


def wide(patterns: np.ndarray) -> np.ndarray:
    """The numbers behind bit patterns, in float32."""
    if patterns.dtype == np.int16:
        return patterns.view(np.float16).astype(np.float32)
    return (patterns.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLED)
def test_losses_whose_samples_interact(name: str) -> None:
    for count, width in ((6, 3), (18, 5)):
        k = DeviceKernels(CATALOGUE[name], distinct=count, other=width)
        for dtype in DTYPES:
            for entry in ("value", "value_and_grad", "hvp"):
                k.device_call(count, dtype, Options("mean", weighted=True)).check(entry)
                if count == 6 and entry != "hvp":
                    k.device_call(count, dtype, Options("none", weighted=True)).check(entry)
        first, other = (
            k.device_call(count, "float32", Options("mean"), order_seed=seed).run("value_and_grad")
            for seed in (None, 3)
        )
        assert all(np.array_equal(first[key], other[key]) for key in first)


@pytest.mark.slow
@pytest.mark.parametrize("name", COUPLED)
def test_samples_that_interact_by_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four samples, of which the last has two: the results of all at once, and no matrix of all pairs."""
    k = DeviceKernels(CATALOGUE[name], distinct=10, other=3)
    for few, dtype in ((1024, "float32"), (0, "float32"), (0, "float64")):
        for option, value in (("FEW_PAIRED", few), ("PARTS", 3), ("PART_ROWS", 4)):
            monkeypatch.setattr(execution, option, value)
        for entry in ("value", "value_and_grad", "hvp"):
            outcome = k.device_call(10, dtype, Options("mean", weighted=True))
            outcome.check(entry)
            assert outcome.last.largest == (100 if few else 40)
            k.device_call(10, dtype, Options("mean"), order_seed=1).check(entry)
        k.device_call(10, dtype, Options("none", weighted=True)).check("value_and_grad")


#: Users' losses: one that can be done by parts, and one whose samples read the labels of all others.
PARTS_OF_USERS = {"siglip": 40, "multi_similarity": 100}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS_OF_USERS)
def test_users_losses_by_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for option, value in (("FEW_PAIRED", 0), ("PARTS", 3), ("PART_ROWS", 4)):
        monkeypatch.setattr(execution, option, value)
    k = DeviceKernels(USER_SPECS[name], distinct=10, other=3)
    outcome = k.device_call(10, "float64", Options("mean", weighted=True))
    outcome.check("value_and_grad")
    assert outcome.last.largest == PARTS_OF_USERS[name]


def test_the_parts_of_samples_that_interact() -> None:
    """Whole blocks of rows, at most eight parts; together all samples."""
    for samples in (0, 1, 1024, 1025, 4096, 5000, 32768, 100003):
        each = execution.part_of(samples)
        assert each == samples if samples <= 1024 else each % 16 == 0
        assert 8 * each >= samples
        assert samples <= 1024 or each <= samples / 8 + 16
