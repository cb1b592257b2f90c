"""The unrolled formula against closed forms that are written here by hand."""

from fractions import Fraction

import pytest
import sympy
from mpmath import mp, mpf

from symloss.atoms import Absolute, Clamp, Less, Relu, StopGradient, Where
from symloss.oracle import Unrolled
from symloss.program import Axis, AxisSymbol, Domain, Program, Read, Statement, Tensor

N, K = AxisSymbol("n"), AxisSymbol("k")
X, Y = Read("x", (N,)), Read("y", (N,), integer=True)


def elementwise(body):
    tensors = {"x": Tensor("x", ("n",), "prediction")}
    axes = {"n": Axis("n", "batch")}
    return Program("example", axes, tensors, (Statement("value", ("n",), "map", body),), {"value": "value"})


def cross_entropy():
    statements = (
        Statement("lse", ("n",), "logsumexp", Read("z", (N, K)), ("k",)),
        Statement("value", ("n",), "map", Read("lse", (N,)) - Read("z", (N, Y))),
    )
    tensors = {
        "z": Tensor("z", ("n", "k"), "prediction"),
        "y": Tensor("y", ("n",), "target", Domain("index", axis="k")),
    }
    axes = {"n": Axis("n", "batch"), "k": Axis("k", "class")}
    return Program("cross_entropy", axes, tensors, statements, {"value": "value"})


LOGITS = [[Fraction(1, 3), Fraction(-2), Fraction(5, 7)], [Fraction(0), Fraction(9, 4), Fraction(1)]]
LABELS, SEEDS = [2, 0], [Fraction(3, 2), Fraction(-1, 5)]


def number(fraction):
    return mpf(fraction.numerator) / fraction.denominator


def softmax(row):
    total = mp.fsum(mp.exp(number(z)) for z in row)
    return [mp.exp(number(z)) / total for z in row]


def same(got, wanted):
    assert abs(got - wanted) <= mpf(10) ** -25 * abs(wanted), f"{got} is not {wanted}"


def test_cross_entropy_has_its_known_derivatives():
    unrolled = Unrolled(cross_entropy(), {"n": 2, "k": 3}, {"y": LABELS})
    directions = {"z": [[1, 2, -1], [Fraction(1, 2), 0, 4]]}
    wanted = {
        "gradient": unrolled.gradient("z"),
        "diagonal": unrolled.diagonal("z"),
        "product": unrolled.product("z"),
        "block": unrolled.block("z", "z"),
    }
    with mp.workprec(150):
        got = unrolled.evaluate(wanted, {"z": LOGITS}, {"value": SEEDS}, directions)
        for n, row in enumerate(LOGITS):
            p, seed = softmax(row), number(SEEDS[n])
            along = mp.fsum(a * number(Fraction(v)) for a, v in zip(p, directions["z"][n], strict=True))
            for k, a in enumerate(p):
                same(got["gradient"][n, k], seed * (a - (k == LABELS[n])))
                same(got["diagonal"][n, k], seed * a * (1 - a))
                same(got["product"][n, k], seed * a * (number(Fraction(directions["z"][n][k])) - along))
                for j, b in enumerate(p):
                    same(got["block"][n, k, n, j], seed * a * ((k == j) - b))
                    assert got["block"][n, k, 1 - n, j] == 0


@pytest.mark.parametrize(
    ("body", "x", "first", "second"),
    [
        (StopGradient(X) * X, 3, 3, 0),
        (StopGradient(X**2), 3, 0, 0),
        (Clamp(X, -1, 1) * X, Fraction(1, 2), 1, 2),
        (Clamp(X, -1, 1) * X, 3, 1, 0),
        (Absolute(X) * X, -3, 6, -2),
        (Relu(X) ** 2, 3, 6, 2),
        (Relu(X) ** 2, -3, 0, 0),
        (Where(Less(X, 0), X**3, X**2), -2, 12, -12),
        (Where(Less(X, 0), X**3, X**2), 2, 4, 2),
    ],
)
def test_declared_slopes_off_the_kink(body, x, first, second):
    unrolled = Unrolled(elementwise(body), {"n": 1})
    got = unrolled.evaluate({"first": unrolled.gradient("x"), "second": unrolled.diagonal("x")}, {"x": [x]})
    assert (got["first"][0,], got["second"][0,]) == (first, second)


def test_extremes_and_norms_over_a_row():
    axes = {"n": Axis("n", "batch"), "k": Axis("k", "class")}
    row = Read("z", (N, K))
    tensors = {"z": Tensor("z", ("n", "k"), "prediction")}
    for operation, wanted in (("max", [0, 0, 1]), ("min", [0, 1, 0]), ("norm", None)):
        statement = Statement("value", ("n",), operation, row, ("k",))
        made = Program("row", axes, tensors, (statement,), {"value": "value"})
        unrolled = Unrolled(made, {"n": 1, "k": 3})
        got = unrolled.evaluate({"g": unrolled.gradient("z")}, {"z": [[1, -2, 2]]})["g"]
        expected = wanted or [Fraction(1, 3), Fraction(-2, 3), Fraction(2, 3)]
        with mp.workprec(150):
            for k, slope in enumerate(expected):
                same(got[0, k], number(Fraction(slope)))


def test_a_gather_outside_its_axis_is_an_error():
    with pytest.raises(IndexError, match=r"z\[0, 4\] lies outside"):
        Unrolled(cross_entropy(), {"n": 1, "k": 3}, {"y": [4]})


def test_a_point_on_the_edge_of_a_domain_is_an_error_and_not_a_number():
    unrolled = Unrolled(elementwise(sympy.sqrt(X)), {"n": 1})
    with pytest.raises(ArithmeticError):
        unrolled.evaluate({"g": unrolled.gradient("x")}, {"x": [0]})


@pytest.mark.parametrize(("operation", "row"), [("max", [2, 5, 5]), ("min", [5, 2, 2]), ("max", [3, 3, 3])])
def test_a_tie_of_max_or_min_shares_the_slope(operation, row):
    statement = Statement("value", ("n",), operation, Read("z", (N, K)), ("k",))
    tensors = {"z": Tensor("z", ("n", "k"), "prediction")}
    axes = {"n": Axis("n", "batch"), "k": Axis("k", "class")}
    program = Program("extreme", axes, tensors, (statement,), {"value": "value"})
    unrolled = Unrolled(program, {"n": 1, "k": 3}, {})
    got = unrolled.evaluate({"gradient": unrolled.gradient("z")}, {"z": [row]}, {"value": [1]})
    winners = [number == (max if operation == "max" else min)(row) for number in row]
    with mp.workdps(40):
        for k, won in enumerate(winners):
            same(got["gradient"][0, k], mpf(won) / sum(winners))
