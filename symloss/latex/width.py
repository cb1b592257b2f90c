"""How wide a formula is when TeX sets it, near enough to choose where lines break."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\begin\{\w+\}(?:\[t\])?|\\end\{\w+\}|\\[A-Za-z]+\*?|\\.|.", re.S)
_RELATIONS = {"=", "<", ">", r"\le", r"\ge", r"\ne", r"\in"}
_OPERATORS = {"+", "-", r"\bmod", r"\pm", r"\cdot"}
_SPACES = {r"\,": 0.3, r"\;": 0.5, r"\quad": 2.0, r"\qquad": 4.0, r"\!": -0.3}
_INVISIBLE = {
    r"\displaystyle",
    r"\left",
    r"\right",
    r"\big",
    r"\bigl",
    r"\bigr",
    r"\Bigl",
    r"\Bigr",
    r"\mathrm",
    r"\operatorname",
    r"\mathbb",
    r"\text",
    r"\overline",
    r"\dot",
    r"\hat",
    r"\bar",
    r"\tilde",
    r"\widehat",
    r"\widetilde",
}
_NAMED = {r"\log", r"\exp", r"\sum", r"\max", r"\min", r"\sinh", r"\cosh", r"\tanh", r"\sin", r"\cos", r"\tan", r"\lim"}
#: Scripts are set at 70 % of the size.
_SCRIPT = 0.7
#: A bracket around something tall is wider than one letter.
_BRACKET = 1.2


def width(latex: str) -> float:
    """The width of a formula in digits of its own size: about 5 pt at 10 pt."""
    return _columns(iter(_TOKEN.findall(latex)))


def _columns(tokens: Iterator[str]) -> float:
    """The sum of the widths of the columns up to the end of the environment or of the text."""
    columns, at = [0.0], 0
    here = 0.0
    under: float | None = None
    for token in tokens:
        if token.startswith(r"\end"):
            break
        if token in (r"\\", "&"):
            columns[at] = max(columns[at], here)
            at = 0 if token != "&" else at + 1
            columns += [0.0] if at == len(columns) else []
            here, under = 0.0, None
        elif token in "_^":
            script = _SCRIPT * _argument(tokens)
            # A subscript and a superscript of one letter stand above each other.
            here += script if under is None else max(0.0, script - under)
            under = script if under is None else max(under, script)
        else:
            under = under if token.isspace() else None
            here += _token(token, tokens)
    columns[at] = max(columns[at], here)
    return sum(columns)


def _token(token: str, tokens: Iterator[str]) -> float:
    """The width of one token together with the arguments that it takes."""
    if token == "{":
        return _group(tokens)
    if token == r"\frac":
        return max(_argument(tokens), _argument(tokens)) + 0.5
    if token == r"\sqrt":
        return _argument(tokens) + 1.7
    if token == r"\substack":
        return _argument(tokens)
    if token.startswith(r"\begin"):
        return _columns(tokens) + (4.0 if "cases" in token else 0.0)
    if token in _SPACES:
        return _SPACES[token]
    if token in _RELATIONS or token in _OPERATORS:
        return 2.6
    if token in _NAMED:
        return 3.0
    if token in _INVISIBLE or token.isspace() or token == "}":
        return 0.0
    return _BRACKET if token in "()[]" or token in (r"\{", r"\}", r"\lvert", r"\rvert") else 1.0


def _argument(tokens: Iterator[str]) -> float:
    """The width of a command's next argument."""
    token = next((token for token in tokens if not token.isspace()), "}")
    return _token(token, tokens)


def _group(tokens: Iterator[str]) -> float:
    """The width of what stands between braces, the first of which was read."""
    inner: list[str] = []
    depth = 1
    for token in tokens:
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth == 0:
            break
        inner.append(token)
    return _columns(iter(inner))
