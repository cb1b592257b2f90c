"""The template of one elementary function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """Text for both dtypes, or for float64 alone with another text for float32.

    Attributes:
        name: the name of the function.
        text: the template (see `symloss.atoms.elementary.source`).
        ulps: bounds on the error for float64 and for float32, at every float.
        float32: the template for float32 where it differs.
        wide: the float32 function computes in float64 (it is rare, and this is the simplest accurate way); its helpers
            are wide too. ``OUT(y)`` rounds the result.
    """

    name: str
    text: str
    ulps: tuple[float, float]
    float32: str = ""
    wide: bool = False
