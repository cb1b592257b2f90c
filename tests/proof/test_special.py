"""The gamma family by its series, and functions between their values at the ends; what neither may show."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import sympy

from symloss import atoms
from symloss.program import Domain, Read, Tensor, exact_arithmetic
from symloss.proof.fact_proofs import settle_fact
from symloss.proof.facts import Fact, facts
from symloss.proof.goals import Always, Goal
from symloss.proof.recheck.checking import recheck_goals

X = Read("x")
HALF_LINE = Domain("interval", sympy.S.Zero, sympy.oo)
FACTS = {fact.name: fact for fact in facts()}
SPECIAL = [
    name
    for name in FACTS
    if name.startswith(
        ("erf in (", "lgamma", "digamma", "trigamma", "polygamma2", "atan in (", "acos in [", "asin in [")
    )
]


def claimed(condition: Any, domain: Domain) -> Fact:
    goal = next(iter(FACTS.values())).goal
    tensors = {"x": Tensor("x", (), "variable", domain)}
    return Fact(
        "for a test", replace(goal, statement=Always(condition), tensors=tensors, hypotheses=(), obligations=())
    )


def stored(fact: Fact) -> dict[str, Any]:
    return {"claim": fact.name, "expect": "holds", **settle_fact(fact).as_json()}


def test_there_are_thirteen_of_them() -> None:
    assert len(SPECIAL) == 13


@pytest.mark.parametrize("name", SPECIAL)
def test_a_fact_is_proved_and_re_checked(name: str) -> None:
    entry = stored(FACTS[name])
    assert entry["status"] == "proved"
    assert "taken as given" in entry["summary"]
    assert recheck_goals((FACTS[name].goal,), entry).word == "ok"


with exact_arithmetic():
    FALSE = {
        "the sign of the other order": claimed(atoms.Less(0, sympy.polygamma(2, X)), HALF_LINE),
        "a series left of its first pole": claimed(atoms.Less(0, sympy.polygamma(2, X)), Domain()),
        "digamma, which has no such series": claimed(atoms.Less(0, sympy.polygamma(0, X)), HALF_LINE),
        "a bound below the value at the end": claimed(
            atoms.And(atoms.Less(-1, sympy.erf(X)), atoms.Less(sympy.erf(X), sympy.Rational(99, 100))), Domain()
        ),
        "an end that is reached": claimed(
            atoms.And(atoms.Less(-sympy.pi / 2, sympy.asin(X)), atoms.Less(sympy.asin(X), sympy.pi / 2)),
            Domain("interval", -sympy.S.One, sympy.S.One, True, True),
        ),
        "a falling function from its first end": claimed(
            atoms.And(atoms.LessEqual(sympy.pi, sympy.acos(X)), atoms.LessEqual(sympy.acos(X), 0)),
            Domain("interval", -sympy.S.One, sympy.S.One, True, True),
        ),
    }


@pytest.mark.parametrize("name", FALSE)
def test_a_false_statement_is_neither_proved_nor_followed(name: str) -> None:
    assert settle_fact(FALSE[name]).status not in ("proved", "certified")
    for other in ("trigamma in (0, oo)", "polygamma2 in (-oo, 0)", "erf in (-1, 1)", "acos in [0, pi]"):
        assert recheck_goals((FALSE[name].goal,), stored(FACTS[other])).word != "ok"


def evidence_of(goal: Goal, entry: dict[str, Any], change: Any) -> str:
    entry = copy.deepcopy(entry)
    change(entry["evidence"])
    return recheck_goals((goal,), entry).word


@pytest.mark.parametrize(
    "change",
    [
        lambda evidence: evidence.update(rule="a series, item by item"),
        lambda evidence: evidence.update(rule="a monotone function lies between its values at the ends"),
        lambda evidence: evidence["of"]["parts"].clear(),
        lambda evidence: evidence["of"]["parts"][0].update(status="tested"),
        lambda evidence: evidence["of"]["parts"][0].update(evidence={"kind": "none"}),
    ],
)
@pytest.mark.parametrize("name", ["trigamma in (0, oo)", "asin in [-pi/2, pi/2]"])
def test_evidence_that_was_tampered_with_is_noticed(name: str, change: Any) -> None:
    assert evidence_of(FACTS[name].goal, stored(FACTS[name]), change) != "ok"
