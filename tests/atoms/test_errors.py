"""Proved bounds of the elementary functions: they hold at points, faults break them, and the table agrees with them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from symloss.atoms import RECORDS
from symloss.atoms.elementary import DTYPES, compose, source

from .precision import settled, ulps

pytest.importorskip("flint")

from symloss.atoms.elementary.errors import cover, samples
from symloss.atoms.elementary.errors.graph import NotUnderstoodError, graph_of, parse
from symloss.atoms.elementary.errors.interpreter import Interpreter
from symloss.atoms.elementary.errors.rounding import FORMATS
from symloss.atoms.elementary.errors.series import Box, precision
from symloss.atoms.elementary.errors.targets import TARGETS

TABLE = json.loads((Path(__file__).parents[2] / "docs" / "measured" / "elementary.json").read_text())
BOTH = [(name, dtype) for name in TARGETS for dtype in DTYPES]


def bound_at(name, dtype, low, high=None, graph=None):
    """The bound on one box, not split."""
    cut = cover.Cover(graph or graph_of(name, dtype), FORMATS[dtype], TARGETS[name], math.inf, 0)
    return cut.bound(low, low if high is None else high, {}, True)[0]


@pytest.mark.parametrize(("name", "dtype"), BOTH)
def test_the_bound_holds_at_points(name, dtype):
    """The text run by Python, one operation after the other, against mpmath: no error is beyond the bound there."""
    space = {"np": np, "math": math}
    exec(compose({name}, dtype, decorator=""), space)
    function, kind = space[source(name, dtype).name], np.dtype(dtype).type
    points = samples.adversarial(name, dtype, 60, seed=1)
    quotients = []
    for point in points:
        with np.errstate(all="ignore"):
            computed = function(kind(point))
        error = ulps(computed, settled(RECORDS[name].exact, point), dtype)
        quotients.append(error / bound_at(name, dtype, float(point)))
    assert len(quotients) > 30
    assert max(quotients) <= 1
    # A bound far above every error would show nothing.
    assert max(quotients) > 0.1


RANGES = {"exp": (-5, 5), "log": (0.1, 9), "log1p": (-0.9, 9), "expm1": (-5, 5)}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RANGES)
def test_bounds_on_a_coarse_subdivision(name, dtype):
    low, high = RANGES[name]
    bound = cover.prove(name, dtype, low=low, high=high, aim=1.4, depth=4)
    assert 0.5 < bound.ulps < 2
    assert bound.subnormal in (0, 1) or bound.subnormal < 1.5


@pytest.mark.parametrize("name", ["exp", "log"])
def test_bounds_on_the_whole_range(name):
    bound = cover.prove(name, "float32", aim=1.4, depth=4)
    assert 0.5 < bound.ulps < 1.5
    assert bound.low <= TARGETS[name].low["float32"]
    assert bound.high >= TARGETS[name].high["float32"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dtype"), [key for key in BOTH if "proved" in TABLE[key[0]][key[1]]])
def test_bounds_of_the_table(name, dtype):
    entry = TABLE[name][dtype]
    low, high = entry["range"]
    bound = cover.prove(name, dtype, low=low, high=high, aim=source(name, dtype).ulps, depth=4)
    assert bound.ulps <= entry["proved"]
    assert bound.subnormal <= entry["proved_below"]


@pytest.mark.parametrize(("name", "dtype"), BOTH)
def test_the_table_is_consistent(name, dtype):
    entry = TABLE[name][dtype]
    assert entry["stated"] == source(name, dtype).ulps
    measured = entry.get("measured", 0)
    assert measured <= entry["stated"]
    assert measured <= max(entry.get("proved", math.inf), entry.get("proved_below", 0)) + 0.001
    assert entry.get("wrong", 0) == 0


# Text, what replaces it, and a box where the fault shows.
FAULTS = {
    "last place of a coefficient": ("exp", "p = p * r + 0.5\n", "p = p * r + 0.5000000000000002\n", (0.33, 0.34), 0.02),
    "a compensation left out": ("exp", "((1.0 - high) + r) + ", "0.0 + ", (0.33, 0.34), 0.4),
    "the lower half of ln 2 left out": ("exp", "c = n * -1.7239444525614835e-13", "c = n * 0.0", (2.1, 2.2), 100),
    "halves of ln 2 exchanged": (
        "log",
        ("0.6931471805601177", "-1.7239444525614835e-13"),
        ("-1.7239444525614835e-13", "0.6931471805601177"),
        (5.0, 5.1),
        0.3,
    ),
    "a sum in another order": ("log1p", "high + low", "(high + 1.0) + (low - 1.0)", (0.21, 0.22), 1),
    "a coefficient of another place": ("tanh", "0.1333333333333331", "0.1333333333333", (0.5, 0.51), 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_the_bound(fault):
    name, before, after, (low, high), jump = FAULTS[fault]
    texts = {}
    for needed in _all_needs(name):
        entry = source(needed, "float64")
        texts[entry.name] = entry.text
    text = json.dumps(texts)
    pairs = [(before, after)] if isinstance(before, str) else list(zip(before, after, strict=True))
    for index, (old, _) in enumerate(pairs):
        old = json.dumps(old)[1:-1]
        assert old in text
        text = text.replace(old, f"<{index}>")
    for index, (_, new) in enumerate(pairs):
        text = text.replace(f"<{index}>", json.dumps(new)[1:-1])
    graph = parse(json.loads(text), source(name, "float64").name, "float64")
    assert bound_at(name, "float64", low, high, graph) > bound_at(name, "float64", low, high) + jump


def _all_needs(name):
    found = {name}
    for needed in source(name, "float64").needs:
        found |= _all_needs(needed)
    return found


def _result(text, low, high):
    """The value of a small text on a box of float64 numbers."""
    graph = parse({"f": text}, "f", "float64")
    with precision(128, 6):
        return Interpreter(graph, FORMATS["float64"], Box(low, high, 6), {}).run()


def test_a_fast_sum_is_exact_only_if_the_first_is_larger():
    text = "def f(x):\n    s = {a} + {b}\n    return (s - {a}) - {b}\n"
    right = _result(text.format(a="3.7", b="x"), 0.3, 0.9)
    wrong = _result(text.format(a="x", b="3.7"), 0.3, 0.9)
    # Half a unit in the last place of s, and nothing else.
    assert right.form.deviation < 1.01 * 2.0**-51
    # Here s - x is rounded as well.
    assert wrong.form.deviation > 1.4 * 2.0**-51


def test_a_sum_of_neighbours_is_exact():
    assert _result("def f(x):\n    return x - 1.0\n", 0.6, 1.9).before is None
    assert _result("def f(x):\n    return x - 1.0\n", 0.1, 1.9).before is not None


def test_a_product_may_be_fused_in_each_use_for_itself():
    once = _result("def f(x):\n    p = x * x\n    return (p + 100.0) - p\n", 1.1, 1.2)
    # The rounding of p does not cancel: one use may be fused, the other not.
    exact = _result("def f(x):\n    p = x + x\n    return (p + 100.0) - p\n", 1.1, 1.2)
    assert once.form.deviation > exact.form.deviation


@pytest.mark.parametrize("statement", ["return x**2", "return math.exp(x)", "while x:\n        pass", "return x, x"])
def test_what_is_not_understood_is_refused(statement):
    with pytest.raises(NotUnderstoodError):
        parse({"f": f"def f(x):\n    {statement}\n"}, "f", "float64")


def test_nothing_is_claimed_where_the_function_is_not_finite():
    with pytest.raises(cover.UnprovableError):
        cover.prove("exp", "float32", low=80, high=100)


@pytest.mark.parametrize("name", TARGETS)
def test_difficult_float64_arguments(name):
    points = samples.adversarial(name, "float64", 3000)
    found = samples.errors(name, "float64", points)
    assert found.max() <= source(name, "float64").ulps, points[found.argmax()]
