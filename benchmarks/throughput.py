"""Value and gradient in one pass against other ways to the same numbers, in turn within one run.

Every candidate's value is compared with symloss's before it is timed. The last column of a row is the bare cost of
moving the data: reading the inputs and writing the gradients with NumPy, shared out over as many threads.
"""

import argparse
import math
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
from measuring import interleaved, machine, record

import symloss
from symloss.runtime.threads import default_threads

THREADS = default_threads()
POOL = ThreadPoolExecutor(THREADS)


def normal(*shape, seed=0):
    """Standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def uniform(*shape, seed=1):
    """Uniform float32 numbers in [0, 1)."""
    return np.random.default_rng(seed).random(shape, np.float32)


def boxes(count, seed=2):
    """Corner coordinates of boxes."""
    low = uniform(count, 2, seed=seed)
    return np.concatenate([low, low + 0.05 + uniform(count, 2, seed=seed + 1)], axis=1)


def labels(rows, classes):
    """A class per row."""
    return np.random.default_rng(3).integers(0, classes, rows)


# What is measured: row of the table, loss, its inputs (a function, so that one row's arrays live at a time).
ROWS = {
    "mse 1e6": ("mse", lambda: (normal(1_000_000), normal(1_000_000, seed=9))),
    "huber 1e6": ("huber", lambda: (normal(1_000_000), normal(1_000_000, seed=9))),
    "bce_with_logits 1e6": ("bce_with_logits", lambda: (3 * normal(1_000_000), np.round(uniform(1_000_000)))),
    "mse 1e7": ("mse", lambda: (normal(10_000_000), normal(10_000_000, seed=9))),
    "bce_with_logits 1e7": ("bce_with_logits", lambda: (3 * normal(10_000_000), np.round(uniform(10_000_000)))),
    "softmax_cross_entropy 64x10": ("softmax_cross_entropy", lambda: (normal(64, 10), labels(64, 10))),
    "softmax_cross_entropy 8192x1000": ("softmax_cross_entropy", lambda: (normal(8192, 1000), labels(8192, 1000))),
    "dice 16x512x512": ("dice", lambda: (uniform(16, 512, 512), np.round(uniform(16, 512, 512, seed=7)))),
    "giou 1e6 boxes": ("giou", lambda: (boxes(1_000_000), boxes(1_000_000, seed=5))),
    "info_nce 1024x256": ("info_nce", lambda: (normal(1024, 256), normal(1024, 256, seed=8))),
}


def ours(loss, arrays):
    """The candidate under test, into buffers made once."""
    declared = zip(loss.meta["inputs"], arrays, strict=False)
    room = tuple(np.empty_like(array) for item, array in declared if item["role"] == "prediction")
    out = room[0] if len(room) == 1 else room
    return lambda: loss.value_and_grad(*arrays, out=out)[0]


def moving(loss, arrays):
    """Add up the inputs of a prediction's shape into a buffer per prediction, in threads."""
    declared = list(zip(loss.meta["inputs"], arrays, strict=False))
    predicted = [array.reshape(-1) for item, array in declared if item["role"] == "prediction"]
    flat = [array.reshape(-1) for _, array in declared if array.size == predicted[0].size]
    room = [np.empty_like(array) for array in predicted]
    size = predicted[0].size
    cuts = [size * part // THREADS for part in range(THREADS + 1)]

    def part(first, last):
        for number, buffer in enumerate(room):
            source = flat[number % len(flat)][first:last]
            if len(flat) > len(room):
                np.add(source, flat[-1][first:last], out=buffer[first:last])
            else:
                np.copyto(buffer[first:last], source)

    def run():
        if size < 1 << 16:
            part(0, size)
        else:
            list(POOL.map(part, cuts[:-1], cuts[1:]))

    return run


def by_numpy(name, arrays):
    """The textbook formulas in NumPy, with temporaries, where they are short."""

    def mse(pred, target):
        error = pred - target
        return np.mean(error * error), 2 * error / error.size

    def huber(pred, target):
        error = pred - target
        size = np.abs(error)
        value = np.where(size <= 1, 0.5 * error * error, size - 0.5)
        return value.mean(dtype=np.float64), np.clip(error, -1, 1) / error.size

    def bce_with_logits(z, y):
        tail = np.exp(-np.abs(z))
        value = np.maximum(z, 0) - z * y + np.log1p(tail)
        return value.mean(dtype=np.float64), (np.where(z >= 0, 1, tail) / (1 + tail) - y) / z.size

    def softmax_cross_entropy(z, y):
        shifted = z - z.max(axis=1, keepdims=True)
        weights = np.exp(shifted)
        total = weights.sum(axis=1, keepdims=True)
        rows = np.arange(len(z))
        value = np.log(total[:, 0]) - shifted[rows, y]
        weights /= total
        weights[rows, y] -= 1
        weights /= len(z)
        return value.mean(), weights

    known = {function.__name__: function for function in (mse, huber, bce_with_logits, softmax_cross_entropy)}
    return (lambda: known[name](*arrays)[0]) if name in known else None


def by_torch(name, arrays):
    """torch in eager mode: its own losses, or the formula in tensor operations; forward and backward."""
    if not find_spec("torch"):
        return None
    import torch
    from torch.nn import functional

    torch.set_num_threads(THREADS)

    def dice(p, y):
        p, y = p.flatten(1), y.flatten(1)
        return (1 - (2 * (p * y).sum(1) + 1) / (p.sum(1) + y.sum(1) + 1)).mean()

    def giou(a, b):
        inner = (torch.min(a[:, 2:], b[:, 2:]) - torch.max(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
        outer = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).prod(1)
        union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inner
        return (1 - inner / union + (outer - union) / outer).mean()

    def info_nce(u, v):
        return functional.cross_entropy(
            functional.normalize(u) @ functional.normalize(v).T / 0.07, torch.arange(len(u))
        )

    known = {
        "mse": functional.mse_loss,
        "huber": functional.huber_loss,
        "bce_with_logits": functional.binary_cross_entropy_with_logits,
        "softmax_cross_entropy": functional.cross_entropy,
        "dice": dice,
        "giou": giou,
        "info_nce": info_nce,
    }
    declared = zip(symloss.load(name).meta["inputs"], arrays, strict=False)
    tensors = [torch.tensor(array, requires_grad=item["role"] == "prediction") for item, array in declared]

    def run():
        for tensor in tensors:
            tensor.grad = None
        value = known[name](*tensors)
        value.backward()
        return value.item()

    return run


def by_sklearn(name, arrays):
    """The Cython losses inside scikit-learn, where it has the loss; their sum is divided outside the timing."""
    if not find_spec("sklearn"):
        return None
    from sklearn._loss import loss as cython

    makers = {
        "mse": (lambda: cython.HalfSquaredError(), 2),
        "bce_with_logits": (lambda: cython.HalfBinomialLoss(), 1),
        "softmax_cross_entropy": (lambda: cython.HalfMultinomialLoss(n_classes=arrays[0].shape[1]), 1),
    }
    if name not in makers:
        return None
    make, factor = makers[name]
    judge, (raw, target) = make(), arrays
    values, slopes = np.empty(len(raw), raw.dtype), np.empty_like(raw, order="F" if raw.ndim == 2 else "C")
    raw, target = np.asarray(raw, order="F" if raw.ndim == 2 else "C"), target.astype(raw.dtype)

    def run():
        judge.loss_gradient(target, raw, None, values, slopes, n_threads=THREADS)
        return factor * values.mean(dtype=np.float64)

    return run


def measured(row, rounds):
    """Median seconds of each candidate for one row."""
    name, make = ROWS[row]
    loss, arrays = symloss.load(name), make()
    candidates = {"symloss": ours(loss, arrays), "torch": by_torch(name, arrays)}
    candidates |= {"scikit-learn": by_sklearn(name, arrays), "NumPy": by_numpy(name, arrays)}
    candidates = {key: function for key, function in candidates.items() if function is not None}
    value = candidates["symloss"]()
    for key, function in candidates.items():
        other = function()
        if not math.isclose(other, value, rel_tol=1e-3):
            raise SystemExit(f"{row}: {key} computes {other}, symloss {value}; they do not do the same work")
    candidates["moving the data"] = moving(loss, arrays)
    return interleaved(candidates, rounds, least_seconds=0.002)


def main(arguments=None):
    """Measure, print a table, and record it if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="rows whose name contains this text")
    parser.add_argument("--record", action="store_true", help="write docs/measured/throughput.json")
    chosen = parser.parse_args(arguments)
    if chosen.record and chosen.only:
        parser.error("what is recorded is the whole table; leave out --only")
    columns = ("symloss", "torch", "scikit-learn", "NumPy", "moving the data")
    described = machine() | {"threads": THREADS}
    for package, module in (("torch", "torch"), ("scikit-learn", "sklearn")):
        if not find_spec(module):
            print(f"{package} is not installed; its column is left out")
    print(f"\nvalue and gradient, float32, {THREADS} threads: milliseconds (times symloss's)")
    print(f"  {'':<32}" + "".join(f"{column:>20}" for column in columns))
    figures = {}
    for row in ROWS:
        if chosen.only not in row:
            continue
        found = measured(row, chosen.rounds)
        base = found["symloss"]
        cells = [
            f"{found[column] * 1e3:.3f} ({found[column] / base:.2f})" if column in found else "-" for column in columns
        ]
        print(f"  {row:<32}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
        figures[row] = {column: float(f"{seconds * 1e3:.4g}") for column, seconds in found.items()}
    if chosen.record:
        record("throughput", {"machine": described, "unit": "ms", "figures": figures})
    return figures


if __name__ == "__main__":
    main()
