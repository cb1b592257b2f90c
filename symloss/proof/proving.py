"""Proves all claims of a specification, or takes what is known from the store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.proof import store

#: The distributions of the extra `[proof]`.
OPTIONAL = ("cvc5", "python-flint", "z3-solver")


@dataclass(frozen=True)
class Proved:
    """The verdicts of one loss.

    Attributes:
        loss: its name.
        claims: one entry per claim: claim, expect, and the finding.
        seconds: per claim; 0 where the verdict comes from the store.
        fresh: whether they come from the store.
    """

    loss: str
    claims: list[dict[str, Any]]
    seconds: list[float]
    fresh: bool


def prove_file(path: Path, out: Path, again: bool = False) -> Proved:
    """The verdicts of all claims of one specification.

    Args:
        path: the specification.
        out: the folder of generated files; the verdicts go to ``proofs/`` in it.
        again: whether to prove afresh what is stored and up to date.

    Raises:
        SpecError: the specification is faulty.
    """
    files = _files(path)
    stored = None if again else store.load(out, path.stem)
    if stored is not None and store.up_to_date(stored, files):
        return Proved(path.stem, stored["claims"], [0.0] * len(stored["claims"]), True)
    from symloss.build.sources import data_folder
    from symloss.language import SpecLibrary, read_spec
    from symloss.proof.portfolio import settle_claim

    spec = read_spec(path, SpecLibrary([data_folder("specs")]))
    claims: list[dict[str, Any]] = []
    seconds: list[float] = []
    for claim in spec.claims:
        start = time.perf_counter()
        finding = settle_claim(spec, claim)
        seconds.append(time.perf_counter() - start)
        claims.append({"claim": claim.text, "expect": claim.expect, **finding.as_json()})
    used = {spec.name, *spec.uses, *_called(spec)}
    store.save(out, spec.name, {**files, spec.name: path}, used, claims, _installed())
    return Proved(spec.name, claims, seconds, False)


def _files(path: Path) -> Mapping[str, Path]:
    from symloss.build.sources import catalogue

    beside = {other.stem: other for other in sorted(path.parent.glob("*.yaml"))}
    return {**beside, **catalogue(), path.stem: path}


def _called(spec: Any) -> set[str]:
    """The losses that claims call, and those that these use."""
    from symloss.language.claims import ClaimExpression

    found: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, ClaimExpression):
            for call in value.checker.calls.values() if value.checker is not None else ():
                found.update((call.loss.name, *call.loss.uses))
        elif isinstance(value, Mapping):
            for part in value.values():
                visit(part)
        elif isinstance(value, tuple | list):
            for part in value:
                visit(part)
        elif hasattr(value, "point"):
            visit(value.point)
        elif hasattr(value, "low"):
            visit((value.low, value.high))

    for claim in spec.claims:
        visit((claim.of, claim.when, claim.arguments, claim.substitute))
    return found


def _installed() -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in OPTIONAL:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    return found


def decided(entry: Mapping[str, Any]) -> bool:
    """Whether a claim's verdict settles it as expected."""
    if entry["expect"] == "refuted":
        return bool(entry["status"] == "refuted")
    return entry["status"] in ("proved", "certified")


def contradicted(entry: Mapping[str, Any]) -> bool:
    """Whether a verdict contradicts what the specification expects."""
    opposite = ("proved", "certified") if entry["expect"] == "refuted" else ("refuted",)
    return entry["status"] in opposite
