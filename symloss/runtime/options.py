"""Checking what a caller passes beside the arrays of the formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

import numpy as np

from symloss.runtime.arrays import Array, as_array, check_kind, prepared
from symloss.runtime.frame import Frame, Parameter
from symloss.runtime.layout import Layout
from symloss.runtime.rows import Rows
from symloss.runtime.words import domain_text, kind_of, listed, number_text, suggestion

REDUCTIONS = ("none", "mean", "sum")

#: The keywords of a call that are neither inputs nor parameters.
OPTIONS = (
    "reduction",
    "weight",
    "mask",
    "normalizer",
    "ignore_index",
    "validate",
    "threads",
    "axis",
    "deterministic",
    "wrt",
    "out",
    "v",
)


def real_number(value: Any, name: str) -> float:
    """A real scalar as a float.

    Raises:
        TypeError: it is not a real scalar.
        ValueError: it overflows a float, or is NaN.
    """
    if type(value) is not float:
        array = isinstance(value, np.ndarray)
        if isinstance(value, bool | np.bool_ | str | bytes | complex | np.complexfloating) or (array and value.ndim):
            raise TypeError(f"{name} is {kind_of(value)}, expected a real number")
        if array and value.dtype.kind not in "iuf":
            raise TypeError(f"{name} is {kind_of(value)}, expected a real number")
        if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
            raise TypeError(f"{name} is {kind_of(value)}, expected a real number")
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{name} is too large for a float, expected a real number") from None
        except Exception:  # a foreign type whose __float__ refuses
            raise TypeError(f"{name} is {kind_of(value)}, expected a real number") from None
    number: float = value
    if number != number:
        raise ValueError(f"{name} is nan, expected a real number")
    return number


def checked_parameter(parameter: Parameter, value: Any, dtype: np.dtype[Any]) -> float:
    """A parameter's value, in its domain both as given and as rounded to the computing dtype.

    Raises:
        TypeError: it is not a real scalar.
        ValueError: it lies outside the domain.
    """
    number = real_number(value, parameter.name)
    with np.errstate(over="ignore"):
        rounded = float(dtype.type(number))
    if _within(parameter.domain, number) and _within(parameter.domain, rounded):
        return number
    note = f" ({number_text(rounded)} in {dtype})" if rounded != number else ""
    raise ValueError(f"{parameter.name} is {number_text(number)}{note}, expected {domain_text(dict(parameter.domain))}")


def _within(domain: Mapping[str, Any], number: float) -> bool:
    if domain["kind"] == "set":
        return any(number == value or np.float32(value) == number for value in domain["values"])
    lower = -inf if domain["lower"] is None else domain["lower"]
    upper = inf if domain["upper"] is None else domain["upper"]
    above = number >= lower if domain["lower_closed"] else number > lower
    below = number <= upper if domain["upper_closed"] else number < upper
    return bool(above and below)


def check_reduction(frame: Frame, reduction: Any, normalizer: Any, default: str) -> float | None:
    """Check ``reduction`` and ``normalizer`` together; the normalizer as a float, or None.

    Raises:
        ValueError: an unknown reduction, a normalizer that is not positive, or either where it has no meaning.
        TypeError: a reduction that is not text, or a normalizer that is not a number.
    """
    if not isinstance(reduction, str):
        raise TypeError(f"reduction is {kind_of(reduction)}, expected 'none', 'mean' or 'sum'")
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}, expected 'none', 'mean' or 'sum'")
    if frame.batchless and reduction != default:
        raise ValueError(
            f"reduction is {reduction!r}, but {frame.name} is one number for the whole batch, with nothing to reduce"
        )
    if normalizer is None:
        return None
    if frame.batchless or reduction == "none":
        why = f"{frame.name} is one number for the whole batch" if frame.batchless else "reduction is 'none'"
        raise ValueError(f"normalizer is given, but {why}: there is nothing to divide")
    number = real_number(normalizer, "normalizer")
    if not (number > 0 and isfinite(number)):
        raise ValueError(f"normalizer is {number_text(number)}, expected a positive finite number")
    return number


def per_term(frame: Frame, value: Any, name: str) -> list[Any]:
    """One entry per term of ``weight`` or ``mask``: the array where there is one term, else from a sequence or mapping.

    Raises:
        TypeError: a single array where there are several terms.
        ValueError: the wrong number of entries, an unknown term, or a loss without a batch axis.
    """
    terms = tuple(frame.terms)
    if value is None:
        return [None] * len(terms)
    if frame.batchless:
        raise ValueError(
            f"{name} is given, but {frame.name} is one number for the whole batch: it has no samples to {name}"
        )
    if isinstance(value, Mapping):
        for term in value:
            if term not in terms:
                raise ValueError(
                    f"{name} names the term {term!r}, expected {listed(terms)}{suggestion(str(term), terms)}"
                )
        return [value.get(term) for term in terms]
    if len(terms) == 1:
        return [value]
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} is {kind_of(value)}, expected a tuple of {len(terms)} arrays: {listed(terms)}")
    if len(value) != len(terms):
        raise ValueError(f"{name} has {len(value)} entries, expected {len(terms)}: {listed(terms)}")
    return list(value)


def batch_array(frame: Frame, layout: Layout, term: int, value: Any, name: str, kind: str) -> Array | Rows | None:
    """One term's weight (kind "real") or mask (kind "boolean") as a kernel reads it: one entry per sample.

    Raises:
        TypeError: not an array of numbers; a mask that is not boolean.
        ValueError: not of the shape of the batch.
    """
    if value is None:
        return None
    label = name if len(frame.terms) == 1 else f"{name} of {tuple(frame.terms)[term]}"
    array = as_array(value, label)
    if array.shape != layout.batches[term]:
        raise ValueError(f"{label} has shape {array.shape}, expected {layout.batches[term]}, the shape of the batch")
    if kind == "boolean" and array.dtype.kind != "b":
        raise TypeError(f"{label} has dtype {array.dtype}, expected booleans (True where the sample counts)")
    check_kind(array, kind, label)
    wanted = layout.computing if kind == "real" else array.dtype
    if frame.by_rows and array.dtype == wanted and not array.flags.c_contiguous:
        return Rows(array, array.ndim, (array.size,))
    return prepared(array, kind, layout.computing, label).reshape(-1)


def ignoring(
    frame: Frame, layout: Layout, arrays: Sequence[Array | Rows], masks: list[Array | Rows | None], index: Any
) -> None:
    """Make ``ignore_index`` part of the mask of the term whose labels it filters.

    Raises:
        TypeError: the loss has no labels, or the index is not an integer.
    """
    if frame.target is None:
        raise TypeError(f"{frame.name} takes no ignore_index: it has no target that is an index")
    if isinstance(index, bool | np.bool_) or not hasattr(index, "__index__"):
        raise TypeError(f"ignore_index is {index!r}, expected an integer")
    root = frame.inputs[frame.target].batch
    kept = arrays[frame.target].reshape(-1) != index.__index__()
    for term, axis in enumerate(frame.terms.values()):
        if (axis,) == root:
            mask = masks[term]
            masks[term] = kept if mask is None else kept & np.asarray(mask)


def selected(frame: Frame, wrt: Any) -> list[int]:
    """The positions in ``META["gradients"]`` that ``wrt`` names, in its order.

    Raises:
        TypeError: a name of an integer input, or something that is not a name.
        ValueError: an unknown name, one whose derivative is not emitted, or one named twice.
    """
    emitted = [frame.inputs[entry].name if isinstance(entry, int) else entry for entry in frame.gradients]
    names = [wrt] if isinstance(wrt, str) else wrt
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"wrt is {wrt!r}, expected the name of an input or a tuple of names")
    if not names or len(set(names)) != len(names):
        raise ValueError(f"wrt is {wrt!r}, expected distinct names")
    positions = []
    for name in names:
        if name in emitted:
            positions.append(emitted.index(name))
            continue
        kinds = {entry.name: entry.kind for entry in frame.inputs} | {item.name: "real" for item in frame.parameters}
        if name not in kinds:
            raise ValueError(f"wrt names {name!r}, expected {listed(emitted)}{suggestion(name, kinds)}")
        if kinds[name] != "real":
            raise TypeError(f"wrt names {name!r}, which holds labels: there is no derivative")
        raise ValueError(
            f"wrt names {name!r}, but {frame.name} has derivatives with respect to {listed(emitted)} only; "
            "a specification lists others under `differentiate:`"
        )
    return positions


def unknown_keyword(frame: Frame, name: str, options: Iterable[str] = OPTIONS) -> TypeError:
    """The error for a keyword that is no input, parameter or option."""
    if name in options:
        return TypeError(f"{frame.name} takes {name}= in another of its methods, not in this one")
    known = [*(entry.name for entry in frame.inputs), *(item.name for item in frame.parameters), *options]
    hint = suggestion(name, known)
    if not hint:
        hint = f"; its inputs and parameters are {listed(known[: len(known) - len(tuple(options))])}"
    return TypeError(f"{frame.name} has no argument {name!r}{hint}")
