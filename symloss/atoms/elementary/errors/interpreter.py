"""Runs the graph of a function on a box of arguments: every value as an enclosure with its rounding errors.

A decision that the box does not settle (a comparison, an integer, an exponent) raises `UndecidedError`; the caller
splits the box, or runs it once for each answer.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from symloss.atoms.elementary.errors.graph import Graph, Node
from symloss.atoms.elementary.errors.rounding import Arithmetic, Format, Value
from symloss.atoms.elementary.errors.series import Box, UndefinedError, floor

_COMPARE = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
_INTEGERS = {
    "add": operator.add,
    "sub": operator.sub,
    "and": operator.and_,
    "or": operator.or_,
    "shift_left": operator.lshift,
    "shift_right": operator.rshift,
}


class UndecidedError(Exception):
    """A decision that the box does not settle.

    Attributes:
        node: the number of the operation.
        answers: the possible results.
    """

    def __init__(self, node: int, answers: tuple[Any, ...]) -> None:
        super().__init__(f"operation {node}: {answers}")
        self.node, self.answers = node, answers


@dataclass(frozen=True)
class Pattern:
    """The bit pattern of a positive float, plus an integer, as computed by a node."""

    value: Value
    offset: int
    node: int


class Interpreter:
    """One run: a graph, a format, a box, and the answers to decisions that the box leaves open."""

    def __init__(self, graph: Graph, kind: Format, box: Box, answers: Mapping[int, Any]) -> None:
        self.graph, self.kind, self.answers = graph, kind, answers
        argument = box.argument()
        self.arithmetic = Arithmetic(kind, argument)
        self.argument = self.arithmetic.argument(box.low, box.high)
        self._known: dict[int, Any] = {}

    def run(self) -> Value:
        """The value that the function returns.

        Raises:
            UndecidedError: a decision differs on the box.
            UndefinedError: the result may be infinite or NaN.
        """
        result = self.value(self.graph.result)
        if isinstance(result, Value) and result.beyond:
            raise UndefinedError("the result may be infinite")
        return result if isinstance(result, Value) else self.arithmetic.constant(result)

    def value(self, number: int) -> Any:
        """What a node computes, if it is needed: a `Value`, a NumPy scalar, a truth value or a `Pattern`."""
        if number not in self._known:
            self._known[number] = self._compute(number, self.graph.nodes[number])
        return self._known[number]

    def _compute(self, number: int, node: Node) -> Any:
        match node.operation:
            case "input":
                return self.argument
            case "constant":
                return node.detail
            case "select":
                test, yes, no = node.operands
                return self.value(yes if self.value(test) else no)
            case "convert":
                return self._convert(self.value(node.operands[0]), node.detail)
            case "view":
                return self._view(number, self.value(node.operands[0]), node.detail)
            case "neg" | "abs":
                return self._sign(number, node.operation, self.value(node.operands[0]))
        left, right = (self.value(operand) for operand in node.operands)
        if node.operation in _COMPARE:
            return self._compare(number, node.operation, left, right)
        if isinstance(left, Pattern) or isinstance(right, Pattern):
            return self._pattern(number, node.operation, left, right)
        if isinstance(left, bool | np.bool_ | np.integer) and isinstance(right, bool | np.bool_ | np.integer):
            with np.errstate(over="ignore"):
                return _INTEGERS[node.operation](left, right)
        return self._arithmetic(number, node, left, right)

    def _arithmetic(self, number: int, node: Node, left: Any, right: Any) -> Any:
        if not isinstance(left, Value) and not isinstance(right, Value):
            exact = self._exactly(node.operation, left, right)
            if exact is not None:
                return exact
        x, y = (v if isinstance(v, Value) else self.arithmetic.constant(v) for v in (left, right))
        if x.beyond or y.beyond:
            raise UndefinedError("a value may be infinite")
        own = tuple(
            symbol
            for operand, v in zip(node.operands, (x, y), strict=True)
            if self._single(operand)
            for symbol in v.own
        )
        match node.operation:
            case "add" | "sub":
                value = self.arithmetic.sum(node.operation, x, y, own)
            case "mul":
                value = self.arithmetic.product(x, y, own)
            case "div":
                value = self.arithmetic.quotient(x, y, own)
            case other:
                raise UndefinedError(f"{other} of floats")
        return self._integral(number, value)

    def _single(self, operand: int) -> bool:
        """Whether a value has one use and is computed here, not handed on from another node."""
        return self.graph.uses[operand] == 1 and self.graph.nodes[operand].operation in ("add", "sub", "mul", "div")

    def _exactly(self, operation: str, left: Any, right: Any) -> Any:
        """The result for two constants; None for a rounded product, which may be fused."""
        with np.errstate(all="ignore"):
            match operation:
                case "add":
                    return left + right
                case "sub":
                    return left - right
                case "div":
                    return left / right
                case "mul":
                    result = left * right
                    wide = np.longdouble(left) * np.longdouble(right) if self.kind.precision < 32 else None
                    exact = result == wide if wide is not None else _is_exact_product(left, right, result)
                    return result if exact else None
        raise UndefinedError(f"{operation} of floats")

    def _integral(self, number: int, value: Value) -> Any:
        """A multiple of 1 in a short range is an integer constant."""
        if value.grid < 0 or value.fused:
            return value
        if number in self.answers:
            return self.answers[number]
        low, high = value.limits()
        if not high - low < 2:
            # A large float is a multiple of 1 as well.
            return value
        first, last = -floor(-low), floor(high)
        integers = tuple(self.kind.type(n) for n in range(first, last + 1))
        if len(integers) == 1:
            return integers[0]
        raise UndecidedError(number, integers)

    def _sign(self, number: int, operation: str, x: Any) -> Any:
        if not isinstance(x, Value):
            return -x if operation == "neg" else abs(x)
        if operation == "neg":
            return self.arithmetic.negative(x)
        low, high = x.limits()
        positive = True if low >= 0 else (False if high <= 0 else self.answers.get(number))
        if positive is None:
            raise UndecidedError(number, (True, False))
        return x if positive else self.arithmetic.negative(x)

    def _compare(self, number: int, operation: str, left: Any, right: Any) -> bool:
        if not isinstance(left, Value) and not isinstance(right, Value):
            return bool(_COMPARE[operation](left, right))
        if left is right:
            return operation in ("le", "ge", "eq")
        sides = []
        for side in (left, right):
            sides.append(side.limits() if isinstance(side, Value) else _ends(side))
        (left_low, left_high), (right_low, right_high) = sides
        certain = {
            "lt": left_high < right_low,
            "le": left_high <= right_low,
            "gt": left_low > right_high,
            "ge": left_low >= right_high,
            "eq": left_low == left_high == right_low == right_high,
            "ne": left_high < right_low or left_low > right_high,
        }
        if certain[operation]:
            return True
        if certain[_OPPOSITE[operation]]:
            return False
        if number in self.answers:
            return bool(self.answers[number])
        raise UndecidedError(number, (True, False))

    def _convert(self, x: Any, kind: Any) -> Any:
        if isinstance(x, Value):
            if kind is not self.kind.type:
                raise UndefinedError(f"a conversion from {self.kind.name} to {kind.__name__}")
            return x
        return x if isinstance(x, Pattern) else kind(x)

    def _view(self, number: int, x: Any, kind: Any) -> Any:
        """Bits of a float as an integer, or an integer as the bits of a float."""
        if isinstance(x, Value):
            return Pattern(x, 0, number)
        if isinstance(x, Pattern):
            mantissa = self.kind.precision - 1
            if kind is not self.kind.type or x.offset % (1 << mantissa):
                raise UndefinedError("bits of a float are changed within its mantissa")
            factor = self.arithmetic.constant(self.kind.type(2.0 ** (x.offset >> mantissa)))
            return self.arithmetic.product(x.value, factor, ())
        return x.view(kind)

    def _top(self, x: Pattern) -> int:
        """The bits above the mantissa."""
        low, high = x.value.limits()
        if not low > 0:
            raise UndefinedError("bits of a float that may be negative or 0")
        shift = self.kind.precision - 1
        first, last = ((_bits(end, self.kind) + x.offset) >> shift for end in (low, high))
        if first == last:
            return first
        if x.node in self.answers:
            return int(self.answers[x.node])
        raise UndecidedError(x.node, tuple(range(first, last + 1)))

    def _pattern(self, number: int, operation: str, left: Any, right: Any) -> Any:
        """Integer arithmetic on the bits of a float: the bits above the mantissa are known, those below are not."""
        if isinstance(right, Pattern):
            left, right = right, left
        shift = self.kind.precision - 1
        if isinstance(right, np.integer):
            match operation:
                case "add":
                    return Pattern(left.value, left.offset + int(right), number)
                case "shift_right" if int(right) == shift:
                    return self.kind.bits(self._top(left))
                case "and" if int(right) == (1 << shift) - 1:
                    return Pattern(left.value, left.offset - (self._top(left) << shift), number)
        raise UndefinedError(f"{operation} on the bits of a float")


def _is_exact_product(left: Any, right: Any, result: Any) -> bool:
    return bool(np.isfinite(result)) and Fraction(float(left)) * Fraction(float(right)) == Fraction(float(result))


def _ends(number: Any) -> tuple[Any, Any]:
    ball = flint.arb(float(number))
    return ball, ball


def _bits(ball: Any, kind: Format) -> int:
    return int(kind.type(float(ball)).view(kind.bits))
