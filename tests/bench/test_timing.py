"""Rounds, medians and quartiles, on a clock that the test moves."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from symloss.bench.timing import (
    FEWEST_ROUNDS,
    MOST_ROUNDS,
    SETTLING_SECONDS,
    WARMING_SECONDS,
    ratios,
    spread,
    take_turns,
)


class Clock:
    """A clock that candidates move forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def taking(self, seconds: Callable[[], float]) -> Callable[[], None]:
        def run() -> None:
            self.now += seconds()

        return run


def test_ratios_are_taken_within_rounds_and_not_of_medians() -> None:
    # Every round the peer takes twice as long, although a disturbance makes both ten times slower in some.
    ours, theirs = [1.0, 10.0, 1.0, 10.0, 1.0], [2.0, 20.0, 2.0, 20.0, 2.0]
    assert ratios(theirs, ours) == {"median": 2.0, "low": 2.0, "high": 2.0}
    # Medians of shifted disturbances would say 1.
    assert ratios([4.0, 1.0, 9.0], [2.0, 4.0, 3.0])["median"] == 2.0
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [1.0, 2.0])


def test_spread_is_median_and_quartiles() -> None:
    assert spread([1.0, 2.0, 3.0, 4.0, 100.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert spread([1.0, 2.0, 3.0, 4.0]) == {"median": 2.5, "low": 1.75, "high": 3.25}
    assert spread([0.123456]) == {"median": 0.1235, "low": 0.1235, "high": 0.1235}


def test_seconds_per_call_and_enough_repeats() -> None:
    clock, calls, pauses = Clock(), [], []

    def short() -> None:
        calls.append("short")
        clock.now += 0.5

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += seconds

    candidates = {"short": short, "long": clock.taking(lambda: 3.0)}
    found = take_turns(candidates, seconds=46.0, least=2.0, clock=clock, pause=pause)
    # A round takes 4 x 0.5 + 3 seconds and two pauses, so nine fit into 46.
    assert found == {"short": [pytest.approx(0.5)] * 9, "long": [pytest.approx(3.0)] * 9}
    assert len(calls) == 2 + 4 * 9
    assert pauses == [SETTLING_SECONDS] * 18


def test_threads_are_awake_when_a_short_turn_begins() -> None:
    """What a call costs after a pause, and what calls cost that follow it, differ; the latter is measured."""
    clock, woken = Clock(), [0.0]

    def function() -> None:
        clock.now += 0.004 if clock.now < woken[0] + 0.9 * WARMING_SECONDS else 0.001

    def pause(seconds: float) -> None:
        woken[0] = clock.now

    found = take_turns({"one": function}, 0.0, clock=clock, pause=pause)
    assert found["one"] == [pytest.approx(0.001)] * FEWEST_ROUNDS


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, FEWEST_ROUNDS), (1e9, MOST_ROUNDS)])
def test_the_number_of_rounds_has_ends(seconds: float, rounds: int) -> None:
    clock = Clock()
    found = take_turns({"one": clock.taking(lambda: 1.0)}, seconds, clock=clock, pause=lambda _: None)
    assert len(found["one"]) == rounds


def test_each_round_begins_with_another_candidate_and_garbage_waits() -> None:
    clock, order, collecting = Clock(), [], []

    def candidate(name: str) -> Callable[[], None]:
        def run() -> None:
            order.append(name)
            collecting.append(gc.isenabled())
            clock.now += 1.0

        return run

    take_turns({name: candidate(name) for name in "abc"}, 0.0, least=0.5, clock=clock, pause=lambda _: None)
    assert "".join(order[6:]) == "abcbcacababcbca"
    assert not any(collecting[6:])
    assert gc.isenabled()


def test_garbage_is_collected_again_after_a_failure() -> None:
    calls = []

    def fail() -> None:
        calls.append(None)
        if len(calls) > 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        take_turns({"one": fail}, 0.0)
    assert gc.isenabled()
