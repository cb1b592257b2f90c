"""Casts of bit patterns in generated text: one word for them, whose result is NumPy's."""

from __future__ import annotations

import math
import re

import numba
import numpy as np
import pytest

from symloss.emit.numba_cpu.bits import with_bits
from symloss.emit.numba_cpu.module import support_functions
from tests.emit.built_in import built_in
from tests.kernels.harness import CATALOGUE, text_of


def test_casts_are_found_inside_each_other():
    text = "y = np.int32(np.float32(t + f(1)).view(np.int32) << np.int32(23)).view(np.float32) * z"
    assert with_bits(text) == "y = _bits(np.int32(_bits(t + f(1), np.int32) << np.int32(23)), np.float32) * z"
    assert with_bits("a = b.view_of(c)") == "a = b.view_of(c)"


def test_a_bracket_that_closes_nothing_is_refused():
    with pytest.raises(ValueError, match="a bracket closes"):
        with_bits("x).view(np.int32)")


@pytest.mark.parametrize("name", ["bce_with_logits", "info_nce", "focal"])
def test_generated_kernels_have_no_other_casts(name):
    """Numba would compile a function for each of them, in every set of options."""
    text = text_of(CATALOGUE[name])
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    assert re.findall(r"\.view\(\w+\)", code) == [".view(kind)"]  # in _bits itself
    assert ".view(np" not in code
    assert "_bits(" in text


@pytest.mark.parametrize(("real", "integer"), [(np.float32, np.int32), (np.float64, np.int64), (np.float32, np.uint32)])
def test_the_helper_gives_the_bits(real, integer):
    bits = built_in("_bits")
    there, back = numba.njit(lambda x: bits(x, integer)), numba.njit(lambda n: bits(n, real))
    for number in (0.0, -0.0, 1.5, -np.inf, np.finfo(real).smallest_subnormal):
        x = real(number)
        assert there(x) == bits(x, integer) == x.view(integer)
        assert real(back(x.view(integer))).tobytes() == bits(x.view(integer), real).tobytes() == x.tobytes()


def test_the_helper_takes_a_root_that_nobody_compiled():
    """There it is a float, which is wider than float32; rounded, it is the root that compiled code has."""
    space = {"np": np}
    exec(support_functions()["_bits"], space)
    assert space["_bits"](math.sqrt(np.float32(2)), np.int32) == np.sqrt(np.float32(2)).view(np.int32)
