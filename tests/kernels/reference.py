"""What a kernel should return: programs run by the interpreter, with the conditioning of every result.

Kernels are never consulted. A result of a kernel is right when its error, measured against the exact result at the very
inputs that the kernel got, is a few units, where one unit is one ulp of the exact result, plus the change that one
rounding of each input would make, plus one rounding of the sum of the magnitudes of what is added up. There is no
absolute tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import sympy
from mpmath import mp, mpf

from symloss.atoms import Equal, NotEqual
from symloss.build.magnitudes import magnitudes
from symloss.calculus import Derivation
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Program, Statement, reads_of

Index = tuple[int, ...]
Values = dict[Index, Any]

#: Inputs are moved by this much, relatively, to see how the results move.
_STEP = Fraction(1, 1 << 60)
_PLENTY = 400


@dataclass(frozen=True)
class Point:
    """An exact result, how far one relative step of the inputs moves it, and the magnitude of what it adds up."""

    exact: Any
    slope: Any
    magnitude: Any

    def scaled(self, factor: Any) -> Point:
        return Point(self.exact * factor, self.slope * abs(factor), self.magnitude * abs(factor))


def total(points: Sequence[Point]) -> Point:
    return Point(*(mp.fsum(getattr(p, field) for p in points) for field in ("exact", "slope", "magnitude")))


class Reference:
    """All programs of one loss in the interpreter."""

    def __init__(self, derivation: Derivation, rough: bool = False) -> None:
        """Compile the textbook value and all derivatives.

        Args:
            derivation: the programs.
            rough: whether the unit of error also holds what rounding every step of the program to a double changes.
        """
        programs: list[tuple[Program, list[str]]] = [(derivation.textbook, list(derivation.textbook.outputs))]
        known = [("grad", derivation.gradient), ("hvp", derivation.product), ("diag", derivation.diagonal)]
        for word, program in known:
            if program is not None:
                programs.append((program, [key for key in program.outputs if key.startswith(f"{word} ")]))
        self.program = derivation.textbook
        self.labels = _only_told_apart(derivation.textbook)
        self.exact = [Interpreter(program, outputs) for program, outputs in programs]
        stable = [(derivation.stable, list(derivation.stable.outputs)), *programs[1:]]
        self.rough = [Interpreter(program, outputs) for program, outputs in stable] if rough else []
        self.magnitude = [Interpreter(magnitudes(program, outputs)) for program, outputs in stable]

    def points(
        self,
        sizes: Mapping[str, int],
        values: Mapping[str, Values],
        parameters: Mapping[str, float],
        seeds: Mapping[str, Sequence[Any]],
        directions: Mapping[str, Values],
    ) -> dict[str, dict[Index, Point]]:
        """Every output at every index: the value of each sample, and derivatives of the seeded sum."""
        given: dict[str, Values] = {name: _exact(by) for name, by in values.items()}
        given |= {f"_v_{name}": _exact(by) for name, by in directions.items()}
        seeded = {f"_seed{'' if len(seeds) == 1 else '_' + term}": by for term, by in seeds.items()}
        scalars = {name: Fraction(number) for name, number in parameters.items()}
        weights = {
            name: {(i,): mpf(entry) for i, entry in enumerate(by)} if self._batched(term) else {(): mpf(1)}
            for (name, by), term in zip(seeded.items(), seeds, strict=True)
        }

        def run(interpreters: Sequence[Interpreter], moved: int | None, precision: int = _PLENTY) -> dict[str, Values]:
            found: dict[str, Values] = {}
            tensors, numbers = given, scalars
            if moved is not None:
                generator = Random(moved)
                tensors = {name: self._moved(name, by, generator) for name, by in given.items()}
                numbers = {name: self._moved(name, {(): number}, generator)[()] for name, number in scalars.items()}
            for interpreter in interpreters:
                arrays = {n: by for n, by in {**tensors, **weights}.items() if n in interpreter.program.tensors}
                if moved is None and interpreters is self.exact:
                    found |= evaluate_adaptively(interpreter, sizes, arrays, numbers, digits=24)
                else:
                    found |= interpreter.evaluate(sizes, arrays, numbers, precision=precision)
            return found

        exact, magnitude = run(self.exact, None), run(self.magnitude, None)
        others = [(run(self.exact, number), _STEP.denominator) for number in range(3)]
        others += [(run(self.rough, None, bits), 1 << bits) for bits in (53, 54, 55) if self.rough]

        def slope(key: str, index: Index, value: Any) -> Any:
            return (
                max(abs(other[key][index] - value) * scale for other, scale in others) if mp.isfinite(value) else mpf(0)
            )

        with mp.workprec(_PLENTY):
            return {
                key: {i: Point(value, slope(key, i, value), magnitude[key][i]) for i, value in by.items()}
                for key, by in self._precise(exact, run).items()
            }

    def _precise(self, exact: dict[str, Values], run: Any) -> dict[str, Values]:
        """The results at the precision of the moved runs, wherever the adaptive run settled on a number but 0."""
        fine: dict[str, Values] = {}
        for interpreter in (run([one], None) for one in self.exact):
            fine |= interpreter
        return {
            key: {
                index: fine[key][index] if value != 0 and mp.isfinite(value) else value for index, value in by.items()
            }
            for key, by in exact.items()
        }

    def own_weights(
        self, sizes: Mapping[str, int], values: Mapping[str, Values], parameters: Mapping[str, float]
    ) -> dict[str, list[Any]]:
        """By term the weight that the specification itself gives each sample; 1 where it gives none."""
        found: dict[str, list[Any]] = {}
        for term, target in self.program.outputs.items():
            axes = self.program.axes_of(target)
            expression = self.program.sample_weight.get(term)
            if not axes or expression is None:
                found[term] = [mpf(1)] * (sizes[axes[0]] if axes else 1)
                continue
            statement = Statement("own", (axes[0],), "map", expression)
            program = self.program.replacing(statements=(statement,), outputs={"own": "own"}, constraints=())
            by = evaluate_adaptively(program, sizes, {n: _exact(v) for n, v in values.items()}, parameters)["own"]
            found[term] = [by[(i,)] for i in range(sizes[axes[0]])]
        return found

    def _batched(self, term: str) -> bool:
        return bool(self.program.axes_of(self.program.outputs[term]))

    def _moved(self, name: str, values: Values, generator: Random) -> Values:
        tensor = self.program.tensors.get(name)
        if tensor is not None and (tensor.domain.integer or tensor.domain.kind == "set" or name in self.labels):
            return values
        top = None if tensor is None else tensor.domain.upper
        return {
            index: value * (1 + _STEP * (-1 if value == top else generator.choice((-1, 1))))
            for index, value in values.items()
        }


def _only_told_apart(program: Program) -> set[str]:
    """Inputs that are compared for equality and nothing else: labels, which have no neighbours to be rounded to."""
    counted: set[str] = set()
    for statement in program.statements:
        for expression in (statement.body, statement.guard):
            if expression is not None:
                rest = expression.replace(lambda part: isinstance(part, Equal | NotEqual), lambda part: sympy.S.One)
                counted |= {read.tensor for read in reads_of(rest)}
    return {name for name in program.tensors if name not in counted}


def _exact(values: Values) -> Values:
    return {index: Fraction(value) if isinstance(value, float) else int(value) for index, value in values.items()}


@dataclass
class Expected:
    """An array of exact results as two doubles each, with the unit of error of each but for its own ulp."""

    high: np.ndarray
    low: np.ndarray
    slope: np.ndarray
    magnitude: np.ndarray

    @classmethod
    def of(cls, points: Mapping[Index, Point], shape: Index) -> Expected:
        """The array with these points and exact zeros elsewhere."""
        made = cls(*(np.zeros(shape) for _ in range(4)))
        for index, point in points.items():
            high = float(point.exact)
            made.high[index] = high
            made.low[index] = float(point.exact - mpf(high)) if np.isfinite(high) else 0.0
            made.slope[index], made.magnitude[index] = float(point.slope), float(point.magnitude)
        return made

    def rows(self, picks: np.ndarray, live: np.ndarray | None = None) -> Expected:
        """The rows with these numbers; rows that are not live are exactly 0."""
        parts = [part[picks] for part in (self.high, self.low, self.slope, self.magnitude)]
        if live is not None:
            for part in parts:
                part[~live] = 0
        return Expected(*parts)

    def units(self, found: Any, dtype: str) -> float:
        """The largest error in units; infinite where a number that is not finite differs."""
        found = np.asarray(found)
        assert found.shape == self.high.shape, (found.shape, self.high.shape)
        info = np.finfo(dtype)
        found = found.astype(np.float64)
        with np.errstate(all="ignore"):
            rounded = self.high.astype(dtype).astype(np.float64)
            exponent = np.floor(np.log2(np.abs(self.high)))
            ulp = np.where(
                self.high == 0, 0.0, np.maximum(float(info.eps) * 2.0**exponent, float(info.smallest_subnormal))
            )
            unit = ulp + float(info.eps) / 2 * (self.slope + self.magnitude)
            error = np.abs((found - self.high) - self.low)
            units = np.where(error == 0, 0.0, error / unit)
        special = ~np.isfinite(rounded) | ~np.isfinite(found)
        same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
        units = np.where(special, np.where(same, 0.0, np.inf), units)
        return float(units.max()) if units.size else 0.0
