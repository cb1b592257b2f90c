"""What a call launches is remembered: a plan serves later calls of its signature, and none that differ in anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symloss

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import planning, signatures
from tests.cuda.fakes import Fake, FakeDriver, FakeTensor, OtherFake
from tests.cuda.interpreted import as_bfloat16

RANDOM = np.random.default_rng(5)
PRED, TARGET, OTHER = RANDOM.normal(size=(3, 5, 6)).astype(np.float32)
LOGITS, LABELS = RANDOM.normal(size=(8, 5)).astype(np.float32), RANDOM.integers(0, 5, 8)
WEIGHT = RANDOM.random((5, 6)).astype(np.float32)
BINARY = (PRED > 0).astype(np.float32)
REAL, FAKE = PRED[:, 0].copy(), TARGET[:, 0].copy()
SHORT = PRED.astype(np.float16), TARGET.astype(np.float16)
PATTERNS = as_bfloat16(PRED), as_bfloat16(TARGET)


def shifted(array: np.ndarray, kind: type[Fake] = Fake) -> Fake:
    """The same numbers four bytes after a multiple of 16."""
    room = np.empty(array.nbytes + 32, np.uint8)
    begin = -room.ctypes.data % 16 + 4
    moved = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[:] = array
    return kind(moved)


def aligned(array: np.ndarray, kind: type[Fake] = Fake, device: int = 0) -> Fake:
    """The same numbers at a multiple of 16 bytes."""
    room = np.empty(array.nbytes + 16, np.uint8)
    begin = -room.ctypes.data % 16
    moved = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return kind(moved, device)


def called(name: str, entry: str, *inputs: Any, **options: Any) -> Callable[[], tuple[Any, ...]]:
    """A call whose arrays are made anew each time; arrays that are not device arrays become such."""

    def fresh(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return aligned(value)
        if isinstance(value, tuple | list):
            return tuple(map(fresh, value))
        if isinstance(value, dict):
            return {key: fresh(one) for key, one in value.items()}
        return value() if callable(value) else value

    return lambda: (
        symloss.load(name),
        entry,
        tuple(map(fresh, inputs)),
        {key: fresh(one) for key, one in options.items()},
    )


def tensors(*arrays: np.ndarray, device: int = 0) -> list[Callable[[], Fake]]:
    """Arrays as PyTorch's."""
    return [lambda array=array: aligned(array, FakeTensor, device) for array in arrays]


def on(device: int, *arrays: np.ndarray) -> list[Callable[[], Fake]]:
    """Arrays on a device."""
    return [lambda array=array: aligned(array, Fake, device) for array in arrays]


HUBER = "huber", "value_and_grad"
SOFTMAX = "softmax_cross_entropy", "value_and_grad"
GAN = "gan_discriminator", "value_and_grad"
FOCAL = "focal", "value_and_grad"
BCE = "bce_with_logits", "value_and_grad"

#: Pairs of calls that differ in one thing.
PAIRS = {
    "entry point": (called("huber", "value", PRED, TARGET), called(*HUBER, PRED, TARGET)),
    "shape": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED[:3], TARGET[:3])),
    "batch of the same size": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED.reshape(6, 5), TARGET.reshape(6, 5))),
    "shape of tensors": (
        called(*HUBER, *tensors(PRED, TARGET)),
        called(*HUBER, *tensors(PRED.reshape(6, 5), TARGET.reshape(6, 5))),
    ),
    "samples and classes": (
        called(*SOFTMAX, LOGITS.reshape(8, 5), LABELS),
        called(*SOFTMAX, LOGITS.reshape(4, 10), LABELS[:4]),
    ),
    "float64": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED.astype(float), TARGET.astype(float))),
    "float16": (called(*HUBER, PRED, TARGET), called(*HUBER, *SHORT)),
    "float16 of tensors": (called(*HUBER, *tensors(PRED, TARGET)), called(*HUBER, *tensors(*SHORT))),
    "bfloat16": (called(*HUBER, *tensors(*SHORT)), called(*HUBER, *tensors(*PATTERNS))),
    "device": (called(*HUBER, PRED, TARGET), called(*HUBER, *on(1, PRED, TARGET))),
    "device of tensors": (
        called(*HUBER, *tensors(PRED, TARGET)),
        called(*HUBER, *tensors(PRED, TARGET, device=1)),
    ),
    "library": (
        called(*HUBER, PRED, TARGET),
        called(*HUBER, lambda: aligned(PRED, OtherFake), lambda: aligned(TARGET, OtherFake)),
    ),
    "alignment": (called(*HUBER, PRED, TARGET), called(*HUBER, lambda: shifted(PRED), TARGET)),
    "alignment of the second": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, lambda: shifted(TARGET))),
    "alignment of tensors": (
        called(*HUBER, *tensors(PRED, TARGET)),
        called(*HUBER, lambda: shifted(PRED, FakeTensor), *tensors(TARGET)),
    ),
    "parameter given": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, TARGET, delta=0.25)),
    "value of a parameter": (
        called(*HUBER, PRED, TARGET, delta=0.5),
        called(*HUBER, PRED, TARGET, delta=0.25),
    ),
    "which parameter": (called(*FOCAL, PRED, BINARY, alpha=0.75), called(*FOCAL, PRED, BINARY, gamma=0.75)),
    "coefficient given": (called(*BCE, PRED, BINARY), called(*BCE, PRED, BINARY, pos_weight=2.5)),
    "value of a coefficient": (
        called(*BCE, PRED, BINARY, pos_weight=2.5),
        called(*BCE, PRED, BINARY, pos_weight=3.5),
    ),
    "coefficient an array": (
        called(*BCE, PRED, BINARY, pos_weight=2.5),
        called(*BCE, PRED, BINARY, pos_weight=1 + WEIGHT),
    ),
    "reduction": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, TARGET, reduction="sum")),
    "values per sample": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, TARGET, reduction="none")),
    "normalizer": (called(*HUBER, PRED, TARGET, normalizer=3.0), called(*HUBER, PRED, TARGET, normalizer=4.0)),
    "weight given": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, TARGET, weight=WEIGHT)),
    "alignment of a weight": (
        called(*HUBER, PRED, TARGET, weight=WEIGHT),
        called(*HUBER, PRED, TARGET, weight=lambda: shifted(WEIGHT)),
    ),
    "mask given": (called(*HUBER, PRED, TARGET), called(*HUBER, PRED, TARGET, mask=PRED > 0)),
    "weight or mask": (
        called(*HUBER, SHORT[0], SHORT[1], weight=SHORT[0] * SHORT[0]),
        called(*HUBER, SHORT[0], SHORT[1], mask=SHORT[0] > 0),
    ),
    "weight or result": (
        called(*HUBER, PRED, TARGET, weight=WEIGHT),
        called(*HUBER, PRED, TARGET, out=WEIGHT),
    ),
    "alignment of a result": (
        called(*HUBER, PRED, TARGET, out=WEIGHT),
        called(*HUBER, PRED, TARGET, out=lambda: shifted(WEIGHT)),
    ),
    "weight of which term": (
        called(*GAN, REAL, FAKE, weight=(WEIGHT[:, 0].copy(), None)),
        called(*GAN, REAL, FAKE, weight=(None, WEIGHT[:, 0].copy())),
    ),
    "weight of a named term": (
        called(*GAN, REAL, FAKE, weight={"real": WEIGHT[:, 0].copy()}),
        called(*GAN, REAL, FAKE, weight={"fake": WEIGHT[:, 0].copy()}),
    ),
    "ignored label": (
        called(*SOFTMAX, LOGITS, LABELS, ignore_index=int(LABELS[0])),
        called(*SOFTMAX, LOGITS, LABELS, ignore_index=int(np.setdiff1d(LABELS, LABELS[:1])[0])),
    ),
    "gradient": (called(*GAN, REAL, FAKE, wrt="d_real"), called(*GAN, REAL, FAKE, wrt="d_fake")),
    "gradient in a tuple": (called(*GAN, REAL, FAKE, wrt="d_real"), called(*GAN, REAL, FAKE, wrt=("d_real",))),
    "alignment of a direction": (
        called("huber", "hvp", PRED, TARGET, v=OTHER),
        called("huber", "hvp", PRED, TARGET, v=lambda: shifted(OTHER)),
    ),
}


def exact(value: Any) -> Any:
    """An argument as a call in host memory takes it, wide where it is a bit pattern."""
    if isinstance(value, tuple):
        return tuple(map(exact, value))
    if isinstance(value, dict):
        return {key: exact(one) for key, one in value.items()}
    if not isinstance(value, Fake):
        return value
    if value.array.dtype == np.uint16:
        return (value.array.astype(np.uint32) << 16).view(np.float32)
    return value.array.copy()


def check(call: Callable[[], tuple[Any, ...]]) -> None:
    """Call on the device and compare with a call in host memory: forms, shapes, dtypes, libraries, numbers."""
    loss, entry, inputs, options = call()
    expected_options = {key: exact(one) for key, one in options.items()}
    found = (loss if entry == "value" else getattr(loss, entry))(*inputs, **options)
    expected = (loss if entry == "value" else getattr(loss, entry))(*map(exact, inputs), **expected_options)
    held = inputs[0].array.dtype
    same(found, expected, inputs[0], 2 * float(np.finfo(np.float16).eps if held.itemsize == 2 else 2e-7))


def same(found: Any, expected: Any, like: Fake, tolerance: float) -> None:
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other, like, tolerance)
        return
    assert type(found) is type(like)
    assert found.device == like.device
    array = exact(found)
    assert array.shape == np.shape(expected)
    if array.shape:
        assert found.array.dtype == like.array.dtype
    if found.array.dtype == np.uint16:
        tolerance = 2.0**-8
    np.testing.assert_allclose(array, np.asarray(expected), rtol=tolerance, atol=0)


@pytest.mark.parametrize("difference", PAIRS)
def test_a_plan_serves_no_call_that_differs(fake_gpu: FakeDriver, difference: str) -> None:
    """Each call is right before and after the other, and the two have a plan each."""
    first, second = PAIRS[difference]
    plans = first()[0]._engine.plans
    for number, call in enumerate((first, second, first, second)):
        check(call)
        assert len(plans) == min(number + 1, 2)


@pytest.mark.parametrize("kind", [Fake, FakeTensor])
def test_a_plan_serves_calls_with_other_arrays(fake_gpu: FakeDriver, kind: type[Fake]) -> None:
    """Results are of the arrays of this call, and a result of the call before stays as it was."""
    huber = symloss.load("huber")
    first, kept = huber.value_and_grad(aligned(PRED, kind), aligned(TARGET, kind))
    before = kept.get(), first.get()
    check(called(*HUBER, lambda: aligned(OTHER, kind), lambda: aligned(TARGET, kind)))
    assert len(huber._engine.plans) == 1
    assert np.array_equal(kept.array, before[0])
    assert first.array == before[1]


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        (lambda: (aligned(PRED), aligned(TARGET, device=1)), {}, ValueError, "lie on devices 0 and 1"),
        (lambda: (aligned(PRED), TARGET), {}, TypeError, "lies in host memory"),
        (lambda: (Fake(PRED.T.copy().T), aligned(TARGET)), {}, ValueError, "not C-contiguous"),
        (lambda: (aligned(PRED), aligned(TARGET)), {"delta": True}, TypeError, "delta is bool"),
        (lambda: (aligned(PRED), aligned(TARGET)), {"weight": TARGET}, TypeError, "weight .* lies in host memory"),
        (lambda: (aligned(PRED), aligned(TARGET)), {"axis": 0}, ValueError, "axis is 0"),
        (lambda: (aligned(PRED), aligned(TARGET[:3])), {}, ValueError, "target has shape"),
        (lambda: (aligned(PRED), aligned(TARGET.astype(float))), {}, TypeError, "target has dtype float64"),
    ],
)
def test_after_a_plan_bad_arguments_are_still_errors(  # type: ignore[no-untyped-def]
    fake_gpu, given, options, error, message
) -> None:
    huber = symloss.load("huber")
    huber(aligned(PRED), aligned(TARGET))
    huber(aligned(PRED), aligned(TARGET), delta=1)
    huber(aligned(PRED), aligned(TARGET), weight=aligned(WEIGHT))
    with pytest.raises(error, match=message):
        huber(*given(), **options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda: (aligned(PRED, FakeTensor), FakeTensor(TARGET, -1)), "lies in host memory"),
        (lambda: (FakeTensor(PRED.T.copy().T), aligned(TARGET, FakeTensor)), "not C-contiguous"),
    ],
)
def test_after_a_plan_bad_tensors_are_still_errors(fake_gpu: FakeDriver, given: Any, message: str) -> None:
    huber = symloss.load("huber")
    huber(aligned(PRED, FakeTensor), aligned(TARGET, FakeTensor))
    with pytest.raises((TypeError, ValueError), match=message):
        huber(*given())


def test_after_a_plan_names_of_terms_are_still_looked_at(fake_gpu: FakeDriver) -> None:
    gan, weight = symloss.load("gan_discriminator"), aligned(WEIGHT[:, 0])
    gan(aligned(REAL), aligned(FAKE), weight={"real": weight})
    with pytest.raises((TypeError, ValueError), match="reel"):
        gan(aligned(REAL), aligned(FAKE), weight={"real": weight, "reel": weight})


def test_a_plan_does_not_stand_for_validation(fake_gpu: FakeDriver) -> None:
    entropy, labels = symloss.load("softmax_cross_entropy"), LABELS.copy()
    labels[3] = 5
    entropy(aligned(LOGITS), aligned(labels))
    with pytest.raises(ValueError, match=r"y\[3\] is 5"):
        entropy(aligned(LOGITS), aligned(labels), validate=True)


def test_no_plan_is_kept_where_arguments_are_read_in_two_ways(fake_gpu: FakeDriver) -> None:
    """A signature that tells another address than the array does serves no later call."""

    class Moved(FakeTensor):
        """A tensor that lies elsewhere than it says at first, as a lazy one may."""

        def detach(self) -> FakeTensor:
            return moved

    huber, stale, moved = symloss.load("huber"), aligned(OTHER, Moved), aligned(PRED, FakeTensor)
    for _ in range(2):
        found = huber.value_and_grad(stale, aligned(TARGET, FakeTensor))
        expected = huber.value_and_grad(PRED, TARGET)
        np.testing.assert_allclose(found[0].array, expected[0], rtol=2e-7, atol=0)
        np.testing.assert_allclose(found[1].array, expected[1], rtol=2e-7, atol=0)
    assert not huber._engine.plans


def test_the_oldest_plans_give_way(fake_gpu: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many signatures come, few plans are kept, and every call is right, those of lost plans too."""
    monkeypatch.setattr(planning, "_MOST_PLANS", 3)
    calls = [called(*HUBER, PRED, TARGET, delta=0.25 * number) for number in range(1, 6)]
    plans = symloss.load("huber")._engine.plans
    for call in [*calls, *calls[::-1]]:
        check(call)
        assert 1 <= len(plans) <= 3


def test_a_plan_runs_on_the_stream_of_each_call(fake_gpu: FakeDriver) -> None:
    """Everything of a call goes to the caller's stream of that moment, though both calls have one plan."""
    call = called(*BCE, PRED, BINARY, pos_weight=2.5)
    for stream in (7, 9, 7):
        fake_gpu.current_stream = lambda stream=stream: stream
        fake_gpu.work.clear()
        check(call)
        assert {name for name, _ in fake_gpu.work} >= {"set", "value_and_grad_f32", "finish_f32"}
        assert {found for _, found in fake_gpu.work} == {stream}
    assert len(symloss.load("bce_with_logits")._engine.plans) == 1


def test_two_streams_never_share_a_workspace(fake_gpu: FakeDriver) -> None:
    """Kernels of a first call may still run when a second one is launched on another stream."""
    used: list[set[int]] = []
    made = fake_gpu.known

    def known(fake: Fake) -> None:
        if fake.array.dtype == np.uint8 and fake.array.ndim == 1:
            used[-1].add(fake.array.ctypes.data)
        made(fake)

    fake_gpu.known = known  # type: ignore[method-assign]
    for _ in range(2):
        used.append(set())
        symloss.load("mse").value_and_grad(aligned(PRED), aligned(TARGET))
    assert used[0]
    assert not used[0] & used[1]


def test_two_threads_run_one_plan(fake_gpu: FakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread waits, its arguments filled in, until the other has filled in its own; both are right."""
    huber = symloss.load("huber")
    huber.value_and_grad(aligned(PRED), aligned(TARGET))
    both, launch, one = threading.Barrier(2, timeout=60), fake_gpu.cuLaunchKernel, threading.Lock()
    arrived = threading.local()

    def waiting(*arguments: Any) -> tuple:
        if not hasattr(arrived, "here"):
            arrived.here = True
            both.wait()
        with one:
            return launch(*arguments)

    (plan,) = huber._engine.plans.values()
    monkeypatch.setattr(plan, "_launch", waiting)
    failures: list[BaseException] = []

    def work(pred: np.ndarray, stream: int) -> None:
        try:
            streams[threading.get_ident()] = stream
            check(called(*HUBER, pred, TARGET))
        except BaseException as error:
            failures.append(error)

    streams: dict[int, int] = {}
    fake_gpu.current_stream = lambda: streams[threading.get_ident()]
    fake_gpu.work.clear()
    workers = [threading.Thread(target=work, args=(pred, 3 + n)) for n, pred in enumerate((OTHER, 2 * OTHER))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert len(huber._engine.plans) == 1
    names = {stream: sorted(name for name, found in fake_gpu.work if found == stream) for stream in (3, 4)}
    assert names[3] == names[4] == ["finish_f32", "value_and_grad_f32"]


def test_a_thread_may_lose_the_last_free_frame_to_another(fake_gpu: FakeDriver) -> None:
    """Between a look at the free frames and taking one, another thread may take it."""

    class Taken(list):  # type: ignore[type-arg]
        def __bool__(self) -> bool:
            return True

        def __len__(self) -> int:
            return 1

    check(called(*HUBER, PRED, TARGET))
    (plan,) = symloss.load("huber")._engine.plans.values()
    plan._frames = Taken()
    check(called(*HUBER, PRED, TARGET))


def test_numbers_that_are_equal_but_not_the_same() -> None:
    assert signatures.number(0.0) != signatures.number(-0.0)
    assert signatures.number(1) != signatures.number(1.0)
    for value in (True, np.float32(1), np.float64(1), np.array(1.0)):
        with pytest.raises(signatures.UnplannedError):
            signatures.number(value)
