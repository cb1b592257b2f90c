"""Units that a program leaves free, and kernels that measure inputs in them."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import symloss
from symloss.calculus import derive
from symloss.language import SpecLibrary
from symloss.lowering.prepare import prepare
from symloss.lowering.units import Units
from symloss.program import exact_arithmetic

LIBRARY = SpecLibrary([Path(__file__).parents[2] / "specs"])


def stable(name):
    return derive(LIBRARY.load(name, claims=False).program).stable


def powers(program, target):
    with exact_arithmetic():
        units = Units(program)
    return {slot[0]: power for (slot, _), power in units.in_free(units.targets[target]).items()}


@pytest.mark.parametrize(("name", "power"), [("mse", {"pred": 2}), ("mae", {"pred": 1}), ("smooth_l1", {"pred": 1})])
def test_the_unit_of_a_value(name, power):
    assert powers(stable(name), "value") == {key: Fraction(value) for key, value in power.items()}


def test_an_exponent_has_no_unit():
    with exact_arithmetic():
        assert Units(stable("bce_with_logits")).free() == []


def test_each_row_of_coupled_samples_has_a_unit_of_its_own():
    with exact_arithmetic():
        units = Units(stable("info_nce"))
    assert {slot[0] for slot in units.free()} == {"u", "v"}
    assert units.in_free(units.targets["s"]) == {}


@pytest.mark.parametrize(
    ("name", "measured"),
    [("iou", True), ("giou", True), ("triplet", True), ("nt_xent", True), ("mse", False), ("huber", False)],
)
def test_inputs_are_measured_where_products_of_them_may_leave_the_range(name, measured):
    with exact_arithmetic():
        program = prepare(stable(name), ["value"])
    assert any(statement.target.startswith("_unit") for statement in program.statements) == measured


@pytest.mark.parametrize("power", [-700, -500, 500, 700])
def test_boxes_of_any_size_have_the_same_overlap(power):
    pred, target = np.array([[0.0, 0.5, 2.0, 3.0]]), np.array([[1.0, 1.0, 3.5, 2.5]])
    loss = symloss.load("iou")
    value, gradient = loss.value_and_grad(pred, target)
    scaled_value, scaled = loss.value_and_grad(np.ldexp(pred, power), np.ldexp(target, power))
    assert scaled_value == value
    assert np.array_equal(np.ldexp(scaled, power), gradient)


def test_a_difference_of_distances_has_its_limit():
    anchor, positive, negative = np.array([[1.0, np.inf]]), np.array([[2.0, 0.5]]), np.array([[0.0, 1.25]])
    assert symloss.load("triplet_margin")(anchor, positive, negative) == 1.75
    assert symloss.load("triplet")(anchor, positive, negative) == np.inf


def test_inputs_are_compared_in_the_units_of_the_caller():
    """In units in which the far corners are near 1, both corners near 0 are 0: boxes that do not meet would touch."""
    near = float(np.finfo(np.float64).tiny)
    pred = np.array([[np.nextafter(near, 1.0), -1.5e256, 2e257, 3e256]])
    target = np.array([[-2e257, -1.5e256, near, 3e256]])
    for name, slope in (("iou", 0.0), ("giou", 2.5e-258)):
        value, gradient = symloss.load(name).value_and_grad(pred, target, reduction="none")
        assert value[0] == 1
        assert gradient[0, 0] == pytest.approx(slope, rel=1e-12, abs=0.0), name


def test_a_difference_far_below_the_largest_entry_of_its_sample_is_kept():
    # The negative's gradient is 2 (anchor - negative), whatever the positive is.
    anchor, negative = np.float32(1.4514533e-38), np.float32(1.4514605e-38)
    samples = (np.array([[x, y]], np.float32) for x, y in ((anchor, 3.0), (1e4, 5.0), (negative, 3.0)))
    _, (_, _, gradient) = symloss.load("triplet").value_and_grad(*samples)
    assert gradient[0, 0] == 2 * (anchor - negative) != 0
