"""The derivative of a quotient by its denominator, in terms of the quotient itself."""

from __future__ import annotations

from typing import Any

from symloss.calculus.extension import running
from symloss.program import Program, Read, Statement, reads_of


def own_quotient(program: Program, statement: Statement, denominator: Read) -> Any | None:
    """The derivative of a statement T = x/N by a norm N as -T/N; None where the statement is no such quotient.

    An entry of a unit vector is never larger than 1, while x/N² is infinity over infinity where x is infinite, and
    beyond the largest number where x is small.
    """
    norms = {s.target for s in program.statements if s.operation == "norm"}
    body = statement.body
    if statement.operation != "map" or denominator.tensor not in norms or not body.is_Mul:
        return None
    inverse = 1 / denominator
    others = [factor for factor in body.args if factor != inverse]
    if len(others) == len(body.args) or any(denominator in reads_of(factor) for factor in others):
        return None
    return -Read(statement.target, running(statement.out)) * inverse
