"""The table of rules: each is reachable, and the pass is deterministic and idempotent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import textbook_programs as programs

from symloss.calculus.stabilise import RULES, stabilise

_FINGERPRINT = """
import sys
sys.path.insert(0, sys.argv[1])
import textbook_programs as programs
from symloss.calculus.stabilise import stabilise
for build in programs.CATALOGUE:
    program, sentences = stabilise(build())
    print(*map(str, program.statements), *sentences, sep="\\n")
"""


def test_every_sentence_is_complete():
    for rule in RULES:
        assert rule.before
        assert rule.after
        assert rule.reason
        assert rule.sentence == f"{rule.before} -> {rule.after}: {rule.reason}"


def test_the_rules_are_used():
    used = {sentence for build in programs.CATALOGUE + programs.EXTRA for sentence in stabilise(build())[1]}
    silent = [rule.before for rule in RULES if rule.sentence not in used and not rule.before.startswith("xlogy")]
    assert not silent


@pytest.mark.parametrize("build", programs.CATALOGUE, ids=lambda build: build.__name__)
def test_a_stable_program_is_left_alone(build):
    once, _ = stabilise(build())
    twice, _ = stabilise(once)
    assert list(map(str, twice.statements)) == list(map(str, once.statements))


def test_the_result_does_not_depend_on_hashing():
    texts = set()
    for seed in ("1", "77"):
        run = subprocess.run(
            [sys.executable, "-c", _FINGERPRINT, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        )
        texts.add(run.stdout)
    assert len(texts) == 1


def test_a_condition_on_the_denominator_needs_no_sums_of_its_own():
    summed = [str(s.body) for s in stabilise(programs.dice())[0].statements if s.operation == "sum"]
    assert len(summed) == 2
