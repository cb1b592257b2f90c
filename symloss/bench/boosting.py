"""Training time of XGBoost and LightGBM with our gradient and Hessian against their built-in objective."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

import symloss
from symloss.bench.measuring import sentence
from symloss.bench.peers.boosting_objectives import OBJECTIVES, Objective
from symloss.bench.timing import ratios, spread, take_turns

#: Largest share of the spread of predictions by which the two trainings may differ in the mean.
TOLERANCE = 1e-2


def compare(name: str, threads: int, rows: int = 100_000, trees: int = 50, seconds: float = 12.0) -> dict[str, Any]:
    """Train on the same data with the custom and the built-in objective, in turn.

    Args:
        name: a loss of `OBJECTIVES`.
        threads: of the libraries and of ours.
        rows: of the training data, with 20 features.
        trees: per training.
        seconds: about how long the rounds of one library may take.

    Returns:
        per library seconds of both, the ratio (custom in built-in), the difference of the predictions; or why skipped.
    """
    objective = OBJECTIVES[name]
    generator = np.random.default_rng(0)
    features = generator.standard_normal((rows, 20), np.float32)
    score = features[:, 0] + features[:, 1] * features[:, 2] + generator.standard_normal(rows, np.float32)
    target = (score > 0).astype(np.float32) if objective.binary else score
    found: dict[str, Any] = {"loss": name, "rows": rows, "trees": trees, "libraries": {}, "skipped": {}}
    for module, title, make in (("xgboost", "XGBoost", _xgboost), ("lightgbm", "LightGBM", _lightgbm)):
        if not find_spec(module):
            found["skipped"][title] = f"{title} is not installed"
            continue
        try:
            found["libraries"][title] = _timed(make(objective, features, target, trees, threads), seconds)
        except Exception as error:
            found["skipped"][title] = f"failed: {sentence(error)}"
    return found


def _timed(trainings: dict[str, Callable[[], Any]], seconds: float) -> dict[str, Any]:
    custom, builtin = trainings["symloss"](), trainings["built-in"]()
    apart = float(np.abs(custom - builtin).mean() / builtin.std())
    if not apart <= TOLERANCE:
        raise ArithmeticError(f"the two trainings predict different things: {apart:.2g} of the spread apart")
    times = take_turns(trainings, seconds, least=0.0)
    return {
        "seconds": {key: spread(numbers) for key, numbers in times.items()},
        "ratio": ratios(times["symloss"], times["built-in"]),
        "rounds": len(times["symloss"]),
        "difference": float(f"{apart:.3g}"),
    }


def _slopes(objective: Objective, threads: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Gradient and Hessian per sample in the library's scale."""
    loss = symloss.load(objective.loss)

    def slopes(raw: Any, target: Any) -> tuple[Any, Any]:
        # A mean by a normaliser is how a constant factor costs nothing.
        return loss.grad_hess_diag(raw, target, reduction="mean", normalizer=objective.factor, threads=threads)

    return slopes


def _xgboost(objective: Objective, features: Any, target: Any, trees: int, threads: int) -> dict[str, Any]:
    import xgboost

    data, slopes = xgboost.DMatrix(features, target, nthread=threads), _slopes(objective, threads)
    settings = {"max_depth": 6, "eta": 0.1, "nthread": threads, "tree_method": "hist", "seed": 0, "verbosity": 0}

    def custom() -> Any:
        own = {**settings, "base_score": 0.0}
        model = xgboost.train(own, data, trees, obj=lambda raw, labelled: slopes(raw, labelled.get_label()))
        return model.predict(data, output_margin=True)

    def builtin() -> Any:
        own = {**settings, "objective": objective.xgboost, "base_score": objective.base_score}
        return xgboost.train(own, data, trees).predict(data, output_margin=True)

    return {"symloss": custom, "built-in": builtin}


def _lightgbm(objective: Objective, features: Any, target: Any, trees: int, threads: int) -> dict[str, Any]:
    import lightgbm

    slopes = _slopes(objective, threads)
    settings = {"num_leaves": 63, "learning_rate": 0.1, "num_threads": threads, "verbose": -1, "seed": 0}
    settings |= {"deterministic": True, "force_row_wise": True, "boost_from_average": False}
    data = lightgbm.Dataset(features, target, params={"verbose": -1}, free_raw_data=False).construct()
    labels = target.astype(np.float64)

    def train(own: Any) -> Any:
        return lightgbm.train({**settings, "objective": own}, data, trees).predict(features, raw_score=True)

    return {
        "symloss": lambda: train(lambda raw, _: slopes(raw, labels)),
        "built-in": lambda: train(objective.lightgbm),
    }
