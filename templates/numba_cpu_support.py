"""Helpers that generated files carry a copy of: their source text is pasted, so they are written and tested here.

What is marked with ``_jit`` is compiled there; the rest is plain Python that drivers and wrappers call.
"""

import functools
import math

import numba
import numpy as np

META, DRIVERS = {}, {}  # the generated file has its own

f32 = np.float32


def _jit(function):
    """The decorator of the generated file."""
    return numba.njit(nogil=True, error_model="numpy")(function)


@_jit
def _pairwise_sum(x, count):
    """Sum the first entries of a float64 workspace, halving it in place: vectorised, and in one fixed order."""
    while count > 8:
        half = count // 2
        rest = count - half
        for i in range(half):
            x[i] += x[rest + i]
        count = rest
    total = 0.0
    for i in range(count):
        total += x[i]
    return total


@_jit
def _outside_interval(x, lower, upper, live):
    """The position of the first entry of a live row outside [lower, upper], or -1; NaN is no violation."""
    flat = x.reshape(-1)
    entries = max(1, flat.size // max(1, live.size))
    wrong = 0
    for i in range(flat.size):
        wrong |= (flat[i] < lower) | (flat[i] > upper)
    if wrong:
        for i in range(flat.size):
            if (flat[i] < lower or flat[i] > upper) and live[i // entries]:
                return i
    return -1


@_jit
def _outside_set(x, values, live):
    """The position of the first entry of a live row that is none of two or more values, or -1."""
    flat = x.reshape(-1)
    entries = max(1, flat.size // max(1, live.size))
    for i in range(flat.size):
        found = flat[i] != flat[i]
        for value in values:
            found |= flat[i] == value
        if not found and live[i // entries]:
            return i
    return -1


@_jit
def _outside_index(x, size, live):
    """The position of the first label of a live row outside 0 … size - 1, or -1."""
    flat = x.reshape(-1)
    entries = max(1, flat.size // max(1, live.size))
    for i in range(flat.size):
        if (flat[i] < 0 or flat[i] >= size) and live[i // entries]:
            return i
    return -1


@_jit
def _outside_simplex(x, live, epsilon):
    """The position of the first negative entry, or of the first entry of a row that does not sum to one, or -1."""
    size = x.shape[-1]
    rows = x.reshape((-1, size))
    each = max(1, rows.shape[0] // max(1, live.size))
    for row in range(rows.shape[0]):
        if live[row // each]:
            total = 0.0
            for k in range(size):
                if rows[row, k] < 0:
                    return row * size + k
                total += rows[row, k]
            if abs(total - 1.0) > 4 * size * epsilon:
                return row * size
    return -1


@_jit
def _gap_f64(a, b):
    """The difference a - b; 0 where both are the same infinity."""
    return a - b if a != b else 0.0


@_jit
def _gap_f32(a, b):
    """The difference a - b; 0 where both are the same infinity."""
    return a - b if a != b else f32(0.0)


@_jit
def _norm_scale_f64(m):
    """A power of two that brings magnitudes up to m where squares neither overflow nor vanish."""
    return (
        math.ldexp(1.0, -600)
        if m > math.ldexp(1.0, 500)
        else math.ldexp(1.0, 600)
        if m < math.ldexp(1.0, -500)
        else 1.0
    )


@_jit
def _norm_scale_f32(m):
    """Squares of float32 entries are formed in float64, where they need no scaling."""
    return f32(1.0)


def _serial(kernel, chunks, *arguments):
    """Run a kernel over all chunks in this thread."""
    kernel(0, chunks, *arguments)


def _chunk_rows(entries):
    """Samples per chunk: a function of the shape alone, so that the order of every sum is too."""
    return max(1, min(256, 16384 // max(1, entries)))


@functools.cache
def _ones(count, dtype):
    """Ones that calls share and never write to."""
    return np.ones(count, dtype)


def _per_sample(array, chunk, dtype):
    """A weight or mask and its step: 1 per sample, or 0 for a constant one that all chunks share."""
    return (_ones(chunk, dtype), 0) if array is None else (array, 1)


@_jit
def _clear(x):
    """Fill a row with zeros."""
    flat = x.reshape(-1)
    for i in range(flat.size):
        flat[i] = 0


def _total(partial, chunks):
    """The sum over all chunks."""
    return partial[0] if chunks == 1 else _pairwise_sum(partial, chunks)


def _expanded(array, full, shared):
    """A coefficient and its step: as given, or a scalar repeated over one chunk that all chunks share."""
    return (np.full(shared, array.reshape(-1)[0]), 0) if array.size == 1 and array.shape != full else (array, 1)


def _repeated(array, full):
    """A coefficient of the given shape, a scalar repeated."""
    return np.full(full, array.reshape(-1)[0]) if array.size == 1 and array.shape != full else array


def _denominator(reduction, normalizer, total):
    """What the sum over the samples is divided by; ``total()`` is the total weight."""
    if reduction == "none":
        return 1.0
    if normalizer is not None:
        return float(normalizer)
    if reduction == "sum":
        return 1.0
    denominator = float(total())
    if denominator == 0:
        raise ValueError("the mean over a batch of zero total weight is undefined; use reduction='sum' or 'none'")
    return denominator


def _total_weight(weight, mask, samples):
    """The total weight of the live samples."""
    if weight is None:
        return samples if mask is None else np.count_nonzero(mask)
    kept = weight if mask is None else weight[mask]
    work = kept.astype(np.float64)
    return _pairwise_sum(work, work.size)


def _first_failure(failed):
    """The first violation that a chunk reported, as (check, position), or None."""
    if len(failed) == 1:
        return (int(failed[0, 0]) - 1, int(failed[0, 1])) if failed[0, 0] else None
    chunks = np.flatnonzero(failed[:, 0])
    return (int(failed[chunks[0], 0]) - 1, int(failed[chunks[0], 1])) if chunks.size else None


def _all_seeds(weight, samples, denominator, dtype):
    """The derivative of the reduced loss with respect to every sample's value, for losses whose samples interact."""
    return (np.ones(samples, dtype) if weight is None else weight) / dtype(denominator)


def _call(entry, inputs, parameters, directions, reduction, weight, mask, normalizer):
    """Check shapes and dtypes, flatten the batch, run the driver in this thread, and shape the results."""
    predictions = [item["name"] for item in META["inputs"] if item["role"] == "prediction"]
    batch_axes = {name for name, axis in META["axes"].items() if axis["kind"] == "batch"}
    element_wise = all(set(item["axes"]) <= batch_axes and len(item["axes"]) < 2 for item in META["inputs"])
    given = {item["name"]: np.asarray(value) for item, value in zip(META["inputs"], inputs)}
    real = np.float32 if given[predictions[0]].dtype == np.float32 else np.float64
    sizes, arrays, shapes = {}, [], {}
    for item in META["inputs"]:
        kind = item["domain"]["kind"]
        array = np.ascontiguousarray(
            given[item["name"]], np.int64 if kind == "index" else np.bool_ if kind == "boolean" else real
        )
        shapes[item["name"]] = given[item["name"]].shape
        scalar = item["role"] == "coefficient" and given[item["name"]].ndim == 0
        if element_wise and item["axes"]:
            array = array.reshape(-1)
        if not scalar:
            if array.ndim != max(1, len(item["axes"])):
                raise ValueError(
                    f"{item['name']} has {given[item['name']].ndim} dimensions, expected axes {item['axes']}"
                )
            for axis, size in zip(item["axes"], array.shape):
                axis = META["axes"][axis]["like"] or axis
                if sizes.setdefault(axis, size) != size:
                    raise ValueError(f"{item['name']} has length {size} along {axis}, expected {sizes[axis]}")
        arrays.append(array)
    terms = META["terms"]
    lengths = [sizes[META["axes"][axis]["like"] or axis] if axis else 1 for axis in terms.values()]

    def per_term(value, dtype):
        listed = [value] if len(terms) == 1 or value is None else list(value)
        return [
            None if one is None else np.ascontiguousarray(one, dtype).reshape(-1)
            for one in listed * (len(terms) if value is None else 1)
        ]

    values = [np.empty(n, real) if reduction == "none" else None for n in lengths]
    wanted = {"value": [], "value_and_grad": META["gradients"], "grad_hess_diag": predictions * 2, "hvp": predictions}[
        entry
    ]
    flat = {item["name"]: array.shape for item, array in zip(META["inputs"], arrays)}
    outputs = [np.zeros(flat.get(name, (1,)), real) for name in wanted]
    listed = [directions] if len(predictions) == 1 else directions or []
    ways = (
        [np.ascontiguousarray(v, real).reshape(flat[name]) for v, name in zip(listed, predictions)]
        if entry == "hvp"
        else ()
    )
    totals, violation = DRIVERS[entry](
        _serial,
        arrays,
        parameters,
        per_term(weight, real),
        per_term(mask, np.bool_),
        reduction,
        normalizer,
        True,
        values,
        outputs,
        ways,
    )
    if violation is not None:
        raise ValueError(f"position {violation[1]} violates {META['checks'][violation[0]]}")
    outputs = [output.reshape(shapes.get(name, ())) for output, name in zip(outputs, wanted)]
    value = (values[0] if len(values) == 1 else tuple(values)) if reduction == "none" else sum(totals)
    results = outputs[0] if len(outputs) == 1 else tuple(outputs)
    return value if entry == "value" else (value, results) if entry == "value_and_grad" else results


def _hessian(inputs, parameters, reduction, weight, mask, normalizer):
    """Per-sample Hessian blocks [n, d, d], one per prediction, from products with unit vectors."""
    if META["coupled"]:
        raise ValueError("samples interact, so the Hessian is not block diagonal; use hvp")
    predictions = [item["name"] for item in META["inputs"] if item["role"] == "prediction"]
    given = {item["name"]: np.asarray(value) for item, value in zip(META["inputs"], inputs)}
    real = np.float32 if given[predictions[0]].dtype == np.float32 else np.float64
    blocks = []
    for name in predictions:
        samples = given[name].shape[0] if given[name].ndim > 1 else given[name].size
        width = given[name].size // max(1, samples)
        if width > 512:
            raise ValueError(f"the Hessian of {name} has {width} rows per sample, expected at most 512; use hvp")
        block = np.empty((samples, width, width), real)
        for column in range(width):
            ways = {other: np.zeros(given[other].shape, real) for other in predictions}
            ways[name].reshape((samples, width))[:, column] = 1
            listed = ways[name] if len(predictions) == 1 else tuple(ways.values())
            result = _call("hvp", inputs, parameters, listed, reduction, weight, mask, normalizer)
            own = result if len(predictions) == 1 else result[predictions.index(name)]
            block[:, :, column] = own.reshape((samples, width))
        blocks.append(block)
    return blocks[0] if len(blocks) == 1 else tuple(blocks)
