"""Starting the process that measures, confined to some processors, and reading what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from symloss.bench.machine import processors
from symloss.bench.records import Case
from symloss.errors import SymlossError

#: Environment variables by which libraries learn how many threads they may use.
_POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SYMLOSS_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(
    cases: Sequence[Case],
    threads: int,
    seconds: float = 2.0,
    libraries: Sequence[str] = (),
    quiet: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Measure cases in a process of their own.

    Args:
        cases: what is measured, in this order.
        threads: processors and threads that the process gets.
        seconds: about how long the rounds of one case may take.
        libraries: only these columns; all by default.
        quiet: print no line per case.
        more: further parts of the request (`worker`): confident, boosting, training, copy_size.

    Returns:
        machine, limits, threads, lists of outcomes, refused, confident and boosting, and ``ended``: why the process
        ended early, or "".

    Raises:
        SymlossError: there are not so many processors, or the process could not begin.
    """
    available = processors()
    if not 1 <= threads <= len(available):
        raise SymlossError(f"this machine lets us use {len(available)} processors; {threads} threads are asked for")
    request = {
        "cases": [case.data() for case in cases],
        "threads": threads,
        "seconds": seconds,
        "libraries": list(libraries),
        **more,
    }
    with tempfile.TemporaryDirectory(prefix="symloss-bench-") as name:
        asked, answer = Path(name) / "request.json", Path(name) / "answer.jsonl"
        asked.write_text(json.dumps(request), encoding="utf-8")
        code, complaint = _process([str(asked), str(answer)], available[:threads], Path(name) / "errors", quiet)
        text = answer.read_text(encoding="utf-8") if answer.is_file() else ""
    found = read(text)
    if code:
        if "machine" not in found:
            raise SymlossError(f"the process that measures could not begin: {complaint}")
        found["ended"] = f"{_manner(code)} at {_last(found)}{': ' + complaint if complaint else ''}"
    return found | {"threads": threads}


def read(text: str) -> dict[str, Any]:
    """The parts of an answer; a last line that was cut short is left out."""
    found: dict[str, Any] = {"outcomes": [], "refused": [], "confident": [], "boosting": [], "ended": "", "begun": None}
    keys = {"outcome": "outcomes", "refused": "refused", "confident": "confident", "boosting": "boosting"}
    for line in text.splitlines():
        with suppress(json.JSONDecodeError):
            for kind, content in json.loads(line).items():
                if kind in keys:
                    found[keys[kind]].append(content)
                else:
                    found[kind] = content
    return found


def _process(arguments: Sequence[str], allowed: Sequence[int], errors: Path, quiet: bool) -> tuple[int, str]:
    """Exit code and last line on standard error."""
    confine: Callable[[], None] | None = None
    if hasattr(os, "sched_setaffinity"):

        def confine() -> None:
            os.sched_setaffinity(0, allowed)

    with errors.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "symloss.bench.worker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=stream,
            env=_environment(os.environ, len(allowed)),
            preexec_fn=confine,
        )
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    lines = errors.read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
    return code, lines[-1][:200] if lines else ""


def _environment(given: Mapping[str, str], threads: int) -> dict[str, str]:
    """The environment with this very symloss to be found and pools of so many threads."""
    package = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([package, *filter(None, [given.get("PYTHONPATH")])])
    fixed = {"PYTHONPATH": paths, "TORCHINDUCTOR_COMPILE_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**given, **fixed, **dict.fromkeys(_POOLS, str(threads))}


def _manner(code: int) -> str:
    return f"it ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"


def _last(found: Mapping[str, Any]) -> str:
    begun = found.get("begun")
    return f"{begun['loss']} {Case(**begun).label}" if begun else "its start"
