"""Exact values at given floats, errors in ulps, and the points to look at. Shares nothing with the lowering."""

import math

import mpmath
import numba
import numpy as np

from symloss.atoms.elementary import compose, source

DTYPES = (np.float32, np.float64)


def compiled(name, dtype, contract=True):
    """The elementary function, compiled, and a loop over arrays that calls it."""
    dtype = np.dtype(dtype).name
    flags = '{"contract"}' if contract else "False"
    decorator = f'@numba.njit(error_model="numpy", fastmath={flags}, forceinline=True)'
    space = {"np": np, "math": math, "numba": numba}
    exec(compose({name}, dtype, decorator), space)
    function = space[source(name, dtype).name]
    arity = function.py_func.__code__.co_argcount
    arguments = ", ".join(f"x{i}" for i in range(arity))
    entries = ", ".join(f"x{i}[i]" for i in range(arity))
    text = f"def loop({arguments}, out):\n    for i in range(out.size):\n        out[i] = function({entries})\n"
    inner = {"function": function}
    exec(text, inner)
    return function, numba.njit(inner["loop"], error_model="numpy")


def evaluate(name, dtype, columns, contract=True):
    """The elementary function at every row of the columns."""
    _, loop = compiled(name, dtype, contract)
    columns = [np.ascontiguousarray(column, dtype) for column in columns]
    out = np.empty(columns[0].size, dtype)
    loop(*columns, out)
    return out


def settled(function, *arguments):
    """The value of an mpmath function at floats, with the precision doubled until two runs agree; None outside."""
    precision, before = 128, None
    while precision <= 32768:
        with mpmath.workprec(precision):
            try:
                value = function(*(mpmath.mpf(float(argument)) for argument in arguments))
            except (ValueError, ZeroDivisionError):
                return None
            if isinstance(value, mpmath.mpc):
                return None
            value = mpmath.mpf(value)
        if before is not None and (value == before or abs(value - before) <= abs(value) * mpmath.mpf(2) ** -90):
            return value
        before, precision = value, 2 * precision
    raise AssertionError(f"no two precisions agree at {arguments}")


def ulps(computed, exact, dtype):
    """The error in units in the last place of the exact value; subnormal steps below the normal range."""
    limits, computed = np.finfo(dtype), float(computed)
    if mpmath.isinf(exact) or mpmath.isnan(exact):
        return 0.0 if computed == float(exact) or (math.isnan(computed) and mpmath.isnan(exact)) else math.inf
    if exact == 0:
        return 0.0 if computed == 0 else math.inf
    if math.isnan(computed):
        return math.inf
    top = mpmath.mpf(2) ** int(limits.maxexp)
    unit = mpmath.mpf(2) ** (max(int(mpmath.frexp(exact)[1]) - 1, int(limits.minexp)) - int(limits.nmant))
    if math.isinf(computed):
        overflows = abs(exact) >= top - top * mpmath.mpf(2) ** -(int(limits.nmant) + 2)
        return 0.0 if overflows and (computed > 0) == (exact > 0) else math.inf
    return float(abs(mpmath.mpf(computed) - exact) / unit)


def spread(dtype, count, seed=0):
    """Numbers of both signs: over the whole range, subnormal ones too; around 1; where exp matters; special ones."""
    rng, limits = np.random.default_rng(seed), np.finfo(dtype)
    low, high = math.log2(float(limits.smallest_subnormal)), math.log2(float(limits.max)) - 1e-9
    reach = 110 if dtype == np.float32 else 760
    part = count // 8
    magnitudes = np.concatenate(
        [
            2.0 ** rng.uniform(low, high, 2 * part),
            2.0 ** rng.uniform(-40, 12, 2 * part),
            rng.uniform(0, 4, 2 * part),
            rng.uniform(0, reach, part),
            np.exp(rng.normal(0, 0.3, part)),
        ]
    )
    return np.concatenate([(magnitudes * rng.choice([-1, 1], magnitudes.size)).astype(dtype), landmarks(dtype)])


def landmarks(dtype):
    """Zeros, ends of the range, and the places where a piece of some algorithm ends, each with its neighbours."""
    limits = np.finfo(dtype)
    edges = [0.25, 0.34657, 0.35, 0.41421356, 0.45, 0.5, 0.55, 0.6, 0.70710678, 0.75, 0.8, 1, 1.38629, 1.41421356, 1.75]
    edges += [2, 3, 8, 10, 12, 14, 17.33, 25, 36.74, 50, 88.72, 89, 103.97, 104, 709.78, 710, 745.13, 746, 2.0**30]
    edges += [float(limits.tiny), float(limits.smallest_subnormal), float(limits.max), float(limits.eps)]
    centre = np.array(edges, dtype)
    with np.errstate(all="ignore"):
        near = np.concatenate([centre, np.nextafter(centre, dtype(0)), np.nextafter(centre, dtype(np.inf))])
    near = near[np.isfinite(near)]
    return np.concatenate([near, -near, np.array([0.0, -0.0], dtype)]).astype(dtype)
