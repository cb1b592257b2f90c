"""Which steps can run for some samples at a time, so that no array over pairs of samples is ever whole.

Of a matrix of similarities a kernel needs the rows of its own samples, and a product with its derivative those rows
once more: a product that fills some rows, the kernel over them, and products that read them follow each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from symloss.emit.numba_cpu.in_place import reads_whole
from symloss.lowering.schedule import Kernel, MatrixProduct, Schedule
from symloss.program import Program


@dataclass(frozen=True)
class Tiling:
    """The steps ``before`` a kernel fill the rows of ``arrays``, those ``after`` read them.

    Products that sum over the samples add onto their target from the second tile on.
    """

    before: tuple[MatrixProduct, ...]
    kernel: Kernel
    after: tuple[MatrixProduct, ...]
    arrays: frozenset[str]

    @property
    def steps(self) -> list[Kernel | MatrixProduct]:
        """All of them, in order."""
        return [*self.before, self.kernel, *self.after]


def tiling(schedule: Schedule, outputs: Collection[str]) -> Tiling | None:
    """The steps between which all arrays over pairs of samples live, if they are such steps; else None.

    Args:
        schedule: all that runs for one entry point.
        outputs: the caller's arrays, which are whole.
    """
    program, steps = schedule.program, schedule.steps
    arrays = frozenset(name for name, axes in schedule.buffers.items() if _over_pairs(program, axes))
    using = [number for number, step in enumerate(steps) if arrays & _names(step)]
    if not using or using != list(range(using[0], using[-1] + 1)) or arrays & set(outputs):
        return None
    own = steps[using[0] : using[-1] + 1]
    places = [place for place, step in enumerate(own) if isinstance(step, Kernel)]
    place = places[0] if places else 0
    kernel = own[place]
    if len(places) != 1 or not isinstance(kernel, Kernel) or not isinstance(own[0], MatrixProduct):
        return None
    before = tuple(step for step in own[:place] if isinstance(step, MatrixProduct))
    after = tuple(step for step in own[place + 1 :] if isinstance(step, MatrixProduct))
    if not _by_rows(kernel, program, arrays, outputs):
        return None
    filled = all(
        step.target in arrays and not step.transpose_left and not arrays & {step.left, step.right} for step in before
    )
    emptied = all(
        step.left in arrays
        and not arrays & {step.right, step.target}
        and not (step.transpose_left and step.transpose_right)
        for step in after
    )
    read = {name for step in before for name in (step.left, step.right)} | {step.right for step in after}
    written = {argument.name for argument in kernel.arguments if argument.written} | {step.target for step in after}
    results = {result.name for result in kernel.row_results} | {result.name for result in kernel.vector_results}
    taken_in = {argument.name for argument in kernel.arguments if not argument.written}
    if not (filled and emptied) or read & (written | results) or {step.target for step in after} & taken_in:
        return None
    summed, by_rows = ({step.target for step in after if step.transpose_left is sums} for sums in (True, False))
    return None if summed & by_rows else Tiling(before, kernel, after, arrays)


def _over_pairs(program: Program, axes: tuple[str, ...]) -> bool:
    """Whether an array has a row of samples for every sample."""
    return len(axes) == 2 and all(program.axes[program.root(axis)].kind == "batch" for axis in axes)


def _names(step: Kernel | MatrixProduct) -> set[str]:
    if isinstance(step, MatrixProduct):
        return {step.target, step.left, step.right}
    return {argument.name for argument in step.arguments}


def _by_rows(kernel: Kernel, program: Program, arrays: Collection[str], outputs: Collection[str]) -> bool:
    """Whether a kernel reaches of the arrays the rows of its own samples only, and writes besides a number for each.

    A larger array may have taken over the memory of what products of later tiles read.
    """
    for argument in kernel.arguments:
        if argument.name in arrays:
            if not argument.chunked or argument.axes[0] != kernel.axis or reads_whole(kernel, argument.name):
                return False
        elif argument.written and (argument.name in outputs or len(argument.axes) > 1):
            return False
    return kernel.axis is not None and not kernel.element_wise(program)
