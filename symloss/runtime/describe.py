"""How a loss presents itself: repr, help text, signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symloss.runtime.frame import Frame, Input
from symloss.runtime.words import domain_text, number_text

if TYPE_CHECKING:
    from inspect import Signature


def summary(meta: Mapping[str, Any], frame: Frame) -> str:
    """The repr of a loss: formula, inputs with shapes and domains, parameters with defaults."""
    lines = [f"<symloss.Loss {frame.name}: {meta['title']}", f"  value       {_indented(meta['formula'], 14)}"]
    lines += _column("inputs", [f"{_shape(entry)}  {_words(entry)}" for entry in frame.inputs])
    lines += _column(
        "parameters",
        [f"{item.name} = {number_text(item.default)}  {domain_text(dict(item.domain))}" for item in frame.parameters],
    )
    return "\n".join(lines) + ">"


def documentation(meta: Mapping[str, Any], frame: Frame) -> str:
    """The help text of a loss."""
    lines = [f"{frame.name}: {meta['title']}", "", "Value:", f"  {_indented(meta['formula'], 2)}", "", "Inputs:"]
    for entry in frame.inputs:
        lines.append(f"  {_shape(entry)}: {_words(entry)}{'; ' + entry.doc if entry.doc else ''}")
    if frame.parameters:
        lines += ["", "Parameters:"]
    for item in frame.parameters:
        domain = domain_text(dict(item.domain))
        lines.append(f"  {item.name} = {number_text(item.default)}: {domain}{'; ' + item.doc if item.doc else ''}")
    arguments = ", ".join(
        [entry.name for entry in frame.inputs if entry.optional is None]
        + [f"{entry.name}={number_text(entry.optional)}" for entry in frame.inputs if entry.optional is not None]
        + [f"{item.name}={number_text(item.default)}" for item in frame.parameters]
    )
    predictions = [frame.inputs[number].name for number in frame.predictions]
    gradients = "grad" if len(predictions) == 1 else f"({', '.join('grad_' + name for name in predictions)})"
    directions = "direction" if len(predictions) == 1 else f"({', '.join('v_' + name for name in predictions)})"
    lines += [
        "",
        "Calls:",
        f"  {frame.name}({arguments}) -> value",
        f"  {frame.name}.value_and_grad(...) -> value, {gradients}",
    ]
    refused = meta["refused"]
    if "grad_hess_diag" in refused:
        lines.append(f"  {frame.name}.grad_hess_diag(...) is refused: {refused['grad_hess_diag']}")
    else:
        lines.append(f"  {frame.name}.grad_hess_diag(...) -> gradient, Hessian diagonal (per sample, undivided)")
    lines += [
        f"  {frame.name}.hvp(..., v={directions}) -> Hessian-vector product",
        f"  {frame.name}.hessian(...) "
        + (
            "is refused: its samples interact; use hvp"
            if frame.coupled or frame.batchless
            else "-> Hessian block of each sample"
        ),
        *_accuracy(meta.get("accuracy", {})),
        "",
        "Options: reduction ('none', 'mean', 'sum'), weight, mask (True where a sample counts), normalizer,",
    ]
    ignore = "ignore_index, " if meta["ignore_index"] else ""
    lines.append(f"  {ignore}axis, validate, threads, deterministic; wrt and out for the gradient. See symloss.Loss.")
    return "\n".join(lines)


def _accuracy(classes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Per entry point the accuracy class."""
    if not classes:
        return []
    words = {
        entry: "; ".join((found["class"], found["reason"], *found.get("range", ()))) for entry, found in classes.items()
    }
    return ["", "Accuracy:", *(f"  {entry}: {text}" for entry, text in words.items())]


def signature(frame: Frame) -> Signature:
    """The signature of a call, for ``inspect.signature`` and editors."""
    from inspect import Parameter, Signature

    required = max((number for number, entry in enumerate(frame.inputs) if entry.optional is None), default=-1)
    entries = [
        Parameter(entry.name, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if number <= required else None)
        for number, entry in enumerate(frame.inputs)
    ]
    entries += [Parameter(item.name, Parameter.KEYWORD_ONLY, default=item.default) for item in frame.parameters]
    defaults: dict[str, Any] = {
        "reduction": "mean",
        "weight": None,
        "mask": None,
        "normalizer": None,
        "ignore_index": None,
    }
    defaults |= {"validate": None, "threads": None, "axis": None, "deterministic": False}
    entries += [Parameter(name, Parameter.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    return Signature(entries)


def _shape(entry: Input) -> str:
    return f"{entry.name}[{', '.join(entry.axes)}]" if entry.axes else entry.name


def _words(entry: Input) -> str:
    optional = "" if entry.optional is None else f", optional ({number_text(entry.optional)})"
    return f"{entry.role}, {domain_text(dict(entry.domain))}{optional}"


def _indented(text: str, columns: int) -> str:
    return text.strip().replace("\n", "\n" + " " * columns)


def _column(title: str, rows: list[str]) -> list[str]:
    return [f"  {title if number == 0 else '':<10}  {row}" for number, row in enumerate(rows)]
