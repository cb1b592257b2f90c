"""Evidence that was tampered with: the re-check notices, whatever was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symloss.proof import portfolio, store
from symloss.proof.engines import algebra, bounds, composition
from symloss.proof.proving import prove_file
from symloss.proof.recheck import recheck_file

LOSS = """symloss: 1
name: {name}
title: A loss for tests
axes: {{n: batch, k: class}}
inputs:
  z: {{axes: [n, k], role: prediction, domain: real}}
  y: {{axes: [n], role: target, domain: "index(k)"}}
  w: {{axes: [n], role: target, domain: positive}}
value: "{value}"
claims:
{claims}
"""
CLAIMS = (
    "{nonnegative: value}",
    "{convex: z}",
    "{concave: z, expect: refuted}",
    "{positive: value, expect: refuted, sizes: {k: 1}}",
    "{equals: 'w[n]*log(sum[k](exp(z[n, k]))) - w[n]*z[n, y[n]]', sizes: {k: [2, 3]}}",
    "{lipschitz: z, constant: 'w[n]/10', expect: refuted}",
)
VALUE = "w[n]*(logsumexp[k](z[n, k]) - z[n, y[n]])"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tampering")
    path = folder / "probe.yaml"
    path.write_text(LOSS.format(name="probe", value=VALUE, claims="\n".join(f"  - {c}" for c in CLAIMS)))
    with pytest.MonkeyPatch.context() as patch:
        # Few engines, so that it is known which evidence there is.
        patch.setattr(portfolio, "goal_engines", lambda: (composition.ENGINE,))
        patch.setattr(portfolio, "problem_engines", lambda: (bounds.ENGINE, algebra.ENGINE))
        prove_file(path, folder)
    return path, folder


def entries_of(proved: tuple[Path, Path]) -> list[dict[str, Any]]:
    stored = store.load(proved[1], "probe")
    assert stored is not None
    return stored["claims"]


def test_what_was_not_changed_is_ok(proved: tuple[Path, Path]) -> None:
    entries = entries_of(proved)
    assert [entry["status"] for entry in entries] == ["proved", "proved", "refuted", "refuted", "proved", "refuted"]
    assert [outcome.word for outcome in recheck_file(*proved).outcomes] == ["ok"] * len(CLAIMS)


def inner(evidence: dict[str, Any]) -> dict[str, Any]:
    """The witness that steps lead to."""
    while evidence["kind"] == "step":
        evidence = evidence["of"]
    return evidence


def move_witness(entries: list[dict[str, Any]]) -> int:
    point = inner(entries[2]["evidence"])["point"]
    point.update(dict.fromkeys((name for name in point if name.startswith("z'")), "0"))
    point.update(dict.fromkeys((name for name in point if name.startswith("z[")), "0"))
    return 2


def move_witness_out_of_the_domain(entries: list[dict[str, Any]]) -> int:
    inner(entries[5]["evidence"])["point"]["w[0]"] = "-1"
    return 5


def refute_a_true_claim(entries: list[dict[str, Any]]) -> int:
    entries[1].update({key: entries[2][key] for key in ("status", "evidence", "scope", "engine")})
    return 1


def drop_a_line(entries: list[dict[str, Any]]) -> int:
    del entries[1]["evidence"]["lines"][0]
    return 1


def another_curvature(entries: list[dict[str, Any]]) -> int:
    lines = entries[1]["evidence"]["lines"]
    line = next(line for line in lines if "logsumexp" in line["rule"])
    line["is"] = "affine"
    return 1


def another_term(entries: list[dict[str, Any]]) -> int:
    entries[1]["evidence"]["lines"][-1]["term"] = "0"
    return 1


def rest_on_itself(entries: list[dict[str, Any]]) -> int:
    lines = entries[1]["evidence"]["lines"]
    lines[-1]["from"] = [len(lines) - 1]
    return 1


def drop_a_case(entries: list[dict[str, Any]]) -> int:
    entries[4]["evidence"]["parts"][0]["evidence"]["parts"].pop()
    return 4


def drop_a_size(entries: list[dict[str, Any]]) -> int:
    entries[4]["evidence"]["parts"].pop()
    return 4


def say_every_size(entries: list[dict[str, Any]]) -> int:
    entries[4]["scope"]["sizes"]["k"] = "every"
    return 4


def forget_an_obligation(entries: list[dict[str, Any]]) -> int:
    case = entries[4]["evidence"]["parts"][0]["evidence"]["parts"][0]["evidence"]
    case["defined"] = case.get("defined", [])[1:] or [{"needs": "1", "engine": "", "evidence": {"kind": "range"}}]
    return 4


def evidence_of_another_claim(entries: list[dict[str, Any]]) -> int:
    entries[0]["evidence"] = {"kind": "witness", "sizes": {}, "labels": {}, "point": {}}
    return 0


def ill_formed(entries: list[dict[str, Any]]) -> int:
    entries[1]["evidence"] = {"kind": "composition"}
    return 1


def proof_of_a_false_claim(entries: list[dict[str, Any]]) -> int:
    entries[3].update(status="proved", evidence={"kind": "range", "conclusion": ""}, scope=entries[0]["scope"])
    return 3


def convexity_of_something_concave(entries: list[dict[str, Any]]) -> int:
    entries[2].update({key: entries[1][key] for key in ("status", "evidence", "scope", "engine")})
    return 2


def another_claim(entries: list[dict[str, Any]]) -> int:
    entries[0]["claim"] = "positive: value"
    return 0


CHANGES = [
    value
    for name, value in list(globals().items())
    if callable(value) and "entries" in getattr(value, "__annotations__", {})
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_noticed(
    proved: tuple[Path, Path], tmp_path: Path, change: Callable[[list[dict[str, Any]]], int]
) -> None:
    stored = json.loads(store.place(proved[1], "probe").read_text(encoding="utf-8"))
    number = change(stored["claims"])
    place = store.place(tmp_path, "probe")
    place.parent.mkdir()
    place.write_text(json.dumps(stored), encoding="utf-8")
    outcomes = recheck_file(proved[0], tmp_path).outcomes
    assert outcomes[number].word != "ok", change.__name__
    assert outcomes[number].word == "wrong", outcomes[number]


def test_the_proof_of_another_loss(proved: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    claims = "\n".join(f"  - {c}" for c in CLAIMS)
    other.write_text(LOSS.format(name="other", value=f"-{VALUE}", claims=claims))
    place = store.place(tmp_path, "other")
    place.parent.mkdir()
    text = store.place(proved[1], "probe").read_text(encoding="utf-8")
    place.write_text(text, encoding="utf-8")
    assert {outcome.word for outcome in recheck_file(other, tmp_path).outcomes} == {"wrong"}
    place.write_text(text.replace('"loss": "probe"', '"loss": "other"'), encoding="utf-8")
    outcomes = recheck_file(other, tmp_path).outcomes
    assert [outcome.word for outcome in outcomes[:3]] == ["wrong"] * 3


def test_nothing_stored_is_one_sentence(proved: tuple[Path, Path], tmp_path: Path) -> None:
    from symloss.errors import SymlossError

    with pytest.raises(SymlossError, match="holds no verdicts"):
        recheck_file(proved[0], tmp_path / "nowhere")
