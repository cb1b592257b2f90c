"""Candidates for a case: our own call, and one per library that has the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from symloss.bench.inputs import defaults, prediction_positions
from symloss.bench.peers import find_peer
from symloss.bench.records import Candidate, Case, Peer

#: Column → the module that must be importable, the list of `peers` that has its functions, and how one is called.
LIBRARIES = {
    "torch": ("torch", "torch", "torch_eager"),
    "torch.compile": ("torch", "torch", "torch_compiled"),
    "JAX": ("jax", "jax", "jax_jit"),
    "scikit-learn": ("sklearn", "sklearn", "sklearn_loss"),
}
PACKAGES = {"torch": "torch", "jax": "JAX", "sklearn": "scikit-learn"}


def ours(loss: Any, case: Case, arrays: list[Any], threads: int) -> Candidate:
    """Our call, into buffers made once, with its input checks."""
    positions = prediction_positions(loss)
    rooms = [[np.empty_like(arrays[p]) for p in positions] for _ in range(1 if case.entry == "value_and_grad" else 2)]
    alone = len(positions) == 1
    if case.entry == "value_and_grad":
        out: Any = rooms[0][0] if alone else tuple(rooms[0])
        return Candidate(
            lambda: loss.value_and_grad(*arrays, out=out, threads=threads),
            lambda: (_number(loss.value_and_grad(*arrays, out=out, threads=threads)[0]), rooms[0]),
        )
    out = (rooms[0][0], rooms[1][0]) if alone else (tuple(rooms[0]), tuple(rooms[1]))

    def run() -> Any:
        return loss.grad_hess_diag(*arrays, out=out, threads=threads)

    def results() -> tuple[float, list[Any]]:
        run()
        return 0.0, [*rooms[0], *rooms[1]]

    return Candidate(run, results)


def theirs(
    loss: Any, case: Case, arrays: list[Any], threads: int, skipped: dict[str, str], chosen: tuple[str, ...] = ()
) -> Iterator[tuple[str, Peer, Callable[[], Candidate]]]:
    """By column the function of a library and what makes the candidate; ``skipped`` gets why others are left out."""
    for column, (module, table, maker) in LIBRARIES.items():
        if chosen and column not in chosen:
            continue
        if column in case.without:
            skipped[column] = case.without[column]
            continue
        if not find_spec(module):
            skipped[column] = f"{PACKAGES[module]} is not installed"
            continue
        peer = find_peer(table, str(loss.meta["name"]))
        if peer is None:
            skipped[column] = f"no function of {PACKAGES[module]} is recorded for {loss.meta['name']}"
        elif case.entry == "grad_hess_diag" and module != "sklearn":
            skipped[column] = "has no call for gradient and Hessian diagonal"
        elif case.entry == "grad_hess_diag" and not peer.hessian:
            skipped[column] = "its second derivatives are stand-ins for ours"
        else:
            yield column, peer, _making(maker, peer, loss, case, arrays, threads)


def _making(maker: str, peer: Peer, loss: Any, case: Case, arrays: list[Any], threads: int) -> Callable[[], Candidate]:
    def make() -> Candidate:
        from symloss.bench import frameworks

        build: Callable[..., Candidate] = getattr(frameworks, maker)
        return build(peer, arrays, prediction_positions(loss), defaults(loss), threads, case.entry)

    return make


def _number(value: Any) -> float:
    return float(np.sum(value))
