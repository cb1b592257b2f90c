"""Proves all claims of a specification, or takes what is known from the store."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.proof import store

#: An engine that has not ended after so many seconds is cut off; its own limits, which are counts, come long before.
LIMIT = 120.0


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


def known(path: Path, out: Path) -> Proved | None:
    """The stored verdicts of a specification, if they are up to date."""
    stored = store.load(out, path.stem)
    if stored is None or not store.up_to_date(stored, _files(path)):
        return None
    return Proved(path.stem, stored["claims"], [0.0] * len(stored["claims"]), True)


def verdicts_of(path: Path, out: Path | None = None) -> dict[str, dict[str, str]]:
    """What is stored about claims, for pages: by the text of a claim its verdict, scope, engine and summary.

    Args:
        path: the specification.
        out: the folder of generated files; by default that of the catalogue for its losses, ``generated`` for others.
    """
    from symloss.build.sources import catalogue, data_folder
    from symloss.proof.verdicts import scope_text

    shipped = catalogue().get(path.stem) == path
    found = known(path, out or (data_folder("generated") if shipped else Path("generated")))
    return {
        entry["claim"]: {
            "verdict": entry["status"],
            "scope": scope_text(entry["scope"]),
            "engine": entry["engine"],
            "summary": entry["summary"],
        }
        for entry in (found.claims if found is not None else ())
    }


def prove_file(path: Path, out: Path, again: bool = False, limit: float = LIMIT) -> Proved:
    """The verdicts of all claims of one specification.

    A claim that had to be cut off is `unknown`, and nothing is stored then: the clock has no say in what is stored.

    Args:
        path: the specification.
        out: the folder of generated files; the verdicts go to ``proofs/`` in it.
        again: whether to prove afresh what is stored and up to date.
        limit: the seconds after which the engines are cut off, for each claim.

    Raises:
        SpecError: the specification is faulty.
    """
    found = None if again else known(path, out)
    if found is not None:
        return found
    from symloss.build.sources import data_folder
    from symloss.language import SpecLibrary, read_spec
    from symloss.proof.portfolio import settle_claim
    from symloss.proof.verdicts import unknown

    spec = read_spec(path, SpecLibrary([data_folder("specs")]))
    claims: list[dict[str, Any]] = []
    seconds: list[float] = []
    cut = False
    for claim in spec.claims:
        start = time.perf_counter()
        try:
            with cut_off(limit):
                finding = settle_claim(spec, claim)
        except CutOffError:
            cut = True
            finding = unknown(f"cut off: an engine did not end within {limit:g} s")
        seconds.append(time.perf_counter() - start)
        claims.append({"claim": claim.text, "expect": claim.expect, **finding.as_json()})
    if not cut:
        used = {spec.name, *spec.uses, *_called(spec)}
        store.save(out, spec.name, {**_files(path), spec.name: path}, used, claims)
    return Proved(path.stem, claims, seconds, False)


def stale(paths: Iterable[Path], out: Path) -> list[str]:
    """What is not as it should be among the stored verdicts of some specifications and of the facts, in sentences.

    Cheap: only hashes are compared, and those of packages are not.
    """
    found = []
    known_names = set()
    for loss, files in ((store.FACTS, {}), *((path.stem, _files(path)) for path in paths)):
        known_names.add(loss)
        place, stored = store.place(out, loss), store.load(out, loss)
        if stored is None:
            found.append(f"{place} is missing")
        elif not store.as_written(stored):
            found.append(f"{place} is not as it was written: verdicts or evidence were changed")
        elif not store.up_to_date(stored, files, packages=False):
            found.append(f"{place} is stale")
        else:
            found += [f"{place}: {e['claim']}: {e['status']}" for e in stored["claims"] if contradicted(e)]
    surplus = [path for path in sorted((out / "proofs").glob("*.json")) if path.stem not in known_names]
    return found + [f"{path} is surplus" for path in surplus]


def known_facts(out: Path) -> Proved | None:
    """The stored verdicts on the facts that composition rests on, if they are up to date."""
    stored = store.load(out, store.FACTS)
    if stored is None or not store.up_to_date(stored, {}):
        return None
    return Proved(store.FACTS, stored["claims"], [0.0] * len(stored["claims"]), True)


def prove_facts(out: Path, again: bool = False) -> Proved:
    """The verdicts on the facts about atoms and the rules of composition, as if they were the claims of a loss.

    Args:
        out: the folder of generated files; the verdicts go to ``proofs/atoms.json`` in it.
        again: whether to prove afresh what is stored and up to date.
    """
    found = None if again else known_facts(out)
    if found is not None:
        return found
    from symloss.proof.fact_proofs import settle_fact
    from symloss.proof.facts import facts

    claims: list[dict[str, Any]] = []
    seconds: list[float] = []
    for fact in facts():
        start = time.perf_counter()
        finding = settle_fact(fact)
        seconds.append(time.perf_counter() - start)
        claims.append({"claim": fact.name, "expect": "holds", **finding.as_json()})
    store.save(out, store.FACTS, {}, (), claims)
    return Proved(store.FACTS, claims, seconds, False)


class CutOffError(BaseException):
    """The time of a claim is over; no handler of ordinary errors may hold it up."""


@contextmanager
def cut_off(seconds: float) -> Iterator[None]:
    """Raise CutOffError in the block once it has taken too long, where the platform and the thread allow it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise CutOffError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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


def decided(entry: Mapping[str, Any]) -> bool:
    """Whether a claim's verdict settles it as expected."""
    if entry["expect"] == "refuted":
        return bool(entry["status"] == "refuted")
    return entry["status"] in ("proved", "certified")


def contradicted(entry: Mapping[str, Any]) -> bool:
    """Whether a verdict contradicts what the specification expects."""
    opposite = ("proved", "certified") if entry["expect"] == "refuted" else ("refuted",)
    return entry["status"] in opposite
