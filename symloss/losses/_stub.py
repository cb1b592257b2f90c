"""The type stubs of `symloss.losses`, written by the build from what the generated modules declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_HEAD = """\
# Written by `symloss build` from the specifications; do not edit.
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symloss.runtime.loss import Loss

_Array: TypeAlias = NDArray[Any]
_PerTerm: TypeAlias = ArrayLike | Sequence[ArrayLike | None] | dict[str, ArrayLike]
"""

_OPTIONS = (
    "weight: _PerTerm | None = None",
    "mask: _PerTerm | None = None",
    "normalizer: float | None = None",
    "ignore_index: int | None = None",
    "validate: bool = True",
    "threads: int | None = None",
    "axis: int | None = None",
)


def stub_text(metas: Iterable[Mapping[str, Any]]) -> str:
    """The text of ``symloss/losses/__init__.pyi``.

    Args:
        metas: the META of each shipped generated module.
    """
    ordered = sorted(metas, key=lambda meta: str(meta["name"]))
    names = "".join(f"    {meta['name']!r},\n".replace("'", '"') for meta in ordered)
    blocks = [_HEAD, f"__all__ = [\n{names}]\n" if ordered else "__all__: list[str] = []\n"]
    blocks += ["\n".join(_class(meta)) + "\n" for meta in ordered]
    blocks.append("".join(f"{meta['name']}: {_class_name(meta)}\n" for meta in ordered))
    return "\n".join(blocks)


def _class_name(meta: Mapping[str, Any]) -> str:
    return "_" + "".join(part.capitalize() for part in meta["name"].split("_"))


def _class(meta: Mapping[str, Any]) -> list[str]:
    """One loss: a subclass of `Loss` whose methods take its own inputs and parameters."""
    gradient = _arrays(len(meta["predictions"]))
    values = _arrays(len(meta["terms"]))
    lines = [f"class _{_class_name(meta)[1:]}(Loss):"]
    for number, (reductions, value) in enumerate((('"mean", "sum"', "float"), ('"none"', values))):
        default = ' = "mean"' if number == 0 else ""
        lines += _method(meta, "__call__", [f"reduction: Literal[{reductions}]{default}"], value, number == 0)
    for number, (reductions, value) in enumerate((('"mean", "sum"', "float"), ('"none"', values))):
        default = ' = "mean"' if number == 0 else ""
        for wrt, derivative in (
            ("None = None", gradient),
            ("str", "_Array"),
            ("tuple[str, ...]", "tuple[_Array, ...]"),
        ):
            own = [f"reduction: Literal[{reductions}]{default}", f"wrt: {wrt}", "out: Any = None"]
            first = number == 0 and wrt.startswith("None")
            lines += _method(meta, "value_and_grad", own, f"tuple[{value}, {derivative}]", first)
    own = ['reduction: Literal["mean", "sum", "none"] = "sum"', "out: Any = None"]
    if "grad_hess_diag" in meta["entries"]:
        lines += _method(meta, "grad_hess_diag", own, f"tuple[{gradient}, {gradient}]", None)
    direction = "ArrayLike" if len(meta["predictions"]) == 1 else "Sequence[ArrayLike]"
    own = [f"v: {direction}", 'reduction: Literal["mean", "sum", "none"] = "mean"', "out: Any = None"]
    lines += _method(meta, "hvp", own, gradient, None)
    own = ["cross: bool = False", 'reduction: Literal["mean", "sum", "none"] = "mean"']
    lines += _method(meta, "hessian", own, "Any", None)
    return lines


def _method(meta: Mapping[str, Any], name: str, own: list[str], result: str, first: bool | None) -> list[str]:
    """A method; ``first`` is None where it is not overloaded, else whether it is the first of its overloads."""
    inputs = meta["inputs"]
    required = max((place for place, entry in enumerate(inputs) if entry["optional"] is None), default=-1)
    arguments = ["self"]
    for place, entry in enumerate(inputs):
        optional = entry["optional"] is not None
        kind = "ArrayLike | None" if optional else "ArrayLike"
        arguments.append(f"{entry['name']}: {kind}{' = None' if optional and place > required else ''}")
    keywords = [f"{entry['name']}: float = {float(entry['default'])!r}" for entry in meta["parameters"]]
    # Keyword-only arguments may come in any order, so one without a default need not come first.
    arguments += ["*", *keywords, *own, *_OPTIONS]
    overload = ["    @overload"] if first is not None else []
    # The base class takes any arguments; a loss takes its own. That is the point of the stub.
    ignore = "" if first is False else "  # type: ignore[override]"
    body = [f"        {argument}," for argument in arguments]
    return [*overload, f"    def {name}({ignore}", *body, f"    ) -> {result}: ..."]


def _arrays(count: int) -> str:
    return "_Array" if count == 1 else f"tuple[{', '.join(['_Array'] * count)}]"
