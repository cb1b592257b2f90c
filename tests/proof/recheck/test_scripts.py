"""Questions to the second solver that are asked case by case."""

from __future__ import annotations

import pytest
import sympy

from symloss.proof.formulation import formulate
from symloss.proof.portfolio import settle_claim
from symloss.proof.recheck import scripts, solvers
from symloss.proof.recheck.checking import recheck_goals
from tests.proof.losses import spec

pytest.importorskip("cvc5")

DECLARED = ["(declare-fun x () Real)", "(declare-fun y () Real)"]
BIT = "(or (= x 0) (= x 1))"


def test_each_alternative_is_asked_about() -> None:
    assert scripts.decided_in_cases(DECLARED, [BIT, "(not (= (* x x) x))"]) == "unsat"
    assert scripts.decided_in_cases(DECLARED, [BIT, "(> x 0)"]) == "sat"
    assert scripts.decided_in_cases(DECLARED, [BIT, "(> y x)", "(< y x)"]) == "unsat"


def test_one_alternative_that_is_possible_is_a_model() -> None:
    assert scripts.decided_in_cases(DECLARED, ["(or (= x 0) (= x 1) (= x 2))", "(> (* x y) 3)", "(= y 2)"]) == "sat"


def test_a_disjunction_of_other_things_is_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(scripts, "second_solver", lambda text: asked.append(text) or "unsat")
    assert scripts.decided_in_cases(DECLARED, ["(or (< x 0) (= x 1))"]) == "unsat"
    assert len(asked) == 1


def test_a_case_without_an_answer_leads_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def solver(text: str) -> str:
        asked.append(text)
        return "unsat" if len(asked) == 1 else "cvc5 gives no answer"

    monkeypatch.setattr(scripts, "second_solver", solver)
    assert scripts.decided_in_cases(DECLARED, [BIT, "(> x 0)"]) == "cvc5 gives no answer"
    assert len(asked) == 3
    assert "(assert (= x" not in asked[-1]


def test_one_over_a_root_that_has_a_name() -> None:
    probe = spec(
        "{gradient: x, in: '[-c, c]'}",
        value="c**2*(sqrt(1 + (x[n]/c)**2) - 1)",
        parameters="c: {default: 1, domain: positive}",
    )
    found = settle_claim(probe, probe.claims[0])
    stored = {"status": found.status, "scope": found.scope.as_json(), "evidence": found.evidence}
    assert recheck_goals(formulate(probe, probe.claims[0]), stored).word == "ok"


def test_powers_of_a_root_are_powers_of_its_name() -> None:
    x, r = sympy.Symbol("x"), sympy.Symbol("r1")
    root = sympy.sqrt(1 + x**2)
    assert solvers._with_root(2 / root, root, r) == 2 / r
    assert solvers._with_root((1 + x**2) ** sympy.Rational(3, 2), root, r) == r**3
    for other in (sympy.sqrt(1 + x), (1 + x**2) ** sympy.Rational(1, 3), 1 / (1 + x**2)):
        assert solvers._with_root(other, root, r) == other
