"""What users, packages and engines may do wrong: one sentence or a verdict that says so, never a hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symloss.cli import run
from symloss.proof import store
from symloss.proof.engines import Budget
from symloss.proof.problems import Problem
from tests.build.test_interruption import running, until

LOSS = """symloss: 1
name: {name}
title: A loss for tests
axes: {{n: batch, k: class}}
inputs:
  z: {{axes: [n, k], role: prediction, domain: real}}
  y: {{axes: [n], role: target, domain: "index(k)"}}
  t: {{axes: [n], role: target, domain: "[0, 1]"}}
value: "{value}"
claims:
{claims}
"""
VALUE = "logsumexp[k](z[n, k]) - z[n, y[n]] + t[n]"


def write(folder: Path, *claims: str, name: str = "probe", value: str = VALUE) -> Path:
    path = folder / f"{name}.yaml"
    text = LOSS.format(name=name, value=value, claims="\n".join(f"  - {claim}" for claim in claims))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("{convex: nothing}", "nothing"),
        ("{gradient: w, equals: 1}", "w"),
        ("{nonnegative: 'value +'}", "value +"),
        ("{convexity: z}", "convexity"),
        ("{nonnegative: value, for: {t: '(1/2, 1/2)'}}", "1/2"),
        ("{nonnegative: value, sizes: {k: []}}", "sizes"),
        ("{nonnegative: value, sizes: {q: 2}}", "q"),
        ("{monotone: z, direction: sideways}", "sideways"),
        ("{lipschitz: z, constant: 'q + 1'}", "q"),
        ("{nonnegative: value, expect: maybe}", "maybe"),
    ],
)
def test_a_faulty_claim_is_one_sentence_with_a_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], claim: str, says: str
) -> None:
    assert run(["prove", str(write(tmp_path, claim)), "--out", str(tmp_path)]) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert says in text
    assert "^" in text
    assert "Traceback" not in text


def test_a_scope_that_holds_nothing_is_unknown_with_the_reason(tmp_path: Path) -> None:
    from symloss.proof.proving import prove_file

    path = write(tmp_path, "{positive: value, when: ['t[n] > 3/4', 't[n] < 1/4']}")
    (entry,) = prove_file(path, tmp_path).claims
    assert entry["status"] == "unknown"
    assert entry["summary"]


class _Hanging:
    name = "hanging"

    def settle(self, problem: Problem, budget: Budget) -> None:
        while True:
            time.sleep(0.01)


def test_an_engine_that_hangs_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from symloss.proof import portfolio
    from symloss.proof.proving import prove_file

    monkeypatch.setattr(portfolio, "problem_engines", lambda: (_Hanging(),))
    path = write(tmp_path, "{nonnegative: 'value - t[n] + sin(t[n])', sizes: {k: 2}}", "{convex: z}")
    started = time.monotonic()
    entries = prove_file(path, tmp_path, limit=2.0).claims
    assert time.monotonic() - started < 60
    assert [entry["status"] for entry in entries] == ["unknown", "proved"]
    assert "cut off" in entries[0]["summary"]
    # The clock has no say in what is stored.
    assert store.load(tmp_path, "probe") is None


WITHOUT = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("z3", "cvc5", "flint"):
            raise ImportError(f"{name} is hidden")
sys.meta_path.insert(0, Hidden())
from symloss.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_the_optional_packages_less_is_known_and_nothing_breaks(tmp_path: Path) -> None:
    import json

    path = write(
        tmp_path,
        "{nonnegative: value}",
        "{convex: z}",
        "{concave: z, expect: refuted}",
        "{equals: 'log(sum[k](exp(z[n, k]))) - z[n, y[n]] + t[n]', sizes: {k: 2}}",
        "{nonnegative: '(t[n] - 1/3)**2*(2 + sin(z[n, y[n]])) - t[n]**2*(t[n] - 1)**2/100', sizes: {k: 1}}",
    )
    command = [sys.executable, "-c", WITHOUT, "prove", str(path), "--out", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    words = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    # The first is shown of one class alone, which says nothing about more of them.
    assert words[:4] == ["tested", "proved", "refuted", "proved"]
    assert words[4] in ("refuted", "tested", "unknown")
    done = subprocess.run([*command, "--recheck"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line)["recheck"] for line in done.stdout.splitlines()]
    assert outcomes[1:4] == ["ok"] * 3


# The second loss waits for longer than the test does: its engine is planted in every worker.
PARENT = """
import os, sys, time
from pathlib import Path
from symloss.build.builder import in_processes

def prove(path, folder):
    import symloss.proof.portfolio as portfolio
    from symloss.proof.proving import prove_file
    class Hanging:
        name = "hanging"
        def settle(self, problem, budget):
            (Path(folder) / f"{os.getpid()}.pid").write_text("")
            time.sleep(120)
    portfolio.problem_engines = lambda: (Hanging(),)
    return prove_file(Path(path), Path(folder))

if __name__ == "__main__":
    folder = sys.argv[1]
    list(in_processes(prove, [(f"{folder}/one.yaml", folder), (f"{folder}/two.yaml", folder)], 2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interruption_leaves_no_worker(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path, "{nonnegative: 'value - t[n] + sin(t[n])', sizes: {k: 2}}", name=name)
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: len(list(tmp_path.glob("*.pid"))) == 2, 120)
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        os.kill(parent.pid, signal.SIGINT)
        assert parent.wait(20) != 0
        assert until(lambda: not any(map(running, workers)), 20)
        assert not list((tmp_path / "proofs").glob("*"))
    finally:
        parent.kill()
        parent.wait()
