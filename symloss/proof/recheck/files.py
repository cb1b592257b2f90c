"""Re-checks everything that is stored about a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symloss.build.sources import data_folder
from symloss.errors import SymlossError
from symloss.language import SpecLibrary, read_spec
from symloss.proof import store
from symloss.proof.facts import facts
from symloss.proof.recheck.checking import recheck_claim, recheck_goals
from symloss.proof.recheck.outcome import Outcome, wrong
from symloss.proof.recheck.used import without_proof


@dataclass(frozen=True)
class Rechecked:
    """The outcomes for one loss.

    Attributes:
        loss: its name.
        claims: the stored entries.
        outcomes: one per entry.
    """

    loss: str
    claims: list[dict[str, Any]]
    outcomes: list[Outcome]


def recheck_file(path: Path, out: Path) -> Rechecked:
    """Re-check the stored evidence of one specification.

    Args:
        path: the specification.
        out: the folder of generated files; the verdicts lie under ``proofs/`` in it.

    Raises:
        SpecError: the specification is faulty.
        SymlossError: nothing is stored about it.
    """
    spec = read_spec(path, SpecLibrary([data_folder("specs")]))
    stored = store.load(out, path.stem)
    if stored is None:
        raise SymlossError(f"{store.place(out, path.stem)} holds no verdicts; `symloss prove {path.stem}` writes them")
    entries = stored["claims"]
    beside = store.load(out, store.FACTS)
    if stored.get("loss") != spec.name:
        return Rechecked(path.stem, entries, [wrong(f"the evidence is that of {stored.get('loss')}")] * len(entries))
    found = []
    for number, entry in enumerate(entries):
        claim = spec.claims[number] if number < len(spec.claims) else None
        if claim is None or claim.text != entry["claim"] or claim.expect != entry["expect"]:
            found.append(wrong("the specification does not make this claim"))
            continue
        fault = without_proof(entry["evidence"], beside["claims"] if beside is not None else None)
        found.append(wrong(fault) if fault else _guarded(recheck_claim, spec, claim, entry))
    missing = len(spec.claims) - len(entries)
    if missing > 0:
        lost = [{"claim": claim.text, "expect": claim.expect, "status": "unknown"} for claim in spec.claims[-missing:]]
        return Rechecked(
            spec.name, [*entries, *lost], [*found, *[wrong("nothing is stored about this claim")] * missing]
        )
    return Rechecked(path.stem, entries, found)


def recheck_facts(out: Path) -> Rechecked:
    """Re-check the stored evidence of the facts that composition rests on.

    Raises:
        SymlossError: nothing is stored about them.
    """
    stored = store.load(out, store.FACTS)
    if stored is None:
        raise SymlossError(
            f"{store.place(out, store.FACTS)} holds no verdicts; `symloss prove {store.FACTS}` writes them"
        )
    goals = {fact.name: fact.goal for fact in facts()}
    found = []
    for number, entry in enumerate(stored["claims"]):
        goal = goals.get(entry["claim"])
        known = goal is not None and entry["expect"] == "holds"
        # A fact may rest on earlier ones alone, so that none rests on itself.
        fault = without_proof(entry["evidence"], stored["claims"][:number])
        if fault:
            found.append(wrong(fault))
            continue
        found.append(_guarded(recheck_goals, (goal,), entry) if known else wrong("there is no such fact"))
    return Rechecked(store.FACTS, stored["claims"], found)


def _guarded(check: Callable[..., Outcome], *arguments: Any) -> Outcome:
    """The outcome; evidence that is not even well-formed is wrong."""
    try:
        return check(*arguments)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as fault:
        return wrong(f"the evidence is ill-formed ({type(fault).__name__}: {fault})")
