"""Steps of a certificate as evidence."""

from __future__ import annotations

from typing import Any

from symloss.proof.range_facts import range_facts
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Term
from symloss.proof.verdicts import Evidence


def node(e: Term, rule: str, parts: list[Evidence] | None = None, **more: Any) -> Evidence:
    """One step: that a term is at least 0, by which rule, from which steps."""
    found: Evidence = {"shows": f"0 <= {e}", "rule": rule, **more}
    if parts:
        found["from"] = parts
    return found


def in_range(e: Term, facts: Ranges) -> Evidence:
    """The step that a term is at least 0 by its range, with the facts about functions that the range rests on."""
    return node(e, "range", **range_facts(e, facts))
