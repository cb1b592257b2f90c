"""The obligations of a goal for every size again, one after another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from symloss import atoms
from symloss.proof.closing import implied, plain_conditions
from symloss.proof.goals import Goal
from symloss.proof.recheck.asking import asked
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.certificates import NotSeenError, Walk
from symloss.proof.recheck.following import follows
from symloss.proof.terms import Along, SumAlong, Term

Entry = Mapping[str, Any]


def met(goal: Goal, entries: Sequence[Entry], larger: Term | None = None) -> Knowledge:
    """What is known where all obligations are met.

    Args:
        goal: the goal.
        entries: how each obligation is shown.
        larger: the right side of ``0 <= larger``, where that is the statement: it may be +oo.

    Raises:
        NotSeenError: an obligation is not shown by the rules of the re-check.
        BrokenStepError: a step about one does not follow.
    """
    known = Knowledge(goal.tensors, goal.hypotheses)
    # Evidence by ranges alone lists no obligations; its own ranges must do then.
    for number, (path, need) in enumerate(goal.obligations):
        entry: Entry = entries[number] if number < len(entries) else {"rule": "range"}
        condition = plain_conditions(implied(path, need))
        here = known.under(path)
        if here.holds(need) or known.holds(condition) or follows(here, need):
            continue
        if entry["rule"] == "positive":
            (step,) = entry["from"]
            walk = Walk(here)
            shown = walk.nonnegative(step, strictly=True)
            wanted = need.args[1] if isinstance(need, atoms.Less) and need.args[0] == 0 else None
            wanted = need.args[0] if isinstance(need, atoms.NotEqual) and need.args[1] == 0 else wanted
            if wanted is None:
                raise NotSeenError(f"{need} is not about the sign of a term")
            walk.same(wanted, shown, "positive")
            if path == 1:
                known = known.under(atoms.Less(0, wanted))
            continue
        if entry["rule"] == "infinite" and larger is not None and _infinite(condition, larger, known):
            continue
        if not asked(here, need):
            raise NotSeenError(f"the rules of the re-check do not show {need}")
    return known


def _infinite(condition: Term, larger: Term, known: Knowledge) -> bool:
    """Whether ``Σ … - x·log y`` is +oo wherever ``x = 0 or 0 < y`` fails for an item, with x, y ≥ 0."""
    if not (isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1):
        return False
    body = condition.body
    if not isinstance(body, atoms.Or) or len(body.args) != 2 or not isinstance(larger, SumAlong) or larger.guard != 1:
        return False
    zero = next((c for c in body.args if isinstance(c, atoms.Equal) and c.args[1] == 0), None)
    above = next((c for c in body.args if isinstance(c, atoms.Less) and c.args[0] == 0), None)
    if zero is None or above is None or larger.axis != condition.axis:
        return False
    x, y = zero.args[0], above.args[1]
    for part in (x, y):
        bounds = known.bounds(part)
        if bounds is None or not bounds.only((0, 1)):
            return False
    product = atoms.XLogY(x, y)
    rest = larger.body + product
    bounds = known.bounds(rest)
    return bounds is not None and (bounds.low > -math.inf or bounds.low_open) and not rest.has(product)
