"""False claims made out of true ones: none may be proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from symloss.build.sources import catalogue
from tests.proof.mutants.certifying import engines_say, false, read
from tests.proof.mutants.making import Mutant, mutants

SHOWN = ("proved", "certified")
#: Quick losses of several kinds, for every run of the tests: with kinks, logarithms, several items, labels, boxes.
QUICK = ("hinge", "log_cosh", "mae", "quantile", "pairwise_logistic", "kl_standard_normal")
QUICK_COUNT = 4
FEWEST = 300


def false_mutants(loss: str, most: int | None = None) -> list[tuple[Mutant, tuple]]:
    """The mutants of a loss that a witness shows to be false, spread over its claims."""
    path = catalogue()[loss]
    found: list[tuple[Mutant, tuple]] = []
    every = list(mutants(path))
    step = 1 if most is None else max(1, len(every) // (2 * most))
    for mutant in every[::step]:
        given = read(mutant, path)
        if given is not None and false(given[2]):
            found.append((mutant, given[2]))
            if len(found) == most:
                break
    return found


@pytest.mark.parametrize("loss", QUICK)
def test_no_false_claim_is_proved(loss: str) -> None:
    made = false_mutants(loss, QUICK_COUNT)
    assert len(made) >= 2, f"{loss}: only {len(made)} mutants are certified to be false"
    for mutant, goals in made:
        assert engines_say(goals) not in SHOWN, mutant


@pytest.mark.slow
@pytest.mark.parametrize("loss", catalogue())
def test_no_false_claim_of_the_catalogue_is_proved(loss: str, record_property) -> None:
    made = false_mutants(loss)
    record_property("mutants", len(made))
    fooled = [str(mutant) for mutant, goals in made if engines_say(goals) in SHOWN]
    assert not fooled
    assert made or loss in WITHOUT, f"{loss}: no mutant is certified to be false"


#: Losses none of whose mutants is certified to be false.
WITHOUT: frozenset[str] = frozenset()


@pytest.mark.slow
def test_there_are_enough_of_them() -> None:
    assert sum(len(false_mutants(loss)) for loss in catalogue()) >= FEWEST


def test_what_is_true_stays_provable() -> None:
    """The way mutants are tried proves the claims that they were made of: it is not that nothing is proved at all."""
    path: Path = catalogue()["kl_standard_normal"]
    given = read(Mutant("kl_standard_normal", 0, "", {"convex": ["mu", "logvar"]}), path)
    assert given is not None
    assert engines_say(given[2]) in SHOWN
