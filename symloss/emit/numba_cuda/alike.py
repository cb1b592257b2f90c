"""Functions and kernels of phases whose text another has under another name: written and compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from symloss.emit.numba_cuda.kernels import Printed

_NAME = re.compile(r"\bdef (\w+)\(")
_BETWEEN = "\n\n\n"


def written_once(kernels: Iterable[tuple[Printed, ...]], phases: set[str]) -> dict[str, str]:
    """Leave out of the texts of kernels what an earlier one has already, and let callers name the earlier one.

    What entry points compute first is often the same: the maximum of a row, say, and the sum of its exponentials.

    Args:
        kernels: every kernel with its forms for all dtypes. One is left out only where all its forms are alike.
        phases: the names of the kernels that may be left out as a whole.

    Returns:
        By the name of each kernel that was left out, the one that runs in its place.
    """
    known: dict[tuple[object, ...], tuple[str, ...]] = {}
    instead: dict[str, str] = {}
    for forms in kernels:
        kept: list[list[str]] = [[] for _ in forms]
        for blocks in zip(*(form.text.split(_BETWEEN) for form in forms), strict=True):
            renamed = [_renamed(block, instead) for block in blocks]
            names = tuple(_name(block) for block in renamed)
            whole = names == tuple(form.name for form in forms)
            records = [form.record() for form in forms] if whole else []
            key = (*(re.sub(rf"\b{n}\b", "", block) for n, block in zip(names, renamed, strict=True)), str(records))
            same = known.setdefault(key, names)
            if same != names and (not whole or set(names) <= phases):
                instead |= dict(zip(names, same, strict=True))
                continue
            for lines, block in zip(kept, renamed, strict=True):
                lines.append(block)
        for form, lines in zip(forms, kept, strict=True):
            form.text = _BETWEEN.join(lines)
    return {name: other for name, other in instead.items() if name in phases}


def _name(block: str) -> str:
    found = _NAME.search(block)
    assert found is not None
    return found[1]


def _renamed(block: str, instead: dict[str, str]) -> str:
    return re.sub(r"\b\w+\b", lambda word: instead.get(word[0], word[0]), block)
