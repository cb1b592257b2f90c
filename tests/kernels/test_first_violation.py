"""Of several violations the first is reported, in whichever block of whichever chunk it and the others lie."""

from __future__ import annotations

import numpy as np
import pytest

import symloss

#: Around the blocks (256 samples) and the chunks (2048 samples) of element-wise kernels.
PLACES = ((3, 300), (255, 256), (300, 900), (700, 2047), (2047, 2048), (2300, 5000))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("places", PLACES)
def test_of_two_elements(places: tuple[int, int], dtype: str) -> None:
    y = np.ones(6000, dtype)
    y[list(places)] = 0.5
    with pytest.raises(ValueError, match=rf"\[{places[0]}\]"):
        symloss.load("hinge").value_and_grad(np.zeros(6000, dtype), y)


@pytest.mark.parametrize("places", PLACES)
def test_of_two_boxes_that_are_none(places: tuple[int, int]) -> None:
    boxes = np.tile(np.float32([0, 0, 1, 1]), (6000, 1))
    wrong = boxes.copy()
    wrong[list(places), 2] = -1
    with pytest.raises(ValueError, match=rf"\b{places[0]}\b"):
        symloss.load("giou").value_and_grad(wrong, boxes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_masked_or_nan_is_no_violation(dtype: str) -> None:
    hinge, score, y, mask = symloss.load("hinge"), np.zeros(3000, dtype), np.ones(3000, dtype), np.ones(3000, bool)
    y[[700, 900]], mask[900] = (np.nan, 0.5), False
    value, gradient = hinge.value_and_grad(score, y, mask=mask)
    assert np.isnan(value)
    assert np.flatnonzero(np.isnan(gradient)).tolist() == [700]
    with pytest.raises(ValueError, match=r"y\[900\] is 0.5"):
        hinge.value_and_grad(score, y)
    mask[700] = False
    assert hinge.value_and_grad(score, y, mask=mask)[0] == 1.0
