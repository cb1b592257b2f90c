"""The process in which cases are measured: ``python -m symloss.bench.worker REQUEST ANSWER``.

It is confined to as many processors as threads are asked for, and the libraries' pools to as many threads; some fix
their number when they start. Each finished part is a line of JSON in the answer, so that what was measured survives a
crash.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from symloss.bench.machine import machine
from symloss.bench.records import Case
from symloss.errors import SymlossError


def main(request: Path, answer: Path) -> None:
    """Do what the request asks for, part by part."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    threads = int(asked["threads"])
    with answer.open("a", encoding="utf-8") as lines:

        def say(kind: str, content: Any) -> None:
            lines.write(json.dumps({kind: content}) + "\n")
            lines.flush()

        say("machine", machine())
        exponential = _limits(asked, threads, say)
        for case in asked["cases"]:
            _case(Case(**case), asked, exponential.get(case.get("dtype", "float32")), say)
            gc.collect()
        for loss in asked.get("confident", ()):
            from symloss.bench.confident import errors

            say("confident", {"loss": loss, "errors": errors(loss)})
        for objective in asked.get("boosting", ()):
            from symloss.bench.boosting import compare

            say("boosting", compare(objective, threads, **asked.get("training", {})))
            print(f"    training on {objective}", flush=True)


def _limits(asked: dict[str, Any], threads: int, say: Any) -> dict[str, float]:
    from symloss.bench.limits import copying, exponentials

    found = {
        dtype: exponentials(threads, dtype)
        for dtype in sorted({case.get("dtype", "float32") for case in asked["cases"]})
    }
    limits: dict[str, Any] = {"nanoseconds_per_exponential": {k: float(f"{1e9 * v:.3g}") for k, v in found.items()}}
    if asked.get("copy_size", 0):
        limits["copy_gigabytes_per_second"] = float(f"{copying(threads, asked['copy_size']) / 1e9:.3g}")
    say("limits", limits)
    return found


def _case(case: Case, asked: dict[str, Any], exponential: float | None, say: Any) -> None:
    from symloss.bench.measuring import OURS, measure

    started = time.perf_counter()
    say("begun", case.data())
    chosen = tuple(asked.get("libraries") or ())
    try:
        outcome = measure(case, int(asked["threads"]), float(asked["seconds"]), chosen, exponential)
    except SymlossError as error:
        say("refused", {"case": case.data(), "reason": str(error)})
        return
    say("outcome", outcome.data())
    took = outcome.seconds[OURS]["median"]
    name = Path(case.loss).stem
    print(
        f"    {name} {case.label} {case.dtype} {case.entry}: {1e3 * took:.4g} ms"
        f" ({time.perf_counter() - started:.0f} s for it)",
        flush=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
