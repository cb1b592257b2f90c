"""Questions to the second solver that are asked case by case."""

from __future__ import annotations

import pytest

from symloss.proof.recheck import scripts

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
