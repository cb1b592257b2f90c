"""Forms that hold at infinite inputs: the limit there, and the same numbers everywhere else."""

import pytest
from mpmath import mp, mpf

from symloss.calculus.derivation import stabilised
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.limits import with_limits
from symloss.calculus.reverse import gradient
from symloss.oracle import Interpreter

from ..accuracy.catalogue import derivation_of

POINTS = {
    "gradient_penalty": {"g": {(0, 0): 1.5, (0, 1): -2.25, (0, 2): 0.5}},
    "contrastive": {
        "a": {(0, 0): 0.25, (0, 1): 0.5, (0, 2): 0.0},
        "b": {(0, 0): 0.5, (0, 1): 0.25, (0, 2): 0.125},
        "y": {(0,): 0.0},
    },
}
SIZES = {"n": 1, "d": 3}


def programs(name):
    """The gradient and the product before and after the last step."""
    stable, _ = stabilised(derivation_of(name).textbook)
    predictions = [tensor.name for tensor in stable.tensors.values() if tensor.role == "prediction"]
    first = gradient(stable, predictions)
    return first, hessian_vector_product(first, stable)


def run(program, name, changed=None):
    values = {n: dict(by) for n, by in POINTS[name].items()}
    if changed:
        tensor, index, value = changed
        values[tensor][index] = mpf(value)
    for tensor in list(values):
        if f"_v_{tensor}" in program.tensors:
            values[f"_v_{tensor}"] = {index: mpf(index[-1] + 1) / 4 for index in values[tensor]}
    return Interpreter(program).evaluate(SIZES, {**values, "_seed": {(0,): 1}}, precision=200)


@pytest.mark.parametrize("name", POINTS)
def test_finite_inputs_give_the_same_numbers(name):
    for program in programs(name):
        rewritten = with_limits(program)
        assert rewritten.statements != program.statements
        before, after = run(program, name), run(rewritten, name)
        for key, values in before.items():
            for index, value in values.items():
                assert abs(after[key][index] - value) <= mpf(2) ** -180 * abs(value)


def test_an_infinite_entry_gives_the_limit_of_the_others():
    program, product = programs("gradient_penalty")
    infinite = "g", (0, 1), "-inf"
    assert mp.isnan(run(program, "gradient_penalty", infinite)["grad g"][0, 0])
    # 2·λ·(1 - 1/‖g‖)·g, with λ = 10 and ‖g‖ = ∞.
    assert run(with_limits(program), "gradient_penalty", infinite)["grad g"] == {
        (0, 0): 30,
        (0, 1): mp.ninf,
        (0, 2): 10,
    }
    assert run(with_limits(product), "gradient_penalty", infinite)["hvp g"] == {(0, 0): 5, (0, 1): 10, (0, 2): 15}


def test_a_gate_annihilates_what_is_infinite_behind_it():
    program, _ = programs("contrastive")
    infinite = "a", (0, 2), "inf"
    assert mp.isnan(run(program, "contrastive", infinite)["grad a"][0, 2])
    assert set(run(with_limits(program), "contrastive", infinite)["grad a"].values()) == {0}


def test_nan_stays():
    for name, tensor in (("gradient_penalty", "g"), ("contrastive", "a")):
        found = run(with_limits(programs(name)[0]), name, (tensor, (0, 1), "nan"))
        assert all(map(mp.isnan, found[f"grad {tensor}"].values()))
