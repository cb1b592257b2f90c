"""Hypotheses that are equations, put to use: a variable that equals a term is replaced by it, and a written out
polynomial is reduced by polynomial equations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute
from symloss.proof.closing import negation, plain_conditions
from symloss.proof.goals import Always, Goal
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.terms import Along, Term, all_reads, conjuncts, tensors_of, with_tensors

#: A basis of more equations, or of more variables, takes too long.
_MOST_EQUATIONS, _MOST_VARIABLES = 10, 10


def solved(goal: Goal) -> Goal:
    """A goal of kind Always with the variables replaced that its hypotheses say to equal something else."""
    assert isinstance(goal.statement, Always)  # the callers look at the kind of statement
    for condition in [part for h in goal.hypotheses for part in conjuncts(plain_conditions(h))]:
        for read, value, bound in _equations(condition):
            change = _replacing(read, value, bound)
            statement = Always(change(goal.statement.conclusion))
            goal = replace(
                goal,
                statement=statement,
                hypotheses=tuple(dict.fromkeys(change(h) for h in goal.hypotheses)),
                obligations=tuple((change(path), change(need)) for path, need in goal.obligations),
            )
            return solved(goal)
    return goal


def _equations(condition: Term, bound: tuple[AxisSymbol, ...] = ()) -> list[tuple[Read, Term, tuple[AxisSymbol, ...]]]:
    """Reads of a real variable with what they equal, for every value of some running indices."""
    if isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1:
        return [one for part in conjuncts(condition.body) for one in _equations(part, (*bound, condition.axis))]
    if not isinstance(condition, atoms.Equal):
        return []
    for read, value in (condition.args, condition.args[::-1]):
        entries = read.index if isinstance(read, Read) and not read.is_integer else None
        if entries is None or read.tensor in tensors_of(value):
            continue
        once = all(entries.count(axis) == 1 for axis in bound)
        plain = all(isinstance(entry, AxisSymbol) or entry.is_Integer for entry in entries)
        if once and plain and not {a for a in axes_of(value) if "'" in a} - {a.axis for a in entries if a in bound}:
            return [(read, value, bound)]
    return []


def _replacing(read: Read, value: Term, bound: tuple[AxisSymbol, ...]) -> Callable[[Term], Term]:
    """Replaces the read, at all values of the bound indices and at no others, by the value."""

    def at(index: tuple[Any, ...]) -> Term:
        place = {own: entry for own, entry in zip(read.index, index, strict=True) if own in bound}
        same = all(own == entry for own, entry in zip(read.index, index, strict=True) if own not in bound)
        return substitute(value, place) if same else Read(read.tensor, index)

    return lambda term: with_tensors(term, {read.tensor: at})


def decided(e: Term, known: Knowledge) -> Term:
    """A term with the branches taken that conditions decide, outside reductions."""

    def taken(part: Any) -> Any:
        if isinstance(part, atoms.Where):
            condition, yes, no = part.args
            return yes if known.holds(condition) else no if known.holds(negation(condition)) else part
        if isinstance(part, atoms.Maximum | atoms.Minimum):
            a, b = part.args if isinstance(part, atoms.Maximum) else part.args[::-1]
            return a if known.holds(atoms.LessEqual(b, a)) else b if known.holds(atoms.LessEqual(a, b)) else part
        holds = known.holds(part)
        return sympy.S.One if holds else sympy.S.Zero if known.holds(negation(part)) else part

    kinds = (atoms.Where, atoms.Maximum, atoms.Minimum, atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
    for part in sorted(e.atoms(*kinds), key=lambda part: (part.count_ops(), str(part))):
        inside = any(part in node.atoms(*kinds) for node in e.atoms(Along))
        found = part if inside else taken(part)
        if found != part:
            return decided(e.xreplace({part: found}), known)
    return e


def modulo(e: Term, hypotheses: Iterable[Term]) -> Term:
    """A flat term in which each polynomial is reduced by the polynomial equations among some hypotheses.

    What is taken away is a multiple of differences that are 0, so that the value stays the same.
    """
    equations = []
    for part in (part for h in hypotheses for part in conjuncts(h)):
        if isinstance(part, atoms.Equal):
            difference = sympy.expand(part.args[0] - part.args[1])
            reads = sorted(all_reads(difference), key=str)
            if reads and difference.is_polynomial(*reads) and difference.free_symbols == set(reads):
                equations.append(difference)
    own = sorted({read for one in equations for read in all_reads(one)}, key=str)
    if not equations or len(equations) > _MOST_EQUATIONS or len(own) > _MOST_VARIABLES:
        return e
    basis = sympy.groebner(equations, *own, order="grevlex")

    def visit(part: Any) -> Any:
        if not part.args or not part.has(*own):
            return part
        found = part.func(*map(visit, part.args))
        if isinstance(found, sympy.Add | sympy.Mul | sympy.Pow) and found.is_polynomial(*found.free_symbols):
            others = sorted(found.free_symbols - set(own), key=str)
            expanded = sympy.expand(found)
            if not expanded.has(*own):
                return expanded
            return sympy.reduced(expanded, list(basis.exprs), *own, *others, order="grevlex")[1]
        return found

    return visit(e)
