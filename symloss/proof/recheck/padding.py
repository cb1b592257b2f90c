"""Padding again: with the added item put in, no sum or norm over the axis has one term more that is not 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, substitute
from symloss.proof.goals import Goal, Padding
from symloss.proof.recheck.certificates import BrokenStepError, NotSeenError
from symloss.proof.recheck.needs import met
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.sums import vanishes_for_every_size
from symloss.proof.terms import Along, Term, all_reads, free_axes, with_tensors


def padding(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """Whether one more item, at which some tensors have given values, changes no reduction over its axis."""
    statement = goal.statement
    assert isinstance(statement, Padding)  # the caller looks at the kind of statement
    if evidence.get("rules") != ["padding"]:
        return wrong("an item is added by the rule “padding” alone")
    nodes = {str(node): node for node in statement.term.atoms(Along) if _same_axis(goal, node.axis.axis)}
    if sorted(item["of"] for item in evidence["items"]) != sorted(nodes):
        return wrong("the items are not those of the reductions over the axis")
    if any(item["added"] != "0" for item in evidence["items"]):
        return wrong("an item adds something")
    if _reads_the_size(goal, statement.term):
        return unchecked("the term reads the size of the axis, or one of its items")
    try:
        met(goal, evidence["needs"])
        for node in nodes.values():
            if node.operation not in ("sum", "norm"):
                raise NotSeenError(f"there is no re-check of an item that is added to a {node.operation}")
            added = _added(goal, statement, node)
            if not vanishes_for_every_size(added):
                raise NotSeenError(f"the item that is added to {node} is not seen to be 0")
    except NotSeenError as reason:
        return unchecked(str(reason))
    except BrokenStepError as fault:
        return wrong(str(fault))
    return OK


def _same_axis(goal: Goal, axis: str) -> bool:
    assert isinstance(goal.statement, Padding)
    return goal.root(axis) == goal.root(goal.statement.axis)


def _reads_the_size(goal: Goal, term: Term) -> bool:
    sizes = set(term.atoms(SizeSymbol))
    for read in all_reads(term):
        for entry in read.index:
            sizes |= entry.atoms(SizeSymbol)
    return any(_same_axis(goal, size.axis) for size in sizes) or any(_same_axis(goal, a) for a in free_axes(term))


def _added(goal: Goal, statement: Padding, node: Along) -> Term:
    """The item at the added place."""
    item = AxisSymbol(f"{goal.root(node.axis.axis)}''0")
    body = substitute(node.body * node.guard, {node.axis: item})
    if body.atoms(Along):
        raise NotSeenError(f"{node} holds another reduction")

    def given(name: str) -> Any:
        axes = goal.tensors[name].axes
        return lambda index: (
            statement.added[name]
            if any(entry == item and _same_axis(goal, axis) for axis, entry in zip(axes, index, strict=True))
            else Read(name, index)
        )

    found = with_tensors(body, {name: given(name) for name in statement.added})
    if item.axis in axes_of(found):
        raise NotSeenError(f"{node} reads something else at the added place")
    return found
