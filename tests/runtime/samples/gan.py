"""A hand-written module in the form of a generated one: two terms with batches of their own. Plain NumPy."""

import numpy as np

_REAL = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
_REAL |= {"values": [], "axis": None}

META = {
    "name": "gan",
    "title": "A discriminator on logits",
    "formula": "real: softplus(-d_real[m])\nfake: softplus(d_fake[n])",
    "axes": {
        "m": {"kind": "batch", "like": None, "size": None, "span": False},
        "n": {"kind": "batch", "like": None, "size": None, "span": False},
    },
    "inputs": [
        {"name": "d_real", "axes": ["m"], "role": "prediction", "domain": _REAL, "optional": None, "doc": ""},
        {"name": "d_fake", "axes": ["n"], "role": "prediction", "domain": _REAL, "optional": None, "doc": ""},
    ],
    "parameters": [],
    "terms": {"real": "m", "fake": "n"},
    "gradients": ["d_real", "d_fake"],
    "predictions": ["d_real", "d_fake"],
    "entries": ["value", "value_and_grad", "grad_hess_diag", "hvp"],
    "refused": {},
    "checks": [],
    "ignore_index": False,
    "coupled": False,
    "paired": [],
}


def _drive(entry):
    def driver(
        run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
    ):
        totals = []
        for term, (d, sign) in enumerate(zip(inputs, (-1, 1), strict=True)):
            live = np.ones(d.size, bool) if masks[term] is None else masks[term]
            each = np.where(live, 1 if weights[term] is None else weights[term], 0)
            denominator = 1.0
            if reduction == "mean":
                denominator = float(each.sum()) if normalizer is None else normalizer
                if denominator == 0:
                    raise ValueError("the mean over a batch of zero total weight is undefined")
            losses = each * np.logaddexp(0, sign * d)
            if values[term] is not None:
                values[term][:] = losses
            p = 1 / (1 + np.exp(-d))
            gradient = each * (p if sign > 0 else p - 1) / denominator
            curvature = each * p * (1 - p) / denominator
            if entry in ("value_and_grad", "grad_hess_diag"):
                outputs[term][:] = gradient
            if entry == "grad_hess_diag":
                outputs[2 + term][:] = curvature
            if entry == "hvp":
                outputs[term][:] = curvature * directions[term]
            totals.append(float(losses.sum()) / denominator)
        return tuple(totals), None

    return driver


DRIVERS = {entry: _drive(entry) for entry in META["entries"]}
