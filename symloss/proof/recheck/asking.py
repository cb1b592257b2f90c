"""Conditions asked of the second solver: what bounds do not see, where terms are polynomials, quotients and kinks.

Whatever else stands in a condition (an exponential, a whole sum) counts as any number between its bounds. So an answer
is about more values than the condition is, and a condition that the solver finds to hold holds.
"""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.following import follows
from symloss.proof.recheck.scripts import CHOICES, WORDS, formula_of, second_solver

#: Larger questions get no answer in time.
_MOST_OPERATIONS, _MOST_NAMES = 250, 12


class NotAskedError(Exception):
    """A term that no question can be asked about."""


def asked(known: Knowledge, condition: Any) -> bool:
    """Whether a condition follows by the second solver, with all that stands in it defined; False says nothing."""
    if condition.count_ops() > _MOST_OPERATIONS:
        return False
    question = _Question(known)
    try:
        wanted = formula_of(question.flat(condition))
    except (NotAskedError, ValueError):
        return False
    given = []
    for one in sorted(known.conditions, key=str):
        try:
            given.append(formula_of(question.flat(one)))
        except (NotAskedError, ValueError):
            continue
    if not question.names or len(question.names) > _MOST_NAMES:
        return False
    lines = [f"(declare-fun {name} () Real)" for name in question.names.values()]
    lines += [f"(assert {text})" for text in (*question.domains(), *given)]
    return second_solver("\n".join([*lines, f"(assert (not {wanted}))"])) == "unsat"


class _Question:
    """Terms with a name for each variable, and for each part that is no polynomial."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known
        self.names: dict[Any, str] = {}

    def flat(self, e: Any) -> Any:
        """A term in names.

        Raises:
            NotAskedError: a part of it may have no finite value.
        """
        name = type(e).__name__
        if e.is_Rational:
            return e
        if isinstance(e, sympy.Add | sympy.Mul) or name in WORDS or name in CHOICES:
            return e.func(*map(self.flat, e.args))
        if name in ("Where", "SlopeAt", "StopGradient"):
            return e.func(*map(self.flat, e.args))
        if isinstance(e, sympy.Pow) and e.exp.is_Integer:
            base = self.flat(e.base)
            if e.exp < 0 and not self._apart(e.base):
                raise NotAskedError(f"{e.base} may be 0")
            return base**e.exp
        return self._named(e)

    def _apart(self, base: Any) -> bool:
        return follows(self.known, atoms.NotEqual(base, 0)) or self.known.holds(atoms.Less(0, base))

    def _named(self, e: Any) -> sympy.Symbol:
        bounds = self.known.bounds(e)
        if bounds is None or not bounds.finite:
            raise NotAskedError(f"{e} may have no finite value")
        if e not in self.names:
            self.names[e] = f"q{len(self.names)}"
        return sympy.Symbol(self.names[e])

    def domains(self) -> list[str]:
        """What is known of each name by itself."""
        found = []
        for e, name in self.names.items():
            tensor = self.known.tensors.get(e.tensor) if isinstance(e, Read) else None
            values = [sympy.S.Zero, sympy.S.One] if tensor is not None and tensor.domain.kind == "boolean" else []
            if tensor is not None and tensor.domain.kind == "set":
                values = list(tensor.domain.values)
            if values:
                found.append(f"(or false {' '.join(formula_of(atoms.Equal(sympy.Symbol(name), v)) for v in values)})")
                continue
            bounds = self.known.bounds(e)
            assert bounds is not None  # a name is given only then
            for end, is_open, order in ((bounds.low, bounds.low_open, 1), (bounds.high, bounds.high_open, -1)):
                if abs(end) != float("inf"):
                    relation = atoms.Less if is_open else atoms.LessEqual
                    number = sympy.Rational(end.numerator, end.denominator)  # type: ignore[union-attr]
                    sides = (number, sympy.Symbol(name))[::order]
                    found.append(formula_of(relation(*sides)))
        return found
