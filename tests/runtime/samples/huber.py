"""A hand-written module in the form of a generated one: element-wise, with a parameter."""

import numba
import numpy as np

CHUNK = 256

_REAL = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
_REAL |= {"values": [], "axis": None}

META = {
    "name": "huber",
    "title": "Huber loss",
    "formula": "where(abs(e[n]) <= delta, e[n]**2 / 2, delta * (abs(e[n]) - delta / 2))",
    "axes": {"n": {"kind": "batch", "like": None, "size": None, "span": False}},
    "inputs": [
        {"name": "pred", "axes": ["n"], "role": "prediction", "domain": _REAL, "optional": None, "doc": "prediction"},
        {
            "name": "target",
            "axes": ["n"],
            "role": "target",
            "domain": {**_REAL, "lower": -100.0, "upper": 100.0, "lower_closed": True},
            "optional": None,
            "doc": "",
        },
    ],
    "parameters": [
        {"name": "delta", "default": 1.0, "domain": {**_REAL, "lower": 0.0}, "doc": "where it turns linear"}
    ],
    "terms": {"value": "n"},
    "gradients": ["pred"],
    "predictions": ["pred"],
    "entries": ["value", "value_and_grad", "grad_hess_diag", "hvp"],
    "refused": {},
    "checks": [{"argument": "target"}],
    "ignore_index": False,
    "coupled": False,
    "paired": [],
    "in_place": {"value_and_grad": {"pred": ["pred"]}},
}


@numba.njit(nogil=True, cache=True, error_model="numpy")
def kernel(first, last, pred, target, delta, weight, mask, scale, validate, partial, values, gradient, hessian, failed):
    count = pred.size
    for c in range(first, last):
        total = 0.0
        for i in range(c * CHUNK, min((c + 1) * CHUNK, count)):
            live = mask.size == 0 or mask[i]
            if validate and live and (target[i] < -100 or target[i] >= 100):
                failed[c] = i
                break
            e = pred[i] - target[i]
            w = weight[i] if weight.size else pred.dtype.type(1)
            size = abs(e)
            loss = w * (e * e / 2 if size <= delta else delta * (size - delta / 2)) if live else pred.dtype.type(0)
            total += loss
            if values.size:
                values[i] = loss
            if gradient.size:
                gradient[i] = scale * w * min(max(e, -delta), delta) if live else 0
            if hessian.size:
                hessian[i] = scale * w * (1 if size <= delta else 0) if live else 0
        partial[c] = total


def _run(run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, gradient, hessian):
    pred, target = inputs
    real = pred.dtype.type
    none = np.empty(0, pred.dtype)
    weight = none if weights[0] is None else weights[0]
    mask = np.empty(0, np.bool_) if masks[0] is None else masks[0]
    chunks = -(-pred.size // CHUNK)
    denominator = 1.0
    if reduction == "mean":
        live = np.ones(pred.size, np.bool_) if masks[0] is None else mask
        denominator = (
            float(live.sum() if weights[0] is None else weight[live].sum()) if normalizer is None else normalizer
        )
        if denominator == 0:
            raise ValueError("the mean over a batch of zero total weight is undefined")
    partial = np.zeros(chunks)
    failed = np.full(chunks, -1)
    kept = none if values[0] is None else values[0]
    arguments = (pred, target, real(parameters[0]), weight, mask, real(1 / denominator), validate)
    run(kernel, chunks, (), *arguments, partial, kept, gradient, hessian, failed)
    if failed.size and failed.max() >= 0:
        return (), (0, int(failed[failed >= 0][0]))
    return (float(partial.sum()) / denominator,), None


def _drive_value(
    run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
):
    none = np.empty(0, inputs[0].dtype)
    return _run(run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, none, none)


def _drive_value_and_grad(
    run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
):
    none = np.empty(0, inputs[0].dtype)
    return _run(run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs[0], none)


def _drive_grad_hess_diag(
    run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
):
    return _run(run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, *outputs)


def _drive_hvp(
    run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
):
    none = np.empty(0, inputs[0].dtype)
    found = _run(run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, none, outputs[0])
    outputs[0] *= directions[0]
    return found


DRIVERS = {
    "value": _drive_value,
    "value_and_grad": _drive_value_and_grad,
    "grad_hess_diag": _drive_grad_hess_diag,
    "hvp": _drive_hvp,
}
