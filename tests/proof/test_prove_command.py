"""`symloss prove`: tables, JSON, the store, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symloss.cli import run

LOSS = """symloss: 1
name: {name}
title: A loss for tests
axes: {{n: batch}}
inputs:
  x: {{axes: [n], role: prediction, domain: real}}
value: "x[n]**2"
claims:
{claims}
"""


def _write(folder: Path, *claims: str, name: str = "probe") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(LOSS.format(name=name, claims="\n".join(f"  - {claim}" for claim in claims)), encoding="utf-8")
    return path


def test_a_table_and_one_object_per_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, "{nonnegative: value}", "{concave: x, expect: refuted}")
    out = tmp_path / "out"
    assert run(["prove", str(path), "--out", str(out)]) == 0
    assert "2 of 2 claims settled as expected: 1 proved, 1 refuted" in capsys.readouterr().out
    assert run(["prove", str(path), "--out", str(out), "--json"]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [entry["status"] for entry in entries] == ["proved", "refuted"]
    assert {"loss", "claim", "status", "scope", "engine", "seconds"} <= set(entries[0])


def test_a_verdict_against_the_specification_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, "{positive: value}")
    assert run(["prove", str(path), "--out", str(tmp_path)]) == 1
    assert "refuted" in capsys.readouterr().err
    path = _write(tmp_path, "{nonnegative: value, expect: refuted}")
    assert run(["prove", str(path), "--out", str(tmp_path)]) == 1


def test_the_same_bytes_again_and_nothing_is_proved_twice(tmp_path: Path) -> None:
    from symloss.proof.proving import prove_file

    path = _write(tmp_path, "{nonnegative: value}", "{convex: x}", "{lipschitz: x, constant: 1, expect: refuted}")
    assert not prove_file(path, tmp_path).fresh
    stored = (tmp_path / "proofs" / "probe.json").read_bytes()
    assert prove_file(path, tmp_path).fresh
    assert not prove_file(path, tmp_path, again=True).fresh
    assert (tmp_path / "proofs" / "probe.json").read_bytes() == stored
    _write(tmp_path, "{nonnegative: value}")
    assert not prove_file(path, tmp_path).fresh


def test_a_changed_loss_that_a_claim_calls_makes_a_verdict_stale(tmp_path: Path) -> None:
    from symloss.proof.proving import prove_file

    other = _write(tmp_path, "{nonnegative: value}", name="other")
    path = _write(tmp_path, '{equals: "other(x[n])"}')
    assert prove_file(path, tmp_path).claims[0]["status"] == "proved"
    other.write_text(other.read_text(encoding="utf-8").replace("x[n]**2", "x[n]**2 + 1"), encoding="utf-8")
    assert prove_file(path, tmp_path).claims[0]["status"] == "refuted"


def test_a_faulty_claim_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, "{convex: nothing}")
    assert run(["prove", str(path), "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_show_tells_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, "{nonnegative: value}")
    monkeypatch.chdir(tmp_path)
    assert run(["show", str(path)]) == 0
    assert "no verdicts of these sources are stored" in capsys.readouterr().out
    assert run(["prove", str(path)]) == 0
    assert run(["show", str(path)]) == 0
    assert "nonnegative: value\n    proved for all values" in capsys.readouterr().out
