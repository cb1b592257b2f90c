"""The symbolic proof: both sides written out at small sizes by the oracle and compared in normal form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import sympy

from symloss.oracle import Unrolled
from symloss.program import Program, exact_arithmetic
from symloss.verify.identity import vanishes
from symloss.verify.question import Quantity, Question

#: What is larger is left to sampling.
_MAX_OPERATIONS = 3000
_MAX_ASSIGNMENTS = 64
_MAX_ELEMENTS = 16


class TooLarge(Exception):  # noqa: N818 - a result, not a fault
    """The formula is too large to be written out at these sizes."""


def proved_at(question: Question, left: str | None, right: str, sizes: Mapping[str, int]) -> bool:
    """Whether two sides are identical at some sizes, for every label and all real inputs off the kinks.

    Args:
        question: the question.
        left: an output of its program, or None for the quantity itself.
        right: an output of its program.
        sizes: the length of every axis.

    Returns:
        True is a proof; False says nothing.
    """
    try:
        with exact_arithmetic():
            return all(_assignment_proved(question, left, right, sizes, labels) for labels in _labels(question, sizes))
    except (TooLarge, RecursionError, ValueError, TypeError, IndexError, NotImplementedError, AttributeError):
        # SymPy raises what it likes on odd expressions; without a proof the step is sampled.
        return False


def _labels(question: Question, sizes: Mapping[str, int]) -> Iterator[dict[str, dict[tuple[int, ...], int]]]:
    """Every assignment of the integer inputs."""
    program = question.program
    places, choices = [], []
    for tensor in program.tensors.values():
        if tensor.domain.integer:
            values = range(sizes[tensor.domain.axis or ""]) if tensor.domain.kind == "index" else range(2)
            for index in product(*(range(sizes[axis]) for axis in tensor.axes)):
                places.append((tensor.name, index))
                choices.append(values)
    count = 1
    for values in choices:
        count *= len(values)
    if count > _MAX_ASSIGNMENTS:
        raise TooLarge
    for assignment in product(*choices):
        labels: dict[str, dict[tuple[int, ...], int]] = {
            t.name: {} for t in program.tensors.values() if t.domain.integer
        }
        for (name, index), value in zip(places, assignment, strict=True):
            labels[name][index] = value
        yield labels


def _assignment_proved(
    question: Question, left: str | None, right: str, sizes: Mapping[str, int], labels: Mapping[str, Any]
) -> bool:
    unrolled = Unrolled(question.program, sizes, labels)
    ours = unrolled.outputs[right]
    if len(ours) > _MAX_ELEMENTS:
        raise TooLarge
    theirs = _quantity(unrolled, question.base, question.quantity) if left is None else unrolled.outputs[left]
    conditions = [unrolled.outputs[f"condition {number}"] for number in range(len(question.when))]
    positive = _positive(unrolled)
    for discrete in _discrete(unrolled):
        if any(_value(unrolled, e, discrete) == 0 for values in conditions for e in values.values()):
            continue
        for index, expression in ours.items():
            difference = _value(unrolled, theirs[index], discrete) - _value(unrolled, expression, discrete)
            if sympy.count_ops(difference) > _MAX_OPERATIONS or not vanishes(difference, positive):
                return False
    return True


def _quantity(unrolled: Unrolled, base: Program, quantity: Quantity) -> Mapping[tuple[int, ...], Any]:
    """The quantity as SymPy derives it from the formula written out."""
    if quantity.kind == "value":
        return unrolled.outputs[next(iter(base.outputs))]
    objective = sympy.Add(*(value for term in base.outputs for value in unrolled.outputs[term].values()))
    if sympy.count_ops(objective) > _MAX_OPERATIONS:
        raise TooLarge
    symbols = unrolled.symbols[quantity.wrt]
    if quantity.kind == "gradient":
        return {index: sympy.diff(objective, symbol) for index, symbol in symbols.items()}
    if quantity.kind == "hessian_diag":
        return {index: sympy.diff(objective, symbol, symbol) for index, symbol in symbols.items()}
    slope = sympy.Add(
        *(
            unrolled.symbols[f"v_{name}" if f"v_{name}" in unrolled.symbols else "v"][index]
            * sympy.diff(objective, symbol)
            for name, tensor in base.tensors.items()
            if tensor.role == "prediction"
            for index, symbol in unrolled.symbols[name].items()
        )
    )
    return {index: sympy.diff(slope, symbol) for index, symbol in symbols.items()}


def _discrete(unrolled: Unrolled) -> Iterator[dict[Any, Any]]:
    """Every assignment of the inputs with finitely many values; the last entry of a simplex is what is left."""
    places: list[Any] = []
    choices: list[Any] = []
    simplex: dict[Any, Any] = {}
    for name, symbols in unrolled.symbols.items():
        domain = unrolled.program.tensors[name].domain
        if domain.kind == "set":
            places.extend(symbols.values())
            choices.extend([domain.values] * len(symbols))
        if domain.kind == "simplex":
            position = unrolled.program.tensors[name].axes.index(domain.axis or "")
            groups: dict[tuple[int, ...], list[Any]] = {}
            for index, symbol in symbols.items():
                groups.setdefault(index[:position] + index[position + 1 :], []).append(symbol)
            # A prediction is not replaced: its derivatives are ambient, but both sides may use the sum afterwards.
            simplex |= {group[-1]: 1 - sympy.Add(*group[:-1]) for group in groups.values()}
    count = 1
    for values in choices:
        count *= len(values)
    if count > _MAX_ASSIGNMENTS:
        raise TooLarge
    for assignment in product(*choices):
        yield {**dict(zip(places, assignment, strict=True)), **simplex}


def _value(unrolled: Unrolled, expression: Any, discrete: Mapping[Any, Any]) -> Any:
    """An expression with what conditions hold back put in, and with numbers for discrete inputs."""
    expression = sympy.sympify(expression)
    while True:
        held = {s: unrolled.frozen[s] for s in expression.free_symbols if s in unrolled.frozen}
        if not held:
            break
        expression = expression.xreplace(held)
    return expression.subs(discrete) if discrete else expression


def _positive(unrolled: Unrolled) -> set[Any]:
    """The symbols of inputs and parameters that are never negative; the edge of the domain is no part of a proof."""
    found: set[Any] = set()
    for name, symbols in unrolled.symbols.items():
        domain = unrolled.program.tensors[name].domain
        if domain.kind == "simplex" or (domain.kind == "interval" and domain.lower.is_nonnegative):
            found.update(symbols.values())
    return found
