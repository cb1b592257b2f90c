"""Relative errors of value and gradient at confident predictions, against exact results: accuracy beside speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import symloss
from symloss.bench.candidates import ours, theirs
from symloss.bench.inputs import defaults, program_of
from symloss.bench.measuring import OURS
from symloss.bench.peers.confident_points import POINTS
from symloss.bench.records import Candidate, Case


def errors(name: str) -> dict[str, Any]:
    """By library the relative errors of value and gradient in float64 at the confident point of a loss.

    Returns:
        the point in words, and per column "value" and "gradient" (largest entry); a library that fails is left out.
    """
    loss, arrays = symloss.load(name), [np.array([entry]) for entry in POINTS[name]]
    case = Case(name, {}, "float64")
    value, slopes = _exact(name, loss, arrays)
    candidates: dict[str, Callable[[], Candidate]] = {OURS: lambda: ours(loss, case, arrays, 1)}
    libraries = ("torch", "JAX", "scikit-learn")
    found: dict[str, dict[str, float]] = {}
    for column, peer, make in theirs(loss, case, arrays, 1, {}, libraries):
        candidates[column] = make
        if peer.value_alone is not None:
            # Where a library computes the value alone in another way than with its gradient.
            alone = peer.value_alone(arrays, defaults(loss))
            found[f"{column}, value alone"] = {"value": _relative(alone, value)}
    for column, make in candidates.items():
        given, (gradient, *_) = make().results()
        apart = max(_relative(float(g), e) for g, e in zip(gradient.reshape(-1), slopes, strict=True))
        found[column] = {"value": _relative(given, value), "gradient": apart}
    names = [item["name"] for item in loss.meta["inputs"]]
    words = ", ".join(f"{n} = {array[0].tolist()}" for n, array in zip(names, arrays, strict=False))
    return {"point": words, "exact value": float(value), "libraries": found}


def _exact(name: str, loss: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
    """Value and gradient at one sample, from the textbook formula at rising precision."""
    from symloss.accuracy.points import Instance
    from symloss.audit.exact import Exact
    from symloss.calculus import derive
    from symloss.program import INPUT_ROLES

    program = program_of(name)
    sizes = dict.fromkeys(program.axes, 1)
    tensors: dict[str, dict[tuple[int, ...], Any]] = {}
    inputs = [tensor for tensor in program.tensors.values() if tensor.role in INPUT_ROLES]
    for tensor, array in zip(inputs, arrays, strict=False):
        tensors[tensor.name] = {index: array[index].item() for index in np.ndindex(array.shape)}
        for axis, size in zip(tensor.axes, array.shape, strict=True):
            sizes[axis] = size
    for tensor in inputs[len(arrays) :]:
        shape = [sizes[axis] for axis in tensor.axes]
        tensors[tensor.name] = {index: float(tensor.default or 0) for index in np.ndindex(*shape)}
    exact = Exact(derive(program), sizes).at(Instance(tensors, defaults(loss)))
    slopes = exact[f"gradient {loss.meta['predictions'][0]}"]
    return next(iter(exact["value"].values())), [slopes[index] for index in sorted(slopes)]


def _relative(found: float, exact: Any) -> float:
    return float(f"{float(abs(found - exact) / abs(exact)):.3g}")
