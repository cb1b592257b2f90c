"""Samples for verification: inside every domain, and on both sides of what a program compares."""

from collections import Counter

import pytest

from symloss.build import samples
from symloss.build.samples import draw, is_coupled, sizes_for
from symloss.build.sides import Sides
from symloss.language import read_spec
from tests.accuracy.catalogue import NAMES, spec_of
from tests.kernels.harness import LIBRARY, USER_SPECS


def shown(program, seed=64):
    """How many samples are on each side, and all sides that there are."""
    coupled = is_coupled(program)
    sizes = sizes_for(program, batch=8 if coupled else 16, other=3 if coupled else 5)
    sides = Sides(program)
    seen = sides.seen(sizes, draw(program, sizes, seed))
    return Counter(side for at in seen.values() for side in at), sides.all


@pytest.mark.parametrize("name", NAMES)
def test_every_kink_and_branch_of_the_catalogue_is_met_on_both_sides(name):
    counts, sides = shown(spec_of(name).program)
    assert {side for side in sides if counts[side] < 2} == set()


@pytest.mark.parametrize("name", ["beta_nll", "wing", "td_huber", "ppo_clip"])
def test_and_those_of_others(name):
    counts, sides = shown(read_spec(USER_SPECS[name], LIBRARY).program)
    assert sides
    assert {side for side in sides if counts[side] < 2} == set()


def test_plain_normal_numbers_are_on_one_side_of_a_margin(monkeypatch):
    """What the search is for: two embeddings at random are far apart."""
    monkeypatch.setattr(samples, "_ATTEMPTS", 0)
    counts, sides = shown(spec_of("contrastive").program)
    assert len(counts) < len(sides) == 4


def test_the_same_seed_draws_the_same_numbers():
    program = spec_of("contrastive").program
    sizes = sizes_for(program, batch=16, other=5)
    assert draw(program, sizes, 3) == draw(program, sizes, 3) != draw(program, sizes, 4)


def test_moved_samples_satisfy_the_constraints():
    program = spec_of("giou").program
    drawn = draw(program, sizes_for(program, batch=16, other=5), 64)
    for box in (drawn["pred"], drawn["target"]):
        assert all(box[n, 0] < box[n, 2] and box[n, 1] < box[n, 3] for n in range(16))
