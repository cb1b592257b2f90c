"""Points that satisfy conditions: equations are solved, orders are put right."""

from __future__ import annotations

import pytest
import sympy

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.problems import Problem
from symloss.proof.search import Search
from tests.proof.losses import settle

A, B, C = (Read(name) for name in "abc")
REAL, POSITIVE = Domain(), Domain("interval", sympy.S.Zero, sympy.oo)


def _admissible(*hypotheses: object, conclusion: object = sympy.S.One, domain: Domain = REAL) -> int:
    problem = Problem(dict.fromkeys((A, B, C), domain), tuple(hypotheses), conclusion)
    search = Search(problem, 1)
    return sum(search.admissible(point) for point in search.points(40))


@pytest.mark.parametrize(
    "hypotheses",
    [
        (atoms.Equal(A, B),),
        (atoms.Equal(A, B * C / 2 + 1),),
        (atoms.Equal(A, B), atoms.Equal(B, C + 1)),
        (atoms.Equal(C * (A - B) ** 2, 0), atoms.Less(0, C)),
        (atoms.Equal(atoms.Absolute(A - B), 1),),
        (atoms.Equal(sympy.exp(B) * (A - C), 0),),
        (atoms.Less(A, B), atoms.Less(B, C)),
    ],
)
def test_conditions_have_points(hypotheses: tuple[object, ...]) -> None:
    assert _admissible(*hypotheses) >= 8


def test_a_condition_that_forces_an_equation_has_its_points_where_the_conclusion_holds() -> None:
    forced = atoms.Equal(A / B - sympy.log(A / B) - 1, 0)
    assert _admissible(forced, domain=POSITIVE) <= 8
    assert _admissible(forced, conclusion=atoms.Equal(A, B), domain=POSITIVE) > 8


def test_a_false_equivalence_is_still_refuted() -> None:
    finding = settle("{zero_iff: 'x[n] == y[n]'}", value="(x[n]**2 - y[n]**2)**2", inputs="x: real; y: real")
    assert finding.status == "refuted"
    finding = settle("{zero_iff: 'x[n] == y[n]'}", value="(x[n] - y[n] - 1)**2", inputs="x: real; y: real")
    assert finding.status == "refuted"
