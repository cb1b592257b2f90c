"""Measure inputs in units of their own size where products of them may leave the range of the dtype.

An area overflows where the lengths of boxes are beyond the root of the largest number, although a quotient of areas is
as ordinary there as anywhere. Where the units of a program are free (`units`), every sample is measured in units in
which its largest entry is near 1; results are put back into the caller's units. The factors are powers of two, so that
this rounds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from symloss.atoms import Absolute, Maximum
from symloss.lowering.functions import Inverse, UnitScale
from symloss.lowering.units import Slot, Units, subexpressions
from symloss.program import AxisSymbol, Program, Read, Statement, axes_of, substitute

#: A quotient or a difference of products of at least so many lengths is worth the scaling.
_PRODUCT = 2


def rescaled(program: Program) -> Program:
    """The same outputs, computed in units of the inputs' size where that is needed and possible."""
    batch = _sample(program)
    if batch is None:
        return program
    units = Units(program)
    needed = _needed(units)
    return _Rescaling(units, needed, batch).program if needed else program


def _needed(units: Units) -> list[Slot]:
    """The free units in which something is divided by a product, or products are subtracted from each other."""
    found: dict[Slot, None] = {}
    for e in subexpressions(units.program):
        if e.is_Pow and e.exp.is_Rational and e.exp.is_negative:
            part = e.base
        elif e.is_Add and len({term.could_extract_minus_sign() for term in e.args}) == 2:
            part = e
        else:
            continue
        powers = units.in_free(units.of(part))
        if sum(map(abs, powers.values())) >= _PRODUCT:
            found.update(dict.fromkeys(powers))
    return [slot for slot in units.free() if slot in found or _is_direction(units, slot)] if found else []


def _is_direction(units: Units, slot: Slot) -> bool:
    return units.program.tensors[slot[0]].role == "direction"


def _sample(program: Program) -> str | None:
    """The axis of the samples, where every statement is about one sample of one batch."""
    batches = {axis for axis in program.axes if program.axes[program.root(axis)].kind == "batch"}
    for statement in program.statements:
        used = {*statement.out, *statement.over, *axes_of(statement.body), *axes_of(statement.guard)}
        if statement.out[:1] != (min(batches, default=""),) or len(used & batches) != 1:
            return None
    return min(batches, default=None) if len(batches) == 1 else None


def _name(slot: Slot) -> str:
    """What a measured input is called."""
    return "_".join(["_measured", slot[0].lstrip("_"), *map(str, slot[1])])


@dataclass
class _Rescaling:
    units: Units
    needed: list[Slot]
    batch: str
    program: Program = field(init=False)
    scales: dict[Slot, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        source = self.units.program
        statements: list[Statement] = []
        # The unit of the directions is chosen when those of the inputs are known.
        for slot in sorted(self.needed, key=lambda slot: _is_direction(self.units, slot)):
            statements += self._scale(slot)
        statements += self._measured()
        outputs = set(source.outputs.values())
        renamed = {s.target: f"_scaled_{s.target}" for s in source.statements if s.target.split("__")[0] in outputs}
        for statement in source.statements:
            mapping = {read: self._inner(read, renamed) for read in statement.reads}
            body, guard = (substitute(e, mapping) for e in (statement.body, statement.guard))
            target = renamed.get(statement.target, statement.target)
            statements.append(replace(statement, target=target, body=body, guard=guard))
            if statement.target in renamed:
                result = Read(target, tuple(map(AxisSymbol, statement.out)))
                powers = self.units.in_free(self.units.targets[statement.target])
                body = self._times(result, {slot: -power for slot, power in powers.items()})
                statements.append(Statement(statement.target, statement.out, "map", body))
        self.program = source.replacing(statements=tuple(statements))

    def _inner(self, read: Read, renamed: Mapping[str, str]) -> Any:
        """What a statement reads: an input in its new unit, a result before it is put back."""
        if read.tensor in renamed:
            return Read(renamed[read.tensor], read.index, read.integer)
        if read.tensor not in self.units.program.tensors or self.units.slot_of(read) not in self.units.slots:
            return read
        slot = self.units.slot_of(read)
        kept = tuple(e for place, e in enumerate(read.index) if place not in self._entries(slot))
        # A parameter has another value in the units of each sample.
        return Read(_name(slot), kept or (AxisSymbol(self.batch),))

    def _measured(self) -> list[Statement]:
        """The inputs in their new units."""
        statements = []
        for slot in self.units.slots:
            index = self._index(slot)
            out = tuple(entry.axis for entry in index if isinstance(entry, AxisSymbol))
            body = self._times(Read(slot[0], index), self._powers(slot))
            statements.append(Statement(_name(slot), out or (self.batch,), "map", body))
        return statements

    def _entries(self, slot: Slot) -> dict[int, int]:
        """The fixed entries of a slot by their places."""
        return dict(zip(self.units.fixed(slot[0]), slot[1], strict=False))

    def _index(self, slot: Slot) -> tuple[Any, ...]:
        """Where an input is read for all entries of a slot."""
        entries = self._entries(slot)
        axes = self.units.program.tensors[slot[0]].axes
        return tuple(sympy.sympify(entries.get(place, AxisSymbol(axis))) for place, axis in enumerate(axes))

    def _powers(self, slot: Slot) -> dict[Slot, Fraction]:
        return self.units.in_free({slot: Fraction(1)})

    def _times(self, e: Any, powers: Mapping[Slot, Fraction]) -> Any:
        """An expression times powers of the scales of its sample."""
        sample = AxisSymbol(self.batch)
        scales = []
        for slot, power in powers.items():
            if slot in self.scales:
                scale = Read(self.scales[slot], (sample,))
                scales.append((scale if power > 0 else Inverse(scale)) ** sympy.Rational(str(abs(power))))
        return sympy.Mul(e, *scales)

    def _scale(self, slot: Slot) -> list[Statement]:
        """The statements that find the factor by which a unit's quantities are multiplied."""
        name = f"_unit{len(self.scales)}"
        sizes: dict[tuple[str, ...], list[Any]] = {}
        for other in self.units.slots:
            powers = self._powers(other)
            power = powers.pop(slot, None)
            if power not in (1, 2) or any(known not in self.scales for known in powers):
                continue
            index = self._index(other)
            size = Absolute(self._times(Read(other[0], index), powers))
            inner = tuple(e.axis for e in index if isinstance(e, AxisSymbol) and e.axis != self.batch)
            sizes.setdefault(inner, []).append(sympy.sqrt(size) if power == 2 else size)
        statements: list[Statement] = []
        largest: list[Any] = []
        for inner, found in sizes.items():
            most = reduce(Maximum, found)
            if inner:
                along = Statement(f"{name}_{'_'.join(inner)}", (self.batch,), "max", most, inner)
                statements.append(along)
                most = Read(along.target, (AxisSymbol(self.batch),))
            largest.append(most)
        self.scales[slot] = name
        return [*statements, Statement(name, (self.batch,), "map", UnitScale(reduce(Maximum, largest)))]
