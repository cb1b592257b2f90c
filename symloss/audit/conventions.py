"""How an implementation may be called, and what it may return; runs beside the implementation, on NumPy alone."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: What prediction, target and data set are usually called.
PREDICTION_NAMES = frozenset(
    [
        "pred",
        "preds",
        "prediction",
        "predictions",
        "y_pred",
        "ypred",
        "yhat",
        "y_hat",
        "input",
        "inputs",
        "logit",
        "logits",
        "output",
        "outputs",
        "score",
        "scores",
        "raw_prediction",
        "raw_predictions",
        "raw_score",
        "z",
        "x",
        "p",
        "approx",
        "approxes",
    ]
)
TARGET_NAMES = frozenset(
    ["y", "y_true", "ytrue", "true", "truth", "target", "targets", "label", "labels", "actual", "observed", "gt"]
)
DATASET_NAMES = frozenset(
    [
        "dtrain",
        "train_data",
        "dataset",
        "dmat",
        "dmatrix",
        "data",
        "train_set",
        "dtest",
        "deval",
        "trainset",
        "lgb_train",
    ]
)

#: Shapes in which a prediction with a class axis may be passed and come back.
LAYOUTS = ("rows", "flat by class", "flat by row")


@dataclass(frozen=True)
class Input:
    """One input of the loss: name, role, number of sample axes, and for labels the axis that they index."""

    name: str
    role: str
    depth: int
    index: str = ""


@dataclass(frozen=True)
class Convention:
    """One way to call an implementation.

    Attributes:
        order: the inputs in the order in which they are passed.
        dataset: whether the target is wrapped in a data set with ``get_label()``.
        one_hot: whether labels are passed as rows of zeros and a one.
        column: whether inputs without sample axes are passed as columns, (n, 1).
        layout: how rows of a prediction are passed, one of `LAYOUTS`.
        framework: numpy, torch or jax.
    """

    order: tuple[str, ...]
    dataset: bool = False
    one_hot: bool = False
    column: bool = False
    layout: str = "rows"
    framework: str = "numpy"

    def __str__(self) -> str:
        names = ["data set" if self.dataset and position else name for position, name in enumerate(self.order)]
        words = [f"({', '.join(names)})"]
        words += ["labels as one-hot rows"] if self.one_hot else []
        words += ["inputs as columns (n, 1)"] if self.column else []
        words += [f"predictions {self.layout}"] if self.layout != "rows" else []
        return ", ".join([*words, self.framework])


class Dataset:
    """What a boosting library passes as ``dtrain``: labels, no weights."""

    def __init__(self, label: Any) -> None:
        self.label = label

    def get_label(self) -> Any:
        """The labels."""
        return self.label

    def get_weight(self) -> Any:
        """No weights."""
        return None

    def get_group(self) -> Any:
        """No groups."""
        return None

    def get_init_score(self) -> Any:
        """No initial scores."""
        return None

    def num_row(self) -> int:
        """The number of samples."""
        return len(self.label)

    num_data = num_row

    def get_field(self, name: str) -> Any:
        """The labels, by name."""
        return self.label if name == "label" else None


def conventions(
    function: Callable[..., Any],
    inputs: Sequence[Input],
    frameworks: Sequence[str],
    given: Mapping[str, Any],
) -> Iterator[Convention]:
    """Every convention worth trying, the likeliest first.

    Args:
        function: the implementation.
        inputs: the inputs that it must be given.
        frameworks: the frameworks to try, in order.
        given: what the user fixed: order, one_hot, column, layout, dataset (each may be absent or None).
    """
    labels = any(one.index for one in inputs)
    plain = all(one.depth == 0 for one in inputs)
    rows = any(one.role == "prediction" and one.depth == 1 for one in inputs)
    signature = parameter_names(function)
    for framework in frameworks:
        for order, dataset in _orders(inputs, signature, given):
            for one_hot in _choices(given.get("one_hot"), (False, True) if labels else (False,)):
                for column in _choices(given.get("column"), (False, True) if plain else (False,)):
                    layouts = LAYOUTS if rows and framework == "numpy" else LAYOUTS[:1]
                    for layout in _choices(given.get("layout"), layouts):
                        yield Convention(order, dataset, one_hot, column, layout, framework)


def _choices(given: Any, usual: Sequence[Any]) -> Sequence[Any]:
    return usual if given is None else (given,)


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of the positional parameters, as far as they can be seen."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _orders(
    inputs: Sequence[Input], signature: Sequence[str], given: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    names = tuple(one.name for one in inputs)
    datasets = _choices(given.get("dataset"), (False, True))
    if given.get("order"):
        order = tuple(given["order"])
        wraps = len(signature) > 1 and signature[1].lower() in DATASET_NAMES
        yield from ((order, wrapped) for wrapped in (sorted(datasets, reverse=True) if wraps else datasets[:1]))
        return
    seen: set[tuple[tuple[str, ...], bool]] = set()
    guesses: list[tuple[tuple[str, ...], bool]] = []
    guess = _named_order(inputs, signature)
    if guess is not None:
        guesses.append(guess)
    guesses += [(order, False) for order in itertools.permutations(names)] if len(names) <= 4 else [(names, False)]
    if len(inputs) == 2:
        guesses.append((names, True))
    for order, dataset in guesses:
        if dataset in datasets and (order, dataset) not in seen:
            seen.add((order, dataset))
            yield order, dataset


def _named_order(inputs: Sequence[Input], signature: Sequence[str]) -> tuple[tuple[str, ...], bool] | None:
    """The order that the names of the parameters tell, and whether the second is a data set."""
    names = {one.name: one for one in inputs}
    wanted = [name for name in signature if name in names]
    if len(wanted) == len(names):
        return tuple(wanted), False
    if len(inputs) != 2 or len(signature) < 2:
        return None
    prediction = next((one.name for one in inputs if one.role == "prediction"), None)
    other = next((one.name for one in inputs if one.name != prediction), None)
    if prediction is None or other is None:
        return None
    first, second = (name.lower().lstrip("_") for name in signature[:2])
    if second in DATASET_NAMES:
        return (prediction, other), True
    if first in TARGET_NAMES and second not in TARGET_NAMES:
        return (other, prediction), False
    if first in PREDICTION_NAMES or second in TARGET_NAMES:
        return (prediction, other), False
    return None


def arranged(convention: Convention, inputs: Mapping[str, Input], arrays: Mapping[str, Any], classes: int) -> list[Any]:
    """Arrays as a convention passes them: copies, in order."""
    found = []
    for name in convention.order:
        one, array = inputs[name], np.array(arrays[name], copy=True)
        if one.index and convention.one_hot:
            array = np.eye(classes, dtype=_real_dtype(arrays))[array]
        if convention.column and array.ndim == 1:
            array = array[:, None]
        if one.role == "prediction" and array.ndim == 2 and convention.layout != "rows":
            array = array.ravel(order="F" if convention.layout == "flat by class" else "C")
        found.append(array)
    return found


def restored(convention: Convention, array: Any, shape: tuple[int, ...]) -> Any:
    """A result in the shape of the prediction, or None where it has another number of elements."""
    array = np.asarray(array)
    if array.shape == shape:
        return array
    if array.size != int(np.prod(shape)):
        return None
    if convention.layout == "flat by class" and array.ndim == 1 and len(shape) == 2:
        return array.reshape(shape, order="F")
    if array.ndim == 1 or convention.column:
        return array.reshape(shape)
    return None


def _real_dtype(arrays: Mapping[str, Any]) -> Any:
    return next((array.dtype for array in arrays.values() if array.dtype.kind == "f"), np.dtype(float))
