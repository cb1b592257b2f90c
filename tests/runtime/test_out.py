"""``out=``: the caller's own arrays for the gradients."""

import numpy as np
import pytest

RNG = np.random.default_rng(3)


def test_results_go_into_the_callers_arrays(huber, gan, cross_entropy):
    pred, target = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
    expected = huber.value_and_grad(pred, target)
    buffer = np.full((3, 4), np.nan)
    value, out = huber.value_and_grad(pred, target, out=buffer)
    assert out is buffer
    assert value == expected[0]
    np.testing.assert_array_equal(buffer, expected[1])
    g, h = np.empty((3, 4)), np.empty((3, 4))
    results = huber.grad_hess_diag(pred, target, out=(g, h))
    assert results[0] is g
    assert results[1] is h
    np.testing.assert_array_equal(g, huber.grad_hess_diag(pred, target)[0])
    np.testing.assert_array_equal(h, huber.grad_hess_diag(pred, target)[1])
    v = RNG.normal(size=(3, 4))
    assert huber.hvp(pred, target, v=v, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, huber.hvp(pred, target, v=v))
    real, fake = np.empty(2), np.empty(5)
    pair = (fake, real)
    assert gan.value_and_grad(np.ones(2), np.ones(5), wrt=("d_fake", "d_real"), out=pair)[1] is pair
    np.testing.assert_array_equal(fake, gan.value_and_grad(np.ones(2), np.ones(5))[1][1])


def test_the_prediction_may_be_overwritten_where_the_module_says_so(huber):
    pred, target = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
    expected = huber.value_and_grad(pred, target)
    assert huber.value_and_grad(pred, target, out=pred)[0] == expected[0]
    np.testing.assert_array_equal(pred, expected[1])


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("target", "out shares memory with target, which is still read"),
        ("weight", "out shares memory with weight"),
        ("shifted", "out shares memory with pred"),
        ("mask", "out shares memory with mask"),
    ],
)
def test_other_overlap_is_refused(huber, case, message):
    raw = RNG.normal(size=13)
    pred, target, weight = raw[:12], RNG.normal(size=12), RNG.random(12)
    mask = np.ones(96, bool)
    out = {"target": target, "weight": weight, "shifted": raw[1:], "mask": mask.view(np.float64)}[case]
    with pytest.raises(ValueError, match=message):
        huber.value_and_grad(pred, target, weight=weight, mask=mask[:12], out=out)


def test_interleaved_memory_does_not_overlap(huber):
    raw = RNG.normal(size=(3, 8))
    buffer = raw[1]
    value, grad = huber.value_and_grad(raw[::2], raw[::2])
    pred = raw[::2][:1, :]
    assert huber.value_and_grad(pred[0], pred[0], out=buffer)[1] is buffer
    assert value == 0
    assert not grad.any()


def test_other_entry_points_do_not_take_over_memory(huber):
    pred, target, v = np.ones(4), np.zeros(4), np.ones(4)
    with pytest.raises(ValueError, match=r"out\[0\] \(gradient of pred\) shares memory with pred"):
        huber.grad_hess_diag(pred, target, out=(pred, np.empty(4)))
    with pytest.raises(ValueError, match="out shares memory with v"):
        huber.hvp(pred, target, v=v, out=v)
    both = np.empty(5)
    with pytest.raises(ValueError, match=r"out\[1\] \(Hessian diagonal of pred\) shares memory with out\[0\]"):
        huber.grad_hess_diag(pred, target, out=(both[:4], both[1:]))


def read_only():
    array = np.empty(4)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.empty(5), ValueError, r"^out has shape \(5,\), expected \(4,\)$"),
        (np.empty((4, 1)), ValueError, r"^out has shape \(4, 1\)"),
        (np.empty(4, np.float32), TypeError, "^out has dtype float32, expected float64$"),
        (np.empty(8)[::2], ValueError, "^out is not C-contiguous$"),
        (read_only(), ValueError, "^out is not writable$"),
        ([1.0, 2.0, 3.0, 4.0], ValueError, "^out has 4 arrays, expected one array$"),
        ("abcd", TypeError, "^out is str, expected one array$"),
        ((np.empty(4), np.empty(4)), ValueError, "^out has 2 arrays, expected one array$"),
        ((None,), TypeError, "^out is NoneType, expected a NumPy array$"),
    ],
)
def test_unfit_arrays_are_refused(huber, out, error, message):
    with pytest.raises(error, match=message):
        huber.value_and_grad(np.ones(4), np.ones(4), out=out)


def test_the_number_of_arrays(gan, huber):
    with pytest.raises(ValueError, match="out has 1 array, expected a tuple of 2 arrays: gradient of d_real and"):
        gan.value_and_grad(np.ones(2), np.ones(3), out=np.empty(2))
    with pytest.raises(TypeError, match=r"expected \(gradient, diagonal\)"):
        huber.grad_hess_diag(np.ones(2), np.ones(2), out=np.empty(2))
    with pytest.raises(TypeError, match="pair of tuples of 2 arrays"):
        gan.grad_hess_diag(np.ones(2), np.ones(3), out=(np.empty(2), np.empty(3)))
