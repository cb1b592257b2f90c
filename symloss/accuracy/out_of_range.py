"""Where no accuracy class holds: results within the range of a dtype that come from steps outside it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import sympy
from mpmath import mp, mpf

from symloss.accuracy.signs import Signs
from symloss.atoms import record_of
from symloss.atoms.record import RECORDS
from symloss.lowering.prepare import without_dead_statements
from symloss.lowering.rescaling import rescaled
from symloss.lowering.units import Units
from symloss.program import INPUT_ROLES, Program, Read, SizeSymbol, exact_arithmetic

#: Where the exponential of an argument leaves the range of float32.
_LARGE = 88
#: A function of this argument that exceeds its sixth power grows as an exponential does.
_FAR = 2**8


def out_of_range(program: Program, keys: Collection[str]) -> tuple[str, ...]:
    """The sentences that say where no class holds for some outputs of a program, in the order of the checks.

    A class is claimed for every result that is a number of the dtype. Three kinds of steps may leave the range of the
    dtype on the way to such a result: `quotient_of_units`, `brought_back` and `reciprocal_of_norm`.
    """
    with exact_arithmetic():
        found = (test(program, keys) for test in (quotient_of_units, brought_back, reciprocal_of_norm))
        return tuple(sentence for sentence in found if sentence)


def quotient_of_units(program: Program, keys: Collection[str]) -> str | None:
    """For a result in units of one input over those of another, where either leaves the range.

    Inputs are measured in units of their own size where a program divides by products of them (`lowering.rescaled`);
    what then has a unit in the numerator and another one in the denominator of a result may be as large or as small as
    numbers are, although their quotient is not.
    """
    units = Units(rescaled(program))
    for key in keys:
        powers = units.in_free(units.targets.get(program.outputs[key]))
        data = {slot[0]: power for (slot, _), power in powers.items() if _is_data(program, slot[0])}
        over = sorted(name for name, power in data.items() if power > 0)
        under = sorted(name for name, power in data.items() if power < 0)
        if over and under:
            return f"not where a power of {' or '.join((*over, *under))} alone leaves the range of the dtype"
    return None


def brought_back(program: Program, keys: Collection[str]) -> str | None:
    """For a sum along an axis or an exponential that a factor below 1 brings back into the range.

    The sum of the squares of d errors may overflow where their mean does not, and exp(x) where exp(x)/2 does not: in
    the last factor d, or 2, of the range. A float32 kernel adds up in double precision, so that there the sum is no
    such step.
    """
    statements = {statement.target: statement for statement in program.statements}
    facts = Signs(program).facts()
    steps = set()

    def walk(e: Any, reduced: bool) -> None:
        if reduced and _is_exponential(e) and facts.range(e.args[0]).high > _LARGE:
            steps.add("an exponential")
        if isinstance(e, Read) and e.tensor in statements:
            step = statements[e.tensor]
            added_up = step.operation == "sum" and bool(step.over)
            if reduced and added_up and facts.range(step.body).high == sympy.oo:
                steps.add(f"a sum over {' and '.join(step.over)} in float64")
            visit(e.tensor, reduced and step.operation in ("map", "sum"))
        reduced = reduced or (e.is_Mul and any(_is_small(factor) for factor in e.args))
        for inner in e.args:
            walk(inner, reduced)

    @cache
    def visit(target: str, reduced: bool) -> None:
        walk(statements[target].body, reduced)

    for key in keys:
        visit(program.outputs[key], False)
    if not steps:
        return None
    return f"not where {' or '.join(sorted(steps))} leaves the range of the dtype before a factor brings it back"


def reciprocal_of_norm(program: Program, keys: Collection[str]) -> str | None:
    """For a product with a direction where the Hessian has the reciprocal of a norm, which a short direction outweighs.

    The reciprocal is formed once per sample, with the coefficients, and multiplied by each entry of the direction.
    """
    if not any(tensor.role == "direction" for tensor in program.tensors.values()):
        return None
    norms = {statement.target for statement in program.statements if statement.operation == "norm"}
    used = without_dead_statements(program, keys)
    for e in (e for statement in used.statements for e in sympy.preorder_traversal(statement.body)):
        if isinstance(e, sympy.Pow) and isinstance(e.base, Read) and e.base.tensor in norms and e.exp < 0:
            return "not where the reciprocal of a norm, times its coefficients, leaves the range of the dtype"
    return None


def _is_small(factor: Any) -> bool:
    if factor.is_Rational:
        return bool(0 < abs(factor) < 1)
    return isinstance(factor, sympy.Pow) and isinstance(factor.base, SizeSymbol) and bool(factor.exp < 0)


def _is_exponential(e: Any) -> bool:
    record = record_of(e)
    return record is not None and record.arity == 1 and _grows(record.name)


@cache
def _grows(name: str) -> bool:
    with mp.workprec(100):
        try:
            return bool(RECORDS[name].exact(mpf(_FAR)) > mpf(_FAR) ** 6)
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            return False


def _is_data(program: Program, name: str) -> bool:
    return name in program.tensors and program.tensors[name].role in INPUT_ROLES


__all__ = ["brought_back", "out_of_range", "quotient_of_units", "reciprocal_of_norm"]
