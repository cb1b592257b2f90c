"""Specifications that nobody wrote: their kernels agree with the interpreter of their programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kernels.random_writer import Writer

ROOT = Path(__file__).parents[2]


#: Specifications, shortened, in which random ones found a fault.
FOUND = sorted((Path(__file__).parent / "found").glob("*.yaml"))


def examined(*what: object) -> dict[str, Any]:
    """In a process of its own, for only there can compilation be off."""
    command = [sys.executable, "-m", "tests.kernels.random_specs", *map(str, what)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.slow
def test_kernels_of_random_specifications_agree_with_the_interpreter() -> None:
    found = examined(0, 3)
    assert found == {"agree": [0, 1, 2], "refused": {}, "faults": {}}


@pytest.mark.slow
def test_faults_that_were_found_stay_mended() -> None:
    found = examined(*FOUND)
    assert not found["faults"]
    assert found["agree"] == list(map(str, FOUND))


#: Where five seeds begin that stand for the others, some of which take minutes by themselves.
SOME = (5, 20, 35, 50, 65, 85)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        first if first in SOME else pytest.param(first, marks=pytest.mark.exhaustive)
        for first in (*range(5, 55, 5), *range(60, 70, 5), 80, 85, 90, 95)
    ],
)
def test_more_kernels_of_random_specifications(first: int) -> None:
    found = examined(first, first + 5)
    assert not found["faults"]
    assert not found["refused"]


def test_random_specifications_use_most_of_the_language() -> None:
    """A writer that no longer writes something would leave it unexamined."""
    texts = "\n".join(Writer(seed).text() for seed in range(200))
    constructs = "where( stop_gradient( clamp( huber( mse( logsumexp[ norm[ cumsum[ sort[ rank[ softmax[ log_softmax["
    wanted = [*constructs.split(), "terms:", "parameters:", "optional: 1", "like n", "like k", "boolean", "{-1, 1}"]
    wanted += ["index(", "number(label[n])", " and ", " or ", "not (", "k != label[n]", "j != n", "cost:", "[m]"]
    assert [text for text in wanted if text not in texts] == []
