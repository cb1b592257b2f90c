"""Whether strict linear inequalities can hold together: Fourier-Motzkin elimination in exact rationals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sympy

#: More inequalities than this are taken to be satisfiable.
_MOST = 400

#: Coefficients by variable (1 for the constant); the sum is greater than 0.
Row = dict[Any, Any]


def infeasible(positive: Iterable[Any], symbols: Collection[Any] = ()) -> bool:
    """Whether expressions are shown not to be greater than 0 all at once.

    Every product of symbols counts as a variable of its own, so that True is a proof and False says nothing.

    Args:
        positive: the expressions.
        symbols: symbols that are greater than 0 as well.
    """
    rows = [_row(expression) for expression in (*positive, *symbols)]
    variables = list(dict.fromkeys(variable for row in rows for variable in row if variable != 1))
    for variable in variables:
        above = [row for row in rows if row.get(variable, 0) > 0]
        below = [row for row in rows if row.get(variable, 0) < 0]
        rows = [row for row in rows if variable not in row]
        rows += [_combined(up, down, variable) for up in above for down in below]
        if len(rows) > _MOST:
            return False
        if any(_contradicts(row) for row in rows):
            return True
    return any(_contradicts(row) for row in rows)


def _row(expression: Any) -> Row:
    terms = sympy.expand(expression).as_coefficients_dict()
    return {variable: value for variable, value in terms.items() if value != 0}


def _combined(up: Row, down: Row, variable: Any) -> Row:
    first, second = -down[variable], up[variable]
    keys = dict.fromkeys((*up, *down))
    found = {key: up.get(key, 0) * first + down.get(key, 0) * second for key in keys if key != variable}
    return {key: value for key, value in found.items() if value != 0}


def _contradicts(row: Row) -> bool:
    return not row or (set(row) == {sympy.S.One} and bool(row[sympy.S.One] <= 0))
