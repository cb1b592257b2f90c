"""Requirements that fail only where the larger side of an inequality is +oo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.certificates.items import flat
from symloss.proof.knowledge import Knowledge
from symloss.proof.terms import (
    AllAlong,
    SumAlong,
    Term,
)

if TYPE_CHECKING:
    pass


def infinite(condition: Term, part: Term, facts: Knowledge) -> bool:
    """Whether the larger side is +oo wherever a condition ``x = 0 or 0 < y`` of ``-x log y`` for an item fails.

    It is, where that product is one of the terms of the items, and no term can be -oo.
    """
    if isinstance(condition, atoms.Equal) and condition.args[1] == 1:
        condition = condition.args[0]
    while isinstance(condition, AllAlong) and condition.guard == 1:
        condition = condition.body
    if not isinstance(condition, atoms.Or) or len(condition.args) != 2 or part.args[0] != 0:
        return False
    zero = next((c for c in condition.args if isinstance(c, atoms.Equal) and c.args[1] == 0), None)
    above = next((c for c in condition.args if isinstance(c, atoms.Less) and c.args[0] == 0), None)
    if zero is None or above is None:
        return False
    x, y = zero.args[0], above.args[1]
    signs = (facts.range(x), facts.range(y), facts.range(part.args[1]))
    if any(sign is None for sign in signs) or not signs[0].above(0) or not signs[1].above(0):  # type: ignore[union-attr]
        return False
    whole = signs[2]
    if whole is None or (whole.low == -sympy.oo and whole.low_closed):
        return False
    target = _shape(atoms.XLogY(x, y))
    for term in flat(part.args[1]):
        number, node = term.as_coeff_Mul(rational=True)
        if not isinstance(node, SumAlong) or node.guard != 1:
            return False
        for inner in flat(node.body):
            c, atom = inner.as_coeff_Mul(rational=True)
            alone = _shape(atom) == target and c * number < 0
            if not alone and any(_shape(other) == target for other in inner.atoms(atoms.XLogY)):
                return False
    return True


def _shape(e: Any) -> str:
    """A term with its bound axes' numbers left out."""
    return re.sub(r"'+\d+", "'", str(e))
