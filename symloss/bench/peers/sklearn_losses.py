"""scikit-learn: the compiled losses behind its estimators, made by a call; targets come as the second input."""

from __future__ import annotations

from sklearn._loss import loss as compiled

from symloss.bench.records import Peer

PEERS = [
    Peer("mse", "sklearn._loss.HalfSquaredError", lambda raw, target: compiled.HalfSquaredError(), factor=2),
    Peer("mae", "sklearn._loss.AbsoluteError", lambda raw, target: compiled.AbsoluteError(), hessian=False),
    Peer("huber", "sklearn._loss.HuberLoss", lambda raw, target, delta: compiled.HuberLoss(delta=delta)),
    Peer(
        "quantile",
        "sklearn._loss.PinballLoss",
        lambda raw, target, tau: compiled.PinballLoss(quantile=tau),
        hessian=False,
    ),
    Peer("bce_with_logits", "sklearn._loss.HalfBinomialLoss", lambda raw, target: compiled.HalfBinomialLoss()),
    Peer(
        "softmax_cross_entropy",
        "sklearn._loss.HalfMultinomialLoss",
        lambda raw, target: compiled.HalfMultinomialLoss(n_classes=raw.shape[1]),
    ),
]
