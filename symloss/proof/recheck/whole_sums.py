"""Sums over an axis as forms: of each monomial, what does not depend on the axis stands before the sum.

The sum of the rest is an unknown of its own, unless it selects an item, an orthonormal matrix turns it, another sum
inside it is to stand outside, or a permutation of the axis can be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy
from sympy.core.function import AppliedUndef

from symloss import atoms
from symloss.program import AxisSymbol, SizeSymbol, axes_of, substitute
from symloss.proof.recheck.equations import decided
from symloss.proof.recheck.partners import selected_index
from symloss.proof.recheck.reindexing import reindexed
from symloss.proof.recheck.squares import turned
from symloss.proof.terms import stem

if TYPE_CHECKING:
    from symloss.proof.recheck.sums import Forms

#: The name of an unknown that is a whole sum, before its axis; its arguments are the running index and the body.
SUM = "sum over "


def is_sum(e: Any) -> bool:
    """Whether a term is a whole sum that is spelled out."""
    return isinstance(e, AppliedUndef) and e.func.__name__.startswith(SUM)


def sum_of(forms: Forms, axis: AxisSymbol, body: Any, guard: Any) -> Any:
    """The form of a sum of what a term says, where a condition holds."""
    if forms.known is not None:
        body = decided(body, forms.known.under(guard) if guard != 1 else forms.known)
    inner = forms.reduced(sympy.expand(forms.form(body) * forms.bracket(guard)))
    return sympy.Add(*(_monomial(forms, axis, part) for part in sympy.Add.make_args(inner)))


def _monomial(forms: Forms, axis: AxisSymbol, monomial: Any) -> Any:
    """The sum of one monomial."""
    before: list[Any] = []
    inside: list[Any] = []
    # What is expanded in a denominator hides factors without the axis.
    bases = {one.base: _factored(forms, one.base) for one in sympy.Mul.make_args(monomial) if _is_below(one)}
    for factor in sympy.Mul.make_args(monomial.xreplace(bases) if bases else monomial):
        (inside if any(axis.axis in axes_of(forms.meanings[u]) for u in factor.free_symbols) else before).append(factor)
    chosen = _selected(forms, axis, inside)
    if chosen is not None:
        return sympy.Mul(*before, chosen)
    if not inside:
        return sympy.Mul(*before) * forms.unknown(SizeSymbol(stem(axis.axis)))
    rotated = turned(forms, axis, inside)
    other = _exchanged(forms, axis, inside) if rotated is None else sum_of(forms, *rotated, sympy.S.One)
    if other is not None:
        return sympy.Mul(*before) * other
    key = forms.spelled(sympy.Mul(*inside))
    if forms.known is not None:
        key = reindexed(forms.known, axis, key)
    # The running index of a sum has a name that no sum inside it has.
    inner = [int(part.args[0].axis.partition("'s")[2]) for part in key.atoms(AppliedUndef) if is_sum(part)]
    here = AxisSymbol(f"{stem(axis.axis)}'s{max(inner, default=0) + 1}")
    key = substitute(key, {axis: here})
    total = forms.unknown(sympy.Function(f"{SUM}{stem(axis.axis)}")(here, key))
    forms.sums[total] = (here, key)
    return sympy.Mul(*before) * total


def _factored(forms: Forms, base: Any) -> Any:
    """A sum as a product of factors, each of them with the sign that is printed first."""
    product = sympy.S.One
    for factor in sympy.Mul.make_args(sympy.factor(base)):
        one, exponent = factor.as_base_exp()
        turned = sympy.expand(-one)
        if isinstance(one, sympy.Add) and str(forms.spelled(turned)) < str(forms.spelled(one)):
            product *= (-1) ** exponent * turned**exponent
        else:
            product *= factor
    return product


def _exchanged(forms: Forms, axis: AxisSymbol, inside: list[Any]) -> Any | None:
    """Of two sums over different axes the one whose axis has the later name stands outside; None where it does."""
    for factor in inside:
        inner, body = forms.sums.get(factor, (axis, None))
        if stem(inner.axis) <= stem(axis.axis):
            continue
        here = forms.fresh(inner)
        rest = forms.spelled(sympy.Mul(*(f for f in inside if f is not factor)))
        own = forms.fresh(axis)
        body = substitute(rest * substitute(body, {inner: here}), {axis: own})
        return sum_of(forms, here, forms.spelled(sum_of(forms, own, body, sympy.S.One)), sympy.S.One)
    return None


def _selected(forms: Forms, axis: AxisSymbol, inside: list[Any]) -> Any | None:
    """``Σ_k [k = i] f(k) = f(i)`` for an index i of the axis."""
    for factor in inside:
        meaning = forms.meanings.get(factor)
        other = _place(forms, axis, meaning) if isinstance(meaning, atoms.Equal) else None
        if other is None:
            continue
        rest = [f for f in inside if f is not factor]
        terms = [
            f.xreplace({u: forms.form(substitute(forms.meanings[u], {axis: other})) for u in f.free_symbols})
            for f in rest
        ]
        return sympy.Mul(*terms)
    return None


def _place(forms: Forms, axis: AxisSymbol, equation: Any) -> Any | None:
    """The only index at which an equation holds, or None."""
    for side, other in (equation.args, equation.args[::-1]):
        if side == axis:
            no_index = axis.axis in axes_of(other) or not getattr(other, "is_integer", False) or other.is_number
            return None if no_index else other
        found = selected_index(forms.known, axis, side, other) if forms.known is not None else None
        if found is not None:
            return found
    return None


def _is_below(factor: Any) -> bool:
    return isinstance(factor, sympy.Pow) and isinstance(factor.base, sympy.Add) and factor.exp.is_Integer
