"""Random exact inputs of a program, inside the declared domains and constraints."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import sympy

from symloss.program import Program

SIZES = {"n": 2, "k": 3, "d": 2, "i": 4, "m": 2, "pixel": 3, "l": 2}


def sizes_of(program: Program) -> dict[str, int]:
    return {name: axis.size or SIZES[program.root(name)] for name, axis in program.axes.items()}


def sample(program: Program, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and parameters: exact fractions, labels as integers."""
    random_ = random.Random(seed)
    sizes = sizes_of(program)
    arrays: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for name, tensor in program.tensors.items():
        values = {
            index: _element(tensor.domain, random_, sizes)
            for index in itertools.product(*(range(sizes[a]) for a in tensor.axes))
        }
        if tensor.domain.kind == "simplex":
            _normalise(values)
        if tensor.role == "parameter":
            parameters[name] = values[()]
        else:
            arrays[name] = values
    _order(program, arrays, sizes)
    return arrays, parameters


def _element(domain: Any, random_: random.Random, sizes: dict[str, int]) -> Any:
    if domain.kind == "index":
        return random_.randrange(sizes[domain.axis])
    if domain.kind == "boolean":
        return random_.random() < 0.8
    if domain.kind == "set":
        return Fraction(int(random_.choice(domain.values)))
    if domain.kind == "simplex":
        return Fraction(random_.randint(1, 50), 7)
    low = -sympy.oo if domain.lower == -sympy.oo else domain.lower
    high = domain.upper
    unit = Fraction(random_.randint(1, 999), 1000)
    if low == -sympy.oo:
        return Fraction(random_.randint(-3000, 3000), 1000)
    if high == sympy.oo:
        return Fraction(int(low)) + 3 * unit
    return Fraction(int(low)) + unit * Fraction(int(high - low))


def _normalise(values: dict[Any, Any]) -> None:
    rows: dict[Any, Fraction] = {}
    for index, value in values.items():
        rows[index[:-1]] = rows.get(index[:-1], Fraction(0)) + value
    for index in values:
        values[index] /= rows[index[:-1]]


def _order(program: Program, arrays: dict[str, Any], sizes: dict[str, int]) -> None:
    """Swap what a constraint a < b has the wrong way round."""
    for constraint in program.constraints:
        reads = [argument for argument in constraint.args if hasattr(argument, "tensor")]
        if len(reads) != 2:
            continue
        axes = sorted({str(e) for read in reads for e in read.index if not e.is_number})
        for values in itertools.product(*(range(sizes[a]) for a in axes)):
            at = dict(zip(axes, values, strict=True))
            low, high = (
                (read.tensor, tuple(int(e) if e.is_number else at[str(e)] for e in read.index)) for read in reads
            )
            a, b = arrays[low[0]][low[1]], arrays[high[0]][high[1]]
            if not a < b:
                arrays[low[0]][low[1]], arrays[high[0]][high[1]] = min(a, b) - Fraction(1, 1000), max(a, b)
