"""Pairs of a factor that may be 0 and one that may be infinite, and derivatives of quotients by norms."""

import numpy as np
import pytest
import sympy

import symloss
from symloss.atoms import ZeroTimes
from symloss.calculus.derivation import predictions, stabilised
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.reverse import gradient
from symloss.calculus.vanishing import with_paired_zeros
from symloss.language import parse_spec

from ..accuracy.catalogue import NAMES, derivation_of

THREE = """\
symloss: 1
name: three
title: Three inputs
axes: {{n: batch}}
inputs:
  b: {{axes: [n], role: prediction}}
  w: {{axes: [n], role: prediction}}
  m: {{axes: [n], role: prediction}}
value: "{value}"
"""


def text(program, target):
    return str(program.statement(target).body)


def test_the_slopes_of_a_square_times_an_exponential_are_the_same_square():
    derivation = derivation_of("kl_gaussian")
    square = "_seed[n]*ZeroTimes(mu1[n, d] - mu2[n, d], exp(-logvar2[n, d]/2))**2/2"
    assert square in text(derivation.gradient, "grad_logvar2")
    assert square in text(derivation.diagonal, "diag_logvar2")


def test_terms_that_share_an_exponential_are_added_first():
    product = text(derivation_of("kl_gaussian").product, "hvp_mu1")
    assert product.count("exp") == 2
    assert "-_v_logvar2[n, d]*(mu1[n, d] - mu2[n, d]) + _v_mu1[n, d] - _v_mu2[n, d]" in product


@pytest.mark.parametrize("name", NAMES)
def test_what_is_paired_stays_as_it_is(name):
    derivation = derivation_of(name)
    for program in (derivation.stable, derivation.gradient, derivation.product):
        assert with_paired_zeros(program).statements == program.statements


@pytest.mark.parametrize("name", ["kl_gaussian", "dice_bce", "vae_gaussian"])
def test_pairs_say_what_the_product_says(name):
    """At numbers a pair is a product, so both programs are the same polynomial in what is read."""
    stable, _ = stabilised(derivation_of(name).textbook)
    assert_same_products(gradient(stable, predictions(stable)))


@pytest.mark.parametrize(
    "value", ["sin(b[n])*w[n]**2*exp(m[n])", "b[n]*w[n]**3*exp(2*m[n])", "(b[n]*w[n])**2*exp(m[n])*b[n]"]
)
def test_no_repeated_factor_is_lost(value):
    spec = parse_spec(THREE.format(value=value), "three.yaml")
    stable, _ = stabilised(spec.program)
    before = gradient(stable, predictions(stable))
    assert_same_products(before)
    assert_same_products(hessian_vector_product(before, stable))


def assert_same_products(before):
    after = with_paired_zeros(before)
    for first, second in zip(before.statements, after.statements, strict=True):
        a, b = (
            statement.body.replace(lambda e: isinstance(e, ZeroTimes), lambda e: sympy.Mul(*e.args))
            for statement in (first, second)
        )
        assert sympy.expand(a - b, power_exp=False) == 0 or sympy.simplify(sympy.expand(a - b)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_means_give_no_nan_where_the_precision_overflows(dtype):
    loss = symloss.load("kl_gaussian")
    mean, logvar = np.ones((1, 1), dtype), np.full((1, 1), -3000, dtype)
    value, gradients = loss.value_and_grad(mean, logvar, mean, logvar)
    assert value == 0
    assert not any(np.any(gradient) for gradient in gradients)
    ones = np.ones((1, 1), dtype)
    products = loss.hvp(mean, logvar, mean, logvar, v=(ones * 0, ones, ones * 0, ones * 0))
    assert [float(product[0, 0]) for product in products] == [0, 0.5, 0, -0.5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_parameter_that_is_0_switches_its_term_off(dtype):
    p, y = np.array([[0.0, 0.5, 1.0]], dtype), np.array([[1.0, 1.0, 0.0]], dtype)
    both, dice = symloss.load("dice_bce"), symloss.load("dice")
    value, gradient = both.value_and_grad(p, y, lam=0)
    expected_value, expected = dice.value_and_grad(p, y)
    assert value == expected_value
    np.testing.assert_array_equal(gradient, expected)
    assert np.isfinite(both.hvp(p, y, v=np.ones_like(p), lam=0)).all()


def test_a_quotient_by_a_norm_is_differentiated_by_it_through_itself():
    assert text(derivation_of("info_nce").gradient, "d_t1") == "-d_t1_sum[i]/t1[i]"
    assert text(derivation_of("info_nce").gradient, "d_t1_sum") == "d_u_hat[i, d]*u_hat[i, d]"


def test_one_infinite_entry_of_an_embedding_leaves_no_gradient_in_its_row():
    u, v = np.random.default_rng(1).normal(size=(2, 4, 3))
    u[1, 2] = np.inf
    _, (gradient, other) = symloss.load("info_nce").value_and_grad(u, v)
    assert not gradient[1].any()
    assert np.isfinite(gradient).all()
    assert np.isfinite(other).all()


def test_a_decaying_factor_wins_over_a_growing_one_at_infinity():
    z, y = np.array([[0.25, 0.5, np.inf]]), np.array([1])
    assert not symloss.load("focal_multiclass").hvp(z, y, v=np.ones_like(z)).any()


def test_a_box_with_an_infinite_corner_is_refused():
    boxes = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, np.inf, 1.0]])
    with pytest.raises(ValueError, match=r"^pred\[1, 2\] is inf, expected a finite number$"):
        symloss.load("iou")(boxes, boxes[:, [0, 1, 3, 3]])
