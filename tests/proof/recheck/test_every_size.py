"""Evidence for every size that was tampered with, and what is shown again at some sizes only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy

from symloss import atoms
from symloss.language import SpecLibrary, read_spec
from symloss.program import Domain, Read, Tensor, exact_arithmetic
from symloss.proof import store
from symloss.proof.facts import facts
from symloss.proof.formulation import formulate
from symloss.proof.goals import Curvature, Goal, Padding
from symloss.proof.proving import prove_file
from symloss.proof.recheck import equalities, recheck_facts, recheck_file
from symloss.proof.recheck.checking import recheck_goals
from symloss.proof.recheck.traces import composition
from tests.proof.losses import spec

LOSSES = {
    "divergence": """
axes: {n: batch, k: class}
inputs:
  p: {axes: [n, k], role: prediction, domain: "simplex(k)"}
  q: {axes: [n, k], role: prediction, domain: "simplex(k)"}
value: "sum[k](xlogy(p[n, k], p[n, k]) - xlogy(p[n, k], q[n, k]))"
claims:
  - {nonnegative: value}
  - {zero_iff: "all[k](p[n, k] == q[n, k])"}
  - {convex: [p, q]}
""",
    "distance": """
axes: {n: batch, d: feature}
inputs:
  a: {axes: [n, d], role: prediction, domain: real}
  b: {axes: [n, d], role: target, domain: real}
value: "2*norm[d](a[n, d] - b[n, d])"
claims:
  - {lipschitz: a, constant: 2}
  - {invariant: padding, in: {a: 1, b: 1}, along: d}
  - {invariant: rotation, in: [a, b], along: d}
  - {zero_iff: "all[d](a[n, d] == b[n, d])"}
""",
    "entropy": """
axes: {n: batch}
inputs:
  z: {axes: [n], role: prediction, domain: real}
  y: {axes: [n], role: target, domain: "{0, 1}"}
value: "-y[n]*log(sigmoid(z[n])) - (1 - y[n])*log(1 - sigmoid(z[n]))"
claims:
  - {convex: z}
  - {equals: "where(y[n] == 1, -log(sigmoid(z[n])), -log(1 - sigmoid(z[n])))"}
""",
    "smooth": """
axes: {n: batch}
inputs:
  z: {axes: [n], role: prediction, domain: real}
value: "softplus(z[n]) + exp(abs(z[n]))"
claims:
  - {at_least: 1}
""",
}
WORDS = {
    "divergence": ["ok", "ok", "ok"],
    "distance": ["ok", "ok", "ok", "ok"],
    "entropy": ["ok", "ok"],
    "smooth": ["ok"],
}


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("every_size")
    for name, text in LOSSES.items():
        path = folder / f"{name}.yaml"
        path.write_text(f"symloss: 1\nname: {name}\ntitle: A loss for tests{text}", encoding="utf-8")
        prove_file(path, folder)
    return folder


def rechecked(folder: Path, out: Path, name: str) -> list[str]:
    return [outcome.word for outcome in recheck_file(folder / f"{name}.yaml", out).outcomes]


@pytest.mark.parametrize("name", LOSSES)
def test_what_was_not_changed_keeps_its_word(proved: Path, name: str) -> None:
    assert rechecked(proved, proved, name) == WORDS[name]


def test_an_identity_that_is_seen_at_some_sizes_is_not_rechecked(proved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equalities, "vanishes_for_every_size", lambda difference, known=None: False)
    outcome = recheck_file(proved / "distance.yaml", proved).outcomes[2]
    assert outcome.word == "not re-checked"
    assert "d of size 2" in outcome.reason
    assert "rests on the engine" in outcome.reason


def test_what_is_true_of_one_item_alone_is_not_shown() -> None:
    """The cross entropy of one class is 0, and so is its negative."""
    probe = spec(
        "{equals: '-value', of: value}",
        value="-sum[k](y[n, k]*log_softmax[k](z[n, k]))",
        inputs="z[n, k]: real; y[n, k]: simplex(k)",
        axes="{n: batch, k: class}",
    )
    evidence = {"kind": "identity", "difference": "0"}
    stored = {"status": "proved", "scope": {"parameters": "all", "sizes": {"k": "every"}}, "evidence": evidence}
    assert recheck_goals(formulate(probe, probe.claims[0]), stored).word == "not re-checked"


def lines(entry: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(line for line in entry["evidence"]["lines"] if line["rule"] == rule)


def lower_the_constant(entry: dict[str, Any]) -> None:
    lines(entry, "triangle")["constant"] = "1/2"


def raise_the_constant(entry: dict[str, Any]) -> None:
    entry["evidence"]["lines"][-1]["constant"] = "3"


def drop_a_line_of_the_constant(entry: dict[str, Any]) -> None:
    entry["evidence"]["lines"][-1]["from"] = []


def add_something(entry: dict[str, Any]) -> None:
    entry["evidence"]["items"][0]["added"] = "1"


def forget_a_reduction(entry: dict[str, Any]) -> None:
    entry["evidence"]["items"] = []


def double_a_multiplier(entry: dict[str, Any]) -> None:
    entry["evidence"]["shown"][0]["from"][0]["multipliers"][0]["times"] = "2"


def remove_a_step(entry: dict[str, Any]) -> None:
    del entry["evidence"]["shown"][0]["from"]


def weaken_the_statement(entry: dict[str, Any]) -> None:
    entry["evidence"]["shown"][0]["shows"] += " + 1"


def call_an_obligation_a_range(entry: dict[str, Any]) -> None:
    entry["evidence"]["needs"][0]["rule"] = "range"


def zero_of(entry: dict[str, Any]) -> dict[str, Any]:
    return next(p["evidence"] for p in entry["evidence"]["parts"] if "zero" in p["evidence"])


def take_another_zero(entry: dict[str, Any]) -> None:
    zero_of(entry)["zero"] = "Equal(sum[k'1](p[n, k'1]), 0)"


def forget_the_tree(entry: dict[str, Any]) -> None:
    tree = zero_of(entry)["nonnegative"]
    zero_of(entry)["nonnegative"] = {"shows": tree["shows"], "rule": "range"}


def rest_a_perspective_on_one_line(entry: dict[str, Any]) -> None:
    lines(entry, "perspective")["from"].pop()


def call_a_perspective_affine(entry: dict[str, Any]) -> None:
    lines(entry, "perspective")["is"] = "affine"


def rewrite_as_something_else(entry: dict[str, Any]) -> None:
    entry["evidence"]["lines"][lines(entry, "rewritten")["from"][0]]["term"] = "Softplus(z[n])"


def forget_a_fact(entry: dict[str, Any]) -> None:
    lines(entry, "perspective")["facts"].clear()


def forget_that_facts_are_named(entry: dict[str, Any]) -> None:
    del lines(entry, "perspective")["facts"]


def name_another_fact(entry: dict[str, Any]) -> None:
    lines(entry, "perspective")["facts"][:] = ["x*log(x) is convex"]


def name_no_fact(entry: dict[str, Any]) -> None:
    lines(entry, "perspective")["facts"].append("x*log(x/y) is jointly concave")


def forget_the_triangle(entry: dict[str, Any]) -> None:
    lines(entry, "triangle")["facts"].clear()


def forget_where_values_lie(entry: dict[str, Any]) -> None:
    entry["evidence"]["facts"].remove("softplus in (0, oo)")


FAULTS: list[tuple[str, int, Callable[[dict[str, Any]], None]]] = [
    ("distance", 0, lower_the_constant),
    ("distance", 0, raise_the_constant),
    ("distance", 0, drop_a_line_of_the_constant),
    ("distance", 1, add_something),
    ("distance", 1, forget_a_reduction),
    ("divergence", 0, double_a_multiplier),
    ("divergence", 0, remove_a_step),
    ("divergence", 0, weaken_the_statement),
    ("divergence", 0, call_an_obligation_a_range),
    ("divergence", 1, take_another_zero),
    ("divergence", 1, forget_the_tree),
    ("divergence", 2, rest_a_perspective_on_one_line),
    ("divergence", 2, call_a_perspective_affine),
    ("entropy", 0, rewrite_as_something_else),
    ("divergence", 2, forget_a_fact),
    ("divergence", 2, forget_that_facts_are_named),
    ("divergence", 2, name_another_fact),
    ("divergence", 2, name_no_fact),
    ("distance", 0, forget_the_triangle),
    ("smooth", 0, forget_where_values_lie),
]


@pytest.mark.parametrize(("name", "number", "fault"), FAULTS)
def test_a_change_is_noticed(
    proved: Path, tmp_path: Path, name: str, number: int, fault: Callable[[dict[str, Any]], None]
) -> None:
    stored = store.load(proved, name)
    assert stored is not None
    before = json.dumps(stored)
    fault(stored["claims"][number])
    assert json.dumps(stored) != before
    place = store.place(tmp_path, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(stored), encoding="utf-8")
    assert rechecked(proved, tmp_path, name)[number] in ("wrong", "not re-checked")


def test_a_range_names_where_values_lie_and_increase(proved: Path) -> None:
    (entry,) = json.loads(store.place(proved, "smooth").read_text("utf-8"))["claims"]
    assert entry["evidence"]["kind"] == "range"
    assert entry["evidence"]["facts"] == ["abs in [0, oo)", "exp increasing in x", "softplus in (0, oo)"]


def test_a_line_points_to_the_proof_of_its_facts(proved: Path, tmp_path: Path) -> None:
    """Where the facts are stored beside it, evidence is wrong that rests on one without a proof."""
    for name in ("divergence", store.FACTS):
        store.place(tmp_path, name).parent.mkdir(parents=True, exist_ok=True)
    store.place(tmp_path, "divergence").write_text(store.place(proved, "divergence").read_text("utf-8"), "utf-8")
    facts = {"claim": "x*log(x/y) is jointly convex", "expect": "holds", "status": "proved"}
    others = {"claim": "a sum of convex terms is convex", "expect": "holds", "status": "proved"}
    for status, word in (("proved", "ok"), ("unknown", "wrong")):
        entries = {"loss": store.FACTS, "claims": [{**facts, "status": status}, others]}
        store.place(tmp_path, store.FACTS).write_text(json.dumps(entries), "utf-8")
        assert rechecked(proved, tmp_path, "divergence")[2] == word


def test_a_fact_rests_on_earlier_facts_alone(tmp_path: Path) -> None:
    line = {"term": "exp(x)", "is": "convex", "rule": "exp: convex", "from": [], "facts": ["exp convex"]}
    evidence = {"kind": "composition", "lines": [line]}
    entry = {"claim": "exp convex", "expect": "holds", "status": "proved", "evidence": evidence}
    place = store.place(tmp_path, store.FACTS)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"loss": store.FACTS, "claims": [entry]}), "utf-8")
    (outcome,) = recheck_facts(tmp_path).outcomes
    assert (outcome.word, outcome.reason) == ("wrong", "the fact “exp convex” is not proved")


def by_values() -> dict[str, Any]:
    """That ``a and b`` is 0 or 1: for a = 0, and for a = 1 with both values of b."""
    found: dict[str, Any] = {"status": "proved", "scope": {"parameters": "all", "sizes": {}}}
    same = {**found, "evidence": {"kind": "identity", "difference": "0"}}
    parts = [{"name": f"b = {value}", **same} for value in (0, 1)]
    inner = {**found, "evidence": {"kind": "parts", "rule": "values", "parts": parts}}
    outer = [{"name": "a = 0", **same}, {"name": "a = 1", **inner}]
    return {**found, "evidence": {"kind": "parts", "rule": "values", "parts": outer}}


def word_of_values(stored: dict[str, Any]) -> str:
    goal = next(fact.goal for fact in facts() if fact.name == "and in {0, 1}")
    return recheck_goals((goal,), stored).word


def test_values_are_followed_one_by_one() -> None:
    assert word_of_values(by_values()) == "ok"


@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("change", [lambda parts: parts.pop(), lambda parts: parts[1].update(name=parts[0]["name"])])
def test_a_value_that_is_missing_is_noticed(outer: bool, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    stored = by_values()
    parts = stored["evidence"]["parts"]
    change(parts if outer else parts[1]["evidence"]["parts"])
    assert word_of_values(stored) == "wrong"


def goal_of(proved: Path, name: str, number: int) -> Goal:
    spec = read_spec(proved / f"{name}.yaml", SpecLibrary([]))
    return formulate(spec, spec.claims[number])[0]


def entry_of(proved: Path, name: str, number: int) -> dict[str, Any]:
    stored = store.load(proved, name)
    assert stored is not None
    return stored["claims"][number]


def test_an_added_item_must_add_nothing(proved: Path) -> None:
    goal = goal_of(proved, "distance", 1)
    entry = entry_of(proved, "distance", 1)
    assert isinstance(goal.statement, Padding)
    assert recheck_goals((goal,), entry).word == "ok"
    other = replace(goal, statement=replace(goal.statement, added={"a": sympy.S.One, "b": sympy.S.Zero}))
    assert recheck_goals((other,), entry).word == "not re-checked"


def test_what_is_0_must_be_a_hypothesis(proved: Path) -> None:
    entry = entry_of(proved, "divergence", 1)
    square = "(p[n, k'1] - q[n, k'1])**2"
    part = {"factor": "1", "axis": "k''7", "guard": "1", "shows": f"0 <= {square}", "rule": "range"}
    part["shows"] = part["shows"].replace("k'1", "k''7")
    evidence = zero_of(entry)
    evidence["zero"] = f"Equal(sum[k'1]({square}), 0)"
    evidence["nonnegative"] = {
        "shows": f"0 <= sum[k'1]({square})",
        "rule": "sum of nonnegative items",
        "from": [part],
    }
    spec = read_spec(proved / "divergence.yaml", SpecLibrary([]))
    assert recheck_goals(formulate(spec, spec.claims[1]), entry).word == "wrong"


def line(term: str, shape: str, rule: str, *rests: int) -> dict[str, Any]:
    return {"term": term, "is": shape, "rule": rule, "from": list(rests)}


X, Y = Read("x"), Read("y")
TRACES = [
    (-(X**2), [line("x", "affine", "variable"), line("-x**2", "affine", "rewritten", 0)]),
    (
        X**2 - Y**2,
        [
            line("x", "affine", "variable"),
            line("x**2", "convex", "power", 0),
            line(str(X**2 - Y**2), "convex", "sum", 1),
        ],
    ),
    (
        -atoms.XLogY(X, X) + atoms.XLogY(X, Y),
        [
            line("x", "affine", "variable"),
            line("y", "affine", "variable"),
            line(str(-atoms.XLogY(X, X) + atoms.XLogY(X, Y)), "convex", "perspective", 0, 1),
        ],
    ),
]


@pytest.mark.parametrize(("term", "said"), TRACES)
def test_a_trace_of_something_concave_does_not_show_it_convex(term: Any, said: list[dict[str, Any]]) -> None:
    unit = Domain("interval", sympy.S.Zero, sympy.S.One, False, True)
    tensors = {name: Tensor(name, (), "variable", unit) for name in ("x", "y")}
    with exact_arithmetic():
        goal = Goal("probe", "", Curvature("convex", term, ("x", "y")), tensors, {})
        assert composition(goal, {"lines": said}, "convex").word != "ok"
