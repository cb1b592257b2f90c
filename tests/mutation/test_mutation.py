"""At least 95 % of small planted faults are caught; each batch runs in a fresh process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from symloss.atoms import RECORDS

ROOT = Path(__file__).parents[2]
CATALOGUE = sorted(path.stem for path in (ROOT / "specs").glob("*/*.yaml"))


def rules(faults, checks, records=RECORDS):
    """A batch for each rule of the records and each fault in it."""
    places = [(name, place) for name in records for place in range(RECORDS[name].arity)]
    return [f"rule {name} {place} {fault} {checks}" for name, place in places for fault in faults]


def caught(batches):
    """The share of the planted faults that were caught, how many were planted, and the survivors."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.mutation.plant", *batches]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert ran.returncode == 0, ran.stderr[-2000:]
    results = json.loads(ran.stdout.strip().splitlines()[-1])
    planted = sum(result["planted"] for result in results)
    survivors = [f"{result['batch']}: {survivor}" for result in results for survivor in result["survivors"]]
    equivalent = sum(len(result.get("equivalent", ())) for result in results)
    print(f"{planted - len(survivors)} of {planted} planted faults caught; {equivalent} more changed no result")
    print("\n".join(survivors))
    return 1 - len(survivors) / planted, planted, survivors


@pytest.mark.parametrize("kind", ["spec", pytest.param("kernel", marks=pytest.mark.exhaustive)])
def test_faults_in_a_few_losses(kind):
    share, planted, survivors = caught(
        [f"{kind} {name}" for name in ("huber", "bce_with_logits", "softmax_cross_entropy")]
    )
    assert planted >= 15
    assert share >= 0.95, survivors


@pytest.mark.parametrize("check", ["atoms", "oracle"])
def test_faults_in_a_few_derivatives(check):
    share, planted, survivors = caught(rules(["negate", "double", "drop"], check, ["softplus", "sigmoid"]))
    assert planted == 6
    assert share == 1, survivors


def test_what_should_catch_them_passes_where_nothing_is_planted():
    _, planted, survivors = caught(rules(["none"], "atoms", ["softplus", "xlogy"]))
    assert planted == len(survivors) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "losses", "least"),
    [
        ("spec", CATALOGUE, 200),
        ("kernel", CATALOGUE[::4], 100),
        pytest.param("kernel", CATALOGUE, 400, marks=pytest.mark.exhaustive),
    ],
    ids=["spec", "some kernels", "kernel"],
)
def test_faults_in_the_catalogue(kind, losses, least):
    share, planted, survivors = caught([f"{kind} {name}" for name in losses])
    assert planted >= least
    assert share >= 0.95, survivors


@pytest.mark.slow
def test_faults_in_derivatives():
    share, planted, survivors = caught(rules(["negate", "double", "drop"], "atoms oracle"))
    assert planted >= 120
    assert share >= 0.95, survivors


@pytest.mark.slow
def test_the_tests_of_all_atoms_pass_where_nothing_is_planted():
    batches = [f"rule {name} 0 none atoms" for name in RECORDS]
    _, planted, survivors = caught(batches)
    assert planted == len(survivors) == len(batches)
