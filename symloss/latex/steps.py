"""A derivation in numbered steps, the same for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss.program import Program, Read, Statement, exact_arithmetic, rename_axes, substitute

#: A result is written out in one formula up to this many operations; beyond, it refers to the steps.
READABLE = 60


@dataclass(frozen=True)
class Step:
    """A sentence and the statements that it announces, in the symbols of one program; ``code`` is a formula as text."""

    text: str
    program: Program
    statements: tuple[Statement, ...] = ()
    code: str = ""


def declared_names(program: Program) -> set[str]:
    """The names that a textbook program gives to inputs, parameters and steps."""
    return {*program.tensors, *(statement.target for statement in program.statements)}


def derivation_steps(derivation: Any) -> list[Step]:
    """The steps from the formula as declared to the gradient: forward, rewritten, reverse, result."""
    textbook, stable, gradient = derivation.textbook, derivation.stable, derivation.gradient
    steps = [Step("Evaluate the loss as it is declared.", textbook, textbook.statements)]
    steps += [_rewriting(rewrite, stable) for rewrite in derivation.rewrites]
    if derivation.rewrites:
        steps.append(Step("This is the form that is differentiated and computed.", stable, stable.statements))
    known = {statement.target for statement in stable.statements}
    results = {target for key, target in gradient.outputs.items() if key.startswith("grad ")}
    reverse = tuple(s for s in gradient.statements if s.target not in known and s.target not in results)
    if reverse:
        steps.append(Step("Go back from the loss to its inputs by the chain rule.", gradient, reverse))
    for key, target in gradient.outputs.items():
        if key.startswith("grad "):
            name = key.removeprefix("grad ")
            steps.append(Step(f"The derivative by {name}.", gradient, (gradient.statement(target),)))
    return steps


def _rewriting(rewrite: str, stable: Program) -> Step:
    """A rewriting, "this -> that: the reason", as a step."""
    code, _, reason = rewrite.rpartition(": ")
    return Step(f"Rewrite, because {reason}." if code else f"Rewrite: {reason}.", stable, code=code)


def result(program: Program, output: str) -> tuple[Statement, tuple[Statement, ...]]:
    """An output in one formula: intermediate values inserted, derivatives of the reduced loss set to 1.

    Returns:
        The statement, and the reductions to which it still refers, in order.
    """
    with exact_arithmetic():
        plain = program.replacing(statements=tuple(_with_unit_seeds(program, s) for s in program.statements))
        insert = _inserter(plain)
        statement = _mapped(plain.statement(plain.outputs[output]), insert)
        shown: dict[str, Statement] = {}
        pending = [statement]
        while pending:
            for read in pending.pop().reads:
                if read.tensor not in plain.tensors and read.tensor not in shown:
                    part = _mapped(plain.statement(read.tensor), insert)
                    shown[read.tensor] = part
                    pending.append(part)
    order = [statement.target for statement in program.statements]
    return statement, tuple(sorted(shown.values(), key=lambda part: order.index(part.target)))


def _with_unit_seeds(program: Program, statement: Statement) -> Statement:
    seeds = {name for name, tensor in program.tensors.items() if tensor.role == "seed"}
    units = {read: sympy.S.One for read in statement.reads if read.tensor in seeds}
    return _mapped(statement, lambda expression: substitute(expression, units)) if units else statement


def _mapped(statement: Statement, change: Callable[[sympy.Expr], sympy.Expr]) -> Statement:
    return replace(statement, body=change(statement.body), guard=change(statement.guard))


def _inserter(program: Program) -> Callable[[sympy.Expr], sympy.Expr]:
    """Replace reads of element-wise intermediates by what they stand for, while the result stays readable."""
    maps = {statement.target: statement for statement in program.statements if statement.operation == "map"}

    def insert(expression: sympy.Expr) -> sympy.Expr:
        kept: set[Read] = set()
        while True:
            candidates = sorted((r for r in expression.atoms(Read) if r.tensor in maps and r not in kept), key=str)
            if not candidates:
                return expression
            statement = maps[candidates[0].tensor]
            body = rename_axes(statement.body, dict(zip(statement.out, candidates[0].index, strict=True)))
            grown = substitute(expression, {candidates[0]: body})
            if sympy.count_ops(grown) > max(READABLE, sympy.count_ops(expression)):
                kept.add(candidates[0])
            else:
                expression = grown

    return insert
