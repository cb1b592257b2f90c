"""Powers, exponentials and logarithms of sums, where factors have the signs that this needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.normal.quotients import over_denominators
from symloss.proof.polynomials import (
    BITS,
    ONE,
    NoNormalFormError,
    Sum,
    constant,
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
from symloss.proof.terms import Term

if TYPE_CHECKING:
    from symloss.proof.normal.form import Normal


def power_of(normal: Normal, e: Any) -> Sum:
    """A power: multiplied out, factor by factor, or as an exponential."""
    exponent = e.exp
    if exponent.is_Integer and exponent > 0:
        base = normal.sum(e.base)
        found = constant(1)
        for _ in range(int(exponent)):
            found = times(found, base)
        return found
    if exponent.is_Rational:
        found, rest = constant(1), []
        for factor in sympy.Mul.make_args(normal.indices.replaced(e.base)):
            if exponent.is_Integer or normal.positive(factor):
                found = times(found, raised(normal, normal.sum(factor), exponent))
            else:
                rest.append(factor)
        return times(found, raised(normal, normal.sum(sympy.Mul(*rest)), exponent)) if rest else found
    base = normal.term(e.base)
    if normal.positive(base):
        normal.rules.add("powers")
        return exponential(normal, times(normal.sum(exponent), logarithm(normal, normal.sum(base))))
    return single(sympy.Pow(base, normal.term(exponent)))


def raised(normal: Normal, base: Sum, exponent: Any) -> Sum:
    """A rational power of a sum."""
    if len(base) > 1:
        base = over_denominators(normal, base)
    if not base:
        return {} if exponent > 0 else _undefined()
    if len(base) == 1:
        ((m, c),) = base.items()
        return _raised_product(normal, powers(m), c, exponent)
    rational, shared = content(base)
    if not exponent.is_Integer:
        shared = {b: e for b, e in shared.items() if normal.positive(b)}
    primitive = divided(base, rational, shared)
    sign = ONE
    if exponent.is_Integer and leading(primitive) < 0:
        primitive, sign = scaled(primitive, -1), (-ONE) ** exponent
    outside = _raised_product(normal, shared, rational, exponent)
    return times(outside, single(sympy.Pow(expression(primitive), exponent), sign))


def _raised_product(normal: Normal, bases: dict[Any, Any], coefficient: Any, exponent: Any) -> Sum:
    normal.rules.add("powers")
    if exponent.is_Integer:
        inside = product({b: e * exponent for b, e in bases.items()})
        return single(inside, coefficient**exponent)
    outside, kept = {}, {}
    for base, e in bases.items():
        if not e.is_Rational:
            kept[base] = e
        elif isinstance(base, sympy.exp) or normal.nonnegative(base):
            outside[base] = e * exponent
        elif e.is_Integer and e % 2 == 0:
            outside[atoms.Absolute(base)] = e * exponent
        else:
            kept[base] = e
    sign = ONE if coefficient > 0 else -ONE
    if kept or sign < 0:
        # Where such a base is 0 the rest may be negative, and its root would not exist.
        for base in [b for b in outside if not isinstance(b, sympy.exp) and not normal.positive(b)]:
            kept[base] = outside.pop(base) / exponent
        outside[sympy.Mul(sign, product(kept))] = exponent
    return times(single(product(outside)), single(sympy.Pow(abs(coefficient), exponent)))


def exponential(normal: Normal, argument: Sum) -> Sum:
    """The exponential of a sum; ``exp(c log x)`` is a power, the logarithm being defined."""
    factors, rest = constant(1), []
    for m, c in argument.items():
        if isinstance(m, sympy.log):
            normal.rules.add("powers")
            factors = times(factors, raised(normal, normal.sum(m.args[0]), c))
        else:
            rest.append(c * m)
    return times(factors, single(sympy.exp(sympy.Add(*rest))))


def log_of_term(normal: Normal, e: Term) -> Sum:
    """The logarithm of a term: those of its positive factors as they are written, and of what is left."""
    e = normal.indices.replaced(e) if isinstance(e, Read) else e
    if isinstance(e, sympy.Pow) and e.exp.is_Rational and normal.positive(e.base):
        return scaled(log_of_term(normal, e.base), e.exp)
    if not isinstance(e, sympy.Mul):
        return logarithm(normal, normal.sum(e))
    whole = [factor for factor in e.args if normal.positive(factor)]
    rest = [factor for factor in e.args if factor not in whole]
    if not whole:
        return logarithm(normal, normal.sum(e))
    normal.rules.add("powers")
    parts = [log_of_term(normal, factor) for factor in whole]
    return plus([*parts, logarithm(normal, normal.sum(sympy.Mul(*rest)))] if rest else parts)


def logarithm(normal: Normal, argument: Sum) -> Sum:
    """The logarithm of a sum: those of its positive factors, and of what is left."""
    argument = over_denominators(normal, argument)
    if not argument:
        raise NoNormalFormError("the logarithm of 0")
    rational, shared = content(argument) if len(argument) > 1 else product_content(argument)
    shared = {b: e for b, e in shared.items() if isinstance(b, sympy.exp) or normal.positive(b)}
    rest = divided(argument, rational, shared)
    if shared:
        normal.rules.add("powers")
    parts = [log_of_base(normal, base, e) for base, e in shared.items()]
    if rational != 1:
        parts.append(single(sympy.log(rational)))
    if rest != constant(1):
        parts.append(single(sympy.log(expression(rest))))
    return plus(parts)


def log_of_base(normal: Normal, base: Any, exponent: Any) -> Sum:
    """The logarithm of a power of a positive base."""
    if isinstance(base, sympy.exp):
        return scaled(normal.sum(base.args[0]), exponent)
    return single(sympy.log(base), exponent)


def product_content(part: Sum) -> tuple[Any, dict[Any, Any]]:
    """The size of the coefficient and the powers of a single product, brackets left out."""
    ((m, c),) = part.items()
    return abs(c), {b: e for b, e in powers(m).items() if e.is_Rational and not isinstance(b, BITS)}


def _undefined() -> Sum:
    raise NoNormalFormError("a negative power of 0")
