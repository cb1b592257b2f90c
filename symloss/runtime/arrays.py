"""From whatever a caller passes to the arrays a kernel reads.

A kernel is compiled once per computing dtype, so it must always see the same kind of array: of that dtype,
C-contiguous, aligned, writable in type. Views are made where they suffice; a copy where dtype or layout differ.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symloss.runtime.words import kind_of

Array = NDArray[Any]

Dtype = np.dtype[Any]

#: The dtype in which a loss of a prediction with this dtype is computed.
COMPUTING: dict[str, Dtype] = {"e": np.dtype(np.float32), "f": np.dtype(np.float32), "d": np.dtype(np.float64)}

_NATIVE: dict[str, Dtype] = {"e": np.dtype(np.float16), "f": np.dtype(np.float32), "d": np.dtype(np.float64)}
_INT64 = np.dtype(np.int64)
_BOOL = np.dtype(np.bool_)
_HOST_DEVICES = (1, 3)  # DLPack: CPU, and page-locked host memory


def as_array(value: Any, name: str) -> Array:
    """The argument as a plain NumPy array, without a copy where it has memory that NumPy can read.

    Raises:
        TypeError: it lives on a device, is a masked array, or cannot be read as an array.
        ValueError: it is a sequence of unequal lengths.
    """
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{name} is a masked array; pass its data, and mask= for the samples that count")
        return np.asarray(value)
    if value is None or isinstance(value, str | bytes | dict | set):
        raise TypeError(f"{name} is {_article(value)}, expected an array of numbers")
    _refuse_device(value, name)
    try:
        if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
            return np.asarray(np.from_dlpack(value))
        return np.asarray(value)
    except Exception as error:  # whatever the foreign type raises, the caller gets one sentence
        if isinstance(value, list | tuple) and "inhomogeneous" in str(error):
            raise ValueError(f"{name} is a sequence of unequal lengths, expected an array") from None
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TypeError(f"{name} ({kind_of(value)}) cannot be read as a NumPy array: {reason}") from error


def _article(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


class OnDeviceError(TypeError):
    """An argument lies in device memory, where only CUDA kernels can read it."""


def lies_on_device(value: Any) -> bool:
    """Whether an argument lies in device memory."""
    on_device = False
    if hasattr(type(value), "__cuda_array_interface__"):
        try:
            on_device = value.__cuda_array_interface__ is not None
        except AttributeError:  # torch: the attribute exists on the class, and raises for a tensor in host memory
            on_device = False
        except Exception:  # torch again: a device tensor that requires a gradient raises something else
            on_device = True
    if not on_device and hasattr(value, "__dlpack_device__"):
        try:
            on_device = value.__dlpack_device__()[0] not in _HOST_DEVICES
        except Exception:
            on_device = False
    return on_device


def met_on_device(types: Collection[type], inputs: Sequence[Any]) -> bool:
    """Whether the first of some inputs lies in device memory, where ``types`` are of arrays that did before."""
    if not inputs or type(inputs[0]) not in types:
        return False
    first = inputs[0]
    on_gpu = getattr(first, "is_cuda", None)  # torch, whose arrays of one type lie on either side
    return on_gpu if isinstance(on_gpu, bool) else lies_on_device(first)


def _refuse_device(value: Any, name: str) -> None:
    if lies_on_device(value):
        raise OnDeviceError(f"{name} is a device array ({type(value).__name__}), expected one in host memory")


def check_kind(array: Array, kind: str, name: str) -> None:
    """Refuse an array whose numbers are not of the kind that the input holds.

    Args:
        array: the argument.
        kind: "real", "index" or "boolean".
        name: what the message calls the argument.

    Raises:
        TypeError: complex numbers, objects, text; floats where integers index something or where truth values stand.
    """
    dtype = array.dtype
    if kind == "real":
        if dtype.kind in "iub" or dtype.char in COMPUTING:
            return
        raise TypeError(f"{name} has dtype {dtype}, expected float16, float32, float64 or integers")
    if dtype.kind in "iub":
        return
    wanted = "integers" if kind == "index" else "booleans"
    raise TypeError(f"{name} has dtype {dtype}, expected {wanted}")


def computing_dtype(array: Array) -> Dtype:
    """The dtype in which a loss of this first prediction is computed: float32 or float64."""
    return COMPUTING.get(array.dtype.char, COMPUTING["d"])


def returned_dtype(array: Array, computing: Dtype) -> Dtype:
    """The dtype of a result that is shaped like this prediction: its own where it is a float."""
    return _NATIVE.get(array.dtype.char, computing)


def prepared(array: Array, kind: str, computing: Dtype, name: str) -> Array:
    """The array as a kernel reads it: computing dtype, int64 or bool; C-contiguous, aligned, of writable type.

    Raises:
        ValueError: a finite number overflows the computing dtype; an integer overflows int64; a boolean input holds an
            integer other than 0 and 1.
    """
    if kind == "real":
        return _cast(array, computing, name)
    if kind == "index":
        if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.size and array.max() > np.iinfo(_INT64).max:
            raise ValueError(f"{name} holds {array.max()}, which no index reaches")
        return _cast(array, _INT64, name)
    if array.dtype.kind in "iu":
        odd = (array != 0) & (array != 1)
        if odd.any():
            where = tuple(int(index) for index in np.argwhere(odd)[0])
            raise ValueError(f"{name}{list(where) or ''} is {array[where]}, expected a boolean")
    return _cast(array, _BOOL, name)


def _cast(array: Array, dtype: Dtype, name: str) -> Array:
    flags = array.flags
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array if flags.writeable else _writable_alias(array)
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype, order="C", copy=True)
    except FloatingPointError:
        raise ValueError(f"{name} holds a number beyond the range of {dtype}, the dtype of the computation") from None


class _Memory:
    """The memory of a read-only array under a writable type.

    Numba compiles a kernel anew for read-only arrays; kernels never write to their inputs.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def _writable_alias(array: Array) -> Array:
    return np.asarray(_Memory(array)) if array.size else np.empty(array.shape, array.dtype)
