"""A batch of blocks: registers as vectors over all threads, the memories, and accesses to them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import OutOfBoundsError, UninitialisedReadError, UnsupportedInstructionError
from .globalmemory import POISON, GlobalMemory
from .globalraces import GlobalRaces
from .lanes import Lanes
from .layout import GLOBAL_BASE, LOCAL_WINDOW, SHARED_WINDOW
from .program import Entry, Instruction
from .report import Report
from .sectors import sectors
from .sharedmemory import SharedMemory
from .types import STORAGE

Describe = Callable[[int], str]


class Launch:
    """What all batches of a launch share."""

    def __init__(
        self,
        entry: Entry,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        memory: GlobalMemory,
        parameters: dict[str, np.ndarray],
        report: Report,
        *,
        shared: int,
        dynamic_shared: int,
        local: int,
        cell: int,
        documented: bool,
    ) -> None:
        self.entry = entry
        self.grid = grid
        self.block = block
        self.memory = memory
        self.parameters = parameters
        self.report = report
        self.shared = shared
        self.dynamic_shared = dynamic_shared
        self.local = local
        self.cell = cell
        self.documented = documented
        self.storage = [STORAGE[kind] for kind in entry.registers.values()]


class Machine:
    """The state of one batch."""

    def __init__(self, launch: Launch, blocks: np.ndarray) -> None:
        self.launch = launch
        self.entry = launch.entry
        self.report = launch.report
        self.parameters = launch.parameters
        self.documented = launch.documented
        self.memory = launch.memory
        self.blocks = blocks
        self.threads = launch.block[0] * launch.block[1] * launch.block[2]
        self.warps = -(-self.threads // 32)
        padded = 32 * self.warps
        self.width = len(blocks) * padded
        within = np.tile(np.arange(padded, dtype=np.int64), len(blocks))
        self.lane = within % 32
        self.thread_of_lane = within.astype(np.int32)
        self.block_of_lane = np.repeat(np.arange(len(blocks), dtype=np.int64), padded)
        self.warp_of_lane = np.arange(self.width) // 32
        self.warp_start = np.arange(self.width) // 32 * 32
        self.exists = within < self.threads
        self.registers: list[Any] = [None] * len(launch.storage)
        self.phase = np.zeros(len(blocks), np.int32)
        self.warp_phase = np.zeros(self.width // 32, np.int32)
        self.races = GlobalRaces(launch.memory.twice)
        self.shared = SharedMemory(len(blocks), launch.shared, launch.cell)
        self.local_stride = max(16, -(-launch.local // 16) * 16)
        self.local = np.full(self.width * self.local_stride if launch.local else 0, POISON, np.uint8)
        self.local_written = np.zeros(self.local.size, np.bool_)
        self._special: dict[str, Any] = {}

    # -- registers

    def special(self, name: str) -> Any:
        """The value of a special register."""
        if name not in self._special:
            self._special[name] = self._special_value(name)
        return self._special[name]

    def _special_value(self, name: str) -> Any:
        root, _, axis = name.partition(".")
        if axis:
            k = "xyz".index(axis)
            block, grid = self.launch.block, self.launch.grid
            below_block, below_grid = int(np.prod(block[:k])), int(np.prod(grid[:k]))
            numbers = np.repeat(self.blocks, 32 * self.warps)
            return {
                "%tid": lambda: (self.thread_of_lane // below_block % block[k]).astype(np.uint32),
                "%ctaid": lambda: (numbers // below_grid % grid[k]).astype(np.uint32),
                "%ntid": lambda: np.uint32(block[k]),
                "%nctaid": lambda: np.uint32(grid[k]),
            }[root]()
        lane = self.lane.astype(np.uint32)
        one = np.uint32(1)
        table: dict[str, Callable[[], Any]] = {
            "%laneid": lambda: lane,
            "%warpid": lambda: (self.thread_of_lane // 32).astype(np.uint32),
            "%dynamic_smem_size": lambda: np.uint32(self.launch.dynamic_shared),
            "%nwarpid": lambda: np.uint32(self.warps),
            "%lanemask_eq": lambda: one << lane,
            "%lanemask_lt": lambda: (one << lane) - one,
            "%lanemask_le": lambda: ((one << lane) - one) | (one << lane),
            "%lanemask_gt": lambda: ~(((one << lane) - one) | (one << lane)),
            "%lanemask_ge": lambda: ~((one << lane) - one),
        }
        if root not in table:
            raise UnsupportedInstructionError(f"the special register {name} is not supported")
        return table[root]()

    def put(self, slot: int, value: Any, lanes: Lanes) -> None:
        """Writes a register: at full width or one number, or for the active lanes only."""
        if lanes.full:
            self.registers[slot] = value.copy() if value.ndim and value.base is not None else value
            return
        old = self.registers[slot]
        if old is None:
            stored = self.launch.storage[slot]
            poison = np.full(stored.itemsize, POISON, np.uint8).view(stored)[0] if stored.kind != "b" else False
            old = np.full(self.width, poison, stored)
            self.registers[slot] = old
        elif old.ndim == 0:
            old = np.full(self.width, old)
            self.registers[slot] = old
        if lanes.dense:
            np.copyto(old, value, where=lanes.mask)
        else:
            old[lanes.index] = value

    # -- who and where, for messages

    def block_name(self, block: int) -> str:
        """The index of a block of the batch as a program sees it."""
        number, grid = int(self.blocks[block]), self.launch.grid
        if grid[1] == grid[2] == 1:
            return str(number)
        return str((number % grid[0], number // grid[0] % grid[1], number // (grid[0] * grid[1])))

    def describe(self, lanes: Lanes, instruction: Instruction) -> Describe:
        """A function that names the k-th active thread and the instruction."""

        def text(k: int) -> str:
            lane = int(lanes.index[k])
            block = self.block_name(int(self.block_of_lane[lane]))
            return f"by thread {int(self.thread_of_lane[lane])} of block {block} at {instruction}"

        return text

    def sparse(self, lanes: Lanes) -> Lanes:
        """The same lanes, for values of the active lanes only."""
        if not lanes.dense:
            return lanes
        other = Lanes(lanes.width, lanes.mask)
        other.dense = False
        return other

    def per_block(self, lanes: Lanes) -> np.ndarray:
        """How many of the lanes each block has."""
        return np.count_nonzero(lanes.as_mask().reshape(len(self.blocks), -1), axis=1)

    def count(self, instruction: Instruction, threads: int) -> None:
        """Counts an execution."""
        self.report.opcodes[instruction.opcode] += threads

    # -- memory

    def _space(self, access: Any, addresses: Any) -> tuple[str, Any]:
        """The space of an access and addresses within it; generic ones are looked at."""
        if access.space != "generic":
            return access.space, addresses
        low, high = int(addresses.min()), int(addresses.max())
        for name, start, stop in (
            ("shared", SHARED_WINDOW, LOCAL_WINDOW),
            ("local", LOCAL_WINDOW, GLOBAL_BASE),
        ):
            if start <= low and high < stop:
                return name, addresses - start
            if start <= high < stop or start <= low < stop:
                raise UnsupportedInstructionError(
                    f"{access.instruction}: threads access different memory spaces in one generic instruction"
                )
        return "global", addresses

    def load(self, access: Any, lanes: Lanes, addresses: Any) -> list[Any]:
        """The elements that the active lanes load: one array (or number, if uniform) each."""
        access.aligned(self, lanes, addresses)
        space, addresses = self._space(access, addresses)
        self.report.loaded[space] += access.size * lanes.count
        describe = self.describe(lanes, access.instruction)
        if space in ("global", "const"):
            return self._load_global(access, lanes, addresses, describe)
        if addresses.ndim == 0:
            addresses = np.full(lanes.count, addresses)
        data, positions = self._private(space, access, lanes, addresses, "load", describe)
        return self._gather(data, positions, access)

    def _load_global(self, access: Any, lanes: Lanes, addresses: Any, describe: Describe) -> list[Any]:
        offsets = addresses - GLOBAL_BASE
        span = self.memory.check(offsets, access.size, False, describe)
        self.report.requests += lanes.warps
        contiguous, touched = sectors(lanes, offsets, access.size)
        self.report.sectors_loaded += touched
        self.races.touch(self, lanes, offsets, access.size, False, describe)
        if span is None or not span.complete:
            self.memory.require_written(np.atleast_1d(offsets), access.size, describe)
        if contiguous:
            start = int(offsets[0])
            block = self.memory.heap[start : start + lanes.count * access.size].view(access.element)
            return [block[k :: access.vector].copy() for k in range(access.vector)]
        return self._gather(self.memory.heap, offsets, access)

    @staticmethod
    def _gather(data: np.ndarray, positions: Any, access: Any) -> list[Any]:
        typed = data[: data.size // 16 * 16].view(access.element)
        index = positions // access.element.itemsize
        return [typed[index + k] if k else typed[index] for k in range(access.vector)]

    def store(self, access: Any, lanes: Lanes, addresses: Any, values: list[Any]) -> None:
        """Stores one value an element for each active lane."""
        access.aligned(self, lanes, addresses)
        space, addresses = self._space(access, addresses)
        self.report.stored[space] += access.size * lanes.count
        describe = self.describe(lanes, access.instruction)
        if addresses.ndim == 0:
            addresses = np.full(lanes.count, addresses)
        if space == "global":
            self._store_global(access, lanes, addresses, values, describe)
            return
        data, positions = self._private(space, access, lanes, addresses, "store", describe)
        self._scatter(data, positions, access, values)

    def _store_global(self, access: Any, lanes: Lanes, addresses: Any, values: list[Any], describe: Describe) -> None:
        offsets = addresses - GLOBAL_BASE
        span = self.memory.check(offsets, access.size, True, describe)
        self.report.requests += lanes.warps
        contiguous, touched = sectors(lanes, offsets, access.size)
        self.report.sectors_stored += touched
        self.races.touch(self, lanes, offsets, access.size, True, describe)
        if span is None or not span.complete:
            self.memory.mark_written(offsets, access.size)
        if contiguous:
            start = int(offsets[0])
            block = self.memory.heap[start : start + lanes.count * access.size].view(access.element)
            for k, value in enumerate(values):
                block[k :: access.vector] = value
            return
        self._scatter(self.memory.heap, offsets, access, values)

    @staticmethod
    def _scatter(data: np.ndarray, positions: Any, access: Any, values: list[Any]) -> None:
        typed = data[: data.size // 16 * 16].view(access.element)
        index = positions // access.element.itemsize
        for k, value in enumerate(values):
            typed[index + k] = value

    def _private(
        self, space: str, access: Any, lanes: Lanes, addresses: Any, kind: str, describe: Describe
    ) -> tuple[np.ndarray, Any]:
        """Shared or local memory and positions in it, after all checks."""
        if space == "shared":
            positions = self.shared.locate(self, lanes, addresses, access.size, kind, describe)
            self.shared.touch(self, lanes, positions, access.size, kind, describe)
            return self.shared.bytes, positions
        bad = (addresses < 0) | (addresses + access.size > self.launch.local)
        if bad.any():
            raise OutOfBoundsError(f"{kind} outside local memory {describe(int(np.flatnonzero(bad)[0]))}")
        positions = addresses + lanes.index * self.local_stride
        for extra in range(access.size):
            if kind == "store":
                self.local_written[positions + extra] = True
            elif not self.local_written[positions + extra].all():
                first = int(np.flatnonzero(~self.local_written[positions + extra])[0])
                raise UninitialisedReadError(f"load of local memory that nothing has written {describe(first)}")
        return self.local, positions

    def locate_atomic(self, access: Any, lanes: Lanes, addresses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bytes that atomics work on, and positions in them."""
        access.aligned(self, lanes, addresses)
        space, addresses = self._space(access, addresses)
        describe = self.describe(lanes, access.instruction)
        self.report.loaded[space] += access.size * lanes.count
        self.report.stored[space] += access.size * lanes.count
        if space == "shared":
            positions = self.shared.locate(self, lanes, addresses, access.size, "atomic", describe)
            self.shared.touch(self, lanes, positions, access.size, "atomic", describe)
            return self.shared.bytes, positions
        if space != "global":
            raise UnsupportedInstructionError(f"{access.instruction}: atomics work on global and shared memory")
        offsets = addresses - GLOBAL_BASE
        span = self.memory.check(offsets, access.size, True, describe)
        if span is None or not span.complete:
            self.memory.require_written(offsets, access.size, describe)
        return self.memory.heap[: self.memory.size // 16 * 16], offsets
