"""False claims made out of true ones: none may be proved, and none believed by the re-check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from symloss.build.sources import catalogue
from symloss.proof.facts import facts
from symloss.proof.goals import Goal
from symloss.proof.recheck.checking import recheck_goals
from tests.proof.mutants.certifying import fooled, read, witness
from tests.proof.mutants.making import KINDS, Mutant, mutants

#: Quick losses of several kinds, for every run of the tests: with kinks, logarithms, several items, labels, boxes.
QUICK = ("hinge", "log_cosh", "mae", "quantile", "pairwise_logistic", "kl_standard_normal")
#: And one with claims that are true of one item and of no other number.
QUICK_SOFTMAX = "softmax_cross_entropy_soft"
QUICK_COUNT = 4
#: So many of every loss among the first so many, or fewer where their operations add up to so many.
OF_EACH_LOSS, TRIED, OPERATIONS = 14, 30, 500
#: None that has more operations, or whose witness has more numbers.
LARGEST, NUMBERS = 140, 10
#: Together at least so many, and some of each kind.
OF_ALL, OF_EACH_KIND = 400, 10

Certified = tuple[Mutant, tuple[Goal, ...], dict[str, Any]]


def false_mutants(loss: str, most: int = OF_EACH_LOSS) -> Iterator[Certified]:
    """The first mutants of a loss that a witness shows to be false."""
    path = catalogue()[loss]
    total = 0
    for mutant in mutants(path)[:TRIED]:
        goals = read(mutant, path)
        if goals is None or operations(goals) > LARGEST:
            continue
        against = witness(goals)
        if against is None or len(against["point"]) > NUMBERS:
            continue
        yield mutant, goals, against
        most -= 1
        total += operations(goals)
        if not most or total > OPERATIONS:
            return


def operations(goals: tuple[Goal, ...]) -> int:
    """How large a claim is."""
    return max(sum(term.count_ops() for term in (*goal.terms, *goal.hypotheses)) for goal in goals)


def passed(made: Iterable[Certified], alone: bool = False) -> list[str]:
    """The false claims that the engines prove, alone or behind the refuter, or that the re-check believes."""
    found = []
    for mutant, goals, against in made:
        found += [f"{mutant} is proved"] if fooled(goals, against, alone) else []
        found += [f"{mutant} is believed"] if believed(goals) else []
    return found


@cache
def _every_fact() -> tuple[str, ...]:
    return tuple(fact.name for fact in facts())


def believed(goals: tuple[Goal, ...]) -> bool:
    """Whether the re-check takes a false claim for shown by evidence that says nothing but how it was shown.

    Ranges and identities are shown again from the claim alone, so that nothing in the evidence can hold them up.
    """
    scope = {"parameters": "all", "sizes": {}}
    for kind in ("range", "identity"):
        evidence = {"kind": kind, "difference": "0", "facts": _every_fact()}
        part = {"status": "proved", "scope": scope, "evidence": evidence}
        parts = {"kind": "parts", "rule": "parts", "parts": [{"name": goal.name, **part} for goal in goals]}
        whole = part if len(goals) == 1 else {**part, "evidence": parts}
        # A claim of curvature or the like is shown by steps, which lead to other goals.
        if recheck_goals(goals, whole).word == "ok":
            return True
    return False


@pytest.mark.parametrize("loss", [*QUICK, QUICK_SOFTMAX])
def test_no_false_claim_passes(loss: str) -> None:
    made = list(false_mutants(loss, QUICK_COUNT))
    assert len(made) == QUICK_COUNT
    assert not passed(made, alone=True)


@pytest.mark.slow
@pytest.mark.parametrize("loss", catalogue())
def test_no_false_claim_of_the_catalogue_passes(loss: str) -> None:
    assert not passed(false_mutants(loss))


@pytest.mark.slow
def test_there_are_many_false_claims_of_every_kind_and_loss() -> None:
    """Those of the test before this one, counted."""
    made = [mutant for loss in catalogue() for mutant, _, _ in false_mutants(loss)]
    assert len(made) >= OF_ALL
    kinds = Counter(mutant.kind for mutant in made)
    assert all(kinds[kind] >= OF_EACH_KIND for kind in KINDS), kinds
    assert {mutant.loss for mutant in made} == set(catalogue())


def test_what_is_true_is_proved_by_the_same_way() -> None:
    """It is not that nothing is proved at all."""
    mutant = Mutant("kl_standard_normal", 0, "", "", {"convex": ["mu", "logvar"]})
    goals = read(mutant, catalogue()["kl_standard_normal"])
    assert goals is not None
    assert fooled(goals, {"sizes": {}})
