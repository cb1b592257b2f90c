"""NaNs that only a condition reads: kept where an output would lose them, and nowhere else."""

import pytest
import sympy

from symloss.atoms import Absolute, Equal, Less, LessEqual, Not, Relu, Where
from symloss.calculus import derive
from symloss.language import read_spec
from symloss.lowering.functions import KeepNaN
from symloss.lowering.nan import keep_nan
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, Tensor, exact_arithmetic
from tests.accuracy.catalogue import NAMES, derivation_of
from tests.kernels.harness import LIBRARY, USER_SPECS

N, K = AxisSymbol("n"), AxisSymbol("k")
X, W, V = Read("x", (N,)), Read("w", (N,)), Read("v", (N, K))
#: What a Hessian of the catalogue loses without `keep_nan`, and a value that reads a label in a condition alone.
CHANGED = {"huber", "smooth_l1", "focal"}


def kept(body, *, operation="map", over=(), before=()):
    with exact_arithmetic():
        tensors = {
            "x": Tensor("x", ("n",), "prediction"),
            "w": Tensor("w", ("n",), "target"),
            "v": Tensor("v", ("n", "k"), "prediction"),
            "c": Tensor("c", (), "parameter", default=sympy.S.One),
        }
        statements = (*before, Statement("value", ("n",), operation, body, over))
        axes = {"n": Axis("n", "batch"), "k": Axis("k", "class")}
        return keep_nan(Program("p", axes, tensors, statements, {"value": "value"})).statements[-1].body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (Where(Less(X, 1), 2, 3), Where(Less(X, 1), 2, KeepNaN(3, X))),
        (Where(Less(X, W), 2, X), Where(Less(X, W), 2, KeepNaN(X, W))),
        (Where(Equal(X, 0), X, W), Where(Equal(X, 0), X, KeepNaN(W, X))),
        (Where(Not(Less(X, 1)), 2, X), KeepNaN(Where(Not(Less(X, 1)), 2, X), X)),
        (2 * Less(X, 1), 2 * KeepNaN(Less(X, 1), X)),
        (Where(Less(X, 1), 2, 3 + X), None),
        (X * Where(Less(X, 1), 2, 3), None),
        (Where(Less(X, 1), 2, 3) + Relu(X), None),
        (Where(Less(Read("c", ()), 1), X, W), None),
    ],
)
def test_branches(body, expected):
    assert kept(body) == (body if expected is None else expected)


def test_what_multiplies_it_later_keeps_the_nan():
    inner = Statement("s", ("n",), "map", Where(Less(X, 1), 2, 3))
    assert kept(Read("s", (N,)) * X, before=(inner,)) == Read("s", (N,)) * X
    assert kept(Read("s", (N,)), before=(inner,)) == Read("s", (N,))


def test_an_entry_of_a_row_is_not_its_neighbour():
    first = Read("v", (N, sympy.S.Zero))
    body = Where(Less(V, 0), first, 0)
    assert kept(body, operation="sum", over=("k",)) == Where(Less(V, 0), first, KeepNaN(0, V))


def test_as_few_as_keep_every_nan():
    """Two steps lose the same NaN; one of them is enough."""
    one = Statement("s", ("n",), "map", Where(LessEqual(Absolute(X), 1), 2, 3))
    two = Where(LessEqual(Absolute(X), 1), 4, 5)
    assert kept(Read("s", (N,)) * two, before=(one,)) == Read("s", (N,)) * two


@pytest.mark.parametrize("name", NAMES)
def test_kernels_pay_only_where_a_nan_is_lost(name):
    derivation = derivation_of(name)
    programs = [derivation.stable, derivation.gradient, derivation.product, derivation.diagonal]
    assert any(keep_nan(program) != program for program in programs if program) == (name in CHANGED)


def test_a_value_that_is_constant_beyond_a_kink():
    spec = read_spec(USER_SPECS["tukey_biweight"], LIBRARY)
    stable = derive(spec.program).stable
    assert keep_nan(stable).statement("value").body.has(KeepNaN)
