"""What differs between the libraries whose arrays are passed: how they allocate, and on which stream they work."""

from __future__ import annotations

from typing import Any, Protocol

from symloss.runtime.cuda.toolkit import require


class Framework(Protocol):
    """A library of device arrays.

    ``waits`` says that results must be complete when a call returns, for want of a stream that the library shares.
    """

    waits: bool

    def stream(self) -> int:
        """The handle of the caller's current stream."""

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """An array of the library on the caller's device, its elements unset."""

    def number(self, dtype: str) -> Any:
        """An array of one number, without axes where the library has such arrays."""

    def pointer(self, array: Any) -> int:
        """Where an array of the library begins."""


class Torch:
    """PyTorch: its caching allocator, its current stream."""

    waits = False

    def __init__(self, like: Any) -> None:
        self.torch, self.device = require("torch"), like.device
        self.index = like.get_device()
        # What compiled code of PyTorch's own asks; the public way makes an object each time.
        self.raw = getattr(self.torch._C, "_cuda_getCurrentRawStream", None)

    def stream(self) -> int:
        """The handle of the current stream."""
        if self.raw is not None:
            return int(self.raw(self.index))
        return int(self.torch.cuda.current_stream(self.device).cuda_stream)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """A tensor on the device of the first argument."""
        return self.torch.empty(shape, dtype=getattr(self.torch, dtype), device=self.device)

    def number(self, dtype: str) -> Any:
        """A tensor without axes."""
        return self.empty((), dtype)

    def pointer(self, array: Any) -> int:
        """Where a tensor begins."""
        return int(array.data_ptr())


class CuPy:
    """CuPy: its memory pool, its current stream."""

    waits = False

    def __init__(self, like: Any) -> None:
        self.cupy, self.device = require("cupy"), like.device

    def stream(self) -> int:
        """The handle of the current stream of the arrays' device, which need not be the current device."""
        return int(self.cupy.cuda.get_current_stream(self.device.id).ptr)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """An array on the device of the first argument."""
        with self.device:
            return self.cupy.empty(shape, dtype)

    def number(self, dtype: str) -> Any:
        """An array without axes."""
        return self.empty((), dtype)

    def pointer(self, array: Any) -> int:
        """Where an array begins."""
        return int(array.data.ptr)


class NumbaCuda:
    """Numba's device arrays, for Numba and for every library without an entry of its own; the default stream."""

    waits = False

    def __init__(self, like: Any) -> None:
        self.cuda = require("numba.cuda")

    def stream(self) -> int:
        """The default stream."""
        return 0

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """A device array."""
        return self.cuda.device_array(shape, dtype)

    def number(self, dtype: str) -> Any:
        """A device array of length 1: Numba's have at least one axis."""
        return self.empty((1,), dtype)

    def pointer(self, array: Any) -> int:
        """Where a device array begins."""
        return int(array.__cuda_array_interface__["data"][0] or 0)


class Jax:
    """JAX: its allocator. It works on streams of its own that nobody else may use, so calls wait on both sides."""

    waits = True

    def __init__(self, like: Any) -> None:
        self.numpy = require("jax.numpy")
        (self.device,) = like.devices()

    def stream(self) -> int:
        """The default stream."""
        return 0

    def empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        """An array that is there: JAX would fill it later, on a stream of its own."""
        return self.numpy.empty(shape, dtype=dtype, device=self.device).block_until_ready()

    def number(self, dtype: str) -> Any:
        """An array without axes."""
        return self.empty((), dtype)

    def pointer(self, array: Any) -> int:
        """Where an array begins."""
        return int(array.unsafe_buffer_pointer())


#: By the first word of the module that defines the type of the first array.
FRAMEWORKS: dict[str, type[Torch] | type[CuPy] | type[Jax] | type[NumbaCuda]] = {
    "torch": Torch,
    "cupy": CuPy,
    "jax": Jax,
    "jaxlib": Jax,
}


def framework_of(value: Any) -> Framework:
    """The library that an array belongs to."""
    return FRAMEWORKS.get(type(value).__module__.partition(".")[0], NumbaCuda)(value)
