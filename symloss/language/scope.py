"""What the names in an expression stand for, and the types that expressions have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import sympy

from symloss.language.indices import Guard, LinearForm, facts_of, linear_form, never_negative
from symloss.language.nodes import Chain, Expression, Indexed, Name, Negation, Number, walk
from symloss.program import Axis, Domain

if TYPE_CHECKING:
    from symloss.language.spec import Spec


@dataclass(frozen=True)
class Symbol:
    """A tensor or scalar that expressions may read.

    ``kind`` is "real", "index" (a label; ``root`` is the axis that it indexes) or "condition" (boolean). ``role`` is
    prediction, target, coefficient, parameter, step, value, or variable (of a claim).
    """

    name: str
    axes: tuple[str, ...]
    kind: str = "real"
    root: str | None = None
    role: str = "step"
    default: sympy.Rational | None = None

    @staticmethod
    def of_domain(
        name: str, axes: tuple[str, ...], domain: Domain, role: str, default: sympy.Rational | None = None
    ) -> Symbol:
        """The symbol for a declared input, parameter or variable."""
        kinds = {"index": "index", "boolean": "condition"}
        return Symbol(name, axes, kinds.get(domain.kind, "real"), domain.axis, role, default)


@dataclass(frozen=True)
class Type:
    """What an expression is.

    ``kind``: "real"; "count" (an integer that may serve as a number too: 2, size[k]); "index" (a running index or a
    label); "condition" (true or false; 1 or 0 where a number is expected). ``axes`` maps each axis on which it
    depends to the place where that axis first occurs; ``root`` is the axis that an index belongs to, if that is known.
    """

    kind: str
    axes: Mapping[str, int] = field(default_factory=dict)
    root: str | None = None

    @property
    def numeric(self) -> bool:
        """Whether it can stand where a real number is expected."""
        return self.kind != "index"

    @property
    def integer(self) -> bool:
        """Whether it can stand where an integer is expected."""
        return self.kind in ("index", "count")


def joined(*types: Type) -> dict[str, int]:
    """The axes of several expressions together."""
    axes: dict[str, int] = {}
    for one in types:
        for axis, place in one.axes.items():
            axes.setdefault(axis, place)
    return axes


@dataclass
class Scope:
    """All names at one point of a specification.

    ``claims`` opens the claim language; ``later`` names the steps that are defined further down and ``current`` the one
    that is being defined, for better messages; ``loss`` finds another loss by name (raising `LookupError` when there
    is none).
    """

    axes: dict[str, Axis]
    symbols: dict[str, Symbol]
    loss: Callable[[str], Spec]
    losses: Callable[[], tuple[str, ...]]
    claims: bool = False
    later: set[str] = field(default_factory=set)
    current: str = ""
    sizes: dict[str, int] = field(default_factory=dict)

    def root(self, axis: str) -> str:
        """The axis whose length an axis shares."""
        like = self.axes[axis].like
        return self.root(like) if like else axis

    def size(self, axis: str) -> int | None:
        """The fixed length of an axis, where it has one."""
        root = self.root(axis)
        return self.axes[root].size or self.sizes.get(root)

    @property
    def batch(self) -> frozenset[str]:
        """The names of the batch axes and of the axes like them that are not second indices."""
        return frozenset(name for name, axis in self.axes.items() if axis.kind == "batch" and axis.like is None)


def in_range(node: Expression, axis: str, scope: Scope, guards: Sequence[Guard] = ()) -> bool:
    """Whether index arithmetic provably stays within an axis, where the guards hold.

    Known: a remainder, arithmetic over axes of fixed sizes, and forms linear in running indices and sizes.
    """
    size, root = scope.size(axis), scope.root(axis)
    if isinstance(node, Chain) and node.operators[-1] == "%":
        modulus = node.operands[-1]
        if isinstance(modulus, Indexed) and modulus.name == "size" and len(modulus.index) == 1:
            named = modulus.index[0]
            return isinstance(named, Name) and named.name in scope.axes and scope.root(named.name) == root
        if isinstance(modulus, Number) and size is not None:
            return bool(modulus.value <= size)
    values = _values(node, scope)
    if values is not None and size is not None:
        everywhere = all(value.denominator == 1 and 0 <= value < size for value in values)
        if everywhere or not guards:
            return everywhere
    form = linear_form(node, root, scope)
    if form is None:
        return False
    facts = [fact for guard in guards for fact in facts_of(guard, root, scope)]
    room = LinearForm({}, sympy.S.One, -sympy.S.One).minus(form)
    return all(never_negative(end, size, facts) for end in (form, room))


_MAX_CASES = 4096


def _values(node: Expression, scope: Scope) -> list[sympy.Rational] | None:
    """Every value of an index expression over axes of fixed sizes, or None."""
    axes = sorted({part.name for part in walk(node) if isinstance(part, Name) and part.name in scope.axes})
    sizes = [scope.size(axis) for axis in axes]
    cases = 1
    for size in sizes:
        cases *= size or _MAX_CASES + 1
        if cases > _MAX_CASES:
            return None
    found = []
    for values in _cases([size or 0 for size in sizes]):
        value = _evaluate(node, dict(zip(axes, values, strict=True)), scope)
        if value is None:
            return None
        found.append(value)
    return found


def _cases(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    return product(*(range(size) for size in sizes))


def _evaluate(node: Expression, values: Mapping[str, int], scope: Scope) -> sympy.Rational | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return sympy.Integer(values[node.name]) if node.name in values else None
    if isinstance(node, Indexed) and node.name == "size" and len(node.index) == 1 and isinstance(node.index[0], Name):
        axis = node.index[0].name
        size = scope.size(axis) if axis in scope.axes else None
        return None if size is None else sympy.Integer(size)
    if isinstance(node, Negation):
        value = _evaluate(node.operand, values, scope)
        return None if value is None else -value
    if not isinstance(node, Chain):
        return None
    total = _evaluate(node.operands[0], values, scope)
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        right = _evaluate(operand, values, scope)
        if total is None or right is None or (operator in ("//", "%") and right == 0) or operator == "/":
            return None
        total = _STEP[operator](total, right)
    return total


_STEP: dict[str, Callable[[sympy.Rational, sympy.Rational], sympy.Rational]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: sympy.floor(a / b),
    "%": lambda a, b: a - b * sympy.floor(a / b),
}
