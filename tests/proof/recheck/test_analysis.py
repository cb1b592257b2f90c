"""Evidence of analysis: what was proved is re-checked, and what was changed in it is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symloss.build.sources import data_folder
from symloss.language import SpecLibrary, read_spec
from symloss.proof import store
from symloss.proof.proving import prove_file
from symloss.proof.recheck import recheck_file
from symloss.proof.recheck.checking import recheck_claim

LOSS = """symloss: 1
name: probe
title: A loss for tests
axes: {n: batch}
inputs:
  x: {axes: [n], role: prediction, domain: real}
parameters:
  delta: {domain: positive, default: 1}
value: "where(abs(x[n]) <= delta, x[n]**2/2, delta*(abs(x[n]) - delta/2))"
claims:
  - {smooth: x, order: 1}
  - {smooth: x, order: 2, expect: refuted}
  - {convex: x}
  - {limit: value, as: {delta: oo}, equals: "x[n]**2/2"}
  - {limit: "1/(1 + exp(-2*x[n]))", as: {x: oo}, equals: 1}
  - {argmin: D, equals: "a/(a + b)", of: "-a*log(D) - b*log(1 - D)", let: {a: positive, b: positive, D: "(0, 1)"}}
  - {minimum: 1, over: s, of: "abs(s) + 1", let: {s: real}}
  - {equals: "integral[s, -oo, oo](exp(-s**2/2)/sqrt(2*pi)*s**2)", of: "x[n] - x[n] + 1"}
  - {lipschitz: s, constant: none, of: "s**2", let: {s: positive}}
"""
SMOOTH, JUMP, CONVEX, BRANCH, TENDS, ARGUMENT, REACHED, MOMENTS, STEEP = range(9)
Entries = list[dict[str, Any]]
#: What is proved once serves all tests of one worker.
pytestmark = pytest.mark.xdist_group("analysis")


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("analysis")
    path = folder / "probe.yaml"
    path.write_text(LOSS)
    prove_file(path, folder)
    return path, folder


def test_what_was_not_changed_is_ok(proved: tuple[Path, Path]) -> None:
    stored = store.load(proved[1], "probe")
    assert stored is not None
    rules = [entry["evidence"].get("rule", entry["evidence"]["kind"]) for entry in stored["claims"]]
    assert rules == [
        "pieces that fit at their seams",
        "derivatives agree at a seam",
        "convex pieces whose slopes rise at the seams",
        "limit",
        "a limit of a term that is defined",
        "the stationary point of a strictly convex term",
        "a bound that is reached",
        "Gaussian moments",
        "the slope is unbounded along a family",
    ]
    assert [outcome.word for outcome in recheck_file(*proved).outcomes] == ["ok"] * len(rules)


def part(evidence: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in evidence["of"]["parts"] if one["name"].endswith(name))


def lines(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    while evidence["kind"] == "step":
        evidence = part(evidence, "limit")["evidence"]
    found: list[dict[str, Any]] = evidence["cases"][0]["lines"]
    return found


def a_piece_removed(entries: Entries) -> int:
    evidence = entries[SMOOTH]["evidence"]
    evidence["pieces"].pop()
    evidence["of"]["parts"] = [one for one in evidence["of"]["parts"] if "piece 3" not in one["name"]]
    return SMOOTH


def a_convex_piece_removed(entries: Entries) -> int:
    evidence = entries[CONVEX]["evidence"]
    evidence["pieces"].pop()
    evidence["of"]["parts"] = [one for one in evidence["of"]["parts"] if "piece 3" not in one["name"]]
    return CONVEX


def another_piece(entries: Entries) -> int:
    entries[CONVEX]["evidence"]["pieces"][0]["term"] = "x[n]**2"
    return CONVEX


def a_smaller_piece(entries: Entries) -> int:
    entries[SMOOTH]["evidence"]["pieces"][0]["where"].append("LessEqual(1, x[n])")
    return SMOOTH


def a_part_left_out(entries: Entries) -> int:
    parts = entries[CONVEX]["evidence"]["of"]["parts"]
    parts.remove(next(one for one in parts if one["name"].endswith("piece 0 and piece 1, derivative 0")))
    parts.append(json.loads(json.dumps(parts[0])))
    return CONVEX


def a_seam_of_another_order(entries: Entries) -> int:
    entries[SMOOTH]["evidence"]["order"] = "2"
    return SMOOTH


def smoother_than_it_is(entries: Entries) -> int:
    taken = json.loads(json.dumps(entries[SMOOTH]))
    taken["evidence"]["order"] = "2"
    entries[JUMP].update({key: taken[key] for key in ("status", "evidence", "scope", "engine")})
    return JUMP


def a_jump_of_another_order(entries: Entries) -> int:
    entries[JUMP]["evidence"]["order"] = "1"
    return JUMP


def a_jump_away_from_the_seam(entries: Entries) -> int:
    entries[JUMP]["evidence"]["of"]["point"]["x[0]"] = "1/64"
    return JUMP


def a_jump_of_something_smooth(entries: Entries) -> int:
    taken = json.loads(json.dumps(entries[JUMP]))
    taken["evidence"]["order"] = "1"
    entries[SMOOTH].update({key: taken[key] for key in ("status", "evidence", "scope", "engine")})
    return SMOOTH


def another_limit(entries: Entries) -> int:
    lines(entries[TENDS]["evidence"])[-1]["to"] = "2"
    return TENDS


def another_limit_of_a_part(entries: Entries) -> int:
    line = next(line for line in lines(entries[TENDS]["evidence"]) if line["rule"] == "at infinity")
    line["to"] = "1"
    return TENDS


def another_side(entries: Entries) -> int:
    line = next(line for line in lines(entries[TENDS]["evidence"]) if line["rule"] == "at infinity")
    line["side"] = "-"
    return TENDS


def a_line_that_rests_on_itself(entries: Entries) -> int:
    found = lines(entries[TENDS]["evidence"])
    found[-1]["from"] = [len(found) - 1]
    return TENDS


def the_other_branch(entries: Entries) -> int:
    lines(entries[BRANCH]["evidence"])[-1]["holds"] = False
    return BRANCH


def another_point_of_a_limit(entries: Entries) -> int:
    entries[BRANCH]["evidence"]["toward"] = {"delta": "0+"}
    return BRANCH


def a_limit_in_some_cases(entries: Entries) -> int:
    entries[BRANCH]["evidence"]["cases"][0]["assumed"] = ["Less(0, x[n])"]
    return BRANCH


def an_empty_case(entries: Entries) -> int:
    entries[BRANCH]["evidence"]["cases"] = [{"assumed": [], "replaced": {}, "empty": True}]
    return BRANCH


def another_stationary_point(entries: Entries) -> int:
    entries[ARGUMENT]["evidence"]["at"]["D"] = "b/(a + b)"
    return ARGUMENT


def another_point_of_a_bound(entries: Entries) -> int:
    entries[REACHED]["evidence"]["at"]["s"] = "1"
    return REACHED


def a_bound_not_shown(entries: Entries) -> int:
    entries[REACHED]["evidence"]["of"]["parts"].pop()
    entries[REACHED]["evidence"]["at"]["s"] = "1"
    return REACHED


def another_moment(entries: Entries) -> int:
    entries[MOMENTS]["evidence"]["integrals"][0]["value"] = "2"
    return MOMENTS


def another_variance(entries: Entries) -> int:
    # The integral of another integrand, which has the same value.
    one = entries[MOMENTS]["evidence"]["integrals"][0]
    one.update(variance="2", polynomial=["0", "0", "1/(4*sqrt(pi))"])
    return MOMENTS


def another_polynomial(entries: Entries) -> int:
    entries[MOMENTS]["evidence"]["integrals"][0]["polynomial"][0] = "1"
    return MOMENTS


def a_flat_family(entries: Entries) -> int:
    entries[STEEP]["evidence"]["family"]["point"]["s"] = "1"
    return STEEP


def a_family_outside_the_domain(entries: Entries) -> int:
    # Where the slope is steep enough, too.
    entries[STEEP]["evidence"]["family"]["point"]["s"] = "-2*L"
    return STEEP


CHANGES = [
    value
    for value in list(globals().values())
    if callable(value) and "entries" in getattr(value, "__annotations__", {})
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_noticed(proved: tuple[Path, Path], change: Callable[[Entries], int]) -> None:
    entries = json.loads(store.place(proved[1], "probe").read_text(encoding="utf-8"))["claims"]
    number = change(entries)
    spec = read_spec(proved[0], SpecLibrary([data_folder("specs")]))
    outcome = recheck_claim(spec, spec.claims[number], entries[number])
    assert outcome.word != "ok", change.__name__
