"""Running the chunks of a kernel on several threads.

A kernel does chunks ``first … last-1``, in workspaces that it is given, and writes one partial result per chunk. So the
result has the same bits however the chunks are shared out. The calling thread works too and never waits for a helper
that has not begun: a call from inside a worker, from many threads at once or after a fork cannot deadlock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from math import prod
from queue import SimpleQueue
from time import perf_counter
from types import FunctionType
from typing import Any

from numpy import empty as _empty

Kernel = Callable[..., Any]

#: Shape and dtype of each array that a kernel works in; every thread has its own.
Spaces = tuple[tuple[Any, Any], ...]

#: Bytes of a cache line.
_LINE = 64

#: Elements (over all inputs) below which a call stays on the calling thread: waking a helper costs about as much as
#: the work that it would take over (docs/architecture.md has the measurement).
SERIAL_BELOW = 1 << 16

#: Seconds of work below which a kernel stays there too, once a call of the same shapes has shown that it is so short:
#: to wake a sleeping processor takes 50 microseconds where there is a hypervisor in between.
SERIAL_SECONDS = 150e-6

#: Blocks per thread: enough to even out an unequal load, few enough that handing them out costs nothing.
_BLOCKS_PER_THREAD = 4

_MOST_THREADS = 256

_queue: SimpleQueue[_Job] = SimpleQueue()
_helpers = 0
_helpers_lock = threading.Lock()


def _after_fork() -> None:
    """The child has none of the parent's threads, and its locks may have been held by one of them."""
    global _queue, _helpers, _helpers_lock
    _queue, _helpers, _helpers_lock = SimpleQueue(), 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _aligned(spaces: Spaces) -> list[Any]:
    """The arrays that a kernel works in, each from the beginning of a cache line on.

    Vectors that lie in two lines cost an element-wise kernel a tenth of its time.
    """
    found = []
    for shape, dtype in spaces:
        size = prod(shape) if isinstance(shape, tuple) else shape
        room = _empty(size + _LINE, dtype)
        begin = -room.__array_interface__["data"][0] % _LINE // room.itemsize
        found.append(room[begin : begin + size].reshape(shape))
    return found


class _Job:
    """One kernel over all its chunks, shared by the caller and whoever helps."""

    __slots__ = (
        "args",
        "blocks",
        "busy",
        "chunks",
        "error",
        "idle",
        "kernel",
        "lock",
        "next",
        "seconds",
        "spaces",
        "waiting",
    )

    def __init__(self, kernel: Kernel, chunks: int, blocks: int, spaces: Spaces, args: tuple[Any, ...]) -> None:
        self.kernel, self.chunks, self.blocks, self.spaces, self.args = kernel, chunks, blocks, spaces, args
        self.next = 0
        self.busy = 0  # helpers inside a block; the caller is not counted, so that an interrupt cannot lose its count
        self.waiting = False
        self.seconds = 0.0  # what all blocks took, on whatever thread
        self.error: BaseException | None = None
        self.lock = threading.Lock()
        self.idle = threading.Lock()
        self.idle.acquire()

    def block(self, number: int) -> float:
        started = perf_counter()
        first = number * self.chunks // self.blocks
        last = (number + 1) * self.chunks // self.blocks
        self.kernel(first, last, *_aligned(self.spaces), *self.args)
        return perf_counter() - started

    def help(self) -> None:
        seconds = 0.0
        while True:
            with self.lock:
                number = self.next
                if number >= self.blocks:
                    return
                self.next = number + 1
                self.busy += 1
            try:
                seconds = self.block(number)
            except BaseException as error:
                with self.lock:
                    self.error = self.error or error
                    self.next = self.blocks
            finally:
                with self.lock:
                    self.seconds += seconds
                    self.busy -= 1
                    if self.waiting and not self.busy:
                        self.waiting = False
                        self.idle.release()

    def run(self) -> None:
        interrupt: BaseException | None = None
        seconds = 0.0
        try:
            while True:
                with self.lock:
                    number = self.next
                    self.next = number + 1
                if number >= self.blocks:
                    break
                seconds += self.block(number)
        except BaseException as error:
            interrupt = error
        # Nobody may still write into the caller's arrays once this call has returned or raised.
        while True:
            try:
                self.settle()
                break
            except BaseException as error:
                interrupt = interrupt or error
        self.args = ()
        self.seconds += seconds
        if interrupt is not None:
            raise interrupt
        if self.error is not None:
            raise self.error

    def settle(self) -> None:
        with self.lock:
            self.next = max(self.next, self.blocks)
            if not self.busy:
                return
            self.waiting = True
        self.idle.acquire()


def _help_forever(queue: SimpleQueue[_Job]) -> None:
    while True:
        job = queue.get()
        job.help()
        del job  # the arrays of the last call must not live until the next one


def _ensure_helpers(wanted: int) -> None:
    global _helpers
    if _helpers >= wanted:
        return
    with _helpers_lock:
        while _helpers < wanted:
            thread = threading.Thread(target=_help_forever, args=(_queue,), name="symloss", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system grants no more threads; those there are do the work
                return
            _helpers += 1


class _Kept(threading.local):
    """The workspaces of a thread's small calls."""

    def __init__(self) -> None:
        self.spaces: dict[Spaces, list[Any]] = {}


_kept = _Kept()

#: Bytes up to which a workspace of small calls is kept, and how many different ones.
_KEPT_BYTES, _MOST_KEPT = 1 << 16, 16


def serial(kernel: Kernel, chunks: int, spaces: Spaces, *args: Any) -> None:
    """Run all chunks of a kernel on the calling thread, in workspaces of earlier calls: for small calls.

    To make two arrays takes a tenth of a call on a thousand elements. A kernel never begins inside another of the same
    thread, and reads of its workspaces what it has written.
    """
    known = _kept.spaces
    made = known.get(spaces)
    if made is None:
        made = [_empty(shape, dtype) for shape, dtype in spaces]
        if len(known) < _MOST_KEPT and sum(array.nbytes for array in made) <= _KEPT_BYTES:
            known[spaces] = made
    kernel(0, chunks, *made, *args)


def alone(kernel: Kernel, chunks: int, spaces: Spaces, *args: Any) -> None:
    """Run all chunks of a kernel on the calling thread."""
    kernel(0, chunks, *_aligned(spaces), *args)


class Threads:
    """``run(kernel, chunks, spaces, *args)`` over a fixed number of threads, the calling one included.

    Gives back the seconds that the chunks took, all threads together.
    """

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        """At most this many threads."""
        self.count = min(count, _MOST_THREADS)

    def __call__(self, kernel: Kernel, chunks: int, spaces: Spaces, *args: Any) -> float:
        """Run all chunks; an exception of any of them is raised here once every thread has let go of the arrays."""
        threads = min(self.count, chunks)
        if threads <= 1:
            alone(kernel, chunks, spaces, *args)
            return 0.0
        job = _Job(kernel, chunks, min(chunks, threads * _BLOCKS_PER_THREAD), spaces, args)
        _ensure_helpers(threads - 1)
        queue = _queue
        for _ in range(threads - 1):
            queue.put(job)
        job.run()
        return job.seconds


class Paced:
    """``run`` for calls of the same shapes, whose short kernels stay on the calling thread.

    How long a kernel takes for so many chunks is what a call has shown; the first call of all, which may compile, is
    followed by a second. Calls of the same shapes differ in chunks where a mask leaves out samples of a whole batch.
    """

    __slots__ = ("_run", "_seconds")

    def __init__(self, run: Callable[..., Any], seconds: dict[tuple[Kernel, int], float]) -> None:
        """Run kernels by ``run``; what each has taken for so many chunks at best is kept in ``seconds``."""
        self._run, self._seconds = run, seconds

    def __call__(self, kernel: Kernel, chunks: int, spaces: Spaces, *args: Any) -> None:
        """Run all chunks of a kernel."""
        if type(kernel) is FunctionType:  # made for this call alone (`InSteps`), or not compiled
            self._run(kernel, chunks, spaces, *args)
            return
        work = kernel, chunks
        known = self._seconds.get(work)
        if known is not None and known < SERIAL_SECONDS:
            alone(kernel, chunks, spaces, *args)
            return
        took = self._run(kernel, chunks, spaces, *args)
        self._seconds[work] = took if known is None else min(known, took)


class FixedOrder:
    """``run`` for drivers that are to make matrix products in an order of their own, which no library decides."""

    __slots__ = ("_run",)

    #: What a driver looks for.
    deterministic = True

    def __init__(self, run: Callable[..., None]) -> None:
        """Run kernels by ``run``."""
        self._run = run

    def __call__(self, kernel: Kernel, chunks: int, spaces: Spaces, *args: Any) -> None:
        """Run all chunks of a kernel."""
        self._run(kernel, chunks, spaces, *args)


_runners: dict[int, Threads] = {}


def runner(threads: int | None, seconds: dict[tuple[Kernel, int], float]) -> Callable[..., None]:
    """How to run kernels that may be worth several threads; ``None`` takes the default number.

    Args:
        threads: how many.
        seconds: what kernels have taken in earlier calls of the same shapes, kept here.
    """
    count = default_threads() if threads is None else threads
    if count == 1:
        return alone
    known = _runners.get(count)
    return Paced(known if known is not None else _runners.setdefault(count, Threads(count)), seconds)


def checked_threads(threads: object) -> int:
    """The ``threads=`` argument as a positive integer.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is not positive.
    """
    if isinstance(threads, bool) or not hasattr(threads, "__index__"):
        raise TypeError(f"threads is {threads!r}, expected a positive integer")
    count: int = threads.__index__()
    if count < 1:
        raise ValueError(f"threads is {count}, expected a positive integer")
    return count


def default_threads() -> int:
    """The number of threads without ``threads=``: SYMLOSS_NUM_THREADS, or the processors this process may use.

    Raises:
        ValueError: the environment variable is not a positive integer.
    """
    text = os.environ.get("SYMLOSS_NUM_THREADS")
    if text:
        if not text.strip().isdecimal() or int(text) < 1:
            raise ValueError(f"the environment variable SYMLOSS_NUM_THREADS is {text!r}, expected a positive integer")
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
