"""Programs that nobody wrote: gradient and Hessian-vector product against the unrolled oracle."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, given, settings

from symloss.calculus import Refusal, gradient, hessian_diagonal, hessian_vector_product, predictions, real_tensors

from ..strategies import SIZES, programs
from .checking import Comparison, close

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def check(program, seed):
    comparison = Comparison(program, SIZES, seed=seed)
    unrolled = comparison.unrolled
    gradients = {f"grad {x}": unrolled.gradient(x) for x in real_tensors(program)}
    products = {f"hvp {x}": unrolled.product(x) for x in predictions(program)}
    diagonals = {f"diag {x}": unrolled.diagonal(x) for x in predictions(program)}
    try:
        expected = comparison.expected({**gradients, **products, **diagonals})
    except ArithmeticError:
        # The point lies on a kink, such as the norm of a row of inactive relus.
        assume(False)
    first = gradient(program, real_tensors(program))
    base = gradient(program, predictions(program))
    got = comparison.derived(first, gradients) | comparison.derived(hessian_vector_product(base, program), products)
    with suppress(Refusal):
        got |= comparison.derived(hessian_diagonal(base, program), diagonals)
    for key, values in got.items():
        for index, value in values.items():
            close(value, expected[key][index], f"{key}{list(index)}")


@settings(max_examples=15, derandomize=True, **QUIET)
@given(programs())
def test_derivatives_of_random_programs(program):
    check(program, seed=1)


@pytest.mark.slow
@settings(max_examples=80, derandomize=True, **QUIET)
@given(programs(most=6))
def test_derivatives_of_larger_random_programs(program):
    check(program, seed=1)


@pytest.mark.exhaustive
@settings(max_examples=1000, **QUIET)
@given(programs(most=6))
def test_derivatives_of_many_random_programs(program):
    """Other programs every time: what fails here goes into `programs.py`."""
    check(program, seed=1)
