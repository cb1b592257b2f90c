"""`run`: launch a kernel of a PTX text."""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np

from . import approximate, arithmetic, atomic, bits, carry, comparison, conversion, movement, warp
from .arguments import Arguments
from .blocks import Block, build
from .compiler import Compiler
from .errors import ArgumentError
from .globalmemory import GlobalMemory
from .inlining import inlined
from .layout import Layout
from .machine import Launch, Machine
from .parser import parse
from .program import Entry
from .report import Report
from .scheduler import Scheduler
from .types import COMPUTE

INSTRUCTIONS = (approximate, arithmetic, atomic, bits, carry, comparison, conversion, movement, warp)
"""Importing these registers what the interpreter can execute."""
BATCH = 1 << 16
"""Threads at a time: enough that NumPy's overhead per call vanishes, few enough that registers stay in cache."""
Size = int | tuple[int, ...]


def _three(size: Size, what: str) -> tuple[int, int, int]:
    values = (size,) if isinstance(size, int | np.integer) else tuple(size)
    if not 1 <= len(values) <= 3 or any(value < 1 for value in values):
        raise ArgumentError(f"{what} must be one to three positive numbers, not {size!r}")
    x, y, z = (*map(int, values), 1, 1)[:3]
    return x, y, z


@lru_cache(maxsize=32)
def _prepared(ptx: str, entry: str, shared_bytes: int) -> tuple[Entry, Layout]:
    """A kernel without calls, and where its variables lie; those of the module still have no addresses."""
    module = parse(ptx)
    if entry not in module.entries:
        raise ArgumentError(f"there is no entry {entry}; there are: {', '.join(module.entries) or 'none'}")
    kernel = inlined(module, module.entries[entry])
    return kernel, Layout(module, kernel, shared_bytes)


@lru_cache(maxsize=32)
def _translated(ptx: str, entry: str, shared_bytes: int, addresses: tuple[tuple[str, int], ...]) -> dict[int, Block]:
    """The steps of a kernel, which know the addresses of variables and nothing else of a launch.

    To translate a kernel takes several times as long as to run it on a small array, and most are run more than once.
    """
    kernel, layout = _prepared(ptx, entry, shared_bytes)
    known = copy(layout)
    known.addresses = dict(addresses)
    return build(kernel, Compiler(kernel, known, parse(ptx).undefined))


def _cell(entry: Entry) -> int:
    """The smallest element that the program moves in memory that may be shared."""
    sizes = [
        COMPUTE[instruction.parts[-1]].itemsize
        for instruction in entry.instructions
        if instruction.parts[0] in ("ld", "st", "atom", "red")
        and instruction.parts[-1] in COMPUTE
        and not {"global", "param", "local", "const"} & set(instruction.parts)
    ]
    return min([4, *sizes])


def run(
    ptx: str,
    entry: str,
    grid: Size,
    block: Size,
    arguments: Sequence[Any],
    *,
    shared_bytes: int = 0,
    order_seed: int | None = None,
    only: Sequence[int] | None = None,
    limit: int = 2_000_000,
    batch: int = BATCH,
    approximation: str = "documented",
) -> Report:
    """Executes a kernel; arrays among the arguments are modified in place.

    Args:
        ptx: The text of the module.
        entry: The name of the kernel.
        grid: Number of blocks: a number, or up to three.
        block: Threads of a block: a number, or up to three.
        arguments: One for each parameter. An array passes its address (views of one array share its memory, and a
            kernel may touch only the bytes of the views it was given); `Output(array)` the same, but what it holds is
            poison until written; `Before(array, n)` the address n elements before it; `Pointers([...])` a buffer of
            addresses; `NumbaArray(array)` the words numba makes of an array; `bytes` a structure; a Python or NumPy
            number itself. Read-only arrays may not be stored to.
        shared_bytes: Dynamic shared memory.
        order_seed: Blocks run in an order shuffled by this seed; None runs them in order.
        only: Numbers of the blocks to run, as if the others took no time; None runs them all.
        limit: Steps (instructions, each for many threads at once) after which a batch of blocks is given up.
        batch: Threads that are executed at a time, at least one block.
        approximation: "documented" moves results of approximate instructions within their documented error,
            "nearest" rounds the true value.

    Returns:
        The counts of what was executed and moved.

    Raises:
        PtxError: One of its kinds, for every fault of the program, launch or text.
    """
    kernel, layout = _prepared(ptx, entry, shared_bytes)
    if approximation not in ("documented", "nearest"):
        raise ArgumentError(f'approximation must be "documented" or "nearest", not {approximation!r}')
    grid3, block3 = _three(grid, "grid"), _three(block, "block")
    threads = block3[0] * block3[1] * block3[2]
    _check_threads(kernel, threads)
    report = Report()
    memory = GlobalMemory()
    passed = Arguments(memory)
    addresses = passed.constants(layout.constants)
    parameters = passed.encode(kernel, arguments)
    blocks = _translated(ptx, entry, shared_bytes, tuple(addresses.items()))
    memory.freeze()
    launch = Launch(
        kernel,
        grid3,
        block3,
        memory,
        parameters,
        report,
        shared=layout.shared,
        dynamic_shared=shared_bytes,
        local=layout.local,
        cell=_cell(kernel),
        documented=approximation == "documented",
    )
    order = np.arange(grid3[0] * grid3[1] * grid3[2]) if only is None else np.array(only)
    if order_seed is not None:
        order = np.random.default_rng(order_seed).permutation(order)
    each = max(1, batch // (-(-threads // 32) * 32))
    with np.errstate(all="ignore"):
        for start in range(0, len(order), each):
            machine = Machine(launch, order[start : start + each])
            report.steps += Scheduler(machine, blocks, len(kernel.instructions), limit).run()
    report.unwritten = passed.unwritten()
    passed.copy_back()
    return report


def _check_threads(kernel: Entry, threads: int) -> None:
    if threads > 1024:
        raise ArgumentError(f"a block has at most 1024 threads, not {threads}")
    if kernel.required_threads not in (None, threads):
        raise ArgumentError(f"{kernel.name} must be launched with {kernel.required_threads} threads, not {threads}")
    if kernel.most_threads is not None and threads > kernel.most_threads:
        raise ArgumentError(f"{kernel.name} takes at most {kernel.most_threads} threads a block, not {threads}")
