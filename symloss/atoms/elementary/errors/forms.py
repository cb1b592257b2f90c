"""Affine forms: an exact value, rounding errors to first order, and a bound on the rest.

A form stands for all numbers v(x) + Σ c·e + r with the argument x in the box, every e in [-1, 1], c in its ball, and
|r| ≤ rest. The same e in two forms is the same number, so that what a compensated sum takes away cancels here too.
Products of errors go to the rest, so that the enclosure is rigorous, not of first order only.
(Stolfi and de Figueiredo, Self-Validated Numerical Methods, 1997; Solovyev et al., Rigorous Estimation of
Floating-Point Round-Off Errors with Symbolic Taylor Expansions, 2018.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import flint

from symloss.atoms.elementary.errors.series import Ball, Taylor

_ZERO, _UNIT = flint.arb(0), flint.arb(0, 1)
_fresh = count()


def new_symbol() -> int:
    """The name of an error that no form holds yet."""
    return next(_fresh)


@dataclass(frozen=True)
class Form:
    """See the module."""

    exact: Taylor
    terms: Mapping[int, Ball]
    rest: Ball

    @cached_property
    def deviation(self) -> Ball:
        """A bound on the difference from the exact value."""
        return sum((c.abs_upper() for c in self.terms.values()), self.rest).abs_upper()

    @cached_property
    def span(self) -> Ball:
        """A ball that holds every number of the form."""
        return self.exact.span + _UNIT * self.deviation

    def __neg__(self) -> Form:
        return Form(-self.exact, {key: -c for key, c in self.terms.items()}, self.rest)

    def __add__(self, other: Form) -> Form:
        terms = dict(self.terms)
        for key, c in other.terms.items():
            terms[key] = terms[key] + c if key in terms else c
        return Form(self.exact + other.exact, terms, self.rest + other.rest)

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def __mul__(self, other: Form) -> Form:
        left, right = self.exact.span, other.exact.span
        terms = {key: c * right for key, c in self.terms.items()}
        for key, c in other.terms.items():
            terms[key] = terms[key] + c * left if key in terms else c * left
        second = self.deviation * other.deviation
        rest = self.rest * abs(right).upper() + other.rest * abs(left).upper() + second
        return Form(self.exact * other.exact, terms, rest.abs_upper())

    def __truediv__(self, other: Form) -> Form:
        # (a + α)/(b + β) - q = (α - qβ)/b · (1 - β/(b + β)), with q = a/b
        quotient = self.exact / other.exact
        slope, inverse = -quotient.span, 1 / other.exact.span
        terms = {key: c * inverse for key, c in self.terms.items()}
        for key, c in other.terms.items():
            change = c * slope * inverse
            terms[key] = terms[key] + change if key in terms else change
        rest = (self.rest + abs(slope).upper() * other.rest) * abs(inverse).upper()
        first = sum((c.abs_upper() for c in terms.values()), rest)
        rest = rest + first * other.deviation * (1 / other.span).abs_upper()
        return Form(quotient, terms, rest.abs_upper())

    def scaled(self, factor: Ball) -> Form:
        """The form times a number."""
        terms = {key: c * factor for key, c in self.terms.items()}
        return Form(self.exact.scaled(factor), terms, self.rest * abs(factor).upper())

    def disturbed(self, bound: Ball) -> tuple[Form, int]:
        """The form plus a new error of at most ``bound``, and the name of that error."""
        symbol = new_symbol()
        return Form(self.exact, {**self.terms, symbol: bound}, self.rest), symbol

    def merged(self, symbols: Iterable[int]) -> tuple[Form, int | None]:
        """One new error in place of several that no other value depends on."""
        held = [symbol for symbol in symbols if symbol in self.terms]
        if len(held) < 2:
            return self, (held[0] if held else None)
        total = sum((self.terms[symbol].abs_upper() for symbol in held), _ZERO).upper()
        terms = {key: c for key, c in self.terms.items() if key not in held}
        symbol = new_symbol()
        return Form(self.exact, {**terms, symbol: total}, self.rest), symbol
