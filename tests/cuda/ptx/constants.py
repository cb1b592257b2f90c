"""Literals of PTX as NumPy scalars."""

import numpy as np

from .errors import PtxSyntaxError
from .types import COMPUTE, STORAGE


def constant(text: str, kind: str):
    """The value of a literal as a NumPy scalar of the given PTX type.

    Raises:
        PtxSyntaxError: A floating-point literal of another width than the type's, or a word that is no number.
    """
    dtype = COMPUTE[kind]
    body = text.lstrip("-")
    negative = text.startswith("-")
    if body[:2] in ("0f", "0F", "0d", "0D") and len(body) in (10, 18):
        width = 4 if body[1] in "fF" else 8
        bits = np.array(int(body[2:], 16), f"u{width}")
        if kind in ("f32", "f64"):
            value = bits.view(f"f{width}").astype(dtype)[()]
            return -value if negative else value
        if width == dtype.itemsize and not negative:
            return bits.view(dtype)[()]
        raise PtxSyntaxError(f"the literal {text} does not fit the type .{kind}")
    if "." in body:
        return dtype.type(float(text))
    try:
        number = int(body.rstrip("U"), 0) * (-1 if negative else 1)
    except ValueError:
        raise PtxSyntaxError(f"{text!r} is not a number") from None
    if kind in ("f16", "f32", "f64"):
        return dtype.type(number)
    if kind == "pred":
        return np.bool_(number)
    width = STORAGE[kind].itemsize
    return np.array(number & ((1 << 8 * width) - 1), f"u{width}").view(dtype)[()]
