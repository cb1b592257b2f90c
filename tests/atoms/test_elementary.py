"""The lowering of every atom: its error in ulps against mpmath, conventions at special points, and its types."""

import math

import mpmath
import numba
import numpy as np
import pytest

from symloss.atoms import RECORDS
from symloss.atoms.elementary import DTYPES as NAMES
from symloss.atoms.elementary import compose, names, source

from .precision import DTYPES, compiled, evaluate, landmarks, settled, spread, ulps

GAMMA = ("lgamma", "digamma", "trigamma", "polygamma2")
# Computed in float64 for float32 too, as their docstrings say.
WIDE = (*GAMMA, "pow")
OURS = ["exp", "log", "expm1", "log1p", "exp_tail", "log_tail", "softplus", "sigmoid", "tanh", "log_cosh"]
SMOOTH = [*OURS, "sqrt", "sin", "cos", "atan", "acos", "asin", "log2", "erf"]
BINARY = ["xlogy", "xlog1py", "xovery", "zero_times", "log_ratio", "pow"]
# Selections and comparisons: what they do is in the table of special points below.
EXACT = [
    *("abs", "sign", "relu", "ramp", "step", "half_step", "maximum", "minimum", "clamp", "inside", "where"),
    *("less", "less_equal", "equal", "not_equal", "and", "or", "not", "stop_gradient", "slope_at"),
]


def worst(name, dtype, columns, contract=True):
    """The largest error in ulps, with the arguments and the value it comes from."""
    exact = RECORDS[name].exact
    computed = evaluate(name, dtype, columns, contract)
    errors = [(0.0, ())]
    for value, *arguments in zip(computed, *columns, strict=True):
        reference = settled(exact, *arguments)
        if reference is None:
            assert not math.isfinite(value), f"{name}{tuple(arguments)} has no value, but the kernel says {value}"
        else:
            errors.append((ulps(value, reference, dtype), tuple(map(float, arguments))))
    assert len(errors) > 50
    return max(errors)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SMOOTH)
def test_error_of_functions_of_one_argument(name, dtype):
    error, where = worst(name, dtype, [spread(dtype, 800)])
    assert error <= source(name, np.dtype(dtype).name).ulps, where


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OURS)
def test_the_bound_holds_without_fused_multiply_add(name, dtype):
    error, where = worst(name, dtype, [spread(dtype, 320, seed=1)], contract=False)
    assert error <= source(name, np.dtype(dtype).name).ulps, where


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", GAMMA)
def test_error_of_the_gamma_family_on_positive_numbers(name, dtype):
    rng = np.random.default_rng(2)
    near = [1 + rng.normal(0, 1e-7, 20), 2 + rng.normal(0, 1e-7, 20), 1.4616321449683623 + rng.normal(0, 1e-8, 20)]
    ranges = [2.0 ** rng.uniform(-120, 40, 60), 2.0 ** rng.uniform(-4, 5, 120), rng.uniform(0.4, 3.1, 120)]
    points = np.concatenate([*near, *ranges, np.abs(landmarks(dtype))]).astype(dtype)
    points = points[(points > 0) & (points < 1e15)]
    error, where = worst(name, dtype, [points])
    assert error <= source(name, np.dtype(dtype).name).ulps, where


@pytest.mark.parametrize("name", GAMMA)
def test_reflection_of_the_gamma_family(name):
    points = -np.random.default_rng(3).uniform(0, 30, 200)
    # Half-way between the poles, away from the zeros: there the relative error is small as well.
    points = points[np.abs(np.abs(points - np.round(points)) - 0.3) < 0.1]
    for x, value in zip(points, evaluate(name, np.float64, [points]), strict=True):
        exact = settled(RECORDS[name].exact, x)
        assert abs(mpmath.mpf(value) - exact) <= 1e-12 * max(abs(exact), 0.1), x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_error_of_functions_of_two_arguments(name, dtype):
    rng = np.random.default_rng(4)
    a = np.abs(spread(dtype, 480, seed=5))
    b = rng.permutation(np.abs(spread(dtype, 480, seed=6)))
    if name == "log_ratio":
        a, b = a[a > 0][:500], b[b > 0][:500]
        with np.errstate(over="ignore"):
            close = (a * (1 + rng.normal(0, 1, a.size) * 10.0 ** rng.uniform(-16, 0, a.size))).astype(dtype)
        close = np.where((close > 0) & np.isfinite(close), close, a)
        a, b = np.concatenate([a, a]), np.concatenate([b, close])
    if name == "xlog1py":
        b = np.where(rng.random(b.size) < 0.5, b, -b / (1 + b)).astype(dtype)
        b = b[b > -1]
        a = a[: b.size]
    if name == "pow":
        a, b = a[a > 0][:500], b[:500] * rng.choice([-1, 1], 500).astype(dtype)
    error, where = worst(name, dtype, [a, b])
    assert error <= source(name, np.dtype(dtype).name).ulps, where


@pytest.mark.parametrize("name", OURS)
def test_float32_on_a_dense_set(name):
    """One float32 in 4001, over all bit patterns, against the float64 function that mpmath has checked above."""
    step = 4001
    with np.errstate(all="ignore"):
        x = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)
        computed = evaluate(name, np.float32, [x]).astype(np.float64)
        reference = evaluate(name, np.float64, [x.astype(np.float64)])
        rounded = reference.astype(np.float32)
        finite = np.isfinite(rounded) & (rounded != 0)
        assert np.array_equal(np.isnan(computed), np.isnan(reference))
        assert np.array_equal(computed[np.isinf(rounded)], reference[np.isinf(rounded)].astype(np.float32))
        exponent = np.maximum(np.frexp(reference[finite])[1] - 1, -126)
        error = np.abs(computed[finite] - reference[finite]) / np.exp2(exponent - 23.0)
    assert error.max() <= source(name, "float32").ulps, x[finite][error.argmax()]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*OURS, "sqrt", "erf"])
def test_error_on_many_points(name, dtype):
    error, where = worst(name, dtype, [spread(dtype, 20000, seed=7)])
    assert error <= source(name, np.dtype(dtype).name).ulps, where


INF, NAN = math.inf, math.nan
SPECIAL = {
    "exp": [(0, 1), (INF, INF), (-INF, 0)],
    "log": [(1, 0), (0, -INF), (-0.0, -INF), (INF, INF), (-1, NAN), (-INF, NAN)],
    "log1p": [(0, 0), (-1, -INF), (INF, INF), (-2, NAN), (-INF, NAN)],
    "expm1": [(0, 0), (INF, INF), (-INF, -1)],
    "exp_tail": [(0, 0), (INF, INF), (-INF, INF)],
    "log_tail": [(0, 0), (-1, INF), (INF, INF), (-2, NAN), (-INF, NAN)],
    "softplus": [(INF, INF), (-INF, 0)],
    "sigmoid": [(0, 0.5), (INF, 1), (-INF, 0)],
    "tanh": [(0, 0), (INF, 1), (-INF, -1)],
    "log_cosh": [(0, 0), (INF, INF), (-INF, INF)],
    "log2": [(1, 0), (8, 3), (0, -INF), (INF, INF), (-1, NAN)],
    "sqrt": [(0, 0), (4, 2), (INF, INF), (-1, NAN)],
    "erf": [(0, 0), (INF, 1), (-INF, -1)],
    "lgamma": [(1, 0), (2, 0), (0, INF), (INF, INF), (-1, INF), (-INF, INF)],
    "digamma": [(0, -INF), (INF, INF), (-1, NAN), (-INF, NAN)],
    "trigamma": [(0, INF), (INF, 0), (-1, INF), (-INF, NAN)],
    "polygamma2": [(0, -INF), (INF, 0), (-1, NAN), (-INF, NAN)],
    "abs": [(-2, 2), (0, 0), (-INF, INF)],
    "sign": [(-2, -1), (0, 0), (3, 1), (INF, 1), (-INF, -1)],
    "relu": [(-2, 0), (0, 0), (3, 3), (INF, INF), (-INF, 0)],
    "ramp": [(-2, 0), (0, 0), (3, 3), (INF, INF), (-INF, 0)],
    "step": [(-2, 0), (0, 0), (3, 1), (INF, 1), (-INF, 0)],
    "half_step": [(-2, 0), (0, 0.5), (-0.0, 0.5), (3, 1), (INF, 1), (-INF, 0)],
    "not": [(0, 1), (1, 0)],
    "stop_gradient": [(3, 3), (-INF, -INF)],
    "xlogy": [(0, 0, 0), (0, INF, 0), (0, NAN, NAN), (NAN, 1, NAN), (1, 0, -INF), (INF, 2, INF), (2, -1, NAN)],
    "xlog1py": [(0, -1, 0), (0, INF, 0), (0, NAN, NAN), (NAN, 1, NAN), (1, -1, -INF), (2, -2, NAN)],
    "xovery": [(0, 0, 0), (0, INF, 0), (0, NAN, NAN), (1, 0, INF), (-1, 0, -INF), (NAN, 1, NAN), (INF, INF, NAN)],
    "zero_times": [(0, INF, 0), (0, -INF, 0), (0, NAN, NAN), (NAN, 0, NAN), (INF, 0, NAN), (2, 3, 6)],
    "log_ratio": [
        (3, 3, 0),
        (0, 1, -INF),
        (1, 0, INF),
        (INF, 1, INF),
        (1, INF, -INF),
        (0, 0, NAN),
        (INF, INF, NAN),
        (-1, -1, NAN),
        (1, NAN, NAN),
        (NAN, 1, NAN),
    ],
    "maximum": [(1, 2, 2), (2, 1, 2), (NAN, 1, NAN), (1, NAN, NAN), (-INF, 1, 1), (INF, 1, INF)],
    "minimum": [(1, 2, 1), (2, 1, 1), (NAN, 1, NAN), (1, NAN, NAN), (INF, 1, 1), (-INF, 1, -INF)],
    "clamp": [(5, 0, 1, 1), (-5, 0, 1, 0), (0.25, 0, 1, 0.25), (NAN, 0, 1, NAN), (-INF, 0, INF, 0)],
    "inside": [(0, 0, 1, 1), (1, 0, 1, 1), (2, 0, 1, 0), (-1, 0, 1, 0), (NAN, 0, 1, NAN)],
    "where": [(1, 2, NAN, 2), (0, NAN, 3, 3), (0, INF, 3, 3)],
    "slope_at": [(3, 1, 0, 3)],
    "less": [(1, 2, 1), (2, 2, 0), (3, 2, 0), (NAN, 1, 0)],
    "less_equal": [(1, 2, 1), (2, 2, 1), (3, 2, 0), (NAN, 1, 0)],
    "equal": [(1, 2, 0), (2, 2, 1), (0.0, -0.0, 1), (NAN, NAN, 0)],
    "not_equal": [(1, 2, 1), (2, 2, 0), (NAN, NAN, 1)],
    "and": [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)],
    "or": [(1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 0)],
    "pow": [
        (0, 0.5, 0),
        (0, -1, INF),
        (0, 0, 1),
        (2, 3, 8),
        (-2, 3, -8),
        (-2, 2, 4),
        (-2, 0.5, NAN),
        (NAN, 0, 1),
        (NAN, 2, NAN),
        (1, NAN, 1),
        (2, NAN, NAN),
        (INF, 2, INF),
        (INF, -2, 0),
        (2, INF, INF),
        (0.5, INF, 0),
        (0.5, -INF, INF),
    ],
    "sin": [(0, 0), (INF, NAN)],
    "cos": [(0, 1), (INF, NAN)],
    "atan": [(0, 0)],
    "acos": [(1, 0), (2, NAN)],
    "asin": [(0, 0), (2, NAN)],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPECIAL)
def test_special_points(name, dtype):
    rows = SPECIAL[name]
    columns = [np.array([row[i] for row in rows], dtype) for i in range(len(rows[0]) - 1)]
    expected = np.array([row[-1] for row in rows], dtype)
    np.testing.assert_array_equal(evaluate(name, dtype, columns), expected, str(rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, record in RECORDS.items() if record.arity == 1 and name != "not"])
def test_nan_stays_nan(name, dtype):
    assert np.isnan(evaluate(name, dtype, [np.array([np.nan], dtype)])).all()


def test_every_atom_has_a_lowering_and_every_lowering_a_test():
    assert set(RECORDS) <= set(names())
    assert set(RECORDS) == set(SPECIAL)
    tested = {*SMOOTH, *GAMMA, *EXACT, *BINARY}
    assert set(RECORDS) == tested


@pytest.mark.parametrize("name", RECORDS)
def test_float32_stays_float32(name):
    function, _ = compiled(name, np.float32)
    arity = RECORDS[name].arity
    function(*[np.float32(0.5)] * arity)
    (overload,) = function.overloads.values()
    assert overload.signature.return_type == numba.float32
    operators = {
        str(kind)
        for expression, signature in overload.type_annotation.calltypes.items()
        if getattr(expression, "op", "") in ("binop", "inplace_binop")
        for kind in signature.args
    }
    assert ("float64" in operators) == (name in WIDE), operators


@pytest.mark.parametrize("dtype", NAMES)
def test_compose_defines_before_use(dtype):
    text = compose(set(names()), dtype)
    for name in names():
        entry = source(name, dtype)
        assert text.count(f"def {entry.name}(") == 1
        for needed in entry.needs:
            assert text.index(f"def {source(needed, dtype).name}(") < text.index(f"def {entry.name}(")
    assert "$" not in text
    assert "POLY" not in text
    compile(text, "elementary", "exec")


def test_both_dtypes_fit_into_one_file():
    both = compose(set(names()), "float64") + compose(set(names()), "float32")
    definitions = [line for line in both.splitlines() if line.startswith("def ")]
    assert len(definitions) == len(set(definitions)) == 2 * len(names())


def test_unknown_name():
    with pytest.raises(KeyError):
        source("nothing", "float64")
