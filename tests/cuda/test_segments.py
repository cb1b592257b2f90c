"""Rows that several blocks share: the results of whole rows, in segments of a few entries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pytest

import symloss

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import execution
from tests.cuda import ptx
from tests.cuda.fakes import Fake, FakeDriver
from tests.cuda.harness import CATALOGUE, DeviceKernels, Options, device_module, marked
from tests.cuda.interpreted import HALVES, Interpreted, call
from tests.cuda.test_execution import same_kind, wide

DTYPES = ("float32", "float64")
#: Losses of which one stands for the others: a logsumexp that a label is left out of.
TYPICAL = ("softmax_cross_entropy",)


@dataclass
class InPlace(Interpreted):
    """A machine whose first array, which is the gradient, is one of the inputs."""

    place: np.ndarray | None = None

    def empty(self, count: int, dtype: str) -> np.ndarray:
        if self.place is None:
            return super().empty(count, dtype)
        place, self.place = self.place, None
        assert place.size == count
        return place


@cache
def kernels(name: str, size: int) -> DeviceKernels:
    return DeviceKernels(CATALOGUE[name], distinct=2, other=size)


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight entries to a segment, for any number of rows."""
    monkeypatch.setattr(execution, "SEGMENT", 8)
    monkeypatch.setattr(execution, "FEW_ROWS", 1 << 30)


def phased(name: str, entry: str) -> list[str]:
    """The kernels of an entry point for rows in segments."""
    return [
        one
        for step in device_module(CATALOGUE[name]).PLANS[entry]["steps"]
        for one in device_module(CATALOGUE[name]).KERNELS[step].get("phased", [])
    ]


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("name", marked(kinds=True, typical=TYPICAL))
def test_every_entry_point(name: str) -> None:
    """Segments of which the last is shorter; weights, masks, values per sample; and memory that is not aligned."""
    k = kernels(name, 28)
    entries = [entry for entry in k.entries if phased(name, entry)]
    if not entries:
        pytest.skip("no kernel that rows in segments would serve")
    for dtype in DTYPES:
        suffix = f"_f{dtype[-2:]}"
        for entry in entries:
            outcome = k.device_call(5, dtype, Options("mean", weighted=True, masked=True))
            outcome.check(entry)
            assert set(phased(name, entry)) <= {kernel.removesuffix(suffix) for kernel in outcome.last.reports}
            k.device_call(3, dtype, Options("sum"), unaligned=True).check(entry)
        k.device_call(4, dtype, Options("none", weighted=True, masked=True)).check("value_and_grad")
        k.device_call(3, dtype, Options("sum"), shared_limit=0).check("value_and_grad")


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("name", ["softmax_cross_entropy", pytest.param("listnet", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "size", [16, 17, pytest.param(64, marks=pytest.mark.slow), pytest.param(65, marks=pytest.mark.slow)]
)
def test_lengths(name: str, size: int) -> None:
    """Two segments and the most there are, full ones and a last one of one entry."""
    for dtype in DTYPES:
        kernels(name, size).device_call(3, dtype, Options("mean")).check("value_and_grad")


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("pattern", HALVES)
def test_numbers_of_16_bits(pattern: str) -> None:
    """What float32 gives at the same inputs, rounded once, vectors of eight and single numbers."""
    short = HALVES[pattern]
    for size, machine in ((24, {}), (24, {"unaligned": True}), (29, {}), (24, {"shared_limit": 0})):
        outcome = kernels("softmax_cross_entropy", size).device_call(3, "float32", Options("mean"), **machine)
        given = [short(a) if a.dtype == np.float32 else a for a in outcome.arrays]
        exact = [wide(a) if a.dtype.name == pattern else a for a in given]
        found, expected = outcome.run("value_and_grad", given), outcome.run("value_and_grad", exact)
        assert found["value"] == expected["value"]
        assert np.array_equal(found["grad z"], short(expected["grad z"]))


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("name", ["softmax_cross_entropy", pytest.param("focal_multiclass", marks=pytest.mark.slow)])
def test_special_values(name: str) -> None:
    """One entry of a row is special, in each segment in turn, or a whole segment; the CPU gives the same."""
    k = kernels(name, 20)
    for dtype in DTYPES:
        info = np.finfo(dtype)
        numbers = [np.nan, np.inf, -np.inf, -0.0, info.smallest_subnormal, info.max, -info.max]
        specials = np.array([n for n in numbers for _ in range(4)], dtype)
        outcome = k.device_call(len(specials), dtype, Options("none"))
        (place,) = (n for n, given in enumerate(k.inputs) if given in k.predictions)
        arrays = list(outcome.arrays)
        rows = arrays[place]
        for row, special in enumerate(specials):
            rows[row, slice(8, 16) if row % 4 == 3 else (0, 9, 19)[row % 4]] = special
        with np.errstate(all="ignore"):
            expected = k.loss.value_and_grad(*arrays, reduction="none", validate=False, **k.parameters)
        found = outcome.run("value_and_grad", arrays=arrays)
        assert not np.isfinite(expected[0]).all()
        same_kind(name, dtype, expected[0], found["value"])
        same_kind(name, dtype, expected[1], found[f"grad {k.predictions[0]}"])


@pytest.mark.usefixtures("short_segments")
def test_maxima_that_are_tied_across_segments() -> None:
    """Equal logits in several segments are counted once each, whichever segment has the label."""
    k = kernels("softmax_cross_entropy", 28)
    for dtype in DTYPES:
        outcome = k.device_call(6, dtype, Options("none"))
        rows, labels, *rest = outcome.arrays
        rows[:] = np.arange(28) % 5 - 90
        rows[:, [3, 11, 27]] = 30
        rows[4], rows[5] = -1e30, np.linspace(-80, 8, 28)
        labels[:] = [3, 11, 27, 0, 7, 27]
        expected = k.loss.value_and_grad(rows, labels, *rest, reduction="none", **k.parameters)
        found = outcome.run("value_and_grad", arrays=[rows, labels, *rest])
        same_kind(k.path.stem, dtype, expected[0], found["value"])
        same_kind(k.path.stem, dtype, expected[1], found["grad z"])


@pytest.mark.usefixtures("short_segments")
def test_a_gradient_in_the_place_of_the_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one row write before others read, one after another in any order: the same bits as apart."""
    monkeypatch.setattr(ptx, "run", partial(ptx.run, batch=1))
    k = kernels("softmax_cross_entropy", 28)
    outcome = k.device_call(5, "float32", Options("mean"))
    apart = outcome.run("value_and_grad")
    inputs = dict(zip(k.inputs, outcome.arrays, strict=True))
    for seed in range(4):
        logits = inputs["z"].copy()
        machine = InPlace(device_module(k.path), order_seed=seed, place=logits)
        value, (gradient,), _ = call(
            device_module(k.path), "value_and_grad", inputs | {"z": logits}, k.parameters, machine=machine
        )
        assert np.shares_memory(gradient, logits)
        assert value == apart["value"]
        assert np.array_equal(logits, apart["grad z"])


@pytest.mark.usefixtures("short_segments")
def test_the_order_of_blocks_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more rows than blocks as well."""
    k = kernels("softmax_cross_entropy", 28)
    options = Options("mean", weighted=True, masked=True)
    for most in (8192, 12):
        monkeypatch.setitem(execution.MOST_BLOCKS, "rows", most)
        first, *others = (
            k.device_call(11, "float32", options, order_seed=seed).run("value_and_grad") for seed in (None, 1, 2)
        )
        for other in others:
            assert all(np.asarray(first[key]).tobytes() == np.asarray(other[key]).tobytes() for key in first)


def test_bytes_moved() -> None:
    """Beyond what shared memory holds a row is read twice and written once, by 128 bits."""
    size = 3 * execution.SEGMENT
    outcome = kernels("softmax_cross_entropy", size).device_call(2, "float32", Options("mean"))
    outcome.run("value_and_grad")
    reports = [outcome.last.reports[f"{one}_f32"] for one in phased("softmax_cross_entropy", "value_and_grad")]
    for report in reports:
        assert report.count("ld", "global", "v4") == 2 * size // 4
    assert reports[1].count("st", "global", "v4") == 2 * size // 4
    passes = sum(32 * (report.sectors_loaded + report.sectors_stored) for report in reports) / (2 * size * 4)
    assert passes <= 3.1, passes


@pytest.mark.parametrize(
    ("samples", "length", "room", "segments"),
    [
        (4096, 128256, 4 * 128256, 16),  # longer than shared memory
        (4096, 32768, 4 * 32768, 1),  # kept there
        (64, 32768, 4 * 32768, 4),  # but too few rows to fill a GPU
        (64, 16383, 4 * 16383, 1),
        (4096, 10**7, 0, 1),  # read once anyway
        (1, 10**7, 0, 1024),
        (0, 10**5, 4 * 10**5, 13),
    ],
)
def test_when_blocks_share_a_row(samples: int, length: int, room: int, segments: int) -> None:
    found, each = execution.segments_of(samples, length, room)
    assert found == segments
    assert (found - 1) * each < length <= found * each
    assert found == 1 or each % 8 == 0


@pytest.mark.usefixtures("short_segments")
def test_a_whole_call(fake_gpu: FakeDriver) -> None:
    """The plan of a call launches blocks side by side for rows, and one above the other for their segments."""
    loss = symloss.load(CATALOGUE["softmax_cross_entropy"])
    random = np.random.default_rng(3)
    z, y = random.normal(size=(5, 28)).astype(np.float32), random.integers(0, 28, 5)
    expected = loss.value_and_grad(z, y)
    for _ in range(2):
        fake_gpu.work.clear()
        value, gradient = loss.value_and_grad(Fake(z.copy()), Fake(y.copy()))
        kernels = {f"{one}_f32" for one in phased("softmax_cross_entropy", "value_and_grad")}
        assert kernels <= {name for name, _ in fake_gpu.work}
        np.testing.assert_allclose(value.array, expected[0], rtol=2e-7, atol=0)
        np.testing.assert_allclose(gradient.array, expected[1], rtol=1e-6, atol=0)
