"""Forward mode over statements, and the Hessian-vector product as forward mode over the gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy

from symloss.atoms import Where
from symloss.calculus.extension import Extension, running
from symloss.calculus.scalar import Finite, tangent, times
from symloss.calculus.simplify import simplify
from symloss.program import Program, Read, Statement, Tensor, exact_arithmetic

Expr = Any


def hessian_vector_product(gradient_program: Program, base: Program) -> Program:
    """The gradient program with the outputs ``"hvp x"`` for each prediction x appended.

    The directions are the tensors ``_v_<prediction>``; cross terms between predictions are included; seeds are
    constants.

    Args:
        gradient_program: what `reverse.gradient` gives, with ``"grad x"`` for every prediction.
        base: the program that it differentiates.
    """
    with exact_arithmetic():
        extension = Extension(gradient_program)
        predictions = [tensor for tensor in gradient_program.tensors.values() if tensor.role == "prediction"]
        directions: dict[str, str] = {}
        for tensor in predictions:
            direction = Tensor(f"_v_{tensor.name}", tensor.axes, "direction", doc=f"direction for {tensor.name}")
            extension.input(direction)
            directions[tensor.name] = direction.name
        rates = push_forward(extension, directions)
        outputs = dict(gradient_program.outputs)
        for tensor in predictions:
            target = gradient_program.outputs[f"grad {tensor.name}"]
            name = extension.name(f"hvp_{tensor.name}")
            rate = rates.get(target)
            body = sympy.S.Zero if rate is None else Read(rate, running(tensor.axes))
            extension.add(Statement(name, tensor.axes, "map", body))
            outputs[f"hvp {tensor.name}"] = name
        return simplify(extension.result(outputs), base)


def push_forward(extension: Extension, directions: Mapping[str, str]) -> dict[str, str]:
    """Append the tangent of every statement that depends on an input with a direction; gives their names."""
    rates = dict(directions)
    for statement in extension.program.statements:
        body = statement_tangent(statement, lambda read: _rate(read, rates), extension.finite)
        if body == 0:
            continue
        body = times(extension.weight(statement), body, finite=extension.finite)
        name = extension.name(f"tangent_{statement.target}")
        operation = "sum" if statement.over else "map"
        extension.add(replace(statement, target=name, operation=operation, body=body))
        rates[statement.target] = name
    return rates


def statement_tangent(statement: Statement, rate: Callable[[Read], Expr], finite: Finite) -> Expr:
    """The directional derivative of a statement's body."""
    return own_exponential(statement, tangent(statement.body, rate, finite))


def own_exponential(statement: Statement, derivative: Expr) -> Expr:
    """A derivative of a statement that says exp(u), perhaps in a branch: the exponential is read, not computed anew."""
    core = statement.body
    while isinstance(core, Where) and core.args[2] == 0:
        core = core.args[1]
    if statement.operation != "map" or not isinstance(core, sympy.exp) or derivative == 0:
        return derivative
    return derivative.xreplace({core: Read(statement.target, running(statement.out))})


def _rate(read: Read, rates: Mapping[str, str]) -> Expr:
    if read.integer or read.tensor not in rates:
        return sympy.S.Zero
    return Read(rates[read.tensor], read.index)
