"""What the benchmarks share: fair timing, fresh processes, a word on the machine, tables and JSON."""

import json
import math
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

_COMMON = {"value", "unit", "limit", "reached"}
MEASURED = Path(__file__).resolve().parents[1] / "docs" / "measured"


def interleaved(candidates, rounds, least_seconds=0.0):
    """The median seconds per call of each candidate, called in turn so that a disturbance hits all alike.

    Args:
        candidates: functions without arguments, by name; called once beforehand, uncounted.
        rounds: how often the whole round is made.
        least_seconds: repeat each call within a round until one such batch takes this long.
    """
    repeats = {}
    for name, function in candidates.items():
        function()
        started = time.perf_counter()
        function()
        once = max(time.perf_counter() - started, 1e-9)
        repeats[name] = max(1, math.ceil(least_seconds / once))
    seconds = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, function in candidates.items():
            count = repeats[name]
            started = time.perf_counter()
            for _ in range(count):
                function()
            seconds[name].append((time.perf_counter() - started) / count)
    return {name: median(found) for name, found in seconds.items()}


def least(candidates, rounds=60, least_seconds=0.004):
    """The least seconds per call of each candidate, called in turn in short batches.

    For calls of microseconds: what they cost when nothing else wants the processor, caches warm.
    """
    repeats, best = {}, dict.fromkeys(candidates, math.inf)
    for name, function in candidates.items():
        function()
        started = time.perf_counter()
        for _ in range(50):
            function()
        repeats[name] = max(50, math.ceil(50 * least_seconds / (time.perf_counter() - started)))
    for _ in range(rounds):
        for name, function in candidates.items():
            count = repeats[name]
            started = time.perf_counter()
            for _ in range(count):
                function()
            best[name] = min(best[name], (time.perf_counter() - started) / count)
    return best


def in_fresh_process(script, *arguments, environment=()):
    """What a Python script prints, as JSON; a failure of the script is one of the benchmark."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, **dict(environment)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"a measured process failed:\n{done.stderr}")
    return json.loads(done.stdout)


def machine():
    """The machine in general words."""
    found = {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    for package in ("numpy", "numba", "llvmlite", "sympy", "scikit-learn", "torch"):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    if hasattr(os, "getloadavg"):
        found["load_before"] = round(os.getloadavg()[0], 1)
    return found


def _processor():
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def figure(value, unit, limit=None, **detail):
    """One figure for the record: rounded to four digits, with the limit that it must stay under."""
    entry = {"value": float(f"{value:.4g}"), "unit": unit}
    if limit is not None:
        entry |= {"limit": limit, "reached": value <= limit}
    return entry | detail


def show(title, figures):
    """Print figures as a table."""
    print(f"\n{title}")
    for name, entry in figures.items():
        limit = f"limit {entry['limit']:<6g} {'' if entry['reached'] else 'NOT REACHED'}" if "limit" in entry else ""
        detail = ", ".join(f"{key} {value}" for key, value in entry.items() if key not in _COMMON)
        print(f"  {name:<62} {entry['value']:>9.4g} {entry['unit']:<8} {limit:<26} {detail}".rstrip())


def record(name, content):
    """Write ``docs/measured/<name>.json``."""
    path = MEASURED / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
