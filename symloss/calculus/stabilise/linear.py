"""Linear forms in reads, minima, maxima and ramps."""

from __future__ import annotations

from typing import Any

import sympy

from symloss.atoms import Maximum, Minimum, Ramp, Relu
from symloss.calculus.stabilise.terms import Terms, terms_of


def kink_sides(leaf: Any) -> tuple[Any, Any] | None:
    """The two values that a minimum, maximum or ramp chooses between."""
    if isinstance(leaf, Minimum | Maximum):
        return leaf.args[0], leaf.args[1]
    if isinstance(leaf, Relu | Ramp):
        return sympy.S.Zero, leaf.args[0]
    return None


def linear(terms: Terms) -> Terms:
    """The terms with max(a, b) as a + b - min(a, b), so that equal linear forms look equal."""
    found: Terms = {}
    for leaf, number in terms.items():
        if isinstance(leaf, Maximum) and sympy.S.Zero not in leaf.args:
            low = Minimum(*sorted(leaf.args, key=str))
            inner = dict(terms_of(leaf.args[0] + leaf.args[1]))
            inner[low] = inner.get(low, sympy.S.Zero) - 1
        elif isinstance(leaf, Minimum):
            inner = {Minimum(*sorted(leaf.args, key=str)): sympy.S.One}
        else:
            inner = {leaf: sympy.S.One}
        for key, value in inner.items():
            found[key] = found.get(key, sympy.S.Zero) + number * value
    return {key: value for key, value in found.items() if value != 0}


def replacing(terms: Terms, leaf: Any, number: Any, side: Any) -> Terms:
    """The form with one of its leaves replaced by an expression."""
    found = dropping(terms, leaf)
    for monomial, value in terms_of(side).items():
        found[monomial] = found.get(monomial, sympy.S.Zero) + number * value
    return found


def dropping(terms: Terms, leaf: Any) -> Terms:
    """The form without one of its leaves."""
    return {monomial: value for monomial, value in terms.items() if monomial != leaf}
