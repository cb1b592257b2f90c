"""Small pieces of sentences that error messages share."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(word: str, choices: Iterable[str]) -> str:
    """``"; did you mean 'huber'?"`` where one of the choices is close to the word, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """``a, b and c``."""
    items = list(names)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def kind_of(value: object) -> str:
    """What a value is, in the words of an error message: its type, and for an array its dtype as well."""
    dtype = getattr(value, "dtype", None)
    name = type(value).__name__
    return f"{name} of {dtype}" if dtype is not None else name


def number_text(value: object) -> str:
    """A number as a reader would write it: 1 for 1.0, and no name of a NumPy type around it."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and plain.is_integer() and abs(plain) < 1e16:
        return str(int(plain))
    return repr(plain)


def interval_text(lower: object, upper: object, lower_closed: bool, upper_closed: bool) -> str:
    """An interval in words: ``real``, ``> 0``, ``>= 0``, ``[0, 1]``, ``(0, 1)``."""
    low, high = _end(lower, -1), _end(upper, 1)
    if low is None and high is None:
        return "real"
    if high is None:
        return f"{'>=' if lower_closed else '>'} {low}"
    if low is None:
        return f"{'<=' if upper_closed else '<'} {high}"
    return f"{'[' if lower_closed else '('}{low}, {high}{']' if upper_closed else ')'}"


def _end(value: object, sign: int) -> str | None:
    if value is None or (isinstance(value, float) and value == sign * float("inf")):
        return None
    return number_text(value)


def domain_text(domain: dict[str, object]) -> str:
    """The domain of an input or a parameter, as a specification writes it."""
    kind = domain.get("kind", "interval")
    if domain.get("finite"):
        return "finite"
    if kind == "interval":
        return interval_text(
            domain.get("lower"),
            domain.get("upper"),
            bool(domain.get("lower_closed")),
            bool(domain.get("upper_closed")),
        )
    if kind == "set":
        values = domain.get("values")
        return (
            "{" + ", ".join(number_text(value) for value in (values if isinstance(values, list | tuple) else ())) + "}"
        )
    return f"{kind}({domain['axis']})" if domain.get("axis") else str(kind)
