"""Sums and conditions over an axis, taken apart at items that are named by their number."""

from __future__ import annotations

from typing import Any

import sympy

from symloss import atoms
from symloss.program import SizeSymbol, axes_of, substitute
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.terms import Along, SumAlong, along, conjunction, stem


def apart(e: Any, known: Knowledge) -> Any:
    """A term in which no sum and no condition for every item asks whether an index is a certain number.

    ``Σ_k f(k) = f(0) + (Σ_k g(k) - g(0))`` where ``f = g`` but at 0; g without the index counts the number of items.
    A condition for every item follows from it at 0 and from its other form at all.

    Raises:
        NotToldError: a number may be no index of its axis.
    """
    if not e.args:
        return e
    parts = [apart(part, known) for part in e.args]
    if not isinstance(e, Along):
        return e if all(a is b for a, b in zip(parts, e.args, strict=True)) else e.func(*parts)
    axis, body, guard = parts
    size = SizeSymbol(stem(axis.axis))
    named = {c for one in body.atoms(atoms.Equal) for c in one.args if axis in one.args and c.is_Integer}
    if guard != 1 or e.operation not in ("sum", "all"):
        if named:
            raise NotToldError(f"a {e.operation} over named items")
        return e.func(axis, body, guard)
    bounds = known.bounds(size)
    if bounds is None or any(not 0 <= c < bounds.low for c in named):
        raise NotToldError(f"{max(named)} may be no index of {axis}")
    elsewhere = body.xreplace({atoms.Equal(axis, c): sympy.S.Zero for c in named})
    elsewhere = elsewhere.xreplace({atoms.Equal(c, axis): sympy.S.Zero for c in named})
    at = [substitute(body, {axis: c}) for c in sorted(named)]
    free = axis.axis not in axes_of(elsewhere)
    if e.operation == "all":
        return conjunction(*at, elsewhere if free else along("all", axis, elsewhere))
    if free:
        return sympy.Add(*at, (size - len(named)) * elsewhere)
    return sympy.Add(*at, SumAlong(axis, elsewhere), *(-substitute(elsewhere, {axis: c}) for c in named))
