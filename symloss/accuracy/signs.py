"""Signs of expressions, also where a branch has been taken or an item is compared with its own logsumexp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss.atoms import Equal, Less, LessEqual, Not, NotEqual, Where, record_of
from symloss.calculus.stabilise.facts import Facts
from symloss.calculus.stabilise.terms import Terms, factors_of, terms_of
from symloss.program import AxisSymbol, Program, Read, Statement, rename_axes, substitute

#: Conditions that hold where an expression is evaluated.
Assumptions = frozenset[Any]
NOTHING: Assumptions = frozenset()
_DEPTH = 12


class Signs:
    """What sign expressions have over one program's domains."""

    def __init__(self, program: Program) -> None:
        """Prepare; nothing is worked out before it is asked for."""
        self.program = program
        self.statements: Mapping[str, Statement] = {statement.target: statement for statement in program.statements}
        self._facts: dict[Assumptions, Facts] = {}
        self._known: dict[tuple[Any, Assumptions], int] = {}
        self._depth = 0

    def facts(self, assumptions: Assumptions = NOTHING) -> Facts:
        """Ranges that take the comparisons among the assumptions for further constraints."""
        relevant = frozenset(c for c in assumptions if isinstance(c, Less | LessEqual))
        if relevant not in self._facts:
            constraints = (*self.program.constraints, *sorted(relevant, key=str))
            self._facts[relevant] = Facts(self.program.replacing(constraints=constraints), dict(self.statements))
        return self._facts[relevant]

    def sign(self, e: Any, assumptions: Assumptions = NOTHING) -> int:
        """1 where no value is negative, -1 where none is positive, 0 where that is not known."""
        key = e, assumptions
        if key not in self._known:
            if self._depth > _DEPTH:
                return 0
            self._depth += 1
            try:
                self._known[key] = self._sign(e, assumptions) or self.facts(assumptions).sign(e)
            finally:
                self._depth -= 1
        return self._known[key]

    def _sign(self, e: Any, assumptions: Assumptions) -> int:
        if isinstance(e, Read):
            statement = self.statements.get(e.tensor)
            return 0 if statement is None else self._statement(statement, e, assumptions)
        if e.is_Add:
            return self._sum(e, assumptions)
        record = record_of(e)
        if e.is_Mul or (record is not None and record.powers):
            found = 1
            for factor in e.args:
                found *= self.sign(factor, assumptions)
            return found
        if isinstance(e, sympy.Pow) and e.exp.is_Integer and e.exp % 2:
            return self.sign(e.base, assumptions)
        if isinstance(e, Where):
            return self._agreed(
                self.sign(branch, assumed) for branch, assumed in branches(e, assumptions) if branch != 0
            )
        rises = record is not None and record.arity == 1 and record.monotone[0] in ("increasing", "nondecreasing")
        if record is not None and rises and record.special.get((sympy.S.Zero,)) == 0:
            return self.sign(e.args[0], assumptions)
        return 0

    @staticmethod
    def _agreed(signs: Any) -> int:
        found = set(signs)
        return found.pop() if len(found) == 1 else (1 if not found else 0)

    def _statement(self, statement: Statement, read: Read, assumptions: Assumptions) -> int:
        if statement.operation == "norm":
            return 1
        if statement.operation not in ("map", "sum", "max", "min"):
            return 0
        body = rename_axes(statement.body, dict(zip(statement.out, read.index, strict=True)))
        return self.sign(decided(body, assumptions), assumptions)

    def _sum(self, e: Any, assumptions: Assumptions) -> int:
        terms = terms_of(e)
        beside = self.beside_logsumexp(terms, assumptions)
        if beside:
            return beside
        signs = {self.sign(number * monomial, assumptions) for monomial, number in terms.items()}
        if len(signs) == 1:
            return signs.pop()
        opened = self.opened(e)
        if opened != e:
            return self.facts(assumptions).sign(opened)
        return 0

    def opened(self, e: Any) -> Any:
        """The expression with the steps that it reads written out once."""
        steps: dict[sympy.Symbol, Any] = {}
        for read in e.atoms(Read):
            statement = self.statements.get(read.tensor)
            if statement is not None and statement.operation == "map":
                steps[read] = rename_axes(statement.body, dict(zip(statement.out, read.index, strict=True)))
        return substitute(e, steps) if steps else e

    def is_logsumexp(self, e: Any) -> bool:
        """Whether an expression reads a logsumexp."""
        statement = self.statements.get(e.tensor) if isinstance(e, Read) else None
        return statement is not None and statement.operation == "logsumexp"

    def beside_logsumexp(self, terms: Terms, assumptions: Assumptions = NOTHING) -> int:
        """The sign of a logsumexp less one of its own items (or the reverse); 0 if the terms are something else."""
        if len(terms) != 2:
            return 0
        for monomial, number in terms.items():
            if not self.is_logsumexp(monomial):
                continue
            other, amount = next((m, a) for m, a in terms.items() if m != monomial)
            statement = self.statements[monomial.tensor]
            if amount == -number and any(
                self._is_item(statement, monomial, other, entry, assumptions)
                for read in sorted(other.atoms(Read), key=str)
                for entry in read.index
            ):
                return 1 if number > 0 else -1
        return 0

    def _is_item(self, statement: Statement, read: Read, other: Any, entry: Any, assumptions: Assumptions) -> bool:
        if len(statement.over) != 1:
            return False
        at = {**dict(zip(statement.out, read.index, strict=True)), statement.over[0]: entry}
        if rename_axes(statement.body, at) != other:
            return False
        guard = rename_axes(statement.guard, at)
        # A boolean guard is that of the sum or of the result: other items are never looked at.
        return guard == 1 or isinstance(guard, Read) or guard in assumptions

    def loses_little(self, e: Any, assumptions: Assumptions = NOTHING) -> bool:
        """Whether even twice what is subtracted leaves a sum of one sign, so that a bit or so is lost at most."""
        for candidate in (e, self.opened(e)):
            terms = terms_of(candidate)
            facts = self.facts(assumptions)
            for sign in (1, -1):
                negative = {m: n for m, n in terms.items() if facts.sign(sign * n * m) == -1}
                if not negative or len(negative) == len(terms):
                    continue
                if any(facts.sign(sign * n * m) == 0 for m, n in terms.items() if m not in negative):
                    continue
                harsher = {m: (2 * n if m in negative else n) for m, n in terms.items()}
                total = sympy.Add(*(sign * n * m for m, n in harsher.items()))
                if facts.sign(total) == 1 or self._covered(harsher, negative, facts):
                    return True
        return False

    @staticmethod
    def _covered(terms: Terms, negative: Terms, facts: Facts) -> bool:
        """Whether the products that are subtracted can be shared out among larger ones that are added."""
        if any(facts.sign(monomial) != 1 for monomial in terms):
            return False
        room = {m: abs(n) for m, n in terms.items() if m not in negative}
        for monomial in negative:
            need = abs(terms[monomial])
            for large in room:
                if need > 0 and room[large] > 0 and facts.covers(large, monomial):
                    taken = min(need, room[large])
                    need, room[large] = need - taken, room[large] - taken
            if need > 0:
                return False
        return True


def branches(e: Any, assumptions: Assumptions) -> list[tuple[Any, Assumptions]]:
    """The two branches of a choice, with what is known in each; one where the condition is decided."""
    condition, yes, no = e.args
    if condition in assumptions:
        return [(yes, assumptions)]
    if opposite(condition) in assumptions:
        return [(no, assumptions)]
    return [(yes, assumptions | {condition}), (no, assumptions | {opposite(condition)})]


def opposite(condition: Any) -> Any:
    """The condition that holds where this one does not (NaN aside)."""
    kind = type(condition)
    if kind in (Equal, NotEqual):
        return (NotEqual if kind is Equal else Equal)(*condition.args)
    if kind in (Less, LessEqual):
        return (LessEqual if kind is Less else Less)(condition.args[1], condition.args[0])
    return condition.args[0] if kind is Not else Not(condition)


def decided(e: Any, assumptions: Assumptions) -> Any:
    """The expression with its outermost choices made where an assumption decides them."""
    while isinstance(e, Where):
        if e.args[0] in assumptions:
            e = e.args[1]
        elif opposite(e.args[0]) in assumptions:
            e = e.args[2]
        else:
            break
    return e


def exclusive(a: Any, b: Any) -> bool:
    """Whether two terms are never both different from 0: they carry opposite steps, or brackets of unequal indices."""
    for first in _selectors(a):
        for second in _selectors(b):
            if type(first) is type(second) and len(first.args) == 1 and not terms_of(first.args[0] + second.args[0]):
                return True
            if isinstance(first, Equal) and isinstance(second, Equal):
                sides = set(first.args) ^ set(second.args)
                if len(sides) == 2 and all(side.is_Integer for side in sides) and first.args[0] == second.args[0]:
                    return isinstance(first.args[0], AxisSymbol)
    return False


def _selectors(term: Any) -> list[Any]:
    """Steps and conditions of which each makes a term 0 on its own."""
    found = []
    for factor in factors_of(term):
        record = record_of(factor)
        if record is None:
            continue
        if record.name == "where" and factor.args[2] == 0:
            found.append(factor.args[0])
        elif record.powers:
            factors = [part for part, power in zip(factor.args, record.powers, strict=True) if power > 0]
            found += [part for argument in factors for part in _selectors(argument)]
        elif record.image.is_FiniteSet and 0 in record.image:
            found.append(factor)
    return found
