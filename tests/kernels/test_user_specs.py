"""Losses outside the catalogue go the same way: compiled, loaded, value and gradient against the interpreter."""

from __future__ import annotations

import pytest

from tests.kernels.harness import DTYPES, USER_SPECS, Kernels, Options

#: What compiles and evaluates within a second or two; the others are slow.
CHEAP = frozenset({"cauchy", "welsch", "expectile", "poisson_nll", "td_huber", "tversky"})


def check(name: str, dtype: str, entries: tuple[str, ...]) -> None:
    # What these formulas do between input and result (angles, norms, many products) is rounded at every step.
    k = Kernels(USER_SPECS[name], rough=True)
    outcome = k.call(k.distinct, dtype, Options("sum", weighted=not k.batchless))
    for entry in k.entries:
        if entry in entries:
            outcome.check(entry)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in CHEAP else pytest.mark.slow) for name in USER_SPECS]
)
def test_value_and_gradient(name: str) -> None:
    check(name, "float64", ("value", "value_and_grad"))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", USER_SPECS)
def test_every_entry_point(name: str, dtype: str) -> None:
    check(name, dtype, ("value", "value_and_grad", "grad_hess_diag", "hvp"))
