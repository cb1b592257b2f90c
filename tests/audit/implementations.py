"""Implementations with and without planted faults, on NumPy alone; the audits import this module by its name."""

import time

import numpy as np


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


# --- right ----------------------------------------------------------------------------------------------------------


def mse_value(pred, target):
    return (pred - target) ** 2


def mse_mean(y_true, y_pred):
    return np.mean((y_pred - y_true) ** 2)


def mse_sum(pred, target):
    return np.sum((pred - target) ** 2)


def half_mse(pred, target):
    return (pred - target) ** 2 / 2


def mse_objective(preds, dtrain):
    residual = preds - dtrain.get_label()
    return 2 * residual, np.full_like(residual, 2)


def mse_gradient(y_true, y_pred):
    return 2 * (y_pred - y_true)


def mse_mean_gradient(y_true, y_pred):
    return 2 * (y_pred - y_true) / len(y_true)


def mse_value_and_gradient(pred, target):
    return (pred - target) ** 2, 2 * (pred - target)


def huber_value(pred, target, delta=1.0):
    error = np.abs(pred - target)
    return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))


def mae_gradient_with_another_slope(pred, target):
    return np.where(pred >= target, 1.0, -1.0).astype(pred.dtype)


def logistic(y_true, y_pred):
    signed = np.where(y_true == 1, -_sigmoid(-y_pred), _sigmoid(y_pred))
    soft = (y_true != 0) & (y_true != 1)
    return np.where(soft, _sigmoid(y_pred) - y_true, signed), _sigmoid(y_pred) * _sigmoid(-y_pred)


def _softmax_objective(z, y):
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    gradient = p.copy()
    gradient[np.arange(len(y)), y] -= 1
    return gradient, p * (1 - p)


def softmax_rows(preds, labels):
    return _softmax_objective(preds, labels)


def softmax_by_class(preds, dtrain):
    y = dtrain.get_label()
    gradient, hessian = _softmax_objective(preds.reshape(-1, len(y)).T, y)
    return gradient.ravel(order="F"), hessian.ravel(order="F")


def softmax_one_hot(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return -np.sum(labels * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))), axis=1)


class Mse:
    def __init__(self, scale=1.0):
        self.scale = scale

    def __call__(self, pred, target):
        return self.scale * (pred - target) ** 2

    def gradient(self, pred, target):
        return 2 * self.scale * (pred - target)


# --- planted faults -------------------------------------------------------------------------------------------------


def wrong_sign(y_true, y_pred):
    return 2 * (y_true - y_pred)


def wrong_everywhere(pred, target):
    return np.abs(pred - target) ** 1.5


def hessian_without_factor(preds, dtrain):
    residual = preds - dtrain.get_label()
    return 2 * residual, np.ones_like(residual)


def broadcasts(pred, target):
    return np.mean((pred[:, None] - target[None, :]) ** 2)


def naive_softplus(z, y):
    return np.log(1 + np.exp(z)) - y * z


def huber_swapped_branches_when_large(pred, target):
    error = np.abs(pred - target)
    return np.where(error <= 1, error**2 / 2, np.where(error < 30, error - 0.5, error**2 / 2))


def wrong_at_kink(pred, target):
    return np.where(pred == target, 7.0, np.sign(pred - target)).astype(pred.dtype)


def clipped_bce(p, y):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def single_precision(pred, target):
    return ((pred - target) ** 2).astype(np.float32)


def refuses_large(pred, target):
    if np.max(np.abs(pred)) > 100:
        raise ValueError("too large")
    return (pred - target) ** 2


# --- unusable -------------------------------------------------------------------------------------------------------


def raises(pred, target):
    raise RuntimeError("no such luck")


def hangs(pred, target):
    time.sleep(600)


def mutates(pred, target):
    pred -= target
    return pred**2


def wrong_shape(pred, target):
    return np.zeros((2, 5))


def returns_text(pred, target):
    return "0.5"


def returns_none(pred, target):
    return None


def crashes(pred, target):
    import os

    os._exit(3)


def no_arguments():
    return 0.0


prints = 3
