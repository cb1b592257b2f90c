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
    """A sentence and the statements that it announces, in the symbols of one program."""

    text: str
    program: Program
    statements: tuple[Statement, ...] = ()


def derivation_steps(derivation: Any) -> list[Step]:
    """The steps from the formula as declared to the gradient: forward, rewritten, reverse, result."""
    textbook, stable, gradient = derivation.textbook, derivation.stable, derivation.gradient
    steps = [Step("Evaluate the loss as it is declared.", textbook, textbook.statements)]
    steps += [Step(_sentence(rewrite), stable) for rewrite in derivation.rewrites]
    if derivation.rewrites:
        steps.append(
            Step(
                "In this form it loses no accuracy, and it is the form that is differentiated.",
                stable,
                stable.statements,
            )
        )
    known = {statement.target for statement in stable.statements}
    results = {target for key, target in gradient.outputs.items() if key.startswith("grad ")}
    reverse = tuple(s for s in gradient.statements if s.target not in known and s.target not in results)
    if reverse:
        steps.append(
            Step("Go back from the loss to its inputs; each statement is one use of the chain rule.", gradient, reverse)
        )
    for key, target in gradient.outputs.items():
        if key.startswith("grad "):
            name = key.removeprefix("grad ")
            steps.append(Step(f"The derivative with respect to {name}.", gradient, (gradient.statement(target),)))
    return steps


def result(program: Program, output: str) -> tuple[Statement, tuple[Statement, ...]]:
    """An output in one formula: intermediate values inserted, derivatives of the reduced loss set to 1.

    Returns:
        The statement, and the reductions to which it still refers, in order.
    """
    with exact_arithmetic():
        units = {
            read: sympy.S.One for statement in program.statements for read in statement.reads if _is_seed(program, read)
        }
        insert = _inserter(program)
        statement = _mapped(program.statement(program.outputs[output]), lambda body: insert(substitute(body, units)))
        shown: dict[str, Statement] = {}
        pending = [statement]
        while pending:
            for read in pending.pop().reads:
                if read.tensor in program.tensors or read.tensor in shown:
                    continue
                part = _mapped(program.statement(read.tensor), lambda body: insert(substitute(body, units)))
                shown[read.tensor] = part
                pending.append(part)
    order = [statement.target for statement in program.statements]
    return statement, tuple(sorted(shown.values(), key=lambda part: order.index(part.target)))


def _is_seed(program: Program, read: Read) -> bool:
    return read.tensor in program.tensors and program.tensors[read.tensor].role == "seed"


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


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
