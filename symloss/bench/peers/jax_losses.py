"""JAX: the formulas that optax and JAX's own functions use, written out; each returns the mean over the batch."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from symloss.bench.records import Peer


def _huber(pred: Any, target: Any, delta: float) -> Any:
    size = jnp.abs(pred - target)
    inside = jnp.minimum(size, delta)
    return jnp.mean(0.5 * inside**2 + delta * (size - inside))


def _log_cosh(pred: Any, target: Any) -> Any:
    error = pred - target
    return jnp.mean(jnp.logaddexp(error, -error) - math.log(2))


def _quantile(pred: Any, target: Any, tau: float) -> Any:
    error = target - pred
    return jnp.mean(jnp.maximum(tau * error, (tau - 1) * error))


def _binary(z: Any, y: Any) -> Any:
    return -y * jax.nn.log_sigmoid(z) - (1 - y) * jax.nn.log_sigmoid(-z)


def _focal(z: Any, y: Any, alpha: float, gamma: float) -> Any:
    wrong = jax.nn.sigmoid(jnp.where(y == 1, -z, z))
    return jnp.mean(jnp.where(y == 1, alpha, 1 - alpha) * wrong**gamma * _binary(z, y))


def _cross_entropy(z: Any, y: Any) -> Any:
    chosen = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - chosen)


def _label_smoothing(z: Any, y: Any, epsilon: float) -> Any:
    log_p = jax.nn.log_softmax(z, axis=1)
    chosen = jnp.take_along_axis(log_p, y[:, None], axis=1)[:, 0]
    return -jnp.mean((1 - epsilon) * chosen + epsilon * log_p.mean(axis=1))


def _dice(p: Any, y: Any, smooth: float) -> Any:
    return jnp.mean(1 - (2 * (p * y).sum(1) + smooth) / (p.sum(1) + y.sum(1) + smooth))


def _areas(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Intersection, union and enclosing box of each pair of boxes."""
    inner = jnp.maximum(jnp.minimum(a[:, 2:], b[:, 2:]) - jnp.maximum(a[:, :2], b[:, :2]), 0).prod(1)
    outer = (jnp.maximum(a[:, 2:], b[:, 2:]) - jnp.minimum(a[:, :2], b[:, :2])).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
    return inner, union, outer


def _iou(pred: Any, target: Any) -> Any:
    inner, union, _ = _areas(pred, target)
    return jnp.mean(1 - inner / union)


def _giou(pred: Any, target: Any) -> Any:
    inner, union, outer = _areas(pred, target)
    return jnp.mean(1 - inner / union + (outer - union) / outer)


def _info_nce(u: Any, v: Any, tau: float) -> Any:
    u, v = u / jnp.linalg.norm(u, axis=1, keepdims=True), v / jnp.linalg.norm(v, axis=1, keepdims=True)
    similarity = u @ v.T / tau
    return jnp.mean(jax.nn.logsumexp(similarity, axis=1) - jnp.diagonal(similarity))


PEERS = [
    Peer("mse", "expression", lambda pred, target: jnp.mean((pred - target) ** 2)),
    Peer("mae", "expression", lambda pred, target: jnp.mean(jnp.abs(pred - target))),
    Peer("huber", "expression (that of optax)", _huber),
    Peer("smooth_l1", "expression", lambda pred, target, beta: _huber(pred, target, beta) / beta),
    Peer("log_cosh", "expression (that of optax)", _log_cosh),
    Peer("quantile", "expression", _quantile),
    Peer("hinge", "expression", lambda score, y, margin: jnp.mean(jnp.maximum(margin - y * score, 0))),
    Peer("bce_with_logits", "expression (that of optax)", lambda z, y: jnp.mean(_binary(z, y))),
    Peer("focal", "expression", _focal),
    Peer("softmax_cross_entropy", "expression (that of optax)", _cross_entropy),
    Peer(
        "softmax_cross_entropy_soft",
        "expression (that of optax)",
        lambda z, y: -jnp.mean((y * jax.nn.log_softmax(z, axis=1)).sum(1)),
    ),
    Peer("label_smoothing", "expression", _label_smoothing),
    Peer("dice", "expression", _dice),
    Peer("iou", "expression", _iou),
    Peer("giou", "expression", _giou),
    Peer("info_nce", "expression", _info_nce),
    Peer(
        "kl_standard_normal",
        "expression",
        lambda mu, logvar: -0.5 * jnp.mean((1 + logvar - mu**2 - jnp.exp(logvar)).sum(1)),
    ),
]
