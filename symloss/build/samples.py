"""Inputs of ordinary size for verification: inside every domain and within the constraints.

Those that are hard for floating point come from `symloss.accuracy.points`, which also reads a program's demands.
"""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

from symloss.accuracy.points import INPUT_ROLES, Values, conditions_of, is_coupled, sizes_for
from symloss.oracle import Interpreter
from symloss.program import Domain, Program, Tensor, reads_of

__all__ = ["INPUT_ROLES", "Values", "draw", "is_coupled", "sizes_for"]


def draw(program: Program, sizes: dict[str, int], seed: int) -> dict[str, Values]:
    """Values of every input by index; the same for the same arguments.

    Raises:
        ArithmeticError: no admitted values were found.
    """
    generator = Random(f"{program.name} {seed}")
    inputs = {name: tensor for name, tensor in program.tensors.items() if tensor.role in INPUT_ROLES}
    drawn = {name: _tensor(tensor, sizes, generator) for name, tensor in inputs.items()}
    constrained = {read.tensor for constraint in program.constraints for read in reads_of(constraint)}
    for name, tensor in inputs.items():
        free = tensor.role == "prediction" and tensor.domain.unrestricted and name not in constrained
        if free and len(tensor.axes) > 1:
            _tie(drawn[name])
    conditions = conditions_of(program)
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
