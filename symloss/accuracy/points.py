"""Inputs that are hard for floating point, drawn from the declared domains alone.

Magnitudes are spread evenly in their logarithm over the whole range of the dtype; values sit on and one ulp beside the
ends of their domains, entries tie, inputs nearly agree with each other (two boxes, two distributions, a prediction and
its target) or lie a parameter's distance apart, where losses have their kinks.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import sympy

from symloss.oracle import Interpreter
from symloss.program import INPUT_ROLES, Domain, Program, Read, Statement, Tensor, axes_of

Values = dict[tuple[int, ...], Any]

#: No input is larger than the largest number divided by this, so that the difference of two is representable.
HEADROOM = 4
#: How often a draw is repeated until the constraints hold.
_ATTEMPTS = 200


@dataclass(frozen=True)
class Instance:
    """One set of inputs: by tensor the values by index, and the parameters, all of them exact in the dtype."""

    tensors: Mapping[str, Values]
    parameters: Mapping[str, float]


class Sampler:
    """Draws instances for one program and dtype; the same ones for the same seed."""

    def __init__(self, program: Program, sizes: Mapping[str, int], dtype: str, seed: int = 0) -> None:
        """Prepare for arrays of these sizes."""
        self.program, self.sizes = program, dict(sizes)
        self.real: Any = np.dtype(dtype).type
        self.info: Any = np.finfo(dtype)
        self.random = Random(f"{program.name} {dtype} {seed}")
        self.inputs = [tensor for tensor in program.tensors.values() if tensor.role in INPUT_ROLES]
        self.conditions = conditions_of(program)
        self.scale = 1.0

    def instances(self, count: int) -> list[Instance]:
        """So many instances; every eighth or so with parameters of its own, the others with the defaults."""
        found = []
        for number in range(count):
            parameters = self.parameters() if number % 8 == 7 else self.defaults()
            found.append(Instance(self.admitted(parameters), parameters))
        return found

    def ordinary(self) -> Instance:
        """Inputs of ordinary size, with the default parameters."""
        parameters = self.defaults()
        for _ in range(_ATTEMPTS):
            drawn = {tensor.name: self._tensor(tensor, plain=True) for tensor in self.inputs}
            self._order(drawn)
            if self.conditions is None or self._holds(drawn, parameters):
                return Instance(drawn, parameters)
        raise ArithmeticError(f"no inputs of {self.program.name} were found that satisfy its constraints")

    def satisfies(self, instance: Instance) -> bool:
        """Whether the constraints hold."""
        return self.conditions is None or self._holds(instance.tensors, instance.parameters)

    def direction(self, instance: Instance) -> dict[str, Values]:
        """A direction for every prediction."""
        return {
            tensor.name: {index: self.rounded(self.random.gauss(0.0, 1.0)) for index in instance.tensors[tensor.name]}
            for tensor in self.inputs
            if tensor.role == "prediction"
        }

    # --- parameters ----------------------------------------------------------------------------------------------

    def defaults(self) -> dict[str, float]:
        """Every parameter at its default, rounded to the dtype."""
        return {
            tensor.name: self.rounded(float(tensor.default))
            for tensor in self.program.tensors.values()
            if tensor.role == "parameter" and tensor.default is not None
        }

    def parameters(self) -> dict[str, float]:
        """Every parameter somewhere in its domain."""
        return {
            name: self._parameter(self.program.tensors[name].domain, value) for name, value in self.defaults().items()
        }

    def _parameter(self, domain: Domain, default: float) -> float:
        for _ in range(_ATTEMPTS):
            scale = 2.0 ** self.random.uniform(-8, 8)
            ends = [float(end) for end in (domain.lower, domain.upper) if end.is_finite]
            value = self.rounded(self.random.choice([default * scale, scale, 1 - 1 / (1 + scale), *ends]))
            if _inside(domain, value):
                return value
        return default

    # --- inputs --------------------------------------------------------------------------------------------------

    def admitted(self, parameters: Mapping[str, float]) -> dict[str, Values]:
        """Inputs that satisfy the constraints.

        Raises:
            ArithmeticError: none were found.
        """
        for _ in range(_ATTEMPTS):
            drawn = self.draw(parameters)
            self._order(drawn)
            if self.conditions is None or self._holds(drawn, parameters):
                return drawn
        raise ArithmeticError(f"no inputs of {self.program.name} were found that satisfy its constraints")

    def draw(self, parameters: Mapping[str, float]) -> dict[str, Values]:
        """Inputs inside their domains."""
        self.scale = self._scale()
        drawn: dict[str, Values] = {}
        for tensor in self.inputs:
            drawn[tensor.name] = self._tensor(tensor)
        self._relate(drawn, parameters)
        return drawn

    def _scale(self) -> float:
        """A common magnitude of the unrestricted inputs."""
        kind = self.random.random()
        if kind < 0.45:
            return 1.0
        if kind < 0.6:
            return self.random.choice((30.0, 100.0, 1e3, 1e4))
        if kind < 0.75:
            return float(2.0 ** self.random.uniform(-40, 20))
        top = float(np.log2(self.info.max)) - np.log2(HEADROOM) - 4
        return float(2.0 ** self.random.uniform(float(np.log2(self.info.smallest_subnormal)) + 2, top))

    def _tensor(self, tensor: Tensor, plain: bool = False) -> Values:
        shape = [range(self.sizes[axis]) for axis in tensor.axes]
        if tensor.default is not None and not self._per_sample(tensor):
            # One call serves many instances, which share what belongs to no sample.
            return {index: float(tensor.default) for index in itertools.product(*shape)}
        if plain and tensor.domain.unrestricted:
            return {index: self.rounded(self.random.gauss(0.0, 1.2)) for index in itertools.product(*shape)}
        values = {index: self._value(tensor.domain, plain) for index in itertools.product(*shape)}
        if tensor.domain.kind == "simplex":
            self._normalise(values, tensor.axes.index(tensor.domain.axis or ""))
        elif tensor.domain.unrestricted and len(values) > 1:
            self._tie(values)
        return values

    def _per_sample(self, tensor: Tensor) -> bool:
        return any(self.program.axes[self.program.root(axis)].kind == "batch" for axis in tensor.axes)

    def _value(self, domain: Domain, plain: bool = False) -> Any:
        random = self.random
        if domain.kind == "boolean":
            return random.random() < 0.75
        if domain.kind == "index":
            return random.randrange(self.sizes[domain.axis or ""])
        if domain.kind == "set":
            return float(random.choice(domain.values))
        if domain.kind == "simplex":
            return 2.0 ** -random.choice((0.0, random.uniform(0, 4), random.uniform(0, 60)))
        for _ in range(_ATTEMPTS):
            value = self.rounded(self._ordinary(domain) if plain else self._real(domain))
            if _inside(domain, value):
                return value
        return self.rounded(float(domain.lower) + 1.0)

    def _ordinary(self, domain: Domain) -> float:
        """A number of ordinary size inside a restricted domain, or an end of it."""
        low, high = float(domain.lower), float(domain.upper)
        share = self.random.choice((0.0, self.random.uniform(0.05, 0.95), self.random.uniform(0.05, 0.95), 1.0))
        if np.isfinite(low):
            return low + (high - low if np.isfinite(high) else 3.0) * share
        return high - 3.0 * share

    def _real(self, domain: Domain) -> float:
        random, low, high = self.random, float(domain.lower), float(domain.upper)
        tiny, eps = float(self.info.smallest_subnormal), float(self.info.eps)
        if np.isfinite(low) and np.isfinite(high):
            small = 2.0 ** random.choice((-random.uniform(1, 12), random.uniform(np.log2(eps) - 2, -1)))
            smallest = 2.0 ** random.uniform(float(np.log2(tiny)) + 1, -20)
            share = random.choice((0.0, 1.0, random.random(), random.random(), small, 1 - small, 1 - eps / 2, smallest))
            return low + (high - low) * share
        wide = 2.0 ** random.uniform(-60, 60)
        if np.isfinite(low):
            return low + float(random.choice((0.0, random.uniform(0.05, 3), random.uniform(0.05, 3), wide)))
        if np.isfinite(high):
            return high - float(random.choice((0.0, random.uniform(0.05, 3), random.uniform(0.05, 3), wide)))
        kind = random.random()
        if kind < 0.03:
            return float(random.choice((0.0, tiny, -tiny, float(self.info.tiny), -1e-30, 1e-30)))
        if kind < 0.1:
            return float(self.scale * 2.0 ** -random.uniform(0, 60) * random.choice((1, -1)))
        return self.scale * random.gauss(0.0, 1.2)

    def rounded(self, value: float) -> float:
        """The nearest number of the dtype, not beyond the largest that is drawn."""
        top = float(self.info.max) / HEADROOM
        return float(self.real(min(max(value, -top), top)))

    # --- relations -----------------------------------------------------------------------------------------------

    def _tie(self, values: Values) -> None:
        """Make some entries equal, or nearly, or shift them all far from 0."""
        kind = self.random.random()
        first = next(iter(values.values()))
        if kind < 0.1:
            values.update({index: self._near(first) for index in values})
        elif kind < 0.2:
            for index in self.random.sample(list(values), 2):
                values[index] = first
        elif kind < 0.3:
            shift = self.random.choice((1e4, -1e4, 300.0))
            values.update({index: self.rounded(value + shift) for index, value in values.items()})

    def _near(self, value: float) -> float:
        """The value, a neighbour of it, or a number that agrees in some of its bits."""
        eps = float(self.info.eps)
        kind = self.random.random()
        if kind < 0.25:
            return self.rounded(value)
        steps = self.random.choice((1, -1)) * 2.0 ** self.random.uniform(0, -np.log2(eps) - 2)
        return self.rounded(value * (1 + eps * steps) if value else self.scale * eps * steps)

    def _relate(self, drawn: dict[str, Values], parameters: Mapping[str, float]) -> None:
        """Let two inputs of one kind nearly agree, or lie a parameter's value apart."""
        for first, second in itertools.combinations(self.inputs, 2):
            if not self._alike(first, second) or self.random.random() > 0.45:
                continue
            apart = [value for value in parameters.values() if value] or [1.0]
            kink = first.domain.unrestricted and self.random.random() < 0.3
            gap = self.random.choice(apart) * self.random.choice((1, -1))
            for index, value in drawn[first.name].items():
                if self.random.random() < 0.9:
                    near = self._near(value + gap if kink else value)
                    if _inside(second.domain, near):
                        drawn[second.name][index] = near
            if second.domain.kind == "simplex":
                self._normalise(drawn[second.name], second.axes.index(second.domain.axis or ""))

    @staticmethod
    def _alike(a: Tensor, b: Tensor) -> bool:
        return len(a.axes) == len(b.axes) and a.domain.kind == b.domain.kind in ("interval", "simplex")

    def _normalise(self, values: Values, position: int) -> None:
        """Make the entries along one axis sum to 1, as closely as an input check demands."""
        groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for index in values:
            groups.setdefault(index[:position] + index[position + 1 :], []).append(index)
        for members in groups.values():
            if self.random.random() < 0.15 or not any(values[index] for index in members):
                chosen = self.random.choice(members)
                values.update({index: float(index == chosen) for index in members})
                continue
            for _ in range(3):
                total = sum(values[index] for index in members)
                values.update({index: float(self.real(values[index] / total)) for index in members})

    # --- constraints ---------------------------------------------------------------------------------------------

    def _order(self, drawn: dict[str, Values]) -> None:
        """Exchange what a constraint a < b finds the wrong way round, and part what it finds equal."""
        pairs = [
            tuple(constraint.args)
            for constraint in self.program.constraints
            if constraint.func.__name__ in ("Less", "LessEqual") and all(isinstance(a, Read) for a in constraint.args)
        ]
        for a, b in [*pairs, *pairs]:
            if a.tensor not in drawn or b.tensor not in drawn:
                continue
            for index in drawn[a.tensor]:
                places = self._place(a, index), self._place(b, index)
                if places[0] != index or places[1] not in drawn[b.tensor]:
                    continue
                low, high = drawn[a.tensor][places[0]], drawn[b.tensor][places[1]]
                if low > high:
                    low, high = high, low
                if low == high:
                    high = self.rounded(float(np.nextafter(self.real(low), self.real(np.inf))))
                drawn[a.tensor][places[0]], drawn[b.tensor][places[1]] = low, high

    @staticmethod
    def _place(read: Read, index: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(e) if e.is_Integer else i for e, i in zip(read.index, index, strict=False))

    def _holds(self, drawn: Mapping[str, Values], parameters: Mapping[str, float]) -> bool:
        assert self.conditions is not None
        inside = all(
            _inside(tensor.domain, value)
            for tensor in self.inputs
            if tensor.domain.kind == "interval"
            for value in drawn[tensor.name].values()
        )
        if not inside:
            return False
        found = self.conditions.evaluate(self.sizes, drawn, parameters)
        return all(holds == 1 for values in found.values() for holds in values.values())


def _inside(domain: Domain, value: float) -> bool:
    if domain.kind == "simplex":
        return 0 <= value <= 1
    if domain.kind != "interval" or domain.unrestricted:
        return True
    low, high = float(domain.lower), float(domain.upper)
    return (value > low or (domain.lower_closed and value == low)) and (
        value < high or (domain.upper_closed and value == high)
    )


def conditions_of(program: Program) -> Interpreter | None:
    """The constraints as a program with one output each, or None; they may be about computed values."""
    if not program.constraints:
        return None
    statements = tuple(
        Statement(
            f"_constraint{number}",
            tuple(sorted(axes_of(sympy.sympify(constraint)), key=list(program.axes).index)),
            "map",
            constraint,
        )
        for number, constraint in enumerate(program.constraints)
    )
    outputs = {statement.target: statement.target for statement in statements}
    return Interpreter(program.replacing(statements=(*program.statements, *statements), outputs=outputs))


def is_coupled(program: Program) -> bool:
    """Whether a sample's value depends on other samples: a batch axis is reduced or occurs twice."""
    batch = {name for name in program.axes if program.axes[program.root(name)].kind == "batch"}
    return any(batch & set(statement.over) or len(batch & set(statement.out)) > 1 for statement in program.statements)


def sizes_for(program: Program, batch: int, other: int) -> dict[str, int]:
    """A length for every axis; `like` axes share, fixed ones keep theirs."""

    def size(name: str) -> int:
        root = program.axes[program.root(name)]
        return root.size or (batch if root.kind == "batch" else other)

    return {name: size(name) for name in program.axes}
