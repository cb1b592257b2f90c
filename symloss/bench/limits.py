"""What the machine could do at best: parts of a call alone, and exponentials in a vectorised library.

A loop that only moves the data reads every input and writes every result once, in the order of memory, with ordinary
stores into buffers that were made before, over the same threads as our kernels, and does one addition per array that
it reads. No kernel that reads and writes the same can be faster by more than noise. Adding up and products of matrices
are done by the code and on the shapes that the call itself uses.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np

from symloss.runtime.threads import SERIAL_BELOW, runner, serial

#: Entries that a thread takes at a time.
CHUNK = 4096
#: Entries that are added up at a time: the block of the kernels (`_add_onto_lanes`).
_ADDED = 256
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
        chunks = -(-size // CHUNK)
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
    lines += ["    for chunk in range(first, last):", f"        start = chunk * {CHUNK}"]
    lines += [f"        {name}_part = {name}[start : start + {CHUNK}]" for name in [*sources, *targets]]
    lines += ["        total = real(0)", f"        for i in range({(sources + targets)[0]}_part.size):"]
    lines += [f"            total = {' + '.join(['real(0)' if targets else 'total', *_reads(sources)])}"]
    lines += [f"            {name}_part[i] = total" for name in targets]
    lines += ["        sums[chunk] = total"]
    space: dict[str, Any] = {"real": np.dtype(dtype).type}
    exec("\n".join(lines), space)  # the text is made of counts alone
    return numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "contract"})(space["kernel"])


def _reads(sources: Sequence[str]) -> list[str]:
    return [f"real({name}_part[i])" for name in sources]


def adding(module: ModuleType, count: int, dtype: str, threads: int) -> Callable[[], None] | None:
    """A function that adds up so many numbers in the cache as a loss's kernels do; None where they do it otherwise."""
    if not hasattr(module, "_add_onto_lanes"):
        return None
    kernel = additions(module._add_onto_lanes)
    run = serial if count < SERIAL_BELOW else runner(threads, {})
    spaces = (((_ADDED,), np.dtype(dtype).type), ((32,), np.float64))
    return lambda: run(kernel, -(-count // CHUNK), spaces)


@functools.cache
def additions(add: Any) -> Any:
    """Compile a kernel that adds one block onto lanes, again and again for every chunk."""
    import numba

    def kernel(first: int, last: int, block: Any, lanes: Any) -> None:
        for _ in range(first, last):
            for _ in range(0, CHUNK, _ADDED):
                add(block, lanes, _ADDED)

    return numba.njit(nogil=True, error_model="numpy")(kernel)


def products(module: ModuleType, call: Callable[[], Any]) -> Callable[[], None] | None:
    """A function that multiplies the matrices that a call multiplies, and does nothing else; None where there are none.

    Args:
        module: the generated one.
        call: is made once, to see what it multiplies.
    """
    found: list[tuple[Any, Any, Any]] = []
    multiply = getattr(module, "_matrix_product", None)

    def noted(run: Any, left: Any, right: Any, out: Any, adds: bool = False) -> None:
        found.append((left, right, np.empty_like(out) if adds else out))
        multiply(run, left, right, out, adds)  # type: ignore[misc]

    if multiply is not None:
        module._matrix_product = noted  # type: ignore[attr-defined]
        try:
            call()
        finally:
            module._matrix_product = multiply  # type: ignore[attr-defined]

    def multiplied() -> None:
        for left, right, out in found:
            np.matmul(left, right, out=out)

    return multiplied if found else None


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
