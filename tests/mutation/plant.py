"""Plant faults of one kind and count which of them the checks catch; a fresh process for each batch.

    python -m tests.mutation.plant "spec focal"                   the formula, against values of third parties
    python -m tests.mutation.plant "kernel focal"                 the generated file, against the interpreter
    python -m tests.mutation.plant "rule softplus 0 negate oracle"    a derivative, against the named checks

Prints a list of JSON objects, one per batch: how many faults were planted and which survived. A change without effect
is no fault: it is told apart and not counted. That is a kernel of which every entry point returns the same bits at
thousands of points, ordinary ones, hard ones and ones on the ends of domains; or a rule that gives the same
expression.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys

os.environ["NUMBA_DISABLE_JIT"] = "1"

from tests.mutation.rules import planted_in_rule
from tests.mutation.texts import planted_in_kernel, planted_in_spec

KINDS = {"spec": planted_in_spec, "kernel": planted_in_kernel, "rule": planted_in_rule}


def plant(batch: str) -> dict[str, object]:
    """What happened to the faults of one batch."""
    kind, *arguments = batch.split()
    return {"batch": batch, **KINDS[kind](*arguments)}


if __name__ == "__main__":
    if not sys.argv[1:] or any(batch.split()[:1] not in [[kind] for kind in KINDS] for batch in sys.argv[1:]):
        sys.exit(__doc__)
    # A forked process has imported everything and derived nothing.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        print(json.dumps(pool.map(plant, sys.argv[1:], chunksize=1)))
