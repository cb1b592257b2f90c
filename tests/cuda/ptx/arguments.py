"""Launch arguments → parameter bytes and buffers of global memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ArgumentError
from .globalmemory import GlobalMemory
from .layout import GLOBAL_BASE
from .program import Entry, Parameter, Variable
from .types import COMPUTE, STORAGE


@dataclass(frozen=True)
class Output:
    """An array that the kernel must write before it may read it; what it holds before the launch is poison (0xFF)."""

    array: np.ndarray


@dataclass(frozen=True)
class Before:
    """The address so many elements before an array: what lies in between is out of bounds.

    So a small array stands for the end of one that no memory would hold.
    """

    array: np.ndarray
    elements: int


@dataclass(frozen=True)
class Pointers:
    """A buffer of 64-bit addresses of other arrays (or None for 0), as for kernels that take a list of tensors."""

    arrays: Sequence["np.ndarray | Output | None"]


@dataclass(frozen=True)
class NumbaArray:
    """An array as numba passes one to a kernel: 5 + 2·ndim words instead of a pointer."""

    array: "np.ndarray | Output"


@dataclass
class _Placed:
    array: np.ndarray
    offset: int
    writable: bool


def _extent(array: np.ndarray) -> tuple[int, int]:
    return np.lib.array_utils.byte_bounds(array) if array.size else (array.ctypes.data, array.ctypes.data)


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Arguments:
    """Places arrays, encodes parameters, and copies results back."""

    def __init__(self, memory: GlobalMemory) -> None:
        self.memory = memory
        self.regions: dict[tuple[int, int], int] = {}
        self.placed: list[_Placed] = []
        self.outputs: dict[int, tuple[int, int]] = {}

    def place(self, item: "np.ndarray | Output") -> int:
        """The device address of an array; views of one array share memory as they do on the host.

        Raises:
            ArgumentError: The array is not contiguous.
        """
        array = item.array if isinstance(item, Output) else item
        if not array.flags.c_contiguous:
            raise ArgumentError("an array argument must be C-contiguous")
        owner = _extent(_owner(array))
        if owner not in self.regions:
            self.regions[owner] = self.memory.reserve(owner[1] - owner[0])
        offset = self.regions[owner] + _extent(array)[0] - owner[0]
        content = array.reshape(-1).view(np.uint8) if array.size else np.zeros(0, np.uint8)
        initialised = not isinstance(item, Output)
        self.memory.allow(offset, content, initialised=initialised, writable=array.flags.writeable)
        self.placed.append(_Placed(array, offset, array.flags.writeable))
        return GLOBAL_BASE + offset

    def constants(self, variables: list[Variable]) -> dict[str, int]:
        """Addresses of a module's global and constant variables."""
        addresses = {}
        for variable in variables:
            size = variable.size or 0
            content = np.zeros(size, np.uint8)
            content[: len(variable.initial)] = np.frombuffer(variable.initial, np.uint8)
            offset = self.memory.reserve(size)
            self.memory.allow(offset, content, initialised=True, writable=variable.space == "global")
            addresses[variable.name] = GLOBAL_BASE + offset
        return addresses

    def encode(self, entry: Entry, arguments: Sequence[Any]) -> dict[str, np.ndarray]:
        """The bytes of each parameter.

        Raises:
            ArgumentError: Wrong number or kind of arguments.
        """
        words: list[Any] = []
        for position, argument in enumerate(arguments):
            words.extend(self._words(position, argument))
        if len(words) != len(entry.parameters):
            raise ArgumentError(f"{entry.name} has {len(entry.parameters)} parameters, the launch gives {len(words)}")
        pairs = zip(entry.parameters, words, strict=True)
        return {parameter.name: self._bytes(parameter, word) for parameter, word in pairs}

    def _words(self, position: int, argument: Any) -> list[Any]:
        if isinstance(argument, Output):
            address = self.place(argument)
            self.outputs[position] = (address - GLOBAL_BASE, argument.array.nbytes)
            return [np.uint64(address)]
        if isinstance(argument, np.ndarray) and argument.ndim:
            return [np.uint64(self.place(argument))]
        if isinstance(argument, Before):
            return [np.uint64(self.place(argument.array) - argument.elements * argument.array.itemsize)]
        if isinstance(argument, Pointers):
            addresses = [0 if item is None else self.place(item) for item in argument.arrays]
            return [np.uint64(self.place(np.array(addresses, np.uint64)))]
        if isinstance(argument, NumbaArray):
            address = np.uint64(self.place(argument.array))
            array = argument.array.array if isinstance(argument.array, Output) else argument.array
            sizes = [np.uint64(n) for n in (0, 0, array.size, array.itemsize)]
            return [*sizes, address, *map(np.uint64, array.shape), *map(np.uint64, array.strides)]
        return [argument]

    @staticmethod
    def _bytes(parameter: Parameter, word: Any) -> np.ndarray:
        compute = COMPUTE[parameter.type]
        if isinstance(word, bytes):
            if len(word) != parameter.size:
                raise ArgumentError(f"{parameter.name} takes {parameter.size} bytes, not {len(word)}")
            return np.frombuffer(word, np.uint8)
        if parameter.size != compute.itemsize:
            raise ArgumentError(f"{parameter.name} is a structure of {parameter.size} bytes: pass bytes")
        value = np.asarray(word)
        typed = isinstance(word, np.generic | np.ndarray)
        if value.dtype.kind not in "biuf" or (typed and value.dtype.itemsize != compute.itemsize):
            raise ArgumentError(f"{parameter.name} of type .{parameter.type} cannot take {value.dtype} {word!r}")
        if typed:
            # .b32, .u64 and the like say only how wide a parameter is.
            if compute.kind == "f" and value.dtype.kind != "f":
                raise ArgumentError(f"{parameter.name} of type .{parameter.type} cannot take {value.dtype} {word!r}")
            return np.atleast_1d(value).view(np.uint8)
        if compute.kind in "iu":
            if not isinstance(word, int):
                raise ArgumentError(f"{parameter.name} of type .{parameter.type} cannot take {word!r}")
            bits = word & ((1 << 8 * compute.itemsize) - 1)
            return np.array([bits], STORAGE[parameter.type]).view(np.uint8)
        return np.array([word], compute).view(np.uint8)

    def copy_back(self) -> None:
        """Writes what the kernel left in memory into the caller's arrays."""
        for item in self.placed:
            if item.writable and item.array.size:
                content = self.memory.heap[item.offset : item.offset + item.array.nbytes]
                item.array.reshape(-1).view(np.uint8)[:] = content

    def unwritten(self) -> dict[int, int]:
        """Bytes of each `Output` argument that nothing wrote."""
        written = self.memory.written
        return {
            position: size - int(np.count_nonzero(written[offset : offset + size]))
            for position, (offset, size) in self.outputs.items()
        }
