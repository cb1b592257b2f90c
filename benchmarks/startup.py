"""From nothing to a first result: importing symloss, and the first call of every shipped loss.

Seconds are those of the processor, in a fresh process: what one thread takes on an idle machine, whatever else runs.
What NumPy and Numba take to be imported is not counted.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from cases import CASES
from measuring import figure, in_fresh_process, show

from symloss.runtime.locations import generated_folder

COLD, FROM_DISK = 2, 0.15

#: A cold first call near its limit is measured again, up to so many times; the least disturbed one counts.
MOST_TRIES = 4

IMPORT = """
import sys, time, json
started = time.process_time()
import numpy, numba
halfway = time.process_time()
import symloss
from symloss import load
ended = time.process_time()
assert "sympy" not in sys.modules
print(json.dumps([halfway - started, ended - halfway]))
"""

FIRST_CALL = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import numba, numpy, symloss
from symloss import load
from cases import calling, inputs
name, entry, width = sys.argv[2:]
arrays = inputs(name, 64, width=int(width))
started, worked = time.perf_counter(), time.process_time()
calling(load(name), entry, arrays)()
seconds = [time.process_time() - worked, time.perf_counter() - started]
assert "sympy" not in sys.modules
print(json.dumps(seconds))
"""

EMPTY = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import numba, numpy, symloss
from symloss import load
arrays = [numpy.zeros(64, numpy.float32)] * 2
worked = time.process_time()
import empty
empty.function(*arrays)
print(json.dumps(time.process_time() - worked))
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


def empty_calls(environment, folder, rounds):
    """Importing and calling an empty cached function of two arrays: cold, and the least of some times from disk."""
    Path(folder, "empty.py").write_text(EMPTY_MODULE, encoding="utf-8")
    cold, *warm = [in_fresh_process(EMPTY, folder, environment=environment) for _ in range(rounds + 1)]
    return cold, min(warm)


def first_call(name, entry, rounds=3, width=256):
    """Loading a loss and calling it once: (processor, wall) seconds without machine code on disk, and with it."""
    here = str(Path(__file__).resolve().parent)
    cold = []
    while not cold or (len(cold) < MOST_TRIES and min(cold)[0] > 0.8 * COLD):
        with tempfile.TemporaryDirectory() as folder:
            environment = {"NUMBA_CACHE_DIR": folder}
            cold.append(in_fresh_process(FIRST_CALL, here, name, entry, str(width), environment=environment))
            if len(cold) == 1:
                warm = [
                    in_fresh_process(FIRST_CALL, here, name, entry, str(width), environment=environment)
                    for _ in range(rounds)
                ]
    return min(cold), min(warm)


def widths(name):
    """The widths of rows for which a loss has kernels of their own."""
    has_short_rows = "_short_" in (generated_folder() / f"{name}.py").read_text(encoding="utf-8")
    return (256, 10) if has_short_rows else (256,)


def first_calls(names=tuple(CASES), entry="value_and_grad"):
    """Per loss the seconds of a first call: cold, cold by the clock, and from disk over an empty function."""
    with tempfile.TemporaryDirectory() as folder:
        empty_cold, empty_warm = empty_calls({"NUMBA_CACHE_DIR": f"{folder}/numba"}, folder, 7)
    found = {}
    for name in names:
        (cold, by_the_clock), (warm, _) = max(first_call(name, entry, width=width) for width in widths(name))
        found[name] = {
            "cold": round(cold, 3),
            "cold_by_the_clock": round(by_the_clock, 3),
            "from_disk_over_empty": round(warm - empty_warm, 4),
        }
        print(f"    {name:<28} {cold:.2f} s cold, {(warm - empty_warm) * 1000:.0f} ms from disk", flush=True)
    slowest, latest = (max(found, key=lambda name: found[name][key]) for key in ("cold", "from_disk_over_empty"))
    figures = {
        "slowest first call, cold": figure(found[slowest]["cold"], "s", COLD, loss=slowest, entry=entry),
        "median first call, cold": figure(median(one["cold"] for one in found.values()), "s"),
        "an empty cached function, cold": figure(empty_cold, "s"),
        "slowest first call from disk, over an empty one": figure(
            found[latest]["from_disk_over_empty"], "s", FROM_DISK, loss=latest, entry=entry
        ),
    }
    return figures, found


def main(arguments=()):
    """Measure and print; returns the figures and those of each loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("losses", nargs="*", default=list(CASES), metavar="LOSS")
    parser.add_argument("--entry", default="value_and_grad", choices=("value", "value_and_grad", "hvp"))
    chosen = parser.parse_args(arguments)
    calls, losses = first_calls(chosen.losses, chosen.entry)
    figures = importing() | calls
    show("start-up, seconds of the processor", figures)
    return {"figures": figures, "losses": losses}


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
