"""One compiled specialisation for each kernel, whatever the options and the layouts of a call."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, DTYPES, REDUCTIONS, Kernels, Options, kernels, ways
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
    for way in ways(k):
        with way:
            call_with_all_options(k, tmp_path)
    counts = kernels_of(k.module)
    assert counts
    assert {kernel: count for kernel, count in counts.items() if count != 1} == {}


def call_with_all_options(k: Kernels, folder: Path) -> None:
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
                plain.run(entry, [change(array, folder) for array in plain.arrays])
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


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "sigmoid_cross_entropy"])
def test_one_kernel_runs(name: str) -> None:
    """Of the two ways through a sample a call takes one, so that the other one is not compiled for it."""
    k = kernels(name)
    longest = k.module.SHORT
    for size, ending in ((longest, "_short_f64"), (longest + 1, "_f64")):
        for entry in k.entries:
            called: list[str] = []
            made = Kernels(CATALOGUE[name], distinct=2, other=size)
            inputs = [np.ascontiguousarray(array) for array in made.call(2, "float64", Options()).arrays]
            inputs += [np.ones((1,) * len(t["axes"])) for t in k.meta["inputs"][len(inputs) :]]
            outputs = [np.empty_like(inputs[0])] * 2
            k.module.DRIVERS[entry](
                lambda kernel, *_, into=called: into.append(kernel.py_func.__name__),
                inputs, (), (None,), (None,), "sum", None, False, (None,), outputs[: 1 + (entry == "grad_hess_diag")],
                [inputs[0]] if entry == "hvp" else [],
            )  # fmt: skip
            assert called == [f"{entry}{ending}"]
