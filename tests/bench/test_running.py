"""The process that measures, ``symloss bench``, and the page and plots of the benchmark."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import symloss
from symloss.bench import running
from symloss.bench.candidates import LIBRARIES
from symloss.bench.confident import errors
from symloss.bench.inputs import default_sizes
from symloss.bench.machine import disturbed
from symloss.bench.measuring import ADDING, MOVING, OURS, measure
from symloss.bench.peers import TABLES, find_peer
from symloss.bench.peers.boosting_objectives import OBJECTIVES
from symloss.bench.peers.confident_points import POINTS
from symloss.bench.records import Case
from symloss.cli import bench, run
from symloss.errors import SymlossError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MINE = """\
symloss: 1
name: mine
title: Mine
axes: {n: batch}
inputs:
  a: {axes: [n], role: prediction, domain: real}
value: "a[n]**2"
"""


@pytest.fixture(scope="module")
def scripts() -> Iterator[Any]:
    """Modules of benchmarks/ by name."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module
    sys.path.remove(str(BENCHMARKS))


def test_a_process_of_its_own_with_one_processor() -> None:
    cases = [Case("huber", {"n": 1000}), Case("hubr", {"n": 5})]
    found = running.run(cases, 1, 0.01, ["scikit-learn"], quiet=True)
    (outcome,) = found["outcomes"]
    assert set(outcome["ratios"]) <= {"scikit-learn", MOVING, ADDING}
    assert outcome["threads"] == found["threads"] == 1
    assert found["ended"] == ""
    assert [one["reason"][:12] for one in found["refused"]] == ["unknown loss"]
    assert found["limits"]["nanoseconds_per_exponential"]["float32"] > 0
    if hasattr(os, "sched_setaffinity"):
        assert found["machine"]["cores"] == 1
    # The machine in general words: no path, no name of a host.
    described = json.dumps(found["machine"])
    assert str(Path.home()) not in described
    assert not hasattr(os, "uname") or f'"{os.uname().nodename}"' not in described


def test_what_was_measured_survives_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    done = {"outcome": {"case": "first"}}
    lines = [{"machine": {"cpu": "x"}}, done, {"begun": {"loss": "huber", "sizes": {"n": 10**8}}}]
    text = "\n".join(map(json.dumps, lines)) + '\n{"outcome": {"ca'

    def killed(arguments: list[str], *_: Any) -> tuple[int, str]:
        Path(arguments[1]).write_text(text)
        return -9, ""

    monkeypatch.setattr(running, "_process", killed)
    found = running.run([], 1)
    assert found["outcomes"] == [done["outcome"]]
    assert found["ended"] == "it ended by signal 9 at huber 1e8"
    monkeypatch.setattr(running, "_process", lambda *_: (1, "ImportError: gone"))
    with pytest.raises(SymlossError, match=r"^the process that measures could not begin: ImportError: gone$"):
        running.run([], 1)


def test_more_threads_than_processors() -> None:
    with pytest.raises(SymlossError, match=r"^this machine lets us use \d+ processors; 4097 threads are asked for$"):
        running.run([], 4097)


def test_bench_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--size", "n=40,k=7", "--seconds", "0.01", "--threads", "1", "--library", "scikit-learn", "--json"]
    assert run(["bench", "softmax_cross_entropy", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    (outcome,) = found["outcomes"]
    assert outcome["case"]["label"] == "40×7"
    assert outcome["seconds"][OURS]["median"] > 0
    assert MOVING in outcome["ratios"]


def test_bench_of_a_specification_compares_with_limits_alone_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "mine.yaml").write_text(MINE)
    assert run(["bench", str(tmp_path / "mine.yaml"), "--size", "n=100", "--seconds", "0.01"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("mine, value_and_grad, float32, threads: ")
    assert "No library could be compared; these are the machine's limits alone." in printed
    for library in LIBRARIES:
        reason = "(no function of .* is recorded for mine|.* is not installed)"
        assert re.search(rf"^  {re.escape(library)}: {reason}$", printed, re.M)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hubr"], "there is no loss called 'hubr'; did you mean huber?"),
        (["huber", "--size", "k=3"], "huber has no axis 'k'; it has n"),
        (
            ["huber", "--size", "n=1e3"],
            "--size is written AXIS=LENGTH,AXIS=LENGTH; 'n=1e3' is given (symloss bench --help",
        ),
        (["huber", "--size", "n=0"], "--size is written AXIS=LENGTH"),
        (["giou", "--size", "c=4"], "the length of axis n of giou is missing"),
        (["huber", "--threads", "4097"], "this machine lets us use "),
        (["huber", "--seconds", "0"], "Invalid value for '--seconds'"),
        (["info_nce", "--entry", "grad_hess_diag", "--size", "i=4,d=2"], "info_nce has no grad_hess_diag: "),
    ],
)
def test_bench_refuses(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {message}")
    assert captured.err.count("\n") == 1


def test_an_early_end_is_an_error_after_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = running.run([Case("huber", {"n": 100})], 1, 0.01, ["scikit-learn"], quiet=True) | {
        "ended": "it ended by signal 9"
    }
    monkeypatch.setattr(running, "run", lambda *_, **__: found)
    assert run(["bench", "huber"]) == 2
    captured = capsys.readouterr()
    assert "huber, value_and_grad" in captured.out
    assert captured.err == "error: not everything was measured: it ended by signal 9\n"


def test_records_name_shipped_losses_once() -> None:
    shipped = set(symloss.list_losses())
    assert set(POINTS) | set(OBJECTIVES) <= shipped
    names = {"torch": "torch", "jax": "jax", "sklearn": "sklearn"}
    for table in TABLES:
        if importlib.util.find_spec(names[table]) is None:
            continue
        peers = importlib.import_module(f"symloss.bench.peers.{table}_losses").PEERS
        listed = [peer.loss for peer in peers]
        assert len(listed) == len(set(listed))
        assert set(listed) <= shipped
        assert find_peer(table, "no such loss") is None


@pytest.mark.parametrize("library", ["torch", "JAX", "scikit-learn"])
def test_every_recorded_function_computes_ours(library: str) -> None:
    module, table, _ = LIBRARIES[library]
    pytest.importorskip(module, reason=f"{library} is an optional extra")
    for peer in importlib.import_module(f"symloss.bench.peers.{table}_losses").PEERS:
        sizes = default_sizes(symloss.load(peer.loss).meta, 1024)
        outcome = measure(Case(peer.loss, sizes, "float64"), 1, 0.0, (library,))
        assert outcome.skipped == {}, peer
        assert max(outcome.agreement[library].values()) < 1e-12, peer


def test_relative_errors_at_confident_predictions() -> None:
    found = errors("bce_with_logits")
    assert found["point"] == "z = 37.0, y = 1.0"
    assert found["exact value"] == pytest.approx(8.533047625744066e-17, rel=1e-12)
    assert max(found["libraries"][OURS].values()) < 1e-15
    pytest.importorskip("sklearn", reason="scikit-learn is a peer")
    assert found["libraries"]["scikit-learn, value alone"]["value"] == 1.0


def test_the_benchmark_writes_record_page_and_plots(scripts: Any, tmp_path: Path) -> None:
    peers = scripts("peers")
    peers.main(["hinge", "huber", "--sizes", "small", "--threads", "1", "--seconds", "0.01", "--out", str(tmp_path)])
    content = json.loads((tmp_path / "measured" / "peers.json").read_text())
    (only,) = content["runs"]
    assert {o["case"]["label"] for o in only["outcomes"]} == {"1e3", "2000"}
    page = (tmp_path / "performance.md").read_text()
    for words in (
        "## Figures to reach",
        "## Value and gradient, float32, 1 thread\n",
        "`hinge 2000`",
        "## Left out",
        "GB/s",
    ):
        assert words in page
    assert str(tmp_path) not in page
    for name in re.findall(r"\(pictures/([\w.-]+)\)", page):
        assert (tmp_path / "pictures" / name).stat().st_size > 5000


def test_goals_take_the_worst_case(scripts: Any) -> None:
    def outcome(loss: str, n: int, **medians: float) -> dict[str, Any]:
        ratios = {column: {"median": m, "low": m, "high": m} for column, m in medians.items()}
        case = Case(loss, {"n": n})
        described = case.data() | {"label": case.label}
        return {"case": described, "elements": n, "ratios": ratios, "bytes": 12 * n}

    runs = [
        {
            "threads": 2,
            "outcomes": [outcome("mse", 10**6, torch=5.0, JAX=3.0), outcome("mae", 10**7, torch=4.5, JAX=1.5)],
        },
        {"threads": 1, "outcomes": [outcome("mse", 10**6, torch=0.1)]},
    ]
    found = {sentence: (worst, alone) for sentence, _, worst, alone in scripts("peers_goals").goals(runs)}
    together, alone = found["element-wise from 1e6: times torch"]
    assert (together[0], alone[0]) == (4.5, 0.1)
    (value, where), alone = found["element-wise from 1e6: times the best of torch, torch.compile and JAX"]
    assert (value, where["case"]["loss"], alone[0]) == (1.5, "mae", 0.1)
    assert found["Dice: times the best"] == (None, None)


def test_the_benchmark_refuses(scripts: Any, capsys: pytest.CaptureFixture[str]) -> None:
    peers = scripts("peers")
    for arguments, message in (
        (["mse"], "what docs/ records is the whole table: give --out FOLDER for a part of it"),
        (
            ["huver", "--out", "x"],
            "huver is not planned here; did you mean huber? (symloss bench huver ",
        ),
    ):
        with pytest.raises(SystemExit) as stopped:
            peers.main(arguments)
        assert message in (capsys.readouterr().err + str(stopped.value))


def test_words_for_figures() -> None:
    from symloss.bench.text import duration, reasons, share, times

    assert [duration(s) for s in (1.09e-5, 9.99e-4, 2.4e-3, 1.25)] == ["10.9 µs", "999 µs", "2.4 ms", "1.25 s"]
    assert times({"median": 4.132, "low": 3.863, "high": 19.78}) == "4.13 (3.86 to 19.8)"
    assert [share({"median": m}) for m in (0.873, 1.02, 0.0123)] == ["87 %", "102 %", "1.2 %"]
    case = {"loss": "huber", "label": "1e3", "dtype": "float32"}
    missing = [
        {"case": case, "skipped": {"torch": "gone"}},
        {"case": case | {"label": "1e4"}, "skipped": {"torch": "gone"}},
    ]
    assert reasons(missing) == {("torch", "gone"): ["huber 1e3 float32", "huber 1e4 float32"]}
    assert bench.ELEMENTS[0] == 1000


def test_a_machine_that_is_not_idle() -> None:
    assert disturbed({"load_before": 0.4}) == disturbed({}) == ""
    assert disturbed({"load_before": 1.5}).startswith("The load was 1.5 before it began: the machine was not idle.")
