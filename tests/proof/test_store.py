"""What is committed under generated/proofs: up to date, not contradicted, and what a fresh run gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import symloss
from symloss.build.sources import catalogue, data_folder
from symloss.cli import run
from symloss.language import SpecLibrary, read_spec
from symloss.proof import store
from symloss.proof.engines import Budget
from symloss.proof.portfolio import settle_claim
from symloss.proof.proving import contradicted, known, prove_file, stale

COMMITTED = data_folder("generated")
RANK = ("proved", "certified", "refuted", "tested", "unknown")


def test_no_stored_verdict_contradicts_its_specification() -> None:
    for path in sorted((COMMITTED / "proofs").glob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8"))["claims"]:
            assert not contradicted(entry), (path.stem, entry["claim"])


def test_stale_missing_and_surplus_files_are_found(tmp_path: Path) -> None:
    path = tmp_path / "probe.yaml"
    text = "symloss: 1\nname: probe\ntitle: A loss\naxes: {n: batch}\ninputs:\n"
    text += '  x: {axes: [n], role: prediction, domain: real}\nvalue: "x[n]**2"\nclaims:\n  - {nonnegative: value}\n'
    path.write_text(text, encoding="utf-8")
    facts = {"loss": store.FACTS, "prover": store.prover_hash(), "sources": {}, "with": {}, "seal": store.seal([])}
    facts["claims"] = []
    place = store.place(tmp_path, store.FACTS)
    place.parent.mkdir()
    place.write_text(json.dumps(facts), encoding="utf-8")
    assert stale([path], tmp_path) == [f"{store.place(tmp_path, 'probe')} is missing"]
    prove_file(path, tmp_path)
    assert stale([path], tmp_path) == []
    # Versions of packages are told by the store, and are no reason to fail where others are installed.
    stored = json.loads(store.place(tmp_path, "probe").read_text(encoding="utf-8"))
    stored["with"]["z3-solver"] = "0.0"
    store.place(tmp_path, "probe").write_text(json.dumps(stored), encoding="utf-8")
    assert stale([path], tmp_path) == []
    stored["claims"][0]["status"] = "refuted"
    store.place(tmp_path, "probe").write_text(json.dumps(stored), encoding="utf-8")
    (fault,) = stale([path], tmp_path)
    assert "not as it was written" in fault
    assert known(path, tmp_path) is None, "it is proved again"
    stored["seal"] = store.seal(stored["claims"])
    store.place(tmp_path, "probe").write_text(json.dumps(stored), encoding="utf-8")
    assert [fault.rpartition(": ")[2] for fault in stale([path], tmp_path)] == ["refuted"]
    path.write_text(text.replace("**2", "**4"), encoding="utf-8")
    assert stale([path], tmp_path) == [f"{store.place(tmp_path, 'probe')} is stale"]
    assert stale([], tmp_path) == [f"{store.place(tmp_path, 'probe')} is surplus"]


def test_nothing_stored_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", "--check", "--out", str(tmp_path)]) == 0
    assert "no verdict is stored" in capsys.readouterr().out
    store.place(tmp_path, "huber").parent.mkdir()
    assert run(["prove", "--check", "--out", str(tmp_path)]) == 1
    assert "huber.json is missing" in capsys.readouterr().err


def test_check_takes_no_loss(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prove", "--check", "huber"]) == 2
    assert "takes no LOSS" in capsys.readouterr().err


def test_stored_verdicts_are_no_surplus_of_the_build(tmp_path: Path) -> None:
    from symloss.build.checking import _generated

    (tmp_path / "proofs").mkdir()
    (tmp_path / "proofs" / "huber.json").write_text("{}", encoding="utf-8")
    assert _generated(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("loss", catalogue())
def test_a_fresh_run_loses_no_proof(loss: str, tmp_path: Path) -> None:
    """And gives the same bytes, under whatever hash seed this process has."""
    stored = store.load(COMMITTED, loss)
    assert stored is not None, "`symloss prove` writes it"
    fresh = prove_file(catalogue()[loss], tmp_path, again=True)
    if any(name not in store.installed() for name in stored["with"]):
        pytest.skip("not every package that took part is installed")
    known = {entry["claim"]: entry for entry in stored["claims"]}
    for entry in fresh.claims:
        before = known[entry["claim"]]
        assert RANK.index(entry["status"]) <= RANK.index(before["status"]), entry["claim"]
        assert not contradicted(entry), entry["claim"]
    if stored["with"] == store.installed() and store.up_to_date(stored, {loss: catalogue()[loss], **catalogue()}):
        assert store.place(tmp_path, loss).read_bytes() == store.place(COMMITTED, loss).read_bytes()


@pytest.mark.exhaustive
@pytest.mark.parametrize("loss", catalogue())
def test_three_seeds_give_the_same_verdicts(loss: str) -> None:
    """What is stored is of the first seed, as a fresh run shows; here are two more."""
    stored = store.load(COMMITTED, loss)
    assert stored is not None
    assert Budget().seed == 1
    spec = read_spec(catalogue()[loss], SpecLibrary([data_folder("specs")]))
    for claim, entry in zip(spec.claims, stored["claims"], strict=True):
        for seed in (2, 3):
            found = settle_claim(spec, claim, Budget(seed=seed))
            assert (found.status, found.scope.as_json()) == (entry["status"], entry["scope"]), (claim.text, seed)


PROVING = """
import sys
from pathlib import Path
from symloss.build.sources import catalogue
from symloss.proof.proving import prove_facts, prove_file
for name in sys.argv[2:]:
    prove_facts(Path(sys.argv[1]), True) if name == "atoms" else prove_file(catalogue()[name], Path(sys.argv[1]), True)
"""


def proved_under(seed: str, losses: tuple[str, ...], out: Path) -> dict[str, bytes]:
    """The files that a process of its own writes, whose sets and dictionaries are in the order of a hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(symloss.__file__).parents[1])}
    command = [sys.executable, "-c", PROVING, str(out), *losses]
    subprocess.run(command, env=environment, check=True, timeout=600)
    return {path.name: path.read_bytes() for path in sorted((out / "proofs").glob("*.json"))}


@pytest.mark.parametrize(
    "losses",
    [("huber", "listnet"), pytest.param(("atoms", "dice", "kl_divergence"), marks=pytest.mark.slow)],
    ids=["quick", "slow"],
)
def test_another_hash_seed_gives_the_same_bytes(losses: tuple[str, ...], tmp_path: Path) -> None:
    first, second = (proved_under(seed, losses, tmp_path / seed) for seed in ("1", "2"))
    assert sorted(first) == sorted(f"{loss}.json" for loss in losses)
    assert first == second
