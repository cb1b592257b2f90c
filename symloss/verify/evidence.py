"""An answer beside the quantity at many points, for hypotheses about it to be tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Statement
from symloss.verify.points import Point, Values
from symloss.verify.question import Question
from symloss.verify.truth import DIGITS, Truth

TOLERANCE = mpf(10) ** -24
#: Fewer elements than this explain nothing.
LEAST = 3
#: What computes a number for one element.
Formula = Callable[["Case"], Any]


@dataclass
class Case:
    """One element at one point: the expected value, the answer's, and where."""

    point: Point
    index: tuple[int, ...]
    expected: Any
    found: Any


@dataclass
class Evidence:
    """All elements at all points, and the means to compute more."""

    question: Question
    number: int
    points: Sequence[Point]
    truth: Truth
    cases: list[Case]
    against_truth: bool
    show: Callable[[Statement], str]

    def explained(self, value: Callable[[Case], Any]) -> bool:
        """Whether a hypothesis gives the answer's value, everywhere, and more than zeros."""
        if len(self.cases) < LEAST:
            return False
        telling = 0
        for case in self.cases:
            try:
                supposed = value(case)
            except (ZeroDivisionError, ValueError, KeyError, ArithmeticError, IndexError):
                return False
            if supposed is None or not agree(supposed, case.found):
                return False
            telling += case.found != 0 and not agree(case.expected, case.found)
        return telling >= 1


def as_mpf(value: Any) -> Any:
    """An exact number at the working precision."""
    return mpf(value.numerator) / value.denominator


def times(values: Callable[[Point], Values], factor: int) -> Formula:
    """The formula that takes an element from a table by point."""
    return lambda case: factor * values(case.point)[case.index]


def run(interpreter: Interpreter, point: Point) -> dict[str, Values] | None:
    """The outputs of a program at a point, or None where they do not settle."""
    program = interpreter.program
    present = {name: values for name, values in point.tensors.items() if name in program.tensors}
    parameters = {name: value for name, value in point.parameters.items() if name in program.tensors}
    try:
        return evaluate_adaptively(interpreter, point.sizes, present, parameters, DIGITS)
    except (ArithmeticError, IndexError, ValueError):
        return None


def lazily(compute: Callable[[Point], Values]) -> Callable[[Point], Values]:
    """The same function with its results kept by point."""
    known: dict[int, tuple[Point, Values]] = {}

    def get(point: Point) -> Values:
        if id(point) not in known:
            known[id(point)] = point, compute(point)
        return known[id(point)][1]

    return get


def agree(a: Any, b: Any, tolerance: Any = TOLERANCE) -> bool:
    """Whether two numbers are the same to the given share of the larger."""
    if a is None or b is None or not (mp.isfinite(a) and mp.isfinite(b)):
        return False
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b), mpf(10) ** -30))
