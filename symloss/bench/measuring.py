"""One case from end to end: inputs, candidates, comparison of their results, rounds."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

import symloss
from symloss.bench.agreement import agree, differences
from symloss.bench.candidates import ours, theirs
from symloss.bench.inputs import make_inputs, prediction_entries, prediction_positions
from symloss.bench.limits import adding, moving, products
from symloss.bench.records import Candidate, Case, Outcome
from symloss.bench.timing import ratios, spread, take_turns
from symloss.errors import SymlossError

#: Columns that are no library: our call, and our own value and gradient beside gradient and Hessian diagonal.
OURS, FIRST_ORDER = "symloss", "value and gradient"
#: Columns for what bounds our call: the loop that moves the data, the sums, exponentials, products of matrices.
LIMITS = MOVING, ADDING, EXPONENTIALS, PRODUCTS = "moving the data", "adding up", "exponentials", "products"


def measure(
    case: Case, threads: int, seconds: float, chosen: tuple[str, ...] = (), exponential: float | None = None
) -> Outcome:
    """Compare and time one case.

    Args:
        case: what is measured.
        threads: how many threads every candidate may use.
        seconds: about how long the rounds may take.
        chosen: only these libraries; all by default.
        exponential: seconds per exponential, for losses that take any.

    Raises:
        SymlossError: the case does not fit the loss.
    """
    loss = symloss.load(case.loss)
    if case.entry in loss.meta["refused"]:
        raise SymlossError(f"{loss.name} has no {case.entry}: {loss.meta['refused'][case.entry]}")
    arrays = make_inputs(loss, case)
    mine = ours(loss, case, arrays, threads)
    try:
        expected = mine.results()
    except ValueError as error:
        raise SymlossError(f"{loss.name} at {case.label}: {error}") from None
    outcome = Outcome(case, threads, prediction_entries(loss, arrays))
    outcome.bytes = sum(array.nbytes for array in [*arrays, *expected[1]])
    candidates: dict[str, Callable[[], Any]] = {OURS: mine.run}
    for column, peer, make in theirs(loss, case, arrays, threads, outcome.skipped, chosen):
        candidate = _compared(column, make, expected, outcome)
        if candidate is not None:
            candidates[column] = candidate.run
            outcome.functions[column] = peer.name
    if case.entry == "grad_hess_diag":
        first = Case(case.loss, case.sizes, case.dtype)
        candidates[FIRST_ORDER] = ours(loss, first, arrays, threads).run
    candidates |= _parts(loss, case, arrays, mine, threads, outcome.elements)
    times = take_turns(candidates, seconds)
    outcome.rounds = len(times[OURS])
    outcome.seconds = {column: spread(found) for column, found in times.items()}
    outcome.ratios = {column: ratios(found, times[OURS]) for column, found in times.items() if column != OURS}
    if exponential is not None and not loss.meta["coupled"] and takes_exponentials(loss, case.dtype):
        outcome.ratios[EXPONENTIALS] = spread([exponential * outcome.elements / one for one in times[OURS]])
    return outcome


def _parts(
    loss: Any, case: Case, arrays: list[Any], mine: Candidate, threads: int, elements: int
) -> dict[str, Callable[[], Any]]:
    """What our call does, part by part."""
    if loss.meta["coupled"]:
        # Where samples interact, products of matrices decide and not the traffic.
        found = {PRODUCTS: products(_module(loss), mine.run)}
    else:
        written = [arrays[position] for position in prediction_positions(loss)] * len(_orders(case))
        found = {MOVING: moving(arrays, [np.empty_like(array) for array in written], threads)}
        if case.entry == "value_and_grad":
            found[ADDING] = adding(_module(loss), elements, case.dtype, threads)
    return {column: run for column, run in found.items() if run is not None}


def _module(loss: Any) -> ModuleType:
    """The generated module of a loss."""
    drivers: Mapping[str, Any] = loss._engine.drivers
    return sys.modules[next(iter(drivers.values())).__module__]


def _orders(case: Case) -> tuple[int, ...]:
    return (1,) if case.entry == "value_and_grad" else (1, 2)


def _compared(column: str, make: Callable[[], Candidate], expected: Any, outcome: Outcome) -> Candidate | None:
    """The candidate if it works and computes the same, else a reason in the outcome."""
    try:
        candidate = make()
        found = candidate.results()
    except Exception as error:
        outcome.skipped[column] = f"failed: {sentence(error)}"
        return None
    apart = differences(expected, found)
    outcome.agreement[column] = {key: number for key, number in apart.items() if number != float("inf")}
    if not agree(apart, outcome.case.dtype):
        outcome.skipped[column] = (
            f"computes something else: its value is {found[0]:.6g} where ours is {expected[0]:.6g}, "
            f"its arrays differ by {apart['arrays']:.2g} of their size"
        )
        return None
    return candidate


def sentence(error: BaseException) -> str:
    """Type and first line of an error, without paths."""
    lines = str(error).strip().splitlines()
    text = re.sub(r"(/[\w.+-]+){2,}", "…", lines[0])[:160] if lines else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def takes_exponentials(loss: Any, dtype: str) -> bool:
    """Whether the kernels of a loss hold an exponential of the dtype."""
    suffix = "f32" if dtype == "float32" else "f64"
    return any(name.startswith("_exp") and name.endswith(suffix) for name in vars(_module(loss)))
