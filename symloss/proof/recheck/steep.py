"""No Lipschitz constant: that each point of a family is admissible, and the slope there steeper than L."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor, axes_of
from symloss.proof.claim_terms import substitution
from symloss.proof.closing import implied, obligations_of
from symloss.proof.derivatives import directional
from symloss.proof.goals import Always, Goal, Lipschitz
from symloss.proof.problems import domain_conditions
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.named_items import apart
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.recheck.seams import interior
from symloss.proof.recheck.steps import NotASoundStepError, kinked
from symloss.proof.terms import Term, along, conjunction, conjuncts, tensors_of, with_tensors


def unbounded(goal: Goal, statement: Lipschitz, evidence: Mapping[str, Any]) -> list[Goal]:
    """The goals over the large variable and sizes alone, for terms without kinks."""
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
        if name not in point or tensor.domain.kind not in ("interval", "simplex"):
            raise NotToldError(f"the family has no number for {name}")
    placed = {name: substitution(value, tensors[name].axes) for name, value in point.items()}
    placed |= {moves[name]: substitution(value, tensors[name].axes) for name, value in direction.items()}

    def at(term: Term) -> Term:
        return with_tensors(term, placed)

    slope = directional(statement.term, moves)
    steeper = atoms.Less(Read(large) ** 2 * _length(goal, statement.norm, direction), at(slope) ** 2)
    admissible = [*_needed(goal, statement, tuple(direction), tuple(read)), *_kept(goal, direction)]
    # What is said of sizes alone is not up to the family.
    about_sizes = tuple(h for h in goal.hypotheses if not tensors_of(h))
    known = Knowledge(tensors, about_sizes)
    return [
        replace(
            goal.about(Always(condition), name),
            tensors=MappingProxyType(tensors),
            hypotheses=about_sizes,
            obligations=obligations_of(condition),
        )
        for name, condition in (
            ("admissible", apart(conjunction(*map(at, admissible)), known)),
            ("steeper", apart(steeper, known)),
        )
    ]


def _needed(goal: Goal, statement: Lipschitz, moving: tuple[str, ...], read: tuple[str, ...]) -> list[Term]:
    """That a point is admissible, and stays so nearby along the variables that move; that the term is smooth there."""
    found: list[Term] = []
    for condition in (part for h in goal.hypotheses for part in conjuncts(h)):
        if not tensors_of(condition):
            continue
        if tensors_of(condition) & set(moving) and not isinstance(condition, atoms.Less | atoms.NotEqual):
            raise NotToldError(f"{condition} may fail nearby")
        found.append(condition)
    smooth = obligations_of(statement.term, lambda e: interior(e, frozenset(moving)))
    found += [implied(path, need) for path, need in (*goal.obligations, *smooth)]
    for name in dict.fromkeys((*read, *moving)):
        tensor = goal.tensors[name]
        is_open = name in moving
        domain = replace(tensor.domain, lower_closed=False, upper_closed=False) if is_open else tensor.domain
        element = Read(name, tuple(AxisSymbol(axis) for axis in tensor.axes))
        if domain.kind == "simplex":
            found += [
                _over_items(goal, "all", name, (atoms.Less if is_open else atoms.LessEqual)(0, element)),
                atoms.Equal(_over_items(goal, "sum", name, element), 1),
            ]
        else:
            found += [_over_items(goal, "all", name, c) for c in domain_conditions({element: domain})]
    return found


def _kept(goal: Goal, direction: Mapping[str, Term]) -> list[Term]:
    """That a direction stays in a simplex: its entries add up to 0."""
    return [
        atoms.Equal(_over_items(goal, "sum", name, value), 0)
        for name, value in direction.items()
        if goal.tensors[name].domain.kind == "simplex"
    ]


def _over_items(goal: Goal, operation: str, name: str, e: Term) -> Term:
    """A condition for each number of a sample, or the sum over them."""
    for axis in reversed(goal.tensors[name].axes):
        if goal.axes[axis].kind != "batch" and (operation == "sum" or axis in axes_of(e)):
            e = along(operation, AxisSymbol(axis), e, root=goal.root(axis))
    return e


def _length(goal: Goal, norm: str, direction: Mapping[str, Term]) -> Term:
    """The square of the norm of a direction."""
    if norm == "2":
        return sympy.Add(*(_over_items(goal, "sum", name, part**2) for name, part in direction.items()))
    parts = list(direction.values())
    if any(goal.axes[axis].kind != "batch" for name in direction for axis in goal.tensors[name].axes):
        raise NotToldError("a direction of more than one number per sample in another norm")
    if any(not part.is_Rational for part in parts):
        raise NotToldError("a direction that is no number")
    sizes = [abs(part) for part in parts]
    return (max(sizes) if norm == "max" else sympy.Add(*sizes)) ** 2
