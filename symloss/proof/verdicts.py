"""Verdicts: a word, the scope that it holds for, the engine, and the evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: From the strongest word to the weakest; of several parts of a claim the weakest counts.
STRENGTH = ("proved", "certified", "tested", "unknown")
#: Words that decide a claim.
DECISIVE = ("proved", "certified", "refuted")

Evidence = dict[str, Any]

_MADE_UP = re.compile(r"''(\d+)")


@dataclass(frozen=True)
class Scope:
    """What a verdict holds for.

    Attributes:
        parameters: "all" values in the claim's ranges, "witness" (one point, of a refutation), "box" (the evidence
            names it), or "sample".
        sizes: per axis whose size matters the sizes, or None for every size.
    """

    parameters: str = "all"
    sizes: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)

    def met(self, other: Scope) -> Scope:
        """What holds for both."""
        order = ("all", "witness", "box", "sample")
        sizes = dict(self.sizes)
        for axis, some in other.sizes.items():
            known = sizes.get(axis)
            if axis not in sizes or known is None:
                sizes[axis] = some
            elif some is not None:
                sizes[axis] = tuple(sorted(set(known) & set(some)))
        return Scope(max(self.parameters, other.parameters, key=order.index), dict(sorted(sizes.items())))

    def __str__(self) -> str:
        sizes = [f"{axis} = {', '.join(map(str, some))}" for axis, some in self.sizes.items() if some is not None]
        every = "every size" if not sizes else "; ".join(sizes)
        return f"{_PARAMETERS[self.parameters]}, {every}"

    def as_json(self) -> dict[str, Any]:
        """The scope as JSON."""
        return {
            "parameters": self.parameters,
            "sizes": {axis: "every" if some is None else list(some) for axis, some in self.sizes.items()},
        }


def scope_text(scope: Mapping[str, Any]) -> str:
    """A stored scope in words: "all values; every k"."""
    words = _PARAMETERS[scope["parameters"]]
    if scope["parameters"] == "witness":
        return words
    some = [f"{axis} = {', '.join(map(str, sizes))}" for axis, sizes in scope["sizes"].items() if sizes != "every"]
    every = [f"every {axis}" for axis, sizes in scope["sizes"].items() if sizes == "every"]
    return "; ".join([words, *every, *some])


_PARAMETERS = {"all": "all values", "witness": "one point", "box": "a box", "sample": "a sample"}


@dataclass(frozen=True)
class Finding:
    """What an engine says about a goal or a problem."""

    status: str
    engine: str
    evidence: Evidence
    scope: Scope = Scope()
    summary: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON.

        Bound axes that an engine made up, ``k''17``, are numbered anew: their numbers tell what a process did before.
        """
        whole = {
            "status": self.status,
            "scope": self.scope.as_json(),
            "engine": self.engine,
            "summary": self.summary,
            "evidence": self.evidence,
        }
        numbers: dict[str, int] = {}
        text = _MADE_UP.sub(
            lambda found: f"''{numbers.setdefault(found[1], len(numbers) + 1)}", json.dumps(whole, ensure_ascii=False)
        )
        return dict(json.loads(text))


def unknown(reason: str) -> Finding:
    """No verdict, and why."""
    return Finding("unknown", "none", {"kind": "none", "tried": reason}, Scope("sample"), reason)


def together(parts: Iterable[tuple[str, Finding]], rule: str = "parts") -> Finding:
    """The finding about a claim that holds if all its parts do."""
    named = list(parts)
    refuted = next((finding for _, finding in named if finding.status == "refuted"), None)
    if refuted is not None:
        return refuted
    if len(named) == 1 and rule == "parts":
        return named[0][1]
    weakest = max((finding for _, finding in named), key=lambda finding: STRENGTH.index(finding.status))
    scope = named[0][1].scope
    for _, finding in named[1:]:
        scope = scope.met(finding.scope)
    engines = "+".join(dict.fromkeys(finding.engine for _, finding in named))
    evidence = {"kind": "parts", "rule": rule, "parts": [{"name": name, **f.as_json()} for name, f in named]}
    summary = "; ".join(dict.fromkeys(finding.summary for _, finding in named if finding.summary))
    return Finding(weakest.status, engines, evidence, scope, summary)
