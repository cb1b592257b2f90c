"""Run with one rounding per operation, the stable program keeps its digits where the textbook one loses them all."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import chain
from typing import Any

import mpmath
import pytest
import textbook_programs as programs
from ideal_rounding import Rounding
from mpmath import mpf

from symloss.calculus.stabilise import stabilise
from symloss.oracle import Interpreter

#: The unit of a comparison: half the gap between 1 and the next double.
ULP = mpf(2) ** -53


def grid(values: list[Any], *axes: int) -> dict[tuple[int, ...], Any]:
    """A list as a tensor of the given shape, batch first."""
    shape = (len(values) // math.prod(axes or (1,)), *axes)
    found = {}
    for position, value in enumerate(values):
        index, rest = [], position
        for length in reversed(shape):
            index.append(rest % length)
            rest //= length
        found[tuple(reversed(index))] = mpf(value)
    return found


def worst(build: Any, arrays: dict[str, Any], sizes: dict[str, int], stable: bool = True, **parameters: float) -> mpf:
    """The largest relative error over the batch, in units of 2^-53."""
    program = build()
    chosen = stabilise(program)[0] if stable else program
    defaults = {name: mpf(float(t.default)) for name, t in program.tensors.items() if t.default is not None}
    scalars = {**defaults, **{name: mpf(value) for name, value in parameters.items()}}
    found = Rounding(chosen, sizes, {**arrays, **scalars}).run()["value"]
    exact = Interpreter(program).evaluate(sizes, arrays, scalars, precision=30000 if _wide(arrays) else 3000)["value"]
    largest = mpf(0)
    for index, value in exact.items():
        if value == 0:
            error = mpf(0) if found[index] == 0 else mpf("inf")
        else:
            with mpmath.workprec(300):
                error = abs((found[index] - value) / value) / ULP
        largest = max(largest, error)
    return largest


def _wide(arrays: dict[str, Any]) -> bool:
    return any(abs(v) > 1000 for values in arrays.values() for v in values.values() if not isinstance(v, int))


LOGITS = [0.0, 1e-30, -1e-30, 0.3, -0.3, 17.0, -37.5, 710.0, -710.0]
PROBABILITIES = [5e-324, 1e-300, 1e-17, 0.1, 0.5, 0.9, 1 - 2**-53, 1 - 2**-52]
LOGIT_LOSSES = [
    programs.bce_logits_softplus,
    programs.bce_logits_sigmoid,
    programs.bce_logits_exponential,
    programs.gan_generator_minimax,
]


@pytest.mark.parametrize("build", LOGIT_LOSSES, ids=lambda build: build.__name__)
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_confident_logits(build, label):
    arrays = {name: grid(LOGITS) for name in ("z", "d")}
    arrays |= {"y": grid([label] * len(LOGITS)), "w": grid([3.0] * len(LOGITS))}
    wanted = {name: values for name, values in arrays.items() if name in build().tensors}
    assert worst(build, wanted, {"n": len(LOGITS)}) <= 12


@pytest.mark.parametrize("gap", [1e-300, 1e-17, 0.5, 0.9, 40.0])
def test_between_two_thresholds(gap):
    """Two sigmoids that are saturated, or next to each other."""
    logits = [0.0, 0.3, -1.5, 17.0, -37.5, 690.0, -740.0]
    arrays = {"x": grid(logits), "gap": grid([gap] * len(logits))}
    assert worst(programs.between_thresholds, arrays, {"n": len(logits)}) <= 12
    if gap >= 0.5:  # of nearer ones the difference may come out negative
        assert worst(programs.between_thresholds, arrays, {"n": len(logits)}, stable=False) > 1e6


@pytest.mark.parametrize("label", [0.25, 1e-10, 1 - 2**-53])
def test_soft_labels(label):
    arrays = {"z": grid(LOGITS), "y": grid([label] * len(LOGITS))}
    assert worst(programs.bce_logits_softplus, arrays, {"n": len(LOGITS)}) <= 6


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_focal_parameters(gamma, alpha):
    for label in (0.0, 1.0):
        arrays = {"z": grid(LOGITS), "y": grid([label] * len(LOGITS))}
        # The exponent gamma*softplus is rounded once: its size in ulps is what the exponential magnifies.
        assert worst(programs.focal, arrays, {"n": len(LOGITS)}, gamma=gamma, alpha=alpha) <= 8 + 3e4 * gamma


@pytest.mark.parametrize("label", [0.0, 0.25, 1.0])
def test_probabilities_near_the_ends(label):
    arrays = {"p": grid(PROBABILITIES), "y": grid([label] * len(PROBABILITIES))}
    assert worst(programs.bce, arrays, {"n": len(PROBABILITIES)}) <= 6


def test_bce_at_the_ends_is_exact():
    arrays = {"p": grid([0.0, 1.0]), "y": grid([0.0, 1.0])}
    assert worst(programs.bce, arrays, {"n": 2}) == 0


ROWS = [
    [700.0, -700.0, 0.0],
    [700.0, 700.0, -700.0],
    [30.0, 0.0, -1.0],
    [0.1, 0.2, 0.3],
    [-745.0, 3.0, 1.0],
    [900.0, 860.0, 820.0],
]
SOFTMAX = [
    programs.softmax_cross_entropy,
    programs.softmax_written_out,
    programs.label_smoothing,
    programs.generalized_cross_entropy,
]


@pytest.mark.parametrize("build", SOFTMAX, ids=lambda build: build.__name__)
@pytest.mark.parametrize("true", [0, 1, 2])
def test_softmax_of_extreme_logits(build, true):
    arrays = {"z": grid(list(chain(*ROWS)), 3), "y": {(n,): true for n in range(len(ROWS))}}
    # L - z_y is a difference of inputs; where others outweigh it by less than e its rounding may show.
    assert worst(build, arrays, {"n": len(ROWS), "k": 3}) <= 120


def test_logits_of_ten_thousand():
    arrays = {"z": grid([1e4, -1e4]), "y": grid([1.0, 1.0])}
    assert worst(programs.bce_logits_softplus, arrays, {"n": 2}) <= 2
    assert worst(programs.focal, arrays, {"n": 2}, gamma=0.5) <= 2e4


def test_focal_multiclass():
    for true in range(3):
        arrays = {"z": grid(list(chain(*ROWS[2:5])), 3), "y": {(n,): true for n in range(3)}}
        assert worst(programs.focal_multiclass, arrays, {"n": 3, "k": 3}, gamma=0.5) <= 2000


def test_soft_targets_on_confident_rows():
    arrays = {"z": grid([30.0, 0.0, -1.0], 3), "y": grid([1.0, 0.0, 0.0], 3)}
    assert worst(programs.soft_cross_entropy, arrays, {"n": 1, "k": 3}) <= 8


RESIDUALS = [1e-30, -1e-30, 1e-9, 1e-4, 0.3, -2.0, 20.0, 700.0]


@pytest.mark.parametrize(
    "build", [programs.charbonnier, programs.welsch, programs.cauchy], ids=lambda build: build.__name__
)
def test_robust_losses_near_zero(build):
    values = [v for v in RESIDUALS if build is not programs.welsch or abs(v) < 30]
    assert worst(build, {"e": grid(values)}, {"n": len(values)}) <= 6


def test_log_cosh_near_zero_and_far():
    arrays = {"pred": grid(RESIDUALS), "target": grid([0.0] * len(RESIDUALS))}
    assert worst(programs.log_cosh, arrays, {"n": len(RESIDUALS)}) <= 3


def test_gaussian_divergences_near_equality():
    near = [1.0 + 1e-9, 1.0 + 2**-52, 3.0]
    zeros = [0.0, 0.0, 0.0]
    arrays = {"mu1": grid(zeros, 1), "mu2": grid(zeros, 1), "logvar1": grid(near, 1), "logvar2": grid([1.0] * 3, 1)}
    assert worst(programs.kl_gaussian, arrays, {"n": 3, "d": 1}) <= 6
    arrays = {"mu1": grid(zeros, 1), "mu2": grid(zeros, 1), "s1": grid(near, 1), "s2": grid([1.0] * 3, 1)}
    assert worst(programs.kl_gaussian_scales, arrays, {"n": 3, "d": 1}) <= 16
    arrays = {"mu": grid([1e-20, 0.0, 1e-3], 1), "logvar": grid([0.0, 1e-9, -50.0], 1)}
    assert worst(programs.kl_standard_normal, arrays, {"n": 3, "d": 1}) <= 6


@pytest.mark.parametrize("build", [programs.gamma_deviance, programs.poisson_deviance], ids=lambda b: b.__name__)
def test_deviances_near_equality(build):
    arrays = {"mu": grid([1.0 + 1e-9, 2.0 + 2**-51, 1e-3, 5.0]), "y": grid([1.0, 2.0, 1e3, 1.0])}
    assert worst(build, arrays, {"n": 4}) <= 20


def test_divergence_of_equal_and_empty_entries():
    arrays = {"p": grid([0.5, 0.5, 0.0], 3), "q": grid([0.5, 0.5, 0.0], 3)}
    assert worst_is_zero(programs.kl_discrete, arrays, {"n": 1, "k": 3})
    arrays = {"p": grid([0.0, 0.0, 1.0], 3), "q": grid([0.25, 0.5, 0.25], 3)}
    found = Rounding(stabilise(programs.kl_discrete())[0], {"n": 1, "k": 3}, arrays).run()["value"][0,]
    assert abs(found - mpmath.log(4)) <= 4 * ULP


def worst_is_zero(build: Any, arrays: dict[str, Any], sizes: dict[str, int]) -> bool:
    return all(value == 0 for value in Rounding(stabilise(build())[0], sizes, arrays).run()["value"].values())


def test_dice_of_nearly_equal_masks():
    for smooth in (0.0, 1.0):
        arrays = {"p": grid([1 - 2**-53, 2**-60, 1.0, 0.0], 4), "y": grid([1.0, 0.0, 1.0, 0.0], 4)}
        assert worst(programs.dice, arrays, {"n": 1, "k": 4}, smooth=smooth) <= 6
        assert worst(programs.tversky, arrays, {"n": 1, "k": 4}) <= 6


def box_pairs() -> tuple[list[float], list[float]]:
    random_ = random.Random(5)
    pred: list[float] = []
    target: list[float] = []
    for scale in (0.0, 1e-15, 1e-9, 1e-3, 1.0, 1e3):
        for _ in range(30):
            x, y = random_.uniform(-5, 5), random_.uniform(-5, 5)
            w, h = random_.uniform(0.1, 4), random_.uniform(0.1, 4)
            box = [x, y, x + w, y + h]
            target += box
            if scale <= 1e-3:
                moved = [value + scale * random_.uniform(-1, 1) for value in box]
            else:
                dx, dy = scale * random_.uniform(-1, 1), scale * random_.uniform(-1, 1)
                moved = [x + dx, y + dy, x + dx + w * random_.uniform(0.2, 2), y + dy + h]
            pred += moved
    return pred, target


@pytest.mark.parametrize("build", [programs.iou, programs.giou], ids=lambda build: build.__name__)
def test_boxes_that_nearly_agree(build):
    pred, target = box_pairs()
    arrays = {"pred": grid(pred, 4), "target": grid(target, 4)}
    assert worst(build, arrays, {"n": len(pred) // 4}) <= 16
    assert worst(build, arrays, {"n": len(pred) // 4}, stable=False) > 1e6


def test_a_textbook_program_has_no_digit_left():
    """The comparison can fail: run as written, the confident predictions come out wrong."""
    arrays = {"z": grid([40.0]), "y": grid([1.0])}
    assert worst(programs.bce_logits_softplus, arrays, {"n": 1}, stable=False) > 1e10
    assert worst(programs.bce_logits_softplus, arrays, {"n": 1}) <= 2


def test_exact_inputs_are_doubles():
    assert all(Fraction(v) == Fraction(float(v)) for v in LOGITS)
