"""The committed coefficients are what the derivation gives, and they approximate what they should."""

import mpmath
import numpy as np
import pytest

from symloss.atoms.elementary.coefficients import POLYNOMIALS
from symloss.atoms.elementary.minimax import TARGETS, derive


def test_the_table_is_what_the_derivation_gives():
    assert derive() == POLYNOMIALS


# For each polynomial in z: what it approximates, written a second time, and the interval.
CHECKS = {
    "exp": (lambda r: (mpmath.exp(r) - 1 - r) / r**2, -0.3466, 0.3466),
    "log": (lambda z: (mpmath.log((1 + z**0.5) / (1 - z**0.5)) - 2 * z**0.5) / z**1.5, 0, 0.0294),
    "tanh": (lambda z: (mpmath.tanh(z**0.5) - z**0.5) / z**1.5, 0, 0.3025),
    "log_cosh": (lambda z: (mpmath.log(mpmath.cosh(z**0.5)) - z / 2) / z**2, 0, 0.64),
    "exp_tail": (lambda x: (mpmath.exp(x) - 1 - x - x * x / 2) / x**3, -0.5, 0.5),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CHECKS)
def test_the_polynomial_is_close(name, dtype):
    function, low, high = CHECKS[name]
    with mpmath.workdps(60):
        for z in np.linspace(low, high, 42)[1:]:
            z = mpmath.mpf(z)
            approximation = mpmath.polyval(POLYNOMIALS[dtype][name][::-1], z)
            # The polynomial is a correction to a leading term at least eight times as large.
            assert abs(approximation / function(z) - 1) < 8 * mpmath.mpf(2) ** (-53 if dtype == "float64" else -24)


def test_every_target_is_used_by_some_function():
    from symloss.atoms.elementary.source import _TEMPLATES

    text = "".join(template.text + template.float32 for template in _TEMPLATES.values())
    for name in TARGETS:
        assert f"POLY({name}, " in text
