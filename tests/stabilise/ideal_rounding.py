"""A program run with one rounding to double precision per operation, as an ideal kernel would run it.

Atoms are taken as correctly rounded. A logsumexp is kept as its maximum and the rest, as the lowering keeps it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import mpmath
import sympy
from mpmath import mp, mpf

from symloss.atoms import Where, ZeroTimes, record_of
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement

BITS = 53
WIDE = 900


class Parts:
    """A logsumexp T = top + rest."""

    def __init__(self, top: mpf, rest: mpf) -> None:
        self.top, self.rest = top, rest

    @property
    def whole(self) -> mpf:
        return rounded(lambda: self.top + self.rest)


def rounded(compute: Any) -> Any:
    """The value of a computation, exact to many bits, rounded once to a double's precision."""
    with mpmath.workprec(WIDE):
        value = compute()
    with mpmath.workprec(BITS):
        return +value


class Rounding:
    """Runs the statements of a program in order."""

    def __init__(self, program: Program, sizes: Mapping[str, int], arrays: Mapping[str, Any]) -> None:
        self.program, self.sizes = program, sizes
        self.tensors: dict[str, Any] = dict(arrays)

    def run(self) -> dict[str, dict[tuple[int, ...], Any]]:
        for statement in self.program.statements:
            found = {}
            for out in itertools.product(*(range(self.size(a)) for a in statement.out)):
                found[out] = self.reduced(statement, dict(zip(statement.out, out, strict=True)))
            self.tensors[statement.target] = found
        return {key: self.tensors[target] for key, target in self.program.outputs.items()}

    def size(self, axis: str) -> int:
        declared = self.program.axes[axis]
        return declared.size or self.sizes[self.program.root(axis)]

    def reduced(self, statement: Statement, at: dict[str, int]) -> Any:
        if statement.operation == "map":
            return self.value(statement.body, at)
        items = []
        for over in itertools.product(*(range(self.size(a)) for a in statement.over)):
            inside = {**at, **dict(zip(statement.over, over, strict=True))}
            if statement.guard == 1 or self.value(statement.guard, inside) != 0:
                items.append(self.value(statement.body, inside))
        return REDUCTIONS[statement.operation](items)

    def value(self, e: Any, at: dict[str, int]) -> Any:
        found = self.raw(e, at)
        return found.whole if isinstance(found, Parts) else found

    def raw(self, e: Any, at: dict[str, int]) -> Any:
        if isinstance(e, AxisSymbol):
            return mpf(at[e.axis])
        if isinstance(e, SizeSymbol):
            return mpf(self.size(e.axis))
        if isinstance(e, Read):
            index = tuple(int(self.value(entry, at)) for entry in e.index)
            found = self.tensors[e.tensor]
            return found if not isinstance(found, dict) else found[index]
        if e.is_number:
            return rounded(lambda: mpf(e.p) / e.q if e.is_Rational else e._to_mpmath(WIDE))
        if e.is_Add:
            return self.added(list(e.args), at)
        if e.is_Mul:
            product = mpf(1)
            for factor in sorted(e.args, key=lambda f: bool(f.is_Pow and f.exp.is_Number and f.exp < 0)):
                right = self.value(factor, at)
                left = product
                product = rounded(lambda left=left, right=right: left * right)
            return product
        if e.is_Pow:
            base, exponent = self.value(e.base, at), self.value(e.exp, at)
            if base == 0 and exponent < 0:
                return mpf("inf")
            return rounded(lambda: mp.power(base, exponent))
        if isinstance(e, Where):
            return self.value(e.args[1 if self.value(e.args[0], at) != 0 else 2], at)
        if isinstance(e, sympy.Mod):
            a, b = (self.value(argument, at) for argument in e.args)
            return a - b * mp.floor(a / b)
        if isinstance(e, sympy.floor):
            return mp.floor(self.value(e.args[0], at))
        arguments = [self.value(argument, at) for argument in e.args]
        if isinstance(e, ZeroTimes):
            return mpf(0) if arguments[0] == 0 else rounded(lambda: arguments[0] * arguments[1])
        record = record_of(e)
        assert record is not None, e
        return rounded(lambda: mpf(record.exact(*arguments)))

    def added(self, terms: list[Any], at: dict[str, int]) -> mpf:
        numbers, parts = [], []
        for term in terms:
            factor, inner = term.as_coeff_Mul()
            raw = self.raw(inner, at) if factor in (1, -1) else None
            if isinstance(raw, Parts):
                parts.append((raw, factor))
            else:
                numbers.append(self.value(term, at))
        for raw, factor in parts:
            if numbers:
                other = numbers.pop(0)
                top = rounded(lambda raw=raw, factor=factor, other=other: int(factor) * raw.top + other)
                numbers.append(rounded(lambda top=top, raw=raw, factor=factor: top + int(factor) * raw.rest))
            else:
                numbers.append(int(factor) * raw.whole)
        result = numbers[0]
        for number in numbers[1:]:
            left = result
            result = rounded(lambda left=left, number=number: left + number)
        return result


def _sum(items: list[Any]) -> mpf:
    return rounded(lambda: mp.fsum(items))


def _logsumexp(items: list[Any]) -> Any:
    if not items:
        return mpf("-inf")
    top = max(items)
    others = list(items)
    others.remove(top)
    return Parts(top, rounded(lambda: mp.log1p(mp.fsum(mp.exp(rounded(lambda x=x: x - top)) for x in others))))


REDUCTIONS = {
    "sum": _sum,
    "max": lambda items: max(items, default=mpf("-inf")),
    "min": lambda items: min(items, default=mpf("inf")),
    "norm": lambda items: rounded(lambda: mp.sqrt(mp.fsum(x * x for x in items))),
    "logsumexp": _logsumexp,
}
