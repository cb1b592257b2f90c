"""The textbook formula as one scalar SymPy expression per output, differentiated by SymPy itself.

At small sizes every reduction is written out and every atom is replaced by its textbook definition. What SymPy then
derives is evaluated at exact points with a precision that rises until its errors are known to be small. Nothing here is
shared with `symloss.calculus`; off the kinks the two must agree to every digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property, reduce
from itertools import product
from typing import Any

import sympy

from symloss.atoms.record import RECORDS, AtomRecord, record_of
from symloss.oracle.expressions import Evaluation
from symloss.oracle.interpreter import Values, settle
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement

Index = tuple[int, ...]
Expressions = dict[Index, Any]

_MAXIMUM = {"max": sympy.Ge, "min": sympy.Le}


@cache
def _template(name: str) -> tuple[Any, tuple[Any, ...]]:
    """An atom's textbook definition with a symbol in each place."""
    record = RECORDS[name]
    places = tuple(sympy.Dummy(name, real=True) for name in record.arguments)
    return sympy.sympify(record.textbook(*places)), places


def _first_true(branches: list[tuple[Any, Any]]) -> Any:
    """A Piecewise without the branches that are known to be false or to come after a true one."""
    kept = []
    for value, condition in branches:
        if condition == sympy.false:
            continue
        kept.append((value, condition))
        if condition == sympy.true:
            break
    if not kept:
        return sympy.nan
    return kept[0][0] if kept[0][1] == sympy.true else sympy.Piecewise(*kept, evaluate=False)


class Unrolled:
    """A textbook program at fixed small sizes.

    Attributes:
        symbols: per tensor of real numbers one symbol per index.
        outputs: per output of the program its expressions by index.
    """

    def __init__(self, program: Program, sizes: Mapping[str, int], labels: Mapping[str, Any] | None = None) -> None:
        """Write the program out.

        Args:
            program: a program as the language gives it, before any rewriting.
            sizes: the length of every axis that is not `like` another or fixed.
            labels: the values of the integer inputs, by name, as nested lists or by index.
        """
        self.program = program
        self.sizes = {axis: program.axes[program.root(axis)].size or sizes[program.root(axis)] for axis in program.axes}
        self.frozen: dict[Any, Any] = {}
        self._frozen_by_value: dict[Any, Any] = {}
        self.symbols: dict[str, dict[Index, Any]] = {}
        self._values: dict[str, Expressions] = {}
        for name, tensor in program.tensors.items():
            if tensor.domain.integer:
                self._values[name] = {
                    index: sympy.Integer(int(_entry((labels or {})[name], index)))
                    for index in self._indices(tensor.axes)
                }
            else:
                self.symbols[name] = self._new_symbols(name, tensor.axes)
                self._values[name] = dict(self.symbols[name])
        self._seeds: dict[str, dict[Index, Any]] = {}
        for statement in program.statements:
            self._values[statement.target] = {
                index: self._element(statement, index) for index in self._indices(statement.out)
            }
        self.outputs = {key: self._values[target] for key, target in program.outputs.items()}

    def _indices(self, axes: Iterable[str]) -> Iterable[Index]:
        return product(*(range(self.sizes[axis]) for axis in axes))

    def _new_symbols(self, name: str, axes: Iterable[str]) -> dict[Index, Any]:
        return {index: sympy.Dummy("_".join(map(str, (name, *index))), real=True) for index in self._indices(axes)}

    def _element(self, statement: Statement, index: Index) -> Any:
        bodies = []
        for inner in self._indices(statement.over):
            place = dict(zip((*statement.out, *statement.over), (*index, *inner), strict=True))
            admitted = self._expand(statement.guard, place)
            if admitted == 0:
                continue
            bodies.append((self._expand(statement.body, place), admitted))
        return self._reduced(statement.operation, bodies)

    def _reduced(self, operation: str, bodies: list[tuple[Any, Any]]) -> Any:
        """One reduction written out; a guard that depends on real values becomes a branch."""

        def kept(body: Any, admitted: Any, otherwise: Any) -> Any:
            if admitted == 1:
                return body
            return _first_true([(body, sympy.Ne(self._freeze(admitted), 0)), (otherwise, sympy.true)])

        if operation in ("map", "sum"):
            return sympy.Add(*(kept(body, admitted, sympy.S.Zero) for body, admitted in bodies))
        if operation == "norm":
            return sympy.sqrt(sympy.Add(*(kept(body**2, admitted, sympy.S.Zero) for body, admitted in bodies)))
        if operation == "logsumexp":
            if not bodies:
                return -sympy.oo
            return sympy.log(sympy.Add(*(kept(sympy.exp(body), admitted, sympy.S.Zero) for body, admitted in bodies)))
        wins, empty = _MAXIMUM[operation], -sympy.oo if operation == "max" else sympy.oo
        values = [kept(body, admitted, empty) for body, admitted in bodies]
        if not values:
            return empty
        if len(values) == 1:
            return values[0]
        # The winners' mean: each of those that tie has an equal share of the slope.
        frozen = [self._freeze(value) for value in values]
        won = [
            reduce(sympy.And, (wins(here, other) for other in frozen if other is not here), sympy.true)
            for here in frozen
        ]

        def counted(parts: list[Any]) -> Any:
            return sympy.Add(
                *(_first_true([(part, win), (sympy.S.Zero, sympy.true)]) for part, win in zip(parts, won, strict=True))
            )

        return counted(values) / counted([sympy.S.One] * len(values))

    def _expand(self, expression: Any, place: Mapping[str, int]) -> Any:
        """An expression at one place: leaves become symbols and numbers, atoms their textbook definitions."""
        memo: dict[Any, Any] = {}

        def visit(e: Any) -> Any:
            if e not in memo:
                memo[e] = build(e)
            return memo[e]

        def build(e: Any) -> Any:
            if isinstance(e, Read):
                index = tuple(int(visit(entry)) for entry in e.index)
                if index not in self._values[e.tensor]:
                    raise IndexError(f"{e.tensor}{list(index)} lies outside the tensor")
                return self._values[e.tensor][index]
            if isinstance(e, AxisSymbol):
                return sympy.Integer(place[e.axis])
            if isinstance(e, SizeSymbol):
                return sympy.Integer(self.sizes[e.axis])
            if not e.args:
                return e
            record = record_of(e)
            if record is None or isinstance(e, sympy.Pow):
                return e.func(*map(visit, e.args))
            if record.name == "where":
                condition = visit(e.args[0])
                if condition.is_Number:
                    return visit(e.args[1] if condition != 0 else e.args[2])
            arguments = [visit(argument) for argument in e.args]
            return self._freeze(arguments[0]) if record.name == "stop_gradient" else self._textbook(record, arguments)

        return visit(expression)

    def _freeze(self, value: Any) -> Any:
        """A symbol that stands for a value and is constant under derivatives."""
        if value.is_Number:
            return value
        if value not in self._frozen_by_value:
            symbol = sympy.Dummy("frozen", real=True)
            self._frozen_by_value[value] = symbol
            self.frozen[symbol] = value
        return self._frozen_by_value[value]

    def _textbook(self, record: AtomRecord, arguments: list[Any]) -> Any:
        """An atom's textbook definition at some arguments; in conditions, whose truth is locally constant, frozen ones.

        SymPy spends minutes on conditions between large expressions, which no derivative needs.
        """
        template, places = _template(record.name)
        values = dict(zip(places, arguments, strict=True))
        frozen = {place: self._freeze(argument) for place, argument in values.items()}

        def fill(e: Any) -> Any:
            if isinstance(e, sympy.Piecewise):
                branches = [(fill(branch), condition.xreplace(frozen)) for branch, condition in e.args]
                return _first_true(branches)
            if e in values:
                return values[e]
            return e.func(*map(fill, e.args)) if e.args else e

        return fill(template)

    @cached_property
    def seeds(self) -> dict[str, dict[Index, Any]]:
        """Per term of the loss the symbols of the derivative of the reduced loss with respect to each value."""
        return {
            key: self._new_symbols(f"seed_{key}", self.program.statement(target).out)
            for key, target in self.program.outputs.items()
        }

    @cached_property
    def directions(self) -> dict[str, dict[Index, Any]]:
        """Per prediction the symbols of the direction of the Hessian-vector product."""
        return {
            name: self._new_symbols(f"v_{name}", tensor.axes)
            for name, tensor in self.program.tensors.items()
            if tensor.role == "prediction"
        }

    @cached_property
    def objective(self) -> Any:
        """The sum of all values, each times its seed."""
        return sympy.Add(
            *(seed * self.outputs[key][index] for key, seeds in self.seeds.items() for index, seed in seeds.items())
        )

    def gradient(self, name: str) -> Expressions:
        """The derivative of the objective with respect to each element of an input or parameter."""
        return {index: sympy.diff(self.objective, symbol) for index, symbol in self.symbols[name].items()}

    def product(self, name: str) -> Expressions:
        """The Hessian of the objective times the directions of all predictions, for one input."""
        return {index: sympy.diff(self._slope, symbol) for index, symbol in self.symbols[name].items()}

    @cached_property
    def _slope(self) -> Any:
        return sympy.Add(
            *(
                direction * sympy.diff(self.objective, self.symbols[name][index])
                for name, directions in self.directions.items()
                for index, direction in directions.items()
            )
        )

    def diagonal(self, name: str) -> Expressions:
        """The second derivative with respect to each element of an input."""
        return {index: sympy.diff(self.objective, symbol, symbol) for index, symbol in self.symbols[name].items()}

    def block(self, row: str, column: str) -> Expressions:
        """All second derivatives, by the index in `row` followed by the index in `column`."""
        return {
            (*i, *j): sympy.diff(first, b)
            for i, first in self.gradient(row).items()
            for j, b in self.symbols[column].items()
        }

    def evaluate(
        self,
        expressions: Mapping[str, Mapping[Index, Any]],
        tensors: Mapping[str, Any],
        seeds: Mapping[str, Any] | None = None,
        directions: Mapping[str, Any] | None = None,
        digits: int = 30,
        limit: int = 1 << 14,
    ) -> dict[str, Values]:
        """Values of expressions of this object at an exact point.

        Args:
            expressions: what to evaluate, by name and index.
            tensors: values of the real inputs and parameters (defaults apply), nested or by index.
            seeds: per term its seeds; 1 by default.
            directions: per prediction its direction.
            digits: relative digits to which every value must be known.
            limit: the largest precision in bits.

        Raises:
            ArithmeticError: some value did not settle, or a point lies exactly on a kink.
        """
        assignment: dict[Any, Any] = {}
        for name, symbols in self.symbols.items():
            given = tensors.get(name, self.program.tensors[name].default)
            if given is not None:
                assignment.update({symbol: _entry(given, index) for index, symbol in symbols.items()})
        for given_by_name, symbols_by_name in ((seeds or {}, self.seeds), (directions or {}, self.directions)):
            for name, symbols in symbols_by_name.items():
                given = given_by_name.get(name, 1)
                assignment.update({symbol: _entry(given, index) for index, symbol in symbols.items()})

        def compute() -> dict[str, Values]:
            point = Evaluation(assignment, self.frozen)
            return {
                key: {index: point.value(expression) for index, expression in by_index.items()}
                for key, by_index in expressions.items()
            }

        return settle(compute, digits, limit)


def _entry(given: Any, index: Index) -> Any:
    """One element of a nested sequence or a mapping by index; a scalar stands for every element."""
    if isinstance(given, Mapping):
        return given[index]
    for position in index:
        if not hasattr(given, "__getitem__"):
            return given
        given = given[position]
    return given
