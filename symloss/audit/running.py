"""Starting the worker and taking its answer; a hang is cut, a crash becomes a sentence."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symloss.errors import SymlossError


def run_worker(
    request: Mapping[str, Any], arrays: Mapping[str, Any], timeout: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run an implementation on arrays in a process of its own.

    Args:
        request: what `worker` expects.
        arrays: inputs by name.
        timeout: seconds after which the process is ended.

    Raises:
        SymlossError: the implementation hangs, crashes, raises or cannot be used.
    """
    target = request["target"]
    with tempfile.TemporaryDirectory(prefix="symloss-audit-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        np.savez(folder / "request.npz", **arrays)
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "symloss.audit.worker", name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                raise SymlossError(f"{target} did not finish within {timeout:g} s; the timeout can be longer") from None
            except BaseException:
                _end(process)
                raise
        if code != 0 or not (folder / "answer.json").is_file():
            raise SymlossError(f"{target} ended its process {_manner(code)}{_last_line(folder / 'output')}")
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        if "error" in answer:
            raise SymlossError(f"{target}: {answer['error']}")
        with np.load(folder / "answer.npz", allow_pickle=False) as stored:
            return answer, {key: stored[key] for key in stored.files}


def _environment() -> dict[str, str]:
    """The environment, with this very symloss to be found and Keras on a framework that differentiates."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the worker and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _manner(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _last_line(path: Path) -> str:
    lines = path.read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1][:300]}" if lines else ""
