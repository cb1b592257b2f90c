"""A hand-written module in the form of a generated one: samples interact, and each has a partner half a batch away.

The value of anchor i is the sum over all samples j of (x_i·x_j) minus twice x_i·x_partner. Plain NumPy.
"""

import numpy as np

_REAL = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
_REAL |= {"values": [], "axis": None}

META = {
    "name": "coupled",
    "title": "Pairs in a batch",
    "formula": "sum[j](sum[d](x[i, d] * x[j, d])) - 2 * sum[d](x[i, d] * x[mod(i + size[i]/2, size[i]), d])",
    "axes": {
        "i": {"kind": "batch", "like": None, "size": None, "span": False},
        "d": {"kind": "feature", "like": None, "size": None, "span": False},
        "j": {"kind": "batch", "like": "i", "size": None, "span": False},
    },
    "inputs": [
        {
            "name": "x",
            "axes": ["i", "d"],
            "role": "prediction",
            "domain": {**_REAL, "upper": 100.0},
            "optional": None,
            "doc": "",
        }
    ],
    "parameters": [],
    "terms": {"value": "i"},
    "gradients": ["x"],
    "predictions": ["x"],
    "entries": ["value", "value_and_grad", "hvp"],
    "refused": {"grad_hess_diag": "samples interact; use hvp"},
    "checks": [{"argument": "x"}, {"constraint": "x < 100"}],
    "ignore_index": False,
    "coupled": True,
    "paired": ["mod(i + size[i]/2, size[i])"],
}


def _drive(entry):
    def driver(
        run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
    ):
        (x,) = inputs
        rows = len(x)
        assert masks == [None]
        if validate and (x >= 100).any():
            return (), (0, int(np.flatnonzero(x.reshape(-1) >= 100)[0]))
        each = np.ones(rows, x.dtype) if weights[0] is None else weights[0]
        denominator = 1.0
        if reduction == "mean":
            denominator = float(each.sum()) if normalizer is None else normalizer
            if denominator == 0:
                raise ValueError("the mean over a batch of zero total weight is undefined")
        partner = (np.arange(rows) + rows // 2) % max(rows, 1)
        matrix = np.ones((rows, rows)) - 2 * np.eye(rows)[partner]
        matrix = each[:, None] * matrix / denominator
        losses = each * ((x @ x.T) * (np.ones((rows, rows)) - 2 * np.eye(rows)[partner])).sum(axis=1)
        if values[0] is not None:
            values[0][:] = losses
        if entry == "value_and_grad":
            outputs[0][:] = (matrix + matrix.T) @ x
        if entry == "hvp":
            outputs[0][:] = (matrix + matrix.T) @ directions[0]
        return (float(losses.sum()) / denominator,), None

    return driver


DRIVERS = {entry: _drive(entry) for entry in META["entries"]}
