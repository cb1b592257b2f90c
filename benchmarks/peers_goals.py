"""The figures to reach, and the worst that was measured for each: two threads and float32 if nothing else is said."""

from peers_plan import ELEMENT_WISE

from symloss.bench.measuring import FIRST_ORDER, MOVING

POLYNOMIAL = ("mse", "mae", "huber", "hinge", "quantile")
TORCH, COMPILED, JAX, SKLEARN = "torch", "torch.compile", "JAX", "scikit-learn"


def measured(runs, threads=None, entry="value_and_grad", dtype="float32", losses=None, labels=None, at_least=0):
    """The outcomes of some cases; of the run with the most threads by default."""
    most = max((run["threads"] for run in runs), default=0)
    for run in runs:
        if run["threads"] != (threads or most):
            continue
        for outcome in run["outcomes"]:
            case = outcome["case"]
            fits = case["entry"] == entry and case["dtype"] == dtype and outcome["elements"] >= at_least
            if fits and (not losses or case["loss"] in losses) and (not labels or case["label"] in labels):
                yield outcome


def ratio(*columns):
    """The least of a case's ratios to some libraries, or None where none of them was measured."""

    def of(outcome):
        found = [outcome["ratios"][column]["median"] for column in columns if column in outcome["ratios"]]
        return min(found) if found else None

    return of


def bytes_over_time(outcome):
    """What gradient and Hessian may take over value and gradient by the bytes they move, in what they do take."""
    if FIRST_ORDER not in outcome["ratios"]:
        return None
    written = outcome["elements"] * {"float32": 4, "float64": 8}[outcome["case"]["dtype"]]
    return outcome["bytes"] / (outcome["bytes"] - written) * outcome["ratios"][FIRST_ORDER]["median"]


def goals(runs):
    """Sentence, bound, the worst figure with its case, and the worst on one thread; None where nothing was measured."""
    for sentence, bound, figure, which in _listed():
        yield sentence, bound, _worst(runs, figure, which), _worst(runs, figure, which | {"threads": 1})


def _worst(runs, figure, which):
    found = [(value, outcome) for outcome in measured(runs, **which) if (value := figure(outcome)) is not None]
    return min(found, key=lambda pair: pair[0], default=None)


def _listed():
    best, torch, compiled = ratio(TORCH, COMPILED, JAX), ratio(TORCH), ratio(COMPILED)
    large = {"losses": ELEMENT_WISE, "at_least": 10**6}
    double = {"losses": ["bce_with_logits"], "dtype": "float64", "threads": 1}

    def softmax(*labels):
        return {"losses": ["softmax_cross_entropy"], "labels": labels}

    yield "polynomial losses from 1e6: share of the loop", 0.85, ratio(MOVING), large | {"losses": POLYNOMIAL}
    yield "element-wise from 1e6: times the best of torch, torch.compile and JAX", 2, best, large
    yield "element-wise from 1e6: times torch", 4, torch, large
    yield "element-wise at 1e3: times torch", 4, torch, {"losses": ELEMENT_WISE, "labels": ["1e3"]}
    yield "BCE in float64, one thread: times scikit-learn", 5, ratio(SKLEARN), double
    yield "gradient and Hessian: what the bytes allow", 1, bytes_over_time, {"entry": "grad_hess_diag"}
    yield "softmax: times torch.compile", 1.5, compiled, softmax("8192×1000", "1024×32000")
    yield "softmax, few classes: times torch.compile", 4, compiled, softmax("64×10", "4096×10")
    yield "softmax, many classes: times torch.compile", 1, compiled, softmax("256×128256")
    yield "InfoNCE: times the best", 1.3, best, {"losses": ["info_nce"], "labels": ["8192×512"]}
    yield "Dice: times the best", 2, best, {"losses": ["dice"]}
    yield "GIoU: times torch", 10, torch, {"losses": ["giou"]}
