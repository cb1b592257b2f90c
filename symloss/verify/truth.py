"""What the quantity really is at a point, from the calculus, and a difference quotient that confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from typing import Any

from mpmath import mp, mpf

from symloss.calculus.forward import hessian_vector_product
from symloss.calculus.hessian import Refusal, hessian_diagonal
from symloss.calculus.reverse import gradient
from symloss.oracle import Interpreter, evaluate_adaptively, numbers
from symloss.program import Program
from symloss.verify.points import Point, Values
from symloss.verify.question import Quantity

#: Relative digits on which two runs agree.
DIGITS = 40
#: Bits of the step of a difference quotient, and of its working precision.
_STEP_BITS, _WORK_BITS = 120, 700


class Truth:
    """The quantity at exact points."""

    def __init__(self, base: Program, quantity: Quantity) -> None:
        """Derive what is asked for from the textbook formula, unchanged."""
        self.base, self.quantity = base, quantity
        self._value = Interpreter(base)
        self._term = next(iter(base.outputs))
        self._diagonal: Interpreter | None = None
        self._product: Interpreter | None = None
        predictions = [tensor.name for tensor in base.tensors.values() if tensor.role == "prediction"]
        wrt = quantity.wrt
        if quantity.kind == "gradient":
            self._gradient = Interpreter(gradient(base, [wrt]), [f"grad {wrt}"])
        elif quantity.kind in ("hvp", "hessian_diag"):
            # The calculus gives second derivatives by predictions; an input of another role is taken for one here.
            program = base if wrt in predictions else _as_prediction(base, wrt)
            names = predictions if wrt in predictions else [wrt]
            slopes = gradient(program, names)
            if quantity.kind == "hessian_diag":
                with suppress(Refusal):
                    self._diagonal = Interpreter(hessian_diagonal(slopes, program), [f"diag {wrt}"])
            if self._diagonal is None:
                self._product = Interpreter(hessian_vector_product(slopes, program), [f"hvp {wrt}"])
            self._names = names

    def at(self, point: Point) -> Values:
        """The quantity by index.

        Raises:
            ArithmeticError: it could not be settled.
        """
        wrt = self.quantity.wrt
        if self.quantity.kind == "value":
            return self._run(self._value, point, {})[self._term]
        if self.quantity.kind == "gradient":
            return self._run(self._gradient, point, {})[f"grad {wrt}"]
        if self._diagonal is not None:
            return self._run(self._diagonal, point, {})[f"diag {wrt}"]
        assert self._product is not None  # one of the two exists
        if self.quantity.kind == "hvp":
            return self._run(self._product, point, directions_of(point, self._names))[f"hvp {wrt}"]
        found: Values = {}
        for index in self.indices(point):
            directions = self._unit(point, index)
            found[index] = self._run(self._product, point, directions)[f"hvp {wrt}"][index]
        return found

    def indices(self, point: Point) -> list[tuple[int, ...]]:
        """The indices of what the derivative is taken by."""
        return list(product(*(range(point.sizes[axis]) for axis in self.base.tensors[self.quantity.wrt].axes)))

    def _unit(self, point: Point, index: tuple[int, ...]) -> dict[str, Values]:
        unit = {f"_v_{name}": dict.fromkeys(_indices(self.base, name, point), 0) for name in self._names}
        unit[f"_v_{self.quantity.wrt}"][index] = 1
        return unit

    def _run(self, interpreter: Interpreter, point: Point, directions: Mapping[str, Values]) -> dict[str, Values]:
        seeds = {
            tensor.name: dict.fromkeys(product(*(range(point.sizes[axis]) for axis in tensor.axes)), 1)
            for tensor in interpreter.program.tensors.values()
            if tensor.role == "seed"
        }
        given = {**point.tensors, **seeds, **directions}
        present = {name: values for name, values in given.items() if name in interpreter.program.tensors}
        parameters = {n: v for n, v in point.parameters.items() if n in interpreter.program.tensors}
        return evaluate_adaptively(interpreter, point.sizes, present, parameters, DIGITS)

    # --- confirmation -----------------------------------------------------------------------------------------------

    def confirmed(self, point: Point, index: tuple[int, ...], value: Any) -> bool | None:
        """Whether a difference quotient of the formula itself agrees; None where it cannot tell (at a kink)."""
        if self.quantity.kind == "value" or not mp.isfinite(value):
            return None
        with mp.workprec(_WORK_BITS):
            quotient, spread = self._quotient(point, index)
            if not mp.isfinite(quotient):
                return None
            tolerance = mp.ldexp(1, -60)
            if abs(quotient - value) <= tolerance * max(abs(value), mpf(1)):
                return True
            return None if spread > tolerance * max(abs(quotient), mpf(1)) else False

    def _quotient(self, point: Point, index: tuple[int, ...]) -> tuple[Any, Any]:
        """A difference quotient and how far one of twice the step is from it."""
        step = mp.ldexp(1, -_STEP_BITS)
        first, second = (self._difference(point, index, size) for size in (step, 2 * step))
        return first, abs(first - second)

    def _difference(self, point: Point, index: tuple[int, ...], h: Any) -> Any:
        e = {self.quantity.wrt: {index: mpf(1)}}
        if self.quantity.kind == "gradient":
            return (self._total(point, (e, h)) - self._total(point, (e, -h))) / (2 * h)
        if self.quantity.kind == "hessian_diag":
            middle = 2 * self._total(point)
            return (self._total(point, (e, h)) - middle + self._total(point, (e, -h))) / h**2
        v = {name: directions_of(point, self._names)[f"_v_{name}"] for name in self._names}
        corners = [((e, a * h), (v, b * h), a * b) for a in (1, -1) for b in (1, -1)]
        return sum(sign * self._total(point, one, two) for one, two, sign in corners) / (4 * h**2)

    def _total(self, point: Point, *moves: tuple[Mapping[str, Values], Any]) -> Any:
        """The sum of all values with some inputs moved."""
        tensors: dict[str, Values] = {
            name: {index: numbers.number(value) for index, value in values.items()} if name in _moved(moves) else values
            for name, values in point.tensors.items()
        }
        parameters = dict(point.parameters)
        for direction, size in moves:
            for name, values in direction.items():
                for index, value in values.items():
                    if name in parameters:
                        parameters[name] = numbers.number(parameters[name]) + size * value
                    else:
                        tensors[name][index] += size * numbers.number(value)
        present = {name: values for name, values in tensors.items() if name in self.base.tensors}
        found = self._value.evaluate(point.sizes, present, parameters, _WORK_BITS)
        return mp.fsum(value for values in found.values() for value in values.values())


def _moved(moves: tuple[tuple[Mapping[str, Values], Any], ...]) -> set[str]:
    return {name for direction, _ in moves for name in direction}


def _indices(program: Program, name: str, point: Point) -> list[tuple[int, ...]]:
    return list(product(*(range(point.sizes[axis]) for axis in program.tensors[name].axes)))


def directions_of(point: Point, names: list[str]) -> dict[str, Values]:
    """The directions under the calculus's own names; one called ``v`` belongs to the only prediction."""
    return {
        f"_v_{name}": dict(point.tensors[f"v_{name}"] if f"v_{name}" in point.tensors else point.tensors["v"])
        for name in names
    }


def _as_prediction(program: Program, name: str) -> Program:
    """The program with one input or parameter as its only prediction."""
    from dataclasses import replace

    roles = {"prediction": "target"}
    tensors = {
        key: replace(tensor, role="prediction" if key == name else roles.get(tensor.role, tensor.role))
        for key, tensor in program.tensors.items()
    }
    return program.replacing(tensors=tensors)
