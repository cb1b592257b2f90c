"""Domain text → `Domain`: words, intervals with open and closed ends, finite sets, index(k), simplex(k), boolean."""

from __future__ import annotations

import re
from collections.abc import Collection

import sympy

from symloss.errors import SpecError
from symloss.language.expressions import check_number
from symloss.language.names import did_you_mean
from symloss.language.source import Text, top_level
from symloss.program import Domain

_WORDS = {
    "real": Domain(),
    "finite": Domain(finite=True),
    "positive": Domain(lower=sympy.S.Zero),
    "nonnegative": Domain(lower=sympy.S.Zero, lower_closed=True),
    "negative": Domain(upper=sympy.S.Zero),
    "nonpositive": Domain(upper=sympy.S.Zero, upper_closed=True),
    "boolean": Domain(kind="boolean"),
}
_ALONG = re.compile(r"(index|simplex)\s*\(\s*([^\s()]*)\s*\)\Z")
_NUMBER = re.compile(r"([+-]?)\s*([^\s/]+)\s*(?:/\s*([^\s/]+))?\Z")
_HELP = 'real, finite, positive, nonnegative, boolean, "[0, 1]", "(0, oo)", "{-1, 1}", "index(k)" or "simplex(k)"'


def parse_domain(text: Text, axes: Collection[str]) -> Domain:
    """The domain that a text describes.

    Args:
        text: for example ``[0, oo)``.
        axes: the names of the axes, for index(…) and simplex(…).

    Raises:
        SpecError: it describes none, or an empty one.
    """
    text = text.stripped()
    value = text.value
    if value in _WORDS:
        return _WORDS[value]
    along = _ALONG.match(value)
    if along:
        axis = along.group(2)
        if axis not in axes:
            raise text.error(f"there is no axis {axis[:40]!r}{did_you_mean(axis, axes)}", along.start(2))
        return Domain(kind=along.group(1), axis=axis)
    if value[:1] in ("[", "(") and value[-1:] in ("]", ")") and len(value) > 1:
        return _interval(text)
    if value[:1] == "{" and value[-1:] == "}":
        return _set(text)
    raise text.error(f"{value[:40]!r} is not a domain{did_you_mean(value, _WORDS)}; a domain is {_HELP}")


def is_interval_text(text: Text) -> bool:
    """Whether a text is written as an interval: a bracket, two ends with a comma between, a bracket."""
    value = text.stripped().value
    return len(value) > 1 and value[0] in "[(" and value[-1] in "])" and len(top_level(_inner(text).value, ",")) == 1


def interval_ends(text: Text) -> tuple[Text, Text, bool, bool]:
    """The texts of both ends, and whether each belongs to the interval.

    Raises:
        SpecError: not two ends.
    """
    text = text.stripped()
    ends = _inner(text).split(",")
    if len(ends) != 2:
        raise text.error('an interval has two ends, as in "[0, 1)"')
    return ends[0], ends[1], text.value[0] == "[", text.value[-1] == "]"


def _inner(text: Text) -> Text:
    text = text.stripped()
    return text[1 : len(text.value) - 1]


def _interval(text: Text) -> Domain:
    low, high, lower_closed, upper_closed = interval_ends(text)
    lower, upper = constant(low), constant(high)
    if (lower.is_infinite and lower_closed) or (upper.is_infinite and upper_closed):
        raise text.error("an infinite end does not belong to the interval; write a round bracket there")
    if lower > upper or (lower == upper and not (lower_closed and upper_closed)):
        raise text.error("this interval is empty")
    return Domain(lower=lower, upper=upper, lower_closed=lower_closed, upper_closed=upper_closed)


def _set(text: Text) -> Domain:
    values = [constant(part) for part in _inner(text).split(",")]
    if any(value.is_infinite for value in values):
        raise text.error("a set of values holds finite numbers")
    if len(set(values)) != len(values):
        raise text.error("this set names a value twice")
    return Domain(kind="set", values=tuple(sorted(values)))


def constant(text: Text) -> sympy.Expr:
    """An exact number such as -1, 0.1, 1/3 or oo.

    Raises:
        SpecError: it is none.
    """
    text = text.stripped()
    if text.value in ("oo", "+oo"):
        return sympy.oo
    if text.value == "-oo":
        return -sympy.oo
    match = _NUMBER.match(text.value)
    if match is None:
        raise _no_number(text)
    parts = []
    for group in (2, 3):
        token = match.group(group)
        if token is None:
            continue
        if not (token[0].isdigit() or token[0] == "."):
            raise _no_number(text)
        check_number(text, token, match.start(group))
        parts.append(sympy.Rational(token))
    if len(parts) == 2 and parts[1] == 0:
        raise text.error("division by zero", match.start(3))
    number = parts[0] / parts[1] if len(parts) == 2 else parts[0]
    return -number if match.group(1) == "-" else number


def _no_number(text: Text) -> SpecError:
    if not text.value:
        return text.error("a number is expected here")
    return text.error(f"{text.value[:40]!r} is not a number; a number is written 0.1, 1e-7, 1/3, oo or -oo")


def contains(domain: Domain, value: sympy.Expr) -> bool:
    """Whether a constant lies in a domain of real numbers; for labels, whether it could be one."""
    if domain.kind == "set":
        return value in domain.values
    if domain.kind == "boolean":
        return value in (0, 1)
    if domain.kind == "index":
        return bool(value.is_integer and value >= 0)
    if domain.kind == "simplex":
        return bool(0 <= value <= 1)
    if value.is_infinite:
        return False
    above = value > domain.lower or (domain.lower_closed and value == domain.lower)
    below = value < domain.upper or (domain.upper_closed and value == domain.upper)
    return bool(above and below)


def domain_text(domain: Domain) -> str:
    """The domain as a specification writes it."""
    if domain.kind in ("index", "simplex"):
        return f"{domain.kind}({domain.axis})"
    if domain.kind == "boolean":
        return "boolean"
    if domain.kind == "set":
        return "{" + ", ".join(map(str, domain.values)) + "}"
    for word, known in _WORDS.items():
        if known == domain:
            return word
    return f"{'[' if domain.lower_closed else '('}{domain.lower}, {domain.upper}{']' if domain.upper_closed else ')'}"
