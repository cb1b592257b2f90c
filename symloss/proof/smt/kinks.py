"""Functions with branches: decided where the sign is known, otherwise a name with one case per branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.proof.smt.formulas import Formula, opposite

if TYPE_CHECKING:
    from symloss.proof.smt.names import Names

_HALF = sympy.Rational(1, 2)


def _where(names: Names, condition: Any, yes: Any, no: Any) -> Any:
    given = names.formula(condition)
    whole = atoms.Where(condition, yes, no)
    if names.decided(given) is not None:
        return names.rational(yes if names.decided(given) else no)
    return names.choice([(given, names.rational(yes)), (opposite(given), names.rational(no))], lambda: whole)


def _bit(function: Any) -> Callable[..., Any]:
    return lambda names, *arguments: _where(names, function(*arguments), sympy.S.One, sympy.S.Zero)


def _by_sign(function: Any, above: Callable[[Any], Any], at: Any, below: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function with one expression for positive arguments, one for negative ones and a value at 0 (None: any)."""

    def rule(names: Names, argument: Any) -> Any:
        scale, x = names.without_positive_factor(names.rational(argument))
        if at is not None:
            scale = sympy.S.One
        up, down = names.compared(">" if at is not None else ">=", x), names.compared(">", -x)
        cases: list[tuple[Formula, Any]] = [(up, above(x)), (down, below(x))]
        if at is not None:
            cases.append((names.compared("=", x), at))
        return scale * names.choice(cases, lambda: function(names.expressed(x)))

    return rule


def _extreme(function: Any, better: int) -> Callable[..., Any]:
    """The larger or smaller of two terms, apart from what they share: terms of sums, and a positive factor."""

    def rule(names: Names, a: Any, b: Any) -> Any:
        left, right = sympy.expand(names.rational(a)), sympy.expand(names.rational(b))
        shared = sympy.Add(*(part for part in sympy.Add.make_args(left) if part in sympy.Add.make_args(right)))
        left, right = left - shared, right - shared
        scale, _ = names.without_positive_factor(left + names.apart * right)
        left, right = sympy.expand(left / scale), sympy.expand(right / scale)
        first, second = sorted((left, right), key=sympy.default_sort_key)
        gap = better * (first - second)
        cases = [(names.compared(">=", gap), first), (names.compared(">", -gap), second)]
        chosen = names.choice(cases, lambda: function(names.expressed(first), names.expressed(second)))
        return shared + scale * chosen

    return rule


def _zero(e: Any) -> Any:
    return sympy.S.Zero


CHOICES: dict[str, Callable[..., Any]] = {
    "Where": _where,
    "Absolute": _by_sign(atoms.Absolute, lambda x: x, None, lambda x: -x),
    "Sign": _by_sign(atoms.Sign, lambda x: sympy.S.One, sympy.S.Zero, lambda x: sympy.S.NegativeOne),
    "Step": _by_sign(atoms.Step, lambda x: sympy.S.One, sympy.S.Zero, _zero),
    "HalfStep": _by_sign(atoms.HalfStep, lambda x: sympy.S.One, _HALF, _zero),
    "Relu": _by_sign(atoms.Relu, lambda x: x, None, _zero),
    "Ramp": _by_sign(atoms.Ramp, lambda x: x, None, _zero),
    "Maximum": _extreme(atoms.Maximum, 1),
    "Minimum": _extreme(atoms.Minimum, -1),
    "Clamp": lambda names, x, low, high: names.rational(atoms.Minimum(atoms.Maximum(x, low), high)),
    "Inside": lambda names, x, low, high: _where(
        names, atoms.And(atoms.LessEqual(low, x), atoms.LessEqual(x, high)), sympy.S.One, sympy.S.Zero
    ),
    **{
        function.__name__: _bit(function)
        for function in (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual, atoms.And, atoms.Or, atoms.Not)
    },
}
