"""Conditions as unknowns that are 0 or 1: one for the sign of each term, so that kinks and comparisons fit together.

``[0 < c]`` and ``[c = 0]`` are the unknowns, where c is a polynomial whose first coefficient is positive; then
``[0 < -c] = 1 - [0 < c] - [c = 0]``, ``max(0, c) = c·[0 < c]`` and ``max(0, -c) = -c·(1 - [0 < c])``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.closing import negation
from symloss.proof.recheck.partners import plain_index

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge
    from symloss.proof.recheck.sums import Forms

COMPARISONS = ("Less", "LessEqual", "Equal", "NotEqual", "And", "Or", "Not")


def bracket(forms: Forms, condition: Any) -> Any:
    """A condition as 0, 1 or a polynomial in unknowns that are 0 or 1."""
    name = type(condition).__name__
    if condition in (0, 1):
        return condition
    known = forms.known
    if known is not None and name in COMPARISONS:
        if known.holds(condition):
            return sympy.S.One
        if known.holds(negation(condition)):
            return sympy.S.Zero
    if name == "And":
        return sympy.Mul(*(bracket(forms, part) for part in condition.args))
    if name == "Or":
        return 1 - sympy.Mul(*(1 - bracket(forms, part) for part in condition.args))
    if name == "Not":
        return 1 - bracket(forms, condition.args[0])
    if name == "NotEqual":
        return 1 - bracket(forms, atoms.Equal(*condition.args))
    if name == "LessEqual":
        return 1 - above(forms, condition.args[0] - condition.args[1])
    if name == "Less":
        return above(forms, condition.args[1] - condition.args[0])
    if name == "Equal":
        return _equal(forms, *condition.args)
    return forms.unknown(condition, bracket=True)


def _equal(forms: Forms, a: Any, b: Any) -> Any:
    for truth, value in ((a, b), (b, a)):
        if value in (0, 1) and _is_truth(forms.known, truth):
            found = forms.unknown(truth, bracket=True)
            return found if value == 1 else 1 - found
    if a.is_integer and b.is_integer:
        # An index: sums select by it.
        if forms.known is not None:
            a, b = (plain_index(forms.known, side) for side in (a, b))
        condition = atoms.Equal(*sorted((a, b), key=str))
        return condition if condition in (0, 1) else forms.unknown(condition, bracket=True)
    _, core = _sign_and_core(forms, a - b)
    condition = atoms.Equal(core, 0)
    if forms.known is not None and forms.known.said(negation(condition)):
        return sympy.S.Zero
    return condition if condition in (0, 1) else forms.unknown(condition, bracket=True)


def _is_truth(known: Knowledge | None, e: Any) -> bool:
    tensor = known.tensors.get(e.tensor) if known is not None and isinstance(e, Read) else None
    return tensor is not None and tensor.domain.kind == "boolean"


def above(forms: Forms, difference: Any) -> Any:
    """``[0 < difference]``."""
    sign, core = _sign_and_core(forms, difference)
    if core.is_Rational:
        return sympy.Integer(int(sign * core > 0))
    positive = forms.unknown(atoms.Less(0, core), bracket=True)
    return positive if sign > 0 else 1 - positive - _equal(forms, core, sympy.S.Zero)


def relu(forms: Forms, x: Any) -> Any:
    """``max(0, x)``."""
    sign, core = _sign_and_core(forms, x)
    if core.is_Rational:
        return forms.form(x) if sign * core > 0 else sympy.S.Zero
    known = forms.known
    for way in (1, -1) if known is not None else ():
        condition = atoms.LessEqual(0, way * core)
        if known is not None and (known.holds(condition) or known.said(condition)):
            return forms.form(x) if way == sign else sympy.S.Zero
    positive = forms.unknown(atoms.Less(0, core), bracket=True)
    return forms.form(x) * (positive if sign > 0 else 1 - positive)


def _sign_and_core(forms: Forms, e: Any) -> tuple[int, Any]:
    """A sign and a term whose product has the sign of a term; factors that are known to be positive are left out."""
    form = sympy.factor(sympy.together(forms.form(e)))
    sign, rest = 1, sympy.S.One
    number, factors = form.as_coeff_mul()
    if number == 0:
        return 1, sympy.S.Zero
    sign = 1 if number > 0 else -1
    for factor in factors:
        base, exponent = factor.as_base_exp()
        one = forms.sign(base)
        if one is not None:
            sign *= one if exponent % 2 else 1
        else:
            rest *= factor
    core = sympy.expand(forms.spelled(rest))
    turned = sympy.expand(-core)
    if min(str(core), str(turned)) == str(turned) and core != turned:
        return -sign, turned
    return sign, core


#: Functions with a kink or a jump, in terms of these.
KINKS: dict[str, Any] = {
    "Absolute": lambda f, x: relu(f, x) + relu(f, -x),
    "Relu": relu,
    "Ramp": relu,
    "Maximum": lambda f, a, b: f.form(b) + relu(f, a - b),
    "Minimum": lambda f, a, b: f.form(a) - relu(f, a - b),
    "Sign": lambda f, x: above(f, x) - above(f, -x),
    "Step": above,
    "HalfStep": lambda f, x: above(f, x) + bracket(f, atoms.Equal(x, 0)) / 2,
}
