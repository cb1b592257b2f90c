"""Problems without common factors: a positive factor of both terms of a maximum stands before it, one of both sides of
a comparison is left out.

``max(c·a, c·b) = c·max(a, b)``, ``|c·x| = c·|x|`` and ``c·a < c·b ↔ a < b`` for ``c > 0``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Tensor
from symloss.proof.problems import Problem
from symloss.proof.ranges import Ranges

_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
_KINKS = (atoms.Maximum, atoms.Minimum, atoms.Absolute, atoms.Relu, atoms.Ramp)
#: Larger terms are not factored.
_MOST_OPERATIONS = 120


def without_common_factors(problem: Problem) -> Problem | None:
    """The problem in terms from which common positive factors are gone; None where no kink has one.

    Only polynomials, quotients and kinks are looked at: of other functions an enclosure tells more than a factor.
    """
    if any(_transcendental(term) for term in (problem.conclusion, *problem.hypotheses)):
        return None
    tensors = {v.tensor: Tensor(v.tensor, (), "variable", domain) for v, domain in problem.variables.items()}
    scaling = _Scaling(Ranges(tensors, problem.hypotheses))
    conclusion = scaling.plain(problem.conclusion)
    if not scaling.found:
        return None
    hypotheses = tuple(h for h in dict.fromkeys(map(scaling.plain, problem.hypotheses)) if h != 1)
    given = next((h for h in hypotheses if _same(h, conclusion)), conclusion)
    return replace(problem, hypotheses=hypotheses, conclusion=given)


def _same(a: Any, b: Any) -> bool:
    """Whether two comparisons are of one kind and about the same difference."""
    if type(a) is not type(b) or not isinstance(a, _COMPARISONS):
        return False
    difference = a.args[0] - a.args[1] - (b.args[0] - b.args[1])
    return bool(difference.count_ops() <= 2 * _MOST_OPERATIONS and sympy.expand(difference) == 0)


def _transcendental(term: Any) -> bool:
    plain = (*_COMPARISONS, *_KINKS, atoms.And, atoms.Or, atoms.Not, atoms.Where)
    powers = (e for e in term.atoms(sympy.Pow) if not e.exp.is_Integer)
    return any(not isinstance(f, plain) for f in term.atoms(sympy.Function)) or next(powers, None) is not None


class _Scaling:
    """Terms with factors pulled out, under one set of hypotheses."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.found = False
        self._memo: dict[Any, Any] = {}

    def plain(self, e: Any) -> Any:
        """A term or a condition without common factors in its kinks and comparisons."""
        if e not in self._memo:
            self._memo[e] = self._build(e)
        return self._memo[e]

    def _build(self, e: Any) -> Any:
        if not e.args:
            return e
        parts = [self.plain(part) for part in e.args]
        if isinstance(e, _KINKS):
            factor = self._common(parts)
            self.found |= factor != 1
            return factor * e.func(*(self._divided(part, factor) for part in parts))
        if isinstance(e, _COMPARISONS):
            factor = self._common(parts)
            return e.func(*(self._divided(part, factor) for part in parts))
        return e.func(*parts)

    def _common(self, parts: list[Any]) -> Any:
        """The product of positive factors that all terms share; 0 has every factor."""
        shared: dict[Any, Any] | None = None
        for part in parts:
            if part == 0:
                continue
            if part.count_ops() > _MOST_OPERATIONS:
                return sympy.S.One
            powers = {b: x for b, x in sympy.factor(part).as_powers_dict().items() if x.is_Integer and x > 0}
            shared = powers if shared is None else {b: min(x, powers[b]) for b, x in shared.items() if b in powers}
        factors = [base**count for base, count in (shared or {}).items() if self._is_positive(base)]
        return sympy.Mul(*sorted(factors, key=str))

    def _is_positive(self, base: Any) -> bool:
        found = self.ranges.range(base) if base.free_symbols else None
        return found is not None and found.above(0, True)

    def _divided(self, part: Any, factor: Any) -> Any:
        return part if factor == 1 else sympy.cancel(part / factor)
