"""Derivatives of one scalar body: pull an adjoint back to its reads, or push tangents of its reads forward.

The chain rule is applied node by node, in the order in which automatic differentiation would, so that derivatives
stay as small as the body. A factor that is exactly 0 by selection (a step, a comparison, a branch) annihilates a factor
that may be infinite, whichever of the two comes first: sqrt(relu(x)) has slope 0, not NaN, at x < 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from symloss.atoms import Atom, Maximum, Minimum, SlopeAt, StopGradient, Where, XLogY, XOverY, ZeroTimes, record_of
from symloss.program import Read, SizeSymbol

Expr = Any


#: Functions of the real line that are finite wherever their arguments are, and grow no faster than these.
_TAME = frozenset(
    (
        *("abs", "relu", "ramp", "maximum", "minimum", "clamp", "softplus", "log_cosh"),
        *("stop_gradient", "where", "slope_at", "zero_times"),
    )
)

#: Whether the values of a read are finite at finite inputs.
Finite = Callable[[Read], bool]


def always(read: Read) -> bool:
    """Take every read for finite."""
    return True


def is_finite(expression: Expr, finite: Finite = always) -> bool:
    """Whether an expression has no pole and no exponential growth: division, log and exp are taken for infinite."""
    if isinstance(expression, Read):
        return finite(expression)
    if not expression.args:
        return expression.is_finite is not False
    if isinstance(expression, sympy.Pow):
        exponent = expression.exp
        if isinstance(expression.base, SizeSymbol):
            return True
        return bool(exponent.is_Number and exponent.is_positive) and is_finite(expression.base, finite)
    record = record_of(expression)
    if record is not None and record.bounded:
        return True
    if expression.is_Add or expression.is_Mul or (record is not None and record.name in _TAME):
        return all(is_finite(argument, finite) for argument in expression.args)
    return False


def selects_zero(factor: Expr) -> bool:
    """Whether a factor is exactly 0 on a region, by choice and not by smallness."""
    if isinstance(factor, ZeroTimes | XOverY):
        return True
    if isinstance(factor, Atom):
        image = factor.record.image
        return bool(image.is_FiniteSet and 0 in image)
    return False


def times(*factors: Expr, finite: Finite = always) -> Expr:
    """A product in which a branch of 0 stays a branch, and a selected 0 wins over an infinity."""
    flat = [part for factor in factors for part in sympy.Mul.make_args(factor) if part != 1]
    if any(part == 0 for part in flat):
        return sympy.S.Zero
    for place, branch in enumerate(flat):
        if isinstance(branch, Where) and 0 in branch.args[1:]:
            condition, yes, no = branch.args
            around = (*flat[:place], *flat[place + 1 :])
            if no == 0:
                return Where(condition, times(yes, *around, finite=finite), 0)
            return Where(condition, 0, times(no, *around, finite=finite))
    selectors = [part for part in flat if selects_zero(part)]
    others = [part for part in flat if part not in selectors]
    infinite = [part for part in others if not is_finite(part, finite)]
    unbounded = [part for part in selectors if not is_finite(part, finite)]
    if not selectors or not (infinite or (unbounded and len(selectors) > 1)):
        return sympy.Mul(*flat)
    rest = [part for part in others if part not in infinite]
    return sympy.Mul(*rest, _annihilated(selectors, infinite))


def _annihilated(selectors: list[Expr], infinite: list[Expr]) -> Expr:
    """A product that is 0 where any selector is; an x/y selects by its x, and may itself be infinite elsewhere."""
    ratios = [part for part in selectors if isinstance(part, XOverY)]
    nested = [part for part in selectors if isinstance(part, ZeroTimes)]
    zeros = [part for part in selectors if part not in ratios and part not in nested]
    zeros += [part.args[0] for part in nested]
    unbounded = sympy.Mul(*infinite, *(part.args[1] for part in nested))
    inner = ZeroTimes(sympy.Mul(*ratios), unbounded) if ratios else unbounded
    return ZeroTimes(sympy.Mul(*zeros), inner) if zeros else inner


def _active_order(body: Expr, active: Callable[[Read], bool]) -> list[Expr]:
    """The nodes that depend on an active read, arguments before the nodes that use them."""
    order: dict[Expr, None] = {}
    depends: dict[Expr, bool] = {}

    def visit(node: Expr) -> bool:
        if node not in depends:
            if isinstance(node, Read):
                depends[node] = active(node)
            else:
                found = [visit(argument) for argument in node.args]
                depends[node] = True in found
            if depends[node]:
                order[node] = None
        return depends[node]

    visit(body)
    return list(order)


def pullback(body: Expr, adjoint: Expr, active: Callable[[Read], bool], finite: Finite = always) -> dict[Read, Expr]:
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
        for argument, share in _shares(node, total, sums, finite):
            sums[argument].append(share)
    return dict(sorted(reads.items(), key=lambda item: str(item[0])))


def _shares(node: Expr, adjoint: Expr, active: Mapping[Expr, Any], finite: Finite) -> list[tuple[Expr, Expr]]:
    """What each active argument of a node receives of the node's adjoint."""
    arguments = node.args
    places = [place for place, argument in enumerate(arguments) if argument in active]
    if node.is_Add:
        return [(arguments[place], adjoint) for place in places]
    if node.is_Mul:
        return [(arguments[p], times(adjoint, *arguments[:p], *arguments[p + 1 :], finite=finite)) for p in places]
    if isinstance(node, StopGradient):
        return []
    if isinstance(node, SlopeAt):
        inner, condition, slope = arguments
        return [(inner, Where(condition, times(adjoint, slope, finite=finite), adjoint))] if 0 in places else []
    if isinstance(node, ZeroTimes):
        a, b = arguments
        tame = is_finite(b, finite)
        shares = {0: times(adjoint, b, finite=finite) if tame else ZeroTimes(adjoint, b), 1: ZeroTimes(a, adjoint)}
        return [(arguments[place], shares[place]) for place in places]
    return [(arguments[place], times(adjoint, slope_of(node, place), finite=finite)) for place in places]


def tangent(body: Expr, rate: Callable[[Read], Expr], finite: Finite = always) -> Expr:
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
        return _combined(node, rates, finite)

    return visit(body)


def _combined(node: Expr, rates: list[Expr], finite: Finite) -> Expr:
    arguments = node.args
    moving = [place for place, rate in enumerate(rates) if rate != 0]
    if node.is_Add:
        return sympy.Add(*rates)
    if node.is_Mul:
        return sympy.Add(*(times(*arguments[:p], *arguments[p + 1 :], rates[p], finite=finite) for p in moving))
    if isinstance(node, Where):
        return Where(arguments[0], rates[1], rates[2])
    if isinstance(node, SlopeAt):
        return Where(arguments[1], times(arguments[2], rates[0], finite=finite), rates[0])
    if isinstance(node, ZeroTimes):
        (a, b), (da, db) = arguments, rates
        return ZeroTimes(da, b) + ZeroTimes(a, db)
    if isinstance(node, Maximum | Minimum) and rates[0] == rates[1]:
        return rates[0]
    return sympy.Add(*(times(slope_of(node, place), rates[place], finite=finite) for place in moving))


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
