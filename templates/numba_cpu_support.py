"""Helpers that generated files carry a copy of: their source text is pasted, so they are written and tested here.

What is marked with ``_local`` is compiled there; the rest is plain Python that drivers and wrappers call.
"""

import functools
import math

import numba
import numba.extending
import numpy as np

META, DRIVERS = {}, {}  # the generated file has its own

f32 = np.float32


def _local(function):
    """The decorator of the generated file."""
    return numba.njit(error_model="numpy")(function)


def _in_place(function):
    """The decorator there of what is compiled into the kernels that call it."""
    return numba.njit(error_model="numpy", forceinline=True)(function)


def _jit(function):
    """The decorator of kernels there."""
    return numba.njit(nogil=True, error_model="numpy")(function)


NEAR = 0x3FFF_FFFF_FFFF_FFFF


def _bits(x, kind):
    """A number of the type ``kind`` that has the bits of x, which not compiled may be wider (a root is a float)."""
    return np.asarray(x, f"{np.asarray(x).dtype.kind}{np.dtype(kind).itemsize}").view(kind)[()]


@numba.extending.type_callable(_bits)
def _type_of_bits(context):
    return lambda x, kind: kind.dtype


@numba.extending.lower_builtin(_bits, numba.types.Number, numba.types.NumberClass)
def _code_of_bits(context, builder, signature, arguments):
    """Compiled in place; for ``x.view(kind)`` Numba would compile a function."""
    return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))


def _where(condition, a, b):
    """One of two numbers, which are both computed."""
    return a if condition else b


@numba.extending.type_callable(_where)
def _type_of_where(context):
    return lambda condition, a, b: context.unify_types(a, b)


@numba.extending.lower_builtin(_where, numba.types.Any, numba.types.Any, numba.types.Any)
def _code_of_where(context, builder, signature, arguments):
    """Compiled in place, without a branch."""
    kinds = (numba.types.boolean, signature.return_type, signature.return_type)
    return builder.select(*(context.cast(builder, *each) for each in zip(arguments, signature.args, kinds)))


def _fetch(array, entry):
    """Have the cache line of an entry at hand soon; there need be no such entry. Not compiled, this does nothing."""


@numba.extending.type_callable(_fetch)
def _type_of_fetch(context):
    return lambda array, entry: numba.types.none


@numba.extending.lower_builtin(_fetch, numba.types.Array, numba.types.Integer)
def _code_of_fetch(context, builder, signature, arguments):
    """One instruction, which reads nothing that the program sees."""
    kinds = numba.core.cgutils
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    prefetch = builder.module.declare_intrinsic(
        "llvm.prefetch",
        [kinds.voidptr_t],
        kinds.ir.FunctionType(kinds.ir.VoidType(), [kinds.voidptr_t] + 3 * [kinds.int32_t]),
    )
    # To be read, with the highest locality, data.
    how = [kinds.int32_t(number) for number in (0, 3, 1)]
    builder.call(prefetch, [builder.bitcast(builder.gep(data, [arguments[1]]), kinds.voidptr_t), *how])
    return context.get_dummy_value()


def _prefer_wide_vectors():
    """Where there are vectors of 512 bits, have the loops of this function take them; LLVM prefers 256 on most."""


@numba.extending.type_callable(_prefer_wide_vectors)
def _type_of_prefer_wide_vectors(context):
    return lambda: numba.types.none


@numba.extending.lower_builtin(_prefer_wide_vectors)
def _code_of_prefer_wide_vectors(context, builder, signature, arguments):
    """No instruction, but an attribute of the function."""
    builder.function.attributes.update({'"prefer-vector-width"="512"'})
    return context.get_dummy_value()


@_in_place
def _add_onto_lanes(x, lanes, count):
    """Add the first entries of a workspace of 256 onto 32 lanes in double precision, eight onto each.

    Compiled in place: a call for each block would take as long as a tenth of the block.
    """
    for i in range(count, 256):
        x[i] = 0.0
    for i in range(32):
        total = np.float64(x[i])
        for j in range(i + 32, 256, 32):
            total += x[j]
        lanes[i] += total


@_local
def _lanes_total(lanes):
    """The sum of 32 lanes, quarters onto each other and then the eight that are left; destroys them."""
    for i in range(8):
        lanes[i] = (lanes[i] + lanes[i + 8]) + (lanes[i + 16] + lanes[i + 24])
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))


@_local
def _pairwise_sum(x, count, rest):
    """Add the first entries of a float64 workspace to ``rest``, halves onto each other: vectorised, in one order."""
    while count > 1:
        half = np.uint64(count // 2)  # Numba lets negative numbers count from the end, which would not vectorise
        if count % 2 == 1:
            rest += x[count - 1]
        for i in range(half):
            x[i] += x[half + i]
        count //= 2
    return rest + x[0] if count == 1 else rest


@_local
def _pairwise_sum_f32(x, quarters, count):
    """Sum the first entries of a float32 workspace in double precision: its quarters, then as `_pairwise_sum` does."""
    rest = 0.0
    for i in range(count // 4 * 4, count):
        rest += np.float64(x[i])
    one = np.uint64(count // 4)
    two = one + one
    for i in range(one):
        a, b = np.float64(x[i]) + np.float64(x[one + i]), np.float64(x[two + i]) + np.float64(x[two + one + i])
        quarters[i] = a + b
    return _pairwise_sum(quarters, count // 4, rest)


@_local
def _order_f32(x, sign):
    """An integer that is ordered as x is, -0 before 0; NaN is at the end that ``sign`` says, the first if it is 1."""
    unordered = np.int32(x != x)  # arithmetic in place of a branch, around which a loop need not vectorise
    bits = np.int32((_bits(x, np.int32) & ~(unordered << np.int32(31))) | ((unordered & sign) << np.int32(31)))
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@_local
def _ordered_f32(order):
    """The number of which `_order_f32` is the integer."""
    return _bits(np.int32(order ^ ((order >> np.int32(31)) & np.int32(0x7FFFFFFF))), np.float32)


@_local
def _order_f64(x, sign):
    """An integer that is ordered as x is, -0 before 0; NaN is at the end that ``sign`` says, the first if it is 1."""
    unordered = np.int64(x != x)  # arithmetic in place of a branch, around which a loop need not vectorise
    bits = (_bits(x, np.int64) & ~(unordered << np.int64(63))) | ((unordered & sign) << np.int64(63))
    return bits ^ ((bits >> np.int64(63)) & np.int64(0x7FFFFFFFFFFFFFFF))


@_local
def _ordered_f64(order):
    """The number of which `_order_f64` is the integer."""
    return _bits(np.int64(order ^ ((order >> np.int64(63)) & np.int64(0x7FFFFFFFFFFFFFFF))), np.float64)


def _outside_interval(x, lower, upper):
    """Which entries lie outside [lower, upper]; NaN is no violation."""
    return (x < lower) | (x > upper)


def _outside_set(x, *values):
    """Which entries are none of the values; NaN is no violation."""
    outside = x == x
    for value in values:
        outside &= x != value
    return outside


def _outside_index(x, size):
    """Which labels lie outside 0 … size - 1."""
    return (x < 0) | (x >= size)


def _outside_simplex(x, epsilon):
    """Which entries are negative, or the first of a row that does not sum to one, added in the order of the kernels."""
    outside, total = x < 0, np.zeros(x.shape[:-1])
    for first in range(0, x.shape[-1], 1024):
        block, rest = x[..., first : first + 1024].astype(np.float64), 0.0
        parts = 4 if x.dtype == np.float32 else 2
        while (count := block.shape[-1]) >= parts:
            whole = count // parts * parts
            rest = functools.reduce(np.add, np.moveaxis(block[..., whole:], -1, 0), rest)
            pieces = np.split(block[..., :whole], parts, axis=-1)
            block = functools.reduce(np.add, [a + b for a, b in zip(pieces[::2], pieces[1::2])])
            parts = 2
        total += functools.reduce(np.add, np.moveaxis(block, -1, 0), rest)
    outside[..., 0] |= np.abs(total - 1.0) > 4 * x.shape[-1] * epsilon
    return outside


@_local
def _gap_f64(a, b):
    """The difference a - b; 0 where both are the same infinity."""
    return a - b if a != b else 0.0


@_local
def _gap_f32(a, b):
    """The difference a - b; 0 where both are the same infinity."""
    return a - b if a != b else f32(0.0)


@_local
def _unit_scale_f32(m):
    """A power of two that brings m near 1; 1 where m is not finite."""
    exponent = np.int32(254) - (_bits(m, np.int32) >> np.int32(23))
    exponent = np.int32(127) if exponent < np.int32(0) else exponent
    exponent = np.int32(7) if exponent < np.int32(7) else exponent
    exponent = np.int32(247) if exponent > np.int32(247) else exponent
    return _bits(np.int32(exponent << np.int32(23)), np.float32)


@_local
def _unit_scale_f64(m):
    """A power of two that brings m near 1; 1 where m is not finite."""
    exponent = np.int64(2046) - (_bits(m, np.int64) >> np.int64(52))
    exponent = np.int64(1023) if exponent < np.int64(0) else exponent
    exponent = np.int64(23) if exponent < np.int64(23) else exponent
    exponent = np.int64(2023) if exponent > np.int64(2023) else exponent
    return _bits(np.int64(exponent << np.int64(52)), np.float64)


def _serial(kernel, chunks, spaces, *arguments):
    """Run a kernel over all chunks in this thread, with workspaces of the given shapes and dtypes."""
    kernel(0, chunks, *(np.empty(shape, dtype) for shape, dtype in spaces), *arguments)


@_jit
def matrix_product(first, last, sums, samples, chunk, left, turned, right, out, adds):
    """Rows of left @ right, of left.T @ right where turned; the shapes alone decide in which order products are added.

    Eight products are added onto each other at a time, and such sums one after another in double precision.
    """
    shared, columns = right.shape
    for c in range(first, last):
        start = c * chunk
        rows = samples - start if samples - start < chunk else chunk
        for tile in range(0, columns, 256):
            width = columns - tile if columns - tile < 256 else 256
            for row in range(rows):
                for lane in range(width):
                    sums[row, lane] = out[start + row, (tile & NEAR) + lane] if adds else 0.0
            for at in range(0, shared - shared % 8, 8):
                y0, y1, y2, y3 = right[at], right[at + 1], right[at + 2], right[at + 3]
                y4, y5, y6, y7 = right[at + 4], right[at + 5], right[at + 6], right[at + 7]
                for row in range(rows):
                    n, total = start + row, sums[row]
                    if turned:
                        x0, x1, x2, x3 = left[at, n], left[at + 1, n], left[at + 2, n], left[at + 3, n]
                        x4, x5, x6, x7 = left[at + 4, n], left[at + 5, n], left[at + 6, n], left[at + 7, n]
                    else:
                        x0, x1, x2, x3 = left[n, at], left[n, at + 1], left[n, at + 2], left[n, at + 3]
                        x4, x5, x6, x7 = left[n, at + 4], left[n, at + 5], left[n, at + 6], left[n, at + 7]
                    for lane in range(width):
                        k = (tile & NEAR) + lane
                        low = (x0 * y0[k] + x1 * y1[k]) + (x2 * y2[k] + x3 * y3[k])
                        high = (x4 * y4[k] + x5 * y5[k]) + (x6 * y6[k] + x7 * y7[k])
                        total[lane] += low + high
            for at in range(shared - shared % 8, shared):
                y = right[at]
                for row in range(rows):
                    n, total = start + row, sums[row]
                    x0 = left[at, n] if turned else left[n, at]
                    for lane in range(width):
                        total[lane] += x0 * y[(tile & NEAR) + lane]
            for row in range(rows):
                for lane in range(width):
                    out[start + row, (tile & NEAR) + lane] = sums[row, lane]


def _matrix_product(run, left, right, out, adds=False):
    """Fill out with left @ right, or add to it: by BLAS, or in a fixed order where the caller wants results fixed."""
    rows, columns = out.shape
    if getattr(run, "deterministic", False):
        turned = not left.flags.c_contiguous
        arguments = (left.T if turned else left, turned, np.ascontiguousarray(right), out, adds)
        run(matrix_product, -(-rows // 32), (((32, 256), np.float64),), rows, 32, *arguments)
        return
    with np.errstate(over="ignore", invalid="ignore"):  # infinite and NaN inputs are no news to anyone
        if not adds:
            np.matmul(left, right, out=out)
            return
        step = max(1, 262144 // max(1, columns))  # what is added takes little memory at a time
        for first in range(0, rows, step):
            out[first : first + step] += np.matmul(left[first : first + step], right)


def _chunk_rows(entries):
    """Samples per chunk: a function of the shape alone, so that the order of every sum is too."""
    return max(1, min(256, 16384 // max(1, entries)))


def _tile_rows(samples, chunk):
    """Samples, in whole chunks, whose rows of pairs are in memory at a time: 8 million numbers, at least 256 rows."""
    return max(1, min(-(-samples // chunk), max(256, 2**23 // max(1, samples)) // chunk)) * chunk


@functools.cache
def _ones(count, dtype):
    """Ones that calls share and never write to."""
    return np.ones(count, dtype)


@functools.cache
def _unweighted(chunk, dtype):
    """Weight and mask of samples that all count once, each with its step; calls share them and never write to them."""
    return np.ones(chunk, dtype), 0, np.ones(chunk, np.bool_), 0


def _per_sample(weight, mask, chunk, dtype):
    """Weight and mask, each with its step: 1 per sample, or 0 for constant ones that all chunks share."""
    shared = _unweighted(chunk, dtype)
    if weight is None and mask is None:
        return shared
    return (*(shared[:2] if weight is None else (weight, 1)), *(shared[2:] if mask is None else (mask, 1)))


def _total(partial, count):
    """The sum over all chunks, halves onto each other, in one order."""
    if count == 1:
        return 0.0 + partial.item(0)
    while count > 8:
        half = count // 2
        rest = count - half
        partial[:half] += partial[rest:count]
        count = rest
    total = 0.0
    for one in partial[:count].tolist():
        total += one
    return total


@functools.lru_cache(maxsize=8)
def _filled(number, dtype, shape):
    """A number, given by its bytes, throughout an array that calls share and never write to."""
    return np.full(shape, np.frombuffer(number, dtype)[0])


def _expanded(array, full, shared):
    """A coefficient and its step: as given, or a scalar repeated over one chunk that all chunks share."""
    if array.size == 1 and array.shape != full:
        return _filled(array.tobytes(), array.dtype, shared), 0
    return array, 1


def _repeated(array, full):
    """A coefficient of the given shape, a scalar repeated."""
    return np.full(full, array.reshape(-1)[0]) if array.size == 1 and array.shape != full else array


def _is_one(coefficient):
    """Whether a coefficient is the number one for every sample."""
    return coefficient.size == 1 and coefficient.reshape(-1)[0] == 1


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
    if weight is None and mask is None:
        return samples
    partial = []
    for start in range(0, samples, 65536):
        part = slice(start, min(start + 65536, samples))
        if weight is None:
            partial.append(np.count_nonzero(mask[part]))
        else:
            kept = weight[part] if mask is None else weight[part][mask[part]]
            partial.append(_total(kept.astype(np.float64), kept.size))
    return _total(np.array(partial, np.float64), len(partial))


def _first(outside):
    """The flat position of the first entry that is marked, or -1."""
    return int(np.argmax(outside)) if outside.any() else -1


def _first_failure(failed):
    """What the first chunk that found a violation reported: the check and a sample, or None."""
    if len(failed) == 1:
        return (int(failed[0, 0]) - 1, int(failed[0, 1])) if failed[0, 0] else None
    chunks = np.flatnonzero(failed[:, 0])
    return (int(failed[chunks[0], 0]) - 1, int(failed[chunks[0], 1])) if chunks.size else None


def _located(violation, outside, live):
    """The check and the flat position of the first violation in a chunk of an input, among the live samples."""
    number, start = violation
    entries = outside.reshape(len(live), -1)
    return number, start * entries.shape[1] + int(np.argmax(entries & live[:, None]))


def _all_seeds(weight, samples, denominator, dtype):
    """The derivative of the reduced loss with respect to every sample's value, for losses whose samples interact."""
    return (np.ones(samples, dtype) if weight is None else weight) / dtype(denominator)


def _root(axis):
    """The axis whose length an axis shares."""
    like = META["axes"][axis]["like"]
    return _root(like) if like else axis


def _checked_array(item, value, real, sizes):
    """An input as the kernels read it, its shape checked against the sizes that earlier inputs have shown."""
    name, axes, kind = item["name"], item["axes"], item["domain"]["kind"]
    given = np.asarray(value)
    allowed = "iub" if kind in ("index", "boolean") else "iubf"
    if given.dtype.kind not in allowed or (kind == "boolean" and given.dtype != np.bool_):
        raise TypeError(
            f"{name} has dtype {given.dtype}, expected {'real numbers' if allowed == 'iubf' else kind} values"
        )
    array = np.ascontiguousarray(given, np.int64 if kind == "index" else np.bool_ if kind == "boolean" else real)
    if not given.ndim and (item["role"] == "coefficient" or not axes):
        return array.reshape((1,) * max(1, len(axes)))
    parts = given.shape
    flat = not META["coupled"] and all(axis["kind"] == "batch" for axis in META["axes"].values())
    if flat and len(axes) == 1:
        parts, array = (given.shape,), array.reshape(-1)  # an element-wise loss takes any shape
    if len(parts) != len(axes):
        raise ValueError(f"{name} has shape {given.shape}, expected one dimension for each of the axes {axes}")
    for axis, size in zip(axes, parts):
        fixed = META["axes"][_root(axis)]["size"]
        expected = sizes.setdefault(_root(axis), size if fixed is None else fixed)
        if size != expected:
            raise ValueError(f"{name} has {size} along axis {axis}, expected {expected}")
    return array


def _check_numbers(parameters, reduction, normalizer):
    """Refuse a parameter outside its domain, an unknown reduction, a normalizer that is no positive number."""
    for item, number in zip(META["parameters"], parameters):
        domain = item["domain"]
        if domain["kind"] == "set":
            inside = number in domain["values"]
        else:
            lower = -math.inf if domain["lower"] is None else domain["lower"]
            upper = math.inf if domain["upper"] is None else domain["upper"]
            inside = lower < number < upper
            inside = inside or (number == lower and domain["lower_closed"])
            inside = inside or (number == upper and domain["upper_closed"])
        if not inside:
            raise ValueError(f"{item['name']} is {number}, which lies outside its domain")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}, expected 'none', 'mean' or 'sum'")
    if normalizer is not None and not 0 < normalizer < math.inf:
        raise ValueError(f"normalizer is {normalizer}, expected a positive finite number")


def _per_term(name, value, batches, dtype):
    """One weight or mask per term, or None, each of the shape of its batch."""
    if value is None:
        return [None] * len(batches)
    listed = [value] if len(batches) == 1 else list(value)
    if len(listed) != len(batches) or None in batches or (name == "mask" and META["coupled"]):
        raise ValueError(f"{name} does not fit {META['name']}, whose terms are {list(META['terms'])}; see symloss.load")
    for one, batch in zip(listed, batches):
        shape = batch if isinstance(batch, tuple) else (batch,)
        if one is not None and np.shape(one) != shape:
            raise ValueError(f"{name} has shape {np.shape(one)}, expected {shape}")
    return [None if one is None else np.ascontiguousarray(one, dtype).reshape(-1) for one in listed]


def _call(entry, inputs, parameters, directions, reduction, weight, mask, normalizer):
    """Check the arguments, run the driver in this thread, and give the results the shape of the predictions."""
    given = {item["name"]: np.asarray(value) for item, value in zip(META["inputs"], inputs)}
    predictions = META["predictions"]
    lead = given[predictions[0]].dtype
    real = np.float32 if lead in (np.float32, np.float16) else np.float64
    sizes = {}
    arrays = [_checked_array(item, value, real, sizes) for item, value in zip(META["inputs"], inputs)]
    _check_numbers(parameters, reduction, normalizer)
    batches = [None if axis is None else sizes[_root(axis)] for axis in META["terms"].values()]
    if None in batches:
        reduction = "sum"
    lengths = [1 if batch is None else math.prod(batch) if isinstance(batch, tuple) else batch for batch in batches]
    values = [np.empty(length, real) if reduction == "none" else None for length in lengths]
    derivatives = {"value": [], "value_and_grad": META["gradients"], "hvp": predictions}.get(entry, predictions * 2)
    flat = {item["name"]: array.shape for item, array in zip(META["inputs"], arrays)}
    ways = []
    if entry == "hvp":
        listed = [directions] if len(predictions) == 1 else list(directions)
        for name, way in zip(predictions, listed, strict=True):
            if np.shape(way) != given[name].shape:
                raise ValueError(f"the direction for {name} has shape {np.shape(way)}, expected {given[name].shape}")
            ways.append(np.ascontiguousarray(way, real).reshape(flat[name]))
    outputs = [np.zeros(flat.get(name, (1,)), real) for name in derivatives]
    totals, violation = DRIVERS[entry](
        _serial,
        arrays,
        parameters,
        _per_term("weight", weight, batches, real),
        _per_term("mask", mask, batches, np.bool_),
        reduction,
        normalizer,
        True,
        values,
        outputs,
        ways,
    )
    if violation is not None:
        raise ValueError(f"position {violation[1]} violates {META['checks'][violation[0]]}")
    shapes = {name: array.shape for name, array in given.items()}
    dtype = lead if lead.kind == "f" else real
    outputs = [
        output.reshape(shapes.get(name, ())).astype(dtype, copy=False) for output, name in zip(outputs, derivatives)
    ]
    if reduction == "none":
        shaped = [one.reshape(batch).astype(dtype, copy=False) for one, batch in zip(values, batches)]
        value = shaped[0] if len(shaped) == 1 else tuple(shaped)
    else:
        value = sum(totals)
    results = outputs[0] if len(outputs) == 1 else tuple(outputs)
    return value if entry == "value" else (value, results) if entry == "value_and_grad" else results


def _hessian(inputs, parameters, reduction, weight, mask, normalizer):
    """Per-sample Hessian blocks [n, d, d], one per prediction, from products with unit vectors."""
    if META["coupled"] or None in META["terms"].values():
        raise ValueError("samples interact, so the Hessian is not block diagonal; use hvp")
    records = {item["name"]: item for item in META["inputs"]}
    given = {item["name"]: np.asarray(value) for item, value in zip(META["inputs"], inputs)}
    predictions = META["predictions"]
    real = np.float32 if given[predictions[0]].dtype in (np.float32, np.float16) else np.float64
    blocks = []
    for name in predictions:
        shape, axes = given[name].shape, records[name]["axes"]
        if not axes or META["axes"][axes[0]]["kind"] != "batch":
            raise ValueError(f"{name} is shared by all samples, so the Hessian has no block of one sample; use hvp")
        # A sample is what follows the batch axis; a loss without further axes takes batches of any shape.
        batch = shape[:1] if len(axes) > 1 else shape
        width = math.prod(shape[len(batch) :])
        if width > 512:
            raise ValueError(f"the Hessian of {name} has {width} rows per sample, expected at most 512; use hvp")
        block = np.empty((math.prod(batch), width, width), given[name].dtype if given[name].dtype.kind == "f" else real)
        for column in range(width):
            ways = {other: np.zeros(given[other].shape, real) for other in predictions}
            ways[name].reshape(-1, width)[:, column] = 1
            listed = ways[name] if len(predictions) == 1 else tuple(ways.values())
            result = _call("hvp", inputs, parameters, listed, reduction, weight, mask, normalizer)
            own = result if len(predictions) == 1 else result[predictions.index(name)]
            block[:, :, column] = own.reshape(-1, width)
        blocks.append(block.reshape(batch if len(axes) == 1 else block.shape))
    return blocks[0] if len(blocks) == 1 else tuple(blocks)
