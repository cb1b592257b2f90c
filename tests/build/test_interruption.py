"""Whatever ends a build, no worker goes on, and every file is the old one or the new one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# Workers report themselves, then wait for longer than the test does.
PARENT = """
import os, sys, time
from pathlib import Path
from symloss.build.builder import in_processes

def work(folder, number):
    (Path(folder) / f"{number}.part").write_text(str(os.getpid()))
    (Path(folder) / f"{number}.part").rename(Path(folder) / f"{number}.pid")
    time.sleep(120)

if __name__ == "__main__":
    list(in_processes(work, [(sys.argv[1], 1), (sys.argv[1], 2)], 2))
"""


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    # A process that has ended and that nobody waits for is still listed, as a zombie.
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_workers_end_with_the_build(tmp_path: Path, end: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: len(list(tmp_path.glob("*.pid"))) == 2, 60)
        workers = [int(path.read_text()) for path in tmp_path.glob("*.pid")]
        assert all(map(running, workers))
        parent.send_signal(getattr(signal, end))
        assert parent.wait(20) != 0
        assert until(lambda: not any(map(running, workers)), 20)
    finally:
        parent.kill()
        parent.wait()
