"""Checked expressions → SymPy scalars; reductions on the way become statements. Nothing is made stable here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.language.checking import Checker
from symloss.language.functions import FUNCTIONS, with_own_absolute
from symloss.language.inlining import Inlining
from symloss.language.nodes import (
    Along,
    Call,
    Chain,
    Comparison,
    Expression,
    Indexed,
    Logic,
    Name,
    Negation,
    Number,
    Power,
    Word,
)
from symloss.program import AxisSymbol, Read, rename_axes

if TYPE_CHECKING:
    from symloss.language.elaboration import Elaboration

#: Bounds on constant arithmetic, far above what a loss needs and far below what takes time.
MAX_BITS = 4096
MAX_POWER = 1000
_LARGEST = sympy.Integer(2) ** MAX_BITS
_NOT_REAL = "this constant expression is not a real number"


class Builder:
    """Builds one expression."""

    def __init__(self, elaboration: Elaboration, checker: Checker) -> None:
        self.elaboration, self.checker, self.scope = elaboration, checker, elaboration.scope
        self._builds: dict[type[Expression], Any] = {
            Number: lambda node: node.value,
            Name: self._name,
            Indexed: self._indexed,
            Negation: lambda node: -self.real(node.operand),
            Chain: self._chain,
            Power: self._power,
            Comparison: self._comparison,
            Logic: self._logic,
            Call: self._call,
            Along: self._along,
        }

    def build(self, node: Expression) -> Any:
        """The expression as a number or an index."""
        found = self._builds[type(node)](node)
        return self._sound(found, node)

    def _sound(self, found: Any, node: Expression) -> Any:
        """Refuse constants that are no real numbers, log(0) or acos(2), and those of absurd size.

        Every constant is bounded before anything is built on it, so that no later step computes with a tower.
        """
        if found.has(sympy.zoo, sympy.nan, sympy.I):
            raise self.checker.fail(_NOT_REAL, node)
        if not found.is_number or found.is_infinite:
            return found
        if found.is_Rational:
            too_large = max(abs(found.p), found.q).bit_length() > MAX_BITS
        else:
            too_large = abs(self._evaluated(found, node)) > _LARGEST
        if too_large:
            raise self.checker.fail("this constant is too large", node)
        return found

    def _evaluated(self, constant: Any, node: Expression) -> Any:
        try:
            value = constant.evalf(15)
        except (TypeError, ValueError, ArithmeticError):
            value = sympy.nan
        if not value.is_Float and not value.is_Rational:
            raise self.checker.fail(_NOT_REAL, node)
        return value

    def real(self, node: Expression) -> Any:
        """The expression where a number is expected: a boolean read becomes 0 or 1."""
        found = self.build(node)
        if isinstance(found, Read) and self.checker.types[node].kind == "condition":
            return atoms.NotEqual(found, 0)
        return found

    def condition(self, node: Expression) -> Any:
        """The expression where a condition is expected."""
        return self.build(node)

    def _name(self, node: Name) -> Any:
        if node.name in self.scope.symbols:
            symbol = self.scope.symbols[node.name]
            return Read(node.name, (), symbol.kind != "real")
        if node.name in self.scope.axes:
            return AxisSymbol(node.name)
        return {"pi": sympy.pi, "oo": sympy.oo}[node.name]

    def _indexed(self, node: Indexed) -> Any:
        if node.name == "size":
            axis = node.index[0]
            return self.elaboration.length(axis.name if isinstance(axis, Name) else "")
        symbol = self.scope.symbols[node.name]
        index = tuple(self.build(entry) for entry in node.index)
        return Read(node.name, index, symbol.kind != "real")

    def _chain(self, node: Chain) -> Any:
        integers = self.checker.types[node].kind == "index"
        total = self.build(node.operands[0]) if integers else self.real(node.operands[0])
        # Sums are put together in one go: SymPy would flatten them anyway, once per operand.
        if set(node.operators) <= {"+", "-"}:
            parts = [total]
            for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                part = self.build(operand) if integers else self.real(operand)
                parts.append(part if operator == "+" else -part)
            return sympy.Add(*parts)
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            right = self.build(operand) if integers else self.real(operand)
            if operator in ("/", "//", "%") and right.is_zero:
                raise self.checker.fail("division by zero", operand)
            total = _OPERATORS[operator](total, right)
            self._sound(total, operand)
        return total

    def _power(self, node: Power) -> Any:
        base, exponent = self.real(node.base), self.real(node.exponent)
        if exponent.is_Number:
            if abs(exponent) > MAX_POWER:
                raise self.checker.fail(f"a constant exponent lies between -{MAX_POWER} and {MAX_POWER}", node.exponent)
            if base == 0 and exponent <= 0:
                raise self.checker.fail("0 to the power of 0 or less is not defined", node)
            if base.is_Rational:
                bits = max(abs(int(base.p)), int(base.q)).bit_length() * abs(exponent)
                if bits > MAX_BITS:
                    raise self.checker.fail("this constant is too large", node)
                if base < 0 and not exponent.is_integer:
                    raise self.checker.fail("a negative number has no real power with a fractional exponent", node)
        return with_own_absolute(sympy.Pow(base, exponent))

    def _comparison(self, node: Comparison) -> Any:
        operands = [
            self.build(operand) if self.checker.types[operand].kind == "index" else self.real(operand)
            for operand in node.operands
        ]
        parts = [
            _COMPARISONS[operator](left, right)
            for operator, left, right in zip(node.operators, operands, operands[1:], strict=False)
        ]
        return parts[0] if len(parts) == 1 else atoms.And(*parts)

    def _logic(self, node: Logic) -> Any:
        operands = [self.condition(operand) for operand in node.operands]
        return {"and": atoms.And, "or": atoms.Or, "not": atoms.Not}[node.operator](*operands)

    def _call(self, node: Call) -> Any:
        if node in self.checker.calls:
            return self._inline(node)
        function = FUNCTIONS[node.function]
        if node.function == "where":
            condition = self.condition(node.arguments[0])
            arguments = [condition, *(self.real(argument) for argument in node.arguments[1:])]
        elif node.function == "number":
            arguments = [self.build(node.arguments[0])]
        else:
            arguments = [self.real(argument) for argument in node.arguments]
        self._check_domains(node, function.record, arguments)
        keywords = {key: value.value for key, value in node.keywords if isinstance(value, Word)}
        return function.build(*arguments, **keywords)

    def _inline(self, node: Call) -> Any:
        """The value of another loss, with the arguments that are no plain reads as statements."""
        call = self.checker.calls[node]
        arguments: dict[str, Any] = {}
        for tensor in (*call.loss.inputs, *call.loss.parameters):
            if tensor.name in call.arguments:
                place = call.arguments[tensor.name]
                argument = self.build(place) if tensor.domain.integer else self.real(place)
                plain = argument.is_Number or isinstance(argument, Read) or tensor.domain.integer
                arguments[tensor.name] = argument if plain else self.elaboration.hoist("map", argument)
            elif tensor.default is not None:
                arguments[tensor.name] = tensor.default
        return Inlining(self.elaboration, self.checker, node, arguments).run()

    def _check_domains(self, node: Call, record: str, arguments: list[Any]) -> None:
        """A constant argument outside the function's domain is a slip that no input can repair."""
        known = atoms.RECORDS.get(record)
        if known is None:
            return
        for argument, domain, place in zip(arguments, known.domains, node.arguments, strict=False):
            if not argument.is_number or argument.is_infinite:
                continue
            if not argument.is_Rational:
                argument = self._evaluated(argument, place)
            if node.function in ("lgamma", "digamma", "trigamma") and abs(argument) > sympy.Integer(10) ** 6:
                raise self.checker.fail(f"the constant argument of {node.function} is too large", place)
            if (domain.contains(argument) == sympy.false and argument != 0) or _is_pole(node.function, argument):
                shown = argument if argument.is_Rational else "this constant"
                raise self.checker.fail(f"{shown} is outside the domain of {node.function}", place)

    # --- reductions ---------------------------------------------------------------------------------------------

    def _bracket(self, node: Along) -> tuple[tuple[str, ...], Any]:
        axes, guards = self.checker.brackets(node)
        conditions = [self.condition(guard) for guard in guards]
        return tuple(axes), atoms.And(*conditions) if len(conditions) > 1 else (*conditions, sympy.S.One)[0]

    def reduction(self, node: Along) -> tuple[str, Any, tuple[str, ...], Any] | None:
        """Operation, body, axes and guard where the node is one reduction of the intermediate representation."""
        if node.function not in ("sum", "max", "min", "logsumexp", "norm"):
            return None
        over, guard = self._bracket(node)
        return node.function, self.real(node.argument), over, guard

    def _along(self, node: Along) -> Any:
        parts = self.reduction(node)
        if parts is not None:
            return self.elaboration.hoist(*parts)
        return {
            "mean": self._mean,
            "softmax": self._softmax,
            "log_softmax": self._log_softmax,
            "cumsum": self._cumsum,
            "rank": self._rank,
            "sort": self._sort,
        }[node.function](node)

    def _mean(self, node: Along) -> Any:
        over, guard = self._bracket(node)
        hoist = self.elaboration.hoist
        total = hoist("sum", self.real(node.argument), over, guard)
        if guard == 1:
            return total / sympy.Mul(*(self.elaboration.length(axis) for axis in over))
        return total / hoist("sum", sympy.S.One, over, guard)

    def _argument(self, node: Along) -> Any:
        """The argument, as a statement of its own where computing it twice would be waste."""
        argument = self.real(node.argument)
        simple = not argument.has(sympy.Function) and argument.count_ops() <= 3
        return argument if simple else self.elaboration.hoist("map", argument)

    def _log_softmax(self, node: Along) -> Any:
        over, guard = self._bracket(node)
        argument = self._argument(node)
        found = argument - self.elaboration.hoist("logsumexp", argument, over, guard)
        return found if guard == 1 else atoms.Where(guard, found, -sympy.oo)

    def _softmax(self, node: Along) -> Any:
        over, guard = self._bracket(node)
        argument = self._argument(node)
        found = sympy.exp(argument - self.elaboration.hoist("logsumexp", argument, over, guard))
        return found if guard == 1 else atoms.Where(guard, found, 0)

    def _cumsum(self, node: Along) -> Any:
        (axis,), guard = self._bracket(node)
        argument = self._argument(node)
        other = self.elaboration.fresh_axis(axis)
        body, admitted = rename_axes(argument, {axis: other}), rename_axes(guard, {axis: other})
        until = atoms.LessEqual(AxisSymbol(other), AxisSymbol(axis))
        return self.elaboration.hoist("sum", body, (other,), until if guard == 1 else atoms.And(until, admitted))

    def _rank(self, node: Along) -> Any:
        return self._rank_of(self._argument(node), self._bracket(node)[0][0])

    def _rank_of(self, argument: Any, axis: str) -> Any:
        """How many items are smaller; of equal ones, those that stand before count."""
        other = self.elaboration.fresh_axis(axis)
        theirs = rename_axes(argument, {axis: other})
        tied = atoms.And(atoms.Equal(theirs, argument), atoms.Less(AxisSymbol(other), AxisSymbol(axis)))
        return self.elaboration.hoist("sum", sympy.S.One, (other,), atoms.Or(atoms.Less(theirs, argument), tied))

    def _sort(self, node: Along) -> Any:
        (axis,), _ = self._bracket(node)
        argument = self._argument(node)
        rank = self._rank_of(argument, axis)
        other = self.elaboration.fresh_axis(axis)
        here = atoms.Equal(rename_axes(rank, {axis: other}), AxisSymbol(axis))
        return self.elaboration.hoist("sum", rename_axes(argument, {axis: other}), (other,), here)


def _is_pole(function: str, argument: Any) -> bool:
    if function in ("lgamma", "digamma", "trigamma"):
        return bool(argument.is_integer and argument <= 0)
    return function in ("log", "log2") and argument == 0


_OPERATORS: dict[str, Any] = {
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: sympy.floor(a / b),
    "%": sympy.Mod,
}
_COMPARISONS: dict[str, Any] = {
    "<": atoms.Less,
    "<=": atoms.LessEqual,
    ">": lambda a, b: atoms.Less(b, a),
    ">=": lambda a, b: atoms.LessEqual(b, a),
    "==": atoms.Equal,
    "!=": atoms.NotEqual,
}
