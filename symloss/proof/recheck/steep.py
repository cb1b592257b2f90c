"""No Lipschitz constant: that each point of a family is admissible, and the slope there steeper than L."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor
from symloss.proof.claim_terms import substitution
from symloss.proof.closing import implied, obligations_of
from symloss.proof.derivatives import directional
from symloss.proof.goals import Always, Goal, Lipschitz
from symloss.proof.problems import domain_conditions
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.recheck.seams import interior
from symloss.proof.recheck.steps import NotASoundStepError, kinked
from symloss.proof.terms import Term, conjunction, conjuncts, tensors_of, with_tensors


def unbounded(goal: Goal, statement: Lipschitz, evidence: Mapping[str, Any]) -> list[Goal]:
    """The goals over the large variable alone.

    Only variables that are one number per sample are looked at, and terms without kinks.
    """
    family = evidence["family"]
    large = family["large"]
    if statement.constant is not None or large in goal.tensors:
        raise NotASoundStepError("only without a constant, with a new variable")
    if kinked(statement.term, statement.variables) is not None:
        raise NotToldError("the term may have a kink")
    tensors = {**goal.tensors, large: Tensor(large, (), "variable", Domain("interval", sympy.S.One, sympy.oo, True))}
    point, direction = (
        {name: closed_term(text, tensors) for name, text in family[key].items()} for key in ("point", "direction")
    )
    if not direction or not set(direction) <= set(statement.variables):
        raise NotASoundStepError("the direction moves what the statement is not about")
    moves = {name: f"{name} direction" for name in direction}
    read = tensors_of(statement.term).union(*map(tensors_of, goal.hypotheses))
    for name in read | set(direction):
        tensor = goal.tensors[name]
        if name not in point or tensor.domain.kind != "interval":
            raise NotToldError(f"the family has no number for {name}")
        if any(goal.axes[axis].kind != "batch" for axis in tensor.axes):
            raise NotToldError(f"{name} is more than one number per sample")
    placed = {name: substitution(value, tensors[name].axes) for name, value in point.items()}
    placed |= {moves[name]: substitution(value, tensors[name].axes) for name, value in direction.items()}

    def at(term: Term) -> Term:
        return with_tensors(term, placed)

    slope = directional(statement.term, moves)
    steeper = atoms.Less(Read(large) ** 2 * _length(statement.norm, list(direction.values())), at(slope) ** 2)
    return [
        replace(
            goal.about(Always(condition), name),
            tensors=MappingProxyType(tensors),
            hypotheses=(),
            obligations=obligations_of(condition),
        )
        for name, condition in (
            ("admissible", conjunction(*map(at, _needed(goal, statement, tuple(direction), tuple(read))))),
            ("steeper", steeper),
        )
    ]


def _needed(goal: Goal, statement: Lipschitz, moving: tuple[str, ...], read: tuple[str, ...]) -> list[Term]:
    """That a point is admissible, and stays so nearby along the variables that move; that the term is smooth there."""
    found: list[Term] = []
    for condition in (part for h in goal.hypotheses for part in conjuncts(h)):
        if tensors_of(condition) & set(moving) and not isinstance(condition, atoms.Less | atoms.NotEqual):
            raise NotToldError(f"{condition} may fail nearby")
        found.append(condition)
    smooth = obligations_of(statement.term, lambda e: interior(e, frozenset(moving)))
    found += [implied(path, need) for path, need in (*goal.obligations, *smooth)]
    for name in dict.fromkeys((*read, *moving)):
        tensor = goal.tensors[name]
        is_open = name in moving
        domain = replace(tensor.domain, lower_closed=False, upper_closed=False) if is_open else tensor.domain
        found += domain_conditions({Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes)): domain})
    return found


def _length(norm: str, parts: list[Term]) -> Term:
    """The square of the norm of a direction."""
    if norm == "2":
        return sympy.Add(*(part**2 for part in parts))
    if any(not part.is_Rational for part in parts):
        raise NotToldError("a direction that is no number")
    sizes = [abs(part) for part in parts]
    return (max(sizes) if norm == "max" else sympy.Add(*sizes)) ** 2
