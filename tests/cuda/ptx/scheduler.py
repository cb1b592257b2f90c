"""Who runs next.

Threads stand at basic blocks. The block that comes first in the program runs next, for every thread that stands at
it; so branches join again where the program's paths do. Threads at a block barrier wait until their whole block is
there; threads at a warp-synchronous instruction wait until all the lanes it names are. When all who are left wait,
and nobody can go on, the program is wrong, and the error says who waits where.
"""

from typing import Any

import numpy as np

from .blocks import Block
from .errors import DivergenceError, StepLimitError, TrapError
from .lanes import Lanes
from .warp import ballot


class Scheduler:
    """Runs the basic blocks of one batch on a machine."""

    def __init__(self, machine: Any, blocks: dict[int, Block], end: int, limit: int) -> None:
        self.machine = machine
        self.blocks = blocks
        self.end = end
        self.limit = limit
        self.ready: dict[int, Lanes] = {}
        self.parked: dict[int, Lanes] = {}
        self.waiting: dict[int, Lanes] = {}
        self.steps = 0

    def run(self) -> int:
        """Runs until all threads have left; returns the number of steps.

        Raises:
            DivergenceError: Threads wait for others that cannot come.
            StepLimitError: More steps than allowed.
        """
        exists = self.machine.exists
        self.add(0, Lanes(exists.size, None if exists.all() else exists))
        while True:
            while self.ready:
                position = min(self.ready)
                lanes = self.ready.pop(position)
                self.execute(self.blocks[position], lanes)
            if not self.waiting and not self.parked:
                return self.steps
            self.release()

    def add(self, position: int, lanes: Lanes | None) -> None:
        """Lets threads stand at a position; past the end they have left."""
        if lanes is None:
            return
        if position < 0 or position >= self.end:
            return
        already = self.ready.get(position)
        self.ready[position] = lanes if already is None else already.union(lanes)

    def execute(self, block: Block, lanes: Lanes) -> None:
        """Runs a block for threads that stand at it and moves them on."""
        machine = self.machine
        self.steps += len(block.steps) + 1
        if self.steps > self.limit:
            instruction = machine.entry.instructions[block.start]
            raise StepLimitError(f"more than {self.limit} steps; the program is at {instruction}")
        if block.members is not None:
            if block.guard is not None:
                taking, rest = lanes.split(block.guard(machine))
                self.add(block.stop, rest)
                if taking is None:
                    return
                lanes = taking
            together = self.meet(block, lanes)
            if together is None:
                return
            lanes = together
        for instruction, guard, step in block.steps:
            if guard is None:
                machine.count(instruction, lanes.count)
                step(machine, lanes)
                continue
            chosen = lanes.split(guard(machine))[0]
            if chosen is not None:
                machine.count(instruction, chosen.count)
                step(machine, chosen)
        self.leave(block, lanes)

    def leave(self, block: Block, lanes: Lanes) -> None:
        """Moves threads to where a block's last instruction sends them."""
        ending = block.ending
        if ending is None:
            self.add(block.stop, lanes)
            return
        chosen: Lanes | None = lanes
        if block.guard is not None:
            chosen, rest = lanes.split(block.guard(self.machine))
            self.add(block.stop, rest)
        if chosen is None:
            return
        self.machine.count(ending, chosen.count)
        if ending.parts[0] == "trap":
            raise TrapError(f"{self.machine.describe(chosen, ending)(0)}")
        if block.barrier:
            already = self.waiting.get(block.start)
            self.waiting[block.start] = chosen if already is None else already.union(chosen)
        else:
            self.add(block.label, chosen)

    # -- warp-synchronous instructions

    def meet(self, block: Block, lanes: Lanes) -> Lanes | None:
        """The threads whose partners are all at this instruction; the others are parked."""
        assert block.members is not None
        machine = self.machine
        parked = self.parked.pop(block.start, None)
        if parked is not None:
            lanes = lanes.union(parked)
        wanted = block.members(machine)
        if lanes.full and (wanted == np.uint32(0xFFFF_FFFF)).all():
            return lanes
        active = lanes.as_mask()
        wanted = np.broadcast_to(wanted, active.shape)
        named = (wanted >> machine.lane.astype(np.uint32)) & np.uint32(1)
        if (active & (named == 0)).any():
            first = int(np.flatnonzero((named == 0)[active])[0])
            raise DivergenceError(
                f"the member mask does not name the lane itself {machine.describe(lanes, block.steps[0][0])(first)}"
            )
        present = np.repeat(ballot(active), 32)
        complete, rest = lanes.split((present & wanted) == wanted)
        if rest is not None:
            self.parked[block.start] = rest
        return complete

    # -- block barriers

    def release(self) -> None:
        """Lets through the blocks whose threads all wait at one barrier.

        Raises:
            DivergenceError: Some thread waits in vain.
        """
        machine = self.machine
        if self.parked:
            position = min(self.parked)
            self._missing(position, self.parked[position])
        present = {position: machine.per_block(lanes) for position, lanes in self.waiting.items()}
        total = sum(present.values())
        stuck = (total > 0) & (total < machine.threads)
        for count in present.values():
            stuck |= (count > 0) & (count < machine.threads)
        if stuck.any():
            self._stuck(int(np.flatnonzero(stuck)[0]), present)
        machine.phase[total > 0] += 1
        machine.report.barriers += int(np.count_nonzero(total > 0))
        waiting, self.waiting = self.waiting, {}
        for position, lanes in waiting.items():
            self.add(self.blocks[position].stop, lanes)

    def _stuck(self, block: int, present: dict[int, Any]) -> None:
        machine = self.machine
        places = [
            f"{int(count[block])} at {machine.entry.instructions[position]}"
            for position, count in present.items()
            if count[block]
        ]
        gone = machine.threads - sum(int(count[block]) for count in present.values())
        left = f", {gone} have left" if gone else ""
        raise DivergenceError(
            f"the threads of block {machine.block_name(block)} do not meet at one barrier: {', '.join(places)}{left}"
        )

    def _missing(self, position: int, lanes: Lanes) -> None:
        machine = self.machine
        block = self.blocks[position]
        assert block.members is not None
        wanted = int(np.broadcast_to(block.members(machine), machine.width)[lanes.index[0]])
        there = int(np.repeat(ballot(lanes.as_mask()), 32)[lanes.index[0]])
        missing = wanted & ~there
        names = [str(lane) for lane in range(32) if missing >> lane & 1]
        raise DivergenceError(
            f"lanes {', '.join(names)} are named in the member mask but never come "
            f"{machine.describe(lanes, block.steps[0][0])(0)}"
        )
