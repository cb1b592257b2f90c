"""Inputs for a case, from what a loss declares: inside the domains, within the constraints, of ordinary size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symloss.bench.records import Case
from symloss.errors import SymlossError

#: Samples that are drawn one by one where constraints tie inputs together; a batch takes its samples from these.
POOL = 64
#: Lengths that are taken where nobody says which: of an axis that is no batch, and of elements that a case has in all.
ROW, ELEMENTS = 256, (10**3, 10**4, 10**5, 10**6, 10**7)


def make_inputs(loss: Any, case: Case, seed: int = 0) -> list[Any]:
    """One array per input that is not optional, in declared order.

    Raises:
        SymlossError: the sizes do not fit the loss, or no inputs were found that satisfy its constraints.
    """
    sizes = complete(loss.meta, case.sizes)
    generator = np.random.default_rng(seed)
    required = [item for item in loss.meta["inputs"] if item["optional"] is None]
    arrays = [_drawn(item, sizes, case.dtype, generator) for item in required]
    # Samples that interact have constraints on sizes alone; those are the caller's to keep.
    if any("constraint" in check for check in loss.meta["checks"]) and not loss.meta["coupled"]:
        pool = _pool(case.loss, loss.meta, sizes)
        picked: dict[str, Any] = {}
        for number, item in enumerate(required):
            axis = root(loss.meta, item["axes"][0]) if item["axes"] else ""
            if axis and loss.meta["axes"][axis]["kind"] == "batch":
                rows = picked.setdefault(axis, generator.integers(0, POOL, sizes[axis]))
                arrays[number] = np.stack([sample[item["name"]] for sample in pool])[rows].astype(arrays[number].dtype)
    return arrays


def root(meta: Mapping[str, Any], axis: str) -> str:
    """The axis of which another is a second index."""
    return str(meta["axes"][axis]["like"] or axis)


def complete(meta: Mapping[str, Any], given: Mapping[str, int]) -> dict[str, int]:
    """The length of every axis.

    Raises:
        SymlossError: a length is missing, is given for no axis, or differs from what the loss fixes.
    """
    axes = {name: axis for name, axis in meta["axes"].items() if not axis["like"]}
    unknown = sorted(given.keys() - axes.keys())
    if unknown:
        raise SymlossError(f"{meta['name']} has no axis {unknown[0]!r}; it has {', '.join(axes)}")
    sizes = {}
    for name, axis in axes.items():
        size = given.get(name, axis["size"])
        if size is None:
            raise SymlossError(f"the length of axis {name} of {meta['name']} is missing")
        if axis["size"] not in (None, size):
            raise SymlossError(f"axis {name} of {meta['name']} has length {axis['size']}, not {size}")
        sizes[name] = int(size)
    return sizes | {name: sizes[axis["like"]] for name, axis in meta["axes"].items() if axis["like"]}


def default_sizes(meta: Mapping[str, Any], elements: int) -> dict[str, int]:
    """Lengths for about so many entries of the largest prediction; of pairs of samples, where samples interact."""
    axes = {name: axis for name, axis in meta["axes"].items() if not axis["like"]}
    sizes = {name: axis["size"] or ROW for name, axis in axes.items()}
    batches = [name for name, axis in axes.items() if axis["kind"] == "batch"]
    inputs = [item for item in meta["inputs"] if item["role"] == "prediction"]
    if meta["coupled"] or not batches:
        count = max(2, 2 * round(elements**0.5 / 2))
        return sizes | dict.fromkeys(batches, count)
    row = max(_product([sizes[root(meta, a)] for a in item["axes"] if a not in batches]) for item in inputs)
    return sizes | dict.fromkeys(batches, max(1, round(elements / row)))


def program_of(name: str) -> Any:
    """The textbook program of a shipped loss, or of the specification at a path; imports SymPy."""
    from symloss.build.sources import catalogue, data_folder
    from symloss.language import SpecLibrary, read_spec

    path = catalogue().get(name) or Path(name)
    return read_spec(path, SpecLibrary([data_folder("specs")])).program


def prediction_entries(loss: Any, arrays: list[Any]) -> int:
    """How many entries the predictions have."""
    return sum(int(arrays[position].size) for position in prediction_positions(loss))


def prediction_positions(loss: Any) -> list[int]:
    """The places of the predictions among the inputs that are passed, in the order in which gradients come."""
    passed = [item["name"] for item in loss.meta["inputs"] if item["optional"] is None]
    return [passed.index(name) for name in loss.meta["predictions"]]


def defaults(loss: Any) -> dict[str, float]:
    """The parameters at their defaults."""
    return {item["name"]: float(item["default"]) for item in loss.meta["parameters"]}


def _product(numbers: list[int]) -> int:
    return int(np.prod(numbers, dtype=np.int64)) if numbers else 1


def _drawn(item: Mapping[str, Any], sizes: Mapping[str, int], dtype: str, generator: np.random.Generator) -> Any:
    shape = tuple(sizes[axis] for axis in item["axes"])
    domain = item["domain"]
    kind, real = domain["kind"], np.dtype(dtype).type
    if kind == "boolean":
        return generator.random(shape, np.float32) < 0.75
    if kind == "index":
        return generator.integers(0, sizes[domain["axis"]], shape)
    if kind == "set":
        values = np.array([float(value) for value in domain["values"]], dtype)
        return values[generator.integers(0, len(values), shape)]
    if kind == "simplex":
        rows = generator.random(shape) + 0.05
        return (rows / rows.sum(axis=item["axes"].index(domain["axis"]), keepdims=True)).astype(dtype)
    low, high = domain["lower"], domain["upper"]
    if low is None and high is None:
        drawn = generator.standard_normal(shape, np.dtype(dtype))
        drawn *= real(1.5)
        return drawn
    drawn = generator.random(shape, np.dtype(dtype))
    if low is not None and high is not None:
        if item["role"] == "target" and domain["lower_closed"] and domain["upper_closed"]:
            return np.where(drawn < 0.5, real(low), real(high))
        return real(low) + real(high - low) * (real(0.02) + real(0.96) * drawn)
    step = real(0.05) + 3 * drawn
    return real(low) + step if low is not None else real(high) - step


def _pool(name: str, meta: Mapping[str, Any], sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Admitted samples by input, each an array without its batch axis."""
    from symloss.accuracy.points import Sampler

    batches = {axis for axis, about in meta["axes"].items() if about["kind"] == "batch"}
    single = {axis: 1 if root(meta, axis) in batches else size for axis, size in sizes.items()}
    program = program_of(name)
    found = []
    try:
        for seed in range(POOL):
            sample = Sampler(program, single, "float32", seed).ordinary().tensors
            arrays = {}
            for item in meta["inputs"]:
                array = np.empty([single[axis] for axis in item["axes"]])
                for index, value in sample[item["name"]].items():
                    array[index] = float(value)
                arrays[item["name"]] = array[0] if array.ndim else array
            found.append(arrays)
    except ArithmeticError as error:
        raise SymlossError(str(error)) from None
    return found
