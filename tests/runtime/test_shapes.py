"""Shapes, drawn at random: what fits gives the numbers of rows handled one by one; what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from symloss.runtime.library import load_generated

SAMPLES = Path(__file__).parent / "samples"


def sample(name):
    return load_generated(SAMPLES / f"{name}.py")


SHAPE = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@settings(max_examples=60, deadline=None)
@given(batch=SHAPE, classes=st.integers(1, 5), place=st.integers(0, 4), seed=st.integers(0, 2**16))
def test_rows_are_the_same_wherever_they_lie(batch, classes, place, seed):
    loss = sample("softmax_cross_entropy")
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=(*batch, classes)), rng.integers(0, classes, batch)
    place = min(place, len(batch))
    moved = np.moveaxis(z, -1, place)
    each = loss(moved, y, reduction="none", axis=place)
    assert each.shape == batch
    for index in np.ndindex(batch):
        assert each[index] == pytest.approx(-log_softmax(z[index])[y[index]], rel=1e-12, abs=0)
    _, grad = loss.value_and_grad(moved, y, reduction="sum", axis=place)
    assert grad.shape == moved.shape


@settings(max_examples=100, deadline=None)
@given(first=SHAPE, second=SHAPE)
def test_element_wise_shapes_fit_only_when_equal(first, second):
    loss = sample("huber")
    if first == second:
        assert loss(np.ones(first), np.zeros(second), reduction="none").shape == first
    else:
        with pytest.raises(ValueError, match=r"^target has shape .* expected .* as in pred$"):
            loss(np.ones(first), np.zeros(second))


@settings(max_examples=100, deadline=None)
@given(z=SHAPE, y=SHAPE, w=st.none() | SHAPE)
def test_row_shapes_fit_exactly_as_declared(z, y, w):
    loss = sample("softmax_cross_entropy")
    fits = len(z) >= 1 and z[:-1] == y and (not w or w == z[-1:]) and (0 not in z)
    arguments = (np.ones(z), np.zeros(y, int), None if w is None else np.ones(w))
    if fits:
        assert loss(*arguments, reduction="none").shape == y
    elif 0 not in z:
        with pytest.raises(ValueError, match=r"^(z|y|class_weight) has shape "):
            loss(*arguments)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(0, 5), rest=st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
def test_a_span_takes_whatever_remains(rows, rest):
    loss = sample("product")
    a, b = np.ones((rows, *rest)), np.ones((rows, 4))
    value, (grad, _) = loss.value_and_grad(a, b, 0.0, reduction="sum")
    assert grad.shape == a.shape
    assert value == 4 * a.size


@settings(max_examples=60, deadline=None)
@given(pairs=st.integers(1, 6), bits=st.integers(0, 2**12 - 1))
def test_a_mask_of_a_paired_loss_keeps_pairs_or_is_refused(pairs, bits):
    loss = sample("coupled")
    x = np.arange(2.0 * pairs * 2).reshape(2 * pairs, 2) / 10
    mask = np.array([bits >> place & 1 for place in range(2 * pairs)], bool)
    if np.array_equal(mask[:pairs], mask[pairs:]):
        expected = loss(x[mask], reduction="sum")
        assert loss(x, mask=mask, reduction="sum") == pytest.approx(expected, rel=1e-12)
    else:
        with pytest.raises(ValueError, match="mask parts samples"):
            loss(x, mask=mask)
