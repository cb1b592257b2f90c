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
    """A function to approximate on an interval, with the number of coefficients for float64 and float32."""

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


TARGETS = {
    # e^r = 1 + r + r²·p(r), a confluent hypergeometric function, with |r| ≤ (ln 2)/2 and a little more
    "exp": Target(lambda r: mpmath.hyp1f1(1, 3, r) / 2, "-0.3470", "0.3470", (11, 6)),
    # log((1 + s)/(1 - s)) = 2s + s·z·p(z), with z = s² and 1 + f = (1 + s)/(1 - s) between √½ and √2
    "log": Target(_log_series, "0", "0.02950", (8, 4)),
    # tanh x = x + x·z·p(z), with z = x² and |x| ≤ 0.55
    "tanh": Target(_tanh_series, "0", "0.3030", (12, 6)),
    # log cosh x = z/2 + z²·p(z), with z = x² and |x| ≤ 0.8
    "log_cosh": Target(_log_cosh_series, "0", "0.6410", (15, 7)),
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
