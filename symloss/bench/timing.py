"""Fair timing: candidates take turns, and it is the ratios within a round that are compared.

A machine is never quite alone. What disturbs a round disturbs its neighbours in time alike, so the ratio of two
candidates within one round is steadier than the ratio of two medians.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

FEWEST_ROUNDS, MOST_ROUNDS = 5, 25
#: Calls are repeated within a round until a candidate's turn takes this long.
LEAST_SECONDS = 0.002
#: Threads of OpenMP spin for some milliseconds after their last work, on processors that the next candidate needs. So a
#: turn begins with a pause.
SETTLING_SECONDS = 0.01
#: After a pause a system may leave a woken thread on the processor of the one that woke it, and move it to a free one
#: only once both have been seen at work (two threads took as long as one for calls of 0.3 to 3 ms). What calls cost
#: that follow each other is measured; so the first ones of a turn are not counted, where that costs little.
WARMING_SECONDS = 0.02


def take_turns(
    candidates: Mapping[str, Callable[[], Any]],
    seconds: float,
    least: float = LEAST_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
    pause: Callable[[float], Any] = time.sleep,
) -> dict[str, list[float]]:
    """Seconds per call of each candidate, one number per round.

    Each round begins with another candidate, so that none always runs after the same one. Garbage is collected before
    the rounds and not during them.

    Args:
        candidates: functions without arguments, by name; called beforehand, uncounted.
        seconds: about how long all rounds may take; at least `FEWEST_ROUNDS` are made.
        least: calls are repeated until a turn takes this long.
        clock: the time in seconds.
        pause: waits so many seconds.
    """
    repeats, warm, once = {}, {}, 0.0
    for name, function in candidates.items():
        function()
        started = clock()
        function()
        took = max(clock() - started, 1e-7)
        repeats[name], warm[name] = max(1, math.ceil(least / took)), took < WARMING_SECONDS
        once += SETTLING_SECONDS + warm[name] * WARMING_SECONDS + repeats[name] * took
    count = min(MOST_ROUNDS, max(FEWEST_ROUNDS, int(seconds / once)))
    names = list(candidates)
    found: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for number in range(count):
            for place in range(len(names)):
                name = names[(number + place) % len(names)]
                function, repeat = candidates[name], range(repeats[name])
                pause(SETTLING_SECONDS)
                begin = clock()
                while warm[name] and clock() - begin < WARMING_SECONDS:
                    function()
                started = clock()
                for _ in repeat:
                    function()
                found[name].append((clock() - started) / len(repeat))
    finally:
        gc.enable()
    return found


def spread(numbers: Sequence[float]) -> dict[str, float]:
    """Median and quartiles, to four digits."""
    low, _, high = quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3
    return {"median": _rounded(median(numbers)), "low": _rounded(low), "high": _rounded(high)}


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> dict[str, float]:
    """Median and quartiles of the ratios within each round.

    Raises:
        ValueError: there are not as many of the one as of the other.
    """
    return spread([one / other for one, other in zip(numerators, denominators, strict=True)])


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
