"""By how much a function amplifies a relative error of its argument, from the function itself."""

from __future__ import annotations

from functools import cache
from typing import Any

from mpmath import mp, mpf

from symloss.atoms.record import RECORDS, AtomRecord

#: A function that amplifies a rounding by less than this keeps a tight result tight.
MOST = 2.5
#: Magnitudes at which a function is tried.
_MAGNITUDES = tuple(mpf(2) ** exponent for exponent in (-200, -60, -20, -8, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 9, 14))
_NEAR_ONE = tuple(1 + sign * mpf(2) ** exponent for sign in (1, -1) for exponent in (-40, -20, -8, -3))
#: Values of the other arguments while one of them moves.
_OTHERS = (mpf("0.75"), mpf(2) ** -30, mpf(3), mpf(2) ** 30)


def amplifies(record: AtomRecord | None, position: int, values: Any) -> bool:
    """Whether |x·f'(x)/f(x)| exceeds `MOST` for some value of an argument within a range."""
    if record is None:
        return True
    return _amplifies(record.name, position, _bounded(values.low), _bounded(values.high))


def _bounded(end: Any) -> float:
    """An end of a range as a float, rounded to a few classes so that few functions are tried twice."""
    return float(end)


@cache
def _amplifies(name: str, position: int, low: float, high: float) -> bool:
    record = RECORDS[name]
    with mp.workprec(400):
        points = [sign * x for sign in (1, -1) for x in (*_MAGNITUDES, *_NEAR_ONE)]
        points = [x for x in points if low <= x <= high]
        rest = [_OTHERS] * (record.arity - 1)
        others = [()] if not rest else [(value,) * len(rest) for value in _OTHERS]
        return any(
            amplification(record, (*other[:position], x, *other[position:]), position) > MOST
            for x in points
            for other in others
        )


def amplification(record: AtomRecord, arguments: tuple[Any, ...], position: int) -> Any:
    """|x·f'(x)/f(x)| by a difference at the working precision; 0 where f is not a number there."""
    try:
        value = record.exact(*arguments)
        step = mpf(2) ** (-mp.prec // 3)
        moved = record.exact(*(a * (1 + step) if i == position else a for i, a in enumerate(arguments)))
        if value == 0 or not (mp.isfinite(value) and mp.isfinite(moved)):
            return mpf(0)
        return abs((moved - value) / (step * value))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return mpf(0)
