"""Sums of squares for every size: roots of them, and what an orthogonal matrix does to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute
from symloss.proof.terms import Along, stem

if TYPE_CHECKING:
    from symloss.proof.recheck.bounds import Knowledge
    from symloss.proof.recheck.sums import Forms


def root(forms: Forms, square: Any) -> Any:
    """The root of a form that is not negative: that of a product of factors with known signs is a product of roots."""
    outside, inside = sympy.S.One, sympy.S.One
    for factor in sympy.Mul.make_args(sympy.factor(sympy.together(square))):
        base, exponent = factor.as_base_exp()
        sign = None if base.is_Rational or not exponent.is_Integer else forms.sign(base)
        if sign is None:
            inside *= factor
            continue
        whole = sympy.expand(sign * base)
        inside *= sign**exponent
        outside *= whole ** (exponent // 2) * (_unknown(forms, whole) if exponent % 2 else 1)
    return outside if inside == 1 else outside * _unknown(forms, inside)


def _unknown(forms: Forms, square: Any) -> Any:
    found = forms.unknown(sympy.Function("root")(forms.spelled(square)))
    forms.squares[found] = square
    return found


def without_squares(forms: Forms, polynomial: Any) -> Any:
    """A polynomial in which the square of a root is what the root is of."""
    for _ in range(len(forms.squares) + 1):
        powers = {
            power: forms.squares[power.base] ** (power.exp // 2) * power.base ** (power.exp % 2)
            for power in polynomial.atoms(sympy.Pow)
            if power.base in forms.squares and power.exp.is_Integer and power.exp >= 2
        }
        if not powers:
            break
        polynomial = sympy.expand(polynomial.xreplace(powers))
    return polynomial


def turned(forms: Forms, axis: AxisSymbol, inside: list[Any]) -> tuple[AxisSymbol, Any] | None:
    """``Σ_c (Σ_a R[c, a]·x_a)·(Σ_b R[c, b]·y_b) = Σ_a x_a·y_a`` where the columns of R are orthonormal; else None."""
    sums: list[Any] = []
    for factor in inside:
        base, exponent = factor.as_base_exp()
        if not (exponent.is_Integer and exponent > 0):
            return None
        sums += [base] * int(exponent)
    if forms.known is None or len(sums) != 2 or any(one not in forms.sums for one in sums):
        return None
    (a, x), (b, y) = (forms.sums[one] for one in sums)
    for matrix in _orthonormal(forms.known, axis):
        left, right = _beside(x, matrix, axis, a), _beside(y, matrix, axis, b)
        if left is None or right is None or stem(a.axis) != stem(b.axis):
            continue
        here = forms.fresh(a)
        product = sympy.Mul(substitute(left, {a: here}), substitute(right, {b: here}))
        return here, product
    return None


def _beside(body: Any, matrix: str, axis: AxisSymbol, a: AxisSymbol) -> Any | None:
    """What stands beside R[c, a] in a body."""
    entry = Read(matrix, (axis, a))
    factors = list(sympy.Mul.make_args(body))
    if factors.count(entry) != 1:
        return None
    factors.remove(entry)
    rest = sympy.Mul(*factors)
    return None if axis.axis in axes_of(rest) or entry in rest.atoms(Read) else rest


def _orthonormal(known: Knowledge, axis: AxisSymbol) -> Iterator[str]:
    """Matrices R with ``Σ_c R[c, a]·R[c, b] = [a = b]`` for all a and b, c being of the axis."""
    for condition in sorted(known.conditions, key=str):
        bound: list[Any] = []
        while isinstance(condition, Along) and condition.operation == "all" and condition.guard == 1:
            bound.append(condition.axis)
            condition = condition.body
        if len(bound) != 2 or not isinstance(condition, atoms.Equal):
            continue
        total = next((side for side in condition.args if isinstance(side, Along)), None)
        if total is None or total.operation != "sum" or total.guard != 1:
            continue
        same = condition.args[1] if condition.args[0] is total else condition.args[0]
        if same not in (atoms.Equal(*bound), atoms.Equal(*bound[::-1])) or stem(total.axis.axis) != stem(axis.axis):
            continue
        reads = [factor for factor in sympy.Mul.make_args(total.body) if isinstance(factor, Read)]
        wanted = {(total.axis, one) for one in bound}
        if len(reads) != 2 or len(sympy.Mul.make_args(total.body)) != 2:
            continue
        if {read.index for read in reads} == wanted and reads[0].tensor == reads[1].tensor:
            yield reads[0].tensor
