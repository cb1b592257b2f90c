"""What one call launches, kept: a later call of the same signature only fills in where its arrays lie.

A plan is made by running `execution.execute` on a `Recorder`, which stands for a GPU and notes the launches. It
holds no array, so no memory of a device.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from symloss.errors import SymlossError
from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.frameworks import Framework

#: Where parts of the workspace begin: what the driver's own memory begins at, and so aligned for every access.
_BOUNDARY = 256
#: The widest access of a kernel, which memory of the caller's library must allow.
_WIDEST = 16

_SIZES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int64": 8}
_PACKED = {"float32": "<f4x", "float64": "<d", "int64": "<q", "uint32": "<I4x"}

#: Slots of memory that is not an argument's; results come after the arguments.
_WORKSPACE = -1


@dataclass(frozen=True)
class Place:
    """Memory that a call will know: of its argument or result number ``slot``, or of its workspace."""

    slot: int
    offset: int
    count: int
    itemsize: int
    aligned: bool


@dataclass(frozen=True)
class _Launch:
    """One launch: where its arguments lie is the number of a word of the plan, per argument."""

    function: Any
    grid: tuple[int, int]
    block: tuple[int, int]
    shared_bytes: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class _Frame:
    """The arguments of all launches of one call in progress: the words, and per launch the table of their addresses."""

    words: Any
    tables: tuple[Any, ...]
    addresses: tuple[int, ...]


@dataclass(frozen=True)
class Apart:
    """An array that is written must not share memory with another that is read, except as ``allowed``."""

    written: int
    length: int
    other: int
    other_length: int
    name: str
    allowed: bool


class Recorder:
    """A machine for `execution.execute` that notes what it is asked for; its arrays are of `Place`."""

    def __init__(self, module: ModuleType, device: int, storage: str) -> None:
        self.module, self.device, self.storage = module, device, storage
        self.shared_limit = gpu.shared_limit(device)
        self.used = 0
        self.value: str | None = None
        self.value_slot = 0
        self.memsets: list[tuple[int, int, int]] = []
        self.launches: list[_Launch] = []
        self.places: dict[tuple[int, int], int] = {}
        self.constants: dict[bytes, int] = {}

    def empty(self, count: int, dtype: str) -> Place:
        """Room for so many numbers in the workspace."""
        place = Place(_WORKSPACE, self.used, count, _SIZES[dtype], True)
        self.used += -(-count * _SIZES[dtype] // _BOUNDARY) * _BOUNDARY
        return place

    def result(self, dtype: str) -> Place:
        """Room for the value."""
        self.value = dtype
        return Place(self.value_slot, 0, 1, _SIZES[dtype], True)

    def part(self, array: Place, first: int, count: int | None = None) -> Place:
        """The array from an element on, or so many elements from there."""
        offset = array.offset + first * array.itemsize
        aligned = array.aligned and first * array.itemsize % _WIDEST == 0
        return Place(array.slot, offset, array.count - first if count is None else count, array.itemsize, aligned)

    def aligned(self, array: Place) -> bool:
        """Whether an array begins at a multiple of 16 bytes."""
        return array.aligned

    def count(self, array: Place) -> int:
        """The number of elements."""
        return array.count

    def constant(self, value: float, dtype: str) -> Place:
        """An array of one number, set anew on the stream of every call."""
        array = self.empty(1, dtype)
        if dtype == "bfloat16":
            data = struct.pack("<f", value)[2:]
        else:
            data = struct.pack({"float16": "<e", "float32": "<f", "float64": "<d"}[dtype], value)
        width = min(4, len(data))
        for place in range(0, len(data), width):
            number = int.from_bytes(data[place : place + width], "little")
            self.memsets.append((array.offset + place, number, width))
        return array

    def launch(
        self,
        name: str,
        grid: tuple[int, int],
        block: tuple[int, int],
        arguments: Sequence[tuple[str, Any]],
        shared_bytes: int,
    ) -> None:
        """Note a launch."""
        function = gpu.function_of(self.module, name, self.storage, self.device, shared_bytes)
        words = tuple(self._word(kind, value) for kind, value in arguments)
        self.launches.append(_Launch(function, grid, block, shared_bytes, words))

    def _word(self, kind: str, value: Any) -> int:
        """The number of the word that holds an argument; constants are counted from -1 downwards."""
        if isinstance(value, Place):
            return self.places.setdefault((value.slot, value.offset), len(self.places))
        data = struct.pack(_PACKED.get(kind, "<Q"), 0 if value is None else value)
        return -1 - self.constants.setdefault(data, len(self.constants))


@dataclass
class Plan:
    """All that a call of one signature does.

    ``results`` are shape and dtype of the arrays to make, ``returned`` how many of the first of them are derivatives
    (the others hold values per sample), ``shaped`` turns value and arrays into what the caller gets.
    """

    recorder: Recorder
    framework: Framework
    results: Sequence[tuple[tuple[int, ...], str]]
    returned: int
    shaped: Callable[[Any, list[Any]], Any]
    apart: Sequence[Apart]
    device: int = field(init=False)
    _frames: list[_Frame] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Lay out the words: places first, in the order in which they are filled, then constants."""
        recorder = self.recorder
        self.device, self._space, self._value = recorder.device, recorder.used, recorder.value
        order = sorted(recorder.places, key=lambda place: (place[0] == _WORKSPACE, *place))
        self._outer = [slot for slot, offset in order if slot != _WORKSPACE]
        self._shifts = [offset for slot, offset in order if slot != _WORKSPACE]
        self._plain = not any(self._shifts)
        self._inner = [offset for slot, offset in order if slot == _WORKSPACE]
        new = {recorder.places[place]: number for number, place in enumerate(order)}
        count = len(order)
        self._template = bytes(8 * count) + b"".join(recorder.constants)
        self._pack = struct.Struct(f"<{count}Q").pack_into
        self._memsets = recorder.memsets
        self._words = [[new[w] if w >= 0 else count - 1 - w for w in one.words] for one in recorder.launches]
        self._launches = [(one.function, *one.grid, 1, *one.block, 1, one.shared_bytes) for one in recorder.launches]
        self._bindings = gpu.driver()
        self._launch, self._success = self._bindings.cuLaunchKernel, self._bindings.CUresult.CUDA_SUCCESS
        self._context = gpu.context(self.device)

    def run(self, pointers: list[int], out: list[Any] | None) -> Any:
        """Launch everything on the caller's current stream, for arguments at these addresses.

        Raises:
            ValueError: an array of ``out`` shares memory with one that is still read.
            SymlossError: the driver refused.
        """
        for rule in self.apart:
            first, second = pointers[rule.written], pointers[rule.other]
            if first < second + rule.other_length and second < first + rule.length:
                same = first == second and rule.length == rule.other_length
                if not (same and rule.allowed):
                    raise ValueError(f"out shares memory with {rule.name}, which is still read when it is written")
        bindings = self._bindings
        status, current = bindings.cuCtxGetCurrent()
        pushed = status != self._success or int(current) != int(self._context)
        if pushed:
            gpu.checked(bindings.cuCtxPushCurrent(self._context))
        try:
            return self._run(pointers, out)
        finally:
            if pushed:
                gpu.checked(bindings.cuCtxPopCurrent())

    def _run(self, pointers: list[int], out: list[Any] | None) -> Any:
        framework, value, base = self.framework, None, 0
        stream, empty, pointer = framework.stream(), framework.empty, framework.pointer
        made = [empty(shape, dtype) for shape, dtype in self.results]
        fresh = [pointer(one) for one in made]
        if self._value is not None:
            value = framework.number(self._value)
            fresh.append(pointer(value))
        if self._space:
            space = empty((self._space,), "uint8")  # released when this returns: the library waits for this stream
            base = pointer(space)
            fresh.append(base)
        for address in fresh:
            if address % _WIDEST:
                raise SymlossError(f"memory of the caller's library begins at {address:#x}, no multiple of 16 bytes")
        known = pointers + fresh
        outer = [known[slot] for slot in self._outer]
        if not self._plain:
            outer = [one + shift for one, shift in zip(outer, self._shifts, strict=True)]
        # A frame serves one call at a time: another thread may be between filling and launching.
        try:
            frame = self._frames.pop()
        except IndexError:
            frame = self._new_frame()
        self._pack(frame.words, 0, *outer, *[base + offset for offset in self._inner])
        if self._memsets:
            self._set(base, stream)
        launch, success = self._launch, self._success
        for call, address in zip(self._launches, frame.addresses, strict=True):
            outcome = launch(*call, stream, address, 0)
            if outcome[0] != success:
                gpu.checked(outcome)
        self._frames.append(frame)
        if framework.waits:
            gpu.checked(self._bindings.cuStreamSynchronize(stream))
        losses = made[self.returned :]
        if losses:
            value = losses[0] if len(losses) == 1 else tuple(losses)
        return self.shaped(value, made[: self.returned] if out is None else out)

    def _set(self, base: int, stream: int) -> None:
        """Write the constants of the workspace."""
        for offset, number, width in self._memsets:
            write = self._bindings.cuMemsetD32Async if width == 4 else self._bindings.cuMemsetD16Async
            gpu.checked(write(base + offset, number, 1, stream))

    def _new_frame(self) -> _Frame:
        words = (ctypes.c_uint64 * max(1, len(self._template) // 8)).from_buffer_copy(self._template or bytes(8))
        start = ctypes.addressof(words)
        tables = tuple(
            (ctypes.c_uint64 * len(numbers))(*[start + 8 * number for number in numbers]) for numbers in self._words
        )
        return _Frame(words, tables, tuple(map(ctypes.addressof, tables)))
