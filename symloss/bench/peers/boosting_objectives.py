"""XGBoost and LightGBM: the built-in objectives whose gradient and Hessian are ours, so that training can be compared.

Others (absolute error, quantile, Huber, softmax) have second derivatives of another kind there, and grow other trees.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Objective:
    """A built-in objective that computes a loss of ours.

    Attributes:
        loss: the name of our loss.
        xgboost: its name in XGBoost.
        lightgbm: its name in LightGBM.
        factor: our loss is this multiple of theirs.
        binary: whether targets are 0 and 1.
        base_score: XGBoost's ``base_score`` at which boosting starts from the raw score 0.
    """

    loss: str
    xgboost: str
    lightgbm: str
    factor: float
    binary: bool
    base_score: float


OBJECTIVES = {
    one.loss: one
    for one in (
        Objective("mse", "reg:squarederror", "regression", 2.0, False, 0.0),
        Objective("bce_with_logits", "binary:logistic", "binary", 1.0, True, 0.5),
    )
}
