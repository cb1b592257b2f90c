"""The checks of inputs that a kernel makes on each chunk before it computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symloss.program import Domain, Program, Tensor


@dataclass(frozen=True)
class InputCheck:
    """One check: ``call`` is an expression that gives the position of the first violation in the chunk, or -1."""

    number: int
    call: str
    entries: str
    always: bool

    def lines(self) -> Iterator[str]:
        """Stop at the first violation, remembering which check failed and where."""
        yield f"wrong = {self.call}" if self.always else f"wrong = {self.call} if validate else -1"
        yield "if wrong >= 0:"
        yield f"    failed[c, 0], failed[c, 1] = {self.number + 1}, start * {self.entries} + wrong"
        yield "    continue"


def checkable(tensor: Tensor) -> bool:
    """Whether the domain of an input leaves anything to check."""
    return not tensor.domain.unrestricted and tensor.domain.kind != "boolean"


def check_call(tensor: Tensor, program: Program, array: str, live: str, dtype: str) -> tuple[str, str]:
    """The helper that checks an array against a domain, and the call of it.

    Ends that do not belong to an interval are moved to the next number inside, so that one closed test serves all.
    """
    domain = tensor.domain
    if domain.kind == "index":
        axis = program.root(str(domain.axis))
        return "_outside_index", f"_outside_index({array}, size_{axis}, {live})"
    if domain.kind == "simplex":
        epsilon = _number(np.finfo(dtype).eps, "float64")
        return "_outside_simplex", f"_outside_simplex({array}, {live}, {epsilon})"
    if domain.kind == "set":
        values = ", ".join(_number(value, dtype) for value in domain.values)
        return "_outside_set", f"_outside_set({array}, ({values},), {live})"
    lower, upper = ends(domain, dtype)
    return "_outside_interval", f"_outside_interval({array}, {lower}, {upper}, {live})"


def ends(domain: Domain, dtype: str) -> tuple[str, str]:
    """The closed interval of floats inside a domain, as text."""
    real = np.dtype(dtype).type
    lower, upper = real(float(domain.lower)), real(float(domain.upper))
    if not domain.lower_closed and domain.lower != -sympy.oo:
        lower = np.nextafter(lower, real(np.inf))
    if not domain.upper_closed and domain.upper != sympy.oo:
        upper = np.nextafter(upper, real(-np.inf))
    return _number(lower, dtype), _number(upper, dtype)


def _number(value: Any, dtype: str) -> str:
    number = float(value)
    text = str(number).replace("inf", "np.inf") if np.isinf(number) else repr(float(str(np.dtype(dtype).type(number))))
    return f"f32({text})" if dtype == "float32" else text
