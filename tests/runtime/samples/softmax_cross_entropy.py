"""A hand-written module in the form of a generated one: a row loss with labels and an optional coefficient.

Plain NumPy: what is tested with it is the way of the arguments, not speed.
"""

import numpy as np

_REAL = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
_REAL |= {"values": [], "axis": None}

META = {
    "name": "softmax_cross_entropy",
    "title": "Softmax cross entropy",
    "formula": "-log_softmax[k](z[n, k])[y[n]]",
    "axes": {
        "n": {"kind": "batch", "like": None, "size": None, "span": False},
        "k": {"kind": "class", "like": None, "size": None, "span": False},
    },
    "inputs": [
        {"name": "z", "axes": ["n", "k"], "role": "prediction", "domain": _REAL, "optional": None, "doc": "logits"},
        {
            "name": "y",
            "axes": ["n"],
            "role": "target",
            "domain": {**_REAL, "kind": "index", "axis": "k"},
            "optional": None,
            "doc": "index of the true class",
        },
        {
            "name": "class_weight",
            "axes": ["k"],
            "role": "coefficient",
            "domain": {**_REAL, "lower": 0.0, "lower_closed": True},
            "optional": 1.0,
            "doc": "",
        },
    ],
    "parameters": [],
    "terms": {"value": "n"},
    "gradients": ["z", "class_weight"],
    "predictions": ["z"],
    "entries": ["value", "value_and_grad", "hvp"],
    "refused": {"grad_hess_diag": "its loops are deeper than the gradient's; use hvp"},
    "checks": [{"argument": "y"}, {"argument": "class_weight"}],
    "ignore_index": True,
    "coupled": False,
    "paired": [],
}


def _parts(inputs, weights, masks, reduction, normalizer, validate):
    z, y, class_weight = inputs
    rows, classes = z.shape
    live = np.ones(rows, bool) if masks[0] is None else masks[0]
    wrong = np.flatnonzero(live & ((y < 0) | (y >= classes)))
    if wrong.size:
        return None, (0, int(wrong[0]))
    if validate and (class_weight < 0).any():
        return None, (1, int(np.flatnonzero(class_weight < 0)[0]))
    y = np.where(live, y, 0)
    each = np.broadcast_to(class_weight, classes)[y] * (1 if weights[0] is None else weights[0])
    each = np.where(live, each, 0).astype(z.dtype)
    shifted = z - z.max(axis=1, keepdims=True, initial=-np.inf) if classes else z
    exponent = np.exp(shifted)
    total = exponent.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(total)
    losses = -log_p[np.arange(rows), y]
    denominator = 1.0
    if reduction == "mean":
        denominator = float(each.sum()) if normalizer is None else normalizer
        if denominator == 0:
            raise ValueError("the mean over a batch of zero total weight is undefined")
    return (losses, exponent / total, each, y, denominator), None


def _drive(entry):
    def driver(
        run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
    ):
        found, violation = _parts(inputs, weights, masks, reduction, normalizer, validate)
        if violation is not None:
            return (), violation
        losses, p, each, y, denominator = found
        weighted = np.where(each != 0, losses * each, 0)
        if values[0] is not None:
            values[0][:] = weighted
        if entry == "value_and_grad":
            outputs[0][:] = p * (each / denominator)[:, None]
            outputs[0][np.arange(len(y)), y] -= each / denominator
            outputs[1].fill(0)
            np.add.at(outputs[1], y if outputs[1].size > 1 else np.zeros_like(y), losses / denominator)
        if entry == "hvp":
            v = directions[0]
            outputs[0][:] = p * (v - (p * v).sum(axis=1, keepdims=True)) * (each / denominator)[:, None]
        return (float(weighted.sum()) / denominator,), None

    return driver


DRIVERS = {entry: _drive(entry) for entry in META["entries"]}
