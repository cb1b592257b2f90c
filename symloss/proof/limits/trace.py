"""The trace of a limit: its lines, and what stops a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy

from symloss.proof.terms import Term

OO = sympy.oo
#: The side of the opposite.
FLIPPED = {"+": "-", "-": "+", "=": "=", "": ""}


@dataclass(frozen=True)
class Line:
    """One line of a trace.

    Attributes:
        term: the term.
        to: what it tends to: a term, oo or -oo.
        side: "=" equal in the end, "+" greater in the end, "-" less in the end, "" not known.
        rule: the name of the rule.
        rests_on: earlier lines.
        more: further keys of the evidence.
    """

    term: Term
    to: Term
    side: str
    rule: str
    rests_on: tuple[int, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The line as evidence."""
        found = {"term": str(self.term), "to": str(self.to), "side": self.side, "rule": self.rule}
        return {**found, "from": list(self.rests_on), **self.more}


class SplitError(Exception):
    """The limit depends on which of some conditions holds; exactly one of them does."""

    def __init__(self, conditions: tuple[Term, ...]) -> None:
        super().__init__(str(conditions))
        self.conditions = conditions
