"""Races within a block over global memory that a launch was given as two arguments, such as a result over an input.

Only such memory is looked at: elsewhere a kernel either reads or writes. What blocks do to each other shows when their
order is shuffled.
"""

from typing import Any

import numpy as np

from .errors import GlobalRaceError
from .sharedmemory import MANY, Accesses

CELL = 2
"""Bytes that are told apart: the shortest numbers that kernels store."""
_PHASES = 1 << 16


class GlobalRaces:
    """Who touched what in the memory [start, stop) of each span, as for shared memory."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.spans = [(start, stop, Accesses(-(-(stop - start) // CELL)), Accesses(-(-(stop - start) // CELL)))
                      for start, stop in spans]  # fmt: skip

    def touch(self, machine: Any, lanes: Any, offsets: Any, size: int, store: bool, describe: Any) -> None:
        """Checks and records accesses.

        Raises:
            GlobalRaceError: With the thread and the place.
        """
        if not self.spans:
            return
        offsets = np.broadcast_to(offsets, (lanes.count,))
        block = lanes.compact(machine.block_of_lane)
        thread, warp = lanes.compact(machine.thread_of_lane), lanes.compact(machine.warp_of_lane)
        # A phase of one block is none of another's.
        phase = (block * _PHASES + machine.phase[block]).astype(np.int32)
        who = thread, warp, phase, machine.warp_phase[warp]
        for start, stop, reads, writes in self.spans:
            inside = np.flatnonzero((offsets >= start) & (offsets < stop))
            cells, mine = (offsets[inside] - start) // CELL, tuple(one[inside] for one in who)
            for extra in range(-(-size // CELL) if inside.size else 0):
                for table in (writes, reads) if store else (writes,):
                    self._report(table, cells + extra, mine, inside, store, describe)
                if store:
                    writes.record(cells + extra, *mine)
                else:
                    reads.add(cells + extra, *mine)

    @staticmethod
    def _report(table: Accesses, cells: Any, who: Any, inside: Any, store: bool, describe: Any) -> None:
        bad = table.clash(cells, *who)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            other = int(table.thread[cells[first]])
            whom = "several threads" if other == MANY else f"thread {other}"
            raise GlobalRaceError(
                f"global-memory race: {'store' if store else 'load'} by thread {int(who[0][first])} of what {whom} "
                f"touched with no barrier between {describe(int(inside[first]))}"
            )
