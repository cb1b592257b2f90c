"""Functions by their definitions, and where signs decide what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.normal.brackets import bracket, branch, defined, selected
from symloss.proof.normal.powers import exponential, log_of_base, log_of_term, logarithm, product_content
from symloss.proof.normal.quotients import over_denominators
from symloss.proof.polynomials import (
    ONE,
    Sum,
    content,
    divided,
    expression,
    leading,
    plus,
    powers,
    product,
    scaled,
    single,
    times,
)

if TYPE_CHECKING:
    from symloss.proof.normal.form import Normal


def _signed(normal: Normal, x: Any, atom: Any) -> Sum | None:
    """|x| and the like where the sign of x is known."""
    part = normal.sum(x)
    e = expression(part)
    if normal.nonnegative(e):
        return part
    if normal.nonnegative(-e):
        return scaled(part, -1)
    if part and len(part) == 1:
        ((m, c),) = part.items()
        outside = {b: p for b, p in powers(m).items() if isinstance(b, sympy.exp) or normal.nonnegative(b)}
        inside = product({b: p for b, p in powers(m).items() if b not in outside})
        return times(single(product(outside), abs(c)), single(atom(inside)))
    rational, shared = content(part)
    shared = {b: p for b, p in shared.items() if isinstance(b, sympy.exp) or normal.positive(b)}
    inner = divided(part, rational, shared)
    inner = scaled(inner, -1) if leading(inner) < 0 else inner
    return times(single(product(shared), rational), single(atom(expression(inner))))


def _extreme(sign: int) -> Callable[..., Sum | None]:
    def rule(normal: Normal, a: Any, b: Any) -> Sum | None:
        left, right = normal.sum(a), normal.sum(b)
        difference = scaled(plus([left, scaled(right, -1)]), sign)
        e = expression(difference)
        if normal.nonnegative(e):
            return left
        return right if normal.nonnegative(-e) else None

    return rule


def _half_step(normal: Normal, x: Any) -> Sum:
    return plus([bracket(normal, atoms.Less(0, x)), scaled(bracket(normal, atoms.Equal(x, 0)), sympy.S.Half)])


def _x_log_y(normal: Normal, x: Any, y: Any) -> Sum:
    left, right = normal.sum(x), over_denominators(normal, normal.sum(y))
    if not left:
        return {}
    if right and normal.positive(expression(right)):
        normal.rules.add("xlogy")
        return times(left, logarithm(normal, right))
    normal.rules.add("xlogy")
    rational, shared = content(right) if len(right) > 1 else product_content(right)
    shared = {b: e for b, e in shared.items() if isinstance(b, sympy.exp) or normal.positive(b)}
    outside = plus(
        [
            *(log_of_base(normal, b, e) for b, e in shared.items()),
            *([single(sympy.log(rational))] if rational != 1 else []),
        ]
    )
    inner = expression(divided(right, rational, shared))
    scale = ONE
    if len(left) == 1:
        ((m, scale),) = left.items()
        kept = m
    else:
        kept = expression(left)
    return plus([times(left, outside), single(atoms.XLogY(kept, inner), scale)])


def _zero_times(normal: Normal, a: Any, b: Any) -> Sum:
    return (
        selected(normal, atoms.NotEqual(a, 0), times(normal.sum(a), normal.sum(b)))
        if not defined(normal, b)
        else times(normal.sum(a), normal.sum(b))
    )


#: Each entry is a definition of `symloss.atoms`, written with other words.
RULES: dict[str, Callable[..., Sum | None]] = {
    "exp": lambda normal, x: exponential(normal, normal.sum(x)),
    "log": lambda normal, x: log_of_term(normal, x),
    "Where": lambda normal, c, a, b: branch(normal, c, a, b),
    "Sigmoid": lambda normal, x: normal.sum(sympy.exp(x) / (1 + sympy.exp(x))),
    "Softplus": lambda normal, x: normal.sum(sympy.log(1 + sympy.exp(x))),
    "Tanh": lambda normal, x: normal.sum((sympy.exp(2 * x) - 1) / (sympy.exp(2 * x) + 1)),
    "Log1p": lambda normal, x: normal.sum(sympy.log(1 + x)),
    "Expm1": lambda normal, x: normal.sum(sympy.exp(x) - 1),
    "ExpTail": lambda normal, x: normal.sum(sympy.exp(x) - 1 - x),
    "LogTail": lambda normal, x: normal.sum(x - sympy.log(1 + x)),
    "LogCosh": lambda normal, x: normal.sum(sympy.log((sympy.exp(x) + sympy.exp(-x)) / 2)),
    "LogRatio": lambda normal, a, b: normal.sum(sympy.log(a) - sympy.log(b)),
    "XLogY": _x_log_y,
    "XLog1pY": lambda normal, x, y: _x_log_y(normal, x, 1 + y),
    "XOverY": lambda normal, x, y: normal.sum(x / y) if defined(normal, 1 / y) else None,
    "ZeroTimes": _zero_times,
    "StopGradient": lambda normal, x: normal.sum(x),
    "SlopeAt": lambda normal, f, c, s: normal.sum(f),
    "Absolute": lambda normal, x: _signed(normal, x, atoms.Absolute),
    "Maximum": _extreme(1),
    "Minimum": _extreme(-1),
    "Relu": lambda normal, x: normal.sum(atoms.Maximum(0, x)),
    "Ramp": lambda normal, x: normal.sum(atoms.Maximum(0, x)),
    "Step": lambda normal, x: bracket(normal, atoms.Less(0, x)),
    "HalfStep": _half_step,
}
