"""The process in which the second solver runs: answers, a search without end, and what is not well-formed."""

import time

import pytest

from symloss.proof import second_solver

pytestmark = pytest.mark.skipif(not second_solver.version(), reason="cvc5 is not installed")

DECLARED = "(set-logic QF_NRA)(declare-fun a () Real)"
SAT = DECLARED + "(assert (< a 0))(check-sat)"
UNSAT = DECLARED + "(assert (< (* a a) 0))(check-sat)"
#: Three pixels of a mask: neither a step limit nor a time limit of the solver ends its search.
ENDLESS = """
(set-logic QF_NRA)
(declare-fun x1 () Real)
(declare-fun x2 () Real)
(declare-fun x3 () Real)
(declare-fun x4 () Real)
(declare-fun x5 () Real)
(declare-fun x6 () Real)
(declare-fun x7 () Real)
(declare-fun q1 () Real)
(declare-fun k1 () Real)
(assert (>= x1 0))
(assert (>= (+ 1 (- x1)) 0))
(assert (>= x2 0))
(assert (>= (+ 1 (- x2)) 0))
(assert (>= x3 0))
(assert (>= (+ 1 (- x3)) 0))
(assert (>= x4 0))
(assert (>= x5 0))
(assert (>= (+ 1 (- x5)) 0))
(assert (>= x6 0))
(assert (>= (+ 1 (- x6)) 0))
(assert (>= x7 0))
(assert (>= (+ 1 (- x7)) 0))
(assert (or (= (- x5) 0) (= (+ 1 (- x5)) 0)))
(assert (or (= (- x6) 0) (= (+ 1 (- x6)) 0)))
(assert (or (= (- x7) 0) (= (+ 1 (- x7)) 0)))
(assert (or (= (+ x1 x2 x3 x4 x5 x6 x7) 0) (= (+ (- 1) (* q1 (+ x1 x2 x3 x4 x5 x6 x7))) 0)))
(assert (or (not (= (+ (- x1) (- x2) (- x3) (- x4) (- x5) (- x6) (- x7)) 0)) (= k1 0)))
(assert (or (= (+ (- x1) (- x2) (- x3) (- x4) (- x5) (- x6) (- x7)) 0) (= (+ (- 1) k1 (* q1 x4) (* 2 q1 x1 x5) (* 2
  q1 x2 x6) (* 2 q1 x3 x7)) 0)))
(assert (= (- k1) 0))
(assert (not (= (+ x5 (- x1)) 0)))
(check-sat)
"""


def test_answers() -> None:
    assert second_solver.answer(UNSAT) == "unsat"
    assert second_solver.answer(SAT) == "sat"


def test_a_search_without_end_is_ended_and_the_next_question_answered() -> None:
    start = time.process_time()
    assert second_solver.answer(ENDLESS) == "unknown"
    assert second_solver.answer(UNSAT) == "unsat"
    assert time.process_time() - start < 1


def test_what_was_interrupted_answers_no_other_question() -> None:
    from symloss.proof.proving import CutOffError, cut_off

    with pytest.raises(CutOffError), cut_off(0.3):
        second_solver.answer(ENDLESS)
    assert second_solver.answer(SAT) == "sat"
    assert second_solver.answer(UNSAT) == "unsat"


def test_a_script_that_is_not_well_formed() -> None:
    with pytest.raises(ValueError, match="nothing"):
        second_solver.answer("(assert nothing)")
