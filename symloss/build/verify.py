"""Verification of what a build wrote: the derivation against the oracle, the kernels against the mpmath interpreter.

Oracle: at one small size the textbook formula is unrolled and differentiated by SymPy; gradient and Hessian-vector
product must agree to `DIGITS` digits. Kernels: each entry point and dtype is run on about 64 entries with a weighted
and a masked row and compared with the program interpreted at high precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from mpmath import mp, mpf

from symloss.build.samples import INPUT_ROLES, Values, draw, is_coupled, sizes_for
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.oracle.unrolled import Unrolled
from symloss.program import Program, Statement

DIGITS = 24
DTYPES = ("float64", "float32")

#: How far a kernel may be off, in units of one ulp of the result plus the change by one rounding of every input.
TOLERANCE = 8.0

#: By output and index: the exact result, and how far one rounding of every input moves it.
Reference = dict[str, dict[tuple[int, ...], tuple[Any, Any]]]


@dataclass
class Report:
    """What the verification of one loss found.

    Attributes:
        oracle: entries of the gradient and of the Hessian-vector product that were compared with SymPy's own.
        points: results of kernels that were compared with the interpreter.
        ulps: the largest error, in ulps of the result plus the effect of rounding the inputs.
        failure: the first thing that was wrong, in a sentence; empty if nothing was.
    """

    oracle: int = 0
    points: int = 0
    ulps: dict[str, float] = field(default_factory=dict)
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything agreed."""
        return not self.failure

    @property
    def largest_ulps(self) -> float:
        """The largest error of any kernel."""
        return max(self.ulps.values(), default=0.0)


def verify(spec: Any, derivation: Any, module: Path, full: bool = False) -> Report:
    """Verify one built loss.

    Args:
        spec: the specification.
        derivation: its derivation.
        module: the generated file.
        full: more sizes for the oracle and, for the kernels, every reduction with and without weight and mask.
    """
    report = Report()
    try:
        for size in (2, 3) if full else (2,):
            _against_oracle(derivation, size, report)
        _kernels(derivation, module, full, report)
    except ArithmeticError as error:
        report.failure = report.failure or f"the reference could not be evaluated: {error}"
    return report


# --- the derivation against SymPy's own ------------------------------------------------------------------------------


def _against_oracle(derivation: Any, size: int, report: Report) -> None:
    textbook = derivation.textbook
    sizes = sizes_for(textbook, batch=4 if is_coupled(textbook) else 2, other=size)
    values = draw(textbook, sizes, seed=size)
    exact = {name: {index: _exact(value) for index, value in by.items()} for name, by in values.items()}
    labels = {name: by for name, by in exact.items() if textbook.tensors[name].domain.integer}
    unrolled = Unrolled(textbook, sizes, labels)
    generator = Random(f"{textbook.name} directions")
    predictions = [name for name, tensor in textbook.tensors.items() if tensor.role == "prediction"]
    directions = {name: {i: Fraction(generator.randint(-64, 64), 32) for i in exact[name]} for name in predictions}
    gradients = [key.removeprefix("grad ") for key in derivation.gradient.outputs if key.startswith("grad ")]
    wanted = {f"grad {name}": unrolled.gradient(name) for name in gradients}
    wanted |= {f"hvp {name}": unrolled.product(name) for name in predictions}
    expected = unrolled.evaluate(wanted, exact, directions=directions, digits=DIGITS)
    given = exact | _seeds(derivation.gradient, sizes, {}) | {f"_v_{name}": by for name, by in directions.items()}
    for program, prefix in ((derivation.gradient, "grad "), (derivation.product, "hvp ")):
        keys = [key for key in wanted if key.startswith(prefix)]
        present = {name: by for name, by in given.items() if name in program.tensors}
        found = evaluate_adaptively(Interpreter(program, keys), sizes, present, digits=DIGITS)
        for key in keys:
            for index, value in expected[key].items():
                report.oracle += 1
                if not _close(found[key][index], value):
                    report.failure = report.failure or (
                        f"{key}{list(index)} is {mp.nstr(found[key][index], 12)}, but SymPy's own derivative of the "
                        f"unrolled formula is {mp.nstr(value, 12)}"
                    )


def _exact(value: Any) -> Any:
    return Fraction(value) if isinstance(value, float) else int(value)


def _close(a: Any, b: Any) -> bool:
    return bool(a == b or abs(a - b) <= mpf(10) ** (4 - DIGITS) * max(abs(a), abs(b)))


def _seeds(program: Program, sizes: Mapping[str, int], weights: Mapping[str, Values]) -> dict[str, Values]:
    """The seeds of a program: the weights given, 1 otherwise."""
    found = {}
    for name, tensor in program.tensors.items():
        if tensor.role == "seed":
            ones = {(i,): Fraction(1) for i in range(sizes[tensor.axes[0]])} if tensor.axes else {(): Fraction(1)}
            found[name] = ones | dict(weights.get(name, {}))
    return found


def _typed(values: Mapping[str, Values], dtype: str) -> dict[str, Values]:
    """Real values rounded to a dtype, as floats."""
    scalar = np.dtype(dtype).type
    return {
        name: {index: float(scalar(value)) if isinstance(value, float) else value for index, value in by.items()}
        for name, by in values.items()
    }


# --- the kernels against the interpreter -----------------------------------------------------------------------------


def _kernels(derivation: Any, module: Path, full: bool, report: Report) -> None:
    from symloss.runtime.library import load_generated

    loss = load_generated(module)
    _Comparison(derivation, loss, full, report).run()


class _Comparison:
    """One loss's kernels against its interpreted programs."""

    def __init__(self, derivation: Any, loss: Any, full: bool, report: Report) -> None:
        self.derivation, self.loss, self.full, self.report = derivation, loss, full, report
        self.program: Program = derivation.textbook
        self.meta: dict[str, Any] = loss.meta
        coupled = is_coupled(self.program)
        others = [axis for axis in self.program.axes if self.program.axes[self.program.root(axis)].kind != "batch"]
        rows = 64 if not others else 16
        self.sizes = sizes_for(self.program, batch=8 if coupled else rows, other=3 if coupled else 5)
        self.terms: dict[str, str | None] = self.meta["terms"]
        self.predictions: list[str] = self.meta["predictions"]

    def run(self) -> None:
        """Compare every entry point and dtype."""
        drawn = draw(self.program, self.sizes, seed=64)
        generator = Random(f"{self.program.name} kernels")
        moves = {name: {index: generator.gauss(0.0, 1.0) for index in drawn[name]} for name in self.predictions}
        for dtype in DTYPES:
            values, directions = _typed(drawn, dtype), _typed(moves, dtype)
            for weighted, masked in self._options():
                weights, masks = self._weights(weighted), self._masks(masked)
                reference = self._reference(values, directions, weights, masks, np.finfo(dtype))
                for entry in self.meta["entries"]:
                    self._compare(entry, dtype, (values, directions), weights, masks, reference)

    def _options(self) -> Iterator[tuple[bool, bool]]:
        if None in self.terms.values():
            yield False, False
            return
        maskable = not self.meta.get("paired")
        if self.full:
            yield False, False
            yield True, False
        if self.full and maskable:
            yield False, True
        yield True, maskable

    def _weights(self, wanted: bool) -> list[Any]:
        """One weight differs from 1."""
        found = []
        for axis in self.terms.values():
            weight = np.ones(self.sizes[axis]) if axis is not None else None
            if weight is not None and wanted:
                weight[1 % len(weight)] = 2.5
            found.append(weight if wanted else None)
        return found

    def _masks(self, wanted: bool) -> list[Any]:
        """One row is masked."""
        found = []
        for axis in self.terms.values():
            mask = np.ones(self.sizes[axis], bool) if axis is not None else None
            if mask is not None and wanted:
                mask[2 % len(mask)] = False
            found.append(mask if wanted else None)
        return found

    # --- the reference ---

    def _reference(
        self, values: dict[str, Values], directions: dict[str, Values], weights: list[Any], masks: list[Any], info: Any
    ) -> Reference:
        """Per output and index the exact result and how much one rounding of every input changes it."""
        kept = self._kept(masks)
        tensors = {name: self._select(name, by, kept) for name, by in (values).items()}
        tensors |= {f"_v_{name}": self._select(name, by, kept) for name, by in directions.items()}
        sizes = {axis: len(kept.get(self.program.root(axis), range(size))) for axis, size in self.sizes.items()}
        centre = self._evaluate(tensors, sizes, weights, kept)
        moved = [self._evaluate(self._rounded(tensors, info, seed), sizes, weights, kept) for seed in range(2)]
        result: Reference = {}
        for key, by in centre.items():
            result[key] = {
                index: (value, max(abs(other[key][index] - value) for other in moved)) for index, value in by.items()
            }
        return result

    def _kept(self, masks: list[Any]) -> dict[str, list[int]]:
        """Per batch axis the rows that a mask leaves."""
        found = {}
        for axis, mask in zip(self.terms.values(), masks, strict=True):
            if axis is not None:
                rows = range(self.sizes[axis])
                found[self.program.root(axis)] = [row for row in rows if mask is None or mask[row]]
        return found

    def _select(self, name: str, values: Values, kept: Mapping[str, list[int]]) -> Values:
        """The values at the rows that are kept, renumbered."""
        axes = [self.program.root(axis) for axis in self.program.tensors[name].axes]
        place = [{row: i for i, row in enumerate(kept[axis])} if axis in kept else None for axis in axes]
        result: Values = {}
        for index, value in values.items():
            moved = [entry if table is None else table.get(entry) for entry, table in zip(index, place, strict=True)]
            if None not in moved:
                result[tuple(entry for entry in moved if entry is not None)] = _exact(value)
        return result

    def _rounded(self, tensors: dict[str, Values], info: Any, seed: int) -> dict[str, Values]:
        """Every real input, rounded once at random: moved by up to one unit roundoff of itself."""
        generator = Random(seed)
        unit = Fraction(float(info.eps)) / 2
        moved = {}
        for name, values in tensors.items():
            tensor = self.program.tensors.get(name)
            if tensor is None or tensor.domain.integer or tensor.domain.kind == "set":
                moved[name] = values
                continue
            # At a closed upper end the only way is inwards.
            top = tensor.domain.upper
            moved[name] = {
                index: value * (1 + unit * (-1 if value == top else generator.choice((-1, 1))))
                for index, value in values.items()
            }
        return moved

    def _evaluate(
        self, tensors: dict[str, Values], sizes: dict[str, int], weights: list[Any], kept: dict[str, list[int]]
    ) -> dict[str, Values]:
        derivation = self.derivation
        seeds = self._all_seeds(tensors, sizes, weights, kept)
        found: dict[str, Values] = {}
        for program, prefix in self._programs():
            keys = list(program.outputs) if prefix is None else [k for k in program.outputs if k.startswith(prefix)]
            present = {name: by for name, by in (tensors | seeds).items() if name in program.tensors}
            found |= evaluate_adaptively(self._interpreter(program, keys), sizes, present, digits=24)
        for term, weight in zip(derivation.textbook.outputs, seeds.values(), strict=True):
            found[term] = {(): mp.fsum(weight[index] * value for index, value in found[term].items())}
        return found

    def _interpreter(self, program: Program, keys: list[str]) -> Interpreter:
        cache: dict[Any, Interpreter] = self.__dict__.setdefault("_interpreters", {})
        found = cache.get((id(program), tuple(keys)))
        if found is None:
            found = cache[(id(program), tuple(keys))] = Interpreter(program, keys)
        return found

    def _programs(self) -> list[tuple[Program, str | None]]:
        derivation = self.derivation
        found: list[tuple[Program, str | None]] = [
            (derivation.textbook, None),
            (derivation.gradient, "grad "),
            (derivation.product, "hvp "),
        ]
        return found if derivation.diagonal is None else [*found, (derivation.diagonal, "diag ")]

    def _all_seeds(
        self, tensors: dict[str, Values], sizes: dict[str, int], weights: list[Any], kept: dict[str, list[int]]
    ) -> dict[str, Values]:
        """The weight of each sample, times the weight that the specification itself gives it."""
        found: dict[str, Values] = {}
        for (term, axis), weight in zip(self.terms.items(), weights, strict=True):
            name = "_seed" if len(self.terms) == 1 else f"_seed_{term}"
            if axis is None:
                found[name] = {(): mpf(1)}
                continue
            rows = kept[self.program.root(axis)]
            given: Values = {(i,): mpf(1.0 if weight is None else weight[row]) for i, row in enumerate(rows)}
            own = self._own_weights(term, axis, tensors, sizes)
            found[name] = {index: value * own.get(index, 1) for index, value in given.items()}
        return found

    def _own_weights(self, term: str, axis: str, tensors: dict[str, Values], sizes: dict[str, int]) -> Values:
        expression = self.program.sample_weight.get(term)
        if expression is None:
            return {}
        statement = Statement("_weight", (axis,), "map", expression)
        program = self.program.replacing(statements=(statement,), outputs={"weight": "_weight"}, constraints=())
        present = {name: by for name, by in tensors.items() if name in program.tensors}
        return evaluate_adaptively(program, sizes, present, digits=24)["weight"]

    # --- the kernel ---

    def _compare(
        self,
        entry: str,
        dtype: str,
        point: tuple[dict[str, Values], dict[str, Values]],
        weights: list[Any],
        masks: list[Any],
        reference: Reference,
    ) -> None:
        values, directions = point
        arrays = [self._array(name, values[name], dtype) for name in self._inputs()]
        options: dict[str, Any] = {} if None in self.terms.values() else {"reduction": "sum"}
        if any(weight is not None for weight in weights):
            options["weight"] = (
                tuple(np.asarray(w, dtype) for w in weights) if len(weights) > 1 else np.asarray(weights[0], dtype)
            )
        if any(mask is not None for mask in masks):
            options["mask"] = tuple(masks) if len(masks) > 1 else masks[0]
        if entry == "hvp":
            vectors = tuple(self._array(name, directions[name], dtype) for name in self.predictions)
            options["v"] = vectors if len(vectors) > 1 else vectors[0]
        kept = self._kept(masks)
        for key, array in self._outcome(entry, arrays, options):
            self._measure(key, array, f"{entry} {dtype}", np.finfo(dtype), kept, reference)

    def _outcome(self, entry: str, arrays: list[Any], options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """What an entry point returns, by output."""
        if entry == "value":
            yield "value", self.loss(*arrays, **options)
            return
        found = getattr(self.loss, entry)(*arrays, **options)
        if entry == "hvp":
            yield from zip((f"hvp {name}" for name in self.predictions), _tuple(found), strict=True)
            return
        first, second = found
        if entry == "value_and_grad":
            yield "value", first
            yield from zip((f"grad {name}" for name in self.predictions), _tuple(second), strict=True)
            return
        yield from zip((f"grad {name}" for name in self.predictions), _tuple(first), strict=True)
        yield from zip((f"diag {name}" for name in self.predictions), _tuple(second), strict=True)

    def _inputs(self) -> list[str]:
        return [name for name, tensor in self.program.tensors.items() if tensor.role in INPUT_ROLES]

    def _array(self, name: str, values: Values, dtype: str) -> Any:
        tensor = self.program.tensors[name]
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype)
        array = np.zeros([self.sizes[axis] for axis in tensor.axes], kind)
        for index, value in values.items():
            array[index] = value
        return array

    def _measure(
        self, key: str, found: Any, label: str, info: Any, kept: dict[str, list[int]], reference: Reference
    ) -> None:
        report = self.report
        if key == "value":
            exact = mp.fsum(reference[term][()][0] for term in self.terms)
            # A sum is rounded relative to the sum of the magnitudes of its parts.
            moved = sum(reference[term][()][1] for term in self.terms)
            self._point(key, (), float(found), exact, moved + self._rounding(reference, info), label, info)
            return
        name = key.split(" ", 1)[1]
        axes = [self.program.root(axis) for axis in self.program.tensors[name].axes]
        lookup = [dict(enumerate(kept[axis])) if axis in kept else None for axis in axes]
        expected = {
            tuple(i if table is None else table[i] for i, table in zip(index, lookup, strict=True)): pair
            for index, pair in reference[key].items()
        }
        array = np.asarray(found)
        for index in np.ndindex(array.shape):
            if index not in expected:
                if array[index] != 0:
                    report.failure = report.failure or f"{label}: {key}{list(index)} of a masked row is not 0"
                continue
            exact, moved = expected[index]
            self._point(key, index, float(array[index]), exact, moved, label, info)

    def _rounding(self, reference: Mapping[str, Any], info: Any) -> Any:
        return mpf(float(info.eps)) / 2 * sum(abs(reference[term][()][0]) for term in self.terms)

    def _point(self, key: str, index: Any, found: float, exact: Any, moved: Any, label: str, info: Any) -> None:
        report = self.report
        report.points += 1
        if not np.isfinite(found) and mp.isfinite(exact):
            report.ulps[label] = float("inf")
            report.failure = report.failure or f"{label}: {key}{list(index)} is {found}, not {mp.nstr(exact, 12)}"
            return
        unit = max(mp.ldexp(mpf(float(info.eps)), _exponent(exact)), mpf(float(info.smallest_subnormal)))
        error = float(abs(mpf(found) - exact) / (unit + abs(moved)))
        report.ulps[label] = max(report.ulps.get(label, 0.0), error)
        if error > TOLERANCE:
            report.failure = report.failure or (
                f"{label}: {key}{list(index)} is {found!r}, off by {error:.1f} ulp from {mp.nstr(exact, 17)}"
            )


def _exponent(value: Any) -> int:
    """The exponent e of |value| in [2^e, 2^(e+1))."""
    return int(mp.frexp(value)[1]) - 1 if value else -2000


def _tuple(arrays: Any) -> tuple[Any, ...]:
    return arrays if isinstance(arrays, tuple) else (arrays,)
