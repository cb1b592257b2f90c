"""The build: the whole catalogue from nothing, a build with nothing to do, and the derivation of every gradient."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measuring import figure, in_fresh_process, show

COMMAND = [sys.executable, "-c", "import sys; from symloss.cli import main; sys.exit(main())", "build"]

# The CPU's time is what one thread of pure Python takes on an idle machine, whatever else is running.
DERIVE = """
import json, sys, time
from sympy.core.cache import clear_cache
from symloss.build.sources import catalogue, data_folder
from symloss.calculus.derivation import gradient, predictions, stabilised
from symloss.language import SpecLibrary, read_spec

def seconds(path):
    program = read_spec(path, library).program
    clear_cache()
    started = time.process_time()
    stable = stabilised(program)[0]
    halfway = time.process_time()
    gradient(stable, predictions(program))
    return halfway - started, time.process_time() - halfway

library, specs = SpecLibrary([data_folder("specs")]), catalogue()
seconds(next(iter(specs.values())))  # what the first derivation of a process imports is not counted
print(json.dumps({name: seconds(path) for name, path in specs.items()}))
"""


def _built(folder, cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    # Into a file: a pipe would stay open as long as any process of an interrupted build does.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        started = time.perf_counter()
        command = [*COMMAND, "--out", str(folder), "--jobs", "2"]
        done = subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
        seconds = time.perf_counter() - started
        log.seek(0)
        if done.returncode:
            raise SystemExit(f"the build failed:\n{log.read()[-2000:]}")
    return seconds


def builds(repeats=5):
    """A cold build, verification included, and builds with nothing to do beside a bare start of Python."""
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name, "generated"), Path(name, "numba")
        before = os.times()
        cold = _built(folder, cache)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        idle, bare = [], []
        for _ in range(repeats):
            idle.append(_built(folder, cache))
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            bare.append(time.perf_counter() - started)
    return {
        "cold build of the catalogue, two jobs": figure(cold, "s", 240),
        "the same, processor time": figure(cpu, "s"),
        "nothing-changed build": figure(median(idle), "s", 1),
        "nothing-changed build over a bare start of Python": figure(median(idle) / median(bare), "times"),
    }


def derivations():
    """How long each gradient takes to derive, stable forms included."""
    found = in_fresh_process(DERIVE)
    total = {name: sum(parts) for name, parts in found.items()}
    worst = max(total, key=total.get)
    only = max(found, key=lambda name: found[name][1])
    return {
        "slowest derivation of a gradient, stable form included": figure(total[worst], "s", 0.5, loss=worst),
        "slowest differentiation alone": figure(found[only][1], "s", loss=only),
        "median derivation of a gradient": figure(median(total.values()), "s"),
    }


def main():
    """Measure and print; returns the figures."""
    figures = builds() | derivations()
    show("building", figures)
    return {"figures": figures}


if __name__ == "__main__":
    main()
