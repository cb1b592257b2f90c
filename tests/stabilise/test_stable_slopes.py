"""The stable program has the declared slopes, at ties and kinks too, and gradients that keep their digits."""

from __future__ import annotations

import itertools
import random
from typing import Any

import mpmath
import pytest
import textbook_programs as programs
from exact_samples import sample, sizes_of
from ideal_rounding import Rounding
from mpmath import mpf
from test_stable_accuracy import LOGITS, RESIDUALS, ROWS, ULP, box_pairs, grid

from symloss.calculus import gradient, predictions
from symloss.calculus.stabilise import stabilise
from symloss.oracle import Interpreter
from symloss.program import Program


def gradients(textbook: Program, sizes: dict[str, int]) -> tuple[Program, Program, dict[str, Any]]:
    """Both gradient programs, and seeds of 1."""
    wanted = predictions(textbook)
    before, after = gradient(textbook, wanted), gradient(stabilise(textbook)[0], wanted)
    seeds = {
        name: {index: mpf(1) for index in itertools.product(*(range(sizes[a]) for a in tensor.axes))}
        for name, tensor in before.tensors.items()
        if name not in textbook.tensors
    }
    return before, after, seeds


@pytest.mark.parametrize("build", programs.CATALOGUE, ids=lambda build: build.__name__)
def test_gradients_are_preserved(build):
    textbook = build()
    sizes = sizes_of(textbook)
    before, after, seeds = gradients(textbook, sizes)
    for seed in range(2):
        arrays, parameters = sample(textbook, seed)
        expected = Interpreter(before).evaluate(sizes, {**arrays, **seeds}, parameters, precision=300)
        found = Interpreter(after).evaluate(sizes, {**arrays, **seeds}, parameters, precision=300)
        for key, values in expected.items():
            for index, value in values.items():
                assert abs(found[key][index] - value) <= mpf(10) ** -70 * (1 + abs(value)), (key, index)


@pytest.mark.parametrize("build", [programs.iou, programs.giou], ids=lambda build: build.__name__)
def test_slopes_of_boxes_with_common_edges(build):
    """Boxes on a small grid of integers share edges, touch, coincide and lie apart."""
    random_ = random.Random(3)
    rows = 150
    boxes = {name: [] for name in ("pred", "target")}
    for values in boxes.values():
        for _ in range(rows):
            x, y = random_.randrange(4), random_.randrange(4)
            values += [x, y, x + random_.randint(1, 3), y + random_.randint(1, 3)]
    arrays = {name: grid(values, 4) for name, values in boxes.items()}
    sizes = {"n": rows, "c": 4}
    before, after, seeds = gradients(build(), sizes)
    expected = Interpreter(before).evaluate(sizes, {**arrays, **seeds}, precision=300)
    found = Interpreter(after).evaluate(sizes, {**arrays, **seeds}, precision=300)
    for key in ("value", "grad pred"):
        for index, value in expected[key].items():
            assert abs(found[key][index] - value) <= mpf(10) ** -70, (key, index)


def worst_slope(build: Any, arrays: dict[str, Any], sizes: dict[str, int], floor: float = 0.0, **given: float) -> mpf:
    """The largest relative error of a gradient run with one rounding per operation, in units of 2^-53."""
    textbook = build()
    before, after, seeds = gradients(textbook, sizes)
    defaults = {name: mpf(float(t.default)) for name, t in textbook.tensors.items() if t.default is not None}
    parameters = {**defaults, **{name: mpf(value) for name, value in given.items()}}
    expected = Interpreter(before).evaluate(sizes, {**arrays, **seeds}, parameters, precision=3000)
    found = Rounding(after, sizes, {**arrays, **seeds, **parameters}).run()
    largest = mpf(0)
    for key, values in expected.items():
        for index, value in values.items():
            if abs(value) > floor and found[key][index] != value:
                with mpmath.workprec(300):
                    largest = max(largest, abs((found[key][index] - value) / value) / ULP)
    return largest


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_gradient_of_confident_logits(label):
    arrays = {"z": grid(LOGITS), "y": grid([label] * len(LOGITS))}
    assert worst_slope(programs.bce_logits_softplus, arrays, {"n": len(LOGITS)}) <= 2


def test_gradient_of_focal_below_one():
    arrays = {"z": grid(LOGITS), "y": grid([1.0] * len(LOGITS))}
    # gamma·softplus is rounded once and the exponential magnifies that by its size, at most 355 here.
    assert worst_slope(programs.focal, arrays, {"n": len(LOGITS)}, gamma=0.5) <= 400
    assert worst_slope(programs.focal, arrays, {"n": len(LOGITS)}, gamma=0.0) <= 3


@pytest.mark.parametrize("true", [0, 2])
def test_gradient_of_cross_entropy(true):
    arrays = {"z": grid(list(itertools.chain(*ROWS)), 3), "y": {(n,): true for n in range(len(ROWS))}}
    # Each entry is an exponential of a difference of logits, which is rounded once: at most 1400 here.
    assert worst_slope(programs.softmax_cross_entropy, arrays, {"n": len(ROWS), "k": 3}) <= 1400
    near = {"z": grid([3.0, 0.0, -1.0, 30.0, 0.0, -1.0], 3), "y": {(n,): true for n in range(2)}}
    assert worst_slope(programs.softmax_cross_entropy, near, {"n": 2, "k": 3}) <= 35


def test_gradient_of_log_cosh():
    arrays = {"pred": grid(RESIDUALS), "target": grid([0.0] * len(RESIDUALS))}
    assert worst_slope(programs.log_cosh, arrays, {"n": len(RESIDUALS)}) <= 2


@pytest.mark.parametrize("smooth", [0.0, 1e-9, 1.0])
def test_gradient_of_dice_on_binary_masks(smooth):
    arrays = {"p": grid([1e-12, 2**-60, 1e-9, 1.0], 4), "y": grid([1.0, 0.0, 1.0, 0.0], 4)}
    assert worst_slope(programs.dice, arrays, {"n": 1, "k": 4}, smooth=smooth) <= 8


@pytest.mark.parametrize("build", [programs.iou, programs.giou], ids=lambda build: build.__name__)
def test_gradient_of_boxes(build):
    pred, target = box_pairs()
    arrays = {"pred": grid(pred, 4), "target": grid(target, 4)}
    # Below the floor are exact ties, where the mean of both sides' slopes cancels.
    assert worst_slope(build, arrays, {"n": len(pred) // 4, "c": 4}, floor=1e-10) <= 20
