"""Facts about exponentials, powers and logarithms that solvers are given, each with an id.

A lemma is true of all real numbers of which the first is the function's value at the others. A logarithm's argument
is a quotient n/d, so that the fact is polynomial.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symloss.proof.smt.formulas import Formula, both, compare, implies, same


def _exp_positive(u: Any) -> Formula:
    return compare(">", u)


def _power_positive(w: Any, n: Any, d: Any) -> Formula:
    return implies(both(compare(">", n), compare(">", d)), compare(">", w))


def _power_below_one(w: Any, n: Any, d: Any, e: Any) -> Formula:
    base = both(compare(">", n), compare(">=", d - n))
    weak = implies(both(base, compare(">=", e)), compare(">=", 1 - w))
    strict = implies(both(base, compare("!=", d - n), compare(">", e)), compare(">", 1 - w))
    return both(weak, strict)


def _power_above_one(w: Any, n: Any, d: Any, e: Any) -> Formula:
    weak = implies(both(compare(">", d), compare(">=", n - d), compare(">=", e)), compare(">=", w - 1))
    strict = implies(both(compare(">", d), compare(">", n - d), compare(">", e)), compare(">", w - 1))
    return both(weak, strict)


def _log_upper(value: Any, n: Any, d: Any) -> Formula:
    gap = n - d - d * value
    bound = both(compare(">=", gap), implies(compare("!=", n - d), compare(">", gap)))
    return implies(both(compare(">", n), compare(">", d)), bound)


def _log_lower(value: Any, n: Any, d: Any) -> Formula:
    gap = n * value - n + d
    bound = both(compare(">=", gap), implies(compare("!=", n - d), compare(">", gap)))
    return implies(both(compare(">", n), compare(">", d)), bound)


def _log_order(value: Any, n: Any, d: Any, other: Any, p: Any, q: Any) -> Formula:
    difference = p * d - n * q
    less = same(compare(">", other - value), compare(">", difference))
    equal = same(compare("=", other - value), compare("=", difference))
    return implies(both(*(compare(">", part) for part in (n, d, p, q))), both(less, equal))


def _constant(c: Any, low: Any, high: Any) -> Formula:
    return both(compare(">", c - low), compare(">", high - c))


def _cosine(c: Any, s: Any) -> Formula:
    return compare("=", c**2 + s**2 - 1)


LEMMAS: dict[str, Callable[..., Formula]] = {
    "exp-positive": _exp_positive,
    "power-positive": _power_positive,
    "power-below-one": _power_below_one,
    "power-above-one": _power_above_one,
    "log-upper": _log_upper,
    "log-lower": _log_lower,
    "log-order": _log_order,
    "constant": _constant,
    "cosine": _cosine,
}
