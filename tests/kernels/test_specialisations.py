"""One compiled specialisation for each kernel, whatever the options and the layouts of a call."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, DTYPES, REDUCTIONS, Options, kernels
from tests.kernels.test_layouts import LAYOUTS


def kernels_of(module: ModuleType) -> dict[str, int]:
    """By kernel the number of compiled specialisations."""
    found = {}
    for name, value in vars(module).items():
        if hasattr(value, "signatures") and name.endswith(("_f64", "_f32")):
            arguments = list(inspect.signature(value.py_func).parameters)
            if arguments[:2] == ["first", "last"]:
                found[name] = len(value.signatures)
    return found


@pytest.mark.parametrize("name", CATALOGUE)
def test_one_specialisation(name: str, tmp_path: Path) -> None:
    k = kernels(name)
    length = k.distinct if k.coupled else 6
    for dtype in DTYPES:
        for entry in k.entries:
            for reduction in REDUCTIONS:
                for weighted in (False, True):
                    for normalizer in (None, 2):
                        outcome = k.call(length, dtype, Options(reduction, weighted, not k.coupled, normalizer))
                        outcome.run(entry)
                        outcome.run(entry, validate=False, threads=2)
            plain = k.call(length, dtype, Options())
            for change in LAYOUTS.values():
                plain.run(entry, [change(array, tmp_path) for array in plain.arrays])
            plain.run(entry, [array.tolist() for array in plain.arrays])
            single = np.arange(length) * 0 if k.coupled else slice(0, 1)
            if not k.coupled:
                axes = {n: k.program.tensors[n].axes for n in k.inputs}
                first = [
                    a[single] if axes[n] and k.is_batch(axes[n][0]) else a
                    for n, a in zip(k.inputs, plain.arrays, strict=True)
                ]
                if entry != "hvp":
                    plain.run(entry, first)
    counts = kernels_of(k.module)
    assert counts
    assert {kernel: count for kernel, count in counts.items() if count != 1} == {}
