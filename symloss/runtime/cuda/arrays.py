"""Arrays of other libraries in device memory, read in place through the interfaces that they all speak."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from symloss.runtime.cuda.toolkit import require
from symloss.runtime.words import kind_of

_KINDS = {"<f2": "float16", "<f4": "float32", "<f8": "float64", "<i8": "int64", "|b1": "bool", "|u1": "uint8"}

#: What an input may hold on a device; nothing is converted there.
_ALLOWED = {"index": ("int64",), "boolean": ("bool", "uint8")}


@dataclass(frozen=True)
class DeviceArray:
    """An array in device memory: where it lies, what it holds, and whose it is (which keeps it alive)."""

    pointer: int
    shape: tuple[int, ...]
    dtype: str
    owner: Any

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8}.get(self.dtype, 1)


def on_device(value: Any) -> bool:
    """Whether an argument lies in device memory."""
    from symloss.runtime.arrays import lies_on_device

    return lies_on_device(value)


def device_array(value: Any, name: str) -> DeviceArray:
    """An argument in device memory.

    Raises:
        TypeError: its dtype is none that kernels read.
        ValueError: it is not contiguous.
    """
    ready(value)
    detached = value.detach() if hasattr(value, "detach") else value
    if hasattr(detached, "data_ptr"):
        return _tensor(detached, name)
    interface = getattr(detached, "__cuda_array_interface__", None)
    if interface is None:
        return _by_dlpack(detached, name)
    shape, kind = tuple(map(int, interface["shape"])), interface["typestr"]
    strides = interface.get("strides")
    item = int(kind[2:])
    if strides is not None and not _contiguous(shape, [int(stride) // item for stride in strides]):
        raise _not_contiguous(name)
    return DeviceArray(int(interface["data"][0] or 0), shape, _dtype(kind, name), detached)


def promised(value: Any) -> bool:
    """Whether an array is a promise of numbers, as JAX's are, which never change."""
    return hasattr(value, "block_until_ready")


def ready(value: Any) -> None:
    """Wait for an array that is only promised: JAX has no stream of the caller's on which work could follow."""
    if promised(value):
        value.block_until_ready()


def flat(out: Any) -> list[Any]:
    """The arrays of a nest of lists and tuples, or of one array."""
    return [one for part in out for one in flat(part)] if isinstance(out, list | tuple) else [out]


def check_writable(out: Any) -> None:
    """Refuse results, or a nest of them, that their library says never change.

    Raises:
        ValueError: one of them is such an array.
    """
    for value in flat(out):
        if hasattr(value, "data_ptr"):
            continue
        constant = promised(value)
        if not constant and hasattr(value, "__cuda_array_interface__"):
            constant = value.__cuda_array_interface__["data"][1]
        if constant:
            raise ValueError(
                f"out ({kind_of(value)}) is an array that never changes; without out= a call makes its own"
            )


def _tensor(value: Any, name: str) -> DeviceArray:
    """A tensor of PyTorch, whose bfloat16 no interface of arrays knows."""
    if not value.is_contiguous():
        raise _not_contiguous(name)
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in {*_KINDS.values(), "bfloat16"}:
        raise _unread(name, dtype)
    return DeviceArray(int(value.data_ptr()), tuple(value.shape), dtype, value)


def _by_dlpack(value: Any, name: str) -> DeviceArray:
    views = require("cuda.core.utils")
    try:
        # -1: the array is used on the producer's own current stream, so nothing has to be awaited.
        view = views.StridedMemoryView.from_any_interface(value, stream_ptr=-1)
    except Exception as error:
        raise TypeError(f"{name} ({kind_of(value)}) cannot be read on the device: {error}") from None
    shape = tuple(map(int, view.shape))
    if view.strides is not None and not _contiguous(shape, [int(stride) for stride in view.strides]):
        raise _not_contiguous(name)
    return DeviceArray(int(view.ptr), shape, _dtype(view.dtype.str, name), value)


def _dtype(kind: str, name: str) -> str:
    if kind not in _KINDS:
        raise _unread(name, kind)
    return _KINDS[kind]


def _unread(name: str, dtype: str) -> TypeError:
    return TypeError(
        f"{name} has dtype {dtype} on the device, expected a float of 16, 32 or 64 bits, int64 or booleans"
    )


def check_dtype(array: DeviceArray, kind: str, real: str, name: str) -> None:
    """Refuse an array that a kernel would have to convert.

    Raises:
        TypeError: it does not hold labels, truth values or real numbers of the dtype ``real``, whichever are expected.
    """
    allowed = _ALLOWED.get(kind, (real,))
    if array.dtype not in allowed:
        raise TypeError(f"{name} has dtype {array.dtype}, expected {allowed[0]}: on a device nothing is converted")


def _contiguous(shape: tuple[int, ...], strides: list[int]) -> bool:
    expected = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length > 1 and stride != expected:
            return prod(shape) == 0
        expected *= length
    return True


def _not_contiguous(name: str) -> ValueError:
    return ValueError(f"{name} is not C-contiguous; a device array is read in place, so pass a contiguous copy")
