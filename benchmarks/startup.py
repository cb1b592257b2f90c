"""From nothing to a first result, and what a small call costs over an empty Numba function."""

import tempfile
from pathlib import Path
from statistics import median

import numba
from cases import inputs
from measuring import figure, in_fresh_process, interleaved, show

import symloss

# One of each shape: element-wise, with transcendental functions, rows, boxes, pairs of rows.
REPRESENTATIVE = ("huber", "bce_with_logits", "softmax_cross_entropy", "giou", "info_nce")
SMALL = ("mse", "huber", "bce_with_logits")

IMPORT = """
import sys, time, json
started = time.perf_counter()
import numpy, numba
halfway = time.perf_counter()
import symloss
from symloss import load
ended = time.perf_counter()
assert "sympy" not in sys.modules
print(json.dumps([halfway - started, ended - halfway]))
"""

FIRST_CALL = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import numba, numpy, symloss
from symloss import load
from cases import calling, inputs
name, entry = sys.argv[2:]
arrays = inputs(name, 64)
started, worked = time.perf_counter(), time.process_time()
calling(load(name), entry, arrays)()
seconds = [time.perf_counter() - started, time.process_time() - worked]
assert "sympy" not in sys.modules
print(json.dumps(seconds))
"""

EMPTY = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import numba, numpy
arrays = [numpy.zeros(64, numpy.float32)] * 2
started = time.perf_counter()
import empty
empty.function(*arrays)
print(json.dumps(time.perf_counter() - started))
"""

EMPTY_MODULE = """import numba


@numba.njit(cache=True)
def function(pred, target):
    return 0.0
"""


def importing(rounds=7):
    """``import symloss`` over importing NumPy and Numba."""
    pairs = [in_fresh_process(IMPORT) for _ in range(rounds)]
    base, extra = (median(pair[part] for pair in pairs) for part in (0, 1))
    return {
        "import symloss over NumPy and Numba": figure(extra, "s", 0.3),
        "the same over the time that NumPy and Numba take": figure(extra / base, "times"),
    }


def first_calls(here, names=REPRESENTATIVE, entry="value_and_grad", rounds=5):
    """Loading a loss and calling it once, from source and from machine code on disk."""
    figures = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "empty.py").write_text(EMPTY_MODULE, encoding="utf-8")
            environment = {"NUMBA_CACHE_DIR": f"{folder}/numba"}
            empty_cold = in_fresh_process(EMPTY, folder, environment=environment)
            cold, worked = in_fresh_process(FIRST_CALL, here, name, entry, environment=environment)
            warm, empty = [], []
            for _ in range(rounds):
                warm.append(in_fresh_process(FIRST_CALL, here, name, entry, environment=environment)[0])
                empty.append(in_fresh_process(EMPTY, folder, environment=environment))
        figures[f"{name}: load and first call, cold"] = figure(
            cold, "s", 2, processor_seconds=round(worked, 2), times_an_empty_function=round(cold / empty_cold, 1)
        )
        over = median(warm) - median(empty)
        figures[f"{name}: load and first call from disk, over an empty one"] = figure(over, "s", 0.15)
    return figures


def small_calls(rounds=15):
    """A call on 1 000 elements over an empty Numba function of two arrays."""

    @numba.njit
    def empty(pred, target):
        return 0.0

    figures = {}
    for name in SMALL:
        loss, arrays = symloss.load(name), inputs(name, 1000)
        room = arrays[0].copy()
        found = interleaved(
            {
                "empty": lambda arrays=arrays: empty(*arrays),
                "value": lambda loss=loss, arrays=arrays: loss(*arrays),
                "value_and_grad": lambda loss=loss, arrays=arrays: loss.value_and_grad(*arrays),
                "out": lambda loss=loss, arrays=arrays, room=room: loss.value_and_grad(*arrays, out=room),
            },
            rounds,
            least_seconds=0.01,
        )
        base = found["empty"]
        figures[f"{name} on 1 000 elements, over an empty Numba call"] = figure((found["value"] - base) * 1e6, "µs", 10)
        figures[f"{name} with gradient, over an empty Numba call"] = figure(
            (found["value_and_grad"] - base) * 1e6, "µs", 10
        )
        figures[f"{name} with gradient into out="] = figure((found["out"] - base) * 1e6, "µs")
    return figures


def main():
    """Measure and print; returns the figures."""
    figures = importing() | first_calls(str(Path(__file__).resolve().parent)) | small_calls()
    show("start-up", figures)
    return figures


if __name__ == "__main__":
    main()
