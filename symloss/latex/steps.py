"""A derivation in numbered steps, the same for the terminal and for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symloss.program import Program, Read, Statement, exact_arithmetic, reads_of, rename_axes, substitute

#: A formula with more operations than this gets no more written into it.
READABLE = 20

#: What has no more operations than this is written out wherever it is used.
SHORT = 3


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
    return Step(f"Rewrite ({reason}):" if code else f"Rewrite: {reason}.", stable, code=code)


def result(program: Program, output: str) -> tuple[Statement, tuple[Statement, ...]]:
    """An output in as few formulas as stay readable; derivatives of the reduced loss are set to 1.

    What is used once, or is short, is inserted where it is used; nothing is written out twice.

    Returns:
        The statement, and those to which it still refers, in order.
    """
    with exact_arithmetic():
        target = program.outputs[output]
        live = _live(program, target)
        kept: dict[str, Statement] = {}
        uses = Counter(read.tensor for statement in live for read in _occurrences(statement))
        for statement in (_with_unit_seeds(program, statement) for statement in live):
            kept[statement.target] = _mapped(statement, lambda expression: _inserted(expression, kept, uses))
    needed = _live(program.replacing(statements=tuple(kept.values())), target)
    return needed[-1], needed[:-1]


def _live(program: Program, target: str) -> tuple[Statement, ...]:
    """The statements that a target needs, itself last."""
    wanted, found = {target}, []
    for statement in reversed(program.statements):
        if statement.target in wanted:
            found.append(statement)
            wanted |= {read.tensor for read in statement.reads}
    return tuple(reversed(found))


def _occurrences(statement: Statement) -> list[Read]:
    """Every read as often as it is written."""
    nodes = (node for part in (statement.body, statement.guard) for node in sympy.preorder_traversal(part))
    return [inner for node in nodes if isinstance(node, Read) for inner in (node, *_inside(node))]


def _inside(read: Read) -> list[Read]:
    return [inner for entry in read.index for inner in reads_of(entry)]


def _inserted(expression: sympy.Expr, kept: Mapping[str, Statement], uses: Mapping[str, int]) -> sympy.Expr:
    """An expression with element-wise intermediates written out, where that makes it easier to read."""
    for read in sorted(expression.atoms(Read), key=str):
        statement = kept.get(read.tensor)
        if statement is None or statement.operation != "map":
            continue
        size = sympy.count_ops(statement.body)
        if size > SHORT and (uses[read.tensor] > 1 or size + sympy.count_ops(expression) > READABLE):
            continue
        body = rename_axes(statement.body, dict(zip(statement.out, read.index, strict=True)))
        expression = substitute(expression, {read: body})
    return expression


def _with_unit_seeds(program: Program, statement: Statement) -> Statement:
    seeds = {name for name, tensor in program.tensors.items() if tensor.role == "seed"}
    units = {read: sympy.S.One for read in statement.reads if read.tensor in seeds}
    return _mapped(statement, lambda expression: substitute(expression, units)) if units else statement


def _mapped(statement: Statement, change: Callable[[sympy.Expr], sympy.Expr]) -> Statement:
    return replace(statement, body=change(statement.body), guard=change(statement.guard))
