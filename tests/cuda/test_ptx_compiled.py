"""Kernels that numba-cuda compiles from Python, executed by the interpreter; and mutants, which it must catch."""

import math
import time

import numpy as np
import pytest

from tests.cuda.ptx import OutOfBoundsError, Output, PtxError, SharedRaceError, run

try:
    from numba import cuda, float32, uint64, void
    from numba.cuda.types import CPointer

    POINTER = CPointer(float32)
    MISSING = "" if cuda.implementation == "NVIDIA" else "numba-cuda is not installed"
except Exception as problem:  # numba-cuda raises a RuntimeError of its own where the CUDA libraries are missing
    MISSING = f"numba-cuda cannot be used: {problem}"

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "numba-cuda is there")
ZERO, LOWEST = np.float32(0), np.float32(-3e38)
BLOCK = 128
STEP = np.uint64(BLOCK)


def compiled(function, name, signature):
    options = {"device": False, "abi": "numba", "abi_info": {"abi_name": name}, "cc": (8, 0), "output": "ptx"}
    return cuda.compile(function, signature, launch_bounds=BLOCK, **options)[0]


def add_exponentials(a, b, c, n):
    i = uint64(cuda.grid(1))
    while i < n:
        c[i] = a[i] + math.exp(b[i])
        i += uint64(cuda.gridsize(1))


def partial_sums(x, out, n):
    shared = cuda.shared.array(4, float32)
    i, t = uint64(cuda.grid(1)), cuda.threadIdx.x
    total = ZERO
    while i < n:
        total += x[i]
        i += uint64(cuda.gridsize(1))
    for k in (16, 8, 4, 2, 1):
        total += cuda.shfl_down_sync(0xFFFFFFFF, total, k)
    if t & 31 == 0:
        shared[t >> 5] = total
    cuda.syncthreads()
    if t == 0:
        out[cuda.blockIdx.x] = shared[0] + shared[1] + shared[2] + shared[3]


def softmax_rows(x, y, width):
    shared = cuda.shared.array(4, float32)
    row, t = uint64(cuda.blockIdx.x) * width, cuda.threadIdx.x
    largest = LOWEST
    i = uint64(t)
    while i < width:
        largest = x[row + i] if x[row + i] > largest else largest
        i += STEP
    for k in (16, 8, 4, 2, 1):
        other = cuda.shfl_xor_sync(0xFFFFFFFF, largest, k)
        largest = other if other > largest else largest
    if t & 31 == 0:
        shared[t >> 5] = largest
    cuda.syncthreads()
    for k in range(4):
        largest = shared[k] if shared[k] > largest else largest
    cuda.syncthreads()
    total = ZERO
    i = uint64(t)
    while i < width:
        total += math.exp(x[row + i] - largest)
        i += STEP
    for k in (16, 8, 4, 2, 1):
        total += cuda.shfl_xor_sync(0xFFFFFFFF, total, k)
    if t & 31 == 0:
        shared[t >> 5] = total
    cuda.syncthreads()
    total = shared[0] + shared[1] + shared[2] + shared[3]
    i = uint64(t)
    while i < width:
        y[row + i] = math.exp(x[row + i] - largest) / total
        i += STEP


@pytest.fixture(scope="module")
def programs():
    return {
        "add": compiled(add_exponentials, "add", void(POINTER, POINTER, POINTER, uint64)),
        "sums": compiled(partial_sums, "sums", void(POINTER, POINTER, uint64)),
        "softmax": compiled(softmax_rows, "softmax", void(POINTER, POINTER, uint64)),
    }


def numbers(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype("f4")


@pytest.mark.parametrize("n", [0, 1, 31, 128, 129, 5000])
def test_elements(programs, n):
    a, b, c = numbers(n), numbers(n) * 5, np.zeros(n, "f4")
    report = run(programs["add"], "add", 3, BLOCK, [a, b, Output(c), np.uint64(n)])
    exact = a.astype("f8") + np.exp(b.astype("f8"))
    # libdevice's expf is documented to 2 ulp; the sum adds half a unit.
    assert (np.abs(c - exact) <= 2.0**-24 * np.abs(exact) + 2.0**-22 * np.exp(b.astype("f8"))).all()
    assert report.loaded["global"] == 8 * n
    assert report.stored["global"] == 4 * n
    assert report.unwritten == {2: 0}
    assert report.count("f64") == 0


@pytest.mark.parametrize("n", [1, 127, 1000, 40000])
def test_sums_have_the_same_bits_in_every_order(programs, n):
    x = numbers(n)
    answers = []
    for seed in (None, 1, 2):
        out = np.zeros(7, "f4")
        run(programs["sums"], "sums", 7, BLOCK, [x, Output(out), np.uint64(n)], order_seed=seed, batch=256)
        answers.append(out.tobytes())
    assert len(set(answers)) == 1
    assert abs(out.astype("f8").sum() - x.astype("f8").sum()) <= 20 * 2.0**-24 * np.abs(x.astype("f8")).sum()


@pytest.mark.parametrize("width", [1, 33, 128, 1000])
def test_softmax(programs, width):
    x, y = numbers(9, width), np.zeros((9, width), "f4")
    report = run(programs["softmax"], "softmax", 9, BLOCK, [x, Output(y), np.uint64(width)], order_seed=3)
    exact = np.exp(x.astype("f8") - x.max(1, keepdims=True))
    exact /= exact.sum(1, keepdims=True)
    assert np.abs(y / exact - 1).max() < 10 * 2.0**-23
    assert report.barriers == 27


def without(text, what, which):
    """The text without the n-th occurrence of a line that begins like this."""
    lines = text.splitlines()
    places = [k for k, line in enumerate(lines) if line.strip().startswith(what)]
    del lines[places[which]]
    return "\n".join(lines)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_dropped_barrier_is_a_race(programs, which):
    x, y = numbers(4, 300), np.zeros((4, 300), "f4")
    with pytest.raises(SharedRaceError):
        run(without(programs["softmax"], "bar.sync", which), "softmax", 4, BLOCK, [x, Output(y), np.uint64(300)])


def test_a_wrong_shuffle_offset_changes_the_result(programs):
    x, y = numbers(4, 300), np.zeros((4, 300), "f4")
    lines = programs["softmax"].splitlines()
    places = [k for k, line in enumerate(lines) if "shfl.sync.bfly" in line]
    # The maximum only scales, so a wrong one hides; each of the five shuffles of the sum matters.
    places = [k for k in places if any("add.f32" in line for line in lines[k : k + 3])]
    assert len(places) == 5
    exact = np.exp(x.astype("f8") - x.max(1, keepdims=True))
    exact /= exact.sum(1, keepdims=True)
    # Each offset becomes its neighbour's: 3 for 2 would still reach every lane once, and be right.
    for place, wrong in zip(places, (8, 4, 2, 1, 2), strict=True):
        mutant = list(lines)
        head, _, *rest = mutant[place].rsplit(", ", 3)
        mutant[place] = ", ".join([head, str(wrong), *rest])
        run("\n".join(mutant), "softmax", 4, BLOCK, [x, Output(y), np.uint64(300)])
        assert np.abs(y / exact - 1).max() > 1e-3, lines[place]


def test_an_off_by_one_bound_leaves_the_buffer(programs):
    for n in (100, 1000):
        a, c = numbers(n), np.zeros(n, "f4")
        with pytest.raises(OutOfBoundsError):
            run(programs["add"], "add", 3, BLOCK, [a, a, Output(c), np.uint64(n + 1)])
        report = run(programs["add"], "add", 3, BLOCK, [a, a, Output(c), np.uint64(n - 1)])
        assert report.unwritten == {2: 4}


def test_a_shuffle_inside_a_branch_is_caught(programs):
    """A guard before the first shuffle sends one warp's upper half past it."""
    lines = programs["sums"].splitlines()
    place = next(k for k, line in enumerate(lines) if "shfl.sync.down" in line)
    lines.insert(place, "{ .reg .b32 t; .reg .pred q; mov.u32 t, %tid.x; setp.eq.u32 q, t, 40; @q ret; }")
    with pytest.raises(PtxError, match="lanes 8 are named in the member mask but never come"):
        run("\n".join(lines), "sums", 1, BLOCK, [numbers(500), np.zeros(1, "f4"), np.uint64(500)])


def test_large_vectors_are_fast(programs):
    """The aim is 30 million thread-instructions a second; a busy machine is given room."""
    n = 1 << 19
    a, c = numbers(n), np.zeros(n, "f4")
    best = 0.0
    for _ in range(3):
        start = time.perf_counter()
        report = run(programs["add"], "add", 1024, BLOCK, [a, a, Output(c), np.uint64(n)])
        best = max(best, report.instructions / (time.perf_counter() - start))
    assert best > 10e6
