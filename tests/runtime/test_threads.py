"""Threads: the same bits for any number, and no deadlock whoever calls."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from symloss.runtime import threads

RNG = np.random.default_rng(5)
PRED, TARGET = RNG.normal(size=200_000), RNG.normal(size=200_000)


@pytest.fixture(autouse=True)
def long_enough(monkeypatch):
    """No kernel is too short to be shared out."""
    monkeypatch.setattr(threads, "SERIAL_SECONDS", 0.0)


def bits(huber, **options):
    value, grad = huber.value_and_grad(PRED, TARGET, **options)
    return value, grad.tobytes()


def test_the_same_bits_for_any_number_of_threads(huber):
    one = bits(huber, threads=1)
    for count in (2, 3, 7, 64, 1000):
        assert bits(huber, threads=count) == one
    assert bits(huber) == one


def test_large_calls_are_shared_and_small_ones_are_not(huber, monkeypatch):
    seen = []

    def spy(self, kernel, chunks, spaces, *args):
        seen.append(self.count)
        threads.serial(kernel, chunks, spaces, *args)
        return 1.0

    monkeypatch.setattr(threads.Threads, "__call__", spy)
    huber(PRED, TARGET, threads=3)
    assert seen == [3]
    huber(PRED[:1000], TARGET[:1000], threads=3)
    huber(PRED, TARGET, threads=1)
    assert seen == [3]
    monkeypatch.setenv("SYMLOSS_NUM_THREADS", "5")
    huber(PRED, TARGET)
    assert seen == [3, 5]
    monkeypatch.setenv("SYMLOSS_NUM_THREADS", "1")
    huber(PRED, TARGET)
    assert seen == [3, 5]


def test_a_kernel_that_turned_out_short_stays_on_the_calling_thread(monkeypatch):
    monkeypatch.setattr(threads, "SERIAL_SECONDS", 0.05)
    shared, pause = [], [0.1]

    class Kernel:
        def __call__(self, first, last):
            time.sleep(pause[0])

    def run(kernel, chunks, spaces, *args):
        shared.append(chunks)
        return threads.Threads(2)(kernel, chunks, spaces, *args)

    kernel, other, seconds = Kernel(), Kernel(), {}
    threads.Paced(run, seconds)(kernel, 2, ())
    assert seconds[kernel, 2] >= 0.2
    threads.Paced(run, seconds)(kernel, 2, ())
    assert shared == [2, 2], "it is long"
    pause[0] = 0.0
    threads.Paced(run, seconds)(kernel, 2, ())
    threads.Paced(run, seconds)(kernel, 2, ())
    assert shared == [2, 2, 2], "once it has been short, the caller does it alone"
    threads.Paced(run, seconds)(other, 2, ())
    threads.Paced(run, seconds)(kernel, 3, ())
    threads.Paced(run, {})(kernel, 2, ())
    assert len(shared) == 6, "of another kernel, more chunks or other shapes nothing is known"
    threads.Paced(run, seconds)(lambda first, last: None, 2, ())
    assert set(seconds) == {(kernel, 2), (other, 2), (kernel, 3)}, "a function made for one call is not kept"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_bad_environment_variable_is_named(huber, monkeypatch, text):
    monkeypatch.setenv("SYMLOSS_NUM_THREADS", text)
    with pytest.raises(ValueError, match=f"SYMLOSS_NUM_THREADS is '{text}', expected a positive integer"):
        huber(PRED, TARGET)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 7, 100])
def test_every_chunk_is_done_exactly_once(count, chunks):
    done = np.zeros(chunks, int)
    lock = threading.Lock()

    def kernel(first, last, scale):
        with lock:
            done[first:last] += scale

    threads.Threads(count)(kernel, chunks, (), 3)
    np.testing.assert_array_equal(done, 3)


@pytest.mark.parametrize("count", [None, 1, 2])
def test_workspaces_have_the_shapes_asked_for_and_begin_with_a_cache_line(count):
    seen = []

    def kernel(first, last, *spaces):
        seen.extend(spaces)

    run = threads.runner(1, {}) if count is None else threads.Threads(count)
    kept = [np.empty(n, np.float32) for n in range(1, 40)]  # so that not every place is a good one
    run(kernel, 1000, ((7, np.float32), ((3, 5), np.float64), ((2, 256), np.float32)))
    del kept
    shapes = {(space.shape, space.dtype.name) for space in seen}
    assert shapes == {((7,), "float32"), ((3, 5), "float64"), ((2, 256), "float32")}
    assert all(space.flags.carray and space.ctypes.data % 64 == 0 for space in seen)


def test_the_work_is_really_shared():
    workers = set()
    meeting = threading.Barrier(2)

    def kernel(first, last):
        if len(workers) < 2:
            workers.add(threading.get_ident())
            meeting.wait(timeout=30)

    threads.Threads(2)(kernel, 2, ())
    assert len(workers) == 2


def test_an_exception_arrives_after_all_threads_have_let_go():
    running = []

    def kernel(first, last):
        running.append(1)
        try:
            time.sleep(0.002)
            if first <= 3 < last:
                raise RuntimeError("chunk 3")
        finally:
            running.pop()

    for _ in range(5):
        with pytest.raises(RuntimeError, match="chunk 3"):
            threads.Threads(3)(kernel, 12, ())
        assert not running


def test_many_python_threads_at_once(huber):
    expected = bits(huber, threads=1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda count: bits(huber, threads=count), [1, 2, 3, 4] * 6))
    assert all(result == expected for result in results)


def test_a_call_from_inside_a_worker():
    inner = []

    def leaf(first, last):
        inner.extend(range(first, last))

    def kernel(first, last):
        for _ in range(first, last):
            threads.Threads(3)(leaf, 5, ())

    threads.Threads(3)(kernel, 9, ())
    assert sorted(inner) == sorted(list(range(5)) * 9)


def in_child(connection, huber):
    connection.send(bits(huber, threads=3))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_after_fork_even_while_other_threads_work(huber):
    expected = bits(huber, threads=3)
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            huber(PRED, TARGET, threads=2)

    background = threading.Thread(target=busy)
    background.start()
    try:
        context = multiprocessing.get_context("fork")
        for _ in range(3):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=in_child, args=(theirs, huber))
            child.start()
            assert ours.poll(60), "the child hangs"
            assert ours.recv() == expected
            child.join(60)
            assert child.exitcode == 0
    finally:
        stop.set()
        background.join()


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_ctrl_c_ends_a_long_call_between_blocks():
    script = """
import threading, time, os, signal
from symloss.runtime.threads import Threads
active = []
def kernel(first, last):
    active.append(1)
    try:
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            pass
    finally:
        active.pop()
threading.Timer(0.15, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
run = Threads(2)
try:
    for _ in range(200):
        run(kernel, 64, ())
    print("never interrupted")
except KeyboardInterrupt:
    print("interrupted", len(active), time.monotonic() - start < 5)
done = []
run(lambda first, last: done.extend(range(first, last)), 10, ())
print(sorted(done) == list(range(10)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["interrupted 0 True", "True"], done.stderr


def test_arrays_do_not_outlive_their_call():
    import gc
    import weakref

    class Token:
        pass

    token = Token()
    alive = weakref.ref(token)
    threads.Threads(3)(lambda first, last, token: None, 20, (), token)
    del token
    deadline = time.monotonic() + 10
    while alive() is not None and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    assert alive() is None
