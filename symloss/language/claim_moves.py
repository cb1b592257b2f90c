"""Whether a claim of invariance names what moves, and along which axis, so that it says something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss.program import Tensor

#: Transformations that compute with what they move.
_OF_NUMBERS = ("shift", "scale", "translation", "rotation")
#: Transformations along one axis, which everything that moves has.
_ALONG_ONE = ("rotation", "permutation", "padding")
#: Transformations of things with the same axes.
_OF_ONE_SHAPE = ("translation", "symmetric")


def fault_of_move(kind: str, arguments: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """What is wrong with a transformation; "" if nothing is.

    Args:
        kind: the transformation.
        arguments: the keys `in`, `along` and `under`, as far as they are given.
        tensors: inputs, parameters and variables of the claim.
    """
    if kind == "transformation":
        return "" if arguments.get("under") else "a transformation needs `under`, a mapping from inputs to expressions"
    moved, along = arguments.get("in", ()), arguments.get("along", ())
    if not moved:
        return f"{kind} needs `in`, the inputs that change"
    if isinstance(moved, dict) != (kind == "padding"):
        wanted = "a mapping from inputs to the values of the added item" if kind == "padding" else "a list of inputs"
        return f"`in` of {kind} is {wanted}"
    if kind in _ALONG_ONE and len(along) != 1:
        return f"{kind} needs `along`, " + ("the axis that gets one more item" if kind == "padding" else "one axis")
    if kind == "symmetric" and len(moved) != 2:
        return "symmetric exchanges two inputs; `in` names two"
    return _fault_of_inputs(kind, along, [tensors[name] for name in moved])


def _fault_of_inputs(kind: str, along: tuple[str, ...], moved: list[Tensor]) -> str:
    labels = [tensor.name for tensor in moved if tensor.domain.integer]
    if labels and kind in _OF_NUMBERS:
        return f"{labels[0]} is a label, and {kind} is for numbers"
    if kind in _OF_ONE_SHAPE and len({(tensor.axes, tensor.domain.integer) for tensor in moved}) > 1:
        return f"{kind} is for inputs with the same axes"
    for axis in along:
        without = [tensor.name for tensor in moved if tensor.axes.count(axis) != 1]
        if without and (kind in _ALONG_ONE or len(without) == len(moved)):
            return f"{without[0]} does not have the axis {axis}"
    return ""
