"""Calls with arrays in device memory, on a machine that interprets the kernels: shapes, errors, results."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import symloss
from symloss.errors import SymlossError

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import execution, gpu
from tests.cuda.fakes import Fake, FakeDriver, Promise

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


@pytest.mark.parametrize("at_once", [0, pytest.param(1024, marks=pytest.mark.slow)])
def test_samples_that_interact(fake_gpu: FakeDriver, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """All at once, and by parts of 16 and 4."""
    monkeypatch.setattr(execution, "FEW_PAIRED", at_once)
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


def test_results_that_never_change_are_refused(fake_gpu: FakeDriver) -> None:
    """JAX's arrays, and those that say so; in the first call and in those that a plan would serve."""
    huber = symloss.load("huber")
    constant = np.empty_like(PRED)
    constant.flags.writeable = False
    for _ in range(2):
        huber.value_and_grad(Fake(PRED), Fake(TARGET), out=Fake(np.empty_like(PRED)))
        for out in (Promise(np.empty_like(PRED)), Fake(constant)):
            with pytest.raises(ValueError, match=r"out \(.*\) is an array that never changes"):
                huber.value_and_grad(Fake(PRED), Fake(TARGET), out=out)


def test_arrays_that_are_promised(fake_gpu: FakeDriver) -> None:
    """Each is waited for, in the first call and in those that a plan serves; and so are results, at the very end."""
    huber = symloss.load("huber")
    for _ in range(3):
        given = Promise(PRED), Promise(TARGET)
        fake_gpu.work.clear()
        _, grad = huber.value_and_grad(*given)
        assert all(one.waited for one in given)
        assert [name for name, _ in fake_gpu.work].index("wait") == len(fake_gpu.work) - 1
        assert isinstance(grad, Promise)
        np.testing.assert_allclose(grad.array, huber.value_and_grad(PRED, TARGET)[1], rtol=3e-7)
    huber.hessian(Promise(PRED), Promise(TARGET))
    symloss.load("softmax_cross_entropy").hessian(Promise(LOGITS), Promise(LABELS))
    assert fake_gpu.work[-1][0] == "wait"


def test_nobody_waits_where_nobody_must(fake_gpu: FakeDriver) -> None:
    symloss.load("huber").value_and_grad(Fake(PRED), Fake(TARGET))
    assert fake_gpu.work
    assert "wait" not in {name for name, _ in fake_gpu.work}


def test_a_loss_without_kernels_says_why(fake_gpu: FakeDriver) -> None:
    from tests.kernels.harness import USER_SPECS

    loss = symloss.load(USER_SPECS["listmle"])
    with pytest.raises(SymlossError, match="listmle has no cuda kernels: value keeps a vector per sample"):
        loss(*[Fake(np.ones((2, 3), np.float32)) for _ in loss.meta["inputs"]])


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


def test_shared_memory_is_looked_at_in_every_call(fake_gpu: FakeDriver) -> None:
    huber = symloss.load("huber")
    both = np.zeros((11, 6), np.float32)
    apart = Fake(np.empty((5, 6), np.float32))
    huber.value_and_grad(Fake(both[:5]), Fake(TARGET), out=apart)
    with pytest.raises(ValueError, match="out shares memory with pred"):
        huber.value_and_grad(Fake(both[:5]), Fake(TARGET), out=Fake(both[2:7]))
