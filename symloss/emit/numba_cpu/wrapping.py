"""Break lines that are too long for the project's own linter."""

from __future__ import annotations

import re
import textwrap

#: The longest line of a generated file.
WIDTH = 120

_ASSIGNMENT = re.compile(r"(.*?) (\+?=) (.*)")


def wrapped(text: str) -> str:
    """The text with every long line broken inside brackets; lines of docstrings and data are left alone."""
    return "\n".join(piece for line in text.split("\n") for piece in _wrap(line))


def _wrap(line: str) -> list[str]:
    if len(line) <= WIDTH or '"""' in line:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    ending = next((end for end in ("):", ")") if line.endswith(end)), None)
    opening = line.find("(")
    call = opening > 0 and (line[opening - 1].isalnum() or line[opening - 1] == "_") and " for " not in line
    if ending and call and opening < WIDTH and _closes_at_end(line, opening, ending):
        return _block(line[: opening + 1], line[opening + 1 : -len(ending)] + ",", indent, indent + ending)
    assignment = _ASSIGNMENT.match(line)
    if assignment:
        target, equals, value = assignment.groups()
        if len(f"{target} {equals} (") > WIDTH and ", " in target:
            *targets, last = _block(f"{indent}(", target.lstrip() + ",", indent, f"{indent}) {equals} (")
            return [*targets, *_block(last, value, indent, f"{indent})")]
        return _block(f"{target} {equals} (", value, indent, f"{indent})")
    if line.lstrip().startswith("return "):
        return _block(f"{indent}return (", line.lstrip().removeprefix("return "), indent, f"{indent})")
    return [line]


def _closes_at_end(line: str, opening: int, ending: str) -> bool:
    """Whether the first bracket of the line is closed by the last."""
    depth = 0
    for place in range(opening, len(line)):
        depth += (line[place] == "(") - (line[place] == ")")
        if depth == 0:
            return place == len(line) - len(ending)
    return False


def _block(head: str, inside: str, indent: str, tail: str) -> list[str]:
    inner = indent + "    "
    lines = textwrap.wrap(
        inside, WIDTH, initial_indent=inner, subsequent_indent=inner, break_long_words=False, break_on_hyphens=False
    )
    return [head, *lines, tail]
