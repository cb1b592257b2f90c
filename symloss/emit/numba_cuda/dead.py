"""Leave out of a kernel's lines what they compute and nothing uses.

A kernel for one phase begins with what the kernel for whole rows computes before its sweeps, of which a phase often
needs a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ASSIGNMENT = re.compile(r"( *)([A-Za-z_]\w*) (?:=|\+=) ")
_WORD = re.compile(r"[A-Za-z_]\w*")


def without_dead(lines: Iterable[str]) -> list[str]:
    """The lines without assignments to names that no other line reads, and without loops in which nothing is left.

    Everything that is assigned is a number, and what is called for it changes nothing else.
    """
    kept = list(lines)
    while True:
        unread = _unread(kept)
        found = _without_empty([line for line in kept if _target(line) not in unread])
        if found == kept:
            return kept
        kept = found


def _target(line: str) -> str:
    found = _ASSIGNMENT.match(line)
    return found[2] if found else ""


def _unread(lines: list[str]) -> set[str]:
    """The names that only lines that assign them name."""
    assigned = {_target(line) for line in lines} - {""}
    return assigned - {word for line in lines for word in _WORD.findall(line) if word != _target(line)}


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
            stepping = line.lstrip().startswith("while ") and len(body) == 1 and _target(body[0]) in _WORD.findall(line)
            if body and not stepping:
                kept += [line, *body]
        else:
            kept.append(line)
        number = end if line.endswith(":") else number + 1
    return kept


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
