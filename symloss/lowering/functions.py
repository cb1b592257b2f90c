"""Functions that only lowered expressions contain: they fix an order of evaluation that SymPy would not keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy


class Gap(sympy.Function):
    """``a - b``, and 0 where a equals b, infinities included: the distance from the maximum of a logsumexp."""

    nargs = 2
    is_real = True


class Difference(sympy.Function):
    """``a - b`` of two inputs, rounded once, before anything else is added to it."""

    nargs = 2
    is_real = True


class Over(sympy.Function):
    """``a·s/m``, in this order: a quotient whose parts are scaled before it is formed."""

    nargs = 3
    is_real = True


class Lifted(sympy.Function):
    """``a·s``, formed before anything else is multiplied in."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, a: sympy.Expr, s: sympy.Expr) -> sympy.Expr | None:
        """Nothing to form where the scale is 1."""
        return a if s == 1 else None


class KeepNaN(sympy.Function):
    """``a``, and NaN where ``b`` is NaN: a branch that a comparison with NaN would take by mistake."""

    nargs = 2
    is_real = True


class UnitScale(sympy.Function):
    """A power of two that brings numbers up to ``m`` in magnitude near 1; 1 where m is no finite number."""

    nargs = 1
    is_real = True
    is_positive = True


class ScaleInverse(sympy.Function):
    """``1/m`` of a power of two, which is exact, so that a product with it stands for a division."""

    nargs = 1
    is_real = True
    is_positive = True

    @classmethod
    def eval(cls, m: sympy.Expr) -> sympy.Expr | None:
        """The inverse of 1."""
        return m if m == 1 else None


class Variable(sympy.Symbol):
    """A local variable of the kernel, printed as it is called."""

    def __new__(cls, name: str, integer: bool = False) -> Variable:
        """A real variable, or an integer one."""
        assumptions = {"integer": True} if integer else {"real": True}
        return sympy.Symbol.__xnew__(cls, name, **assumptions)


class Element(sympy.Symbol):
    """An element of an array, printed as a subscript: ``z_n[k]``."""

    __slots__ = ("array", "subscripts")

    def __new__(cls, array: str, subscripts: tuple[sympy.Expr, ...], integer: bool = False) -> Element:
        """The element of ``array`` at ``subscripts``."""
        assumptions = {"integer": True} if integer else {"real": True}
        symbol = sympy.Symbol.__xnew__(cls, f"{array}[{', '.join(map(str, subscripts))}]", **assumptions)
        symbol.array, symbol.subscripts = array, subscripts
        return symbol


def leaves(expressions: Iterable[sympy.Expr]) -> list[sympy.Symbol]:
    """The variables and elements of expressions, those in subscripts included, in a fixed order."""
    found: dict[str, sympy.Symbol] = {}

    def visit(expression: sympy.Expr) -> None:
        for leaf in expression.atoms(sympy.Symbol):
            if isinstance(leaf, Variable | Element) and leaf.name not in found:
                found[leaf.name] = leaf
                if isinstance(leaf, Element):
                    for subscript in leaf.subscripts:
                        visit(sympy.sympify(subscript))

    for expression in expressions:
        visit(sympy.sympify(expression))
    return [found[name] for name in sorted(found)]


class Guarded(sympy.Function):
    """``Guarded(element, condition)``: an array element where the condition holds; elsewhere NaN, or -1 for a label.

    An index that may leave its array is read this way, so that a formula that goes out of range yields NaN and never
    another array's memory.
    """

    nargs = 2

    def _eval_is_real(self) -> bool:
        return True

    def _eval_is_integer(self) -> bool:
        return bool(self.args[0].is_integer)


def is_integer(expression: sympy.Expr) -> bool:
    """Whether an expression is index arithmetic (numbers alone count as reals)."""
    return bool(expression.atoms(sympy.Symbol)) and _integral(expression)


def _integral(expression: sympy.Expr) -> bool:
    if isinstance(expression, sympy.floor):
        return all(bool(symbol.is_integer) for symbol in expression.atoms(sympy.Symbol))
    if expression.is_Add or expression.is_Mul or isinstance(expression, sympy.Mod):
        return all(map(_integral, expression.args))
    if expression.func.__name__ == "Where":
        return all(map(_integral, expression.args[1:]))
    if isinstance(expression, Guarded):
        return _integral(expression.args[0])
    return expression.is_Atom and bool(expression.is_integer)


def unguarded(expression: sympy.Expr) -> Iterator[Element]:
    """The elements in an expression that no test stands before."""
    if isinstance(expression, Element):
        yield expression
    elif not isinstance(expression, Guarded):
        for argument in expression.args:
            yield from unguarded(argument)
