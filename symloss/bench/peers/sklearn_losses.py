"""scikit-learn: the compiled losses behind its estimators, made by a call; targets come as the second input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn._loss import loss as compiled

from symloss.bench.records import Peer


def _peer(loss: str, kind: Any, make: Callable[..., Any], factor: float = 1.0, hessian: bool = True) -> Peer:
    """A record; `loss` of the class, the value alone, is not computed as the value beside the gradient is."""

    def value_alone(arrays: list[Any], parameters: Mapping[str, float]) -> float:
        raw, target = arrays
        judge = make(raw, target, **parameters)
        return factor * float(np.mean(judge.loss(target.astype(raw.dtype), np.asfortranarray(raw))))

    return Peer(loss, f"sklearn._loss.{kind.__name__}", make, factor, hessian, value_alone)


PEERS = [
    _peer("mse", compiled.HalfSquaredError, lambda raw, target: compiled.HalfSquaredError(), factor=2),
    _peer("mae", compiled.AbsoluteError, lambda raw, target: compiled.AbsoluteError(), hessian=False),
    _peer("huber", compiled.HuberLoss, lambda raw, target, delta: compiled.HuberLoss(delta=delta)),
    _peer("quantile", compiled.PinballLoss, lambda raw, target, tau: compiled.PinballLoss(quantile=tau), hessian=False),
    _peer("bce_with_logits", compiled.HalfBinomialLoss, lambda raw, target: compiled.HalfBinomialLoss()),
    _peer(
        "softmax_cross_entropy",
        compiled.HalfMultinomialLoss,
        lambda raw, target: compiled.HalfMultinomialLoss(n_classes=raw.shape[1]),
    ),
]
