"""Launching kernels on a GPU through the driver, on the caller's stream."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda.arrays import DeviceArray, device_array
from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from symloss.runtime.cuda.frameworks import Framework
from symloss.runtime.cuda.toolkit import require

_TYPES = {
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    "int64": ctypes.c_int64,
    "uint32": ctypes.c_uint32,
}

#: What the kernels' own sums take of a block's shared memory, at most.
_RESERVED = 4096
#: More than this is given to a kernel only when it is asked for.
_FREELY_GIVEN = 48 * 1024

#: Bytes that a call asks for at once; what its kernels hand on lies in them, unless it is more than a quarter of that.
_SLAB = 1 << 16
#: Where parts of it begin: what the driver's own memory begins at, and so aligned for every access.
_BOUNDARY = 256
_SIZES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8}

_lock = threading.Lock()
_functions: dict[tuple[str, str, str, int], Any] = {}
_raised: set[tuple[str, str, str, int]] = set()


def checked(outcome: Any) -> Any:
    """The result of a call of the driver.

    Raises:
        SymlossError: the driver refused.
    """
    driver = require("cuda.bindings.driver")
    status, *results = outcome
    if status != driver.CUresult.CUDA_SUCCESS:
        _, text = driver.cuGetErrorString(status)
        hint = ""
        if status == driver.CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
            hint = "; the driver is older than the toolkit, so install symloss[cuda12] or a newer driver"
        raise SymlossError(f"the CUDA driver reports: {(text or b'an unknown error').decode()}{hint}")
    return results[0] if len(results) == 1 else tuple(results)


@cache
def driver() -> Any:
    """The bindings of the driver, initialised.

    Raises:
        SymlossError: there is no GPU, no driver, or the bindings are not installed.
    """
    bindings = require("cuda.bindings.driver")
    try:
        outcome = bindings.cuInit(0)
    except Exception:  # the bindings look for the driver's library only now
        raise SymlossError(
            "no NVIDIA driver was found on this machine, so arrays in device memory cannot be read"
        ) from None
    if outcome[0] != bindings.CUresult.CUDA_SUCCESS:
        raise SymlossError("the CUDA driver found no GPU that it can use")
    return bindings


def device_of(array: DeviceArray) -> int | None:
    """The number of the device that holds an array; None for an array of nothing."""
    if not array.size:
        return None
    bindings = driver()
    attribute = bindings.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
    return int(checked(bindings.cuPointerGetAttribute(attribute, array.pointer)))


@cache
def _context(device: int) -> Any:
    bindings = driver()
    return checked(bindings.cuDevicePrimaryCtxRetain(checked(bindings.cuDeviceGet(device))))


@contextmanager
def current(device: int) -> Iterator[None]:
    """Make a device's primary context, which all libraries share, the current one."""
    bindings = driver()
    checked(bindings.cuCtxPushCurrent(_context(device)))
    try:
        yield
    finally:
        checked(bindings.cuCtxPopCurrent())


@cache
def shared_limit(device: int) -> int:
    """The most dynamic shared memory that a block may ask for."""
    bindings = driver()
    attribute = bindings.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    return int(checked(bindings.cuDeviceGetAttribute(attribute, checked(bindings.cuDeviceGet(device))))) - _RESERVED


@dataclass
class Gpu:
    """A GPU as `execution.Machine`: arrays are `DeviceArray`, memory comes from the caller's library.

    A machine serves one call. Its small arrays share one allocation, which is the call's own: the library gives it to
    another call only when the work on this stream is done with it, so that no two streams ever share a workspace.
    """

    module: ModuleType
    device: int
    framework: Framework
    storage: str
    stream: int = field(init=False)
    shared_limit: int = field(init=False)
    _slab: DeviceArray | None = field(init=False, default=None)
    _used: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.stream, self.shared_limit = self.framework.stream(), shared_limit(self.device)

    def empty(self, count: int, dtype: str) -> DeviceArray:
        """Room for so many numbers, for this call alone."""
        size = count * _SIZES[dtype]
        if not size or size > _SLAB // 4:
            return device_array(self.framework.empty((count,), dtype), "workspace")
        if self._slab is None or self._used + size > _SLAB:
            self._slab = device_array(self.framework.empty((_SLAB,), "uint8"), "workspace")
            self._used = 0
        array = DeviceArray(self._slab.pointer + self._used, (count,), dtype, self._slab.owner)
        self._used += -(-size // _BOUNDARY) * _BOUNDARY
        return array

    def result(self, dtype: str) -> DeviceArray:
        """Room for one number that the caller keeps."""
        return device_array(self.framework.empty((1,), dtype), "value")

    def part(self, array: DeviceArray, first: int) -> DeviceArray:
        """The array from an element on."""
        return DeviceArray(array.pointer + first * array.itemsize, (array.size - first,), array.dtype, array.owner)

    def aligned(self, array: DeviceArray) -> bool:
        """Whether an array begins at a multiple of 16 bytes."""
        return array.pointer % 16 == 0

    def count(self, array: DeviceArray) -> int:
        """The number of elements."""
        return array.size

    def constant(self, value: float, dtype: str) -> DeviceArray:
        """An array of one number, set on the stream without waiting."""
        import struct

        bindings = driver()
        array = self.empty(1, dtype)
        if dtype == "bfloat16":
            data = struct.pack("<f", value)[2:]
        else:
            data = struct.pack({"float16": "<e", "float32": "<f", "float64": "<d"}[dtype], value)
        for place in range(0, len(data), 2):
            half = int.from_bytes(data[place : place + 2], "little")
            checked(bindings.cuMemsetD16Async(array.pointer + place, half, 1, self.stream))
        return array

    def launch(
        self,
        name: str,
        grid: int,
        block: tuple[int, int],
        arguments: Sequence[tuple[str, Any]],
        shared_bytes: int,
    ) -> None:
        """Launch a kernel on the caller's stream."""
        bindings = driver()
        function = self._function(name, shared_bytes)
        values = tuple(0 if a is None else a.pointer if isinstance(a, DeviceArray) else a for _, a in arguments)
        types = tuple(_TYPES.get(kind, ctypes.c_void_p) for kind, _ in arguments)  # whatever else is a pointer
        checked(
            bindings.cuLaunchKernel(
                function, grid, 1, 1, block[0], block[1], 1, shared_bytes, self.stream, (values, types), 0
            )
        )

    def _function(self, name: str, shared_bytes: int) -> Any:
        key = (str(self.module.__file__), name, self.storage, self.device)
        function = _functions.get(key)
        bindings = driver()
        if function is None:
            record = self.module.KERNELS[name[:-4]]
            storage = self.storage if name.endswith("_f32") else ""
            text = compile_kernel(self.module, name, arguments_of(record), THREADS[record["shape"]], storage=storage)
            image = checked(bindings.cuModuleLoadData(text.encode() + b"\0"))
            with _lock:
                function = _functions.setdefault(key, checked(bindings.cuModuleGetFunction(image, name.encode())))
        if shared_bytes > _FREELY_GIVEN and key not in _raised:
            attribute = bindings.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
            checked(bindings.cuFuncSetAttribute(function, attribute, self.shared_limit))
            _raised.add(key)
        return function
