"""False claims made out of true ones: none may be proved."""

from __future__ import annotations

from typing import Any

import pytest

from symloss.build.sources import catalogue
from symloss.proof.goals import Goal
from symloss.proof.recheck.checking import recheck_goals
from tests.proof.mutants.certifying import fooled, read, witness
from tests.proof.mutants.making import Mutant, mutants

#: Quick losses of several kinds, for every run of the tests: with kinks, logarithms, several items, labels, boxes.
QUICK = ("hinge", "log_cosh", "mae", "quantile", "pairwise_logistic", "kl_standard_normal")
QUICK_COUNT = 4
FEWEST = 300


def false_mutants(loss: str, most: int | None = None) -> list[tuple[Mutant, tuple[Goal, ...], dict[str, Any]]]:
    """The mutants of a loss that a witness shows to be false, spread over its claims."""
    path = catalogue()[loss]
    found = []
    every = list(mutants(path))
    step = 1 if most is None else max(1, len(every) // (2 * most))
    for mutant in every[::step]:
        goals = read(mutant, path)
        against = None if goals is None else witness(goals)
        if goals is not None and against is not None:
            found.append((mutant, goals, against))
            if len(found) == most:
                break
    return found


@pytest.mark.parametrize("loss", QUICK)
def test_no_false_claim_is_proved(loss: str) -> None:
    made = false_mutants(loss, QUICK_COUNT)
    assert len(made) >= 2, f"{loss}: only {len(made)} mutants are certified to be false"
    for mutant, goals, against in made:
        assert not fooled(goals, against), mutant


@pytest.mark.slow
def test_no_false_claim_of_the_catalogue_is_proved() -> None:
    count, shown = 0, []
    for loss in catalogue():
        for mutant, goals, against in false_mutants(loss):
            count += 1
            if fooled(goals, against):
                shown.append(str(mutant))
    assert not shown
    assert count >= FEWEST


def test_what_is_true_is_proved_by_the_same_way() -> None:
    """It is not that nothing is proved at all."""
    mutant = Mutant("kl_standard_normal", 0, "", {"convex": ["mu", "logvar"]})
    goals = read(mutant, catalogue()["kl_standard_normal"])
    assert goals is not None
    assert fooled(goals, {"sizes": {}})


def believed(goals: tuple[Goal, ...]) -> bool:
    """Whether the re-check takes a false claim for shown by evidence that says nothing but how it was shown.

    Ranges and identities are shown again from the claim alone, so that nothing in the evidence can hold them up.
    """
    scope = {"parameters": "all", "sizes": {}}
    for kind in ("range", "identity"):
        part = {"status": "proved", "scope": scope, "evidence": {"kind": kind, "difference": "0"}}
        parts = {"kind": "parts", "rule": "parts", "parts": [{"name": goal.name, **part} for goal in goals]}
        whole = part if len(goals) == 1 else {**part, "evidence": parts}
        # A claim of curvature or the like is shown by steps, which lead to other goals.
        if recheck_goals(goals, whole).word == "ok":
            return True
    return False


@pytest.mark.parametrize("loss", [*QUICK, "listnet", "huber"])
def test_the_re_check_believes_no_false_claim(loss: str) -> None:
    for mutant, goals, _ in false_mutants(loss, QUICK_COUNT):
        assert not believed(goals), mutant


@pytest.mark.slow
def test_the_re_check_believes_no_false_claim_of_the_catalogue() -> None:
    made = [(mutant, goals) for loss in catalogue() for mutant, goals, _ in false_mutants(loss)]
    assert not [str(mutant) for mutant, goals in made if believed(goals)]
    assert len(made) >= FEWEST
