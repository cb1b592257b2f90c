"""Every kind of array gives the same result as a plain contiguous one."""

import warnings

import numpy as np
import pytest

RNG = np.random.default_rng(11)
PRED, TARGET = RNG.normal(size=(6, 8)) * 3, RNG.normal(size=(6, 8))


def read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def strided(array):
    return np.repeat(array, 2, axis=-1)[..., ::2]


def unaligned(array):
    raw = np.empty(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


LAYOUTS = {
    "read-only": read_only,
    "fortran": np.asfortranarray,
    "strided": strided,
    "reversed": lambda array: array[..., ::-1].copy()[..., ::-1],
    "broadcast": lambda array: np.broadcast_to(array, array.shape),
    "unaligned": unaligned,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "list": lambda array: array.tolist(),
    "subclass": lambda array: array.view(type("Subclass", (np.ndarray,), {})),
    "__array__": lambda array: type("Foreign", (), {"__array__": lambda self, dtype=None, copy=None: array})(),
    "dlpack": lambda array: type(
        "Capsule",
        (),
        {"__dlpack__": lambda self, **options: array.__dlpack__(), "__dlpack_device__": lambda self: (1, 0)},
    )(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_an_input_does_not_matter(huber, layout):
    convert = LAYOUTS[layout]
    value, grad = huber.value_and_grad(PRED, TARGET)
    for pred, target in ((convert(PRED), TARGET), (PRED, convert(TARGET)), (convert(PRED), convert(TARGET))):
        got, gradient = huber.value_and_grad(pred, target)
        assert got == value
        assert type(gradient) is np.ndarray
        assert gradient.dtype == np.float64
        assert gradient.dtype.isnative
        np.testing.assert_array_equal(gradient, grad)
    weight = np.abs(PRED)
    assert huber(PRED, TARGET, weight=convert(weight)) == huber(PRED, TARGET, weight=weight)


def test_one_compiled_kernel_serves_every_layout(huber):
    import sys

    kernel = sys.modules[huber._engine.drivers["value"].__module__].kernel
    huber(PRED, TARGET)
    before = len(kernel.signatures)
    for convert in LAYOUTS.values():
        huber.grad_hess_diag(convert(PRED), convert(TARGET), weight=convert(PRED), mask=read_only(PRED > 0))
    assert len(kernel.signatures) == before


def test_memory_mapped_files(huber, tmp_path):
    path = tmp_path / "pred.npy"
    np.save(path, PRED)
    before = path.read_bytes()
    mapped = np.load(path, mmap_mode="r")
    value, grad = huber.value_and_grad(mapped, TARGET)
    assert type(grad) is np.ndarray
    assert value == huber(PRED, TARGET)
    assert path.read_bytes() == before


def test_half_precision_is_computed_in_single_and_returned_in_half(huber, cross_entropy):
    pred, target = PRED.astype(np.float16), TARGET.astype(np.float32)
    value, grad = huber.value_and_grad(pred, target)
    reference, gradient = huber.value_and_grad(pred.astype(np.float32), target)
    assert value == reference
    assert grad.dtype == np.float16
    np.testing.assert_array_equal(grad, gradient.astype(np.float16))
    assert huber(pred, target, reduction="none").dtype == np.float16
    assert huber.hessian(pred, target).dtype == np.float16
    buffer = np.empty_like(pred)
    huber.value_and_grad(pred, target, out=buffer)
    np.testing.assert_array_equal(buffer, grad)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        big, _ = huber.value_and_grad(np.array([60000.0], np.float16), np.array([0.0]), delta=10.0, reduction="sum")
        assert huber(np.array([60000.0], np.float16), [0.0], delta=10.0, reduction="none")[0] == np.inf
    assert big == pytest.approx(10 * (60000 - 5), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.bool_])
def test_integers_are_computed_in_double(huber, dtype):
    pred = np.array([0, 1, 1]).astype(dtype)
    grad = huber.value_and_grad(pred, np.zeros(3, np.float32))[1]
    assert grad.dtype == np.float64
    np.testing.assert_array_equal(grad, np.array([0, 1, 1]) / 3)


def test_the_first_prediction_decides_the_dtype(huber, gan):
    assert huber.value_and_grad(PRED.astype(np.float32), TARGET)[1].dtype == np.float32
    assert huber.value_and_grad(PRED, TARGET.astype(np.float32))[1].dtype == np.float64
    real, fake = gan.value_and_grad(np.ones(2, np.float32), np.ones(3))[1]
    assert (real.dtype, fake.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64, np.bool_])
def test_labels_of_any_integer_dtype(cross_entropy, dtype):
    z, y = RNG.normal(size=(4, 3)), np.array([0, 1, 1, 0])
    assert cross_entropy(z, y.astype(dtype)) == cross_entropy(z, y)


def test_scalars(huber):
    assert huber(3, 1) == 1.5
    assert huber(np.float32(0.5), 0.0) == 0.125
    value, grad = huber.value_and_grad(3.0, 1.0)
    assert value == 1.5
    assert grad.shape == ()
    assert float(grad) == 1.0


def test_torch_tensors(huber):
    torch = pytest.importorskip("torch")
    pred, target = torch.from_numpy(PRED), torch.from_numpy(TARGET)
    assert huber(pred, target) == huber(PRED, TARGET)
    assert huber(pred.T, target.T) == pytest.approx(huber(PRED, TARGET), rel=1e-14)
    assert huber.value_and_grad(pred.half(), target)[1].dtype == np.float16
    with pytest.raises(
        TypeError, match=r"pred \(Tensor of torch.float64\) cannot be read as a NumPy array: Can't call"
    ):
        huber(pred.clone().requires_grad_(), target)
    with pytest.raises(TypeError, match=r"pred .*cannot be read as a NumPy array"):
        huber(pred.bfloat16(), target)


class DeviceArray:
    __cuda_array_interface__ = {"shape": (3,), "typestr": "<f4", "data": (0, False), "version": 3}  # noqa: RUF012


class DeviceCapsule:
    def __dlpack__(self, **options):
        raise AssertionError("a device array is not to be exported")

    def __dlpack_device__(self):
        return (2, 0)


@pytest.mark.parametrize("kind", [DeviceArray, DeviceCapsule])
def test_device_arrays_go_to_the_cuda_back_end(huber, kind, monkeypatch):
    monkeypatch.setattr(type(huber), "_on_device", lambda self, entry, *arguments, **options: entry)
    assert huber(kind(), np.ones(3)) == "value"
    assert huber(np.ones(3), np.ones(3), weight=kind()) == "value"
    assert huber.value_and_grad(kind(), kind()) == "value_and_grad"
    assert huber.grad_hess_diag(kind(), kind()) == "grad_hess_diag"
    assert huber.hvp(kind(), kind(), v=kind()) == "hvp"
    assert huber.hessian(kind(), kind()) == "hessian"
    with pytest.raises(TypeError, match="v is a device array"):
        huber.hvp(np.ones(3), np.ones(3), v=kind())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones(3, complex), "pred has dtype complex128, expected float16, float32, float64 or integers"),
        (np.ones(3, np.longdouble), "pred has dtype .*, expected float16"),
        (np.array(["a"] * 3), "pred has dtype <U1, expected"),
        (np.array([None] * 3), "pred has dtype object, expected"),
        (np.array(["2020"] * 3, "M8[Y]"), "pred has dtype datetime64"),
        ([[1, 2], [3]], None),
        ("abc", "pred is a str, expected an array of numbers"),
        ({"a": 1}, "pred is a dict, expected an array"),
        (None, "pred is None, expected an array of numbers"),
        (object(), "pred has dtype object"),
        (np.ma.masked_array(np.ones(3)), "pred is a masked array; pass its data"),
    ],
)
def test_what_is_no_array_of_numbers(huber, value, message):
    with pytest.raises((TypeError, ValueError), match=message or "unequal lengths") as caught:
        huber(value, np.ones(3))
    assert "\n" not in str(caught.value)


def test_floats_are_no_labels(cross_entropy):
    with pytest.raises(TypeError, match=r"^y has dtype float64, expected integers$"):
        cross_entropy(np.ones((2, 3)), np.array([0.0, 1.0]))


def test_numbers_that_the_computing_dtype_cannot_hold(huber, cross_entropy):
    with pytest.raises(ValueError, match=r"target holds a number beyond the range of float32"):
        huber(np.ones(2, np.float32), np.array([1e39, 0]))
    assert huber(np.ones(2, np.float32), np.array([np.nan, 0])) != 0
    with pytest.raises(ValueError, match=r"y\[1\] is -1, expected"):
        cross_entropy(np.ones((2, 3)), np.array([0, -1]))
    with pytest.raises(ValueError, match="y holds 18446744073709551615, which no index reaches"):
        cross_entropy(np.ones((2, 3)), np.array([0, 2**64 - 1], np.uint64))


def test_inputs_are_not_written_to(huber):
    pred, target, weight, mask = PRED.copy(), TARGET.copy(), np.abs(PRED), PRED > 0
    copies = [array.copy() for array in (pred, target, weight, mask)]
    huber.value_and_grad(pred, target, weight=weight, mask=mask)
    huber.hessian(pred, target, weight=weight, mask=mask)
    for array, copy in zip((pred, target, weight, mask), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
