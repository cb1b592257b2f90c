"""The facts about functions that a range rests on: where their values lie, and where they increase.

They are claims of their own (`facts`), so that evidence which names them points to their proofs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from symloss import atoms
from symloss.atoms.record import AtomRecord, record_of
from symloss.proof.facts import facts, image_fact
from symloss.proof.ranges import Range, Ranges
from symloss.proof.terms import Along, Term

_LOGIC = (atoms.And, atoms.Or, atoms.Not, atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
#: Functions whose range is that between their values at the ends of their arguments' ranges.
_AT_ENDS = ("exp", "log", "sqrt", "sigmoid", "maximum", "minimum")


def range_facts(condition: Term, ranges: Ranges) -> dict[str, Any]:
    """The facts that the ranges of a condition's sides rest on, as an entry of evidence; none if there are none."""
    found = sorted(set(_of_condition(condition, ranges)) & _known())
    return {"facts": found} if found else {}


@cache
def _known() -> frozenset[str]:
    return frozenset(fact.name for fact in facts())


def _of_condition(condition: Any, ranges: Ranges) -> Iterator[str]:
    """What is compared counts; that a comparison is 0 or 1 does not."""
    if isinstance(condition, _LOGIC) or (isinstance(condition, Along) and condition.operation in ("all", "any")):
        for part in condition.args:
            yield from _of_condition(part, ranges)
        return
    yield from _of_term(condition, ranges)


def _of_term(e: Any, ranges: Ranges) -> Iterator[str]:
    """The conditions of branches and guards bound no value."""
    if not e.free_symbols:
        return
    record = record_of(e)
    if record is not None:
        yield from _of_function(record, e, ranges)
    parts = e.args[1:] if isinstance(e, atoms.Where) else (e.body,) if isinstance(e, Along) else e.args
    for part in () if isinstance(e, _LOGIC) else parts:
        yield from _of_term(part, ranges)


def _of_function(record: AtomRecord, node: Any, ranges: Ranges) -> Iterator[str]:
    yield image_fact(record)
    if record.name not in _AT_ENDS:
        return
    described = zip(record.arguments, record.monotone, record.domains, node.args, strict=False)
    for name, direction, domain, argument in described:
        if not _is_whole(ranges.range(argument), domain):
            yield f"{record.name} {direction} in {name}"


def _is_whole(found: Range | None, domain: Any) -> bool:
    """Whether an argument may be anything inside a domain, so that the ends say nothing beyond the function's image."""
    return found is not None and found.low <= domain.inf and found.high >= domain.sup
