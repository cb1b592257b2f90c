"""The examples do what they say, judged by the libraries and closed forms that they are held against."""

from __future__ import annotations

import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symloss

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def run(name: str, *arguments: Any) -> dict[str, Any]:
    """What the ``main()`` of an example returns."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](*arguments)


def test_multinomial_regression_reaches_the_optimum_of_scikit_learn() -> None:
    figures = run("digits_multinomial")
    assert figures["scikit-learn"] > 0
    for found in (figures["L-BFGS"], figures["Newton-CG"]):
        assert abs(found["excess"]) < 1e-6
        assert found["distance"] < 1e-3
        assert found["accuracy"] > 0.97


def test_newton_cg_needs_few_steps() -> None:
    """With a wrong Hessian-vector product it would still get there, but slowly."""
    figures = run("digits_multinomial")
    assert figures["Newton-CG"]["iterations"] * 5 < figures["L-BFGS"]["iterations"]


def test_intervals_hold_about_nine_patients_of_ten() -> None:
    figures = run("diabetes_intervals")
    assert 0.84 < figures["coverage"] < 0.95
    assert 0.02 < figures["below"] < 0.10
    assert 0.02 < figures["above"] < 0.10
    assert 0.3 < figures["width"] / figures["range"] < 0.7


def test_quantile_regression_comes_close_to_linear_programming() -> None:
    figures = run("diabetes_intervals")
    assert -1e-6 < figures["least_excess"] <= figures["excess"] < 5e-3


@pytest.mark.parametrize("backend", ["xgboost", "trees"])
def test_boosting_on_a_loss_of_ones_own_lowers_its_cost(backend: str) -> None:
    if backend == "xgboost" and find_spec("xgboost") is None:
        pytest.skip("XGBoost is not installed; the extra [examples] brings it")
    figures = run("boosting_custom_loss", backend)
    assert figures["backend"] == backend
    assert figures["linex"]["cost"] < 0.9 * figures["mse"]["cost"]
    assert figures["linex"]["too_little"] < figures["mse"]["too_little"]


def test_the_loss_of_ones_own_is_not_shipped_and_has_the_derivatives_of_its_paper() -> None:
    assert "linex" not in symloss.list_losses()
    linex = symloss.load(EXAMPLES / "linex.yaml")
    error = np.array([-3.0, -1.0, -1e-9, 1e-9, 0.5, 2.0])
    gradient, curvature = linex.grad_hess_diag(error, np.zeros(6), a=-1.5, b=2.0)
    np.testing.assert_allclose(gradient, -3.0 * np.expm1(-1.5 * error), rtol=1e-14)
    np.testing.assert_allclose(curvature, 4.5 * np.exp(-1.5 * error), rtol=1e-14)


def test_contrastive_training_makes_neighbours_of_the_same_digit() -> None:
    figures = run("digits_contrastive")
    assert figures["last_loss"] < figures["first_loss"] - 0.5
    assert figures["after"] > figures["before"] + 0.08
    assert figures["after"] > 0.85
