"""The terms of a quantity as the calculus finds it, each with the text that people read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Where
from symloss.calculus import Refusal, gradient, hessian_diagonal, hessian_vector_product
from symloss.latex.steps import result
from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Program, Statement, exact_arithmetic
from symloss.verify.points import Point, Values
from symloss.verify.question import Question
from symloss.verify.truth import DIGITS, directions_of


def terms_of(question: Question, show: Callable[[Statement], str]) -> Iterator[tuple[str, Callable[[Point], Values]]]:
    """Each term of the sum that the quantity is, as text and as a function of the point.

    Args:
        question: the question.
        show: how a statement is written for people.
    """
    derived = _derived(question)
    if derived is None:
        return
    program, output, names = derived
    statement, needed = result(program, output)
    if statement.over:
        return
    with exact_arithmetic():
        body = statement.body if statement.body.is_Add else sympy.expand_mul(statement.body)
    for term in _parts(body):
        part = Statement("_term", statement.out, "map", term)
        interpreter = Interpreter(program.replacing(statements=(*needed, part), outputs={"term": "_term"}))

        def values(point: Point, interpreter: Interpreter = interpreter) -> Values:
            return _values(interpreter, point, names if question.quantity.kind == "hvp" else [])

        shown = show(part).partition(" = ")[2]
        if isinstance(term, Where):
            shown = f"for {show(replace(part, body=term.args[0])).partition(' = ')[2]}"
        yield shown, values


def _parts(body: Any) -> tuple[Any, ...]:
    """The terms of a sum; of a distinction of two cases what the first has beyond the second."""
    if isinstance(body, Where):
        condition, yes, no = body.args
        return (Where(condition, yes - no, 0),)
    return body.args if body.is_Add else ()


def _derived(question: Question) -> tuple[Program, str, list[str]] | None:
    base, quantity = question.base, question.quantity
    names = [tensor.name for tensor in base.tensors.values() if tensor.role == "prediction"]
    if quantity.kind == "gradient":
        return gradient(base, [quantity.wrt]), f"grad {quantity.wrt}", names
    if quantity.wrt not in names:
        return None
    slopes = gradient(base, names)
    if quantity.kind == "hvp":
        return hessian_vector_product(slopes, base), f"hvp {quantity.wrt}", names
    try:
        return hessian_diagonal(slopes, base), f"diag {quantity.wrt}", names
    except Refusal:
        return None


def _values(interpreter: Interpreter, point: Point, names: list[str]) -> Values:
    program = interpreter.program
    given: dict[str, Any] = {**point.tensors, **(directions_of(point, names) if names else {})}
    present = {name: values for name, values in given.items() if name in program.tensors}
    parameters = {name: value for name, value in point.parameters.items() if name in program.tensors}
    return evaluate_adaptively(interpreter, point.sizes, present, parameters, DIGITS)["term"]
