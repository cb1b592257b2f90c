"""What an audit found: one cell per region, dtype and part, the worst points, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mpmath import mp

from symloss.accuracy.points import Instance

#: Parts in the order of the table.
PARTS = ("value", "gradient", "hessian")


@dataclass
class Fault:
    """One number that is off.

    Attributes:
        kind: "error", "sign", "nan", "inf" or "raised".
        key: "value", "gradient x" or "hessian x".
        found: what the implementation gave.
        exact: what it should have given.
        ulps: the difference in units in the last place of the exact result.
        excess: that over one plus what rounding each input once would explain.
        instance: the inputs.
        index: the element.
        message: what was raised.
    """

    kind: str
    key: str
    found: float
    exact: Any
    ulps: float
    excess: float
    instance: Instance
    index: tuple[int, ...]
    message: str = ""


@dataclass
class Cell:
    """One region, dtype and part."""

    region: str
    dtype: str
    part: str
    compared: int = 0
    ulps: float = 0.0
    excess: float = 0.0
    other_slopes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    worst: Fault | None = None

    @property
    def good(self) -> bool:
        """Whether nothing in it is beyond the bound."""
        return not self.counts


@dataclass
class Report:
    """The audit of one implementation.

    Attributes:
        target: the implementation.
        loss: the loss.
        convention: how it is called.
        returns: what it returns.
        reduction: none, sum or mean.
        factor: the constant factor as text.
        share: the share of ordinary elements that agree at that factor.
        cells: the table.
        notes: what else was noticed, in sentences.
        verdict: "agrees", "agrees in part" or "disagrees".
        max_ulps: the bound.
        parameters: of the loss.
    """

    target: str
    loss: str
    convention: str
    returns: str
    reduction: str
    factor: str
    share: float
    parameters: Mapping[str, float]
    max_ulps: float
    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    verdict: str = "agrees"

    @property
    def good(self) -> bool:
        """Whether the implementation agrees everywhere that was tried."""
        return self.verdict == "agrees"

    def summary(self) -> str:
        """How it is called and what it computes, in a sentence."""
        reduced = {"none": "per sample", "sum": "the sum over the batch", "mean": "the mean over the batch"}
        times = "" if self.factor == "1" else f", {self.factor} times the loss"
        return f"called as {self.convention}; returns {self.returns}, {reduced[self.reduction]}{times}"

    def sentence(self) -> str:
        """The verdict in a sentence."""
        times = "" if self.factor == "1" else f"{self.factor} times "
        name = f"{times}{self.loss}"
        if self.verdict == "agrees":
            return f"agrees with {name} within {self.max_ulps:g} ulps wherever it was tried"
        if self.verdict == "disagrees":
            if not self._bad("ordinary") and self.factor.startswith("-"):
                return f"does not compute {self.loss} but {name}, which has the opposite sign"
            return f"does not compute {name}: {_listed(self._bad('ordinary'))} wrong on ordinary inputs"
        regions = list(dict.fromkeys(cell.region for cell in self.cells if not cell.good))
        if not regions:
            return f"agrees with {name} within {self.max_ulps:g} ulps, but see the notes"
        digits = " to three digits" if "ordinary" in regions else ""
        return f"agrees with {name}{digits} on ordinary inputs; beyond {self.max_ulps:g} ulps in: {', '.join(regions)}"

    def _bad(self, region: str) -> list[str]:
        return list(dict.fromkeys(cell.part for cell in self.cells if cell.region == region and not cell.good))

    def data(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "target": self.target,
            "loss": self.loss,
            "parameters": dict(self.parameters),
            "convention": self.convention,
            "returns": self.returns,
            "reduction": self.reduction,
            "factor": self.factor,
            "agreeing_share": self.share,
            "max_ulps": self.max_ulps,
            "verdict": self.verdict,
            "sentence": self.sentence(),
            "notes": self.notes,
            "cells": [_cell_data(cell) for cell in self.cells],
        }


def _listed(words: list[str]) -> str:
    if not words:
        return "too many elements are"
    verb = "is" if len(words) == 1 else "are"
    return f"{' and '.join(words)} {verb}"


def _cell_data(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = {
        "region": cell.region,
        "dtype": cell.dtype,
        "part": cell.part,
        "compared": cell.compared,
        "ulps": _json_number(cell.ulps),
        "excess": _json_number(cell.excess),
        "other_slopes": cell.other_slopes,
        "faults": dict(cell.counts),
    }
    if cell.worst is not None:
        found["worst"] = fault_data(cell.worst)
    return found


def _json_number(value: float) -> float | str:
    return value if value < float("inf") else "inf"


def fault_data(fault: Fault) -> dict[str, Any]:
    """A fault as plain data."""
    return {
        "kind": fault.kind,
        "of": fault.key,
        "index": list(fault.index),
        "found": repr(fault.found),
        "exact": exact_text(fault.exact),
        "ulps": _json_number(fault.ulps),
        "inputs": {name: nested(values) for name, values in fault.instance.tensors.items()},
        "message": fault.message,
    }


def exact_text(value: Any) -> str:
    """An exact result to 17 digits."""
    if mp.isnan(value):
        return "nan"
    if mp.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value and not -1330 < mp.mag(value) < 1330:
        return f"{'-' if value < 0 else ''}{'beyond 1e400' if mp.mag(value) > 0 else '0 (below 1e-400)'}"
    return str(mp.nstr(value, 17))


def nested(values: Mapping[tuple[int, ...], Any]) -> Any:
    """Values by index as nested lists."""
    if () in values:
        return values[()]
    found: dict[int, dict[tuple[int, ...], Any]] = {}
    for index, value in values.items():
        found.setdefault(index[0], {})[index[1:]] = value
    return [nested(found[position]) for position in sorted(found)]


def fault_text(fault: Fault) -> str:
    """A fault in a line."""
    places = ", ".join(f"{name} = {nested(values)}" for name, values in fault.instance.tensors.items())
    if fault.kind == "raised":
        return f"at {places}: raises {fault.message}"
    element = f" (element {list(fault.index)})" if len(fault.index) > 1 else ""
    what = {"sign": " (wrong sign)"}.get(fault.kind, "")
    return f"at {places}: {fault.key}{element} is {fault.found!r}, exact {exact_text(fault.exact)}{what}"
