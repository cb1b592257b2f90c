"""Evidence of solvers and covers, written by hand: right as it stands, noticed when anything in it is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.problems import Problem
from symloss.proof.recheck.checking import flat_shown
from symloss.proof.recheck.evaluation import decided
from symloss.proof.recheck.intervals import field

X, P = Read("x", (0,)), Read("p", (0,))
UNIT = Domain("interval", atoms.Sigmoid.record.image.inf, atoms.Sigmoid.record.image.sup, True, True)

pytest.importorskip("cvc5")


def exp_tail() -> Problem:
    import sympy

    return Problem({X: Domain()}, (), atoms.LessEqual(0, sympy.exp(X) - 1 - X))


def script() -> dict[str, Any]:
    """That e^x - 1 - x is not negative, from log u ≤ u - 1 with u = e^x."""
    lemma = "(=> (and (> u 0) (> 1 0)) (and (>= (- u 1 x) 0) (=> (not (= u 1)) (> (- u 1 x) 0))))"
    return {
        "kind": "smt",
        "names": [["x", "x[0]"], ["u", "exp(x[0])"]],
        "assertions": [
            ["lemma", "(> u 0)", "exp-positive", ["u"]],
            ["lemma", lemma, "log-upper", ["x", "u", "1"]],
            ["negation", "(> 0 (- u 1 x))"],
        ],
        "solvers": ["z3", "cvc5"],
    }


def quarter() -> Problem:
    return Problem({P: UNIT}, (), atoms.LessEqual(P * (1 - P), atoms.Sigmoid(0) ** 2))


def cover() -> dict[str, Any]:
    """That p(1 - p) is at most 1/4: a root lemma in the middle, plain leaves at both ends."""
    return {
        "kind": "cover",
        "variables": {"p[0]": ["0", "1"]},
        "substituted": {},
        "statement": "LessEqual(p[0]*(1 - p[0]), 1/4)",
        "tree": "00.r0r.",
        "roots": [{"variable": "p[0]", "at": "1/2", "order": 2}],
    }


def test_they_are_right_as_they_stand() -> None:
    assert flat_shown(exp_tail(), script()).word == "ok"
    assert flat_shown(quarter(), cover()).word == "ok"


def alter_the_lemma(e: dict[str, Any]) -> None:
    e["assertions"][1][1] = e["assertions"][1][1].replace("(>= (- u 1 x) 0)", "(>= (- u 2 x) 0)")


def a_false_lemma_that_hides(e: dict[str, Any]) -> None:
    e["assertions"][1][1] = "(> (* 1000 u) (+ x 1))"
    e["assertions"][1][3] = ["x", "u", "2"]


def a_lemma_about_another_function(e: dict[str, Any]) -> None:
    e["assertions"][1][3] = ["u", "x", "1"]


def another_meaning_of_a_name(e: dict[str, Any]) -> None:
    e["names"][1][1] = "exp(2*x[0])"


def a_hypothesis_that_the_problem_has_not(e: dict[str, Any]) -> None:
    e["assertions"].insert(0, ["hypothesis", "(> x 100)"])


def an_easier_conclusion(e: dict[str, Any]) -> None:
    e["assertions"][-1][1] = "(> (- 1) (- u 1 x))"


def no_conclusion(e: dict[str, Any]) -> None:
    del e["assertions"][-1]


def two_conclusions(e: dict[str, Any]) -> None:
    e["assertions"].append(["negation", "(> 0 1)"])


def without_the_lemma(e: dict[str, Any]) -> None:
    del e["assertions"][1]


SCRIPTS = (
    alter_the_lemma,
    a_false_lemma_that_hides,
    a_lemma_about_another_function,
    another_meaning_of_a_name,
    a_hypothesis_that_the_problem_has_not,
    an_easier_conclusion,
    no_conclusion,
    two_conclusions,
    without_the_lemma,
)


@pytest.mark.parametrize("change", SCRIPTS, ids=lambda change: change.__name__)
def test_a_changed_script_is_wrong(change: Callable[[dict[str, Any]], None]) -> None:
    evidence = copy.deepcopy(script())
    change(evidence)
    assert flat_shown(exp_tail(), evidence).word == "wrong"


def test_a_proof_of_something_false_is_wrong_whatever_its_evidence() -> None:
    import sympy

    false = Problem({X: Domain()}, (), atoms.LessEqual(0, sympy.exp(X) - 2 - X))
    assert flat_shown(false, script()).word == "wrong"
    assert flat_shown(false, {"kind": "something new"}).word == "wrong"


def a_leaf_less(e: dict[str, Any]) -> None:
    e["tree"] = e["tree"][:-1]


def a_leaf_more(e: dict[str, Any]) -> None:
    e["tree"] += "."


def a_smaller_box(e: dict[str, Any]) -> None:
    e["variables"]["p[0]"] = ["1/4", "1"]


def an_easier_statement(e: dict[str, Any]) -> None:
    e["statement"] = "LessEqual(p[0]*(1 - p[0]) - 1, 1/4)"


def another_statement(e: dict[str, Any]) -> None:
    e["statement"] = "Less(-1, p[0])"


COVERS = (a_leaf_less, a_leaf_more, a_smaller_box)


@pytest.mark.parametrize("change", COVERS, ids=lambda change: change.__name__)
def test_a_changed_cover_is_wrong(change: Callable[[dict[str, Any]], None]) -> None:
    evidence = copy.deepcopy(cover())
    change(evidence)
    assert flat_shown(quarter(), evidence).word == "wrong"


def test_a_leaf_that_nothing_decides_is_not_confirmed() -> None:
    evidence = {**cover(), "tree": ".", "roots": []}
    assert flat_shown(quarter(), evidence).word == "not re-checked"
    evidence = {**cover(), "roots": [{"variable": "p[0]", "at": "1/3", "order": 2}]}
    assert flat_shown(quarter(), evidence).word == "not re-checked"


def test_a_leaf_on_which_no_condition_fails_is_not_excluded() -> None:
    assert flat_shown(quarter(), {**cover(), "tree": "x", "roots": []}).word == "not re-checked"


def test_a_box_that_does_not_reach_all_values_of_a_variable_is_wrong() -> None:
    """The logistic function is at most 3/4 for negative log-odds alone."""
    import sympy

    three = sympy.Rational(3, 4)
    given = Problem({X: Domain()}, (), atoms.LessEqual(sympy.exp(X) / (1 + sympy.exp(X)), three))
    evidence = {
        "kind": "cover",
        "variables": {"p1": ["0", "3/4"]},
        "substituted": {"x[0]": "log(p1/(1 - p1))"},
        "statement": "LessEqual(p1, 3/4)",
        "tree": ".",
        "roots": [],
    }
    assert flat_shown(given, evidence).word == "wrong"
    whole = Problem({X: Domain()}, (), atoms.LessEqual(sympy.exp(X) / (1 + sympy.exp(X)), 1))
    assert (
        flat_shown(whole, {**evidence, "variables": {"p1": ["0", "1"]}, "statement": "LessEqual(p1, 1)"}).word == "ok"
    )


def test_a_cover_of_a_false_statement_is_wrong() -> None:
    import sympy

    false = Problem({P: UNIT}, (), atoms.LessEqual(P * (1 - P), sympy.Rational(1, 5)))
    assert flat_shown(false, cover()).word == "wrong"
    for statement in ("Less(-1, p[0])", "LessEqual(p[0]*(1 - p[0]) - 1, 1/4)"):
        assert flat_shown(false, {**cover(), "statement": statement, "tree": ".", "roots": []}).word == "wrong"


@pytest.mark.parametrize("balls", [True, False])
def test_both_fields_enclose_what_they_compute(balls: bool) -> None:
    from fractions import Fraction

    import mpmath

    arithmetic = field(80, balls)
    for text in ("1/3", "-7/2", "22/7"):
        x = Fraction(text)
        with mpmath.workprec(300):
            exact = mpmath.exp(mpmath.mpf(x.numerator) / x.denominator)
            ends = arithmetic.ends(arithmetic.function("exp", arithmetic.rational(x)))
            assert ends is not None
            low, high = (mpmath.mpf(end.numerator) / end.denominator for end in ends)
            assert low <= exact <= high
            assert high - low < exact * mpmath.mpf(2) ** -70
    ends = arithmetic.ends(arithmetic.between(Fraction(1, 3), Fraction(22, 7)))
    assert ends is not None
    assert ends[0] <= Fraction(1, 3)
    assert ends[1] >= Fraction(22, 7)


def test_what_enclosures_leave_open_stays_open() -> None:
    import sympy

    two = sympy.log(6) - sympy.log(3) - sympy.log(2)
    assert decided(lambda e: e.truth(atoms.Equal(two, 0)), {}, {}) is None
    assert decided(lambda e: e.truth(atoms.Less(two, sympy.Rational(1, 10**30))), {}, {}) is True
