"""The exact results that kernels are compared with."""

import pytest

from symloss.accuracy import Instance
from symloss.accuracy.reference import Reference

from .catalogue import derivation_of


@pytest.mark.parametrize("similar", [0.0, 1.0])
def test_the_square_of_a_norm_has_no_kink_where_the_norm_is_0(similar):
    # y D^2 + (1 - y) max(0, margin - D)^2: the second term keeps the kink of D, whose slope is declared 0.
    derivation = derivation_of("contrastive")
    same = {(0, 0): 1.5, (0, 1): -2.0}
    instance = Instance({"a": same, "b": same, "y": {(0,): similar}}, {"margin": 1.0})
    direction = {"a": {(0, 0): 1.0, (0, 1): 0.0}, "b": {(0, 0): 0.0, (0, 1): 0.0}}
    reference = Reference(derivation, ["diag a", "hvp b"])
    found = reference.results(instance, direction, {"n": 1, "d": 2}, ("diag", "hvp"))
    assert found["diag a"] == {(0, 0): 2 * similar, (0, 1): 2 * similar}
    assert found["hvp b"] == {(0, 0): -2 * similar, (0, 1): 0}
