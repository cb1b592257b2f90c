"""The inputs that the benchmarks make fit the losses; one without inputs there is not measured, and needs none."""

from __future__ import annotations

import runpy
from pathlib import Path

import symloss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_inputs_fit_the_losses() -> None:
    cases = runpy.run_path(str(BENCHMARKS / "cases.py"))
    assert len(cases["CASES"]) >= 44
    for name in cases["CASES"]:
        declared = symloss.load(name).meta["inputs"]
        required = sum(item["optional"] is None for item in declared)
        assert required <= len(cases["inputs"](name, 512)) <= len(declared)
