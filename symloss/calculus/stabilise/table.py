"""The table of rules, in the order in which they are tried at a node."""

from __future__ import annotations

from symloss.calculus.stabilise import (
    areas,
    bernstein,
    differences,
    finish,
    logarithms,
    logistic,
    logsumexp,
    norms,
    order,
    quotients,
    selection,
    sums,
    tails,
)
from symloss.calculus.stabilise.rule import Rule

REWRITING: tuple[Rule, ...] = (
    *differences.RULES[:1],
    *selection.RULES,
    *logsumexp.RULES,
    *logistic.RULES,
    *tails.RULES,
    *norms.RULES,
    *differences.RULES[1:],
    *logarithms.RULES,
    *order.RULES,
    *areas.RULES,
    *quotients.RULES,
    *bernstein.RULES,
)

#: Every rule, those of the first and of the last pass included.
RULES: tuple[Rule, ...] = (sums.PICKED_ITEM, *REWRITING, *finish.RULES)
