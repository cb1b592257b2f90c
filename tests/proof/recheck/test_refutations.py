"""Refutations again: whatever the search finds against a false claim, the re-check follows."""

from __future__ import annotations

import json

import pytest

from symloss.proof.formulation import formulate
from symloss.proof.portfolio import settle_claim
from symloss.proof.recheck.checking import recheck_goals
from symloss.proof.verdicts import Finding
from tests.proof.losses import spec
from tests.proof.test_admissible import EQUIVARIANT, LOGITS, OUTSIDE
from tests.proof.test_must_fail import FALSE

REFUTED = {
    **{name: FALSE[name] for name in FALSE},
    **{name: OUTSIDE[name] for name in OUTSIDE},
    **{f"equivariance: {kind}": (claim, {"value": no, **LOGITS}) for kind, (claim, _, no) in EQUIVARIANT.items()},
    # Of a line the share of the way from one point to the other cancels.
    "a line is strictly convex": ("{strictly_convex: x}", {"value": "x[n]"}),
    "a line is strictly concave": ("{strictly_concave: x}", {"value": "x[n]"}),
    "a falling line is strictly convex": ("{strictly_convex: x}", {"value": "-x[n]"}),
    "a rotation that is no permutation": (
        "{invariant: rotation, in: z, along: k}",
        {"value": "sum[k](abs(z[n, k]))", **LOGITS},
    ),
}


@pytest.mark.parametrize("name", REFUTED)
def test_a_witness_is_followed(name: str) -> None:
    claim, loss = REFUTED[name]
    probe = spec(claim, **loss)
    found: Finding = settle_claim(probe, probe.claims[0])
    if found.status != "refuted":
        assert name in OUTSIDE  # a bound that no point is found to miss is left open
        return
    stored = {"status": found.status, "scope": found.scope.as_json(), "evidence": found.evidence}
    outcome = recheck_goals(formulate(probe, probe.claims[0]), stored)
    assert outcome.word == "ok", outcome.reason


def test_a_bound_is_reached_at_a_value_of_the_set() -> None:
    loss = {"value": "(x[n] - 1/2)**2", "inputs": "x: {0, 1}"}
    probe = spec("{minimum: 1/4, over: x}", **loss)
    found = settle_claim(probe, probe.claims[0])
    stored = {"status": found.status, "scope": found.scope.as_json(), "evidence": found.evidence}
    assert recheck_goals(formulate(probe, probe.claims[0]), stored).word == "ok"
    other = spec("{minimum: 0, over: x}", **loss)
    part = {"status": "proved", "scope": {"parameters": "all", "sizes": {}}}
    ways = ("bound", "in the domain", "reached")
    parts = [{"name": name, **part, "evidence": {"kind": "identity", "difference": "0"}} for name in ways]
    parts[0]["evidence"] = {"kind": "range", "conclusion": "LessEqual(0, (x[n] - 1/2)**2)", "facts": []}
    evidence = {"kind": "step", "rule": "a bound that is reached", "at": {"x": "1/2"}}
    evidence["of"] = {"kind": "parts", "rule": "a bound that is reached", "parts": parts}
    outcome = recheck_goals(formulate(other, other.claims[0]), {**part, "evidence": evidence})
    assert outcome.word == "wrong", outcome.reason


def test_a_model_satisfies_the_conditions() -> None:
    probe = spec("{positive: value, when: 'x[n] > 3'}", value="x[n]")
    found = settle_claim(probe, probe.claims[0])
    goals = formulate(probe, probe.claims[0])
    stored = {"status": found.status, "scope": found.scope.as_json(), "evidence": dict(found.evidence)}
    assert recheck_goals(goals, stored).word == "ok"
    assert set(stored["evidence"]["model"]["point"]) == {"x[0]"}
    stored["evidence"]["model"] = {**stored["evidence"]["model"], "point": {"x[0]": "2"}}
    assert recheck_goals(goals, stored).word == "wrong"


def test_a_witness_satisfies_the_conditions() -> None:
    probe = spec("{nonnegative: value, when: 'x[n] > 3'}", value="(x[n] - 1)*(5 - x[n])")
    goals = formulate(probe, probe.claims[0])
    for value, word in (("6", "ok"), ("0", "wrong"), ("4", "wrong")):
        evidence = {"kind": "witness", "sizes": {}, "labels": {}, "point": {"x[0]": value}, "gap": ""}
        stored = {"status": "refuted", "scope": {"parameters": "witness", "sizes": {}}, "evidence": evidence}
        assert recheck_goals(goals, stored).word == word


@pytest.mark.parametrize("missing", [0, 1])
def test_a_claim_of_two_directions_needs_both(missing: int) -> None:
    probe = spec("{zero_iff: 'x[n] == 0'}", value="x[n]**2")
    found = settle_claim(probe, probe.claims[0])
    goals = formulate(probe, probe.claims[0])
    stored = {"status": found.status, "scope": found.scope.as_json(), "evidence": dict(found.evidence)}
    assert recheck_goals(goals, stored).word == "ok"
    stored["evidence"]["parts"] = [p for i, p in enumerate(stored["evidence"]["parts"]) if i != missing]
    assert recheck_goals(goals, stored).word == "wrong"


def test_infinity_minus_infinity_is_no_limit() -> None:
    claim = "{limit: 't %s t**2', as: {t: oo}, equals: oo, let: {t: positive}}"
    probe = spec(claim % "+", value="x[n]")
    found = settle_claim(probe, probe.claims[0])
    stored = {"status": "proved", "scope": found.scope.as_json(), "evidence": json.loads(json.dumps(found.evidence))}
    assert recheck_goals(formulate(probe, probe.claims[0]), stored).word == "ok"
    other = spec(claim % "-", value="x[n]")
    (case,) = stored["evidence"]["cases"]
    last = case["lines"].pop()
    square = next(i for i, line in enumerate(case["lines"]) if line["term"] == "t**2")
    case["lines"].append({"term": "-1", "to": "-1", "side": "=", "rule": "constant", "from": []})
    factors = [len(case["lines"]) - 1, square]
    case["lines"].append({"term": "-t**2", "to": "-oo", "side": "", "rule": "product", "from": factors})
    rests = [i if i != square else len(case["lines"]) - 1 for i in last["from"]]
    case["lines"].append({**last, "term": "-t**2 + t", "from": rests})
    outcome = recheck_goals(formulate(other, other.claims[0]), stored)
    assert (outcome.word, outcome.reason) == ("wrong", "oo - oo")
