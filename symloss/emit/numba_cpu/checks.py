"""The checks of inputs that a kernel makes on each chunk before it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symloss.lowering.prepare import LONGEST_UNROLLED
from symloss.program import Domain, Program, Tensor

#: Entries of an inner sum that are added pairwise at a time.
BLOCK = 1024

#: The place in a row of an entry of a block. Numba lets negative numbers count from the end; where LLVM does not know
#: that an index is none, it gathers and scatters. It knows so of a loop's own variable, and of a number with this mask.
PLACE = "(block & NEAR) + lane"


def checkable(tensor: Tensor) -> bool:
    """Whether the domain of an input leaves anything to check."""
    return not tensor.domain.extended and tensor.domain.kind != "boolean"


@dataclass(frozen=True)
class InputCheck:
    """The check of one input: its number in META, and where a kernel finds the input.

    A kernel only finds out whether a chunk holds a violation, in loops without an exit, which vectorise; the driver
    then looks for its position with the helper named ``finder``, called with the array and ``bounds``.
    """

    number: int
    tensor: Tensor
    program: Program
    dtype: str

    @property
    def always(self) -> bool:
        """Whether the check is made even where the caller wants none: a label is used as an index."""
        return self.tensor.domain.kind == "index"

    @property
    def finder(self) -> str:
        """The helper that marks every entry outside the domain."""
        return f"_outside_{self.tensor.domain.kind}"

    @property
    def bounds(self) -> list[str]:
        """What the helper takes beside the array.

        Ends that do not belong to an interval are moved to the next number inside, so that closed tests serve all.
        """
        domain = self.tensor.domain
        if domain.kind == "index":
            return [f"size_{self.program.root(str(domain.axis))}"]
        if domain.kind == "simplex":
            return [_number(np.finfo(self.dtype).eps, "float64")]
        if domain.kind == "set":
            return [_number(value, self.dtype) for value in domain.values]
        return list(ends(domain, self.dtype))

    def found(self, array: str) -> str:
        """The driver's text that marks every entry of an array outside the domain."""
        return f"{self.finder}({', '.join([array, *self.bounds])})"

    def sample(self, live: str, own: Callable[..., str], total: Callable[[str], str]) -> list[str]:
        """Whether one sample holds a violation, if it is ``live`` (no text: it is).

        ``own`` words its entries, ``total`` the sum of the first ``count`` entries of a workspace that it is given.
        """
        inner = list(self.tensor.axes[1:])
        counts = f"{live} & " if live else ""
        if not inner:
            return [f"entry = {own()}", f"wrong |= {counts}({self.outside('entry')})"]
        fixed = self.program.axes[self.program.root(inner[0])].size
        if len(inner) == 1 and fixed is not None and fixed <= LONGEST_UNROLLED and self.tensor.domain.kind != "simplex":
            outside = f"wrong |= {counts}({self.outside('entry')})"
            return [line for place in range(fixed) for line in (f"entry = {own(str(place))}", outside)]
        size = [f"size_{self.program.root(axis)}" for axis in inner]
        row = own(*(f"at_{axis}" for axis in inner[:-1]))
        lines = [f"entries = {row}"]
        if self.tensor.domain.kind == "simplex":
            lines += [
                "total = 0.0",
                f"for block in range(0, {size[-1]}, {BLOCK}):",
                f"    count = {least(str(BLOCK), f'{size[-1]} - block')}",
                "    for lane in range(count):",
                f"        entry = entries[{PLACE}]",
                "        check_block[lane] = entry",
                f"        outside |= {self.outside('entry')}",
                f"    total += {total('check_block')}",
                f"outside |= abs(total - 1.0) > 4 * {size[-1]} * {self.bounds[0]}",
            ]
        else:
            lines += [f"for lane in range({size[-1]}):", "    entry = entries[lane]"]
            lines.append(f"    outside |= {self.outside('entry')}")
        for axis, length in reversed(list(zip(inner[:-1], size[:-1], strict=True))):
            lines = [f"for at_{axis} in range({length}):", *_indent(lines)]
        return ["outside = False", *lines, f"wrong |= {counts}outside"]

    def suspected(self, entry: str) -> str:
        """What every entry outside the domain meets, and a NaN may: one comparison less in a set."""
        if self.tensor.domain.kind == "set":
            return " & ".join(f"({entry} != {value})" for value in self.bounds)
        return self.outside(entry)

    def outside(self, entry: str) -> str:
        """Whether an entry lies outside the domain; NaN is no violation."""
        domain, bounds = self.tensor.domain, self.bounds
        kind = domain.kind
        if kind == "index":
            return f"({entry} < 0) | ({entry} >= {bounds[0]})"
        if kind == "simplex":
            return f"{entry} < 0"
        if kind == "set":
            return " & ".join([f"({entry} == {entry})", *(f"({entry} != {value})" for value in bounds)])
        if domain.lower == -domain.upper and domain.lower_closed == domain.upper_closed:
            return f"abs({entry}) > {bounds[1]}"
        tests = [f"{entry} < {bounds[0]}", f"{entry} > {bounds[1]}"]
        needed = [test for test, end in zip(tests, bounds, strict=True) if "inf" not in end]
        return needed[0] if len(needed) == 1 else " | ".join(f"({test})" for test in needed)


def ends(domain: Domain, dtype: str) -> tuple[str, str]:
    """The closed interval of floats inside a domain, as text."""
    real = np.dtype(dtype).type
    lower, upper = real(float(domain.lower)), real(float(domain.upper))
    if not domain.lower_closed and (domain.finite or domain.lower != -sympy.oo):
        lower = np.nextafter(lower, real(np.inf))
    if not domain.upper_closed and (domain.finite or domain.upper != sympy.oo):
        upper = np.nextafter(upper, real(-np.inf))
    return _number(lower, dtype), _number(upper, dtype)


def least(limit: str, rest: str) -> str:
    """The smaller of two counts; for ``min`` Numba compiles a function of its own, in every file."""
    return f"{rest} if {rest} < {limit} else {limit}"


def _number(value: Any, dtype: str) -> str:
    number = float(value)
    text = str(number).replace("inf", "np.inf") if np.isinf(number) else repr(float(str(np.dtype(dtype).type(number))))
    return f"f32({text})" if dtype == "float32" else text


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
