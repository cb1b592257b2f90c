"""What `peers.py` measures: which losses at which sizes."""

import difflib
from dataclasses import replace

from symloss.bench.records import Case

ELEMENT_WISE = ("mse", "mae", "huber", "hinge", "quantile", "bce_with_logits", "focal")
SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)
REASON = "left out between the smallest and the large sizes, and in float64, since it compiles for seconds per shape"
ROWS = {
    "softmax_cross_entropy": [
        {"n": 64, "k": 10},
        {"n": 4096, "k": 10},
        {"n": 8192, "k": 1000},
        {"n": 1024, "k": 32000},
        {"n": 256, "k": 128256},
    ],
    "dice": [{"n": 16, "pixel": 512 * 512}],
    "giou": [{"n": 10**6}],
    "info_nce": [{"i": 1024, "d": 256}],
}
LARGE = {"info_nce": [{"i": 8192, "d": 512}], **{loss: [{"n": 10**8}] for loss in ("mse", "huber", "bce_with_logits")}}
#: Gradient and Hessian diagonal, as gradient boosting takes them; double precision, as scikit-learn computes.
SECOND = {"mse": [{"n": 10**6}], "huber": [{"n": 10**6}], "bce_with_logits": [{"n": 10**6}]}
SECOND_ROWS = {"softmax_cross_entropy": [{"n": 8192, "k": 1000}]}
DOUBLE = {"mse": [{"n": 10**6}], "huber": [{"n": 10**6}], "bce_with_logits": [{"n": 10**6}]}
CONFIDENT = ("bce_with_logits", "focal", "softmax_cross_entropy")
BOOSTED = ("mse", "bce_with_logits")
LOSSES = (*ELEMENT_WISE, *ROWS)
SMALL = 2000


def plan(losses, full, small, large):
    """All cases.

    Args:
        losses: only these; all if empty.
        full: whether all sizes are measured, or some: with one thread those that say something about it.
        small: every size cut to a few thousand elements.
        large: also those that take much memory.

    Raises:
        ValueError: a loss is not planned.
    """
    for name in losses:
        if name not in LOSSES:
            close = difflib.get_close_matches(name, LOSSES, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(LOSSES)}"
            raise ValueError(f"{name} is not planned here; {hint} (symloss bench {name} measures any loss)")
    found = [Case(loss, {"n": n}) for loss in ELEMENT_WISE for n in SIZES if full or n in (10**3, 10**6)]
    found += [Case(loss, sizes) for loss, listed in ROWS.items() for sizes in listed]
    if large:
        found += [Case(loss, sizes) for loss, listed in LARGE.items() for sizes in listed]
    for table in (SECOND, SECOND_ROWS):
        found += [Case(loss, sizes, entry="grad_hess_diag") for loss, listed in table.items() for sizes in listed]
    found += [Case(loss, sizes, "float64") for loss, listed in DOUBLE.items() for sizes in listed]
    wanted = [case for case in found if case.loss in (losses or LOSSES)]
    if small:
        wanted = _unique([Case(c.loss, _cut(c.sizes), c.dtype, c.entry) for c in wanted])
    return [replace(case, without={"torch.compile": REASON}) if _between(case) else case for case in wanted]


def _between(case):
    """Whether it is too small a matter to compile for."""
    return case.dtype == "float64" or (case.loss in ELEMENT_WISE and case.sizes["n"] in (10**4, 10**5))


def _cut(sizes):
    """The same shape with a few thousand elements."""
    row = max([size for axis, size in sizes.items() if axis not in ("n", "i")], default=1)
    short = {axis: min(size, 100) if axis not in ("n", "i") else size for axis, size in sizes.items()}
    most = max(2, SMALL // min(row, 100))
    return {axis: min(size, most) if axis in ("n", "i") else size for axis, size in short.items()}


def _unique(cases):
    seen, found = set(), []
    for case in cases:
        key = str(case)
        if key not in seen:
            seen.add(key)
            found.append(case)
    return found
