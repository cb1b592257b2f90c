"""Losses outside the catalogue go the same way: compiled, loaded, value and gradient against the interpreter."""

from __future__ import annotations

import pytest

from tests.kernels.harness import USER_SPECS, Kernels, Options

#: What compiles and evaluates within a second or two, so that the default tests have some.
CHEAP = ("cauchy", "expectile", "keypoint_uncertainty", "poisson_nll", "td_huber", "tversky", "welsch")


#: Inputs that random numbers would leave on a flat part of the loss: labels that coincide, small spreads.
TELLING = {
    "supcon": {"label": lambda index, value: float(index[0] % 2)},
    "multi_similarity": {"label": lambda index, value: float(index[0] % 2)},
    "vicreg_variance": {"z": lambda index, value: value / 4},
    "td_huber": {"q": lambda index, value: value / 4},
}


def check(name: str, dtype: str, entries: tuple[str, ...]) -> None:
    # What these formulas do between input and result (angles, norms, many products) is rounded at every step.
    k = Kernels(USER_SPECS[name], rough=True)
    for tensor, change in TELLING.get(name, {}).items():
        k.values[tensor] = {index: change(index, value) for index, value in k.values[tensor].items()}
    outcome = k.call(k.distinct, dtype, Options("sum", weighted=not k.batchless))
    for entry in k.entries:
        if entry in entries:
            outcome.check(entry)


@pytest.mark.parametrize("name", CHEAP)
def test_value_and_gradient(name: str) -> None:
    check(name, "float64", ("value", "value_and_grad"))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", USER_SPECS)
def test_every_entry_point(name: str, dtype: str) -> None:
    check(name, dtype, ("value", "value_and_grad", "grad_hess_diag", "hvp"))
