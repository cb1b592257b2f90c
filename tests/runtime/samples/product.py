"""A hand-written module in the form of a generated one: (sum of a) times (sum of b), two predictions in one batch."""

_REAL = {"kind": "interval", "lower": None, "upper": None, "lower_closed": False, "upper_closed": False}
_REAL |= {"values": [], "axis": None}

META = {
    "name": "product",
    "title": "A product of sums",
    "formula": "sum[d](a[n, d]) * sum[e](b[n, e])",
    "axes": {
        "n": {"kind": "batch", "like": None, "size": None, "span": False},
        "d": {"kind": "feature", "like": None, "size": None, "span": True},
        "e": {"kind": "feature", "like": None, "size": 4, "span": False},
    },
    "inputs": [
        {"name": "a", "axes": ["n", "d"], "role": "prediction", "domain": _REAL, "optional": None, "doc": ""},
        {"name": "b", "axes": ["n", "e"], "role": "prediction", "domain": _REAL, "optional": None, "doc": ""},
        {"name": "shift", "axes": [], "role": "target", "domain": _REAL, "optional": None, "doc": ""},
    ],
    "parameters": [{"name": "scale", "default": 1.0, "domain": {**_REAL, "lower": 0.0, "upper": 1.0}, "doc": ""}],
    "terms": {"value": "n"},
    "gradients": ["a", "b", "scale"],
    "predictions": ["a", "b"],
    "entries": ["value", "value_and_grad", "hvp"],
    "refused": {"grad_hess_diag": "a test; use hvp"},
    "checks": [{"constraint": "a < b"}, {"constraint": "scale < shifts"}],
    "ignore_index": False,
    "coupled": False,
    "paired": [],
}


def _drive(entry):
    def driver(
        run, inputs, parameters, weights, masks, reduction, normalizer, validate, values, outputs, directions=()
    ):
        a, b, shift = inputs
        (scale,) = parameters
        if validate and (a.min(initial=0) < -1000 or shift[0] > 1000):
            return (), (0, int(a.min(axis=1).argmin())) if a.min(initial=0) < -1000 else (1, 0)
        divisor = 1 if reduction != "mean" else normalizer or len(a)
        sums = a.sum(axis=1) + shift[0], b.sum(axis=1)
        if entry == "value_and_grad":
            outputs[0][:] = scale * sums[1][:, None] / divisor
            outputs[1][:] = scale * sums[0][:, None] / divisor
            outputs[2][:] = (sums[0] * sums[1]).sum() / divisor
        if entry == "hvp":
            outputs[0][:] = scale * directions[1].sum(axis=1)[:, None] / divisor
            outputs[1][:] = scale * directions[0].sum(axis=1)[:, None] / divisor
        return (float(scale * (sums[0] * sums[1]).sum() / divisor),), None

    return driver


DRIVERS = {entry: _drive(entry) for entry in META["entries"]}
