"""Quotients by numbers so small that their inverse is beyond the largest number."""

from pathlib import Path

import numpy as np
import pytest
import sympy

import symloss
from symloss.accuracy import Instance, Reference
from symloss.atoms import XOverY, ZeroTimes
from symloss.calculus import derive
from symloss.language import SpecLibrary
from symloss.lowering.prepare import prepare
from symloss.program import exact_arithmetic

LIBRARY = SpecLibrary([Path(__file__).parents[2] / "specs"])
#: A number whose inverse is infinite, by dtype.
TINY = {"float32": 2.0**-130, "float64": 2.0**-1030}


def derivation(name):
    return derive(LIBRARY.load(name, claims=False).program)


@pytest.mark.parametrize("dtype", list(TINY))
def test_a_small_share_of_an_infinite_quotient_is_finite(dtype):
    """Of a mean over 64 pixels the cross entropy takes lam/64, which brings 1/p back into the range."""
    p, y = np.full((1, 64), 0.5, dtype), np.ones((1, 64), dtype)
    p[0, 3] = TINY[dtype]
    _, gradient = symloss.load("dice_bce").value_and_grad(p, y, lam=0.125, reduction="none")
    assert gradient[0, 3] == -(0.125 / 64) / TINY[dtype]
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", list(TINY))
def test_a_quotient_of_two_small_numbers_is_ordinary(dtype):
    p = np.array([[1.0, TINY[dtype]]], dtype)
    q = np.array([[1.0, 2 * TINY[dtype]]], dtype)
    loss = symloss.load("kl_divergence")
    _, (_, by_q) = loss.value_and_grad(p, q, reduction="none")
    assert by_q[0].tolist() == [-1.0, -0.5]
    product = loss.hvp(p, q, v=(0 * p, np.array([[0.0, TINY[dtype]]], dtype)), reduction="sum")
    assert product[1][0].tolist() == [0.0, 0.25]


@pytest.mark.parametrize(
    ("p", "y", "expected"), [(0.0, 1.0, -np.inf), (0.0, 0.0, 1.0), (np.nan, 0.0, np.nan), (0.5, np.nan, np.nan)]
)
def test_zeros_and_nan_are_as_before(p, y, expected):
    """With the share 1 of the cross entropy of one pixel the gradient is that of bce."""
    arrays = np.array([[p]]), np.array([[y]])
    _, gradient = symloss.load("dice_bce").value_and_grad(*arrays, lam=1.0, reduction="none")
    _, own = symloss.load("bce").value_and_grad(arrays[0].ravel(), arrays[1].ravel(), reduction="none")
    np.testing.assert_array_equal(gradient[0], own)
    np.testing.assert_array_equal(gradient[0, 0], expected)


def test_no_inverse_is_left_beside_a_selected_zero():
    with exact_arithmetic():
        program = prepare(derivation("kl_divergence").product, ["hvp p", "hvp q"])
    bodies = [statement.body for statement in program.statements]
    assert any(body.has(XOverY) for body in bodies)
    for product in (node for body in bodies for node in body.atoms(ZeroTimes)):
        assert not any(isinstance(f, sympy.Pow) and f.exp.is_negative for f in sympy.Mul.make_args(product.args[1]))


def test_the_limit_beside_a_tiny_input_is_seen():
    """The gradient of bce at p = 0 is -y/p -> -oo however small y is."""
    reference = Reference(derivation("bce"), ["grad p"])
    for exponent in (-10, -900, -1074):
        instance = Instance({"p": {(0,): 0.0}, "y": {(0,): 2.0**exponent}}, {})
        found = reference.results(instance, {}, {"n": 1}, ["grad"])
        assert found["grad p"][(0,)] == -sympy.oo


@pytest.mark.parametrize("dtype", list(TINY))
def test_a_difference_over_the_root_of_what_it_is_taken_from_is_small(dtype):
    """(alpha - alpha_bar)/sqrt(alpha) is about sqrt(alpha), whatever x_t is; x_t/sqrt(alpha) is beyond every number."""
    alpha, large = TINY[dtype], TINY[dtype] ** -0.6
    arrays = np.zeros((1, 2)), np.zeros((1, 2)), np.full((1, 2), large), [alpha], [alpha / 2], [1.0]
    _, gradient = symloss.load("diffusion_posterior_kl").value_and_grad(*(np.asarray(a, dtype) for a in arrays))
    np.testing.assert_allclose(gradient, -large * (alpha / 2) / alpha**0.5, rtol=1e-6)


@pytest.mark.parametrize(("dtype", "large"), [("float32", 2.0**66), ("float64", 2.0**520)])
def test_a_parameter_brings_a_square_back_into_the_range(dtype, large):
    length, lam = np.array([[large]], dtype), large**-0.5
    loss = symloss.load("gradient_penalty")
    for found in (loss(length, lam=lam), loss.value_and_grad(length, lam=lam)[0]):
        assert found == pytest.approx(large**1.5, rel=1e-6)
    infinite = np.array([[np.inf]], dtype)
    assert loss(infinite, lam=0.0) == 0
    assert np.isnan(loss(np.nan * infinite, lam=0.0))
