"""Slips that are a factor: a sign, a 2, a mean for a sum, a parameter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mpmath import mp, mpf

from symloss.verify.evidence import LEAST, Case, Evidence, Formula, agree, as_mpf
from symloss.verify.points import open_axes
from symloss.verify.question import Question


def factor(evidence: Evidence) -> str:
    """The answer is the quantity times something recognisable."""
    for words, formula in _factors(evidence.question):
        if evidence.explained(_scaled(formula)):
            return words
    ratios = [case.found / case.expected for case in evidence.cases if case.expected != 0]
    zeros = all(case.found == 0 for case in evidence.cases if case.expected == 0)
    if len(ratios) >= LEAST and zeros and all(agree(ratio, ratios[0]) for ratio in ratios) and ratios[0] != 0:
        return f"a constant factor: it is {mp.nstr(ratios[0], 8)} times what it should be"
    return ""


def _scaled(formula: Formula) -> Formula:
    return lambda case: case.expected * formula(case)


def _constant(value: Any) -> Formula:
    return lambda case: value


def _size(axis: str, power: int) -> Formula:
    return lambda case: mpf(case.point.sizes[axis]) ** power


def _power(name: str, power: int, sign: int) -> Formula:
    return lambda case: sign * as_mpf(case.point.parameters[name]) ** power


def element(question: Question, name: str, axes: tuple[str, ...]) -> Formula:
    """The element of an input that stands at the index of the quantity."""

    def formula(case: Case) -> Any:
        place = dict(zip(question.axes, case.index, strict=True))
        return as_mpf(case.point.tensors[name][tuple(place[axis] for axis in axes)])

    return formula


def negative(formula: Formula) -> Formula:
    """Minus what a formula gives."""
    return lambda case: -formula(case)


def _inverse(formula: Formula) -> Formula:
    return lambda case: 1 / formula(case)


_NUMBERS = (
    ("the sign: it is the negative", lambda: -1),
    ("a factor 2 too many", lambda: 2),
    ("a factor 2 is missing (it is half)", lambda: mpf(1) / 2),
    ("the sign, and a factor 2 too many", lambda: -2),
    ("the sign, and a factor 2 is missing", lambda: mpf(-1) / 2),
    ("a factor log 2: a logarithm of the other base", lambda: mp.log(2)),
    ("a factor 1/log 2: a logarithm of the other base", lambda: 1 / mp.log(2)),
)
_POWERS = ((1, "{0} too many"), (-1, "{0} is missing"), (2, "{0}**2 too many"), (-2, "{0}**2 is missing"))


def _factors(question: Question) -> Iterator[tuple[str, Formula]]:
    for words, number in _NUMBERS:
        yield words, _constant(number())
    fixed = [name for name, axis in question.program.axes.items() if axis.size]
    for axis in dict.fromkeys([*open_axes(question.program), *fixed]):
        yield f"a factor size[{axis}] too many: a sum over {axis} where a mean is meant", _size(axis, 1)
        yield f"a factor size[{axis}] is missing: a mean over {axis} where a sum is meant", _size(axis, -1)
    for name in [tensor.name for tensor in question.spec.parameters if tensor.name not in question.fixed]:
        for power, words in _POWERS:
            for sign, prefix in ((1, ""), (-1, "the sign, and ")):
                yield f"{prefix}a factor {words.format(name)}", _power(name, power, sign)
    for tensor in question.spec.inputs:
        if tensor.role == "coefficient" and not tensor.domain.integer:
            yield f"the factor {tensor.name} is missing", _inverse(element(question, tensor.name, tensor.axes))
