"""The interpreter against numbers computed by hand or by mpmath's own functions."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from mpmath import mp, mpf

from symloss.atoms import And, Equal, Less, LessEqual, NotEqual, Sigmoid, Softplus, Where, XLogY
from symloss.oracle import Interpreter, evaluate, evaluate_adaptively
from symloss.program import (
    Axis,
    AxisSymbol,
    Domain,
    Program,
    Read,
    SizeSymbol,
    Statement,
    Tensor,
    exact_arithmetic,
)

N, K = AxisSymbol("n"), AxisSymbol("k")
Z, X = Read("z", (N, K)), Read("x", (N,))
Y = Read("y", (N,), integer=True)
AXES = {"n": Axis("n", "batch"), "k": Axis("k", "class"), "j": Axis("j", "class", like="k")}
TENSORS = {
    "z": Tensor("z", ("n", "k"), "prediction"),
    "x": Tensor("x", ("n",), "prediction"),
    "y": Tensor("y", ("n",), "target", Domain("index", axis="k")),
    "w": Tensor("w", ("k",), "coefficient", default=sympy.S.One),
    "c": Tensor("c", (), "parameter", default=sympy.Rational(1, 3)),
}


def program(*statements):
    return Program("example", AXES, TENSORS, statements, {"value": statements[-1].target})


def elementwise(body):
    with exact_arithmetic():
        return program(Statement("value", ("n",), "map", sympy.sympify(body)))


def rowwise(operation, body=Z, guard=1):
    return program(Statement("value", ("n",), operation, body, ("k",), sympy.sympify(guard)))


def values(made, **arrays):
    return list(evaluate(made, {}, arrays, precision=100)["value"].values())


def same(got, wanted):
    with mp.workprec(100):
        assert abs(mpf(got) - wanted) <= mpf(2) ** -90 * abs(wanted), f"{got} is not {wanted}"


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("sum", lambda v: mp.fsum(v)),
        ("max", max),
        ("min", min),
        ("logsumexp", lambda v: mp.log(mp.fsum(map(mp.exp, v)))),
        ("norm", lambda v: mp.sqrt(mp.fsum(x * x for x in v))),
    ],
)
def test_operations_over_a_row(operation, wanted):
    row = [mpf(1) / 3, mpf(-2), mpf("0.125")]
    with mp.workprec(100):
        row[0] = mpf(1) / 3
        same(values(rowwise(operation), z=[row])[0], wanted(row))


@pytest.mark.parametrize(
    ("operation", "wanted"), [("sum", 0), ("norm", 0), ("max", "-inf"), ("logsumexp", "-inf"), ("min", "inf")]
)
def test_empty_reductions(operation, wanted):
    assert values(rowwise(operation, guard=Less(Z, -100)), z=[[1, 2]]) == [mpf(wanted)]


def test_a_guard_selects_and_protects_what_it_rejects():
    made = rowwise("sum", sympy.log(Z), And(Less(0, Z), NotEqual(K, Y)))
    same(values(made, z=[[-1, 2, 5]], y=[2])[0], mpmath.mp.log(2) if mp.prec >= 100 else _log(2))


def _log(x):
    with mp.workprec(120):
        return mp.log(x)


def test_a_branch_is_computed_only_where_it_is_taken():
    made = elementwise(Where(Less(Y, SizeSymbol("k")), Read("z", (N, Y)), 7))
    assert values(made, z=[[1, 2]] * 2, y=[1, 5]) == [2, 7]
    assert values(elementwise(Where(Less(X, 0), sympy.log(X), 3)), x=[1, 2]) == [3, 3]


def test_gathers_index_arithmetic_and_second_indices():
    turned = Read("z", (N, sympy.Mod(K + sympy.floor(SizeSymbol("k") / 2), SizeSymbol("k"))))
    made = program(
        Statement("s", ("n", "k"), "map", turned * K),
        Statement("r", ("n", "k"), "sum", Read("s", (N, AxisSymbol("j"))), ("j",), LessEqual(AxisSymbol("j"), K)),
        Statement("value", ("n",), "map", Read("r", (N, Y))),
    )
    # The row turned by floor(3/2) is 20 30 10, times the index 0 30 20, summed up 0 30 50.
    assert values(made, z=[[10, 20, 30]] * 3, y=[0, 1, 2]) == [0, 30, 50]


def test_numbers_are_taken_exactly():
    third = Fraction(1, 3)
    for given in (third, sympy.Rational(1, 3)):
        with mp.workprec(100):
            same(values(elementwise(X), x=[given])[0], mpf(1) / 3)
    assert values(elementwise(X), x=np.array([0.1], np.float32)) == [mpf(float(np.float32(0.1)))]
    assert values(elementwise(X + 0 * Y), x=[0.1], y=[0]) == [mpf(0.1)]


def test_defaults_scalars_and_parameters():
    made = elementwise(Read("w", (Y,)) * X * Read("c"))
    with mp.workprec(100):
        same(values(made, x=[3], y=[0])[0], mpf(1))
        same(values(made, x=[3], y=[0], w=2)[0], mpf(2))
        result = evaluate(made, {}, {"x": [3], "y": [1], "w": [5, 7]}, {"c": 1})
    assert result["value"] == {(0,): 21}


@pytest.mark.parametrize(
    ("body", "x", "wanted"),
    [
        (1 / X, 0, "inf"),
        (-1 / X, 0, "-inf"),
        (sympy.log(X), 0, "-inf"),
        (sympy.log(X), -1, "nan"),
        (sympy.sqrt(X), -1, "nan"),
        (X - X**2, "inf", "nan"),
        (sympy.exp(-(X**2)), "inf", "0"),
        (sympy.exp(sympy.exp(sympy.exp(X))), "1e300", "inf"),
        (XLogY(X, X), 0, "0"),
        (Softplus(X), "-inf", "0"),
        (Sigmoid(X), "inf", "1"),
        (Sigmoid(X), "nan", "nan"),
        (X ** Read("c"), -8, "nan"),
        (X**3, "-inf", "-inf"),
        (Equal(X, X**2), "nan", "0"),
    ],
)
def test_limits_and_special_values(body, x, wanted):
    (got,) = values(elementwise(body), x=[mpf(x)])
    wanted = mpf(wanted)
    assert mp.isnan(got) if mp.isnan(wanted) else got == wanted


@pytest.mark.parametrize("exponent", [100, 1000, 1500])
def test_precision_rises_until_a_small_term_shows(exponent):
    made = elementwise(sympy.log(1 + sympy.exp(X)))
    got = evaluate_adaptively(made, {}, {"x": [-exponent]}, digits=20)["value"][0,]
    with mp.workprec(200):
        wanted = mp.log1p(mp.exp(-exponent))
        assert abs(got - wanted) < mpf(10) ** -20 * wanted


def test_noise_around_an_exact_zero_becomes_zero():
    made = elementwise((X / 3) * 3 - X + sympy.log(sympy.exp(X / 7)) - X / 7)
    assert evaluate_adaptively(made, {}, {"x": [Fraction(5, 11)]})["value"] == {(0,): 0}


def test_what_does_not_settle_is_an_error():
    with pytest.raises(ArithmeticError, match=r"value\[0\] is still unsettled"):
        evaluate_adaptively(elementwise(sympy.sin(X * 10**1000)), {}, {"x": [Fraction(1, 3)]}, limit=2000)


def test_faults_are_sentences():
    with pytest.raises(ValueError, match="the input 'z' of example is missing"):
        evaluate(rowwise("sum"), {"n": 1, "k": 1}, {})
    with pytest.raises(ValueError, match="axis n has length 2, not 1"):
        evaluate(elementwise(X + Read("z", (N, Y))), {}, {"x": [1], "z": [[1], [2]], "y": [0]})
    with pytest.raises(IndexError, match=r"z\[0, 3\] lies outside"):
        evaluate(elementwise(Read("z", (N, Y))), {}, {"z": [[1, 2]], "y": [3]})
    with pytest.raises(KeyError, match="no output 'grad'"):
        Interpreter(rowwise("sum"), ["grad"])


def test_the_working_precision_is_left_as_it_was():
    with mp.workprec(77):
        evaluate(rowwise("sum"), {}, {"z": [[1]]}, precision=500)
        assert (mp.prec, mp._prec_rounding) == (77, [77, "n"])
