"""What the benchmarks share: fair timing, fresh processes, tables and JSON."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

_COMMON = {"value", "unit", "limit", "reached"}
MEASURED = Path(__file__).resolve().parents[1] / "docs" / "measured"


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


def record(name, content, folder=MEASURED):
    """Write ``docs/measured/<name>.json``."""
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
