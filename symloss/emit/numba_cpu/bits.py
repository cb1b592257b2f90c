"""Bit patterns of numbers: from NumPy's word for them to the one that generated files use.

``np.float32(x).view(np.int32)`` of a scalar is to Numba a call of a function, compiled anew for every set of options;
the helper ``_bits`` is part of the function that uses it. A first call takes about a tenth less time so.
"""

from __future__ import annotations

import re

_VIEW = re.compile(r"\.view\((np\.\w+)\)")


def with_bits(text: str) -> str:
    """Text in which every ``kind(x).view(other)`` is ``_bits(x, other)``, or ``_bits(kind(x), other)`` of an integer.

    Integers keep their type's name: shifts and sums of them are wider to Numba. A float's is what x has anyway.
    """
    while found := _VIEW.search(text):
        opening = _opening(text, found.start() - 1)
        start = len(text[:opening].rstrip("abcdefghijklmnopqrstuvwxyz0123456789."))
        kind, inner = text[start:opening], text[opening + 1 : found.start() - 1]
        viewed = inner if "float" in kind else f"{kind}({inner})"
        text = f"{text[:start]}_bits({viewed}, {found[1]}){text[found.end() :]}"
    return text


def _opening(text: str, closing: int) -> int:
    """The place of the bracket that the one at ``closing`` closes."""
    depth = 0
    for place in range(closing, -1, -1):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if not depth:
            return place
    raise ValueError("a bracket closes that none opens")
