"""Calls with arrays in device memory, on a machine that interprets the kernels: shapes, errors, results."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

import symloss
from symloss.errors import SymlossError

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import calling, gpu, signatures
from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from tests.cuda import ptx


class Fake:
    """An array that says it lies on a device; its memory is a NumPy array's."""

    def __init__(self, array: np.ndarray, device: int = 0) -> None:
        self.array, self.device = array, device

    driver: FakeDriver | None = None

    @property
    def __cuda_array_interface__(self) -> dict:
        if self.driver is not None:
            self.driver.known(self)
        found = dict(self.array.__array_interface__)
        return {key: found[key] for key in ("shape", "typestr", "data", "strides", "version")}

    def reshape(self, shape: tuple) -> Fake:
        return Fake(self.array.reshape(shape), self.device)

    def get(self) -> np.ndarray:
        return self.array.copy()


class FakeLibrary:
    """Allocates what lies in host memory, poisoned, and remembers nothing."""

    def __init__(self, driver: FakeDriver) -> None:
        self.driver = driver

    def stream(self) -> int:
        return 7

    def empty(self, shape: tuple, dtype: str) -> Fake:
        one = np.full((int(np.prod(shape)) * np.dtype(dtype).itemsize + 16,), 0xFF, np.uint8)
        one = one[-one.ctypes.data % 16 :][: one.size - 16]
        return self.driver.known(Fake(one.view(dtype).reshape(shape)))

    def number(self, dtype: str) -> Fake:
        return self.empty((), dtype)

    def pointer(self, array: Fake) -> int:
        return array.array.ctypes.data


class FakeDriver:
    """A driver that reads the arguments of a launch from memory, as a real one does, and interprets the kernel."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=0)

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self.launches: list[str] = []

    def known(self, fake: Fake) -> Fake:
        """Remember where an array lies."""
        self.arrays.append(fake.array)
        return fake

    def at(self, pointer: int) -> np.ndarray | np.uint64:
        """The memory from an address to the end of its array; the latest array counts."""
        for array in reversed(self.arrays):
            begin = array.ctypes.data
            if array.nbytes and begin <= pointer < begin + array.nbytes:
                return array.reshape(-1).view(np.uint8)[pointer - begin :]
        assert not pointer or not all(array.size for array in self.arrays), f"{pointer:#x} is no array's"
        return np.uint64(0)

    def cuCtxGetCurrent(self):  # type: ignore[no-untyped-def]  # noqa: N802
        return 0, 1

    def cuMemsetD32Async(self, pointer: int, value: int, count: int, stream: int):  # type: ignore[no-untyped-def]  # noqa: N802
        assert (count, stream) == (1, 7)
        self.at(pointer)[:4] = np.frombuffer(value.to_bytes(4, "little"), np.uint8)
        return (0,)

    def cuMemsetD16Async(self, pointer: int, value: int, count: int, stream: int):  # type: ignore[no-untyped-def]  # noqa: N802
        assert (count, stream) == (1, 7)
        self.at(pointer)[:2] = np.frombuffer(value.to_bytes(2, "little"), np.uint8)
        return (0,)

    def cuLaunchKernel(self, function, *rest):  # type: ignore[no-untyped-def]  # noqa: N802
        module, name, storage = function
        grid, _, _, x, y, _, shared, stream, table, _ = rest
        assert stream == 7
        record = module.KERNELS[name[:-4]]
        types = arguments_of(record)
        addresses = (ctypes.c_uint64 * len(types)).from_address(table)
        given = []
        real = f"float{name[-2:]}"
        for address, kind in zip(addresses, types.values(), strict=True):
            if kind.endswith("*"):
                given.append(self.at(ctypes.c_uint64.from_address(address).value))
            else:
                kind = np.dtype(real if kind in ("real", "data") else kind)
                given.append(np.frombuffer(ctypes.string_at(address, kind.itemsize), kind)[0])
        text = compile_kernel(
            module, name, types, THREADS[record["shape"]], storage=storage if name.endswith("f32") else ""
        )
        ptx.run(text, name, grid, (x, y), given, shared_bytes=shared)
        self.launches.append(name)
        return (0,)


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    driver = FakeDriver()
    monkeypatch.setattr(gpu, "driver", lambda: driver)
    monkeypatch.setattr(gpu, "current", lambda device: nullcontext())
    monkeypatch.setattr(gpu, "context", lambda device: 1)
    monkeypatch.setattr(gpu, "shared_limit", lambda device: 96 * 1024)
    monkeypatch.setattr(gpu, "function_of", lambda module, name, storage, device, shared: (module, name, storage))
    monkeypatch.setattr(gpu, "device_of", lambda array: array.owner.device if array.size else None)
    monkeypatch.setattr(calling, "framework_of", lambda value: FakeLibrary(driver))
    monkeypatch.setattr(Fake, "driver", driver)
    monkeypatch.setattr(signatures, "_readers", {Fake: read_fake})
    for name in ("huber", "softmax_cross_entropy", "bce_with_logits", "info_nce", "nt_xent"):
        # Plans of another test hold its driver.
        monkeypatch.setattr(symloss.load(name)._engine, "plans", {})
        monkeypatch.setattr(symloss.load(name)._engine, "device_types", set())
    return driver


def read_fake(fake: Fake, key: list) -> int:
    """As `signatures` reads an array of such an interface, the device from the array instead of the driver."""
    pointer = fake.__cuda_array_interface__["data"][0]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpu, "device_at", lambda address: fake.device)
        signatures._interface(fake, found)
    key += found
    return pointer


RANDOM = np.random.default_rng(5)
PRED, TARGET = RANDOM.normal(size=(2, 30)).astype(np.float32).reshape(2, 5, 6)
LOGITS, LABELS = RANDOM.normal(size=(7, 10)).astype(np.float32), RANDOM.integers(0, 10, 7)


def test_results_are_those_of_the_cpu(fake_gpu: FakeDriver) -> None:
    huber = symloss.load("huber")
    weight, mask = RANDOM.random((5, 6)).astype(np.float32), RANDOM.random((5, 6)) < 0.7
    for options in ({}, {"weight": weight, "mask": mask}, {"reduction": "sum", "delta": 0.5}, {"normalizer": 7.0}):
        given = {name: Fake(one) if isinstance(one, np.ndarray) else one for name, one in options.items()}
        value, grad = huber.value_and_grad(Fake(PRED), Fake(TARGET), **given)
        expected, gradient = huber.value_and_grad(PRED, TARGET, **options)
        assert isinstance(grad, Fake)
        assert value.array.shape == ()
        assert grad.array.shape == PRED.shape
        assert value.array == pytest.approx(expected, rel=3e-7)
        np.testing.assert_allclose(grad.array, gradient, rtol=3e-7)
        assert huber(Fake(PRED), Fake(TARGET), **given).array == pytest.approx(expected, rel=3e-7)
    each = huber(Fake(PRED), Fake(TARGET), reduction="none").array
    np.testing.assert_allclose(each, huber(PRED, TARGET, reduction="none"), rtol=3e-7)
    grad, diagonal = huber.grad_hess_diag(Fake(PRED), Fake(TARGET))
    np.testing.assert_allclose(diagonal.array, huber.grad_hess_diag(PRED, TARGET)[1], rtol=3e-7)
    product = huber.hvp(Fake(PRED), Fake(TARGET), v=Fake(TARGET)).array
    np.testing.assert_allclose(product, huber.hvp(PRED, TARGET, v=TARGET), rtol=3e-7)
    np.testing.assert_allclose(huber.hessian(Fake(PRED), Fake(TARGET)).array, huber.hessian(PRED, TARGET), rtol=3e-7)


def test_rows_labels_and_coefficients(fake_gpu: FakeDriver) -> None:
    entropy = symloss.load("softmax_cross_entropy")
    weights = RANDOM.random(10).astype(np.float32)
    for named in ({}, {"class_weight": weights}, {"ignore_index": int(LABELS[2])}):
        given = {name: Fake(one) if isinstance(one, np.ndarray) else one for name, one in named.items()}
        value, grad = entropy.value_and_grad(Fake(LOGITS), Fake(LABELS), **given)
        expected, gradient = entropy.value_and_grad(LOGITS, LABELS, **named)
        assert value.array == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(grad.array, gradient, rtol=2e-6, atol=1e-9)
    bce = symloss.load("bce_with_logits")
    y = (PRED > 0).astype(np.float32)
    assert bce(Fake(PRED), Fake(y), pos_weight=2.5).array == pytest.approx(bce(PRED, y, pos_weight=2.5), rel=1e-6)


def test_results_go_where_the_caller_says(fake_gpu: FakeDriver) -> None:
    huber = symloss.load("huber")
    out = Fake(np.empty_like(PRED))
    _, grad = huber.value_and_grad(Fake(PRED), Fake(TARGET), out=out)
    assert grad is out
    np.testing.assert_allclose(out.array, huber.value_and_grad(PRED, TARGET)[1], rtol=3e-7)
    both = np.zeros((11, 6), np.float32)
    with pytest.raises(ValueError, match="out shares memory with pred"):
        huber.value_and_grad(Fake(both[:5]), Fake(TARGET), out=Fake(both[1:6]))
    with pytest.raises(ValueError, match=r"out has shape \(3,\), expected \(5, 6\)"):
        huber.value_and_grad(Fake(PRED), Fake(TARGET), out=Fake(np.empty(3, np.float32)))


@pytest.mark.parametrize("classes", [10, 516])
def test_gradients_in_place(fake_gpu: FakeDriver, classes: int) -> None:
    """The interpreter would report a thread that reads what another has overwritten."""
    entropy = symloss.load("softmax_cross_entropy")
    logits = RANDOM.normal(size=(3, classes)).astype(np.float32)
    labels = np.array([0, classes - 1, 5])
    expected, gradient = entropy.value_and_grad(logits, labels)
    z = Fake(logits.copy())
    value, grad = entropy.value_and_grad(z, Fake(labels), out=z)
    assert grad is z
    assert value.array == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(z.array, gradient, rtol=3e-6, atol=1e-9)


def test_labels_on_a_device(fake_gpu: FakeDriver) -> None:
    """A label that names nothing poisons its row; asked to validate, the call raises as on the host."""
    entropy = symloss.load("softmax_cross_entropy")
    labels = LABELS.copy()
    labels[3] = 10
    value, grad = entropy.value_and_grad(Fake(LOGITS), Fake(labels))
    assert np.isnan(value.array)
    assert np.isnan(grad.array[3]).all()
    assert np.isfinite(np.delete(grad.array, 3, 0)).all()
    with pytest.raises(ValueError, match=r"y\[3\] is 10, expected an index of axis k \(0 to 9\)"):
        entropy.value_and_grad(Fake(LOGITS), Fake(labels), validate=True)
    with pytest.raises(ValueError, match="axis k is empty"):
        entropy(Fake(np.empty((7, 0), np.float32)), Fake(labels))


@pytest.mark.parametrize(
    ("pred", "target", "options", "error", "message"),
    [
        (Fake(PRED), TARGET, {}, TypeError, r"target \(ndarray of float32\) lies in host memory"),
        (PRED, Fake(TARGET), {}, TypeError, r"pred \(ndarray of float32\) lies in host memory"),
        (Fake(PRED), Fake(TARGET), {"weight": np.ones((5, 6))}, TypeError, "weight .* lies in host memory"),
        (Fake(PRED), Fake(TARGET, 1), {}, ValueError, "arguments lie on devices 0 and 1, expected one device"),
        (Fake(PRED), Fake(TARGET[:3]), {}, ValueError, r"target has shape \(3, 6\)"),
        (Fake(PRED), Fake(TARGET.astype(float)), {}, TypeError, "target has dtype float64, expected float32"),
        (Fake(PRED.astype(np.int64)), Fake(TARGET), {}, TypeError, "pred has dtype int64, expected a float"),
        (Fake(PRED.astype(np.float16)), Fake(TARGET), {}, TypeError, "target has dtype float32, expected float16"),
        (Fake(PRED.astype(np.longdouble)), Fake(TARGET), {}, TypeError, "pred has dtype <f16 on the device"),
        (Fake(PRED.T), Fake(TARGET.T), {}, ValueError, "pred is not C-contiguous"),
        (Fake(PRED), Fake(TARGET), {"delta": -1.0}, ValueError, "delta is -1"),
        (Fake(PRED), Fake(TARGET), {"reduction": "all"}, ValueError, "reduction is 'all'"),
        (Fake(PRED), Fake(TARGET), {"gamma": 1}, TypeError, "gamma"),
        (Fake(PRED), Fake(TARGET), {"weight": Fake(PRED[0])}, ValueError, r"weight has shape \(6,\)"),
        (Fake(PRED), Fake(TARGET), {"mask": Fake(PRED)}, TypeError, "mask has dtype float32, expected bool"),
        (Fake(PRED), Fake(TARGET), {"validate": "yes"}, TypeError, "validate is str"),
    ],
)
def test_bad_arguments(fake_gpu, pred, target, options, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        symloss.load("huber")(pred, target, **options)


def test_samples_that_interact(fake_gpu: FakeDriver) -> None:
    info_nce = symloss.load("info_nce")
    u, v = RANDOM.normal(size=(2, 20, 8)).astype(np.float32)
    value, (first, second) = info_nce.value_and_grad(Fake(u), Fake(v))
    expected, (left, right) = info_nce.value_and_grad(u, v)
    assert value.array == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(first.array, left, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(second.array, right, rtol=1e-3, atol=1e-6)
    directions = tuple(RANDOM.normal(size=(2, 20, 8)).astype(np.float32))
    products = info_nce.hvp(Fake(u), Fake(v), v=tuple(map(Fake, directions)))
    for found, right in zip(products, info_nce.hvp(u, v, v=directions), strict=True):
        np.testing.assert_allclose(found.array, right, rtol=1e-3, atol=1e-4 * np.abs(right).max())
    with pytest.raises(SymlossError, match="takes no mask on a device"):
        info_nce(Fake(u), Fake(v), mask=Fake(np.ones(20, bool)))
    entropy = symloss.load("nt_xent")
    with pytest.raises(ValueError, match=r"nt_xent needs size\[i\] % 2 == 0, which does not hold"):
        entropy(Fake(u[:19]))


def test_a_loss_without_kernels_says_why(fake_gpu: FakeDriver) -> None:
    from tests.kernels.harness import USER_SPECS

    loss = symloss.load(USER_SPECS["listmle"])
    with pytest.raises(SymlossError, match="listmle has no cuda kernels: value keeps a vector per sample"):
        loss(*[Fake(np.ones((2, 3), np.float32)) for _ in loss.meta["inputs"]])


def test_the_hessian_of_rows_is_refused(fake_gpu: FakeDriver) -> None:
    with pytest.raises(SymlossError, match="has no CUDA kernel; use hvp"):
        symloss.load("softmax_cross_entropy").hessian(Fake(LOGITS), Fake(LABELS))


def test_a_specification_of_the_users_own(fake_gpu: FakeDriver, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.kernels.harness import USER_SPECS

    loss = symloss.load(USER_SPECS["cauchy"])
    names = [item["name"] for item in loss.meta["inputs"]]
    assert len(names) == 2
    assert loss(Fake(PRED), Fake(TARGET)).array == pytest.approx(loss(PRED, TARGET), rel=1e-6)


def test_without_a_driver_the_error_says_so() -> None:
    try:
        gpu.driver()
    except SymlossError as error:
        message = str(error)
    else:
        pytest.skip("this machine has a GPU")
    assert "driver" in message
    with pytest.raises(SymlossError, match="driver"):
        symloss.load("huber")(Fake(PRED), Fake(TARGET))


def test_without_the_toolkit_the_error_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['cuda'] = None; sys.modules['cuda.bindings'] = None\n"
        "import numpy as np, symloss\n"
        "class Fake:\n"
        "    __cuda_array_interface__ = {'shape': (3,), 'typestr': '<f4', 'data': (16, False), 'version': 3}\n"
        "try:\n"
        "    symloss.load('huber')(Fake(), Fake())\n"
        "except symloss.SymlossError as error:\n"
        "    print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "symloss[cuda12] or symloss[cuda13]" in found.stdout


def test_the_cpu_never_touches_cuda() -> None:
    script = (
        "import sys, numpy as np, symloss\n"
        "symloss.load('huber').value_and_grad(np.ones(3), np.zeros(3))\n"
        "found = [m for m in sys.modules if m.startswith(('symloss.runtime.cuda', 'numba.cuda', 'cuda.'))]\n"
        "assert not found, found\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


DIFFERENT = {
    "shape": lambda: ((Fake(PRED[:3].copy()), Fake(TARGET[:3].copy())), {}),
    "batch of the same size": lambda: ((Fake(PRED.reshape(6, 5)), Fake(TARGET.reshape(6, 5))), {}),
    "dtype": lambda: ((Fake(PRED.astype(float)), Fake(TARGET.astype(float))), {}),
    "alignment": lambda: ((shifted(PRED), Fake(TARGET)), {}),
    "parameter": lambda: ((Fake(PRED), Fake(TARGET)), {"delta": 0.25}),
    "reduction": lambda: ((Fake(PRED), Fake(TARGET)), {"reduction": "sum"}),
    "normalizer": lambda: ((Fake(PRED), Fake(TARGET)), {"normalizer": 3.0}),
    "weight": lambda: ((Fake(PRED), Fake(TARGET)), {"weight": Fake(TARGET * TARGET)}),
    "mask": lambda: ((Fake(PRED), Fake(TARGET)), {"mask": Fake(PRED > 0)}),
}


def shifted(array: np.ndarray) -> Fake:
    """The same numbers four bytes after a multiple of 16."""
    room = np.empty(array.nbytes + 32, np.uint8)
    begin = -room.ctypes.data % 16 + 4
    moved = room[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[:] = array
    return Fake(moved)


@pytest.mark.parametrize("difference", DIFFERENT)
def test_a_plan_serves_no_call_that_differs(fake_gpu: FakeDriver, difference: str) -> None:
    huber = symloss.load("huber")
    plans = huber._engine.plans
    huber.value_and_grad(Fake(PRED), Fake(TARGET))
    assert len(plans) == 1
    for _ in range(2):
        inputs, options = DIFFERENT[difference]()
        value, grad = huber.value_and_grad(*inputs, **options)
        plain = {name: one.array if isinstance(one, Fake) else one for name, one in options.items()}
        expected, gradient = huber.value_and_grad(*(one.array for one in inputs), **plain)
        assert value.array == pytest.approx(expected, rel=3e-7)
        assert grad.array.dtype == gradient.dtype
        np.testing.assert_allclose(grad.array, gradient, rtol=3e-7, strict=True)
        assert len(plans) == 2


def test_a_plan_serves_calls_with_other_arrays(fake_gpu: FakeDriver) -> None:
    """Results are of the arrays of this call, and a result of the call before stays as it was."""
    huber = symloss.load("huber")
    first, kept = huber.value_and_grad(Fake(PRED), Fake(TARGET))
    before = kept.get(), first.get()
    other = (3 * PRED).astype(np.float32)
    value, grad = huber.value_and_grad(Fake(other), Fake(TARGET))
    assert len(huber._engine.plans) == 1
    expected, gradient = huber.value_and_grad(other, TARGET)
    assert value.array == pytest.approx(expected, rel=3e-7)
    np.testing.assert_allclose(grad.array, gradient, rtol=3e-7)
    assert np.array_equal(kept.array, before[0])
    assert first.array == before[1]


@pytest.mark.parametrize(
    ("pred", "target", "options", "error", "message"),
    [
        (Fake(PRED), Fake(TARGET, 1), {}, ValueError, "lie on devices 0 and 1"),
        (Fake(PRED), TARGET, {}, TypeError, "lies in host memory"),
        (Fake(PRED.T.copy().T), Fake(TARGET), {}, ValueError, "not C-contiguous"),
        (Fake(PRED), Fake(TARGET), {"delta": True}, TypeError, "delta is bool"),
        (Fake(PRED), Fake(TARGET), {"weight": TARGET}, TypeError, "weight .* lies in host memory"),
    ],
)
def test_after_a_plan_bad_arguments_are_still_errors(fake_gpu, pred, target, options, error, message) -> None:  # type: ignore[no-untyped-def]
    huber = symloss.load("huber")
    huber(Fake(PRED), Fake(TARGET))
    huber(Fake(PRED), Fake(TARGET), delta=1.0)
    with pytest.raises(error, match=message):
        huber(pred, target, **options)


def test_shared_memory_is_looked_at_in_every_call(fake_gpu: FakeDriver) -> None:
    huber = symloss.load("huber")
    both = np.zeros((11, 6), np.float32)
    apart = Fake(np.empty((5, 6), np.float32))
    huber.value_and_grad(Fake(both[:5]), Fake(TARGET), out=apart)
    with pytest.raises(ValueError, match="out shares memory with pred"):
        huber.value_and_grad(Fake(both[:5]), Fake(TARGET), out=Fake(both[2:7]))


def test_zeros_of_both_signs_are_two_numbers() -> None:
    assert signatures.number(0.0) != signatures.number(-0.0)
    assert signatures.number(1) != signatures.number(1.0)
