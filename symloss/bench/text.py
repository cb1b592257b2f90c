"""Figures as words: the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symloss.bench.candidates import LIBRARIES
from symloss.bench.measuring import LIMITS, OURS


def duration(seconds: float) -> str:
    """``10.9 µs``, ``2.4 ms``, ``1.3 s``."""
    for scale, unit in ((1e-3, "µs"), (1.0, "ms")):
        if seconds * 1e3 < scale * 1e3:
            return f"{seconds / scale * 1e3:.3g} {unit}"
    return f"{seconds:.3g} s"


def times(ratio: Mapping[str, float]) -> str:
    """How many times ours the peer takes, with the quartiles: ``4.1 (3.9 to 4.6)``."""
    return f"{ratio['median']:.3g} ({ratio['low']:.3g} to {ratio['high']:.3g})"


def share(ratio: Mapping[str, float]) -> str:
    """A limit as a share of our time: ``87 %``."""
    return f"{100 * ratio['median']:.2g} %" if ratio["median"] < 0.1 else f"{100 * ratio['median']:.0f} %"


def title(outcome: Mapping[str, Any]) -> str:
    """Loss and sizes."""
    return f"{Path(outcome['case']['loss']).stem} {outcome['case']['label']}"


def cells(outcome: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    """Our time, then each column: a library's ratio, a limit's share, or nothing."""
    found = [duration(outcome["seconds"][OURS]["median"])]
    for column in columns:
        ratio = outcome["ratios"].get(column)
        limit = column in LIMITS
        found.append("" if ratio is None else share(ratio) if limit else times(ratio))
    return found


def columns_of(outcomes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The columns that any outcome has: libraries in their order, then other calls, then the limits."""
    present = {column for outcome in outcomes for column in outcome["ratios"]}
    others = sorted(present - {*LIBRARIES, *LIMITS})
    return [column for column in [*LIBRARIES, *others, *LIMITS] if column in present]


def reasons(outcomes: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    """By library and reason the cases for which the library is missing."""
    found: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        for library, reason in outcome["skipped"].items():
            case = f"{title(outcome)} {outcome['case']['dtype']}"
            listed = found.setdefault((library, reason), [])
            if case not in listed:
                listed.append(case)
    return found
