"""Shared memory of a batch of blocks, with what is needed to find races.

For every cell (as small as the smallest access in the program) it is recorded which thread wrote last and which
read last, in which phase of the block (phases end at block barriers) and of the warp (at full warp barriers). Two
accesses clash if one is a write, the threads differ, the block phases are equal, and they are not of one warp in
different warp phases. Lockstep of a warp is not taken for granted, as it is not on devices since Volta.
"""

from typing import Any

import numpy as np

from .errors import OutOfBoundsError, SharedRaceError, UninitialisedReadError
from .globalmemory import POISON

NOBODY = -1
MANY = -2


class Accesses:
    """The last access of one kind to every cell."""

    def __init__(self, cells: int) -> None:
        self.thread = np.full(cells, NOBODY, np.int32)
        self.warp = np.full(cells, NOBODY, np.int32)
        self.phase = np.full(cells, -1, np.int32)
        self.warp_phase = np.full(cells, -1, np.int32)

    def clash(self, cells: Any, thread: Any, warp: Any, phase: Any, warp_phase: Any) -> Any:
        """Where an access by a thread meets a recorded one that nothing orders before it."""
        same_phase = (self.phase[cells] == phase) & (self.thread[cells] != thread)
        return same_phase & ~((self.warp[cells] == warp) & (self.warp_phase[cells] < warp_phase))

    def record(self, cells: Any, thread: Any, warp: Any, phase: Any, warp_phase: Any) -> None:
        """Replaces the records; the cells must be distinct."""
        self.thread[cells] = thread
        self.warp[cells] = warp
        self.phase[cells] = phase
        self.warp_phase[cells] = warp_phase

    def add(self, cells: Any, thread: Any, warp: Any, phase: Any, warp_phase: Any) -> None:
        """Adds readers: several in one phase become MANY, of one warp if they are."""
        order = np.lexsort((thread, cells))
        cells, thread, warp, phase, warp_phase = (x[order] for x in (cells, thread, warp, phase, warp_phase))
        first = np.r_[True, cells[1:] != cells[:-1]]
        start = np.flatnonzero(first)
        stop = np.r_[start[1:], cells.size] - 1
        some = cells[start]
        who = np.where(thread[start] == thread[stop], thread[start], MANY)
        of = np.where(warp[start] == warp[stop], warp[start], MANY)
        current = self.phase[some] == phase[start]
        who = np.where(current & (self.thread[some] != who), MANY, who)
        of = np.where(current & (self.warp[some] != of), MANY, of)
        latest = np.where(current, np.maximum(self.warp_phase[some], warp_phase[start]), warp_phase[start])
        self.record(some, who, of, phase[start], latest)


class SharedMemory:
    """`size` bytes for each of `blocks` blocks."""

    def __init__(self, blocks: int, size: int, cell: int) -> None:
        self.size = size
        self.stride = max(16, -(-size // 16) * 16)
        self.bytes = np.full(blocks * self.stride, POISON, np.uint8)
        self.cell = cell
        cells = blocks * self.stride // cell
        self.initialised = np.zeros(cells, np.bool_)
        self.writes = Accesses(cells)
        self.reads = Accesses(cells)
        self.atomics = Accesses(cells)

    def locate(self, machine: Any, lanes: Any, addresses: np.ndarray, size: int, what: str, describe: Any) -> Any:
        """Byte positions in the batch's shared memory.

        Raises:
            OutOfBoundsError: An access past the block's shared memory.
        """
        bad = (addresses < 0) | (addresses + size > self.size)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise OutOfBoundsError(
                f"{what} of {size} bytes at shared address {int(addresses[first])}, "
                f"of {self.size} bytes of shared memory {describe(first)}"
            )
        return addresses + lanes.compact(machine.block_of_lane) * self.stride

    def touch(self, machine: Any, lanes: Any, positions: Any, size: int, kind: str, describe: Any) -> None:
        """Checks and records accesses; kind is load, store or atomic.

        Raises:
            SharedRaceError, UninitialisedReadError: With the thread and the place.
        """
        thread, warp = (lanes.compact(x) for x in (machine.thread_of_lane, machine.warp_of_lane))
        phase = machine.phase[lanes.compact(machine.block_of_lane)]
        warp_phase = machine.warp_phase[warp]
        cells = positions // self.cell
        for extra in range(max(1, size // self.cell)):
            self._touch_cells(cells + extra, thread, warp, phase, warp_phase, kind, describe)

    def _touch_cells(
        self, cells: Any, thread: Any, warp: Any, phase: Any, warp_phase: Any, kind: str, describe: Any
    ) -> None:
        who = thread, warp, phase, warp_phase
        if kind != "store" and not self.initialised[cells].all():
            first = int(np.flatnonzero(~self.initialised[cells])[0])
            raise UninitialisedReadError(f"{kind} of shared memory that nothing has written {describe(first)}")
        against = {
            "load": (self.writes, self.atomics),
            "store": (self.writes, self.reads, self.atomics),
            "atomic": (self.writes, self.reads),
        }[kind]
        for table in against:
            self._report(table.clash(cells, *who), table, cells, kind, thread, describe)
        if kind == "load":
            self.reads.add(cells, *who)
        elif kind == "atomic":
            self.atomics.add(cells, *who)
        else:
            order = np.argsort(cells, kind="stable")
            twice = np.flatnonzero(cells[order][1:] == cells[order][:-1])
            if twice.size:
                one, two = order[twice[0]], order[twice[0] + 1]
                raise SharedRaceError(
                    f"threads {thread[one]} and {thread[two]} store to the same place of shared memory "
                    f"in one instruction {describe(int(two))}"
                )
            self.writes.record(cells, *who)
            self.initialised[cells] = True

    @staticmethod
    def _report(bad: Any, table: Accesses, cells: Any, kind: str, thread: Any, describe: Any) -> None:
        if not bad.any():
            return
        first = int(np.flatnonzero(bad)[0])
        other = int(table.thread[cells[first]])
        whom = "several threads" if other == MANY else f"thread {other}"
        raise SharedRaceError(
            f"shared-memory race: {kind} by thread {int(thread[first])} of what {whom} touched "
            f"with no barrier between {describe(first)}"
        )
