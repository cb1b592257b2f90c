"""What other libraries call a loss: data, one record per function, one module per library.

This folder is the only place under ``symloss/`` that names losses, because a function of another library belongs to one
named loss. Nothing else in the package looks at a name, and a loss without records is compared with the machine's
limits. A record (`symloss.bench.records.Peer`) holds our loss's name, the function's own name, the call and a constant
factor. What differs in convention is said by the specification, under ``elsewhere:``; what matters for a comparison is
settled in the call (reduction to the mean, parameters, argument order), and results are compared before anything is
timed. A module is imported only where its library is installed.

To add one: a record in ``PEERS`` of the library's module. The call takes our inputs in declared order, without optional
ones, and our parameters by name; for torch and JAX it returns the mean over the batch.
"""

from __future__ import annotations

import importlib

from symloss.bench.records import Peer

TABLES = ("torch", "jax", "sklearn")


def find_peer(table: str, loss: str) -> Peer | None:
    """The function of a library for a loss, or None; imports the library.

    Args:
        table: one of `TABLES`.
        loss: the name of the loss.
    """
    peers: list[Peer] = importlib.import_module(f"symloss.bench.peers.{table}_losses").PEERS
    return next((peer for peer in peers if peer.loss == loss), None)
