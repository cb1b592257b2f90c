"""The driver of a GPU: its contexts, its kernels, its answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda.arrays import DeviceArray
from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from symloss.runtime.cuda.toolkit import require

#: What the kernels' own sums take of a block's shared memory, at most.
_RESERVED = 4096
#: More than this is given to a kernel only when it is asked for.
_FREELY_GIVEN = 48 * 1024

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
    return device_at(array.pointer)


def device_at(pointer: int) -> int:
    """The number of the device that holds an address."""
    ask, attribute, success = _asking()
    outcome = ask(attribute, pointer)
    return int(outcome[1] if outcome[0] == success else checked(outcome))


@cache
def _asking() -> tuple[Any, Any, Any]:
    bindings = driver()
    attribute = bindings.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
    return bindings.cuPointerGetAttribute, attribute, bindings.CUresult.CUDA_SUCCESS


@cache
def context(device: int) -> Any:
    """A device's primary context."""
    bindings = driver()
    return checked(bindings.cuDevicePrimaryCtxRetain(checked(bindings.cuDeviceGet(device))))


@contextmanager
def current(device: int) -> Iterator[None]:
    """Make a device's primary context, which all libraries share, the current one."""
    bindings = driver()
    checked(bindings.cuCtxPushCurrent(context(device)))
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


def function_of(module: ModuleType, name: str, storage: str, device: int, shared_bytes: int) -> Any:
    """The handle of a kernel, compiled and loaded on the current device where that has not been done.

    Raises:
        SymlossError: the driver refused.
    """
    key = (str(module.__file__), name, storage, device)
    function = _functions.get(key)
    bindings = driver()
    if function is None:
        record = module.KERNELS[name[:-4]]
        data = storage if name.endswith("_f32") else ""
        text = compile_kernel(module, name, arguments_of(record), THREADS[record["shape"]], storage=data)
        image = checked(bindings.cuModuleLoadData(text.encode() + b"\0"))
        with _lock:
            function = _functions.setdefault(key, checked(bindings.cuModuleGetFunction(image, name.encode())))
    if shared_bytes > _FREELY_GIVEN and key not in _raised:
        attribute = bindings.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        checked(bindings.cuFuncSetAttribute(function, attribute, shared_limit(device)))
        _raised.add(key)
    return function
