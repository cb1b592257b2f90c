"""The kernels of one loss, called as a user calls them, against the reference.

An error is counted in units of one ulp of the exact result plus the change by one rounding of every input; where the
result cancels below the noise of its own program (an exact 0 that is a sum of both signs), that noise is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from mpmath import mp, mpf

from symloss.build.reference import Point, Reference, Results
from symloss.build.samples import Values, draw, is_coupled, moved_parameters, sizes_for
from symloss.program import INPUT_ROLES, Program

if TYPE_CHECKING:
    from symloss.build.verification import Report
    from symloss.calculus import Derivation

DTYPES = ("float64", "float32")

#: How far a kernel may be off: so many units, and so many times the noise of its own program.
TOLERANCE = 8.0


class Comparison:
    """One loss's kernels against its interpreted programs."""

    def __init__(self, derivation: Derivation, loss: Any, report: Report, ties: bool = True) -> None:
        """Prepare samples of a size that fits the loss.

        Args:
            derivation: what the kernels should compute.
            loss: the loaded loss.
            report: where findings go.
            ties: whether some samples have two equal largest entries.
        """
        self.loss, self.report, self.ties = loss, report, ties
        self.parameters = moved_parameters(derivation.textbook)
        derivation = _with_defaults(derivation, self.parameters)
        self.program: Program = derivation.textbook
        self.meta: Mapping[str, Any] = loss.meta
        coupled = is_coupled(self.program)
        others = any(self.program.axes[self.program.root(axis)].kind != "batch" for axis in self.program.axes)
        batch = 8 if coupled else 16 if others else 64
        self.sizes = sizes_for(self.program, batch=batch, other=3 if coupled else 5)
        self.terms: Mapping[str, str | None] = self.meta["terms"]
        self.predictions: list[str] = self.meta["predictions"]
        self.reference = Reference(derivation, self.terms, self.sizes)

    def run(self, full: bool = False) -> None:
        """Compare every entry point and dtype; with ``full``, also without weight and without mask."""
        drawn = draw(self.program, self.sizes, 64, self.ties)
        generator = Random(f"{self.program.name} kernels")
        moves = {name: {index: generator.gauss(0.0, 1.0) for index in drawn[name]} for name in self.predictions}
        for dtype in DTYPES:
            values, directions = _typed(drawn, dtype), _typed(moves, dtype)
            unit = Fraction(float(np.finfo(dtype).eps)) / 2
            for weighted, masked in self._options(full):
                weights, masks = self._weights(weighted), self._masks(masked)
                kept = self._kept(masks)
                results = self.reference.results(values, directions, weights, kept, unit)
                # Rarely needed, and as dear as the results themselves.
                underflows = cache(partial(self.reference.underflows, values, directions, weights, kept))
                arrays = [self._array(name, values[name], dtype) for name in self._inputs()]
                vectors = [self._array(name, directions[name], dtype) for name in self.predictions]
                options = self._call_options(weights, masks, dtype)
                for entry in self.meta["entries"]:
                    for key, found in self._outcome(entry, arrays, vectors, options):
                        self._measure(key, found, f"{entry} {dtype}", kept, results, underflows)

    # --- what is passed ---

    def _options(self, full: bool) -> Iterator[tuple[bool, bool]]:
        """Whether there is a weighted row, and a masked one; neither where a loss has no samples to weight."""
        if None in self.terms.values():
            yield False, False
            return
        # Where samples are paired by position, masking one row takes its partner away.
        maskable = not self.meta.get("paired")
        yield True, maskable
        if full:
            yield False, False
            yield (False, True) if maskable else (True, False)

    def _weights(self, wanted: bool) -> list[Any]:
        """By term: one weight differs from 1."""
        found: list[Any] = []
        for axis in self.terms.values():
            weight = None
            if axis is not None and wanted:
                weight = np.ones(self.sizes[axis])
                weight[1 % len(weight)] = 2.5
            found.append(weight)
        return found

    def _masks(self, wanted: bool) -> list[Any]:
        """By term: one row is masked."""
        found: list[Any] = []
        for axis in self.terms.values():
            mask = None
            if axis is not None and wanted:
                mask = np.ones(self.sizes[axis], bool)
                mask[2 % len(mask)] = False
            found.append(mask)
        return found

    def _kept(self, masks: list[Any]) -> dict[str, list[int]]:
        """By batch axis the rows that a mask leaves."""
        found = {}
        for axis, mask in zip(self.terms.values(), masks, strict=True):
            if axis is not None:
                rows = range(self.sizes[axis])
                found[self.program.root(axis)] = [row for row in rows if mask is None or mask[row]]
        return found

    def _call_options(self, weights: list[Any], masks: list[Any], dtype: str) -> dict[str, Any]:
        options: dict[str, Any] = dict(self.parameters)
        if None not in self.terms.values():
            options["reduction"] = "sum"
        if any(weight is not None for weight in weights):
            options["weight"] = _one_or_all([np.asarray(weight, dtype) for weight in weights])
        if any(mask is not None for mask in masks):
            options["mask"] = _one_or_all(masks)
        return options

    def _inputs(self) -> list[str]:
        return [name for name, tensor in self.program.tensors.items() if tensor.role in INPUT_ROLES]

    def _array(self, name: str, values: Values, dtype: str) -> Any:
        tensor = self.program.tensors[name]
        kind = {"index": "int64", "boolean": "bool"}.get(tensor.domain.kind, dtype)
        array = np.zeros([self.sizes[axis] for axis in tensor.axes], kind)
        for index, value in values.items():
            array[index] = value
        return array

    # --- what comes back ---

    def _outcome(
        self, entry: str, arrays: list[Any], vectors: list[Any], options: dict[str, Any]
    ) -> Iterator[tuple[str, Any]]:
        """What an entry point returns, by output."""
        if entry == "value":
            yield "value", self.loss(*arrays, **options)
        elif entry == "value_and_grad":
            value, gradients = self.loss.value_and_grad(*arrays, **options)
            yield "value", value
            yield from self._named("grad", gradients)
        elif entry == "grad_hess_diag":
            gradients, diagonals = self.loss.grad_hess_diag(*arrays, **options)
            yield from self._named("grad", gradients)
            yield from self._named("diag", diagonals)
        else:
            yield from self._named("hvp", self.loss.hvp(*arrays, v=_one_or_all(vectors), **options))

    def _named(self, prefix: str, arrays: Any) -> Iterator[tuple[str, Any]]:
        found = arrays if isinstance(arrays, tuple) else (arrays,)
        return zip((f"{prefix} {name}" for name in self.predictions), found, strict=True)

    def _measure(
        self,
        key: str,
        found: Any,
        label: str,
        kept: Mapping[str, list[int]],
        results: Results,
        underflows: Callable[[], dict[str, Values]],
    ) -> None:
        info = np.finfo(label.split()[-1])
        if key == "value":
            parts = [results[term][()] for term in self.terms]
            # Terms of both signs are each rounded before they are added.
            rounding = mpf(float(info.eps)) / 2 * sum(abs(part.exact) for part in parts)
            moved, noise = sum(part.moved for part in parts) + rounding, sum(part.noise for part in parts)
            point = Point(mp.fsum(part.exact for part in parts), moved, noise)
            steps = lambda: sum(underflows()[term][()] for term in self.terms)  # noqa: E731
            self._judge(key, (), float(found), point, label, info, steps)
            return
        axes = [self.program.root(axis) for axis in self.program.tensors[key.split(" ", 1)[1]].axes]
        places = {
            tuple(kept[axis][i] if axis in kept else i for axis, i in zip(axes, index, strict=True)): index
            for index in results[key]
        }
        array = np.asarray(found)
        for index in np.ndindex(array.shape):
            if index in places:
                place = places[index]
                steps = partial(lambda place: underflows()[key][place], place)
                self._judge(key, index, float(array[index]), results[key][place], label, info, steps)
            elif array[index] != 0:
                self.report.fail(f"{label}: {key}{list(index)} of a masked row is {array[index]}, not 0")

    def _judge(
        self,
        key: str,
        index: tuple[int, ...],
        found: float,
        point: Point,
        label: str,
        info: Any,
        underflow: Callable[[], Any],
    ) -> None:
        """Count one result; ``underflow`` is what an error of 1 in every step does, in case steps are subnormal."""
        report = self.report
        report.points += 1
        place = f"{label}: {key}{list(index)}"
        if not (np.isfinite(found) and mp.isfinite(point.exact)):
            if mpf(found) != point.exact and not (mp.isnan(point.exact) and np.isnan(found)):
                report.ulps[label] = float("inf")
                report.fail(f"{place} is {found}, not {mp.nstr(point.exact, 12)}")
            return
        error = abs(mpf(found) - point.exact)
        smallest = mpf(float(info.smallest_subnormal))
        unit = max(mp.ldexp(mpf(float(info.eps)), _exponent(point.exact)), smallest)
        fair = unit + point.moved + (point.noise if point.noise > abs(point.exact) else 0)
        report.ulps[label] = max(report.ulps.get(label, 0.0), float(error / fair))
        allowed = unit + point.moved + point.noise
        if error > TOLERANCE * allowed and error > TOLERANCE * (allowed + smallest * underflow()):
            report.fail(f"{place} is {found!r}, off by {float(error / fair):.1f} ulp from {mp.nstr(point.exact, 17)}")


def _with_defaults(derivation: Derivation, parameters: Mapping[str, float]) -> Derivation:
    """The derived programs, in which the parameters have other defaults."""

    def changed(program: Program) -> Program:
        tensors = {
            name: replace(tensor, default=sympy.Rational(parameters[name])) if name in parameters else tensor
            for name, tensor in program.tensors.items()
        }
        return program.replacing(tensors=tensors)

    return replace(
        derivation,
        textbook=changed(derivation.textbook),
        stable=changed(derivation.stable),
        gradient=changed(derivation.gradient),
        product=changed(derivation.product),
        diagonal=None if derivation.diagonal is None else changed(derivation.diagonal),
    )


def _typed(values: Mapping[str, Values], dtype: str) -> dict[str, Values]:
    """Real values rounded to a dtype, as floats."""
    scalar = np.dtype(dtype).type
    return {
        name: {index: float(scalar(value)) if isinstance(value, float) else value for index, value in by.items()}
        for name, by in values.items()
    }


def _one_or_all(arrays: list[Any]) -> Any:
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


def _exponent(value: Any) -> int:
    """The exponent e of |value| in [2^e, 2^(e+1))."""
    return int(mp.frexp(value)[1]) - 1 if value else -2000
