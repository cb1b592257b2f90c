"""Statements → closed terms, and the obligations under which a term is defined.

An obligation is a condition collected statement by statement, before anything is inlined: SymPy cancels ``x*(1/x)``
the moment it sees it, so a pole must be recorded while the quotient still stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Read, SizeSymbol, Statement, axes_of, substitute
from symloss.proof.terms import Along, Term, along, conjunction, conjuncts, disjunction, opened, rebuilt

#: Conditions that lead to a place, and what must hold there.
Obligation = tuple[Term, Term]


class Closer:
    """Inlines statements into closed terms.

    Args:
        statements: in order; each target once.
        roots: for every axis the axis whose length it shares.
        cut: targets that stay reads, as if they were inputs.
        derived: pseudo-targets, such as the gradient, with the axes that they range over and their terms.
    """

    def __init__(
        self,
        statements: Iterable[Statement],
        roots: Mapping[str, str],
        cut: frozenset[str] = frozenset(),
        derived: Mapping[str, tuple[tuple[str, ...], Term]] | None = None,
    ) -> None:
        self.statements = {s.target: s for s in statements if s.target not in cut}
        self.roots = roots
        self.derived = dict(derived or {})
        self._terms: dict[str, Term] = {}
        self._obligations: dict[str, tuple[Obligation, ...]] = {}

    def term(self, expression: Term) -> Term:
        """An expression over targets, inputs and parameters as a closed term."""
        return rebuilt(expression, self._leaf)

    def _leaf(self, e: Any) -> Any:
        if not isinstance(e, Read) or (e.tensor not in self.statements and e.tensor not in self.derived):
            return e
        axes, term = self._definition(e.tensor)
        return _placed(term, axes, e.index)

    def _definition(self, target: str) -> tuple[tuple[str, ...], Term]:
        if target in self.derived:
            return self.derived[target]
        statement = self.statements[target]
        if target not in self._terms:
            term, guard = self.term(statement.body), self.term(statement.guard)
            if statement.operation != "map":
                for position, axis in enumerate(reversed(statement.over)):
                    admitted = guard if position == 0 else sympy.S.One
                    term = along(statement.operation, AxisSymbol(axis), term, admitted, self.roots[axis])
            self._terms[target] = term
        return statement.out, self._terms[target]

    def obligations(self, expression: Term) -> tuple[Obligation, ...]:
        """Where an expression is defined and finite: each requirement with the conditions that lead to it.

        What a requirement itself needs to be defined stands before it.
        """
        found: list[Obligation] = []
        for path, read in _reads(expression):
            if read.tensor not in self.statements and read.tensor not in self.derived:
                continue
            before = self.term(path)
            out, inner = self._within(read.tensor)
            for reached, need in inner:
                place = (_placed(reached, out, read.index), _placed(need, out, read.index))
                found.append((conjunction(before, self.term(place[0])), self.term(place[1])))
        for path, need in obligations_of(expression):
            found.append((self.term(path), self.term(need)))
        return tuple(dict.fromkeys(found))

    def _within(self, target: str) -> tuple[tuple[str, ...], tuple[Obligation, ...]]:
        """The obligations of one target at its running indices, those of its reductions for every item."""
        if target in self.derived:
            axes, term = self.derived[target]
            return axes, obligations_of(term)
        statement = self.statements[target]
        if target not in self._obligations:
            found = [*self.obligations(statement.guard)]
            guard = self.term(statement.guard)
            for path, need in self.obligations(statement.body):
                found.append((conjunction(guard, path), need))
            quantified = [self._for_all(obligation, statement.over) for obligation in found]
            if statement.operation in ("max", "min", "logsumexp") and guard != 1:
                some = guard
                for axis in reversed(statement.over):
                    some = along("any", AxisSymbol(axis), some, root=self.roots[axis])
                quantified.append((sympy.S.One, some))
            self._obligations[target] = tuple(dict.fromkeys(quantified))
        return statement.out, self._obligations[target]

    def _for_all(self, obligation: Obligation, axes: tuple[str, ...]) -> Obligation:
        path, need = obligation
        for axis in reversed(axes):
            if axis in axes_of(path) | axes_of(need):
                need = along("all", AxisSymbol(axis), disjunction(negation(path), need), root=self.roots[axis])
                path = sympy.S.One
        return path, need


def _placed(term: Term, axes: tuple[str, ...], index: tuple[Term, ...]) -> Term:
    """A term over some running indices at other indices, all replaced at once."""
    return substitute(term, {AxisSymbol(axis): entry for axis, entry in zip(axes, index, strict=True)})


def implied(path: Term, need: Term) -> Term:
    """An obligation as one condition: the requirement holds, or nothing leads to it."""
    return disjunction(negation(path), need)


def negation(condition: Term) -> Term:
    """The opposite of a condition; comparisons turn around, so that equal conditions look alike."""
    turned = _OPPOSITE.get(type(condition))
    if turned is not None:
        return turned(*condition.args)
    return condition.args[0] if isinstance(condition, atoms.Not) else atoms.Not(condition)


_OPPOSITE: dict[Any, Any] = {
    atoms.Less: lambda a, b: atoms.LessEqual(b, a),
    atoms.LessEqual: lambda a, b: atoms.Less(b, a),
    atoms.Equal: atoms.NotEqual,
    atoms.NotEqual: atoms.Equal,
}


def plain_conditions(term: Term) -> Term:
    """A term in which a condition that was compared with 0 or 1 stands as itself, or as its opposite."""

    def wrapped(e: Any) -> bool:
        return isinstance(e, atoms.Equal | atoms.NotEqual) and e.args[1] in (0, 1) and _is_condition(e.args[0])

    def plain(e: Any) -> Any:
        condition, value = e.args
        return condition if isinstance(e, atoms.Equal) == (value == 1) else negation(condition)

    return term.replace(wrapped, plain) if any(wrapped(e) for e in term.atoms(atoms.Equal, atoms.NotEqual)) else term


def _is_condition(e: Any) -> bool:
    if isinstance(e, Along):
        return e.operation in ("all", "any")
    return isinstance(e, atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual | atoms.And | atoms.Or | atoms.Not)


def _reads(expression: Term) -> list[tuple[Term, Read]]:
    """Every read with the conditions under which it matters, reads inside indices and conditions included."""
    found: list[tuple[Term, Read]] = []
    seen: set[tuple[Term, Term]] = set()

    def visit(e: Any, path: Term) -> None:
        if (e, path) in seen:
            return
        seen.add((e, path))
        if isinstance(e, Read):
            found.append((path, e))
            for entry in e.index:
                visit(entry, path)
            return
        for argument, reached in _steps(e, path):
            visit(argument, reached)

    visit(expression, sympy.S.One)
    return found


def _steps(e: Any, path: Term) -> list[tuple[Any, Term]]:
    """The arguments of an expression, each with the conditions under which it matters."""
    if isinstance(e, atoms.Where):
        c, yes, no = e.args
        return [(c, path), (yes, conjunction(path, c)), (no, conjunction(path, negation(c)))]
    if isinstance(e, atoms.ZeroTimes):
        a, b = e.args
        return [(a, path), (b, conjunction(path, atoms.NotEqual(a, 0)))]
    if isinstance(e, atoms.SlopeAt):
        return [(e.args[0], path)]
    return [(argument, path) for argument in e.args]


def obligations_of(term: Term, asked: Callable[[Any], Term] | None = None) -> tuple[Obligation, ...]:
    """What an expression, or a closed term, needs to be defined and finite where its leaves are; inner parts first.

    Args:
        term: the expression.
        asked: what each operation needs, instead of what it needs to be defined.
    """
    asked = asked or requirement
    found: list[Obligation] = []
    seen: set[tuple[Term, Term]] = set()

    def visit(e: Any, path: Term) -> None:
        if (e, path) in seen:
            return
        seen.add((e, path))
        if isinstance(e, Along):
            axis, body, guard = opened(e)
            inner = [(p, need) for p, need in obligations_of(guard, asked)]
            inner += [(conjunction(guard, p), need) for p, need in obligations_of(body, asked)]
            for reached, need in inner:
                whole = disjunction(negation(reached), need)
                if axis.axis in axes_of(whole):
                    whole = along("all", axis, whole)
                found.append((path, whole))
            if e.operation in ("max", "min", "logsumexp") and guard != 1:
                found.append((path, along("any", axis, guard)))
            return
        if isinstance(e, sympy.Integral | sympy.Limit):
            # Where an integral or a limit exists is the business of the engine that computes it.
            return
        for argument, reached in _steps(e, path):
            visit(argument, reached)
        need = asked(e)
        if need != 1 and need not in conjuncts(path):
            found.append((path, need))

    visit(term, sympy.S.One)
    return tuple(dict.fromkeys(found))


def requirement(e: Any) -> Term:
    """What the outermost function of an expression asks of its arguments to be defined and finite; 1 if nothing."""
    if isinstance(e, sympy.Pow):
        return _power(*e.args)
    if isinstance(e, sympy.exp) or not e.args:
        return sympy.S.One if not (e.is_infinite or e is sympy.nan) else sympy.S.Zero
    special = _REQUIREMENTS.get(type(e).__name__)
    if special is not None:
        return special(*e.args)
    record = record_of(e)
    if record is None or len(record.domains) != len(e.args):
        return sympy.S.One
    return conjunction(*(_inside(a, d) for a, d in zip(e.args, record.domains, strict=True)))


def _power(base: Term, exponent: Term) -> Term:
    if (base.is_Number and base > 0) or isinstance(base, SizeSymbol):
        return sympy.S.One
    if exponent.is_Integer:
        return sympy.S.One if exponent > 0 else atoms.NotEqual(base, 0)
    if exponent.is_Rational:
        return atoms.LessEqual(0, base) if exponent > 0 else atoms.Less(0, base)
    zero = conjunction(atoms.Equal(base, 0), atoms.LessEqual(0, exponent))
    return disjunction(atoms.Less(0, base), zero)


def _inside(argument: Term, domain: Any) -> Term:
    if domain == sympy.S.Reals or not isinstance(domain, sympy.Interval):
        return sympy.S.One
    low = atoms.Less if domain.left_open else atoms.LessEqual
    high = atoms.Less if domain.right_open else atoms.LessEqual
    parts = []
    if domain.start.is_finite:
        parts.append(low(domain.start, argument))
    if domain.end.is_finite:
        parts.append(high(argument, domain.end))
    return conjunction(*parts)


_REQUIREMENTS: dict[str, Any] = {
    "XLogY": lambda x, y: disjunction(atoms.Equal(x, 0), atoms.Less(0, y)),
    "XLog1pY": lambda x, y: disjunction(atoms.Equal(x, 0), atoms.Less(-1, y)),
    "XOverY": lambda x, y: disjunction(atoms.Equal(x, 0), atoms.NotEqual(y, 0)),
    "LogRatio": lambda a, b: conjunction(atoms.Less(0, a), atoms.Less(0, b)),
}
