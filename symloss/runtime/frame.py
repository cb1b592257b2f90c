"""What a generated module declares about its arguments, as records made once when a loss is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its axes split into the batch axis that leads and the sample axes that follow.

    ``batch`` and ``sample`` hold root axes (a `like` axis stands for the one whose length it shares). ``span`` is the
    position among the sample axes of the one that takes all remaining dimensions, ``free`` that of the single other.
    """

    name: str
    role: str
    axes: tuple[str, ...]
    batch: tuple[str, ...]
    sample: tuple[str, ...]
    span: int | None
    free: int | None
    kind: str
    domain: Mapping[str, Any]
    optional: float | None
    doc: str

    @property
    def dimensions(self) -> int:
        """How many dimensions the array has that a kernel sees."""
        return max(1, len(self.axes))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One scalar parameter with its default and its domain."""

    name: str
    default: float
    domain: Mapping[str, Any]
    doc: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The declaration of a loss.

    ``single`` says that a batch is exactly one dimension: a span axis takes the rest, or samples interact. ``paired``
    holds the expressions by which samples find partners in the batch. ``target`` is the number of the input whose
    labels ``ignore_index`` filters; ``in_place`` names, per entry point and gradient, the inputs whose memory it may
    take over; ``by_rows`` says that kernels reach every sample in its own rows only.
    """

    name: str
    inputs: tuple[Input, ...]
    parameters: tuple[Parameter, ...]
    terms: Mapping[str, str | None]
    roots: Mapping[str, str]
    sizes: Mapping[str, int]
    single: bool
    elementwise: bool
    coupled: bool
    paired: tuple[str, ...]
    predictions: tuple[int, ...]
    gradients: tuple[int | str, ...]
    target: int | None
    in_place: Mapping[str, Mapping[str, frozenset[str]]]
    by_rows: bool

    def apart(self, number: int) -> bool:
        """Whether kernels may get an input, or a result shaped like it, some rows at a time."""
        return self.by_rows and len(self.inputs[number].batch) == 1

    @property
    def batchless(self) -> bool:
        """Whether the value is a statistic of the whole batch, one number."""
        return any(axis is None for axis in self.terms.values())


def frame_of(meta: Mapping[str, Any]) -> Frame:
    """Read the ``META`` of a generated module."""
    axes = meta["axes"]

    def root(axis: str) -> str:
        like = axes[axis]["like"]
        return root(like) if like else axis

    inputs = tuple(_input(entry, axes, root) for entry in meta["inputs"])
    position = {entry.name: number for number, entry in enumerate(inputs)}
    parameters = tuple(
        Parameter(entry["name"], float(entry["default"]), entry["domain"], entry["doc"]) for entry in meta["parameters"]
    )
    labels = [entry for entry in inputs if entry.kind == "index" and entry.role == "target" and not entry.sample]
    coupled = bool(meta["coupled"])
    return Frame(
        name=meta["name"],
        inputs=inputs,
        parameters=parameters,
        terms={term: None if axis is None else root(axis) for term, axis in meta["terms"].items()},
        roots={axis: root(axis) for axis in axes},
        sizes={root(axis): entry["size"] for axis, entry in axes.items() if entry["size"] is not None},
        single=coupled or any(entry["span"] for entry in axes.values()) or any(len(item.batch) > 1 for item in inputs),
        elementwise=all(entry["kind"] == "batch" for entry in axes.values()),
        coupled=coupled,
        paired=tuple(meta.get("paired", ())),
        predictions=tuple(position[name] for name in meta["predictions"]),
        gradients=tuple(position.get(name, name) for name in meta["gradients"]),
        target=position[labels[0].name] if labels and meta["ignore_index"] else None,
        in_place={
            entry: {name: frozenset(inputs) for name, inputs in allowed.items()}
            for entry, allowed in meta.get("in_place", {}).items()
        },
        by_rows=bool(meta.get("by_rows", False)),
    )


def _input(entry: Mapping[str, Any], axes: Mapping[str, Any], root: Any) -> Input:
    batch = tuple(root(axis) for axis in entry["axes"] if axes[axis]["kind"] == "batch")
    names = [axis for axis in entry["axes"] if axes[axis]["kind"] != "batch"]
    spans = [number for number, axis in enumerate(names) if axes[root(axis)]["span"]]
    others = [number for number in range(len(names)) if number not in spans]
    domain = entry["domain"]
    optional = entry["optional"]
    return Input(
        name=entry["name"],
        role=entry["role"],
        axes=tuple(entry["axes"]),
        batch=batch,
        sample=tuple(root(axis) for axis in names),
        span=spans[0] if spans else None,
        free=others[0] if batch and len(others) == 1 else None,
        kind=domain["kind"] if domain["kind"] in ("index", "boolean") else "real",
        domain=domain,
        optional=None if optional is None else float(optional),
        doc=entry["doc"],
    )
