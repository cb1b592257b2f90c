"""Exact rational points inside every domain and constraint: simple ones first, then random ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

from symloss.oracle import Interpreter
from symloss.program import INPUT_ROLES, Axis, Domain, Program, Statement, Tensor, axes_of

Values = dict[tuple[int, ...], Any]
#: How often a draw is repeated until constraints and conditions hold.
_ATTEMPTS = 3000
_SIMPLE = [
    Fraction(n, d) for n, d in ((1, 1), (-2, 1), (3, 1), (1, 2), (-1, 2), (2, 1), (-1, 1), (3, 2), (-3, 1), (5, 2))
]
_DRAWN = (*INPUT_ROLES, "direction")


@dataclass(frozen=True)
class Point:
    """Values of every input by index, and of the parameters, all rational; the length of every axis."""

    tensors: Mapping[str, Values]
    parameters: Mapping[str, Any]
    sizes: Mapping[str, int]


class Points:
    """Draws points for a program; the same ones for the same seed."""

    def __init__(self, program: Program, fixed: Mapping[str, Any], conditions: tuple[str, ...], seed: int = 0) -> None:
        """Prepare.

        Args:
            program: the program, whose constraints hold at every point.
            fixed: inputs and parameters that are replaced by numbers in it.
            conditions: outputs of the program that must be 1 at every point.
            seed: another seed draws other points.
        """
        self.program, self.fixed = program, dict(fixed)
        self.random = Random(f"{program.name} {seed}")
        self._conditions = _admission(program, conditions)

    def draw(self, sizes: Mapping[str, int], simple: bool) -> Point | None:
        """A point, or None where none was found.

        Args:
            sizes: the length of every axis.
            simple: whether to use small distinct numbers that are easy to check by hand.
        """
        for attempt in range(_ATTEMPTS):
            plain = simple and attempt < _ATTEMPTS // 2
            scale = 1 if plain else self.random.choice((1, 1, 1, 4, 8))
            tensors = {
                tensor.name: self._tensor(tensor, sizes, plain, scale)
                for tensor in self.program.tensors.values()
                if tensor.role in _DRAWN
            }
            parameters = {
                tensor.name: self._parameter(tensor, plain)
                for tensor in self.program.tensors.values()
                if tensor.role == "parameter"
            }
            point = Point(tensors, parameters, sizes)
            if self.admits(point):
                return point
        return None

    def admits(self, point: Point) -> bool:
        """Whether constraints and conditions hold."""
        if self._conditions is None:
            return True
        try:
            found = self._conditions.evaluate(point.sizes, point.tensors, point.parameters)
        except (IndexError, ValueError):
            return False
        return all(value == 1 for values in found.values() for value in values.values())

    def near(self, point: Point) -> Point | None:
        """A point a millionth away from another in every real number, or None where none is admitted."""
        for _ in range(20):
            tensors = {
                name: {index: self._moved(self.program.tensors[name], value) for index, value in values.items()}
                for name, values in point.tensors.items()
            }
            for name, values in tensors.items():
                if self.program.tensors[name].domain.kind == "simplex":
                    _normalise(values, self._simplex_position(self.program.tensors[name]))
            moved = Point(tensors, point.parameters, point.sizes)
            if self.admits(moved):
                return moved
        return None

    def tied(self, point: Point) -> Iterator[Point]:
        """Points at which inputs agree, are 0 or a parameter apart, or lie on the ends of their domains."""
        reals = [t for t in self.program.tensors.values() if t.name in point.tensors and t.domain.kind == "interval"]
        gaps = [Fraction(0), *(value for value in point.parameters.values())]
        for first, second in product(reals, reals):
            if (
                first.name >= second.name
                or len(first.axes) != len(second.axes)
                or "direction" in (first.role, second.role)
            ):
                continue
            for gap in gaps:
                moved = {index: value + gap for index, value in point.tensors[first.name].items()}
                yield self._with(point, second.name, moved)
        for tensor in reals:
            if tensor.role == "direction":
                continue
            ends = [tensor.domain.lower, tensor.domain.upper]
            values = [Fraction(0), *gaps, *(Fraction(int(e.p), int(e.q)) for e in ends if e.is_Rational)]
            for value in dict.fromkeys(values):
                yield self._with(point, tensor.name, dict.fromkeys(point.tensors[tensor.name], value))

    def _with(self, point: Point, name: str, values: Values) -> Point:
        return Point({**point.tensors, name: values}, point.parameters, point.sizes)

    # --- values -----------------------------------------------------------------------------------------------------

    def _parameter(self, tensor: Tensor, simple: bool) -> Any:
        default = tensor.default
        if tensor.name in self.fixed:
            default = self.fixed[tensor.name]
            return Fraction(int(default.p), int(default.q))
        assert default is not None  # every parameter has one
        own = Fraction(int(default.p), int(default.q))
        choices = [own, own * 2, own / 2, own * 3 / 4, Fraction(3, 10), Fraction(3, 2), own + Fraction(1, 4)]
        return self.random.choice([value for value in choices if admits(tensor.domain, value)] or [own])

    def _tensor(self, tensor: Tensor, sizes: Mapping[str, int], simple: bool, scale: int) -> Values:
        indices = list(product(*(range(sizes[axis]) for axis in tensor.axes)))
        if tensor.name in self.fixed:
            value = self.fixed[tensor.name]
            return dict.fromkeys(indices, Fraction(int(value.p), int(value.q)))
        pool = self.random.sample(_SIMPLE, len(_SIMPLE)) if simple else []
        values: Values = {}
        for index in indices:
            values[index] = self._value(tensor.domain, sizes, pool, scale)
        if tensor.domain.kind == "simplex":
            _normalise(values, self._simplex_position(tensor))
        return values

    @staticmethod
    def _simplex_position(tensor: Tensor) -> int:
        return tensor.axes.index(tensor.domain.axis or "")

    def _value(self, domain: Domain, sizes: Mapping[str, int], pool: list[Fraction], scale: int) -> Any:
        random = self.random
        if domain.kind == "boolean":
            return int(random.random() < 0.75)
        if domain.kind == "index":
            return random.randrange(sizes[domain.axis or ""])
        if domain.kind == "set":
            chosen = random.choice(domain.values)
            return Fraction(int(chosen.p), int(chosen.q))
        if domain.kind == "simplex":
            return Fraction(random.randint(1, 8))
        return self._real(domain, pool, scale)

    def _real(self, domain: Domain, pool: list[Fraction], scale: int) -> Fraction:
        low, high = (None if not end.is_finite else Fraction(int(end.p), int(end.q)) for end in _ends(domain))
        if low is not None and high is not None:
            parts = 8 if pool else 1 << 12
            return low + (high - low) * Fraction(self.random.randint(1, parts - 1), parts)
        free = pool.pop() if pool else Fraction(self.random.randint(-(1 << 14), 1 << 14) or 1, 1 << 13) * scale
        if low is not None:
            return low + abs(free)
        return free if high is None else high - abs(free)

    def _moved(self, tensor: Tensor, value: Any) -> Any:
        if tensor.name in self.fixed or tensor.domain.kind not in ("interval", "simplex") or tensor.role == "direction":
            return value
        for _ in range(20):
            moved = value + Fraction(self.random.randint(-1000, 1000) or 1, 10**9)
            if tensor.domain.kind == "simplex":
                return abs(moved)
            if admits(tensor.domain, moved):
                return moved
        return value


def _ends(domain: Domain) -> tuple[Any, Any]:
    return domain.lower, domain.upper


def _normalise(values: Values, position: int) -> None:
    """Divide the entries along one axis by their sum."""
    totals: dict[tuple[int, ...], Fraction] = {}
    for index, value in values.items():
        key = index[:position] + index[position + 1 :]
        totals[key] = totals.get(key, Fraction(0)) + value
    for index in values:
        values[index] /= totals[index[:position] + index[position + 1 :]]


def admits(domain: Domain, value: Fraction) -> bool:
    """Whether a domain of real numbers holds a number."""
    low, high = _ends(domain)
    above = not low.is_finite or value > low or (domain.lower_closed and value == low)
    return bool(above and (not high.is_finite or value < high or (domain.upper_closed and value == high)))


def is_coupled(program: Program) -> bool:
    """Whether samples interact: a batch axis is reduced or occurs twice."""
    batch = {name for name in program.axes if program.axes[program.root(name)].kind == "batch"}
    return any(batch & set(s.over) or len(batch & set(s.out)) > 1 for s in program.statements)


def sizes_of(program: Program, batch: int, lengths: tuple[int, ...]) -> dict[str, int]:
    """A length for every axis: `batch`, the fixed one, or one after the other of `lengths`."""
    roots = list(dict.fromkeys(program.root(name) for name in program.axes))
    open_roots = [root for root in roots if not _closed(program.axes[root])]
    chosen = {root: lengths[position % len(lengths)] for position, root in enumerate(open_roots)}
    return {name: _length(program.axes[program.root(name)], batch, chosen) for name in program.axes}


def open_axes(program: Program) -> tuple[str, ...]:
    """The axes, not like another, whose length is open and no batch."""
    return tuple(name for name in program.axes if program.root(name) == name and not _closed(program.axes[name]))


def _closed(axis: Axis) -> bool:
    return axis.kind == "batch" or axis.size is not None


def _length(root: Axis, batch: int, chosen: Mapping[str, int]) -> int:
    return root.size or (batch if root.kind == "batch" else chosen[root.name])


def _admission(program: Program, conditions: tuple[str, ...]) -> Interpreter | None:
    """Constraints and conditions as a program of their own."""
    statements = tuple(
        Statement(f"_admitted{number}", _ordered(constraint, program), "map", constraint)
        for number, constraint in enumerate(program.constraints)
        if not constraint.is_Number
    )
    outputs = {statement.target: statement.target for statement in statements}
    outputs |= {name: program.outputs[name] for name in conditions}
    if not outputs:
        return None
    return Interpreter(program.replacing(statements=(*program.statements, *statements), outputs=outputs))


def _ordered(constraint: Any, program: Program) -> tuple[str, ...]:
    return tuple(sorted(axes_of(constraint), key=list(program.axes).index))
