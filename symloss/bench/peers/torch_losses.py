"""torch: its own function where it has one, otherwise what its users write; each returns the mean over the batch."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

from symloss.bench.records import Peer


def _log_cosh(pred: Any, target: Any) -> Any:
    size = (pred - target).abs()
    return (size + functional.softplus(-2 * size) - math.log(2)).mean()


def _quantile(pred: Any, target: Any, tau: float) -> Any:
    error = target - pred
    return torch.maximum(tau * error, (tau - 1) * error).mean()


def _focal(z: Any, y: Any, alpha: float, gamma: float) -> Any:
    p = torch.sigmoid(z)
    entropy = functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    wrong = p * (1 - y) + (1 - p) * y
    return ((alpha * y + (1 - alpha) * (1 - y)) * entropy * wrong**gamma).mean()


def _dice(p: Any, y: Any, smooth: float) -> Any:
    return (1 - (2 * (p * y).sum(1) + smooth) / (p.sum(1) + y.sum(1) + smooth)).mean()


def _areas(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Intersection, union and enclosing box of each pair of boxes."""
    inner = (torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    outer = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
    return inner, union, outer


def _iou(pred: Any, target: Any) -> Any:
    inner, union, _ = _areas(pred, target)
    return (1 - inner / union).mean()


def _giou(pred: Any, target: Any) -> Any:
    inner, union, outer = _areas(pred, target)
    return (1 - inner / union + (outer - union) / outer).mean()


def _info_nce(u: Any, v: Any, tau: float) -> Any:
    similarity = functional.normalize(u) @ functional.normalize(v).T / tau
    return functional.cross_entropy(similarity, torch.arange(len(u)))


def _kl_standard_normal(mu: Any, logvar: Any) -> Any:
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()


PEERS = [
    Peer("mse", "torch.nn.functional.mse_loss", functional.mse_loss),
    Peer("mae", "torch.nn.functional.l1_loss", functional.l1_loss),
    Peer("huber", "torch.nn.functional.huber_loss", functional.huber_loss),
    Peer("smooth_l1", "torch.nn.functional.smooth_l1_loss", functional.smooth_l1_loss),
    Peer("log_cosh", "expression", _log_cosh),
    Peer("quantile", "expression", _quantile),
    Peer("hinge", "expression", lambda score, y, margin: functional.relu(margin - y * score).mean()),
    Peer("bce", "torch.nn.functional.binary_cross_entropy", functional.binary_cross_entropy),
    Peer(
        "bce_with_logits",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        functional.binary_cross_entropy_with_logits,
    ),
    Peer("focal", "expression (that of torchvision)", _focal),
    Peer("softmax_cross_entropy", "torch.nn.functional.cross_entropy", functional.cross_entropy),
    Peer("softmax_cross_entropy_soft", "torch.nn.functional.cross_entropy", functional.cross_entropy),
    Peer(
        "label_smoothing",
        "torch.nn.functional.cross_entropy",
        lambda z, y, epsilon: functional.cross_entropy(z, y, label_smoothing=epsilon),
    ),
    Peer("dice", "expression", _dice),
    Peer("iou", "expression", _iou),
    Peer("giou", "expression", _giou),
    Peer("info_nce", "expression (cross_entropy of normalised products)", _info_nce),
    Peer("kl_standard_normal", "expression", _kl_standard_normal),
]
