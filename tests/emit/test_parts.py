"""Elementary functions that wait for each other stand in loops of their own."""

import math
import re

import numba
import numpy as np
import pytest
import sympy

from symloss import atoms
from symloss.atoms.elementary import compose, names
from symloss.atoms.elementary.parts import operations, parts
from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.emit.numba_cpu.parts import Parted, _unsigned
from symloss.lowering.functions import Element, Variable
from symloss.program import exact_arithmetic

Z, Y, T = Variable("z"), Variable("y"), Variable("t")


def parted(*statements, results=(), taken=()):
    """Statements (name, expression) and results, sorted into loops."""
    show = ExpressionPrinter("float64")
    found = Parted(show, "{}_rows[row]", {"row"}, {*taken, *(name for name, _ in statements)})
    show.apart = found.call
    for name, value in statements:
        found.define(f"{name} = {show.real(value)}", True)
    for number, value in enumerate(results):
        found.finish(f"out{number}[row] = {show.real(value)}")
    return found


def run(found, show, **arrays):
    """What the loops leave in the arrays, each loop over all rows before the next; workspaces begin as NaN."""
    count = len(next(iter(arrays.values())))
    loops = found.loops()
    space = {f"{name}_rows": np.full(count, np.nan) for name in found.handed_on} | arrays
    space |= {"np": np, "math": math, "numba": numba}
    exec(compose(show.functions, "float64", "@numba.njit(error_model='numpy')"), space)
    for lines in loops:
        for row in range(count):
            exec("\n".join(lines), space | {"row": row})
    return space


def reading(name):
    """An entry of an input."""
    return name, Element(f"{name}s", (Variable("row", integer=True),))


@pytest.mark.parametrize("name", ["softplus", "sigmoid", "tanh", "log_cosh"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_function_is_what_its_parts_give(name, dtype):
    found = parts(name, dtype)
    suffix = {"float32": "f32", "float64": "f64"}[dtype]
    space = {"np": np, "math": math, "numba": numba}
    exec(compose({name}, dtype, "@numba.njit(error_model='numpy')"), space)
    *before, last = found.calls
    for x in np.array([-80, -3, -0.2, 0, 1e-9, 0.4, 7, 200, np.inf, np.nan], dtype):
        known = {found.parameters[0]: x}
        for call in before:
            given = eval(f"_{call.function}_{suffix}({', '.join(call.arguments)})", space | known)
            given = given if len(call.targets) > 1 else (given,)
            # Numba returns floats, whatever it computed in.
            known |= dict(zip(call.targets, np.array(given, dtype), strict=True))
        result = eval(f"_{last.function}_{suffix}({', '.join(last.arguments)})", space | known)
        np.testing.assert_equal(result, space[f"_{name}_{suffix}"](x))


def test_what_computes_something_itself_has_no_parts():
    assert {name for name in names() if parts(name, "float64")} == {"softplus", "sigmoid", "tanh", "log_cosh"}


def test_what_runs_long_is_told_from_what_does_not():
    long = {"exp", "log", "log1p", "expm1", "erf", "pow", "lgamma", "exp_falling", "log1p_unit"}
    short = {"zero_times", "where", "maximum", "sigmoid_of_parts", "softplus_of_parts"}
    assert min(map(operations, long)) > 2 * max(map(operations, short))


def test_functions_of_both_signs_share_their_parts():
    with exact_arithmetic():
        found = parted(reading("z"), reading("y"), results=[atoms.Softplus(-Z * Y), atoms.Sigmoid(Z * Y)])
    assert [part.text for part in found.parts] == ["_exp_falling_f64(abs(y * z))", "_log1p_unit_f64(e, rest)"]
    found = parted(
        reading("z"), ("a", -Z), ("b", Z), results=[atoms.Softplus(Variable("a")), atoms.Sigmoid(Variable("b"))]
    )
    assert len(found.parts) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("-z * y", "z * y", True),
        ("-(z - y)", "y - z", True),
        ("-z / y * f32(0.5)", "z / y * f32(0.5)", True),
        ("z - (y + 1.0)", "y + 1.0 - z", True),
        ("-z + y", "z + y", False),
        ("-z + y", "z - y", False),
        ("z - y - x", "y - z - x", False),
        ("z * -y", "z * y", False),
    ],
)
def test_texts_of_one_magnitude(one, other, same):
    assert (_unsigned(one) == _unsigned(other)) is same
    x, y, z = 0.7, -1.3, 2.1
    values = [abs(eval(text, {"f32": float, "x": x, "y": y, "z": z})) for text in (one, other)]
    assert values[0] == values[1] or not same


def test_a_sum_is_not_taken_for_its_opposite():
    with exact_arithmetic():
        found = parted(reading("z"), reading("y"), results=[atoms.Sigmoid(-Z + Y), atoms.Sigmoid(Z + Y)])
    assert len({part.text for part in found.parts}) == 2


def test_functions_that_do_not_wait_stay_in_one_loop():
    assert not parted(reading("z"), results=[sympy.log(Z) * atoms.Log1p(Z)]).several
    assert not parted(reading("z"), results=[sympy.log(Z)]).several
    assert parted(reading("z"), ("t", sympy.log(Z) + 1), results=[atoms.Log1p(T)]).several


def test_what_reads_a_result_stays_in_one_loop():
    found = parted(reading("z"))
    found.finish(f"out[row] = {found.show.real(atoms.Softplus(Z))}")
    found.define("t = out[row]", True)
    assert found.has_shared
    assert not found.several


def test_loops_compute_what_one_would():
    z, y = np.linspace(-4, 4, 9), np.linspace(0.5, 2, 9)
    with exact_arithmetic():
        statements = [reading("z"), reading("y"), ("t", atoms.Softplus(Z * Y) + Y), ("w", T * T)]
        deep = sympy.log(1 + T + Variable("w"))
        found = parted(*statements, results=[atoms.Log1p(deep) * T, Variable("w") - Y, atoms.Sigmoid(-Z * Y)])
    space = run(found, found.show, zs=z, ys=y, out0=z * 0, out1=z * 0, out2=z * 0)
    t = np.logaddexp(0, z * y) + y
    np.testing.assert_allclose(space["out0"], np.log1p(np.log(1 + t + t * t)) * t, rtol=1e-14)
    np.testing.assert_allclose(space["out1"], t * t - y, rtol=1e-13)
    np.testing.assert_allclose(space["out2"], 1 / (1 + np.exp(z * y)), rtol=1e-14)


def test_a_number_from_parts_is_handed_on_and_others_are_computed_again():
    with exact_arithmetic():
        statements = [reading("z"), ("y", Z * Z), ("t", atoms.Softplus(Z))]
        found = parted(*statements, results=[sympy.log(T + Y) + T + Y])
    *_, third, last = found.loops()
    assert "t_rows[row] = t" in third
    assert "t = t_rows[row]" in last
    assert "y = z * z" in third
    assert "y = z * z" in last
    assert found.handed_on == ["e", "rest", "tail", "log", "t"]


def test_an_entry_that_may_not_be_there_is_read_where_its_branch_is():
    row = Variable("row", integer=True)
    with exact_arithmetic():
        before = Element("zs", (row - 1,))
        found = parted(results=[atoms.Where(atoms.Less(0, row), atoms.Softplus(before), 0)])
    assert found.parts == []
    assert found.rest == ["out0[row] = _softplus_f64(zs[-1 + row]) if 0 < row else 0.0"]


def test_what_nobody_reads_is_not_handed_on():
    found = parted(reading("z"), results=[atoms.Tanh(Z)])
    assert found.loops()[0][-1] == "e_rows[row], _ = _exp_falling_f64(2.0 * abs(z))"
    assert found.handed_on == ["e"]


def test_names_do_not_clash():
    found = parted(reading("z"), results=[atoms.Sigmoid(Z), atoms.Sigmoid(Z + 1)], taken=["e", "rest2"])
    named = [name for part in found.parts for name in part.names]
    assert len(set(named)) == 4
    assert not {"e", "rest2"} & {*named}
    assert all(re.fullmatch(r"(e|rest)\d*(_\d+)?", name) for name in named)
