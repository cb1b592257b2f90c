"""No Lipschitz constant in a variable with many numbers per sample: families named item by item."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symloss.build.sources import data_folder
from symloss.language import SpecLibrary, read_spec
from symloss.proof import store
from symloss.proof.proving import prove_file
from symloss.proof.recheck.checking import recheck_claim

LOSS = """symloss: 1
name: probe
title: A loss for tests
axes: {n: batch, k: class}
inputs:
  p: {axes: [n, k], role: target, domain: "simplex(k)"}
  q: {axes: [n, k], role: prediction, domain: "simplex(k)"}
value: "-sum[k](xlogy(p[n, k], q[n, k]))"
claims:
  - {lipschitz: q, constant: none, when: "size[k] >= 2"}
"""


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("families")
    path = folder / "probe.yaml"
    path.write_text(LOSS, encoding="utf-8")
    prove_file(path, folder)
    stored = json.loads(store.place(folder, "probe").read_text(encoding="utf-8"))
    return read_spec(path, SpecLibrary([data_folder("specs")])), stored["claims"][0]


def word(entry: tuple[Any, dict[str, Any]], **changes: dict[str, str]) -> str:
    spec, stored = entry
    stored = json.loads(json.dumps(stored))
    for key, values in changes.items():
        stored["evidence"]["family"][key].update(values)
    return recheck_claim(spec, spec.claims[0], stored).word


def test_a_family_of_vectors_is_followed(entry: tuple[Any, dict[str, Any]]) -> None:
    assert entry[1]["evidence"]["rule"] == "the slope is unbounded along a family"
    assert word(entry) == "ok"


@pytest.mark.parametrize(
    "changes",
    [
        {"point": {"q": "Where(Equal(k, 0), 1/(2*L), 1/2)"}},
        {"point": {"q": "Where(Equal(k, 0), 1/2, (1 - 1/2)/(size[k] - 1))"}},
        {"point": {"q": "Where(Equal(k, 0), -1/(2*L), (1 + 1/(2*L))/(size[k] - 1))"}},
        {"point": {"p": "Where(Equal(k, 0), 2, 0)"}},
        {"point": {"p": "Where(Equal(k, 1), 1, 0)"}},
        {"direction": {"q": "Where(Equal(k, 0), 1, 0)"}},
        {"direction": {"q": "Where(Equal(k, 0), 1, Where(Equal(k, 2), -1, 0))"}},
        {"direction": {"q": "Where(Equal(k, 0), 1, Where(Equal(k, 1), -1, 1))"}},
    ],
    ids=["no point of the simplex", "flat", "negative", "too much", "elsewhere", "out of it", "no item", "unlike"],
)
def test_another_family_is_not(entry: tuple[Any, dict[str, Any]], changes: dict[str, dict[str, str]]) -> None:
    assert word(entry, **changes) != "ok"
