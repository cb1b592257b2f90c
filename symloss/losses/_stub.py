"""The type stubs of `symloss.losses`, written by the build from what the generated modules declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_HEAD = """\
# Written by `symloss build` from the specifications; do not edit.
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, Unpack, overload

from numpy.typing import ArrayLike, NDArray

from symloss.runtime.loss import Loss

_Array: TypeAlias = NDArray[Any]
_PerTerm: TypeAlias = ArrayLike | Sequence[ArrayLike | None] | Mapping[str, ArrayLike]
_Reduced: TypeAlias = Literal["mean", "sum"]
_Any: TypeAlias = Literal["mean", "sum", "none"]

class _Options(TypedDict, total=False):
    weight: _PerTerm | None
    mask: _PerTerm | None
    normalizer: float | None
    ignore_index: int | None
    validate: bool
    threads: int | None
    axis: int | None
    deterministic: bool
"""


def stub_text(metas: Iterable[Mapping[str, Any]]) -> str:
    """The text of ``symloss/losses/__init__.pyi``.

    Args:
        metas: the META of each shipped generated module.
    """
    ordered = sorted(metas, key=lambda meta: str(meta["name"]))
    names = "".join(f'    "{meta["name"]}",\n' for meta in ordered)
    blocks = [_HEAD, f"__all__ = [\n{names}]\n" if ordered else "__all__: list[str] = []\n"]
    blocks += ["\n".join(_class(meta)) + "\n" for meta in ordered]
    blocks.append("".join(f"{meta['name']}: {_class_name(meta)}\n" for meta in ordered))
    return "\n".join(blocks)


def _class_name(meta: Mapping[str, Any]) -> str:
    return "_" + "".join(part.capitalize() for part in meta["name"].split("_"))


def _class(meta: Mapping[str, Any]) -> list[str]:
    """One loss: a subclass of `Loss` whose methods take its own inputs and parameters."""
    gradient, values = _arrays(len(meta["predictions"])), _arrays(len(meta["terms"]))
    reductions = (('reduction: _Reduced = "mean"', "float"), ('reduction: Literal["none"]', values))
    derivatives = (
        ("wrt: None = None", gradient),
        ("wrt: str", "_Array"),
        ("wrt: tuple[str, ...]", "tuple[_Array, ...]"),
    )
    lines = [f"class {_class_name(meta)}(Loss):"]
    lines += _overloads(meta, "__call__", [([reduction], value) for reduction, value in reductions])
    lines += _overloads(
        meta,
        "value_and_grad",
        [
            ([reduction, wrt, "out: Any = None"], f"tuple[{value}, {derivative}]")
            for reduction, value in reductions
            for wrt, derivative in derivatives
        ],
    )
    if "grad_hess_diag" in meta["entries"]:
        own = ['reduction: _Any = "sum"', "out: Any = None"]
        lines += _method(meta, "grad_hess_diag", own, f"tuple[{gradient}, {gradient}]", _OVERRIDE)
    direction = "ArrayLike" if len(meta["predictions"]) == 1 else "Sequence[ArrayLike]"
    own = [f"v: {direction}", 'reduction: _Any = "mean"', "out: Any = None"]
    lines += _method(meta, "hvp", own, gradient, _OVERRIDE)
    return lines + _method(meta, "hessian", ["cross: bool = False", 'reduction: _Any = "mean"'], "Any", _OVERRIDE)


#: The base class takes any arguments, a loss its own: that is the point of the stub, and no valid override.
_OVERRIDE = "  # type: ignore[override]"


def _overloads(meta: Mapping[str, Any], name: str, variants: list[tuple[list[str], str]]) -> list[str]:
    lines = []
    for number, (own, result) in enumerate(variants):
        lines.append("    @overload" + ("" if number else _OVERRIDE))
        lines += _method(meta, name, own, result, "")
    return lines


def _method(meta: Mapping[str, Any], name: str, own: list[str], result: str, remark: str) -> list[str]:
    inputs = meta["inputs"]
    required = max((place for place, entry in enumerate(inputs) if entry["optional"] is None), default=-1)
    # An input that is called like an option of the method, `v` of hvp, can only be passed by position.
    options = {argument.split(":")[0] for argument in own}
    clash = max((place for place, entry in enumerate(inputs) if entry["name"] in options), default=-1)
    arguments = ["self"]
    for place, entry in enumerate(inputs):
        kind = "ArrayLike" if entry["optional"] is None else "ArrayLike | None"
        word = f"{entry['name']}_" if entry["name"] in options else entry["name"]
        arguments.append(f"{word}: {kind}{' = None' if place > required else ''}")
        arguments += ["/"] if place == clash else []
    arguments.append("*")
    # Keyword-only arguments may stand in any order, so one without a default need not come first.
    arguments += [f"{entry['name']}: float = {float(entry['default'])!r}" for entry in meta["parameters"]]
    arguments += [*own, "**options: Unpack[_Options]"]
    return [f"    def {name}({remark}", *(f"        {argument}," for argument in arguments), f"    ) -> {result}: ..."]


def _arrays(count: int) -> str:
    return "_Array" if count == 1 else f"tuple[{', '.join(['_Array'] * count)}]"
