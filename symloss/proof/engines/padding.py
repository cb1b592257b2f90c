"""Padding for every size: an item that adds nothing to any sum over the axis changes nothing."""

from __future__ import annotations

from typing import Any

from symloss.program import Read, SizeSymbol, axes_of, exact_arithmetic
from symloss.proof.certificates import Certificates
from symloss.proof.engines import Budget
from symloss.proof.goals import Goal, Padding
from symloss.proof.normal import NoNormalFormError
from symloss.proof.setting import Setting
from symloss.proof.terms import Along, all_reads, free_axes, opened, with_tensors
from symloss.proof.verdicts import Evidence, Finding


class PaddingEngine:
    """Every reduction over the axis has the same value with the added item as without it."""

    name = "padding"

    def settle(self, goal: Goal, budget: Budget) -> Finding | None:
        """A proof for every size, or None."""
        statement = goal.statement
        if not isinstance(statement, Padding):
            return None
        root = goal.root(statement.axis)
        term = statement.term
        sized = any(goal.root(size.axis) == root for size in term.atoms(SizeSymbol))
        sized = sized or any(
            size for read in all_reads(term) for entry in read.index for size in entry.atoms(SizeSymbol)
        )
        if sized or any(goal.root(axis) == root for axis in free_axes(term)):
            return None
        with exact_arithmetic():
            setting = Setting(goal)
            needs = Certificates(setting).needs(goal)
            items: list[Evidence] = []
            for node in sorted(term.atoms(Along), key=str):
                if goal.root(node.axis.axis) != root:
                    continue
                if node.operation not in ("sum", "norm") or node.atoms(Along) - {node}:
                    return None
                item = self._item(node, statement, goal, root)
                try:
                    if item is None or not setting.normal.zero(item):
                        return None
                except NoNormalFormError:
                    return None
                items.append({"of": str(node), "added": "0"})
        if needs is None or not items:
            return None
        evidence = {"kind": "identity", "difference": "0", "normal form": "0", "rules": ["padding"], "items": items}
        return setting.proved(self.name, {**evidence, "needs": needs}, "the added item adds 0 to each sum")

    def _item(self, node: Along, statement: Padding, goal: Goal, root: str) -> Any:
        """What the added item adds to a sum, or None where it reads what is not given."""
        axis, body, guard = opened(node)

        def value(name: str, position: int) -> Any:
            def at(index: tuple[Any, ...]) -> Any:
                return statement.added[name] if index[position] == axis else Read(name, index)

            return at

        replaced = {}
        for name in statement.added:
            places = [i for i, own in enumerate(goal.tensors[name].axes) if goal.root(own) == root]
            if len(places) != 1:
                return None
            replaced[name] = value(name, places[0])
        item = with_tensors(body * guard, replaced)
        return None if axis.axis in axes_of(item) else item


ENGINE = PaddingEngine()
