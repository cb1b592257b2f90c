"""The accuracy classes that are derived from the programs."""

import dataclasses

import pytest
from mpmath import mp, mpf

from symloss.accuracy import ErrorBound, Instance, accuracy_record, output_grades
from symloss.accuracy.measurement import error_in_ulps
from symloss.accuracy.points import sizes_for
from symloss.accuracy.reference import limit_of
from symloss.accuracy.signs import exclusive
from symloss.atoms import Step, XOverY, ZeroTimes
from symloss.calculus import Derivation
from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.reverse import gradient
from symloss.language import Accuracy
from symloss.program import AxisSymbol, Read

from .catalogue import NAMES, derivation_of, spec_of

REGRESSION = ("mse", "mae", "huber", "smooth_l1", "log_cosh", "quantile")
GAN = ("gan_discriminator", "gan_generator_minimax", "gan_generator_nonsaturating", "wgan_critic", "wgan_generator")


def grades(name, at_ends_of=None):
    return {key: grade.name for key, grade in output_grades(derivation_of(name), at_ends_of).items()}


@pytest.mark.parametrize("name", REGRESSION)
def test_value_and_gradient_of_regression_losses_are_tight(name):
    found = grades(name)
    assert found["value"] == found["grad pred"] == "tight"


@pytest.mark.parametrize("name", ["hinge", *GAN])
def test_every_output_is_tight(name):
    assert set(grades(name).values()) == {"tight"}


@pytest.mark.parametrize("name", ["bce", "bce_with_logits"])
def test_binary_cross_entropy_is_tight_for_hard_labels_and_its_value_for_every_label(name):
    assert grades(name)["value"] == "tight"
    assert set(grades(name, at_ends_of="y").values()) == {"tight"}
    assert [key for key in grades(name) if key.startswith("grad") and grades(name)[key] != "cancelling"] == []


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("softmax_cross_entropy", "value", "conditioned"),
        ("softmax_cross_entropy", "diag z", "conditioned"),
        ("softmax_cross_entropy_soft", "value", "tight"),
        ("softmax_cross_entropy_soft", "grad z", "cancelling"),
        ("pairwise_logistic", "grad s_pos", "conditioned"),
        ("pairwise_hinge", "value", "conditioned"),
        ("log_cosh", "diag pred", "conditioned"),
        ("kl_divergence", "value", "cancelling"),
        ("kl_divergence", "grad q", "tight"),
        ("kl_standard_normal", "value", "tight"),
        ("focal", "value", "conditioned"),
        ("iou", "value", "conditioned"),
        ("dice", "value", "conditioned"),
        ("triplet", "grad anchor", "cancelling"),
        ("info_nce", "value", "cancelling"),
        ("bce", "diag p", "tight"),
        ("bce", "hvp p", "conditioned"),
        ("bce", "grad p", "cancelling"),
    ],
)
def test_classes(name, key, expected):
    assert grades(name)[key] == expected


def test_a_factor_excludes_another_term_and_a_divisor_does_not():
    a, b, t = (Read(name, (AxisSymbol("n"),)) for name in "abt")
    assert exclusive(ZeroTimes(a, Step(t)), ZeroTimes(b, Step(-t)))
    assert exclusive(XOverY(Step(t), a), XOverY(Step(-t), b))
    assert not exclusive(XOverY(a, Step(t)), XOverY(b, Step(-t)))


def unstable(name):
    """A derivation in which the formula as written stands for the stable one."""
    textbook = derivation_of(name).textbook
    predictions = [tensor.name for tensor in textbook.tensors.values() if tensor.role == "prediction"]
    by_predictions = gradient(textbook, predictions)
    product = hessian_vector_product(by_predictions, textbook)
    return Derivation(textbook, textbook, (), by_predictions, product, None, "not asked for")


@pytest.mark.parametrize("name", ["log_cosh", "bce_with_logits", "kl_standard_normal", "iou", "dice", "focal"])
def test_the_formula_as_written_has_a_weaker_class(name):
    assert output_grades(unstable(name))["value"].level > output_grades(derivation_of(name))["value"].level


@pytest.mark.parametrize("name", NAMES)
def test_a_record_names_a_class_and_a_reason_for_every_entry_point(name):
    record = accuracy_record(spec_of(name), derivation_of(name))
    assert set(record) >= {"value", "value_and_grad", "hvp"}
    for entry in record.values():
        assert entry["class"] in ("tight", "conditioned", "cancelling")
        assert len(entry["reason"]) > 20
        assert entry["class"] in entry["outputs"].values()


def test_a_specification_may_state_its_class():
    stated = dataclasses.replace(spec_of("mse"), accuracy=Accuracy("cancelling", "because it is said so"))
    assert accuracy_record(stated, derivation_of("mse"))["value"] == {
        "class": "cancelling",
        "reason": "because it is said so",
    }


def stated_ranges(name):
    """Where no class is claimed, by entry point."""
    record = accuracy_record(spec_of(name), derivation_of(name))
    return {entry: tuple(found["range"]) for entry, found in record.items() if "range" in found}


POWERS = "not where a power of eps_hat or sigma2 alone leaves the range of the dtype"
MEAN = "not where a sum over {} in float64 leaves the range of the dtype before a factor brings it back"
HALF = "not where an exponential leaves the range of the dtype before a factor brings it back"
NORM = "not where the reciprocal of a norm, times its coefficients, leaves the range of the dtype"


def test_a_value_in_units_of_one_input_over_those_of_another_says_where_it_is_not_claimed():
    ranges = stated_ranges("diffusion_vlb")
    assert POWERS in ranges["value"]
    assert POWERS in ranges["grad_hess_diag"]
    assert [n for n in NAMES if any("power of" in s for found in stated_ranges(n).values() for s in found)] == [
        "diffusion_vlb"
    ]


def test_a_mean_says_that_its_sum_may_leave_the_range():
    assert stated_ranges("noise_prediction") == {entry: (MEAN.format("d"),) for entry in ("value", "value_and_grad")}
    assert stated_ranges("mse") == {}
    assert stated_ranges("dice") == {}  # a quotient of sums


def test_half_of_an_exponential_says_that_the_whole_may_leave_the_range():
    ranges = stated_ranges("kl_standard_normal")
    assert set(ranges) == {"value", "value_and_grad", "grad_hess_diag", "hvp"}
    assert set(ranges.values()) == {(HALF,)}
    assert stated_ranges("softmax_cross_entropy") == {}  # its exponentials are of differences from the largest logit


def test_only_the_product_with_the_hessian_of_a_norm_says_that_its_reciprocal_may_leave_the_range():
    assert stated_ranges("triplet_margin") == stated_ranges("gradient_penalty") == {"hvp": (NORM,)}


# --- bounds at points ------------------------------------------------------------------------------------------------


UNIT = 2.0**-53


def allowance(name, key, parameters, **tensors):
    """In units of the unit roundoff."""
    derivation = derivation_of(name)
    bound = ErrorBound(derivation, sizes_for(derivation.textbook, 1, 3))
    values = {n: v if isinstance(v, dict) else {(0,): v} for n, v in tensors.items()}
    index = next(iter(values[key.split()[-1]])) if " " in key else (0,)
    return float(bound.allowance(key, index, Instance(values, parameters), {}, "float64") / UNIT)


def test_the_allowance_of_a_difference_is_its_condition():
    # d softplus(-(s_pos - s_neg)) = -sigmoid(s_neg - s_pos) d(s_pos - s_neg)
    found = allowance("pairwise_logistic", "value", {}, s_pos=5.0, s_neg=2.0)
    assert found == pytest.approx(float(3 / (1 + mp.e**3)), rel=1e-12)


def test_nothing_is_allowed_beyond_four_ulp_where_a_class_is_tight():
    assert allowance("mse", "value", {}, pred=1.0, target=1.0 + 2**-40) == 0


def test_a_sum_that_cancels_is_allowed_four_times_its_terms():
    found = allowance("bce_with_logits", "grad z", {}, z=0.0, y=0.5, pos_weight=1.0)
    # -y/2 and (1 - y)/2 cancel; 1 - y is a difference of inputs, rounded once.
    assert found == pytest.approx(4 * (0.25 + 0.25) + 0.5 * 0.5, rel=1e-12)


def test_a_step_below_the_normal_range_may_be_off_by_one_step_times_what_multiplies_it():
    # 2 lam g (N - 1)/N at a subnormal g: the quotient is rounded to whole steps, then multiplied by 2 lam.
    tensors = {"g": {(0, 0): 2.0**-1070, (0, 1): 2.0**-20, (0, 2): 0.0}}
    few, many = (allowance("gradient_penalty", "grad g", {"lam": lam}, **tensors) for lam in (1.0, 1000.0))
    assert many == pytest.approx(1000 * few, rel=1e-6)
    assert 2.0**-1074 <= few * UNIT <= 2.0**-1071


def test_nothing_is_claimed_where_terms_that_cancel_are_beyond_the_largest_number():
    tensors = {"g": {(0, 0): 2.0**-1070, (0, 1): 2.0**-1071, (0, 2): 0.0}}
    assert mp.isinf(allowance("gradient_penalty", "diag g", {"lam": 10.0}, **tensors))


def test_a_jump_within_rounding_is_allowed():
    near = allowance("pairwise_hinge", "grad s_pos", {"margin": 1.0}, s_pos=1 + 2 * UNIT, s_neg=0.0)
    far = allowance("pairwise_hinge", "grad s_pos", {"margin": 1.0}, s_pos=0.5, s_neg=0.0)
    assert near * UNIT >= 1
    assert far == 0


# --- ulps and limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "exact", "dtype", "ulps"),
    [
        (1.0, mpf(1), "float64", 0),
        (1.0 + 2**-52, mpf(1), "float64", 1),
        (1.0, mpf(1) - mpf(2) ** -53, "float64", 1),
        (1.0 + 2**-23, mpf(1), "float32", 1),
        (2**-1074, mpf(0), "float64", 1),
        (0.0, mpf(2) ** -1072, "float64", 4),
        (float("inf"), mpf(10) ** 400, "float64", 0),
        (float("-inf"), mpf(10) ** 400, "float64", float("inf")),
        (float("inf"), mpf(1), "float64", float("inf")),
        (float("nan"), mpf(1), "float64", float("inf")),
        (float("nan"), mp.nan, "float64", 0),
    ],
)
def test_errors_in_ulps(found, exact, dtype, ulps):
    assert error_in_ulps(found, exact, dtype) == ulps


@pytest.mark.parametrize(
    ("function", "limit"),
    [
        (lambda x: 1 / x, 0),
        (lambda x: x, float("inf")),
        (lambda x: -mp.log(x), float("-inf")),
        (lambda x: 3 + 1 / x, 3),
        (lambda x: mp.sin(x), None),
    ],
)
def test_limits(function, limit):
    with mp.workprec(600):
        found = limit_of(*(function(mpf(2) ** (40 * step)) for step in (1, 2, 4)))
    assert mp.isnan(found) if limit is None else found == pytest.approx(limit)
