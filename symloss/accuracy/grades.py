"""How accurate a program can be, statement by statement: sums of one sign, differences of inputs, exponents.

Every sub-expression gets a grade. Products, quotients, powers and functions that hardly amplify keep the grade of
their arguments; a sum of terms of one sign keeps the worst of its terms; one difference of two inputs is rounded once
and stays tight until a function amplifies that rounding; a sum of computed terms of both signs cancels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss.accuracy.amplification import amplifies
from symloss.accuracy.signs import NOTHING, Assumptions, Signs, branches, exclusive
from symloss.atoms import record_of
from symloss.atoms.text import plain
from symloss.calculus.stabilise.terms import terms_of
from symloss.program import AxisSymbol, Domain, Program, Read, SizeSymbol, Statement

EXACT, TIGHT, CONDITIONED, CANCELLING = range(4)
CLASSES = ("tight", "tight", "conditioned", "cancelling")

#: Atoms that only choose among their arguments; they amplify nothing.
CHOICES = frozenset(("maximum", "minimum", "relu", "ramp", "abs", "clamp", "stop_gradient", "slope_at"))
CONDITIONS = frozenset(("less", "less_equal", "equal", "not_equal", "and", "or", "not"))

#: No longer a formula is quoted in a reason.
_LONGEST = 100

#: A tight result has at most so many roundings behind it, each of half an ulp at most, of which some have either sign.
MOST_ROUNDINGS = 8


@dataclass(frozen=True)
class Grade:
    """A level, why it is no better, and how many roundings of one unit roundoff lie behind the value."""

    level: int
    reason: str = ""
    roundings: int = 0

    @property
    def name(self) -> str:
        """The accuracy class."""
        return CLASSES[self.level]


_EXACT = Grade(EXACT)
_TIGHT = Grade(TIGHT, roundings=1)


def worst(*grades: Grade) -> Grade:
    """The weakest grade, the first of equals, with the most roundings of any."""
    found = max(grades, key=lambda grade: grade.level, default=_EXACT)
    return replace(found, roundings=max((grade.roundings for grade in grades), default=0))


def more(grade: Grade, roundings: int, level: int = TIGHT) -> Grade:
    """A grade no better than a level, with further roundings; too many of them make it conditioned."""
    found = replace(worst(grade, Grade(level)), roundings=grade.roundings + roundings)
    if found.level == TIGHT and found.roundings > MOST_ROUNDINGS:
        reason = f"{found.roundings} roundings, those of differences of inputs among them, add up"
        return Grade(CONDITIONED, reason, found.roundings)
    return found


class Grader:
    """Grades of all statements of one program."""

    def __init__(self, program: Program) -> None:
        """Prepare; nothing is graded before it is asked for."""
        self.program = with_positive_seeds(program)
        self.statements = {statement.target: statement for statement in program.statements}
        self.signs = Signs(self.program)
        self._targets: dict[str, Grade] = {}
        self._known: dict[tuple[Any, Assumptions], Grade] = {}

    def target(self, name: str) -> Grade:
        """The grade of what a statement assigns."""
        if name not in self._targets:
            self._targets[name] = self._statement(self.statements[name])
        return self._targets[name]

    def _statement(self, statement: Statement) -> Grade:
        body = self.grade(statement.body)
        if statement.operation in ("map", "max", "min"):
            return body
        if statement.operation == "sum":
            return worst(
                more(body, 1), Grade(CANCELLING, both_signs(statement.body)) if self.cancels(statement) else _TIGHT
            )
        if statement.operation == "norm":
            return more(body, 2)
        if body.level <= EXACT:
            return _TIGHT
        return worst(body, Grade(CONDITIONED, f"the exponents {_shown(statement.body)} are rounded"))

    def cancels(self, statement: Statement) -> bool:
        """Whether the terms of a sum may have both signs."""
        return self.signs.sign(statement.body) == 0

    def grade(self, expression: Any, assumptions: Assumptions = NOTHING) -> Grade:
        """The grade of an expression where the assumptions hold."""
        key = expression, assumptions
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._grade(expression, assumptions)
        return known

    def _grade(self, e: Any, assumptions: Assumptions) -> Grade:
        if e.is_number:
            return _EXACT if power_of_two(e) or e.is_Integer else _TIGHT
        if isinstance(e, Read):
            return self.target(e.tensor) if e.tensor in self.statements else _EXACT
        if isinstance(e, AxisSymbol | SizeSymbol):
            return _EXACT
        if e.is_Add:
            return self._sum(e, assumptions)
        if e.is_Mul:
            return self._product(e.args, assumptions)
        if isinstance(e, sympy.Pow) and e.exp.is_number and e.base != sympy.E:
            return self._power(self.grade(e.base, assumptions), abs(e.exp))
        record = record_of(e)
        name = record.name if record is not None else type(e).__name__
        if name == "where":
            # Where a kink lies within one rounding, either side is taken; a jump there is no error of the arithmetic.
            inside = [self.grade(branch, assumed) for branch, assumed in branches(e, assumptions)]
            return worst(self._condition(e.args[0], assumptions), *inside)
        if name in CONDITIONS:
            return self._condition(e, assumptions)
        grades = [self.grade(argument, assumptions) for argument in e.args]
        if name in CHOICES:
            return worst(*grades)
        if record is not None and record.powers:
            return more(joined(grades), 1)
        if record is not None and record.image.is_FiniteSet:
            return self._condition(e, assumptions)
        through = [self._through(e, position, grade, assumptions) for position, grade in enumerate(grades)]
        return more(joined(through), 2)

    @staticmethod
    def _power(base: Grade, exponent: Any) -> Grade:
        """A whole power multiplies the roundings of its base, a root divides them."""
        times = max(int(exponent), 1)
        return more(replace(base, roundings=base.roundings * times), max(times - 1, 1))

    def _condition(self, e: Any, assumptions: Assumptions) -> Grade:
        """A comparison of inputs, or of one difference of them, is exact; another may fall to either side."""
        found = worst(*(self.grade(argument, assumptions) for argument in e.args))
        return found if found.level > TIGHT else _EXACT

    def _through(self, e: Any, position: int, grade: Grade, assumptions: Assumptions) -> Grade:
        """What a function makes of the grade of one argument."""
        if grade.level in (EXACT, CANCELLING) or not self.amplifies(e, position, assumptions):
            return grade
        reason = f"{name_of(e)} amplifies the rounding of its argument {_shown(e.args[position])}"
        return Grade(CONDITIONED, grade.reason or reason)

    def amplifies(self, e: Any, position: int, assumptions: Assumptions = NOTHING) -> bool:
        """Whether a function may make much of a rounding of one of its arguments."""
        return amplifies(record_of(e), position, self.signs.facts(assumptions).range(e.args[position]))

    def _product(self, factors: tuple[Any, ...], assumptions: Assumptions) -> Grade:
        grades = [self.grade(factor, assumptions) for factor in factors]
        free = [factor for factor in factors if not (power_of_two(factor) or self._is_sign(factor))]
        found = joined(grades)
        return found if len(free) <= 1 else more(found, len(free) - 1)

    def _is_sign(self, factor: Any) -> bool:
        """Whether a factor is always -1, 0 or 1, so that multiplying by it rounds nothing."""
        if isinstance(factor, Read) and factor.tensor in self.program.tensors:
            domain = self.program.tensors[factor.tensor].domain
            return domain.kind == "set" and all(abs(value) in (0, 1) for value in domain.values)
        record = record_of(factor)
        if record is None:
            return False
        if record.name == "where":
            return all(self._is_sign(argument) or argument in (0, 1, -1) for argument in factor.args[1:])
        return bool(record.image.is_FiniteSet)

    # --- sums ----------------------------------------------------------------------------------------------------

    def _sum(self, e: Any, assumptions: Assumptions) -> Grade:
        grades = [self.grade(term, assumptions) for term in e.args]
        kind = self.kind_of_sum(e, assumptions)
        if kind == "definite":
            return more(worst(*grades), 1)
        if kind == "difference":
            return _TIGHT
        if kind == "differences":
            rounded = Grade(CONDITIONED, f"the difference of inputs in {_shown(e)} is rounded before the rest is added")
            return worst(rounded, *grades)
        return worst(Grade(CANCELLING, both_signs(e)), *grades)

    def kind_of_sum(self, e: Any, assumptions: Assumptions = NOTHING) -> str:
        """ "definite" (terms of one sign, or nearly), "difference" (of two inputs), "differences" or "cancelling"."""
        terms = terms_of(e)
        if self.signs.beside_logsumexp(terms, assumptions):
            return "definite"
        signs = [self.signs.sign(term, assumptions) for term in e.args]
        if set(signs) in ({1}, {-1}) or self._excluding(e.args, signs):
            return "definite"
        inexact = [term for term in e.args if self.grade(term, assumptions).level > EXACT]
        if not inexact:
            return "difference" if len(terms) <= 2 else "differences"
        if all(self._is_difference(term, assumptions) for term in inexact):
            return "differences"
        if all(self.signs.is_logsumexp(monomial) for monomial in map(_monomial, inexact)):
            return "differences"
        return "definite" if self.signs.loses_little(e, assumptions) else "cancelling"

    def _is_difference(self, term: Any, assumptions: Assumptions) -> bool:
        """Whether a term is a difference of two inputs, perhaps times a power of two."""
        number, monomial = term.as_coeff_Mul()
        if not (monomial.is_Add and power_of_two(number)):
            return False
        return all(self.grade(part, assumptions).level == EXACT for part in monomial.args)

    @staticmethod
    def _excluding(terms: tuple[Any, ...], signs: list[int]) -> bool:
        """Whether any two terms that may differ in sign are never both there."""
        return all(
            first == second != 0 or exclusive(a, b)
            for (a, first), (b, second) in itertools.combinations(zip(terms, signs, strict=True), 2)
        )


def joined(grades: Iterable[Grade]) -> Grade:
    """What a product of factors of these grades has, before it is rounded itself."""
    listed = list(grades)
    return replace(worst(*listed), roundings=sum(grade.roundings for grade in listed))


def _monomial(term: Any) -> Any:
    number, monomial = term.as_coeff_Mul()
    return monomial if abs(number) == 1 else term


def with_positive_seeds(program: Program) -> Program:
    """The program with seeds known to be positive: a weight scales a result and its errors alike."""
    positive = Domain(lower=sympy.S.Zero)
    tensors = {
        name: replace(tensor, domain=positive) if tensor.role == "seed" else tensor
        for name, tensor in program.tensors.items()
    }
    return program.replacing(tensors=tensors)


def power_of_two(number: Any) -> bool:
    """Whether multiplying by a number rounds nothing."""
    if not getattr(number, "is_Rational", False):
        return False
    return all(bin(abs(int(part))).count("1") == 1 for part in (number.p, number.q))


def name_of(e: Any) -> str:
    """The name of a function."""
    record = record_of(e)
    return record.name if record is not None else type(e).__name__


def both_signs(e: Any) -> str:
    """Why a sum cancels."""
    return f"the terms of {_shown(e)} have both signs"


def _shown(expression: Any) -> str:
    """An expression as text that fits into a sentence."""
    text = plain(expression)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
