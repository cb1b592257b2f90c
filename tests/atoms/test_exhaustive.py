"""All float32 numbers, and that the loop over them would see a fault."""

import numpy as np
import pytest

from symloss.atoms.elementary import source
from symloss.atoms.elementary.errors import exhaustive

from .precision import evaluate
from .test_elementary import OURS


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_every_float32_number(name):
    found = exhaustive.measure(name)
    assert found.count == 2**32
    assert found.wrong == 0, found.example
    assert found.ulps <= source(name, "float32").ulps, found.where


def test_the_loop_measures_what_it_should():
    first = int(np.float32(0.7).view(np.uint32))
    x = np.arange(first, first + 5000, dtype=np.uint32).view(np.float32)
    exact = np.log(x.astype(np.float64))
    units = np.exp2(np.floor(np.log2(np.abs(exact))) - 23)
    errors = np.abs(evaluate("log", np.float32, [x]) - exact) / units
    found = exhaustive.measure("log", first, first + 5000)
    assert found.ulps == pytest.approx(errors.max(), rel=1e-6)
    assert found.where == x[errors.argmax()]


def test_the_loop_sees_a_fault(monkeypatch):
    sound = exhaustive.compiled

    def faulty(name, dtype):
        return sound("sqrt" if dtype == "float32" else name, dtype)

    monkeypatch.setattr(exhaustive, "compiled", faulty)
    one = int(np.float32(1).view(np.uint32))
    assert exhaustive.measure("log", one + 7, one + 9).ulps > 1e6
    # The root of a negative number is NaN, its exponential is not.
    assert exhaustive.measure("exp", 0xBF800000, 0xBF800010).wrong == 16
