"""What follows where a term is 0 that is at least 0: each part of it is 0, and each part of these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, axes_of, substitute
from symloss.proof.recheck.bounds import _not
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError, Step, Walk
from symloss.proof.recheck.sums import coefficients_that_make_zero
from symloss.proof.terms import Along, Term, stem

#: A case: what may be assumed in it, and terms that are 0 in it.
Case = tuple[Walk, list[Term]]


def follows_where_zero(walk: Walk, parts: list[Term], evidence: Mapping[str, Any]) -> None:
    """That each part of a conclusion follows from ``e = 0``, a hypothesis, and ``0 <= e``, shown by a tree.

    Raises:
        NotSeenError: it is not seen to follow.
        BrokenStepError: the evidence does not fit.
    """
    hypothesis = walk.read(evidence["zero"])
    if not isinstance(hypothesis, atoms.Equal) or hypothesis.args[1] != 0 or not walk.known.holds(hypothesis):
        raise BrokenStepError(f"{hypothesis} is no hypothesis that says that something is 0")
    e = hypothesis.args[0]
    walk.same(e, walk.nonnegative(evidence["nonnegative"]), "zero")
    for part in parts:
        _concluded(walk, part, evidence["nonnegative"], {})


def _concluded(walk: Walk, wanted: Term, tree: Step, place: dict[str, AxisSymbol]) -> None:
    if isinstance(wanted, Along) and wanted.operation == "all":
        root = stem(wanted.axis.axis)
        if root in place:
            raise NotSeenError("two conditions for every item of one axis stand in each other")
        item = AxisSymbol(f"{root}''here")
        at = {wanted.axis: item}
        inner = walk.under(substitute(wanted.guard, at))
        _concluded(inner, substitute(wanted.body, at), tree, {**place, root: item})
        return
    if isinstance(wanted, atoms.Or):
        # What holds where all other parts fail; more of the tree counts there.
        for number, part in enumerate(wanted.args):
            others = (_not(other) for i, other in enumerate(wanted.args) if i != number)
            try:
                _concluded(walk.under(*others), part, tree, place)
                return
            except NotSeenError:
                continue
    for inner, zeros in _of_tree(walk, tree, place):
        if not _shown(inner, wanted, zeros):
            raise NotSeenError(f"{wanted} is not seen to follow where the term is 0")


def _shown(walk: Walk, wanted: Term, zeros: list[Term]) -> bool:
    if isinstance(wanted, atoms.And):
        return all(_shown(walk, part, zeros) for part in wanted.args)
    if isinstance(wanted, atoms.Or):
        for number, part in enumerate(wanted.args):
            others = (_not(other) for i, other in enumerate(wanted.args) if i != number)
            if _shown(walk.under(*others), part, zeros):
                return True
        return False
    known = [atoms.Equal(zero, 0) for zero in zeros]
    # A maximum that is 0 bounds what it is taken of.
    known += [atoms.LessEqual(part, 0) for zero in zeros if isinstance(zero, atoms.Maximum) for part in zero.args]
    if walk.under(*known).known.holds(wanted):
        return True
    if isinstance(wanted, atoms.Equal):
        for zero in zeros:
            found = coefficients_that_make_zero(wanted.args[0] - wanted.args[1], [zero], walk.known)
            if found is not None:
                return True
    return False


def _of_tree(walk: Walk, step: Step, place: dict[str, AxisSymbol]) -> list[Case]:
    """The cases of a tree whose term is 0, each with terms that are 0 in it; the tree itself has been followed."""
    e, rule = walk.shows(step), step["rule"]
    if rule == "cases":
        found: list[Case] = []
        for part in step["from"]:
            inner = walk.under(walk.read(part["where"]))
            if not walk.known.holds(_not(walk.read(part["where"]))):
                found += _of_tree(inner, part, place)
        return found
    found = [(walk, [e, *_of_term(walk, e, place)])]
    if rule == "terms":
        for part in step["from"]:
            found = _both(found, lambda inner, part=part: _of_tree(inner, part, place))
    if rule == "factors":
        open_parts = [part for part in step["from"] if not _never_zero(walk, walk.shows(part))]
        if len(open_parts) == 1:
            found = _both(found, lambda inner: _of_tree(inner, open_parts[0], place))
    if rule == "sum of nonnegative items":
        for part in step["from"]:
            found = _both(found, lambda inner, part=part: _of_item(inner, part, place))
    if rule == "Gibbs":
        for pair in step["pairs"]:
            m, w = map(walk.read, pair)
            found[0][1].append(m - w)
            if all(walk.known.holds(atoms.Less(0, part)) for part in (m, w)):
                found[0][1].append(sympy.log(m) - sympy.log(w))
        for text in step["rest"]:
            term = walk.read(text)
            found[0][1].extend([term, *_of_term(walk, term, place)])
    return found


def _both(cases: list[Case], more: Any) -> list[Case]:
    return [(deeper, [*zeros, *others]) for walk, zeros in cases for deeper, others in more(walk)]


def _of_item(walk: Walk, part: Step, place: dict[str, AxisSymbol]) -> list[Case]:
    """The item of a sum that is 0, at the running index of the conclusion; the numbers before the sums are positive."""
    if "factor" not in part:
        return _of_tree(walk, part, place)
    axis = AxisSymbol(part["axis"])
    here = place.get(stem(axis.axis))
    if here is None or not walk.known.holds(atoms.Less(0, walk.read(part["factor"]))):
        return [(walk, [])]
    if sum(sympy.Rational(one["times"]) for one in part.get("multipliers", ())) != 0:
        return [(walk, [])]
    if not walk.known.holds(substitute(walk.read(part["guard"]), {axis: here})):
        return [(walk, [])]
    return _of_tree(walk, _at(part, axis, here), place)


def _at(step: Any, axis: AxisSymbol, here: AxisSymbol) -> Any:
    """A tree with one running index renamed in all its texts."""
    if isinstance(step, str):
        return re.sub(rf"(?<![\w']){re.escape(axis.axis)}(?!\w)", here.axis, step)
    if isinstance(step, Mapping):
        return {key: _at(value, axis, here) for key, value in step.items()}
    return [_at(value, axis, here) for value in step] if isinstance(step, list) else step


def _of_term(walk: Walk, e: Term, place: dict[str, AxisSymbol]) -> list[Term]:
    """Terms that are 0 where one is, by its form: of a product, a power, a norm, a sum of what is at least 0."""
    found: list[Term] = []
    if isinstance(e, sympy.Mul):
        inner = [factor for factor in e.args if not _never_zero(walk, factor)]
        found = inner if len(inner) == 1 else []
    elif isinstance(e, sympy.Pow) and e.exp.is_Rational and e.exp > 0:
        found = [e.base]
    elif isinstance(e, atoms.Absolute):
        found = [e.args[0]]
    elif isinstance(e, sympy.Add) and all(_at_least_zero(walk, part) for part in e.args):
        found = list(e.args)
    elif isinstance(e, Along) and stem(e.axis.axis) in place and e.operation in ("sum", "norm"):
        at = {e.axis: place[stem(e.axis.axis)]}
        inner_walk = walk.under(substitute(e.guard, at))
        item = substitute(e.body, at)
        reached = walk.known.holds(substitute(e.guard, at)) and not axes_of(item) & {e.axis.axis}
        if reached and (e.operation == "norm" or _at_least_zero(inner_walk, item)):
            found = [item]
    return [*found, *(deeper for part in found for deeper in _of_term(walk, part, place))]


def _never_zero(walk: Walk, e: Term) -> bool:
    return bool(walk.known.holds(atoms.NotEqual(e, 0)) or walk.known.holds(atoms.Less(0, e)))


def _at_least_zero(walk: Walk, e: Term) -> bool:
    bounds = walk.known.bounds(e)
    return bounds is not None and bounds.only((0, 1))
