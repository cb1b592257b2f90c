"""The benchmarks know every shipped loss."""

from __future__ import annotations

import runpy
from pathlib import Path

import symloss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_there_are_inputs_for_every_loss() -> None:
    cases = runpy.run_path(str(BENCHMARKS / "cases.py"))
    assert sorted(cases["CASES"]) == symloss.list_losses()
    for name in symloss.list_losses():
        declared = symloss.load(name).meta["inputs"]
        required = sum(item["optional"] is None for item in declared)
        assert required <= len(cases["inputs"](name, 512)) <= len(declared)
