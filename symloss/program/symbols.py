"""The three kinds of leaf that a statement's body may hold, as SymPy symbols.

SymPy must never see an ``Indexed`` or a ``Sum``: its derivatives of those are wrong or odd (sympy issues 21891,
13994, 27971). A body is therefore a plain scalar expression whose leaves are opaque symbols: a `Read` of a tensor, an
`AxisSymbol` (the running index, which occurs in conditions and in index arithmetic) and a `SizeSymbol` (its length).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sympy
from sympy.core.parameters import global_parameters


class AxisSymbol(sympy.Symbol):
    """The running index of one axis, ``k`` in ``z[n, k]``."""

    def __new__(cls, axis: str) -> AxisSymbol:
        """The running index of ``axis``."""
        return sympy.Symbol.__xnew__(cls, axis, integer=True, nonnegative=True)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.name,), {}

    @property
    def axis(self) -> str:
        """The name of the axis."""
        return self.name


class SizeSymbol(sympy.Symbol):
    """The length of one axis, ``size[k]`` in a specification."""

    def __new__(cls, axis: str) -> SizeSymbol:
        """The length of ``axis``."""
        symbol = sympy.Symbol.__xnew__(cls, f"size[{axis}]", integer=True, positive=True)
        symbol._axis = axis
        return symbol

    __slots__ = ("_axis",)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self._axis,), {}

    @property
    def axis(self) -> str:
        """The name of the axis whose length this is."""
        return self._axis


class Read(sympy.Symbol):
    """One read of a tensor at an index: ``z[n, k]``, ``z[n, y[n]]``, ``box[n, 0]`` or the parameter ``delta``.

    An index is a tuple of integer expressions over `AxisSymbol`, `SizeSymbol`, integer `Read` and integer constants.
    Two reads are equal when tensor, index and kind of number are equal; SymPy treats each as an independent variable.
    """

    __slots__ = ("_index", "_integer", "_tensor")

    def __new__(cls, tensor: str, index: tuple[Any, ...] = (), integer: bool = False) -> Read:
        """The read of ``tensor`` at ``index``; ``integer`` for a tensor of labels."""
        entries = tuple(sympy.sympify(entry) for entry in index)
        name = f"{tensor}[{', '.join(map(str, entries))}]" if entries else tensor
        assumptions = {"integer": True} if integer else {"real": True}
        symbol = sympy.Symbol.__xnew__(cls, name, **assumptions)
        symbol._tensor, symbol._index, symbol._integer = tensor, entries, integer
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[str, tuple[Any, ...], bool], dict[str, Any]]:
        return (self._tensor, self._index, self._integer), {}

    @property
    def tensor(self) -> str:
        """The name of the tensor that is read."""
        return self._tensor

    @property
    def index(self) -> tuple[sympy.Expr, ...]:
        """One integer expression per axis of the tensor."""
        return self._index

    @property
    def integer(self) -> bool:
        """Whether the tensor holds integers (labels) rather than reals."""
        return self._integer


def reads_of(expression: sympy.Expr) -> tuple[Read, ...]:
    """The distinct reads in an expression, those inside indices included, in a stable order."""
    found: dict[Read, None] = {}
    for symbol in sorted(expression.atoms(Read), key=str):
        found[symbol] = None
        for entry in symbol.index:
            found.update(dict.fromkeys(reads_of(entry)))
    return tuple(found)


def axes_of(expression: sympy.Expr) -> frozenset[str]:
    """The names of the axes whose running index an expression depends on, indices of reads included."""
    axes = {symbol.axis for symbol in expression.atoms(AxisSymbol)}
    for read in expression.atoms(Read):
        for entry in read.index:
            axes |= axes_of(entry)
    return frozenset(axes)


def substitute(expression: sympy.Expr, mapping: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Replace leaves everywhere, inside the indices of reads too. All replacements happen at once.

    A read that is itself a key is replaced whole; other reads get their indices rewritten.
    """
    replaced: dict[sympy.Symbol, sympy.Expr] = {}
    for leaf in expression.atoms(sympy.Symbol):
        if leaf in mapping:
            replaced[leaf] = mapping[leaf]
        elif isinstance(leaf, Read) and leaf.index:
            index = tuple(substitute(entry, mapping) for entry in leaf.index)
            if index != leaf.index:
                replaced[leaf] = Read(leaf.tensor, index, leaf.integer)
    return expression.xreplace(replaced) if replaced else expression


def rename_axes(expression: sympy.Expr, mapping: Mapping[str, str | sympy.Expr]) -> sympy.Expr:
    """Replace running indices by other running indices or by integer expressions, inside reads too."""
    return substitute(
        expression,
        {AxisSymbol(old): AxisSymbol(new) if isinstance(new, str) else new for old, new in mapping.items()},
    )


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Build expressions without distributing numbers over sums, as every stage of the compiler must.

    SymPy turns ``2*(a - b)`` into ``2*a - 2*b`` on its own, which overflows, and cancels, where the first form is
    exact to one rounding.
    """
    before = global_parameters.distribute
    global_parameters.distribute = False
    try:
        yield
    finally:
        global_parameters.distribute = before
