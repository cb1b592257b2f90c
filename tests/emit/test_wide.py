"""Sums in double precision between the entries of a float32 sample and its value."""

import numpy as np
import pytest

import symloss


@pytest.mark.parametrize("entry", ["value", "value_and_grad"])
def test_a_mean_is_in_range_where_the_sum_alone_is_not(entry):
    loss = symloss.load("noise_prediction")
    arrays = np.full((1, 8), 1.5e19, np.float32), np.zeros((1, 8), np.float32)
    found = loss(*arrays) if entry == "value" else loss.value_and_grad(*arrays)[0]
    assert found == pytest.approx(float(np.float32(1.5e19)) ** 2, rel=1e-6)


def test_a_term_is_in_range_where_its_weight_makes_it_so():
    loss = symloss.load("vae_bernoulli")
    zeros, mu = np.zeros((1, 4), np.float32), np.full((1, 4), 1.5e19, np.float32)
    for found in (
        loss(zeros, mu, zeros, zeros, beta=0.25),
        loss.value_and_grad(zeros, mu, zeros, zeros, beta=0.25)[0],
    ):
        assert found == pytest.approx(float(np.float32(1.5e19)) ** 2 / 2, rel=1e-6)


@pytest.mark.parametrize("name", ["noise_prediction", "kl_standard_normal", "vae_bernoulli"])
def test_the_value_has_the_same_bits_with_its_gradient(name):
    loss, random = symloss.load(name), np.random.default_rng(3)
    arrays = [random.random((5, 7), np.float32) for _ in loss.meta["inputs"]]
    alone, with_gradient = loss(*arrays, reduction="none"), loss.value_and_grad(*arrays, reduction="none")[0]
    np.testing.assert_array_equal(alone, with_gradient)
