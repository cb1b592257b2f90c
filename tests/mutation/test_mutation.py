"""At least 95 % of small planted faults are caught; each batch runs in a fresh process."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from symloss import atoms
from symloss.atoms import record_of

ROOT = Path(__file__).parents[2]
CATALOGUE = sorted(path.stem for path in (ROOT / "specs").glob("*/*.yaml"))
ATOMS = ["Softplus", "Sigmoid", "Tanh", "LogCosh", "ExpTail", "LogTail", "LogRatio", "XLogY", "XLog1pY", "ZeroTimes"]
ATOMS += ["Maximum", "Minimum", "Absolute", "Ramp", "Where"]
DERIVATIVES = [
    ("derivative", name, str(place), fault)
    for name in ATOMS
    for place in range(len(record_of(getattr(atoms, name)).derivative))
    for fault in ("negate", "double", "drop")
]


def plant(arguments):
    """What `tests.mutation.plant` prints in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.mutation.plant", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, f"{arguments}: {result.stderr[-2000:]}"
    return json.loads(result.stdout.strip().splitlines()[-1])


def caught(batches):
    """The share of the planted faults that were caught, and the survivors."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(plant, batches))
    planted = sum(result["planted"] for result in results)
    survivors = [f"{' '.join(b)}: {s}" for b, result in zip(batches, results, strict=True) for s in result["survivors"]]
    equivalent = sum(len(result.get("equivalent", ())) for result in results)
    print(f"{planted - len(survivors)} of {planted} planted faults caught; {equivalent} more changed no result")
    print("\n".join(survivors))
    return 1 - len(survivors) / planted, planted, survivors


@pytest.mark.parametrize("kind", ["spec", "kernel"])
def test_faults_in_a_few_losses(kind):
    share, planted, survivors = caught([(kind, name) for name in ("huber", "bce_with_logits", "softmax_cross_entropy")])
    assert planted >= 15
    assert share >= 0.95, survivors


def test_faults_in_a_few_derivatives():
    share, planted, survivors = caught(DERIVATIVES[:6])
    assert planted == 6
    assert share == 1, survivors


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("spec", 200), ("kernel", 400)])
def test_faults_in_the_catalogue(kind, least):
    share, planted, survivors = caught([(kind, name) for name in CATALOGUE])
    assert planted >= least
    assert share >= 0.95, survivors


@pytest.mark.slow
def test_faults_in_derivatives():
    share, planted, survivors = caught(DERIVATIVES)
    assert planted >= 30
    assert share >= 0.95, survivors
