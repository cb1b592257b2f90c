"""Engines of problems at fixed sizes: what they prove, what they must not prove, and that these controls can fail."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import sympy

from symloss import atoms
from symloss.program import Domain, Read, exact_arithmetic
from symloss.proof.engines import PROBLEM_ENGINES, Budget, problem_engine
from symloss.proof.problems import Problem
from symloss.proof.recheck.checking import flat_shown
from symloss.proof.smt import names
from tests.proof.losses import settle

pytest.importorskip("z3")

X, Y, P, A, B = (Read(name) for name in "xypab")
OO = sympy.oo
HALF = sympy.Rational(1, 2)


def interval(low: Any, high: Any, low_closed: bool = True, high_closed: bool = True) -> Domain:
    return Domain("interval", sympy.sympify(low), sympy.sympify(high), low_closed, high_closed)


REAL = Domain()
SHARE = interval(0, 1)
HALF_LINE = interval(0, OO, True, False)


def problem(conclusion: Any, *hypotheses: Any, **variables: Domain) -> Problem:
    return Problem({Read(name): domain for name, domain in variables.items()}, hypotheses, conclusion)


def status(engine: str, given: Problem) -> str | None:
    found = problem_engine(engine).settle(given, Budget())
    return None if found is None else found.status


with exact_arithmetic():
    PROVED = {
        "a square root under its condition": ("solver", problem(atoms.LessEqual(0, sympy.sqrt(X)), x=HALF_LINE)),
        "the tangent of the logarithm": (
            "solver",
            problem(atoms.LessEqual(sympy.log(X), X - 1), x=interval(0, OO, False, False)),
        ),
        "the tangent of the exponential": ("solver", problem(atoms.LessEqual(1 + X, sympy.exp(X)), x=REAL)),
        "softplus less its slant": ("solver", problem(atoms.LessEqual(X, atoms.Softplus(X)), x=REAL)),
        "a power of a share": (
            "solver",
            problem(atoms.LessEqual(P**A, 1), p=interval(0, 1, False), a=HALF_LINE),
        ),
        "a kink on both sides": ("cases", problem(atoms.Equal(atoms.Absolute(X) ** 2, X**2), x=REAL)),
        "one of two alternatives": (
            "cases",
            problem(atoms.LessEqual(1, X**2), atoms.Or(atoms.LessEqual(1, X), atoms.LessEqual(X, -1)), x=REAL),
        ),
        "the larger is not the smaller": (
            "orderings",
            problem(atoms.LessEqual(atoms.Minimum(A, B), atoms.Maximum(A, B)), a=REAL, b=REAL),
        ),
        "a common factor of a maximum": (
            "factors",
            problem(
                atoms.Equal(atoms.Maximum(P * A, P * B) / P, atoms.Maximum(A, B)),
                atoms.Less(P * A, P * B),
                p=interval(0, OO, False, False),
                a=REAL,
                b=REAL,
            ),
        ),
        "a share times its rest": ("coefficients", problem(atoms.LessEqual(0, P - P**2), p=SHARE)),
        "a strict bound": ("coefficients", problem(atoms.Less(0, X + 1), x=HALF_LINE)),
        "the exponential above its parabola": (
            "logs",
            problem(atoms.LessEqual(1 + X + X**2 / 2, sympy.exp(X)), x=HALF_LINE),
        ),
    }

    #: False somewhere, or without a value somewhere.
    NOT_PROVED = {
        "a pole that a quotient hides": (
            "solver",
            problem(atoms.LessEqual(X + 1, (X**2 - 1) / (X - 1)), x=REAL),
        ),
        "the condition of a branch, everywhere": (
            "solver",
            problem(atoms.LessEqual(0, atoms.Where(atoms.LessEqual(0, X), sympy.sqrt(X), -1)), x=REAL),
        ),
        "a logarithm outside its domain": ("solver", problem(atoms.LessEqual(sympy.log(X), X - 1), x=REAL)),
        "the sum of logarithms of negative numbers": (
            "solver",
            problem(atoms.Equal(sympy.log(X**2), 2 * sympy.log(X)), x=REAL),
        ),
        "a strict tangent": (
            "solver",
            problem(atoms.Less(sympy.log(X), X - 1), x=interval(0, OO, False, False)),
        ),
        "a tangent a little lower": (
            "solver",
            problem(atoms.LessEqual(sympy.log(X), X - sympy.Rational(101, 100)), x=interval(0, OO, False, False)),
        ),
        "a power above one": ("solver", problem(atoms.LessEqual(P**A, 1), p=interval(0, 2, False), a=HALF_LINE)),
        "a sign squared is one": ("cases", problem(atoms.Equal(atoms.Sign(X) ** 2, 1), x=REAL)),
        "one of three alternatives": (
            "cases",
            problem(
                atoms.LessEqual(1, X**2),
                atoms.Or(atoms.LessEqual(1, X), atoms.LessEqual(X, -1), atoms.Equal(X, 0)),
                x=REAL,
            ),
        ),
        "the larger is the first": ("orderings", problem(atoms.LessEqual(atoms.Maximum(A, B), A), a=REAL, b=REAL)),
        "a distance is positive": (
            "orderings",
            problem(atoms.Less(0, atoms.Maximum(A, B) - atoms.Minimum(A, B)), a=REAL, b=REAL),
        ),
        "the larger is positive": ("orderings", problem(atoms.LessEqual(0, atoms.Maximum(A, B)), a=REAL, b=REAL)),
        "a tie counts as a step": (
            "orderings",
            problem(
                atoms.Equal(atoms.HalfStep(A - B) + 0 * atoms.Maximum(A, B), atoms.Step(A - B)),
                a=REAL,
                b=REAL,
            ),
        ),
        "a common factor of any sign": (
            "factors",
            problem(atoms.Equal(atoms.Maximum(P * A, P * B), P * atoms.Maximum(A, B)), p=REAL, a=REAL, b=REAL),
        ),
        "a parabola that dips": (
            "coefficients",
            problem(atoms.LessEqual(0, X**2 - X + sympy.Rational(1, 5)), x=HALF_LINE),
        ),
        "an end that is reached": ("coefficients", problem(atoms.Less(0, X), x=HALF_LINE)),
        "a denominator that vanishes": ("coefficients", problem(atoms.LessEqual(0, 1 / X), x=HALF_LINE)),
        "an anchor outside the interval": (
            "logs",
            problem(atoms.LessEqual(0, sympy.exp(X) * (X**2 - X)), x=interval("1/10", "1/5")),
        ),
        "a value at the anchor that is negative": (
            "logs",
            problem(atoms.LessEqual(0, X - 2 - sympy.log(X)), x=interval(1, OO, False, False)),
        ),
        "a pole between the anchor and the point": (
            "logs",
            problem(atoms.LessEqual(0, sympy.exp(X) - sympy.exp(-1) - 1 - 1 / X), x=interval(-1, 1)),
        ),
        "a jump away from the anchor": (
            "logs",
            problem(atoms.LessEqual(0, sympy.exp(X) - 1 - 2 * atoms.Step(X - 1)), x=HALF_LINE),
        ),
        "a condition that leaves the anchor out": (
            "logs",
            problem(atoms.LessEqual(0, sympy.exp(X) * (X**2 - X)), atoms.LessEqual(HALF, X**2), x=HALF_LINE),
        ),
        "a variable that is compared with 0": (
            "orderings",
            problem(
                atoms.LessEqual(atoms.Maximum(A, 0) - A, atoms.Maximum(A, B) - atoms.Minimum(A, B)), a=REAL, b=REAL
            ),
        ),
        "true in some orders": (
            "orderings",
            problem(atoms.LessEqual(atoms.Maximum(A, B) - B, atoms.Maximum(A, P) - P), a=REAL, b=REAL, p=REAL),
        ),
        "the opposite of a condition": (
            "orderings",
            problem(atoms.LessEqual(atoms.Maximum(A, B) - A, 0), atoms.Less(A, B), a=REAL, b=REAL),
        ),
        "equal up to the sign": ("algebra", problem(atoms.Equal(sympy.exp(X), -sympy.exp(X)), x=REAL)),
        "a hypothesis that excludes itself": (
            "bounds",
            problem(atoms.Less(1, X), atoms.Less(0, X), atoms.Less(X, 3), x=REAL),
        ),
        "a bound that is reached": ("bounds", problem(atoms.Less(0, X), x=HALF_LINE)),
        "a peak between two halves": (
            "balls",
            problem(atoms.LessEqual(X * (1 - X) * sympy.sin(3 * X), sympy.Rational(249, 1000)), x=SHARE),
        ),
        "a thin peak": (
            "balls",
            problem(
                atoms.LessEqual(sympy.exp(-((X - sympy.Rational(1, 3)) ** 2)), 1 - sympy.Rational(1, 10**18)), x=SHARE
            ),
        ),
        "the end of a box": ("balls", problem(atoms.LessEqual(sympy.Rational(1, 4), sympy.sin(X)), x=SHARE)),
        "a root of odd order": ("balls", problem(atoms.LessEqual(0, sympy.sin(X)), x=interval(-1, 1))),
        "a hypothesis that holds on a part": (
            "balls",
            problem(atoms.LessEqual(sympy.sin(X), HALF), atoms.LessEqual(HALF, sympy.sin(X) + Y), x=SHARE, y=SHARE),
        ),
        "a function that falls first": (
            "logs",
            problem(atoms.LessEqual(0, X - 1 - 2 * sympy.log(X)), x=interval(1, OO, False, False)),
        ),
    }


@pytest.mark.parametrize("name", PROVED)
def test_a_true_problem_is_proved(name: str) -> None:
    assert status(*PROVED[name]) == "proved"


@pytest.mark.parametrize("name", NOT_PROVED)
@pytest.mark.parametrize("engine", ["own", *PROBLEM_ENGINES, "coefficients"])
def test_a_false_problem_is_proved_by_no_engine(name: str, engine: str) -> None:
    own, given = NOT_PROVED[name]
    # Normal forms are for terms that are defined, as the portfolio shows before it asks.
    if (engine == "own" or engine != own) and (engine, name) != ("algebra", "a pole that a quotient hides"):
        assert status(own if engine == "own" else engine, given) is None


def test_boxes_that_nobody_looked_at_cover_nothing() -> None:
    pytest.importorskip("flint")
    given = problem(atoms.LessEqual(X * (1 - X) * sympy.sin(3 * X), sympy.Rational(26, 100)), x=SHARE)
    assert problem_engine("balls").settle(given, Budget(boxes=2)) is None
    found = problem_engine("balls").settle(given, Budget())
    assert found is not None
    assert found.status == "certified"


def _always_inverse(self: Any, term: Any) -> Any:
    return 1 / term


def _unguarded(given: Any, shown: Any) -> Any:
    return shown


def _plant(monkeypatch: pytest.MonkeyPatch, where: str, name: str, fault: Callable[..., Any]) -> None:
    module = __import__(f"symloss.proof.{where}", fromlist=["_"])
    owner, _, attribute = name.rpartition(".")
    monkeypatch.setattr(getattr(module, owner) if owner else module, attribute or name, fault)


#: A fault, planted in a module, and the control that must notice it.
FAULTS = {
    "a pole that a quotient hides": ("smt.names", "Names.inverse", _always_inverse),
    "the condition of a branch, everywhere": ("smt.names", "implies", _unguarded),
    "a logarithm outside its domain": ("smt.lemmas", "implies", _unguarded),
    "a strict tangent": ("smt.lemmas", "compare", lambda r, t: names.compare({">=": ">"}.get(r, r), t)),
    "a power above one": ("smt.lemmas", "implies", _unguarded),
    "a denominator that vanishes": ("engines.coefficients", "Quantities._without_zero", lambda self, p: True),
    "an end that is reached": ("engines.coefficients", "Quantities._strictly", lambda self, p: self.ring.one),
    "a parabola that dips": ("engines.coefficients", "_one_sign", lambda p: True),
    "the larger is positive": (
        "arrangements",
        "_placed",
        lambda order: {r: (0, *(1,) * i, *(0,) * (len(order) - 1 - i)) for i, r in enumerate(order)},
    ),
    "a common factor of any sign": ("scaling", "_Scaling._is_positive", lambda self, base: base == P),
    "the larger is the first": ("arrangements", "_orders", lambda problem, group: iter([tuple(reversed(group))])),
    "a pole between the anchor and the point": ("engines.logs", "obligations_of", lambda term: ()),
    "a function that falls first": ("engines.logs", "_Removal._side", lambda self, *rest: {}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, given = NOT_PROVED[name]
    _plant(monkeypatch, *FAULTS[name])
    assert status(engine, given) == "proved"


@pytest.mark.parametrize("name", FAULTS)
def test_the_re_check_refuses_what_a_fault_proves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, given = NOT_PROVED[name]
    with monkeypatch.context() as planted:
        _plant(planted, *FAULTS[name])
        found = problem_engine(engine).settle(given, Budget())
    assert found is not None
    with exact_arithmetic():
        assert _refused(given, found.evidence)


def test_the_re_check_asks_for_the_value_at_the_anchor() -> None:
    with exact_arithmetic():
        found = problem_engine("logs").settle(problem(atoms.LessEqual(1, sympy.exp(X)), x=HALF_LINE), Budget())
        assert found is not None
        higher = sympy.Rational(11, 10)
        evidence = {**found.evidence, "of": str(sympy.exp(X) - higher)}
        assert _refused(problem(atoms.LessEqual(higher, sympy.exp(X)), x=HALF_LINE), evidence)


CLAIMS = {
    "log_cosh is below half the square": (
        "{at_most: '(x[n])**2/2'}",
        {"value": "log((exp(x[n]) + exp(-x[n]))/2)"},
    ),
    "the discriminator's optimum": (
        "{argmin: r, of: '-a*log(r) - b*log(1 - r)', let: {a: positive, b: positive, r: '(0, 1)'}, equals: a/(a + b)}",
        {},
    ),
    "the overlap of two intervals": (
        "{at_most: 'x[n] - y[n]', when: 'y[n] <= x[n]'}",
        {"value": "max(0, min(x[n], z[n]) - max(y[n], 0*z[n] + y[n]))", "inputs": "x: real; y: real; z: real"},
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_proved(name: str) -> None:
    claim, loss = CLAIMS[name]
    assert settle(claim, **loss).status == "proved"


@pytest.mark.parametrize("loss", ["(x[n]**2 + x[n])/(x[n] + 1) - x[n] + 1", "where(x[n] < 0, 2, 1/(x[n]*x[n]) + 1)"])
def test_definedness_is_not_assumed(loss: str) -> None:
    assert settle("{at_least: 1}", value=loss).status not in ("proved", "certified")


def test_the_same_evidence_in_every_run_and_for_every_seed() -> None:
    engine, given = PROVED["softplus less its slant"]
    found = [problem_engine(engine).settle(given, Budget(seed=seed)) for seed in (1, 1, 2, 3)]
    assert len({str(one) for one in found}) == 1


@pytest.mark.parametrize("name", PROVED)
def test_the_re_check_agrees(name: str) -> None:
    engine, given = PROVED[name]
    found = problem_engine(engine).settle(given, Budget())
    assert found is not None
    with exact_arithmetic():
        assert flat_shown(given, found.evidence).word == "ok"
        for other in (NOT_PROVED["an end that is reached"][1], NOT_PROVED["a parabola that dips"][1]):
            assert _refused(other, found.evidence)


def _refused(given: Problem, evidence: Any) -> bool:
    """Whether evidence of something else is no evidence of a problem."""
    try:
        return flat_shown(given, evidence).word != "ok"
    except (ValueError, KeyError):
        return True


def test_a_flat_range_names_its_facts() -> None:
    given = problem(atoms.LessEqual(0, atoms.Softplus(X)), x=REAL)
    found = problem_engine("bounds").settle(given, Budget())
    assert found is not None
    with exact_arithmetic():
        assert flat_shown(given, found.evidence).word == "ok"
        assert flat_shown(given, {**found.evidence, "facts": []}).word == "wrong"


def _without_a_gap(evidence: Any) -> None:
    evidence["leaves"][0]["columns"][0].pop()


def _without_leaves(evidence: Any) -> None:
    evidence["leaves"].clear()


def _another_denominator(evidence: Any) -> None:
    evidence["parts"][0]["denominator"] = [["a1", 2, "a1"]]


def _another_anchor(evidence: Any) -> None:
    evidence["anchor"] = "1"


def _no_right_side(evidence: Any) -> None:
    del evidence["right"]


def _half_of_the_cases(evidence: Any) -> None:
    evidence["parts"].pop()


def _the_same_side_twice(evidence: Any) -> None:
    evidence["fails"] = copy.deepcopy(evidence["holds"])


def _fewer_conditions(evidence: Any) -> None:
    evidence["hypotheses"].append("Less(a, 0)")


def _another_statement(evidence: Any) -> None:
    evidence["conclusion"] = "LessEqual(Minimum(a, b), Maximum(a, b))"


def _turned_around(evidence: Any) -> None:
    evidence["hypotheses"] = ["Less(b, a)"]


TAMPERED = {
    "a common factor of a maximum": (_fewer_conditions, _another_statement, _turned_around),
    "the larger is not the smaller": (_without_a_gap, _without_leaves),
    "a share times its rest": (_another_denominator,),
    "the exponential above its parabola": (_another_anchor, _no_right_side),
    "one of two alternatives": (_half_of_the_cases,),
    "a kink on both sides": (_the_same_side_twice,),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_the_re_check_sees_tampering(name: str) -> None:
    engine, given = PROVED[name]
    for tamper in TAMPERED[name]:
        found = problem_engine(engine).settle(given, Budget())
        assert found is not None
        evidence = copy.deepcopy(found.evidence)
        tamper(evidence)
        with exact_arithmetic():
            assert _refused(given, evidence), tamper.__name__


def test_disagreement_of_solvers_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    from symloss.proof import second_solver

    engine, given = PROVED["the tangent of the logarithm"]
    monkeypatch.setattr(second_solver, "answer", lambda text: "sat")
    assert status(engine, given) is None
