"""In which units the quantities of a program are: dimensional analysis.

Every real input has an unknown unit, another one for each sample. A product multiplies units, the terms of a sum and
the sides of a comparison have the same one, the argument of an exponential has none. What these equations leave free
are the units in which the inputs may be measured anew without changing what the program says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import sympy

from symloss.atoms import (
    Absolute,
    Clamp,
    Equal,
    HalfStep,
    Inside,
    Less,
    LessEqual,
    LogRatio,
    Maximum,
    Minimum,
    NotEqual,
    Ramp,
    Relu,
    Sign,
    SlopeAt,
    Step,
    StopGradient,
    Where,
    XLog1pY,
    XLogY,
    XOverY,
    ZeroTimes,
)
from symloss.lowering.functions import Difference, Gap, KeepNaN, Lifted, Over, ScaleInverse, UnitScale
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, axes_of, rename_axes

#: An input; where axes of fixed length are always read at numbers, one entry of these.
Slot = tuple[str, tuple[int, ...]]
#: The unit of a slot in the sample with a given index; what belongs to no sample has none where samples interact.
Key = tuple[Slot, Any]
#: A product of powers of units; no power is 0.
Unit = Mapping[Key, Fraction]

K = TypeVar("K")

NONE: Unit = {}
#: Functions whose arguments and result have one unit.
_ALIKE = (Maximum, Minimum, Clamp, Absolute, Ramp, Relu, StopGradient, Difference, Gap)
#: Functions of arguments of one unit whose result has none.
_RATIOS = (Less, LessEqual, Equal, NotEqual, Inside, Step, HalfStep, Sign, LogRatio)
#: What enters linearly and is of ordinary size: it keeps its unit.
_FIXED = ("seed",)


@dataclass
class Units:
    """The units of one program, found by one visit of its statements.

    Attributes:
        slots: every real input that is read, in the order of the program.
        targets: the unit of each statement's target, with the samples written in the statement's own axes.
        batch: the axis of the samples where there is one and they do not interact, else None.
    """

    program: Program
    slots: dict[Slot, None] = field(default_factory=dict)
    targets: dict[str, Unit | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._equations: list[dict[Slot, Fraction]] = []
        self._out = {statement.target: statement.out for statement in self.program.statements}
        self._together = self._read_together()
        self.batch = self._only_batch()
        for statement in self.program.statements:
            unit = self.of(statement.body)
            if statement.operation == "logsumexp":
                self._equate(unit, NONE)
            # Each sample may be measured in units of its own, so what is collected from them has none of these.
            collected = {key: p for key, p in (unit or {}).items() if _varies(key[1], statement.over)}
            self._equate(collected, NONE)
            self._equate(self.of(statement.guard), NONE)
            self.targets[statement.target] = unit
        self._solution = self._solved()

    def free(self) -> list[Slot]:
        """The slots whose units may be chosen at will."""
        return [slot for slot in self.slots if slot not in self._solution]

    def in_free(self, unit: Unit | None) -> dict[Key, Fraction]:
        """A unit as a product of powers of the free ones."""
        return _product(
            ({(free, row): share for free, share in self._solution.get(slot, {slot: Fraction(1)}).items()}, power)
            for (slot, row), power in (unit or {}).items()
        )

    def of_input(self, slot: Slot, row: Any) -> dict[Key, Fraction]:
        """The unit of an input of one sample in free ones."""
        return self.in_free({(slot, row): Fraction(1)})

    def row(self, tensor: str, index: tuple[Any, ...]) -> Any:
        """The sample that an entry of an input belongs to; in each sample what belongs to all has another unit."""
        axes = self.program.tensors[tensor].axes
        if axes and self._is_batch(axes[0]):
            return index[0]
        return None if self.batch is None else AxisSymbol(self.batch)

    def slot_of(self, read: Read) -> Slot:
        """The slot that a read of an input belongs to."""
        if read.tensor in self._together:
            return read.tensor, ()
        return read.tensor, tuple(int(read.index[place]) for place in self.fixed(read.tensor))

    def fixed(self, tensor: str) -> list[int]:
        """The places of the axes of fixed length among those of an input."""
        axes = self.program.tensors[tensor].axes
        return [place for place, axis in enumerate(axes) if self.program.axes[self.program.root(axis)].size]

    def of(self, e: Any) -> Unit | None:
        """The unit of an expression; None where it may be any, as that of 0. Equations met on the way are kept."""
        if e.is_number:
            return None if e == 0 or e.is_infinite else NONE
        if isinstance(e, Read):
            return self._read(e)
        if isinstance(e, AxisSymbol | SizeSymbol) or (e.is_integer and not e.args):
            return NONE
        units = [self.of(argument) for argument in e.args]
        if e.is_Mul or isinstance(e, ZeroTimes | Lifted):
            return None if None in units else _product((unit, 1) for unit in units if unit is not None)
        if e.is_Pow and e.base != sympy.E and e.exp.is_Rational:
            return None if units[0] is None else _product([(units[0], Fraction(int(e.exp.p), int(e.exp.q)))])
        if e.is_Add or isinstance(e, _ALIKE):
            return self._alike(units)
        if isinstance(e, _RATIOS):
            self._alike(units)
            return NONE
        if isinstance(e, Where):
            self._equate(units[0], NONE)
            return self._alike(units[1:])
        if isinstance(e, KeepNaN):
            return units[0]
        if isinstance(e, SlopeAt):
            self._equate(units[1], NONE)
            return units[0]
        if isinstance(e, UnitScale | ScaleInverse):
            return None if units[0] is None else _product([(units[0], -1)])
        if isinstance(e, Over):
            return None if None in units else _product((u or NONE, p) for u, p in zip(units, (1, 1, -1), strict=True))
        if isinstance(e, XOverY):
            return None if None in units else _product([(units[0] or NONE, 1), (units[1] or NONE, -1)])
        if isinstance(e, XLogY | XLog1pY):
            self._equate(units[1], NONE)
            return units[0]
        for unit in units:
            self._equate(unit, NONE)
        return NONE

    def _read_together(self) -> set[str]:
        """The inputs that are read at a running index or a label along an axis of fixed length."""
        reads = {read for statement in self.program.statements for read in statement.reads}
        return {
            read.tensor
            for read in reads
            if read.tensor in self.program.tensors
            and not all(read.index[place].is_Integer for place in self.fixed(read.tensor))
        }

    # --- equations -----------------------------------------------------------------------------------------------

    def _read(self, read: Read) -> Unit | None:
        if read.tensor in self.targets:
            place = dict(zip(self._out[read.tensor], read.index, strict=True))
            unit = self.targets[read.tensor]
            return (
                None
                if unit is None
                else _product(
                    ({(slot, rename_axes(row, place) if row is not None else None): power}, 1)
                    for (slot, row), power in unit.items()
                )
            )
        tensor = self.program.tensors.get(read.tensor)
        if tensor is None or tensor.role in _FIXED or tensor.domain.kind != "interval":
            return NONE
        slot = self.slot_of(read)
        self.slots[slot] = None
        return {(slot, self.row(read.tensor, read.index)): Fraction(1)}

    def _alike(self, units: Iterable[Unit | None]) -> Unit | None:
        known = [unit for unit in units if unit is not None]
        for unit in known[1:]:
            self._equate(unit, known[0])
        return known[0] if known else None

    def _equate(self, a: Unit | None, b: Unit | None) -> None:
        if a is None or b is None or a == b:
            return
        # The units of different samples are independent, so each sample's must agree by themselves.
        rows: dict[Any, dict[Slot, Fraction]] = {}
        for (slot, row), power in _product([(a, 1), (b, -1)]).items():
            rows.setdefault(row, {})[slot] = power
        self._equations += rows.values()

    def _is_batch(self, axis: str) -> bool:
        return self.program.axes[self.program.root(axis)].kind == "batch"

    def _only_batch(self) -> str | None:
        """The axis of the samples, where every statement is about one sample of one batch."""
        batches = set(filter(self._is_batch, self.program.axes))
        for statement in self.program.statements:
            used = {*statement.out, *statement.over, *axes_of(statement.body), *axes_of(statement.guard)}
            if not statement.out or statement.out[0] not in batches or len(used & batches) != 1:
                return None
        return batches.pop() if len(batches) == 1 else None

    def _solved(self) -> dict[Slot, dict[Slot, Fraction]]:
        """What is not free, by what is: parameters are expressed by inputs, inputs by predictions."""
        order = {"parameter": 0, "coefficient": 1, "direction": 2, "target": 3, "prediction": 4}
        rank = {slot: order[self.program.tensors[slot[0]].role] for slot in self.slots}
        solution: dict[Slot, dict[Slot, Fraction]] = {}
        for equation in self._equations:
            left = _product((solution.get(slot, {slot: Fraction(1)}), power) for slot, power in equation.items())
            if not left:
                continue
            chosen = min(left, key=lambda slot: rank[slot])
            value = _product([({s: p for s, p in left.items() if s != chosen}, -1 / left[chosen])])
            solution = {
                slot: _product((value if s == chosen else {s: Fraction(1)}, p) for s, p in unit.items())
                for slot, unit in solution.items()
            }
            solution[chosen] = value
        return solution


def _varies(row: Any, axes: tuple[str, ...]) -> bool:
    return row is not None and bool(axes_of(row) & set(axes))


def subexpressions(program: Program) -> Iterator[Any]:
    """Every expression in the bodies of a program, each as often as it stands there."""
    for statement in program.statements:
        yield from sympy.preorder_traversal(statement.body)


def _product(powers: Iterable[tuple[Mapping[K, Fraction], Fraction | int]]) -> dict[K, Fraction]:
    found: dict[K, Fraction] = {}
    for unit, times in powers:
        for key, power in unit.items():
            found[key] = found.get(key, Fraction(0)) + power * times
    return {key: power for key, power in found.items() if power}
