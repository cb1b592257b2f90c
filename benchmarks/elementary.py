"""Prove and measure the errors of the elementary functions; write docs/measured/elementary.json and docs/elementary.md.

    python benchmarks/elementary.py [--prove] [--measure] [--table] [--dtype DTYPE] [--low X] [--high X] [FUNCTION …]

Without an option it does all three, for all functions and both dtypes, in some ten minutes. What is not done anew is
taken from the JSON file. float32 is measured at all 2^32 numbers, float64 at a sample of difficult ones.
"""

import argparse
import json
import time
from pathlib import Path

from symloss.atoms.elementary import DTYPES, source
from symloss.atoms.elementary.errors.cover import prove
from symloss.atoms.elementary.errors.exhaustive import measure
from symloss.atoms.elementary.errors.samples import adversarial, errors
from symloss.atoms.elementary.errors.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "measured" / "elementary.json"
PAGE = ROOT / "docs" / "elementary.md"
SAMPLES = 2_000
DEPTH = 4

TEXT = """# How far the elementary functions are from exact

Written by `python benchmarks/elementary.py`. Units are units in the last place of the exact result.

- *Stated*: `ulps` of the emitted function (`symloss.atoms.elementary.source`), a measured bound; tests keep it.
- *Proved*: no float of the range has a larger error, with or without fused multiply-add. It is a worst case in which
  all roundings of one evaluation conspire, so it lies above what occurs. "Normal" is for results of at least twice the
  smallest normal number, "below" for smaller ones, in subnormal steps where they are subnormal.
- *Measured*: the largest error seen, with fused multiply-add where the machine has it: float32 at all 2^32 numbers
  (where fewer are given, all from 2^-14 up to 2^7 of both signs) against the float64 function, float64 at difficult
  arguments against ball arithmetic.

| function | dtype | range of the proof | stated | proved, normal | proved, below | measured | at | points |
|---|---|---|---|---|---|---|---|---|
{rows}

`symloss/atoms/elementary/errors` tells how the proof works and what it trusts. A range that ends early is as far as the
bound was computed so far, and a dash stands for what was not computed; the command without options does all of it. Left
out are the zeros of the functions, the arguments between the end of a whole range and the first that overflows, NaN and
the infinities: the tests look at special points.
"""


def proved(name, dtype, low, high):
    stated = source(name, dtype).ulps
    start = time.process_time()
    bound = prove(name, dtype, low=low, high=high, aim=stated, depth=DEPTH)
    return {
        "proved": _up(bound.ulps),
        "proved_below": _up(bound.subnormal),
        "range": [bound.low, bound.high],
        "worst_box": list(bound.worst),
        "boxes": bound.boxes,
        "proof_seconds": round(time.process_time() - start, 1),
    }


def measured(name, dtype):
    start = time.process_time()
    if dtype == "float32":
        found = measure(name)
        result = {"measured": _up(found.ulps), "measured_at": found.where, "wrong": found.wrong, "points": found.count}
    else:
        points = adversarial(name, dtype, SAMPLES)
        found = errors(name, dtype, points)
        worst = int(found.argmax())
        at = {"measured": _up(float(found[worst])), "measured_at": float(points[worst])}
        result = {**at, "wrong": 0, "points": int(points.size)}
    return {**result, "measuring_seconds": round(time.process_time() - start, 1)}


def _up(value):
    """Rounded up to three decimals."""
    return -(-value // 0.001) / 1000 if value < float("inf") else value


def page(results):
    rows = []
    for name in TARGETS:
        entries = results.get(name, {})
        for dtype, entry in entries.items():
            low, high = entry.get("range", (None, None))
            span = "-" if low is None else f"{low:.6g} to {high:.6g}"
            cells = [entry.get(key) for key in ("stated", "proved", "proved_below", "measured")]
            figures = " | ".join("-" if not value else f"{value:.3f}" for value in cells)
            at, points = entry.get("measured_at"), entry.get("points", "-")
            where = "-" if at is None else f"{at:.9g}"
            rows.append(f"| {name} | {dtype} | {span} | {figures} | {where} | {points} |")
    return TEXT.format(rows="\n".join(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for option, text in (("prove", "prove bounds"), ("measure", "measure errors"), ("table", "write the page")):
        parser.add_argument(f"--{option}", action="store_true", help=text)
    parser.add_argument("--dtype", choices=tuple(DTYPES), help="one of the two")
    parser.add_argument("--low", type=float, help="prove from here on only")
    parser.add_argument("--high", type=float, help="prove up to here only")
    parser.add_argument("functions", nargs="*", metavar="FUNCTION")
    options = parser.parse_args()
    everything = not (options.prove or options.measure or options.table)
    for name in options.functions or TARGETS:
        for dtype in [options.dtype] if options.dtype else DTYPES:
            entry = {"stated": source(name, dtype).ulps}
            if everything or options.prove:
                entry |= proved(name, dtype, options.low, options.high)
            if everything or options.measure:
                entry |= measured(name, dtype)
            _store(name, dtype, entry)
            print(name, dtype, entry, flush=True)
    if everything or options.table:
        PAGE.write_text(page(json.loads(RESULT.read_text(encoding="utf-8"))), encoding="utf-8")


def _store(name, dtype, entry):
    """Put a result into the file, whose other entries another process may have changed meanwhile."""
    try:
        results = json.loads(RESULT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        results = {}
    results.setdefault(name, {}).setdefault(dtype, {}).update(entry)
    ordered = {key: {kind: results[key][kind] for kind in DTYPES if kind in results[key]} for key in results}
    RESULT.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
