"""The normal form in unknowns, and scripts whose conclusion it finds."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from symloss import atoms
from symloss.program import Domain, Read, Tensor
from symloss.proof.goals import Curvature, Goal
from symloss.proof.problems import Problem
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.following import follows
from symloss.proof.recheck.identities import agree, random_points, vanishes
from symloss.proof.recheck.solvers import smt
from symloss.proof.recheck.traces import composition
from symloss.proof.recheck.unknowns import equal, same_relation, signed
from symloss.proof.second_solver import version

Z, P = Read("z"), Read("p")
UNIT = Domain("interval", sympy.S.Zero, sympy.S.One)
KNOWN = Knowledge({"z": Tensor("z", (), "variable", Domain()), "p": Tensor("p", (), "variable", UNIT)})
E = sympy.exp


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (sympy.log(atoms.Sigmoid(Z)), Z - atoms.Softplus(Z), True),
        (sympy.log(atoms.Sigmoid(Z)), -atoms.Softplus(Z), False),
        (sympy.log(1 - P) - sympy.log(P), sympy.log((1 - P) / P), True),
        (sympy.log(Z**2), 2 * sympy.log(Z), False),
        ((1 - P) ** (Z + 2), (1 - P) ** Z * (1 - P) ** 2, True),
        ((1 - P) ** (Z + 2), (1 - P) ** Z * (1 - P), False),
        (atoms.Absolute(Z * P - P), P * atoms.Absolute(1 - Z), True),
        (atoms.Absolute(Z * P - P), P * (Z - 1), False),
    ],
)
def test_terms_that_are_equal(a: Any, b: Any, same: bool) -> None:
    assert equal(KNOWN, a, b) is same


@pytest.mark.parametrize(
    ("difference", "zero"),
    [
        (E(Z) * E(-Z) - 1, True),
        (E(-Z) - E(Z), False),
        (E(Z / 2) ** 2 - E(Z), True),
        (E(2 * Z) - E(Z), False),
        (E(sympy.log(P) + Z) - P * E(Z), True),
        (1 / (1 + E(-Z)) - E(Z) / (1 + E(Z)), True),
        (1 / (1 + E(Z)) - E(Z) / (1 + E(Z)), False),
    ],
)
def test_polynomials_in_exponentials_at_points_and_as_polynomials(difference: Any, zero: bool) -> None:
    assert vanishes(difference) is zero
    domains = {Z: Domain(), P: UNIT}
    same, different = agree(difference, random_points([Z, P], domains), {})
    assert (different == 0) is zero
    assert (same > 0) is zero


@pytest.mark.parametrize(
    ("e", "strict", "seen"),
    [
        (E(Z) + E(-Z), True, True),
        (E(Z) - E(-Z), True, False),
        ((E(Z) - 1) ** 2, False, True),
        ((E(Z) - 1) ** 2, True, False),
        (-((E(Z) - 1) ** 2), False, False),
        (P * (1 - P), True, True),
        (P * (P - 1), False, False),
    ],
)
def test_signs(e: Any, strict: bool, seen: bool) -> None:
    assert signed(KNOWN, e, strict) is seen


def test_a_positive_factor_keeps_a_relation_and_another_does_not() -> None:
    other = atoms.Softplus(Z) - Z / 2
    assert same_relation(KNOWN, (1 + E(Z)) * (2 * sympy.log(1 + E(Z)) - Z), other)
    assert not same_relation(KNOWN, Z * (2 * sympy.log(1 + E(Z)) - Z), other)
    assert not same_relation(KNOWN, -(2 * sympy.log(1 + E(Z)) - Z), other)


def test_quotients_are_compared_over_one_denominator() -> None:
    assert follows(KNOWN, atoms.Less(P / (1 + P), 1))
    assert not follows(KNOWN, atoms.Less(2 * P / (1 + P), sympy.Rational(1, 2)))


@pytest.mark.skipif(not version(), reason="cvc5 is not installed")
def test_a_script_about_a_function_without_a_name() -> None:
    problem = Problem(variables={Z: Domain()}, hypotheses=(), conclusion=atoms.LessEqual(Z, atoms.Softplus(Z)))
    # The gap is log((1 + u)/u).
    text = "(=> (> u1 0) (>= (* (+ 1 u1) (- l1 x1)) 1))"
    evidence = {
        "kind": "smt",
        "names": [["u1", "exp(z)"], ["x1", "z"], ["l1", "log(exp(z) + 1)"]],
        "assertions": [
            ["lemma", "(> u1 0)", "exp-positive", ["u1"]],
            ["lemma", text, "log-lower", ["(- l1 x1)", "(+ 1 u1)", "u1"]],
            ["negation", "(> (- x1 l1) 0)"],
        ],
    }
    assert smt(problem, evidence).word == "ok"
    for other in ("(> (- x1 l1 1) 0)", "(> (- (* 2 x1) l1) 0)", "(>= (- x1 l1 1) 0)", "(> (- u1) 0)"):
        changed = {**evidence, "assertions": [*evidence["assertions"][:-1], ["negation", other]]}
        assert smt(problem, changed).word != "ok", other


def test_a_rewritten_term_has_the_same_form() -> None:
    lines = [
        {"term": "z", "is": "affine", "rule": "variable", "from": [], "facts": []},
        {"term": "Softplus(z)", "is": "convex", "rule": "softplus: convex", "from": [0], "facts": ["softplus convex"]},
    ]

    def word(term: Any) -> str:
        goal = Goal("probe", "", Curvature("convex", term, ("z",)), KNOWN.tensors, {})
        last = {"term": str(term), "is": "convex", "rule": "rewritten", "from": [1], "facts": []}
        return composition(goal, {"lines": [*lines, last]}, "convex").word

    assert word(-sympy.log(1 - atoms.Sigmoid(Z))) == "ok"
    assert word(atoms.Softplus(Z) - Z) != "ok"
    assert word(sympy.log(1 + atoms.Sigmoid(Z))) != "ok"
