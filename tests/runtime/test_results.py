"""Values and derivatives as a caller gets them, against NumPy written out here."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

RNG = np.random.default_rng(7)


def huber_reference(pred, target, delta=1.0):
    e = np.asarray(pred, float) - np.asarray(target, float)
    value = np.where(abs(e) <= delta, e * e / 2, delta * (abs(e) - delta / 2))
    return value, np.clip(e, -delta, delta), (abs(e) <= delta).astype(float)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (255,), (256,), (257,), (1000,)])
def test_element_wise_takes_any_shape(huber, shape):
    pred, target = RNG.normal(size=shape) * 3, RNG.normal(size=shape) * 3
    value, gradient, curvature = huber_reference(pred, target)
    assert huber(pred, target) == pytest.approx(value.mean(), rel=1e-13)
    assert isinstance(huber(pred, target), float)
    each = huber(pred, target, reduction="none")
    assert each.shape == shape
    np.testing.assert_allclose(each, value, rtol=1e-14)
    total, grad = huber.value_and_grad(pred, target, reduction="sum")
    assert total == pytest.approx(value.sum(), rel=1e-13)
    assert grad.shape == shape
    np.testing.assert_allclose(grad, gradient, rtol=1e-14)
    g, h = huber.grad_hess_diag(pred, target)
    np.testing.assert_allclose(g, gradient, rtol=1e-14)
    np.testing.assert_array_equal(h, curvature)
    np.testing.assert_allclose(huber.hessian(pred, target, reduction="sum"), curvature)
    v = RNG.normal(size=shape)
    np.testing.assert_allclose(huber.hvp(pred, target, v=v, reduction="sum"), curvature * v)


def test_parameters_by_name_and_inputs_by_keyword(huber):
    pred, target = RNG.normal(size=9) * 3, RNG.normal(size=9)
    expected = huber_reference(pred, target, 0.25)[0].mean()
    for value in (
        huber(pred, target, delta=0.25),
        huber(target=target, pred=pred, delta=np.float32(0.25)),
        huber(pred, target=target, delta=np.array(0.25)),
    ):
        assert value == pytest.approx(expected, rel=1e-13)
    assert huber(pred, target, delta=2) == pytest.approx(huber_reference(pred, target, 2)[0].mean(), rel=1e-13)


def test_weight_mask_and_normalizer(huber):
    pred, target = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))
    weight, mask = RNG.normal(size=(4, 5)) + 2, RNG.random((4, 5)) < 0.6
    value, gradient, _ = huber_reference(pred, target)
    kept = np.where(mask, weight, 0)
    assert huber(pred, target, weight=weight, mask=mask) == pytest.approx((value * kept).sum() / kept.sum(), rel=1e-12)
    np.testing.assert_allclose(
        huber(pred, target, weight=weight, mask=mask, reduction="none"), value * kept, rtol=1e-13
    )
    for reduction in ("sum", "mean"):
        got, grad = huber.value_and_grad(
            pred, target, weight=weight, mask=mask, reduction=reduction, normalizer=np.int64(7)
        )
        assert got == pytest.approx((value * kept).sum() / 7, rel=1e-12)
        np.testing.assert_allclose(grad, gradient * kept / 7, rtol=1e-13)
    target[~mask] = np.nan
    assert huber(pred, target, mask=mask) == pytest.approx(value[mask].mean(), rel=1e-12)
    target[~mask] = 1e9
    assert huber(pred, target, mask=mask) == pytest.approx(value[mask].mean(), rel=1e-12)


def test_nothing_has_a_sum_but_no_mean(huber, cross_entropy):
    nothing = np.zeros(0)
    assert huber(nothing, nothing, reduction="sum") == 0.0
    assert huber(nothing, nothing, reduction="none").shape == (0,)
    assert huber.grad_hess_diag(nothing.reshape(0, 3), nothing.reshape(0, 3))[1].shape == (0, 3)
    with pytest.raises(ValueError, match="zero total weight"):
        huber(nothing, nothing)
    with pytest.raises(ValueError, match="zero total weight"):
        huber(np.ones(3), np.ones(3), mask=np.zeros(3, bool))
    assert cross_entropy(np.zeros((0, 4)), np.zeros(0, int), reduction="sum") == 0.0


@pytest.mark.parametrize("batch", [(), (6,), (2, 3)])
def test_row_loss_takes_leading_dimensions(cross_entropy, batch):
    z, y, w = RNG.normal(size=(*batch, 4)), RNG.integers(0, 4, batch), RNG.random(4) + 0.5
    expected = -np.take_along_axis(log_softmax(z, axis=-1), y[..., None], -1)[..., 0]
    np.testing.assert_allclose(cross_entropy(z, y, reduction="none"), expected, rtol=1e-12)
    weighted = (expected * w[y]).sum() / w[y].sum()
    assert cross_entropy(z, y, w) == pytest.approx(weighted, rel=1e-12)
    assert cross_entropy(z, y, class_weight=list(w)) == pytest.approx(weighted, rel=1e-12)
    assert cross_entropy(z, y, 3.0, reduction="sum") == pytest.approx(3 * expected.sum(), rel=1e-12)
    assert cross_entropy(z, y, None) == pytest.approx(expected.mean(), rel=1e-12)
    _, grad = cross_entropy.value_and_grad(z, y, reduction="sum")
    np.testing.assert_allclose(grad, softmax(z, axis=-1) - np.eye(4)[y], rtol=1e-11, atol=1e-15)
    blocks = cross_entropy.hessian(z, y, reduction="sum")
    p = softmax(z, axis=-1)
    exact = p[..., :, None] * np.eye(4) - p[..., :, None] * p[..., None, :]
    assert blocks.shape == (*batch, 4, 4)
    np.testing.assert_allclose(blocks, exact, rtol=1e-11)


def test_the_sample_axis_may_sit_elsewhere(cross_entropy):
    z, y = RNG.normal(size=(2, 3, 5, 4)), RNG.integers(0, 4, (2, 3, 5))
    last = cross_entropy.value_and_grad(z, y)
    v = RNG.normal(size=z.shape)
    for axis in (0, 1, 2, 3, -1, -3):
        moved = np.ascontiguousarray(np.moveaxis(z, -1, axis))
        value, grad = cross_entropy.value_and_grad(moved, y, axis=axis)
        assert value == last[0]
        assert grad.shape == moved.shape
        assert grad.flags.c_contiguous
        np.testing.assert_array_equal(np.moveaxis(grad, axis, -1), last[1])
        buffer = np.empty_like(moved)
        assert cross_entropy.value_and_grad(moved, y, axis=axis, out=buffer)[1] is buffer
        np.testing.assert_array_equal(buffer, grad)
        product = cross_entropy.hvp(moved, y, v=np.moveaxis(v, -1, axis), axis=axis)
        np.testing.assert_array_equal(np.moveaxis(product, axis, -1), cross_entropy.hvp(z, y, v=v))
    np.testing.assert_array_equal(cross_entropy.hessian(np.moveaxis(z, -1, 1), y, axis=1), cross_entropy.hessian(z, y))
    wrong = y.copy()
    wrong[1, 2, 4] = 4
    with pytest.raises(ValueError, match=r"^y\[1, 2, 4\] is 4, expected an index of axis k \(0 to 3\)$"):
        cross_entropy(np.moveaxis(z, -1, 1), wrong, axis=1)


def test_ignored_labels_do_not_count(cross_entropy):
    z, y = RNG.normal(size=(6, 3)), np.array([0, -100, 2, 1, -100, 0])
    kept = y >= 0
    assert cross_entropy(z, y, ignore_index=-100) == pytest.approx(cross_entropy(z[kept], y[kept]), rel=1e-14)
    mask = np.array([True, True, False, True, True, True])
    both = kept & mask
    assert cross_entropy(z, y, ignore_index=-100, mask=mask) == pytest.approx(
        cross_entropy(z[both], y[both]), rel=1e-14
    )
    _, grad = cross_entropy.value_and_grad(z, y, ignore_index=-100)
    assert not grad[~kept].any()
    np.testing.assert_array_equal(mask, [True, True, False, True, True, True])


def test_wrt_selects_and_orders(cross_entropy, gan):
    z, y, w = RNG.normal(size=(5, 3)), RNG.integers(0, 3, 5), np.ones(3)
    _, plain = cross_entropy.value_and_grad(z, y, w)
    _, one = cross_entropy.value_and_grad(z, y, w, wrt="class_weight")
    _, both = cross_entropy.value_and_grad(z, y, w, wrt=("class_weight", "z"))
    _, single = cross_entropy.value_and_grad(z, y, w, wrt=("z",))
    np.testing.assert_array_equal(both[1], plain)
    np.testing.assert_array_equal(both[0], one)
    assert isinstance(single, tuple)
    assert len(single) == 1
    loss = -log_softmax(z, axis=-1)[np.arange(5), y]
    np.testing.assert_allclose(one, np.bincount(y, loss, 3) / 5, rtol=1e-12)
    _, (fake, real) = gan.value_and_grad(np.ones(2), np.zeros(3), wrt=("d_fake", "d_real"))
    assert fake.shape == (3,)
    assert real.shape == (2,)


def test_terms_reduce_over_their_own_batches(gan):
    real, fake = RNG.normal(size=4), RNG.normal(size=(2, 3))
    each = gan(real, fake, reduction="none")
    assert isinstance(each, tuple)
    assert each[0].shape == (4,)
    assert each[1].shape == (2, 3)
    assert gan(real, fake) == pytest.approx(each[0].mean() + each[1].mean(), rel=1e-14)
    weight = (RNG.random(4), RNG.random((2, 3)))
    expected = np.average(each[0], weights=weight[0]) + np.average(each[1], weights=weight[1])
    assert gan(real, fake, weight=weight) == pytest.approx(expected, rel=1e-13)
    half = np.average(each[0], weights=weight[0]) + each[1].mean()
    assert gan(real, fake, weight={"real": weight[0]}) == pytest.approx(half, rel=1e-13)
    assert gan(real, fake, weight=(weight[0], None)) == pytest.approx(half, rel=1e-13)
    (g_real, g_fake), (h_real, h_fake) = gan.grad_hess_diag(real, fake)
    p = 1 / (1 + np.exp(-fake))
    np.testing.assert_allclose(g_fake, p, rtol=1e-13)
    np.testing.assert_allclose(h_fake, p * (1 - p), rtol=1e-12)
    assert g_real.shape == h_real.shape == (4,)
    blocks = gan.hessian(real, fake, reduction="sum")
    np.testing.assert_allclose(blocks[1], h_fake, rtol=1e-13)
    with pytest.raises(ValueError, match="batches of their own"):
        gan.hessian(real, fake, cross=True)


def test_masked_samples_leave_a_coupled_loss_as_anchor_and_as_candidate(coupled):
    x, weight = RNG.normal(size=(8, 3)), RNG.random(8) + 0.5
    mask = np.array([1, 0, 1, 1] * 2, bool)
    small = coupled.value_and_grad(x[mask], weight=weight[mask])
    value, grad = coupled.value_and_grad(x, weight=weight, mask=mask)
    assert value == pytest.approx(small[0], rel=1e-13)
    np.testing.assert_allclose(grad[mask], small[1], rtol=1e-13)
    assert not grad[~mask].any()
    each = coupled(x, mask=mask, reduction="none")
    np.testing.assert_allclose(each[mask], coupled(x[mask], reduction="none"), rtol=1e-13)
    assert not each[~mask].any()
    v = RNG.normal(size=x.shape)
    np.testing.assert_allclose(coupled.hvp(x, v=v, mask=mask)[mask], coupled.hvp(x[mask], v=v[mask]), rtol=1e-13)
    np.testing.assert_allclose(coupled(x, mask=np.ones(8, bool)), coupled(x), rtol=1e-14)
    with pytest.raises(ValueError, match="both must stay or both must leave"):
        coupled(x, mask=np.arange(8) != 3)
    with pytest.raises(ValueError, match="7 samples, which coupled cannot pair"):
        coupled(x[:7])
    x[6, 1] = 200
    with pytest.raises(ValueError, match=r"^x\[6, 1\] is 200\.0, expected a number < 100$"):
        coupled(x, mask=mask)


def test_coupled_losses_have_no_block_of_one_sample(coupled):
    from symloss import SymlossError

    with pytest.raises(SymlossError, match="samples interact; use hvp"):
        coupled.hessian(np.ones((2, 3)))
    with pytest.raises(SymlossError, match="no grad_hess_diag: samples interact; use hvp"):
        coupled.grad_hess_diag(np.ones((2, 3)))


def test_wide_samples_have_no_hessian(cross_entropy):
    with pytest.raises(ValueError, match="513 elements per sample, expected at most 512"):
        cross_entropy.hessian(np.ones((1, 513)), [0])


def test_cross_blocks_of_predictions_in_one_batch(product):
    a, b = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 4))
    (aa, ab), (ba, bb) = product.hessian(a, b, 0.0, cross=True, reduction="sum", scale=0.5)
    assert bb.shape == (3, 4, 4)
    np.testing.assert_array_equal(ab, np.full((3, 2, 4), 0.5))
    np.testing.assert_array_equal(ba, np.full((3, 4, 2), 0.5))
    np.testing.assert_array_equal(aa, np.zeros((3, 2, 2)))
    diagonal = product.hessian(a, b, 0.0, reduction="sum")
    np.testing.assert_array_equal(diagonal[1], bb)


def test_span_axes_take_the_remaining_dimensions(product):
    a, b = RNG.normal(size=(3, 2, 5, 7)), RNG.normal(size=(3, 4))
    _, (grad_a, grad_b) = product.value_and_grad(a, b, np.float64(0.25))
    assert grad_a.shape == a.shape
    np.testing.assert_allclose(grad_b, np.tile((a.sum(axis=(1, 2, 3)) + 0.25)[:, None] / 3, 4), rtol=1e-12)
    _, by_scale = product.value_and_grad(a, b, 0.25, wrt="scale", reduction="sum")
    assert by_scale.shape == ()
    assert float(by_scale) == pytest.approx(((a.sum(axis=(1, 2, 3)) + 0.25) * b.sum(axis=1)).sum(), rel=1e-12)
    moved = product.value_and_grad(a, b.T, 0.25, axis=0)
    assert moved[1][1].shape == (4, 3)
    np.testing.assert_array_equal(moved[1][1].T, grad_b)
