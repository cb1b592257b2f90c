"""Leave out of a kernel's lines what they compute and nothing uses.

A kernel for one phase begins with what the kernel for whole rows computes before its sweeps, of which a phase often
needs a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ASSIGNMENT = re.compile(r" *([A-Za-z_]\w*(?:, [A-Za-z_]\w*)*) (?:=|\+=) ")
_WORD = re.compile(r"[A-Za-z_]\w*")


def without_dead(lines: Iterable[str]) -> list[str]:
    """The lines without assignments to names that no other line reads, and without loops in which nothing is left.

    Everything that is assigned is a number, and what is called for it changes nothing else.
    """
    kept = list(lines)
    while True:
        unread = _unread(kept)
        found = _without_empty([line for line in kept if not unread.issuperset(_targets(line) or [""])])
        if found == kept:
            return kept
        kept = found


def _targets(line: str) -> list[str]:
    """The names that a line assigns."""
    found = _ASSIGNMENT.match(line)
    return found[1].split(", ") if found else []


def _unread(lines: list[str]) -> set[str]:
    """The names that only lines that assign them name."""
    assigned = {name for line in lines for name in _targets(line)}
    return assigned - {word for line in lines for word in _WORD.findall(line) if word not in _targets(line)}


def _without_empty(lines: list[str]) -> list[str]:
    """The lines without heads of blocks that hold nothing but the step of their own loop."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        depth, end = _depth(line), number + 1
        while end < len(lines) and _depth(lines[end]) > depth:
            end += 1
        if line.endswith(":"):
            body = _without_empty(lines[number + 1 : end])
            alone = line.lstrip().startswith("while ") and len(body) == 1
            if body and not (alone and not {*_targets(body[0])}.isdisjoint(_WORD.findall(line))):
                kept += [line, *body]
        else:
            kept.append(line)
        number = end if line.endswith(":") else number + 1
    return kept


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
