"""Every kernel against the exact textbook formula at inputs that are hard for floating point."""

import numpy as np
import pytest

from symloss.accuracy import accuracy_record, measure, measure_specials

from .catalogue import NAMES, derivation_of, loss_of, report, spec_of


def stated_range(name):
    """Whether the record says that results are claimed only within some range."""
    return any("range" in found for found in accuracy_record(spec_of(name), derivation_of(name)).values())


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_point_meets_the_bound_of_its_class(name):
    found = measure(derivation_of(name), loss_of(name), count=16)
    assert found.compared > 90
    assert found.unclaimed + found.outside < found.compared / 2
    assert not found.errors, report(found.errors)
    if not stated_range(name):
        assert found.outside == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("name", NAMES)
def test_every_entry_point_meets_the_bound_of_its_class_at_many_points(name, seed):
    # Where samples interact, each number of a result is as much to evaluate as all of another loss.
    count = 12 if loss_of(name).meta["coupled"] else 120
    found = measure(derivation_of(name), loss_of(name), count=count, seed=seed, other=3 + 2 * seed)
    assert not found.errors, report(found.errors)
    if not stated_range(name):
        assert found.outside == 0


@pytest.mark.parametrize("name", NAMES)
def test_infinities_give_limits_and_nan_stays(name):
    found = measure_specials(derivation_of(name), loss_of(name))
    assert not found.errors, report(found.errors)
    assert found.indeterminate == 0


class OffBy:
    """A loss whose results are some ulps too large."""

    def __init__(self, loss, ulps):
        self.loss, self.ulps, self.meta = loss, ulps, loss.meta

    def _moved(self, value):
        if isinstance(value, tuple):
            return tuple(map(self._moved, value))
        return value * (1 + self.ulps * np.finfo(value.dtype).eps)

    def __call__(self, *arrays, **options):
        return self._moved(self.loss(*arrays, **options))

    def value_and_grad(self, *arrays, **options):
        return self._moved(self.loss.value_and_grad(*arrays, **options))

    def grad_hess_diag(self, *arrays, **options):
        return self._moved(self.loss.grad_hess_diag(*arrays, **options))

    def hvp(self, *arrays, **options):
        return self._moved(self.loss.hvp(*arrays, **options))


@pytest.mark.parametrize("name", ["mse", "bce_with_logits", "softmax_cross_entropy", "kl_divergence"])
def test_results_that_are_a_few_ulps_too_large_are_found(name):
    found = measure(derivation_of(name), OffBy(loss_of(name), 10), count=16)
    assert {error.entry for error in found.errors} >= {"value", "value_and_grad"}
