"""What rounding can do to a program's outputs, as programs of their own.

`magnitudes`, Σ|terms|: every sum replaced by the sum of the magnitudes of its terms. It bounds what rounding can do to
a result that cancels; where all terms have one sign it is the result's own magnitude.

`underflows`: by how much outputs move if every product and function on the way moves by 1. Below the normal range
rounding makes an absolute error, which later factors multiply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Absolute, Where, ZeroTimes, record_of
from symloss.program import Program, Read, Statement, exact_arithmetic

_PREFIX = "_magnitude_of_"
_UNDERFLOW = "_underflow_of_"


def _with_companions(program: Program, keys: list[str], enter: Callable[..., str]) -> Program:
    """The program with statements beside its own; ``enter`` adds those that a target needs and names the last."""
    with exact_arithmetic():
        known = {statement.target: statement for statement in program.statements}
        found: dict[str, Statement] = {}
        outputs = {key: enter(program.outputs[key], known, found) for key in keys}
    return program.replacing(statements=(*program.statements, *found.values()), outputs=outputs)


def magnitudes(program: Program, keys: list[str]) -> Program:
    """A program with the same output keys, which hold the magnitudes."""
    return _with_companions(program, keys, _of_statement)


def _of_statement(target: str, known: Mapping[str, Statement], found: dict[str, Statement]) -> str:
    """The name of the statement that holds the magnitude of ``target``; it is entered after what it reads."""
    name = _PREFIX + target
    if name not in found:
        statement = known[target]
        body = _of(statement.body, known, found)
        found[name] = replace(statement, target=name, body=body)
    return name


def _of(expression: Any, known: Mapping[str, Statement], found: dict[str, Statement]) -> Any:
    if expression.is_Add or expression.is_Mul:
        return expression.func(*(_of(part, known, found) for part in expression.args))
    if isinstance(expression, Read):
        statement = known.get(expression.tensor)
        if statement is not None and statement.operation in ("map", "sum"):
            return Read(_of_statement(expression.tensor, known, found), expression.index)
        return Absolute(expression)
    record = record_of(expression)
    if record is not None and record.name == "where":
        condition, first, second = expression.args
        return Where(condition, _of(first, known, found), _of(second, known, found))
    if record is not None and record.name == "zero_times":
        return ZeroTimes(*(_of(part, known, found) for part in expression.args))
    return abs(expression) if expression.is_Number else Absolute(sympy.sympify(expression))


def underflows(program: Program, keys: list[str]) -> Program:
    """A program with the same output keys, which hold what an error of 1 in every step does, to first order."""
    return _with_companions(program, keys, _underflow_of_statement)


def _underflow_of_statement(target: str, known: Mapping[str, Statement], found: dict[str, Statement]) -> str:
    name = _UNDERFLOW + target
    if name not in found:
        statement = known[target]
        summed = statement.operation in ("map", "sum")
        body = _underflow_of(statement.body, known, found) if summed else sympy.S.One
        found[name] = replace(statement, target=name, body=body)
    return name


def _underflow_of(expression: Any, known: Mapping[str, Statement], found: dict[str, Statement]) -> Any:
    def inner(part: Any) -> Any:
        return _underflow_of(part, known, found)

    if isinstance(expression, Read):
        if expression.tensor not in known:
            return sympy.S.Zero
        return Read(_underflow_of_statement(expression.tensor, known, found), expression.index)
    if not expression.args:
        return sympy.S.Zero
    record = record_of(expression)
    name = "" if record is None else record.name
    if expression.is_Add:
        return sympy.Add(*map(inner, expression.args))
    if expression.is_Mul or name == "zero_times":
        # A change of sign rounds nothing.
        moved = sympy.S.Zero if expression.args[0] == -1 and len(expression.args) == 2 else sympy.S.One
        for place, part in enumerate(expression.args):
            others = (Absolute(other) for at, other in enumerate(expression.args) if at != place)
            moved += ZeroTimes(inner(part), sympy.Mul(*others))
        return moved
    if name == "where":
        condition, first, second = expression.args
        return Where(condition, inner(first), inner(second))
    if expression.is_Pow and expression.exp.is_Number:
        base, exponent = expression.args
        return 1 + ZeroTimes(inner(base), abs(exponent) * Absolute(base) ** (exponent - 1))
    return sympy.S.One
