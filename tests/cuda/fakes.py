"""Device arrays, a library of them and a driver, all of host memory: whole calls where there is no GPU.

The driver reads the arguments of a launch from memory, as a real one does, interprets the kernel, and insists that all
arrays lie on the device of the current context and that a call works on one stream.
"""

from __future__ import annotations

import ctypes
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np

from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from tests.cuda import ptx


class Fake:
    """An array that says it lies on a device; its memory is a NumPy array's."""

    driver: FakeDriver | None = None

    def __init__(self, array: np.ndarray, device: int = 0) -> None:
        self.array, self.device = array, device

    def known(self) -> None:
        if self.driver is not None:
            self.driver.known(self)

    @property
    def __cuda_array_interface__(self) -> dict:
        self.known()
        found = dict(self.array.__array_interface__)
        return {key: found[key] for key in ("shape", "typestr", "data", "strides", "version")}

    def reshape(self, shape: tuple) -> Fake:
        return type(self)(self.array.reshape(shape), self.device)

    def get(self) -> np.ndarray:
        return self.array.copy()


class OtherFake(Fake):
    """An array of another library."""


class FakeTensor(Fake):
    """An array that is read as PyTorch's are; bfloat16 is held as bit patterns."""

    def __init__(self, array: np.ndarray, device: int = 0) -> None:
        super().__init__(array, device)
        self.shape = array.shape
        self.dtype = "torch.bfloat16" if array.dtype == np.uint16 else f"torch.{array.dtype}"

    @property
    def is_cuda(self) -> bool:
        return self.device >= 0

    @property
    def __cuda_array_interface__(self) -> dict:
        if not self.is_cuda:
            raise AttributeError("a tensor in host memory has no such interface")
        return super().__cuda_array_interface__

    def data_ptr(self) -> int:
        self.known()
        return self.array.ctypes.data

    def get_device(self) -> int:
        return self.device

    def is_contiguous(self) -> bool:
        return bool(self.array.flags.c_contiguous)


FakeTensor.__module__ = "torch"  # by this PyTorch's tensors are recognised


class Promise(Fake):
    """An array that must be waited for before it is read, as JAX's."""

    def __init__(self, array: np.ndarray, device: int = 0) -> None:
        super().__init__(array, device)
        self.waited = False

    def block_until_ready(self) -> Promise:
        self.waited = True
        return self

    @property
    def __cuda_array_interface__(self) -> dict:
        assert self.waited, "read before it was there"
        return super().__cuda_array_interface__


class FakeLibrary:
    """Allocates host memory, poisoned, on the device of an array and as arrays of its type."""

    def __init__(self, driver: FakeDriver, like: Fake) -> None:
        self.driver, self.kind, self.device = driver, type(like), like.device
        self.waits = isinstance(like, Promise)

    def stream(self) -> int:
        return self.driver.current_stream()

    def empty(self, shape: tuple, dtype: str) -> Fake:
        dtype = "uint16" if dtype == "bfloat16" else dtype
        one = np.full((int(np.prod(shape)) * np.dtype(dtype).itemsize + 16,), 0xFF, np.uint8)
        one = one[-one.ctypes.data % 16 :][: one.size - 16]
        made = self.kind(one.view(dtype).reshape(shape), self.device)
        self.driver.known(made)
        return made

    def number(self, dtype: str) -> Fake:
        return self.empty((), dtype)

    def pointer(self, array: Fake) -> int:
        return array.array.ctypes.data


class FakeDriver:
    """Interprets what is launched. ``work`` lists the names of kernels with the streams that they were given."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=0)
    CUmemorytype = SimpleNamespace(CU_MEMORYTYPE_DEVICE=2)
    CUDA_MEMCPY2D = SimpleNamespace

    def __init__(self) -> None:
        self.arrays: list[Fake] = []
        self.work: list[tuple[str, int]] = []
        self.current_stream = lambda: 7
        self._of_thread = threading.local()

    @property
    def contexts(self) -> list[int]:
        """The stack of contexts, of which every thread has its own."""
        stack: list[int] = self._of_thread.__dict__.setdefault("contexts", [])
        return stack

    def known(self, fake: Fake) -> None:
        """Remember where an array lies."""
        self.arrays.append(fake)

    def holder(self, pointer: int) -> Fake | None:
        """The array that an address lies in; the latest counts."""
        for fake in reversed(list(self.arrays)):
            begin = fake.array.ctypes.data
            if fake.array.nbytes and begin <= pointer < begin + fake.array.nbytes:
                return fake
        return None

    def device_at(self, pointer: int) -> int:
        """The device that holds an address."""
        found = self.holder(pointer)
        assert found is not None
        return found.device

    def at(self, pointer: int) -> np.ndarray | np.uint64:
        """The memory from an address to the end of its array."""
        fake = self.holder(pointer)
        if fake is None:
            assert not pointer or not all(one.array.size for one in self.arrays), f"{pointer:#x} is no array's"
            return np.uint64(0)
        assert fake.device == self.contexts[-1] - 1, "an array of another device than the context's"
        return fake.array.reshape(-1).view(np.uint8)[pointer - fake.array.ctypes.data :]

    # --- what the bindings of a driver offer ---------------------------------------------------------------------

    def cuCtxGetCurrent(self) -> tuple:  # noqa: N802
        return 0, (self.contexts[-1] if self.contexts else 0)

    def cuCtxPushCurrent(self, context: int) -> tuple:  # noqa: N802
        self.contexts.append(context)
        return (0,)

    def cuCtxPopCurrent(self) -> tuple:  # noqa: N802
        return 0, self.contexts.pop()

    def cuStreamSynchronize(self, stream: int) -> tuple:  # noqa: N802
        self.work.append(("wait", stream))
        return (0,)

    def cuMemsetD32Async(self, pointer: int, value: int, count: int, stream: int) -> tuple:  # noqa: N802
        return self._set(pointer, value.to_bytes(4 * count, "little"), stream)

    def cuMemsetD16Async(self, pointer: int, value: int, count: int, stream: int) -> tuple:  # noqa: N802
        return self._set(pointer, value.to_bytes(2 * count, "little"), stream)

    def cuMemsetD8Async(self, pointer: int, value: int, count: int, stream: int) -> tuple:  # noqa: N802
        return self._set(pointer, bytes([value]) * count, stream)

    def cuMemsetD2D32Async(self, pointer: int, pitch: int, value: int, width: int, height: int, stream: int) -> tuple:  # noqa: N802
        assert pointer % 4 == pitch % 4 == 0
        for row in range(height):
            self._set(pointer + row * pitch, value.to_bytes(4, "little") * width, stream)
        return (0,)

    def cuMemsetD2D16Async(self, pointer: int, pitch: int, value: int, width: int, height: int, stream: int) -> tuple:  # noqa: N802
        assert pointer % 2 == pitch % 2 == 0
        for row in range(height):
            self._set(pointer + row * pitch, value.to_bytes(2, "little") * width, stream)
        return (0,)

    def cuMemcpy2DAsync(self, copy: SimpleNamespace, stream: int) -> tuple:  # noqa: N802
        assert copy.srcMemoryType == copy.dstMemoryType == 2
        assert copy.WidthInBytes <= min(copy.srcPitch, copy.dstPitch)
        for row in range(copy.Height):
            source = self.at(copy.srcDevice + row * copy.srcPitch)[: copy.WidthInBytes]
            self.at(copy.dstDevice + row * copy.dstPitch)[: copy.WidthInBytes] = source
        self.work.append(("copy", stream))
        return (0,)

    def _set(self, pointer: int, data: bytes, stream: int) -> tuple:
        self.at(pointer)[: len(data)] = np.frombuffer(data, np.uint8)
        self.work.append(("set", stream))
        return (0,)

    def cuLaunchKernel(self, function: Any, *rest: Any) -> tuple:  # noqa: N802
        module, name, storage, device = function
        assert device == self.contexts[-1] - 1, "a kernel of another device than the context's"
        across, down, _, x, y, _, shared, stream, table, _ = rest
        record = module.KERNELS[name[:-4]]
        types = arguments_of(record)
        addresses = (ctypes.c_uint64 * len(types)).from_address(table)
        given: list[Any] = []
        real = f"float{name[-2:]}"
        for address, kind in zip(addresses, types.values(), strict=True):
            if kind.endswith("*"):
                given.append(self.at(ctypes.c_uint64.from_address(address).value))
            else:
                number = np.dtype(real if kind in ("real", "data") else kind)
                given.append(np.frombuffer(ctypes.string_at(address, number.itemsize), number)[0])
        held = storage if name.endswith("f32") else ""
        text = compile_kernel(module, name, types, THREADS[record["shape"]], storage=held)
        ptx.run(text, name, (across, down), (x, y), given, shared_bytes=shared)
        self.work.append((name, stream))
        return (0,)
