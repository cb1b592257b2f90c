"""Modifiers that floating-point instructions share: .ftz, .sat and the rounding direction."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

DIRECTIONS = ("rn", "rz", "rm", "rp")
_TINY = np.float32(2.0**-126)


def direction(parts: Iterable[str]) -> str:
    """The rounding direction among the parts of an opcode, to nearest if there is none."""
    return next((part for part in parts if part in DIRECTIONS), "rn")


def flush(value: Any) -> Any:
    """Subnormal float32 become zeros of their sign."""
    return np.where(np.abs(value) < _TINY, np.copysign(np.float32(0), value), value)


def saturate(value: Any) -> Any:
    """Clamped to [0, 1]; NaN becomes +0, and so does −0."""
    one, zero = value.dtype.type(1), value.dtype.type(0)
    return np.where(value > 0, np.minimum(value, one), zero)


def modified(function: Callable[..., Any], parts: list[str]) -> Callable[..., Any]:
    """A function on float32 with what .ftz and .sat ask for around it."""
    wrapped = function
    if "ftz" in parts:
        inner = wrapped

        def wrapped(*values: Any) -> Any:
            return flush(inner(*map(flush, values)))

    if "sat" not in parts:
        return wrapped
    before = wrapped
    return lambda *values: saturate(before(*values))


def check(parts: list[str], known: Iterable[str]) -> None:
    """Raises ValueError for a part of an opcode that the translator does not know."""
    unknown = set(parts[1:]) - set(known)
    if unknown:
        raise ValueError(f"modifier .{sorted(unknown)[0]}")
