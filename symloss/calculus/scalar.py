"""Derivatives of one scalar body: pull an adjoint back to its reads, or push tangents of its reads forward.

The chain rule is applied node by node, in the order in which automatic differentiation would, so that derivatives
stay as small as the body. A factor that is exactly 0 by selection (a step, a comparison, a branch) annihilates a factor
that may be infinite, whichever of the two comes first: sqrt(relu(x)) has slope 0, not NaN, at x < 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from symloss.atoms import Atom, Maximum, Minimum, SlopeAt, StopGradient, Where, XLogY, XOverY, ZeroTimes, evidently_finite
from symloss.program import Read

Expr = Any


def selects_zero(expression: Expr) -> bool:
    """Whether an expression has a factor that is exactly 0 on a region, by choice and not by smallness."""
    if expression.is_Mul:
        return any(map(selects_zero, expression.args))
    if isinstance(expression, ZeroTimes | XOverY):
        return True
    if isinstance(expression, Atom):
        image = expression.record.image
        return bool(image.is_FiniteSet and 0 in image)
    return False


def times(*factors: Expr) -> Expr:
    """A product in which a branch of 0 stays a branch, and a selected 0 wins over an infinity."""
    product: Expr = sympy.S.One
    for factor in factors:
        product = _times(product, factor)
    return product


def _times(a: Expr, b: Expr) -> Expr:
    if a == 0 or b == 0:
        return sympy.S.Zero
    if a == 1 or b == 1:
        return b if a == 1 else a
    for branch, other in ((a, b), (b, a)):
        if isinstance(branch, Where):
            condition, yes, no = branch.args
            if no == 0:
                return Where(condition, _times(yes, other), 0)
            if yes == 0:
                return Where(condition, 0, _times(no, other))
    for selector, other in ((a, b), (b, a)):
        if not selector.is_number and selects_zero(selector) and not evidently_finite(other):
            return ZeroTimes(selector, other)
    return a * b


def _active_order(body: Expr, active: Callable[[Read], bool]) -> list[Expr]:
    """The nodes that depend on an active read, arguments before the nodes that use them."""
    order: dict[Expr, None] = {}
    depends: dict[Expr, bool] = {}

    def visit(node: Expr) -> bool:
        if node not in depends:
            if isinstance(node, Read):
                depends[node] = active(node)
            else:
                depends[node] = any([visit(argument) for argument in node.args])
            if depends[node]:
                order[node] = None
        return depends[node]

    visit(body)
    return list(order)


def pullback(body: Expr, adjoint: Expr, active: Callable[[Read], bool]) -> dict[Read, Expr]:
    """The adjoint of every active read, given the adjoint of the body's value: one reverse sweep over the tree."""
    order = _active_order(body, active)
    sums: dict[Expr, list[Expr]] = {node: [] for node in order}
    if order:
        sums[body].append(adjoint)
    reads: dict[Read, Expr] = {}
    for node in reversed(order):
        total = sympy.Add(*sums[node])
        if total == 0:
            continue
        if isinstance(node, Read):
            reads[node] = total
            continue
        for argument, share in _shares(node, total, sums):
            sums[argument].append(share)
    return dict(sorted(reads.items(), key=lambda item: str(item[0])))


def _shares(node: Expr, adjoint: Expr, active: Mapping[Expr, Any]) -> list[tuple[Expr, Expr]]:
    """What each active argument of a node receives of the node's adjoint."""
    arguments = node.args
    places = [place for place, argument in enumerate(arguments) if argument in active]
    if node.is_Add:
        return [(arguments[place], adjoint) for place in places]
    if node.is_Mul:
        return [(arguments[p], times(adjoint, *arguments[:p], *arguments[p + 1 :])) for p in places]
    if isinstance(node, StopGradient):
        return []
    if isinstance(node, SlopeAt):
        inner, condition, slope = arguments
        return [(inner, Where(condition, times(adjoint, slope), adjoint))] if 0 in places else []
    if isinstance(node, ZeroTimes):
        a, b = arguments
        shares = {0: times(adjoint, b) if evidently_finite(b) else ZeroTimes(adjoint, b), 1: ZeroTimes(a, adjoint)}
        return [(arguments[place], shares[place]) for place in places]
    return [(arguments[place], times(adjoint, slope_of(node, place))) for place in places]


def tangent(body: Expr, rate: Callable[[Read], Expr]) -> Expr:
    """The directional derivative of a body, given that of every read: one forward sweep over the tree."""
    known: dict[Expr, Expr] = {}

    def visit(node: Expr) -> Expr:
        if node not in known:
            known[node] = rate(node) if isinstance(node, Read) else derive(node)
        return known[node]

    def derive(node: Expr) -> Expr:
        if not node.args or isinstance(node, StopGradient):
            return sympy.S.Zero
        rates = [visit(argument) for argument in node.args]
        if all(rate == 0 for rate in rates):
            return sympy.S.Zero
        return _combined(node, rates)

    return visit(body)


def _combined(node: Expr, rates: list[Expr]) -> Expr:
    arguments = node.args
    moving = [place for place, rate in enumerate(rates) if rate != 0]
    if node.is_Add:
        return sympy.Add(*rates)
    if node.is_Mul:
        return sympy.Add(*(times(*arguments[:p], *arguments[p + 1 :], rates[p]) for p in moving))
    if isinstance(node, Where):
        return Where(arguments[0], rates[1], rates[2])
    if isinstance(node, SlopeAt):
        return Where(arguments[1], times(arguments[2], rates[0]), rates[0])
    if isinstance(node, ZeroTimes):
        (a, b), (da, db) = arguments, rates
        return ZeroTimes(da, b) + ZeroTimes(a, db)
    if isinstance(node, Maximum | Minimum) and rates[0] == rates[1]:
        return rates[0]
    return sympy.Add(*(times(slope_of(node, place), rates[place]) for place in moving))


def slope_of(node: Expr, place: int) -> Expr:
    """The partial derivative of one function application with respect to one argument."""
    if isinstance(node, sympy.Pow):
        return _power_slope(node.base, node.exp, place)
    rule = _OWN_SLOPES.get(type(node))
    return rule(*node.args) if rule else node.fdiff(place + 1)


def _power_slope(base: Expr, exponent: Expr, place: int) -> Expr:
    if place == 1:
        return XLogY(base**exponent, base)
    # A parameter as exponent may be 0, where base**(exponent - 1) is infinite at base 0 but the slope is 0.
    lowered = base ** (exponent - 1)
    return exponent * lowered if exponent.is_Number else ZeroTimes(exponent, lowered)


_OWN_SLOPES: dict[Any, Callable[..., Expr]] = {
    sympy.exp: sympy.exp,
    sympy.log: lambda x: 1 / x,
    sympy.sin: sympy.cos,
    sympy.cos: lambda x: -sympy.sin(x),
    sympy.floor: lambda x: sympy.S.Zero,
    sympy.Mod: lambda a, b: sympy.S.Zero,
}
