"""Inputs of ordinary size for verification: inside every domain and within the constraints.

Those that are hard for floating point come from `symloss.accuracy.points`, which also reads a program's demands.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import isfinite
from random import Random
from typing import Any

import numpy as np

from symloss.accuracy.points import Values, conditions_of, is_coupled, sizes_for
from symloss.build.sides import Sample, Side, Sides
from symloss.oracle import Interpreter
from symloss.program import INPUT_ROLES, Domain, Program, Tensor, reads_of

__all__ = ["Values", "draw", "is_coupled", "moved_parameters", "sizes_for"]

#: How often other values are drawn for the sides of kinks and branches that no sample is on; some have none.
_ATTEMPTS = 12


def draw(program: Program, sizes: dict[str, int], seed: int, ties: bool = True) -> dict[str, Values]:
    """Values of every input by index, on both sides of kinks and branches; the same for the same arguments.

    Args:
        program: whose inputs are wanted.
        sizes: of its axes.
        seed: chooses the values.
        ties: whether some samples have two equal largest entries.

    Raises:
        ArithmeticError: no admitted values were found.
    """
    generator = Random(f"{program.name} {seed}")
    inputs = {name: tensor for name, tensor in program.tensors.items() if tensor.role in INPUT_ROLES}
    conditions = conditions_of(program)
    drawn = _admitted(program, inputs, conditions, sizes, generator, ties)
    sides = Sides(program)
    seen = sides.seen(sizes, drawn)
    for _ in range(_ATTEMPTS):
        if not _rare(program, sizes, sides, seen):
            break
        other = _admitted(program, inputs, conditions, sizes, generator, ties)
        for sample in _samples(program, sizes):
            _moved(program, inputs, other, sample, generator)
        drawn, seen = _improved(program, sizes, sides, conditions, (drawn, seen), other)
    return drawn


def moved_parameters(program: Program) -> dict[str, float]:
    """A value of every parameter, exact in both dtypes, that is not the default where the domain has room.

    A default of 0 or 1 would hide a fault in what it is added to or multiplied with.
    """
    found = {}
    for name, tensor in program.tensors.items():
        if tensor.role == "parameter":
            default, domain = float(tensor.default or 0), tensor.domain
            moved = 1.25 * default if default else 0.375
            free = domain.kind == "interval" and float(domain.lower) < moved < float(domain.upper)
            found[name] = float(np.float32(moved if free else default))
    return found


def _admitted(
    program: Program,
    inputs: dict[str, Tensor],
    conditions: Interpreter | None,
    sizes: dict[str, int],
    generator: Random,
    ties: bool,
) -> dict[str, Values]:
    """Values inside every domain that satisfy the constraints."""
    drawn = {name: _tensor(tensor, sizes, generator) for name, tensor in inputs.items()}
    constrained = {read.tensor for constraint in program.constraints for read in reads_of(constraint)}
    for name, tensor in inputs.items():
        free = tensor.role == "prediction" and tensor.domain.unrestricted and name not in constrained
        if ties and free and len(tensor.axes) > 1:
            _tie(drawn[name])
    if conditions is None:
        return drawn
    for attempt in range(400):
        faulty = _violations(conditions, sizes, drawn)
        if not faulty:
            return drawn
        for name, tensor in inputs.items():
            fresh = _tensor(tensor, sizes, generator)
            batched = bool(tensor.axes) and program.axes[program.root(tensor.axes[0])].kind == "batch"
            for index in drawn[name]:
                # Only the samples that violate something are drawn again; what samples share, when that does not help.
                shared = not batched and attempt % 20 == 19
                if None in faulty or shared or (batched and index[0] in faulty):
                    drawn[name][index] = fresh[index]
    raise ArithmeticError(f"no inputs of {program.name} were found that satisfy its constraints")


# --- both sides of kinks and branches ---------------------------------------------------------------------------------


def _samples(program: Program, sizes: dict[str, int]) -> list[Sample]:
    roots = [axis for axis in program.axes if program.root(axis) == axis and program.axes[axis].kind == "batch"]
    return [(axis, position) for axis in roots for position in range(sizes[axis])]


def _of_sample(program: Program, tensor: Tensor, sample: Sample, values: Values) -> list[tuple[int, ...]]:
    """The indices of one sample's entries."""
    own = bool(tensor.axes) and program.root(tensor.axes[0]) == sample[0]
    return [index for index in values if index[0] == sample[1]] if own else []


def _moved(
    program: Program, inputs: dict[str, Tensor], drawn: dict[str, Values], sample: Sample, generator: Random
) -> None:
    """Let a sample's real inputs shrink or grow, or come nearer to each other, in place."""
    factor = 2.0 ** generator.uniform(-6, 3)
    together = generator.random() < 0.5
    first: dict[tuple[object, ...], str] = {}
    for name, tensor in inputs.items():
        domain, values = tensor.domain, drawn[name]
        if domain.kind != "interval" or (not domain.unrestricted and factor > 1):
            continue
        low, high = float(domain.lower), float(domain.upper)
        middle = (low + high) / 2 if isfinite(low) and isfinite(high) else low + 1 if isfinite(low) else high - 1
        partner = first.setdefault((tensor.axes, low, high), name)
        for index in _of_sample(program, tensor, sample, values):
            around = drawn[partner][index] if together else 0.0 if domain.unrestricted else middle
            values[index] = around + factor * (values[index] - around)


def _improved(
    program: Program,
    sizes: dict[str, int],
    sides: Sides,
    conditions: Interpreter | None,
    best: tuple[dict[str, Values], dict[Sample, set[Side]]],
    other: dict[str, Values],
) -> tuple[dict[str, Values], dict[Sample, set[Side]]]:
    """The values with samples of another draw on sides that few of theirs are on, in place of some on the others."""
    drawn, seen = best
    shown = sides.seen(sizes, other)
    if is_coupled(program):
        # Samples that interact are exchanged all together.
        better = len(set().union(*shown.values())) > len(set().union(*seen.values()))
        return (other, shown) if better and not (conditions and _violations(conditions, sizes, other)) else best
    faulty = _violations(conditions, sizes, other) if conditions else set()
    for sample in _samples(program, sizes):
        rare = _rare(program, sizes, sides, seen)
        if sample[1] in faulty or None in faulty or not rare & shown.get(sample, set()):
            continue
        place = _replaceable(program, sizes, seen, sample[0])
        if place is None:
            break
        for name, tensor in program.tensors.items():
            if name in drawn:
                for index in _of_sample(program, tensor, sample, drawn[name]):
                    drawn[name][(place[1], *index[1:])] = other[name][index]
        seen[place] = shown[sample]
    return drawn, seen


def _rare(program: Program, sizes: dict[str, int], sides: Sides, seen: dict[Sample, set[Side]]) -> set[Side]:
    """The sides that too few samples are on."""
    counts = Counter(side for shown in seen.values() for side in shown)
    return {side for side in sides.all if counts[side] < _enough(program, sizes)}


def _enough(program: Program, sizes: dict[str, int]) -> int:
    """Samples that each side should have; of more than one, a mask takes not the last."""
    return 1 if is_coupled(program) else max(1, min(2, len(_samples(program, sizes)) // 8))


def _replaceable(program: Program, sizes: dict[str, int], seen: dict[Sample, set[Side]], axis: str) -> Sample | None:
    """The last sample along an axis whose sides have enough others, or None."""
    counts = Counter(side for shown in seen.values() for side in shown)
    enough = _enough(program, sizes)
    candidates = [sample for sample in _samples(program, sizes) if sample[0] == axis]
    return next((s for s in reversed(candidates) if all(counts[side] > enough for side in seen.get(s, set()))), None)


def _violations(conditions: Interpreter, sizes: dict[str, int], drawn: dict[str, Values]) -> set[int | None]:
    found = conditions.evaluate(sizes, drawn)
    return {index[0] if index else None for values in found.values() for index, holds in values.items() if holds != 1}


def _tensor(tensor: Tensor, sizes: dict[str, int], generator: Random) -> Values:
    shape = [range(sizes[axis]) for axis in tensor.axes]
    values = {index: _value(tensor, sizes, generator) for index in product(*shape)}
    if tensor.domain.kind == "simplex":
        _normalise(values, tensor.axes.index(tensor.domain.axis or ""))
    return values


def _tie(values: Values) -> None:
    """In every other sample the first two entries are equal and the largest: a maximum that is attained twice."""
    top = max(values.values())
    for index in values:
        if index[0] % 2 == 0 and index[-1] < 2:
            values[index] = top


def _value(tensor: Tensor, sizes: dict[str, int], generator: Random) -> Any:
    domain = tensor.domain
    if domain.kind == "boolean":
        return generator.random() < 0.75
    if domain.kind == "index":
        return generator.randrange(sizes[domain.axis or ""])
    if domain.kind == "set":
        return float(generator.choice(domain.values))
    if domain.kind == "simplex":
        return generator.uniform(0.05, 1.0)
    return _real(domain, tensor.role, generator)


def _real(domain: Domain, role: str, generator: Random) -> float:
    low, high = float(domain.lower), float(domain.upper)
    bounded = (low > -float("inf"), high < float("inf"))
    if all(bounded):
        # Targets are as often at the ends of their interval as inside; predictions there would give infinite values.
        if role == "target" and domain.lower_closed and domain.upper_closed and generator.random() < 0.5:
            return generator.choice((low, high))
        return low + (high - low) * generator.uniform(0.02, 0.98)
    if bounded[0]:
        return low + generator.uniform(0.05, 3.0)
    if bounded[1]:
        return high - generator.uniform(0.05, 3.0)
    return generator.gauss(0.0, 1.5)


def _normalise(values: Values, position: int) -> None:
    """Make the entries along one axis sum to 1 but for rounding."""
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for index in values:
        groups.setdefault(index[:position] + index[position + 1 :], []).append(index)
    for members in groups.values():
        total = sum(values[index] for index in members)
        for index in members:
            values[index] /= total
