"""What a re-check says about a piece of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: From the best word to the worst.
WORDS = ("ok", "not re-checked", "wrong")


@dataclass(frozen=True)
class Outcome:
    """A word of `WORDS`, and why where it is not "ok"."""

    word: str
    reason: str = ""


OK = Outcome("ok")


def wrong(reason: str) -> Outcome:
    """The evidence does not show what it is said to show."""
    return Outcome("wrong", reason)


def unchecked(reason: str) -> Outcome:
    """The evidence may well be right; nothing here can tell."""
    return Outcome("not re-checked", reason)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Of several pieces that are all needed the worst word counts."""
    found = OK
    for outcome in outcomes:
        if WORDS.index(outcome.word) > WORDS.index(found.word):
            found = outcome
    return found
