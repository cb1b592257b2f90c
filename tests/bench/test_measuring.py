"""One case from end to end, with candidates that the test makes up."""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import symloss
from symloss.bench import candidates, limits, measuring
from symloss.bench.agreement import agree, differences
from symloss.bench.inputs import complete, default_sizes, make_inputs, prediction_positions
from symloss.bench.limits import adding, moving, products
from symloss.bench.measuring import ADDING, EXPONENTIALS, FIRST_ORDER, MOVING, OURS, PRODUCTS, measure, sentence
from symloss.bench.records import Candidate, Case, Peer
from symloss.errors import SymlossError

PEER = Peer("huber", "made up", lambda: None)


def huber(factor: float = 1.0, entry: str = "value_and_grad") -> Callable[[], Candidate]:
    """A candidate for huber at the inputs of a case, by NumPy, times a factor."""

    def make() -> Candidate:
        pred, target = make_inputs(symloss.load("huber"), Case("huber", {"n": 500}))
        error = (pred - target).astype(np.float64)

        def results() -> tuple[float, list[Any]]:
            inside = np.clip(error, -1, 1)
            value = float(np.mean(0.5 * inside**2 + np.abs(error) - np.abs(inside)))
            return factor * value, [(factor * inside / error.size).astype(np.float32)]

        return Candidate(results, results)

    return make


def broken() -> Candidate:
    raise RuntimeError("no compiler at /usr/lib/somewhere/cc\nmore")


def test_only_what_computes_the_same_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(*_: Any) -> Iterator[tuple[str, Peer, Callable[[], Candidate]]]:
        yield "right", PEER, huber()
        yield "half", PEER, huber(0.5)
        yield "broken", PEER, broken

    monkeypatch.setattr(measuring, "theirs", theirs)
    outcome = measure(Case("huber", {"n": 500}), 1, 0.01, exponential=1e-9)
    assert set(outcome.ratios) == {"right", MOVING, ADDING}
    assert set(outcome.seconds) == {OURS, "right", MOVING, ADDING}
    assert outcome.functions == {"right": "made up"}
    assert outcome.skipped["half"].startswith("computes something else: its value is ")
    assert outcome.skipped["broken"] == "failed: RuntimeError: no compiler at …"
    assert outcome.agreement["half"] == {"value": pytest.approx(0.5), "arrays": pytest.approx(0.5)}
    assert outcome.agreement["right"]["arrays"] < 1e-6
    assert (outcome.elements, outcome.bytes) == (500, 6000)
    assert outcome.rounds >= 5


def test_what_is_not_installed_or_unknown_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    loss, case = symloss.load("huber"), Case("huber", {"n": 5}, without={"JAX": "not now"})
    monkeypatch.setattr(candidates, "find_spec", lambda module: module == "sklearn")
    monkeypatch.setattr(candidates, "find_peer", lambda table, name: None)
    skipped: dict[str, str] = {}
    assert list(candidates.theirs(loss, case, [], 1, skipped)) == []
    assert skipped == {
        "torch": "torch is not installed",
        "torch.compile": "torch is not installed",
        "JAX": "not now",
        "scikit-learn": "no function of scikit-learn is recorded for huber",
    }


def test_gradient_and_hessian_diagonal_beside_our_own_gradient() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is what has such a call")
    outcome = measure(Case("bce_with_logits", {"n": 300}, "float64", "grad_hess_diag"), 1, 0.01, exponential=1e-9)
    assert set(outcome.ratios) == {"scikit-learn", FIRST_ORDER, MOVING, EXPONENTIALS}
    assert outcome.agreement["scikit-learn"]["arrays"] < 1e-14
    assert outcome.skipped["torch"] in ("has no call for gradient and Hessian diagonal", "torch is not installed")
    stand_in = measure(Case("mae", {"n": 300}, "float64", "grad_hess_diag"), 1, 0.01)
    assert stand_in.skipped["scikit-learn"] == "its second derivatives are stand-ins for ours"


def test_exponentials_are_a_limit_only_for_losses_that_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "theirs", lambda *_: iter(()))
    outcome = measure(Case("bce_with_logits", {"n": 100}), 1, 0.01, exponential=1.0)
    assert outcome.ratios[EXPONENTIALS]["median"] == pytest.approx(100 / outcome.seconds[OURS]["median"], rel=1e-2)
    assert EXPONENTIALS not in measure(Case("mse", {"n": 100}), 1, 0.01, exponential=1.0).ratios
    # Where samples interact, neither limit means anything: products of matrices decide.
    assert set(measure(Case("info_nce", {"i": 8, "d": 4}), 1, 0.01, exponential=1.0).ratios) == {PRODUCTS}


def test_refusals() -> None:
    with pytest.raises(SymlossError, match=r"^info_nce has no grad_hess_diag: "):
        measure(Case("info_nce", {"i": 4, "d": 3}, entry="grad_hess_diag"), 1, 0.01)
    with pytest.raises(SymlossError, match=r"^nt_xent at 5×3: "):
        measure(Case("nt_xent", {"i": 5, "d": 3}), 1, 0.01)
    with pytest.raises(SymlossError, match=r"^unknown loss 'hubr'"):
        measure(Case("hubr", {"n": 5}), 1, 0.01)


def test_differences() -> None:
    ones = np.ones(1000, np.float32)
    assert differences((2.0, [ones]), (2.0, [ones])) == {"value": 0.0, "arrays": 0.0}
    off = ones.copy()
    off[7] = 3.0
    assert differences((2.0, [ones]), (2.2, [off])) == {"value": 0.1, "arrays": 0.002}
    assert not agree({"value": 0.0, "arrays": 0.002}, "float32")
    assert agree({"value": 1e-5, "arrays": 1e-5}, "float32")
    assert not agree({"value": 1e-5, "arrays": 1e-5}, "float64")
    for arrays in ([ones[:-1]], [ones, ones], [ones * np.nan], []):
        assert math.isinf(differences((2.0, [ones]), (2.0, arrays))["arrays"])
    # Nothing is hidden behind a small size: where ours is 0, theirs must be 0.
    assert math.isinf(differences((0.0, []), (1e-30, []))["value"])
    assert math.isinf(differences((1.0, []), (math.nan, []))["value"])


def test_products_are_those_of_the_call() -> None:
    rows, columns, out, total = np.ones((3, 4)), np.ones((4, 5)), np.zeros((3, 5)), np.ones((3, 5))
    module = types.ModuleType("made_up")
    assert products(module, lambda: None) is None

    def multiply(run: Any, left: Any, right: Any, out: Any, adds: bool = False) -> None:
        out[...] = out * adds + left @ right

    module._matrix_product = multiply  # type: ignore[attr-defined]

    def call() -> None:
        module._matrix_product(None, rows, columns, out)
        module._matrix_product(None, rows, columns, total, True)

    multiplied = products(module, call)
    assert module._matrix_product is multiply
    assert multiplied is not None
    assert (out[0, 0], total[0, 0]) == (4, 5)
    out[:] = 0
    multiplied()
    assert (out[0, 0], total[0, 0]) == (4, 5)
    assert products(module, lambda: None) is None


def test_everything_is_added_up() -> None:
    (module,) = {sys.modules[driver.__module__] for driver in symloss.load("mse")._engine.drivers.values()}
    lanes = np.zeros(32)
    limits.additions(module._add_onto_lanes)(0, 3, np.ones(256, np.float32), lanes)
    assert lanes.sum() == 3 * limits.CHUNK
    assert adding(module, 10, "float32", 1) is not None
    assert adding(types.ModuleType("without"), 10, "float32", 1) is None


def test_the_loop_moves_everything() -> None:
    a, b = np.arange(10_000, dtype=np.float32), np.full(10_000, 2.0, np.float32)
    labels, out, again = np.arange(17), np.empty(10_000, np.float32), np.empty(10_000, np.float32)
    for threads in (1, 2):
        out[:], again[:] = 0, 0
        moving([a, b, labels], [out, again], threads)()
        assert np.array_equal(out, a + b)
        assert np.array_equal(again, a + b)


def test_errors_become_a_line() -> None:
    assert sentence(ValueError("")) == "ValueError"
    assert len(sentence(ValueError("x" * 1000))) < 200


@pytest.mark.parametrize("name", ["bce", "dice", "gan_discriminator", "giou", "kl_divergence", "listnet", "nt_xent"])
def test_inputs_are_admitted(name: str) -> None:
    loss = symloss.load(name)
    sizes = default_sizes(loss.meta, 2000)
    arrays = make_inputs(loss, Case(name, sizes))
    loss(*arrays, validate=True)
    size = sum(arrays[position].size for position in prediction_positions(loss))
    assert 1000 <= size <= 12_000 or loss.meta["coupled"]
    assert all(array.dtype == np.float32 for array in arrays if array.dtype.kind == "f")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", symloss.list_losses())
def test_inputs_of_every_loss_are_admitted(name: str, dtype: str) -> None:
    loss = symloss.load(name)
    arrays = make_inputs(loss, Case(name, default_sizes(loss.meta, 2000), dtype))
    assert np.all(np.isfinite(loss(*arrays, validate=True)))


def test_sizes_that_do_not_fit() -> None:
    meta = symloss.load("giou").meta
    assert complete(meta, {"n": 3}) == {"n": 3, "c": 4}
    assert complete(symloss.load("info_nce").meta, {"i": 3, "d": 2}) == {"i": 3, "d": 2}
    for given, message in (
        ({"n": 3, "k": 2}, "giou has no axis 'k'; it has n, c"),
        ({}, "the length of axis n of giou is missing"),
        ({"n": 3, "c": 5}, "axis c of giou has length 4, not 5"),
    ):
        with pytest.raises(SymlossError, match=f"^{message}$"):
            complete(meta, given)


def test_labels_of_sizes() -> None:
    assert Case("huber", {"n": 10**6}).label == "1e6"
    assert Case("huber", {"n": 1500}).label == "1500"
    assert Case("softmax_cross_entropy", {"n": 8192, "k": 1000}).label == "8192×1000"
