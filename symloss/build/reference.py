"""What a kernel should return: exact results, and how far arithmetic of a given precision may fairly be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

from mpmath import mp, mpf

from symloss.build.magnitudes import magnitudes, underflows
from symloss.build.samples import Values
from symloss.build.verification import exact_value
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Program, Statement

if TYPE_CHECKING:
    from symloss.calculus import Derivation

#: Enough bits for the effect of a rounding to be seen through any cancellation that the samples contain.
_PLENTY = 320

#: Bits and rounding (to nearest, away from zero) of the runs that show a program's own noise. One run alone may happen
#: to round nothing.
_ROUGH = ((53, "n"), (53, "u"), (54, "n"), (55, "u"))


@dataclass(frozen=True)
class Point:
    """One result.

    Attributes:
        exact: the result of the formula at the inputs as they are.
        moved: by how much one rounding of every input changes it.
        noise: by how much it may change when every step of the program is rounded.
    """

    exact: Any
    moved: Any
    noise: Any


Results = dict[str, dict[tuple[int, ...], Point]]


class Reference:
    """The programs of one loss at high precision, with weights and with masked rows left out."""

    def __init__(self, derivation: Derivation, terms: Mapping[str, str | None], sizes: Mapping[str, int]) -> None:
        """Compile the programs.

        Args:
            derivation: the programs.
            terms: each term with its batch axis.
            sizes: the length of every axis, masked rows included.
        """
        self.program: Program = derivation.textbook
        self.terms, self.sizes = terms, sizes
        extended = [(derivation.gradient, "grad "), (derivation.product, "hvp ")]
        if derivation.diagonal is not None:
            extended.append((derivation.diagonal, "diag "))
        self.interpreters = [Interpreter(derivation.textbook)]
        self.interpreters += [
            Interpreter(program, [key for key in program.outputs if key.startswith(prefix)])
            for program, prefix in extended
        ]
        self.magnitudes = [
            Interpreter(magnitudes(program, keys))
            for program, keys in (
                (derivation.stable, list(derivation.stable.outputs)),
                *((interpreter.program, list(interpreter.outputs)) for interpreter in self.interpreters[1:]),
            )
        ]
        # The value is rounded in its stable form: the textbook form may lose everything.
        self.rounded_interpreters = [Interpreter(derivation.stable), *self.interpreters[1:]]

    def results(
        self,
        values: dict[str, Values],
        directions: dict[str, Values],
        weights: list[Any],
        kept: Mapping[str, list[int]],
        unit: Fraction,
    ) -> Results:
        """Every output at every index.

        Args:
            values: inputs as the kernel gets them.
            directions: by prediction.
            weights: by term, or None.
            kept: by batch axis the rows that are not masked.
            unit: the unit roundoff of the kernel's dtype.
        """
        tensors, lengths, seeds = self._given(values, directions, weights, kept)
        given = tensors | seeds
        unit_mp = mpf(unit.numerator) / unit.denominator
        exact = self._run(self.interpreters, lengths, given, seeds, None)
        moved = [
            self._run(self.interpreters, lengths, self._moved(tensors, unit, seed) | seeds, seeds, (_PLENTY, "n"))
            for seed in range(2)
        ]
        sizes = self._run(self.magnitudes, lengths, given, seeds, (_PLENTY, "n"))
        rounded = [
            (self._run(self.rounded_interpreters, lengths, given, seeds, (bits, rounding)), mp.ldexp(unit_mp, bits))
            for bits, rounding in _ROUGH
        ]

        def point(key: str, index: tuple[int, ...], value: Any) -> Point:
            shift = max(abs(other[key][index] - value) for other in moved)
            noise = max(scale * abs(other[key][index] - value) for other, scale in rounded)
            noise = max(noise, unit_mp * sizes[key][index])
            return Point(value, shift, noise)

        return {key: {index: point(key, index, value) for index, value in by.items()} for key, by in exact.items()}

    def underflows(
        self,
        values: dict[str, Values],
        directions: dict[str, Values],
        weights: list[Any],
        kept: Mapping[str, list[int]],
    ) -> dict[str, Values]:
        """By how much every output moves where each step of the program is off by 1; arguments as of `results`."""
        tensors, lengths, seeds = self._given(values, directions, weights, kept)
        interpreters = [
            Interpreter(underflows(interpreter.program, list(interpreter.outputs)))
            for interpreter in self.rounded_interpreters
        ]
        return self._run(interpreters, lengths, tensors | seeds, seeds, (_PLENTY, "n"))

    def _given(
        self,
        values: dict[str, Values],
        directions: dict[str, Values],
        weights: list[Any],
        kept: Mapping[str, list[int]],
    ) -> tuple[dict[str, Values], dict[str, int], dict[str, Values]]:
        """What the programs read with masked rows left out: tensors, lengths of axes, weights of samples."""
        tensors = {name: self._select(name, by, kept) for name, by in values.items()}
        tensors |= {f"_v_{name}": self._select(name, by, kept) for name, by in directions.items()}
        lengths = {axis: len(kept.get(self.program.root(axis), range(size))) for axis, size in self.sizes.items()}
        return tensors, lengths, self._seeds(tensors, lengths, weights, kept)

    def _run(
        self,
        interpreters: list[Interpreter],
        lengths: dict[str, int],
        given: dict[str, Values],
        seeds: dict[str, Values],
        arithmetic: tuple[int, str] | None,
    ) -> dict[str, Values]:
        """All outputs, the terms as weighted sums; at rising precision, or in the arithmetic that is given."""
        found: dict[str, Values] = {}
        for interpreter in interpreters:
            present = {name: by for name, by in given.items() if name in interpreter.program.tensors}
            if arithmetic is None:
                found |= evaluate_adaptively(interpreter, lengths, present, digits=24)
            else:
                precision, rounding = arithmetic
                found |= interpreter.evaluate(lengths, present, precision=precision, rounding=rounding)
        for term, weight in zip(self.terms, seeds.values(), strict=True):
            found[term] = {(): mp.fsum(weight[index] * value for index, value in found[term].items())}
        return found

    def _select(self, name: str, values: Values, kept: Mapping[str, list[int]]) -> Values:
        """The values at the rows that are kept, renumbered."""
        axes = [self.program.root(axis) for axis in self.program.tensors[name].axes]
        place = [{row: i for i, row in enumerate(kept[axis])} if axis in kept else None for axis in axes]
        result: Values = {}
        for index, value in values.items():
            moved = [entry if table is None else table.get(entry) for entry, table in zip(index, place, strict=True)]
            if None not in moved:
                result[tuple(entry for entry in moved if entry is not None)] = exact_value(value)
        return result

    def _moved(self, tensors: dict[str, Values], unit: Fraction, seed: int) -> dict[str, Values]:
        """Every real input, rounded once at random: moved by up to one unit roundoff of itself."""
        generator = Random(seed)
        moved = {}
        for name, values in tensors.items():
            tensor = self.program.tensors.get(name)
            if tensor is not None and (tensor.domain.integer or tensor.domain.kind == "set"):
                moved[name] = values
                continue
            # At a closed upper end the only way is inwards.
            top = None if tensor is None else tensor.domain.upper
            moved[name] = {
                index: value * (1 + unit * (-1 if value == top else generator.choice((-1, 1))))
                for index, value in values.items()
            }
        return moved

    def _seeds(
        self, tensors: dict[str, Values], lengths: dict[str, int], weights: list[Any], kept: Mapping[str, list[int]]
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
            own = self._own_weights(term, axis, tensors, lengths)
            found[name] = {index: value * own.get(index, 1) for index, value in given.items()}
        return found

    def _own_weights(self, term: str, axis: str, tensors: dict[str, Values], lengths: dict[str, int]) -> Values:
        expression = self.program.sample_weight.get(term)
        if expression is None:
            return {}
        statement = Statement("_weight", (axis,), "map", expression)
        program = self.program.replacing(statements=(statement,), outputs={"weight": "_weight"}, constraints=())
        return evaluate_adaptively(program, lengths, tensors, digits=24)["weight"]
