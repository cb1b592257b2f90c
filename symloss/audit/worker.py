"""The process in which an implementation runs: ``python -m symloss.audit.worker FOLDER``.

It reads ``request.json`` and ``request.npz`` from the folder and writes ``answer.json`` and ``answer.npz``: numbers and
text, so that nothing that comes back is executed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symloss.audit.conventions import Convention, Input, arranged, conventions, restored
from symloss.audit.frameworks import FRAMEWORKS, frameworks_for
from symloss.audit.recognition import Probe, Recognised, parts_of, recognise

#: A share of agreeing probe elements below which a convention is not taken for the right one.
ENOUGH = 0.55


class Unusable(Exception):  # noqa: N818 - a sentence for the user
    """Why the implementation cannot be audited, as a sentence."""


def load(target: str, construct: Mapping[str, Any]) -> Callable[..., Any]:
    """The callable that ``package.module:name.name`` means; classes on the way are called with `construct`.

    Raises:
        Unusable: it cannot be imported or is not callable.
    """
    module_name, _, path = target.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as fault:
        raise Unusable(f"{module_name} cannot be imported: {_one_line(fault)}") from None
    used = False
    for name in path.split("."):
        if not hasattr(found, name):
            raise Unusable(f"there is no {name!r} in {_label(found)}")
        found = getattr(found, name)
        if inspect.isclass(found):
            used = True
            try:
                found = found(**construct)
            except Exception as fault:
                raise Unusable(f"{name} cannot be constructed: {_one_line(fault)}") from None
    if construct and not used:
        raise Unusable(f"it is no class, so that there is nothing to construct with {', '.join(construct)}")
    if not callable(found):
        raise Unusable(f"it is not callable (its type is {type(found).__name__})")
    function: Callable[..., Any] = found
    return function


def _label(found: Any) -> str:
    return str(getattr(found, "__name__", type(found).__name__))


def _one_line(fault: BaseException) -> str:
    text = " ".join(str(fault).split())
    return f"{type(fault).__name__}: {text[:300]}" if text else type(fault).__name__


class Implementation:
    """A callable under one convention."""

    def __init__(
        self,
        function: Callable[..., Any],
        convention: Convention,
        inputs: Mapping[str, Input],
        keywords: Mapping[str, Any],
        classes: int,
    ) -> None:
        """Prepare."""
        from symloss.audit.conventions import Dataset

        self.function, self.convention, self.inputs = function, convention, inputs
        self.keywords, self.classes = dict(keywords), classes
        self.framework = FRAMEWORKS[convention.framework]()
        self.wrap = Dataset
        self.mutated = ""
        self.dtypes: set[str] = set()

    def call(self, *arguments: Any) -> Any:
        """The implementation itself, labels in a data set where it wants one."""
        values = list(arguments)
        if self.convention.dataset:
            values[1:] = [self.wrap(values[1]), *values[2:]]
        return self.function(*values, **self.keywords)

    def results(self, arrays: Mapping[str, Any]) -> list[Any]:
        """What one call returns, as a flat list of arrays.

        Raises:
            Unusable: it changes its input.
            TypeError: it returns no numbers.
        """
        passed = arranged(self.convention, self.inputs, arrays, self.classes)
        before = [array.copy() for array in passed]
        value = self.call(*self.framework.put(passed))
        for name, array, old in zip(self.convention.order, passed, before, strict=True):
            if array.tobytes() != old.tobytes():
                raise Unusable(f"it changes its input {name} in place")
        flat = _flattened(value)
        found = [self.framework.get(part) for part in flat]
        self.dtypes.update(str(array.dtype) for array in found)
        return found

    def derivatives(self, arrays: Mapping[str, Any], second: bool) -> dict[str, Any]:
        """Gradients and Hessian diagonals of the sum of what is returned, by the framework."""
        passed = arranged(self.convention, self.inputs, arrays, self.classes)
        names = [name for name in self.convention.order if self.inputs[name].role == "prediction"]
        wanted = [self.convention.order.index(name) for name in names]
        first, diagonal = self.framework.derivatives(self.call, passed, wanted, second)
        shapes = [arrays[name].shape for name in names]
        found = {f"gradient {n}": restored(self.convention, a, s) for n, a, s in zip(names, first, shapes, strict=True)}
        for name, array, shape in zip(names, diagonal or [], shapes, strict=False):
            found[f"hessian {name}"] = restored(self.convention, array, shape)
        return {key: array for key, array in found.items() if array is not None}


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, tuple | list) and not all(isinstance(part, int | float) for part in value):
        return [inner for part in value for inner in _flattened(part)]
    return [value]


class Audit:
    """Finds the convention and runs the implementation on every point."""

    def __init__(self, request: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Load the implementation."""
        self.request, self.arrays = request, arrays
        self.inputs = {one["name"]: Input(**one) for one in request["inputs"]}
        self.function = load(request["target"], request["construct"])
        self.probes = [self._probe(number) for number in range(2)]
        self.coupled: bool = request["coupled"]

    def _probe(self, number: int) -> Probe:
        stored = self.request["probes"][number]

        def array(name: str) -> Any:
            return self.arrays[f"probe{number} {name}"]

        return Probe(
            {name: array(name) for name in self.inputs},
            array("value"),
            stored["total"],
            stored["mean"],
            {name: array(f"gradient {name}") for name in stored["predictions"]},
            {name: array(f"hessian {name}") for name in stored["hessians"]},
            stored["samples"],
        )

    def recognised(self) -> tuple[Implementation, Recognised]:
        """The first convention that fits, or else the best one that runs.

        Raises:
            Unusable: no convention runs.
        """
        given = self.request["given"]
        frameworks = frameworks_for(self.request["target"].partition(":")[0], given.get("framework"))
        faults: list[str] = []
        refused = ""
        best: tuple[Implementation, Recognised] | None = None
        for convention in conventions(self.function, list(self.inputs.values()), frameworks, given):
            made = Implementation(
                self.function, convention, self.inputs, self.request["keywords"], self.request["classes"]
            )
            try:
                found = self._tried(made, given.get("returns"))
            except Unusable as fault:
                # What is wrong whatever the convention comes before what another convention may put right.
                refused = refused or str(fault)
                continue
            except Exception as fault:
                faults.append(f"it raises {_one_line(fault)}, called as {convention}")
                continue
            if isinstance(found, str):
                faults.append(f"{found}, called as {convention}")
                continue
            if found.share >= ENOUGH:
                return made, found
            if best is None or found.share > best[1].share:
                best = made, found
        if best is None:
            raise Unusable(refused or faults[0] if refused or faults else "no convention fits its parameters")
        best[1].factor, best[1].name = 1.0, "1"
        return best

    def _tried(self, made: Implementation, given: str | None) -> Recognised | str:
        results = [made.results(probe.arrays) for probe in self.probes]

        def restore(array: Any, shape: tuple[int, ...]) -> Any:
            return restored(made.convention, array, shape)

        found = recognise(results, self.probes, restore, given)
        if found is None:
            shapes = ", ".join(str(tuple(np.shape(part))) for part in results[0])
            wanted = ", ".join(str(array.shape) for array in self.probes[0].gradients.values())
            return f"it returns the shape {shapes} for predictions of shape {wanted}"
        return found

    # --- all points -------------------------------------------------------------------------------------------------

    def run(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Everything the parent needs: words, and arrays by name."""
        made, found = self.recognised()
        answer: dict[str, Any] = {
            "convention": str(made.convention),
            "framework": made.convention.framework,
            "returns": found.returns,
            "reduction": found.reduction,
            "factor": found.factor,
            "factor_name": found.name,
            "share": found.share,
            "failures": {},
            "dtypes": {},
        }
        arrays: dict[str, Any] = {}
        for dtype in self.request["dtypes"]:
            made.dtypes = set()
            points = {name: self.arrays[f"{dtype} {name}"] for name in self.inputs}
            parts, failures = self._bulk(made, found, points)
            arrays.update({f"{dtype} {key}": array for key, array in parts.items()})
            answer["failures"][dtype] = failures
            answer["dtypes"][dtype] = sorted(made.dtypes)
        return answer, arrays

    def _bulk(
        self, made: Implementation, found: Recognised, points: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[tuple[int, str]]]:
        count = len(next(iter(points.values())))
        whole = not self.coupled and found.reduction == "none"
        if whole:
            try:
                return self._pieces(made, found, points, count), []
            except Unusable:
                raise
            except Exception:  # some point is refused: find out which, one by one
                whole = False
        collected: dict[str, list[Any]] = {}
        failures: list[tuple[int, str]] = []
        rows: list[dict[str, Any] | None] = []
        for number in range(count):
            one = {n: a[number] if self.coupled else a[number : number + 1] for n, a in points.items()}
            try:
                rows.append(self._pieces(made, found, one, 1))
            except Unusable:
                raise
            except Exception as fault:
                rows.append(None)
                failures.append((number, _one_line(fault)))
        shapes = next((row for row in rows if row is not None), None)
        if shapes is None:
            raise Unusable(f"it raises {failures[0][1]} at every point")
        for row in rows:
            for key, like in shapes.items():
                own = row[key] if row is not None and key in row else np.full_like(like, np.nan)
                collected.setdefault(key, []).append(own if self.coupled else own[:1])
        join = np.stack if self.coupled else np.concatenate
        return {key: join(values) for key, values in collected.items()}, failures

    def _pieces(self, made: Implementation, found: Recognised, arrays: Mapping[str, Any], count: int) -> dict[str, Any]:
        """Value, gradient and Hessian at some points."""
        predictions = list(self.probes[0].gradients)
        shape = Probe(
            dict(arrays),
            np.zeros(count if not self.coupled else len(arrays[predictions[0]])),
            0.0,
            0.0,
            {name: arrays[name] for name in predictions},
            {},
            count,
        )
        results = made.results(arrays)
        parts = parts_of(found.returns, results, shape, lambda a, s: restored(made.convention, a, s))
        if parts is None and self.coupled and len(results) == 1:
            parts = {"value": results[0]}
        if parts is None:
            raise TypeError(f"it returns the shape {np.shape(results[0])} for {count} samples")
        if not self.coupled and "value" in parts:
            parts["value"] = parts["value"].reshape(-1)
        if found.returns == "value" and made.framework.differentiates:
            parts |= made.derivatives(arrays, self.request["second"])
        return parts


def main(folder: Path) -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "request.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    answer: dict[str, Any]
    found: dict[str, Any] = {}
    try:
        with np.errstate(all="ignore"):
            answer, found = Audit(request, arrays).run()
    except Unusable as fault:
        answer = {"error": str(fault)}
    np.savez(folder / "answer.npz", **found)
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _quiet(arguments: Sequence[str]) -> None:
    main(Path(arguments[1]))


if __name__ == "__main__":
    _quiet(sys.argv)
