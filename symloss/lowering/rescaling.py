"""Measure inputs in units of their own size where products of them may leave the range of the dtype.

An area overflows where the lengths of boxes are beyond the root of the largest number, although a quotient of areas is
as ordinary there as anywhere. Where the units of a program are free (`units`), every sample is measured in units in
which its largest entry is near 1; results are put back into the caller's units. The factors are powers of two, so that
this rounds nothing but what is too small to matter beside that entry. Which of two such numbers is larger does matter:
inputs are compared in the caller's units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from symloss.atoms import (
    Absolute,
    Equal,
    HalfStep,
    Inside,
    Less,
    LessEqual,
    Maximum,
    Minimum,
    NotEqual,
    Ramp,
    Relu,
    Sign,
    Step,
    ZeroTimes,
)
from symloss.lowering.functions import Difference, Over, ScaleInverse, UnitScale
from symloss.lowering.units import Key, Slot, Units, subexpressions
from symloss.program import AxisSymbol, Program, Read, Statement, rename_axes, substitute

#: A quotient or a difference of products of at least so many lengths is worth the scaling.
_PRODUCT = 2
#: Functions whose values are of no size, so that they may be of inputs in any units.
_COMPARING = (Less, LessEqual, Equal, NotEqual, Inside, Step, HalfStep, Sign)
#: Functions of inputs of one unit, of which a difference in the caller's units is as exact as in any.
_LINEAR = (Maximum, Minimum, Absolute, Ramp, Relu, Difference)


def rescaled(program: Program) -> Program:
    """The same outputs, computed in units of the inputs' size where that is needed and possible."""
    units = Units(program)
    needed = _needed(units)
    return _Rescaling(units, needed).program if needed else program


def _needed(units: Units) -> list[Slot]:
    """The free units in which something is divided by a product, or products are subtracted from each other.

    What is divided by a norm is measured too, unless its unit is that of a parameter, beside which it may be small.
    """
    found: dict[Slot, None] = {}
    sums = {s.body for s in units.program.statements if s.operation == "sum" and not _is_square(s.body)}
    for e in subexpressions(units.program):
        if isinstance(e, Over):
            part = Read(e.args[2].tensor.removesuffix("__scaled"), e.args[2].index)
        elif e.is_Pow and e.exp.is_Rational and e.exp.is_negative:
            part = e.base
        elif e in sums or (e.is_Add and len({term.could_extract_minus_sign() for term in e.args}) == 2):
            part = e
        else:
            continue
        powers = {slot: p for (slot, _), p in units.in_free(units.of(part)).items() if _varies(units, slot)}
        if sum(map(abs, powers.values())) >= _PRODUCT or (
            isinstance(e, Over) and all(_alone(units, s) for s in powers)
        ):
            found.update(dict.fromkeys(powers))
    # What all samples share has no sample to be measured in.
    found = {slot: None for slot in found if units.row(slot[0], units.program.tensors[slot[0]].axes) is not None}
    return [slot for slot in units.free() if slot in found or _is_direction(units, slot)] if found else []


def _is_square(e: Any) -> bool:
    return bool(e.is_Pow and e.exp.is_Integer and e.exp % 2 == 0)


def _varies(units: Units, slot: Slot) -> bool:
    """Whether a slot holds data of a sample; parameters and directions enter linearly or are of ordinary size."""
    return units.program.tensors[slot[0]].role in ("prediction", "target")


def _alone(units: Units, slot: Slot) -> bool:
    """Whether no parameter has the unit of a slot."""
    sharing = {s for s in units.slots for free, _ in units.of_input(s, None) if free == slot}
    return all(units.program.tensors[name].role != "parameter" for name, _ in sharing)


def _is_direction(units: Units, slot: Slot) -> bool:
    return units.program.tensors[slot[0]].role == "direction"


def _name(slot: Slot) -> str:
    """What a measured input is called."""
    return "_".join(["_measured", slot[0].lstrip("_"), *map(str, slot[1])])


@dataclass
class _Rescaling:
    units: Units
    needed: list[Slot]
    program: Program = field(init=False)
    scales: dict[Slot, str] = field(default_factory=dict)
    #: Inputs whose own largest entry along some axes is what their unit is chosen by.
    alone: dict[str, tuple[str, ...]] = field(default_factory=dict)
    statements: dict[str, Statement] = field(init=False)

    def __post_init__(self) -> None:
        source = self.units.program
        self.statements = {statement.target: statement for statement in source.statements}
        statements: list[Statement] = []
        # The unit of the directions is chosen when those of the inputs are known.
        for slot in sorted(self.needed, key=lambda slot: _is_direction(self.units, slot)):
            statements += self._scale(slot)
        statements += self._measured()
        outputs = set(source.outputs.values())
        renamed = {s.target: f"_scaled_{s.target}" for s in source.statements if s.target.split("__")[0] in outputs}
        for statement in source.statements:
            mapping = {read: self._inner(read, renamed) for read in statement.reads}
            linear = self._linear(statement.body, mapping) if statement.target in renamed else None
            if linear is not None:
                del renamed[statement.target]
                statements.append(replace(statement, body=linear))
                continue
            body, guard = (self._mapped(e, mapping) for e in (statement.body, statement.guard))
            target = renamed.get(statement.target, statement.target)
            statements.append(replace(statement, target=target, body=body, guard=guard))
            if statement.target in renamed:
                result = Read(target, tuple(map(AxisSymbol, statement.out)))
                powers = self.units.in_free(self.units.targets[statement.target])
                body = self._times(result, {key: -power for key, power in powers.items()})
                statements.append(Statement(statement.target, statement.out, "map", body))
        self.program = source.replacing(statements=tuple(self._scaled_once(statements)))

    def _scaled_once(self, statements: list[Statement]) -> list[Statement]:
        """The same without the scale of a norm of nothing but a measured input, whose largest entry is near 1.

        It is so but at both ends of the range, where a unit is 2^±120 or 2^±1000 at most: the largest entry is then
        between 2^-74 and 2^24, so that squares stay within the range.
        """
        near_one = {
            s.target
            for s in statements
            if s.operation == "largest" and isinstance(s.body, Read) and self.alone.get(s.body.tensor) == s.over
        }
        ones: dict[str, Any] = {}
        for statement in statements:
            chosen = isinstance(statement.body, UnitScale) and statement.body.args[0]
            if chosen and isinstance(chosen, Read) and chosen.tensor in near_one:
                ones |= dict.fromkeys(
                    (statement.target, f"{statement.target}_up", f"{statement.target}_down"), sympy.S.One
                )
        if not ones:
            return statements
        return [
            replace(s, body=substitute(s.body, {read: ones[read.tensor] for read in s.reads if read.tensor in ones}))
            for s in statements
            if s.target not in ones
        ]

    def _linear(self, e: Any, mapping: Mapping[Any, Any]) -> Any | None:
        """A sum of inputs, perhaps times factors without a unit, in the caller's units; None for other expressions.

        Beside the largest entry of a sample two others may be too small to matter, though not to their difference.
        """
        if not self.units.in_free(self.units.of(e)):
            return self._mapped(e, mapping)
        if not (e.is_Mul or isinstance(e, ZeroTimes)):
            return self._opened(e)
        parts = [self._linear(argument, mapping) for argument in e.args]
        return None if None in parts else e.func(*parts)

    def _mapped(self, e: Any, mapping: Mapping[Any, Any]) -> Any:
        """An expression in the new units but for the comparisons of inputs in it."""
        if not e.has(*_COMPARING):
            return substitute(e, mapping)
        if isinstance(e, _COMPARING):
            opened = [self._opened(argument) for argument in e.args]
            if None not in opened:
                return e.func(*opened)
        return e.func(*(self._mapped(argument, mapping) for argument in e.args))

    def _opened(self, e: Any) -> Any | None:
        """A number, or sums and maxima of inputs, in the caller's units; None for other expressions."""
        if e.is_number:
            return e
        if isinstance(e, Read):
            if e.tensor in self.units.program.tensors:
                return e
            statement = self.statements[e.tensor]
            if statement.operation != "map" or statement.guard != 1:
                return None
            return self._opened(rename_axes(statement.body, dict(zip(statement.out, e.index, strict=True))))
        if not (e.is_Add or isinstance(e, _LINEAR) or (e.is_Mul and len(e.args) == 2 and e.args[0].is_number)):
            return None
        parts = [self._opened(argument) for argument in e.args]
        return None if None in parts else e.func(*parts)

    def _inner(self, read: Read, renamed: Mapping[str, str]) -> Any:
        """What a statement reads: an input in its new unit, a result before it is put back."""
        if read.tensor in renamed:
            return Read(renamed[read.tensor], read.index, read.integer)
        slot = self._slot(read)
        if slot is None:
            return read
        kept = tuple(e for place, e in enumerate(read.index) if place not in self._entries(slot))
        own = self.units.row(read.tensor, read.index)
        # What belongs to no sample has another value in the units of each.
        return Read(_name(slot), kept if kept[:1] == (own,) or own is None else (own, *kept))

    def _slot(self, read: Read) -> Slot | None:
        """The slot that is read, if its unit changes."""
        if read.tensor not in self.units.program.tensors:
            return None
        slot = self.units.slot_of(read)
        changes = slot in self.units.slots and any(free in self.scales for free, _ in self.units.of_input(slot, None))
        return slot if changes else None

    def _measured(self) -> list[Statement]:
        """The inputs in their new units."""
        statements = []
        for slot in self.units.slots:
            index = self._index(slot)
            read = Read(slot[0], index)
            if self._slot(read) is None:
                continue
            row = self.units.row(slot[0], index)
            axes = dict.fromkeys(e.axis for e in (row, *index) if isinstance(e, AxisSymbol))
            statements.append(Statement(_name(slot), tuple(axes), "map", self._times(read, self._powers(slot, row))))
        return statements

    def _entries(self, slot: Slot) -> dict[int, int]:
        """The fixed entries of a slot by their places."""
        return dict(zip(self.units.fixed(slot[0]), slot[1], strict=False))

    def _index(self, slot: Slot) -> tuple[Any, ...]:
        """Where an input is read for all entries of a slot."""
        entries = self._entries(slot)
        axes = self.units.program.tensors[slot[0]].axes
        return tuple(sympy.sympify(entries.get(place, AxisSymbol(axis))) for place, axis in enumerate(axes))

    def _powers(self, slot: Slot, row: Any) -> dict[Key, Fraction]:
        return self.units.of_input(slot, row)

    def _times(self, e: Any, powers: Mapping[Key, Fraction]) -> Any:
        """An expression times powers of the scales of its sample."""
        scales = []
        for (slot, row), power in powers.items():
            if slot in self.scales:
                scale = Read(self.scales[slot], (row,))
                scales.append((scale if power > 0 else ScaleInverse(scale)) ** sympy.Rational(str(abs(power))))
        return sympy.Mul(e, *scales)

    def _scale(self, slot: Slot) -> list[Statement]:
        """The statements that find the factor by which a unit's quantities are multiplied."""
        name = f"_unit{len(self.scales)}"
        sample = self.units.row(slot[0], self._index(slot))
        sizes: dict[tuple[str, ...], list[Any]] = {}
        for other in self.units.slots:
            index = self._index(other)
            row = self.units.row(other[0], index)
            powers = self._powers(other, row)
            power = powers.pop((slot, row), None)
            if power not in (1, 2) or any(known not in self.scales for known, _ in powers):
                continue
            if _is_direction(self.units, other) and not _is_direction(self.units, slot):
                continue
            size = Absolute(self._times(Read(other[0], index), powers))
            inner = tuple(e.axis for e in index if isinstance(e, AxisSymbol) and e != row)
            sizes.setdefault(inner, []).append(sympy.sqrt(size) if power == 2 else size)
        statements: list[Statement] = []
        largest: list[Any] = []
        for inner, found in sizes.items():
            most = reduce(Maximum, found)
            if inner:
                entry = most.args[0] if isinstance(most, Absolute) else most
                along = Statement(f"{name}_{'_'.join(inner)}", (sample.axis,), "largest", entry, inner)
                statements.append(along)
                most = Read(along.target, (sample,))
            largest.append(most)
        if [list(map(type, found)) for found in sizes.values()] == [[Absolute]] and next(iter(sizes)):
            self.alone[_name(slot)] = next(iter(sizes))
        self.scales[slot] = name
        return [*statements, Statement(name, (sample.axis,), "map", UnitScale(reduce(Maximum, largest)))]
