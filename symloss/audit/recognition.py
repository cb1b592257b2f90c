"""What a result is: a value, a gradient, both or gradient and Hessian; reduced how; times which factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

#: What an implementation may return.
RETURNS = ("value", "gradient", "value,gradient", "gradient,hessian")
#: Factors that are recognised beside fractions: name and value.
_NAMED = {"log 2": math.log(2), "1/log 2": 1 / math.log(2)}
_CLOSE = 1e-4
_EXACT = 1e-6
_LARGEST_DENOMINATOR = 64


@dataclass
class Probe:
    """One batch of ordinary inputs with exact results.

    ``values`` per sample (or one number), ``total`` and ``mean`` of the reduced loss, ``gradients`` and ``hessians`` by
    prediction, of the plain sum.
    """

    arrays: dict[str, Any]
    values: Any
    total: float
    mean: float
    gradients: dict[str, Any]
    hessians: dict[str, Any]
    samples: int


@dataclass
class Recognised:
    """How well a result fits, and as what.

    Attributes:
        returns: one of `RETURNS`.
        share: the share of elements that agree up to one factor.
        factor: that factor.
        name: the factor as a fraction or by name, "" where it is no recognised number.
        reduction: none, sum or mean.
    """

    returns: str
    share: float
    factor: float = 1.0
    name: str = "1"
    reduction: str = "none"


def recognise(results: Sequence[Any], probes: Sequence[Probe], restore: Any, given: str | None) -> Recognised | None:
    """The reading of results that fits best, or None where their shapes fit none.

    Args:
        results: what was returned for each probe, tuples of arrays.
        probes: two batches of different lengths.
        restore: puts an array into the shape of a prediction, or gives None.
        given: what the user says is returned, or None.
    """
    found = []
    for returns in [given] if given else RETURNS:
        reading = _as(returns, results, probes, restore)
        if reading is not None:
            found.append(reading)
    return max(found, key=lambda one: one.share, default=None)


def parts_of(returns: str, result: Sequence[Any], probe: Probe, restore: Any) -> dict[str, Any] | None:
    """The parts of one result by name: "value", "gradient x", "hessian x"; None where they do not fit."""
    predictions = list(probe.gradients)
    names: list[str] = []
    for kind in returns.split(","):
        names += ["value"] if kind == "value" else [f"{kind} {name}" for name in predictions]
    if len(result) != len(names):
        return None
    found: dict[str, Any] = {}
    for name, array in zip(names, result, strict=True):
        if name == "value":
            flat = np.asarray(array)
            if flat.size != 1 and flat.size != np.size(probe.values):
                return None
            found[name] = flat.reshape(()) if flat.ndim == 0 or (flat.size == 1 and probe.samples > 1) else flat.ravel()
            continue
        shaped = restore(array, probe.gradients[name.partition(" ")[2]].shape)
        if shaped is None:
            return None
        found[name] = shaped
    return found


def _as(returns: str, results: Sequence[Any], probes: Sequence[Probe], restore: Any) -> Recognised | None:
    readings = [parts_of(returns, result, probe, restore) for result, probe in zip(results, probes, strict=True)]
    if any(reading is None for reading in readings):
        return None
    parts = [reading for reading in readings if reading is not None]
    if "value" in parts[0]:
        if parts[0]["value"].ndim == 0:
            return _reduced(returns, [float(part["value"]) for part in parts], probes)
        share, factor = _fit(parts[0]["value"], np.ravel(probes[0].values))
        return Recognised(returns, share - 0.01 * _misfits(parts[0], probes[0], factor), factor, _name(factor))
    key = next(iter(parts[0]))
    prediction = key.partition(" ")[2]
    share, factor = _fit(parts[0][key], probes[0].gradients[prediction])
    _, other = _fit(parts[1][key], probes[1].gradients[prediction])
    first, second = probes[0].samples, probes[1].samples
    share -= 0.01 * _misfits(parts[0], probes[0], factor)
    if first != second and abs(factor * first - other * second) < _CLOSE * abs(factor * first):
        return Recognised(returns, share, factor * first, _name(factor * first), "mean")
    return Recognised(returns, share, factor, _name(factor))


def _misfits(parts: dict[str, Any], probe: Probe, factor: float) -> int:
    """How many derivatives do not agree; that decides only between readings that fit equally well otherwise."""
    exact = {f"gradient {name}": array for name, array in probe.gradients.items()}
    exact |= {f"hessian {name}": array for name, array in probe.hessians.items()}
    near = [
        np.abs(parts[key] - factor * exact[key]) <= _CLOSE * np.abs(exact[key]) + 1e-9 for key in parts if key in exact
    ]
    return sum(not bool(one.mean() > 0.5) for one in near)


def _reduced(returns: str, values: Sequence[float], probes: Sequence[Probe]) -> Recognised:
    for reduction in ("mean", "sum"):
        wanted = [probe.mean if reduction == "mean" else probe.total for probe in probes]
        ratios = [value / one if one else math.nan for value, one in zip(values, wanted, strict=True)]
        if all(map(math.isfinite, ratios)) and abs(ratios[0] - ratios[1]) <= _CLOSE * abs(ratios[0]) and ratios[0]:
            return Recognised(returns, 1.0, ratios[0], _name(ratios[0]), reduction)
    return Recognised(returns, 0.0, 1.0, "1", "mean")


def _fit(found: Any, exact: Any) -> tuple[float, float]:
    """The share of elements that agree up to the median of their quotients, and that median."""
    found, exact = np.asarray(found, dtype=float), np.asarray(exact, dtype=float)
    telling = np.isfinite(found) & np.isfinite(exact) & (np.abs(exact) > 1e-8)
    if not telling.any():
        return 0.0, 1.0
    ratios = found[telling] / exact[telling]
    factor = float(np.median(ratios))
    if factor == 0 or not math.isfinite(factor):
        return 0.0, 1.0
    near = np.abs(found - factor * exact) <= _CLOSE * np.abs(factor * exact) + 1e-9
    return float(near.mean()), factor


def _name(factor: float) -> str:
    """The factor as a fraction or by name, or nothing."""
    fraction = Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    if fraction and abs(float(fraction) - factor) <= _EXACT * abs(factor):
        return str(fraction)
    return next((name for name, value in _NAMED.items() if abs(value - factor) <= _EXACT * abs(factor)), "")
