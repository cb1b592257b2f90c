"""Named constants and bit patterns of the templates, for both dtypes; each is derived here from its definition."""

from __future__ import annotations

import struct

import mpmath

_WIDTH = {"float64": (53, 1023), "float32": (24, 127)}


def _rounded(value: mpmath.mpf, bits: int) -> float:
    """The nearest number with so many significant bits."""
    with mpmath.workprec(bits):
        return float(+value)


def _pattern(value: float, dtype: str) -> int:
    layout = ("<d", "<Q") if dtype == "float64" else ("<f", "<I")
    return int(struct.unpack(layout[1], struct.pack(layout[0], value))[0])


def _constants(dtype: str) -> dict[str, float]:
    precision, bias = _WIDTH[dtype]
    with mpmath.workprec(300):
        # A multiple of ln2_hi by an exponent (and a bit) is exact; ln2_top and ln2_rest are ln 2 in two full words.
        ln2 = mpmath.ln2
        high = _rounded(ln2, precision - (12 if dtype == "float64" else 9))
        top = _rounded(ln2, precision)
        double = dtype == "float64"
        return {
            "log2e": _rounded(1 / ln2, precision),
            "ln2_hi": high,
            "ln2_lo": _rounded(ln2 - high, precision),
            "ln2_top": top,
            "ln2_rest": _rounded(ln2 - top, precision),
            # Adding round_magic leaves an integer in the low bits; scale_magic adds the exponent's bias to it.
            "round_magic": 1.5 * 2.0 ** (precision - 1),
            "scale_magic": 1.5 * 2.0 ** (precision - 1) + bias,
            "half_scale_magic": 1.5 * 2.0 ** (precision - 1) + bias - 1,
            # An integer or-ed into the bits of exponent_base, minus exponent_bias, is that integer without the bias.
            "exponent_bias": 2.0 ** (precision - 1) + bias,
            "exponent_bias_subnormal": 2.0 ** (precision - 1) + bias + precision,
            "subnormal_scale": 2.0**precision,
            "min_normal": 2.0 ** (1 - bias),
            # Outside these exp is 0 and overflows; 2^(n-1) is a normal number for expm1's whole range.
            "exp_least": -746.0 if double else -104.0,
            "exp_most": 710.0 if double else 89.0,
            "expm1_least": -50.0 if double else -25.0,
            # Below, expm1(x) and log1p(x) round to x.
            "tiny": 2.0 ** -(precision + 2),
            # Above, 1 + x rounds to x and so does x plus its logarithm.
            "huge": 2.0 ** (precision + 6),
        }


def _patterns(dtype: str) -> dict[str, int]:
    precision, _ = _WIDTH[dtype]
    root = 0.7071067811865476 if dtype == "float64" else 0.7071067690849304
    return {
        "sqrt_half": _pattern(root, dtype),
        "to_one": _pattern(1.0, dtype) - _pattern(root, dtype),
        "mantissa": 2 ** (precision - 1) - 1,
        "mantissa_bits": precision - 1,
        "exponent_base": _pattern(2.0 ** (precision - 1), dtype),
    }


CONSTANTS: dict[str, dict[str, float]] = {dtype: _constants(dtype) for dtype in _WIDTH}
PATTERNS: dict[str, dict[str, int]] = {dtype: _patterns(dtype) for dtype in _WIDTH}
