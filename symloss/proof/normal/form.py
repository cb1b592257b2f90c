"""The normal form of a term: what is looked at how, and what is remembered."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol
from symloss.proof.indices import Indices
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal.brackets import bracket
from symloss.proof.normal.functions import RULES
from symloss.proof.normal.powers import power_of
from symloss.proof.normal.quotients import numerator
from symloss.proof.normal.sums import merged, reduction
from symloss.proof.polynomials import (
    BITS,
    NoNormalFormError,
    Sum,
    constant,
    expression,
    plus,
    single,
    times,
)
from symloss.proof.terms import Along, Term


class Normal:
    """Normal forms under some facts.

    Args:
        facts: signs and conditions.
        indices: what holds of integer indices and of sums under the hypotheses.
    """

    def __init__(self, facts: Knowledge, indices: Indices) -> None:
        self.facts, self.indices = facts, indices
        self.rules: set[str] = set()
        self.memo: dict[Any, Sum] = {}

    def term(self, e: Term) -> Term:
        """The normal form as a term."""
        return expression(self.sum(e))

    def sum(self, e: Term) -> Sum:
        """The normal form.

        Raises:
            NoNormalFormError: the term is not covered.
        """
        e = sympy.sympify(e)
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def zero(self, e: Term) -> bool:
        """Whether a term is 0 by its normal form, quotients multiplied out."""
        found = numerator(self, self.sum(e))
        if found:
            found = plus(merged(self, m, c) for m, c in found.items())
            found = numerator(self, found)
        return not found

    def _build(self, e: Any) -> Sum:
        if e.is_Rational:
            return constant(e)
        if e.is_infinite or e is sympy.nan or isinstance(e, sympy.Integral | sympy.Limit):
            raise NoNormalFormError(f"{e} has no normal form")
        if isinstance(e, Read | AxisSymbol | SizeSymbol):
            return self._leaf(e)
        if isinstance(e, sympy.Add):
            return plus(self.sum(part) for part in e.args)
        if isinstance(e, sympy.Mul):
            found = constant(1)
            for part in e.args:
                found = times(found, self.sum(part))
            return found
        if isinstance(e, sympy.Pow):
            return power_of(self, e)
        if isinstance(e, Along):
            return reduction(self, e)
        if isinstance(e, BITS):
            return bracket(self, e)
        rule = RULES.get(type(e).__name__)
        if rule is not None:
            special = rule(self, *e.args)
            if special is not None:
                return special
        if not e.args:
            return single(e)
        return single(e.func(*(self.term(argument) for argument in e.args)))

    def _leaf(self, e: Any) -> Sum:
        other = self.indices.replaced(e)
        if other != e:
            self.rules.add("equation")
            return self.sum(other)
        if isinstance(e, Read) and self.facts._boolean(e):
            return single(atoms.NotEqual(e, 0))
        return single(e)

    def positive(self, e: Term) -> bool:
        """Whether a term is shown to be greater than 0."""
        found = self.facts.range(e)
        return found is not None and found.above(0, True)

    def nonnegative(self, e: Term) -> bool:
        """Whether a term is shown to be at least 0."""
        found = self.facts.range(e)
        return found is not None and found.above(0)

    def under(self, condition: Term) -> Normal:
        """Normal forms with one more condition; they note the rules that they use in the same place."""
        inner = Normal(self.facts.under(condition), self.indices)
        inner.rules = self.rules
        return inner
