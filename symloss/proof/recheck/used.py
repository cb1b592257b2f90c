"""The facts that a line of a trace must name, by this module's own table; and whether facts that are named are proved.

A fact is a claim of its own, stored beside those of the losses: a line that names it points to its proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import sympy

from symloss import atoms
from symloss.proof.facts import facts
from symloss.proof.terms import Along

_CURVED = ("convex", "concave")
_SUM = "a sum of convex terms is convex"
_UP = "a convex increasing function of a convex term is convex"
_DOWN = "a convex decreasing function of a concave term is convex"
_ALONG: dict[str, tuple[str, ...]] = {
    "sum": (_SUM,),
    "max": ("a maximum of convex terms is convex",),
    "min": ("a maximum of convex terms is convex",),
    "logsumexp": ("logsumexp of two items is one plus a softplus", "softplus convex", "softplus increasing in x", _UP),
    "norm": ("the triangle inequality of a norm",),
}
#: Functions of one argument as the table of facts names them, with what is said of their direction.
_FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "exp": ("exp", "convex", "increasing in x"),
    "log": ("log", "concave", "increasing in x"),
    "Softplus": ("softplus", "convex", "increasing in x"),
    "Absolute": ("abs", "convex", "even"),
    "LogCosh": ("log_cosh", "convex", "even"),
    "Log1p": ("log1p", "concave", "increasing in x"),
    "Log2": ("log2", "concave", "increasing in x"),
    "Expm1": ("expm1", "convex", "increasing in x"),
    "ExpTail": ("exp_tail", "convex", ""),
    "LogTail": ("log_tail", "convex", ""),
    "Relu": ("relu", "convex", "nondecreasing in x"),
    "Ramp": ("ramp", "convex", "nondecreasing in x"),
    "Maximum": ("maximum", "convex", "nondecreasing in a|nondecreasing in b"),
    "Minimum": ("minimum", "concave", "nondecreasing in a|nondecreasing in b"),
}
#: Functions that a slope of at most 1 is said of.
SLOPE_ONE = {"Absolute": "abs", "Relu": "relu", "Ramp": "ramp", "Softplus": "softplus", "Tanh": "tanh"}
SLOPE_ONE |= {"LogCosh": "log_cosh", "sin": "sin", "cos": "cos"}


def needed(e: Any, rule: str, shape: str, inner: list[str], exponent: tuple[bool, bool] = (False, False)) -> set[str]:
    """What a line about a term must name.

    Args:
        e: the term.
        rule: the rule of the line.
        shape: what the line says that it is.
        inner: what the lines that it rests on say, one for each argument where it is a function.
        exponent: of a power, whether its exponent is at least 1, and at most 0.
    """
    if shape not in _CURVED or rule in ("rewritten", "same value") or isinstance(e, atoms.SlopeAt | atoms.StopGradient):
        return set()
    if rule == "perspective":
        return {"x*log(x/y) is jointly convex"}
    if isinstance(e, sympy.Add):
        return {_SUM}
    if isinstance(e, sympy.Mul):
        return {
            "a nonnegative factor keeps convexity" if shape in inner else "a nonpositive factor turns convexity around"
        }
    if isinstance(e, Along):
        return set(_ALONG[e.operation])
    if isinstance(e, sympy.Pow):
        return _of_power(e, inner, *exponent)
    if isinstance(e, atoms.XLogY):
        same = e.args[0] == e.args[1]
        return {"x*log(x) is convex" if same else "a nonnegative factor times log is concave"}
    name = type(e).__name__
    if name not in _FUNCTIONS:
        return set()
    name, curvature, directions = _FUNCTIONS[name]
    found = {f"{name} {curvature}"}
    for position, one in enumerate(inner):
        if one in _CURVED:
            found.add(f"{name} {directions.split('|')[position]}")
    return found


def _of_power(e: Any, inner: list[str], at_least_one: bool, at_most_zero: bool) -> set[str]:
    if e.exp.is_Integer and e.exp > 0 and e.exp % 2 == 0:
        curved = inner[0] in _CURVED
        return {
            "the square of a nonnegative convex term is convex"
            if curved
            else "an even power of an affine term is convex"
        }
    if at_least_one:
        return {"a power at least 1 bends upward"}
    return {"a power at most 0 bends upward" if at_most_zero else "a power between 0 and 1 bends downward"}


#: Where the values of functions lie.
_VALUES = {
    "Absolute": "abs in [0, oo)",
    "Acos": "acos in [0, pi]",
    "Asin": "asin in [-pi/2, pi/2]",
    "Atan": "atan in (-pi/2, pi/2)",
    "Erf": "erf in (-1, 1)",
    "ExpTail": "exp_tail in [0, oo)",
    "Expm1": "expm1 in (-1, oo)",
    "HalfStep": "half_step in {0, 1/2, 1}",
    "Inside": "inside in {0, 1}",
    "LogCosh": "log_cosh in [0, oo)",
    "LogTail": "log_tail in [0, oo)",
    "Ramp": "ramp in [0, oo)",
    "Relu": "relu in [0, oo)",
    "Sigmoid": "sigmoid in (0, 1)",
    "Sign": "sign in {-1, 0, 1}",
    "Softplus": "softplus in (0, oo)",
    "Step": "step in {0, 1}",
    "Tanh": "tanh in (-1, 1)",
    "Trigamma": "trigamma in (0, oo)",
}
_CONDITIONS = ("And", "Or", "Not", "Less", "LessEqual", "Equal", "NotEqual")


def needed_in_range(condition: Any) -> set[str]:
    """What evidence must name that a condition follows from the ranges of its sides."""
    name = type(condition).__name__
    if name in _CONDITIONS or (isinstance(condition, Along) and condition.operation in ("all", "any")):
        return set().union(*map(needed_in_range, condition.args))
    return set(_of_values(condition))


def unnamed_in_range(condition: Any, named: Iterable[str]) -> str:
    """What is wrong with the facts that the evidence of a range names; "" if nothing is."""
    missing = sorted(needed_in_range(condition) - set(named))
    return f"a range rests on “{missing[0]}”, which its evidence does not name" if missing else ""


def _of_values(e: Any) -> Iterator[str]:
    name = type(e).__name__
    if not e.free_symbols or name in _CONDITIONS:
        return
    if name in _VALUES:
        yield _VALUES[name]
    parts = e.args[1:] if name == "Where" else (e.body,) if isinstance(e, Along) else e.args
    for part in parts:
        yield from _of_values(part)


def named(evidence: Any) -> Iterator[str]:
    """Every fact that some evidence names."""
    if isinstance(evidence, Mapping):
        for key, value in evidence.items():
            yield from value if key == "facts" and _are_names(value) else named(value)
    elif isinstance(evidence, list):
        for value in evidence:
            yield from named(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


@cache
def _known() -> frozenset[str]:
    return frozenset(fact.name for fact in facts())


def without_proof(evidence: Any, stored: Iterable[Mapping[str, Any]] | None) -> str:
    """A fact that some evidence names and that is none, or has no proof where the facts are stored; "" if all have."""
    proved = None if stored is None else {one["claim"] for one in stored if one["status"] in ("proved", "certified")}
    for name in named(evidence):
        if name not in _known():
            return f"there is no fact “{name}”"
        if proved is not None and name not in proved:
            return f"the fact “{name}” is not proved"
    return ""
