"""On kinks and at poles of what a branch rejects, where the unrolled oracle has no say: the declared slopes."""

from fractions import Fraction

import pytest
import sympy
from mpmath import mp

from symloss.atoms import Absolute, Equal, Less, Maximum, Relu, SlopeAt, Where, XLogY
from symloss.calculus import gradient, hessian_diagonal, hessian_vector_product
from symloss.oracle import evaluate
from symloss.program import Axis, AxisSymbol, Program, Read, Statement, Tensor, exact_arithmetic

N, K = AxisSymbol("n"), AxisSymbol("k")
X, P = Read("x", (N,)), Read("p")
AXES = {"n": Axis("n", "batch"), "k": Axis("k", "class")}


def derivatives(statements, tensors, **arrays):
    with exact_arithmetic():
        made = Program("kink", AXES, tensors, tuple(statements()), {"value": "value"})
    wrt = [name for name, tensor in tensors.items() if tensor.role == "prediction"]
    base = gradient(made, wrt)
    arrays["_seed"] = [1]
    first = evaluate(base, {}, arrays)
    for name in wrt:
        arrays[f"_v_{name}"] = arrays[name]
    product = evaluate(hessian_vector_product(base, made), {}, arrays)
    diagonal = evaluate(hessian_diagonal(base, made), {}, arrays)
    for key, values in {**first, **product, **diagonal}.items():
        assert all(map(mp.isfinite, values.values())), f"{key} is {list(values.values())}"
    return [list(first[f"grad {name}"].values()) for name in wrt]


def slope(body, x):
    def statements():
        return [Statement("value", ("n",), "map", body())]

    return derivatives(statements, {"x": Tensor("x", ("n",), "prediction")}, x=[x])[0][0]


@pytest.mark.parametrize(
    ("body", "x", "wanted"),
    [
        (lambda: Absolute(X), 0, 0),
        (lambda: Relu(X), 0, 0),
        (lambda: Maximum(0, X), 0, Fraction(1, 2)),
        (lambda: Maximum(2 * X, 6 * X), 0, 4),
        (lambda: SlopeAt(Maximum(2 * X, 6 * X), Equal(X, 0), 0), 0, 0),
        (lambda: sympy.sqrt(Relu(X)), -1, 0),
        (lambda: sympy.sqrt(Relu(X) + 1) * Relu(X), 0, 0),
        (lambda: Where(Less(X, 1), 5 * X, sympy.log(X - 1)), 1 - Fraction(1, 2), 5),
        (lambda: Where(Less(0, X), sympy.sqrt(X), 2 * X), 0, 2),
        (lambda: XLogY(Relu(X), 1 + X), -1, 0),
    ],
)
def test_declared_slopes(body, x, wanted):
    assert slope(body, x) == wanted


def test_a_root_of_a_named_inactive_branch_has_slope_zero():
    tensors = {"x": Tensor("x", ("n",), "prediction")}

    def statements():
        return [
            Statement("t", ("n",), "map", Relu(X)),
            Statement("value", ("n",), "map", sympy.sqrt(Read("t", (N,)))),
        ]

    assert derivatives(statements, tensors, x=[-3]) == [[0]]


ROW = {"z": Tensor("z", ("n", "k"), "prediction")}


def test_a_norm_has_slope_zero_at_zero():
    def statements():
        return [Statement("value", ("n",), "norm", Read("z", (N, K)), ("k",))]

    assert derivatives(statements, ROW, z=[[0, 0]]) == [[0, 0]]


@pytest.mark.parametrize(("operation", "row"), [("max", [1, 4, 4]), ("min", [3, 2, 2])])
def test_a_tie_shares_the_slope_equally(operation, row):
    def statements():
        return [Statement("value", ("n",), operation, Read("z", (N, K)), ("k",))]

    half = Fraction(1, 2)
    assert derivatives(statements, ROW, z=[row]) == [[0, half, half]]


def test_a_parameter_may_be_zero_as_an_exponent():
    tensors = {
        "x": Tensor("x", ("n",), "prediction"),
        "p": Tensor("p", (), "parameter", default=sympy.S.Zero),
    }

    def statements():
        return [Statement("value", ("n",), "map", X**P + X)]

    assert derivatives(statements, tensors, x=[0]) == [[1]]
