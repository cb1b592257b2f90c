"""What the machine could do at best: a loop that only moves a case's data, and exponentials in a vectorised library.

The loop reads every input and writes every result once, in the order of memory, with ordinary stores into buffers that
were made before, over the same threads as our kernels, and does one addition per array that it reads. No kernel that
reads and writes the same can be faster by more than noise.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from symloss.runtime.threads import SERIAL_BELOW, runner, serial

_CHUNK = 4096
#: Entries of the block of which exponentials are taken again and again: with its results it fits the second cache.
_BLOCK = 1 << 14


def moving(inputs: Sequence[Any], outputs: Sequence[Any], threads: int) -> Callable[[], None]:
    """A function that reads all inputs and writes all outputs once.

    Arrays of one size are moved in one loop, every output of which gets the sum of the inputs; inputs of a size that no
    output has are added up. Outputs are contiguous.
    """
    parts = []
    for size in sorted({array.size for array in [*inputs, *outputs]}):
        read = [np.ascontiguousarray(array).reshape(-1) for array in inputs if array.size == size]
        written = [array.reshape(-1) for array in outputs if array.size == size]
        chunks = -(-size // _CHUNK)
        kernel = _kernel(len(read), len(written), written[0].dtype.name if written else "float64")
        parts.append((kernel, chunks, [*read, *written, np.empty(chunks)]))
    work = sum(array.size for array in inputs)
    run = serial if work < SERIAL_BELOW else runner(threads, {})

    def move() -> None:
        for kernel, chunks, arrays in parts:
            run(kernel, chunks, (), *arrays)

    return move


@functools.cache
def _kernel(reads: int, writes: int, dtype: str) -> Any:
    """Compile the loop for so many arrays."""
    import numba

    sources, targets = [f"a{n}" for n in range(reads)], [f"o{n}" for n in range(writes)]
    lines = [f"def kernel(first, last, {', '.join([*sources, *targets, 'sums'])}):"]
    lines += ["    for chunk in range(first, last):", f"        start = chunk * {_CHUNK}"]
    lines += [f"        {name}_part = {name}[start : start + {_CHUNK}]" for name in [*sources, *targets]]
    lines += ["        total = real(0)", f"        for i in range({(sources + targets)[0]}_part.size):"]
    lines += [f"            total = {' + '.join(['real(0)' if targets else 'total', *_reads(sources)])}"]
    lines += [f"            {name}_part[i] = total" for name in targets]
    lines += ["        sums[chunk] = total"]
    space: dict[str, Any] = {"real": np.dtype(dtype).type}
    exec("\n".join(lines), space)  # the text is made of counts alone
    return numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})(space["kernel"])


def _reads(sources: Sequence[str]) -> list[str]:
    return [f"real({name}_part[i])" for name in sources]


def exponentials(threads: int, dtype: str, seconds: float = 0.3) -> float:
    """Seconds per exponential of NumPy's vectorised exp on blocks that stay in the cache, shared by all threads."""
    blocks = [np.linspace(-10, 10, _BLOCK).astype(dtype) for _ in range(threads)]
    rooms = [np.empty_like(block) for block in blocks]

    def work(number: int, until: float) -> int:
        block, room, done = blocks[number], rooms[number], 0
        while time.perf_counter() < until:
            for _ in range(20):
                np.exp(block, out=room)
            done += 20
        return done

    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            started = time.perf_counter()
            until = started + seconds / 5
            done = sum(pool.map(work, range(threads), [until] * threads))
            best = min(best, (time.perf_counter() - started) / (done * _BLOCK))
    return best


def copying(threads: int, size: int = 1 << 25) -> float:
    """Bytes per second, read and written, of a copy of float32 numbers that no cache holds."""
    source, target = np.ones(size, np.float32), np.zeros(size, np.float32)
    move = moving([source], [target], threads)
    move()
    best = float("inf")
    for _ in range(7):
        started = time.perf_counter()
        move()
        best = min(best, time.perf_counter() - started)
    return 2 * source.nbytes / best
