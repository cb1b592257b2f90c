"""SMT-LIB scripts and the solvers that answer them, bounded by steps and never by time."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import cache
from typing import Any

#: A last safety in milliseconds; a run that reaches it is `unknown`, never a verdict.
_SAFETY = 60_000


def script(names: Iterable[str], assertions: Iterable[str]) -> str:
    """The text of a question: is there a value of every name that satisfies all assertions?"""
    lines = ["(set-logic QF_NRA)", *(f"(declare-fun {name} () Real)" for name in names)]
    return "\n".join([*lines, *(f"(assert {assertion})" for assertion in assertions), "(check-sat)", ""])


@cache
def _package(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def available() -> bool:
    """Whether the first solver is installed."""
    return _package("z3") is not None


def first(text: str, steps: int, seed: int) -> str:
    """What z3 answers within some thousand steps: sat, unsat or unknown."""
    z3 = _package("z3")
    if z3 is None:
        return "unknown"
    solver = z3.SolverFor("QF_NRA")
    solver.set("random_seed", seed)
    solver.set("rlimit", steps * 1000)
    solver.set("timeout", _SAFETY)
    solver.from_string(text)
    try:
        return str(solver.check())
    except z3.Z3Exception:
        return "unknown"


def version_of_first() -> str:
    """Name and version of the first solver."""
    z3 = _package("z3")
    return f"z3 {z3.get_version_string()}" if z3 is not None else ""
