"""The records of what was found, and their plain data for ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mpmath import mp

from symloss.verify.points import Point


@dataclass(frozen=True)
class Witness:
    """A point at which a step is wrong.

    Attributes:
        point: the inputs and parameters.
        index: the element.
        expected: what stands above, or the quantity itself.
        found: what the step gives there; NaN where it is not defined.
        confirmed: whether a difference quotient of the loss confirms `expected`.
    """

    point: Point
    index: tuple[int, ...]
    expected: Any
    found: Any
    confirmed: bool | None = None

    @property
    def ratio(self) -> Any:
        """The step's value over the expected one; None where that says nothing."""
        if self.expected == 0 or not (mp.isfinite(self.found) and mp.isfinite(self.expected)):
            return None
        return self.found / self.expected


@dataclass
class Step:
    """One answer against what stands before it.

    Attributes:
        text: the answer as written.
        verdict: "proved" (an identity for all real inputs, at the sizes in `sizes`), "tested", "refuted" or "unknown".
        sizes: the sizes at which the identity was proved.
        every_size: whether no size is left open, so that the proof is for every size there is.
        points: at how many points both sides were compared.
        undefined: at how many of them neither side is a number.
        edges: points on kinks or ends of domains where the two differ, though not beside them.
        witness: where the two differ, for a refuted step.
        slip: what the error probably is.
        reason: why the verdict is unknown.
    """

    text: str
    verdict: str = "tested"
    sizes: tuple[Mapping[str, int], ...] = ()
    every_size: bool = False
    points: int = 0
    undefined: int = 0
    edges: list[Witness] = field(default_factory=list)
    witness: Witness | None = None
    slip: str = ""
    reason: str = ""


@dataclass
class Outcome:
    """What came of a question: its steps up to the first wrong one."""

    loss: str
    quantity: str
    steps: list[Step]
    total: int
    fixed: Mapping[str, Any]
    when: tuple[str, ...]
    coupled: bool

    @property
    def equal(self) -> bool:
        """Whether every step was found equal."""
        return len(self.steps) == self.total and all(step.verdict in ("proved", "tested") for step in self.steps)

    def data(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "loss": self.loss,
            "quantity": self.quantity,
            "equal": self.equal,
            "fixed": {name: str(value) for name, value in self.fixed.items()},
            "when": list(self.when),
            "steps": [_step_data(step) for step in self.steps],
        }


def _step_data(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {"text": step.text, "verdict": step.verdict, "points": step.points}
    if step.verdict == "proved":
        found["sizes"] = "every" if step.every_size else [dict(sizes) for sizes in step.sizes]
    if step.witness is not None:
        found["witness"] = witness_data(step.witness)
    if step.slip:
        found["slip"] = step.slip
    if step.reason:
        found["reason"] = step.reason
    if step.edges:
        found["edges"] = [witness_data(edge) for edge in step.edges]
    return found


def witness_data(witness: Witness) -> dict[str, Any]:
    """A witness as plain data, numbers as text."""
    ratio = witness.ratio
    return {
        "inputs": {name: nested(values) for name, values in witness.point.tensors.items()},
        "parameters": {name: rational(value) for name, value in witness.point.parameters.items()},
        "index": list(witness.index),
        "expected": decimal(witness.expected),
        "found": decimal(witness.found),
        "ratio": None if ratio is None else decimal(ratio),
        "confirmed_by_difference_quotient": witness.confirmed,
    }


def rational(value: Any) -> str:
    """An exact number, ``-3/2`` or ``0.4375`` where that is short."""
    exact = Fraction(value)
    text = str(exact)
    if exact.denominator != 1 and len(text) > 6:
        scaled = exact * 10**12
        if scaled.denominator == 1:
            text = f"{float(exact):.12g}"
    return text


def decimal(value: Any, digits: int = 12) -> str:
    """A number to some digits."""
    if mp.isnan(value):
        return "nan"
    if mp.isinf(value):
        return "inf" if value > 0 else "-inf"
    return str(mp.nstr(value, digits))


def nested(values: Mapping[tuple[int, ...], Any]) -> Any:
    """Values by index as nested lists of text."""
    if () in values:
        return rational(values[()])
    found: dict[int, dict[tuple[int, ...], Any]] = {}
    for index, value in values.items():
        found.setdefault(index[0], {})[index[1:]] = value
    return [nested(found[position]) for position in sorted(found)]
