"""Derives the polynomials of the elementary functions: Chebyshev interpolation of a smooth quotient, by mpmath.

``python -m symloss.atoms.elementary.minimax`` writes `coefficients.py`; a test derives the table again and compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np

_DIGITS = 80


@dataclass(frozen=True)
class Target:
    """A function to approximate on an interval, with the number of coefficients for float64 and float32 (0: none)."""

    function: Callable[[mpmath.mpf], mpmath.mpf]
    low: str
    high: str
    terms: tuple[int, int]


def _log_series(z: mpmath.mpf) -> mpmath.mpf:
    s = mpmath.sqrt(z)
    return (2 * mpmath.atanh(s) / s - 2) / z


def _tanh_series(z: mpmath.mpf) -> mpmath.mpf:
    x = mpmath.sqrt(z)
    return (mpmath.tanh(x) / x - 1) / z


def _log_cosh_series(z: mpmath.mpf) -> mpmath.mpf:
    return (mpmath.log(mpmath.cosh(mpmath.sqrt(z))) / z - mpmath.mpf(1) / 2) / z


def _lgamma_quotient(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.loggamma(x) / ((x - 1) * (x - 2))


def _stirling(z: mpmath.mpf) -> mpmath.mpf:
    x = 1 / mpmath.sqrt(z)
    return x * (
        mpmath.loggamma(x) - (x - mpmath.mpf(1) / 2) * (mpmath.log(x) - 1) - (mpmath.log(2 * mpmath.pi) - 1) / 2
    )


def _digamma_quotient(z: mpmath.mpf) -> mpmath.mpf:
    root = mpmath.findroot(mpmath.digamma, mpmath.mpf("1.4616321449683623"))
    return mpmath.digamma(z + mpmath.mpf(3) / 2) / (z + mpmath.mpf(3) / 2 - root)


def _digamma_far(z: mpmath.mpf) -> mpmath.mpf:
    x = 1 / mpmath.sqrt(z)
    return (mpmath.log(x) - 1 / (2 * x) - mpmath.digamma(x)) / z


def _trigamma_far(z: mpmath.mpf) -> mpmath.mpf:
    x = 1 / mpmath.sqrt(z)
    return (mpmath.psi(1, x) - 1 / x - z / 2) * x**3


def _polygamma2_far(z: mpmath.mpf) -> mpmath.mpf:
    x = 1 / mpmath.sqrt(z)
    return -(mpmath.psi(2, x) + z + z / x) * x**4


TARGETS = {
    # e^r = 1 + r + r²·p(r), a confluent hypergeometric function, with |r| ≤ (ln 2)/2 and a little more
    "exp": Target(lambda r: mpmath.hyp1f1(1, 3, r) / 2, "-0.3470", "0.3470", (11, 6)),
    # log((1 + s)/(1 - s)) = 2s + s·z·p(z), with z = s² and 1 + f = (1 + s)/(1 - s) between √½ and √2
    "log": Target(_log_series, "0", "0.02950", (8, 4)),
    # the same for 1 + f between 0.6 and 1.5
    "log_wide": Target(_log_series, "0", "0.06260", (10, 5)),
    # tanh x = x + x·z·p(z), with z = x² and |x| ≤ 0.55
    "tanh": Target(_tanh_series, "0", "0.3030", (12, 6)),
    # log cosh x = z/2 + z²·p(z), with z = x² and |x| ≤ 0.8
    "log_cosh": Target(_log_cosh_series, "0", "0.6410", (15, 7)),
    # powers through float64, for float32 only: log x as above, and e^r = p(r)
    "pow_log": Target(_log_series, "0", "0.02950", (6, 0)),
    "pow_exp": Target(mpmath.exp, "-0.3470", "0.3470", (8, 0)),
    # log gamma(x) = (x - 1)(x - 2)·p(x - centre)
    "lgamma_low": Target(lambda z: _lgamma_quotient(z + mpmath.mpf("0.75")), "-0.25", "0.25", (23, 0)),
    "lgamma_middle": Target(lambda z: _lgamma_quotient(z + mpmath.mpf("1.375")), "-0.375", "0.375", (21, 0)),
    "lgamma_high": Target(lambda z: _lgamma_quotient(z + mpmath.mpf("2.375")), "-0.625", "0.625", (21, 0)),
    # log gamma(x) = (x - 1/2)(log x - 1) + (log 2π - 1)/2 + p(1/x²)/x, from x = 8
    "stirling": Target(_stirling, "0", "0.015626", (9, 0)),
    # digamma(x) = (x - root)·p(x - 3/2) between 1 and 2
    "digamma_middle": Target(_digamma_quotient, "-0.5", "0.5", (24, 0)),
    # digamma(x) = log x - 1/(2x) - p(1/x²)/x², from x = 10
    "digamma_far": Target(_digamma_far, "0", "0.010001", (8, 0)),
    # trigamma(x) = 1/x + 1/(2x²) + p(1/x²)/x³, from x = 12
    "trigamma_far": Target(_trigamma_far, "0", "0.0069445", (8, 0)),
    # polygamma2(x) = -1/x² - 1/x³ - p(1/x²)/x⁴, from x = 14
    "polygamma2_far": Target(_polygamma2_far, "0", "0.0051021", (8, 0)),
    # e^x - 1 - x = x²/2 + x³·p(x), with |x| ≤ 1/2
    "exp_tail": Target(lambda x: mpmath.hyp1f1(1, 4, x) / 6, "-0.501", "0.501", (12, 6)),
}


def interpolate(target: Target, terms: int) -> list[mpmath.mpf]:
    """The monomial coefficients, lowest first, of the interpolant at the Chebyshev nodes of the interval."""
    with mpmath.workdps(_DIGITS):
        low, high = mpmath.mpf(target.low), mpmath.mpf(target.high)
        nodes = [mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * terms)) for i in range(terms)]
        values = [target.function((low + high) / 2 + (high - low) / 2 * node) for node in nodes]
        matrix = mpmath.matrix(terms, terms)
        for row, node in enumerate(nodes):
            x = (low + high) / 2 + (high - low) / 2 * node
            for column in range(terms):
                matrix[row, column] = x**column
        return list(mpmath.lu_solve(matrix, mpmath.matrix(values)))


def derive() -> dict[str, dict[str, tuple[float, ...]]]:
    """The whole table: dtype, name, coefficients rounded to the dtype, lowest first."""
    table: dict[str, dict[str, tuple[float, ...]]] = {"float64": {}, "float32": {}}
    for name, target in TARGETS.items():
        table["float64"][name] = tuple(float(value) for value in interpolate(target, target.terms[0]))
        if target.terms[1]:
            rounded = (np.float32(float(value)) for value in interpolate(target, target.terms[1]))
            table["float32"][name] = tuple(float(value) for value in rounded)
    return table


def text(table: dict[str, dict[str, tuple[float, ...]]]) -> str:
    """The table as a Python module."""
    lines = [
        '"""Coefficients of the polynomials of the elementary functions; written by `minimax.py`, never by hand."""',
        "",
        "POLYNOMIALS: dict[str, dict[str, tuple[float, ...]]] = {",
    ]
    for dtype, polynomials in table.items():
        lines.append(f'    "{dtype}": {{')
        for name, values in polynomials.items():
            lines.append(f'        "{name}": (')
            lines += [f"            {value!r}," for value in values]
            lines.append("        ),")
        lines.append("    },")
    lines.append("}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("coefficients.py").write_text(text(derive()))
