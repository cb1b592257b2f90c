"""All float32 numbers: the error of a float32 function against the float64 one, by compiled loops over blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from symloss.atoms.elementary.source import compose, source

#: Short enough for the first cache, long enough that what is done once per block does not count.
_BLOCK = 2048
#: Results of at least 2^128 - 2^103 overflow when they are rounded to float32.
_OVERFLOW = 2.0**128 - 2.0**103


@dataclass(frozen=True)
class Measured:
    """What the loop saw.

    Attributes:
        ulps: the largest error in units in the last place of the float64 result, in subnormal steps where that is so.
        where: the argument it belongs to.
        wrong: how many results are NaN or infinite where the float64 one is not, or the reverse, or of the wrong sign.
        example: one such argument.
        count: how many arguments there were.
    """

    ulps: float
    where: float
    wrong: int
    example: float
    count: int


def measure(name: str, first: int = 0, last: int = 2**32) -> Measured:
    """The largest error of a float32 function of one argument over the bit patterns from ``first`` to ``last - 1``.

    The float64 function's own error adds at most 2^-28 ulp.
    """
    loop = _loop(name)
    ulps, where, wrong, example = loop(first, last)
    return Measured(float(ulps), _float(where), int(wrong), _float(example), last - first)


def _float(pattern: int) -> float:
    return math.nan if pattern < 0 else float(np.array([pattern], np.uint32).view(np.float32)[0])


def compiled(name: str, dtype: str) -> Callable[[Any, Any], None]:
    """A loop that fills an array with the emitted function at the entries of another."""
    space: dict[str, Any] = {"np": np, "math": math, "numba": numba}
    exec(compose({name}, dtype), space)
    function = space[source(name, dtype).name]

    @numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
    def run(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = function(x[i])

    return run


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _errors(computed: Any, reference: Any, scale: Any, scale_bits: Any, errors: Any) -> int:
    """Fill the errors in ulps and count the results that are not finite as they should be."""
    bits = reference.view(np.int64)
    for i in range(computed.size):
        exponent = ((bits[i] >> 52) & 0x7FF) - 1023
        exponent = exponent if exponent > -126 else np.int64(-126)
        scale_bits[i] = (1046 - exponent) << 52
    wrong = 0
    for i in range(computed.size):
        y, r = np.float64(computed[i]), reference[i]
        finite = (abs(r) < _OVERFLOW) & (abs(y) < np.inf)
        error = abs(y - r) * scale[i]
        errors[i] = error if finite else 0.0
        infinite = (abs(y) == np.inf) & (abs(r) >= _OVERFLOW) & ((y > 0) == (r > 0))
        wrong += 0 if finite | infinite | ((y != y) & (r != r)) else 1
    return wrong


@numba.njit(error_model="numpy", fastmath={"nnan", "nsz"})  # type: ignore[untyped-decorator]
def _largest(errors: Any) -> float:
    largest = 0.0
    for i in range(errors.size):
        largest = max(largest, errors[i])
    return largest


def _loop(name: str) -> Callable[[int, int], Any]:
    narrow_function, wide_function = compiled(name, "float32"), compiled(name, "float64")

    @numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
    def loop(first: int, last: int) -> Any:
        patterns = np.empty(_BLOCK, np.uint32)
        narrow, wide = patterns.view(np.float32), np.empty(_BLOCK)
        computed, reference = np.empty(_BLOCK, np.float32), np.empty(_BLOCK)
        scale, errors = np.empty(_BLOCK), np.empty(_BLOCK)
        scale_bits = scale.view(np.int64)
        best, where, count, example = 0.0, np.int64(-1), 0, np.int64(-1)
        for start in range(first, last, _BLOCK):
            size = min(_BLOCK, last - start)
            for i in range(size):
                patterns[i] = np.uint32(start + i)
                wide[i] = np.float64(narrow[i])
            narrow_function(narrow[:size], computed[:size])
            wide_function(wide[:size], reference[:size])
            wrong = _errors(computed[:size], reference[:size], scale, scale_bits, errors)
            largest = _largest(errors[:size])
            if largest > best:
                best = largest
                for i in range(size):
                    if errors[i] == largest:
                        where = np.int64(patterns[i])
            if wrong:
                count += wrong
                example = np.int64(patterns[0])
        return best, where, count, example

    return loop
