"""A normal form of closed terms for every size: a sum of products, with finite sums split, shifted and contracted.

Two terms with the same normal form are equal wherever both are defined and finite; different ones may be equal as
well. What each rewriting needs (a positive base, an index of the axis) is asked of the facts. Brackets select: beside
a bracket that is 0 nothing has an influence, so that a bracket may move but is expanded only beside defined terms.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, axes_of, substitute
from symloss.proof.closing import obligations_of
from symloss.proof.indices import Indices
from symloss.proof.knowledge import Knowledge
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
    power,
    powers,
    product,
    scaled,
    single,
    times,
)
from symloss.proof.terms import Along, SumAlong, Term, along, opened

#: Nested sums are put into a canonical order up to this depth.
_MOST_AXES = 4


class Normal:
    """Normal forms under some facts.

    Args:
        facts: signs and conditions.
        indices: what holds of integer indices and of sums under the hypotheses.
    """

    def __init__(self, facts: Knowledge, indices: Indices) -> None:
        self.facts, self.indices = facts, indices
        self.rules: set[str] = set()
        self.memo: dict[Any, Sum] = {}

    def term(self, e: Term) -> Term:
        """The normal form as a term."""
        return expression(self.sum(e))

    def sum(self, e: Term) -> Sum:
        """The normal form.

        Raises:
            NoNormalFormError: the term is not covered.
        """
        e = sympy.sympify(e)
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def zero(self, e: Term) -> bool:
        """Whether a term is 0 by its normal form, quotients multiplied out."""
        found = self.numerator(self.sum(e))
        if found:
            found = plus(self._merged(m, c) for m, c in found.items())
            found = self.numerator(found)
        return not found

    # --- terms ------------------------------------------------------------------------------------------------------

    def _build(self, e: Any) -> Sum:
        if e.is_Rational:
            return constant(e)
        if e.is_infinite or e is sympy.nan or isinstance(e, sympy.Integral | sympy.Limit):
            raise NoNormalFormError(f"{e} has no normal form")
        if isinstance(e, Read | AxisSymbol | SizeSymbol):
            return self._leaf(e)
        if isinstance(e, sympy.Add):
            return plus(self.sum(part) for part in e.args)
        if isinstance(e, sympy.Mul):
            found = constant(1)
            for part in e.args:
                found = times(found, self.sum(part))
            return found
        if isinstance(e, sympy.Pow):
            return self._pow(e)
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, BITS):
            return self.bracket(e)
        rule = _RULES.get(type(e).__name__)
        if rule is not None:
            special = rule(self, *e.args)
            if special is not None:
                return special
        if not e.args:
            return single(e)
        return single(e.func(*(self.term(argument) for argument in e.args)))

    def _leaf(self, e: Any) -> Sum:
        other = self.indices.replaced(e)
        if other != e:
            self.rules.add("equation")
            return self.sum(other)
        if isinstance(e, Read) and self.facts._boolean(e):
            return single(atoms.NotEqual(e, 0))
        return single(e)

    def positive(self, e: Term) -> bool:
        """Whether a term is shown to be greater than 0."""
        found = self.facts.range(e)
        return found is not None and found.above(0, True)

    def nonnegative(self, e: Term) -> bool:
        """Whether a term is shown to be at least 0."""
        found = self.facts.range(e)
        return found is not None and found.above(0)

    # --- powers, exponentials, logarithms ---------------------------------------------------------------------------

    def _pow(self, e: Any) -> Sum:
        exponent = e.exp
        if exponent.is_Integer and exponent > 0:
            base = self.sum(e.base)
            found = constant(1)
            for _ in range(int(exponent)):
                found = times(found, base)
            return found
        if exponent.is_Rational:
            found, rest = constant(1), []
            for factor in sympy.Mul.make_args(self.indices.replaced(e.base)):
                if exponent.is_Integer or self.positive(factor):
                    found = times(found, self.raised(self.sum(factor), exponent))
                else:
                    rest.append(factor)
            return times(found, self.raised(self.sum(sympy.Mul(*rest)), exponent)) if rest else found
        base = self.term(e.base)
        if self.positive(base):
            self.rules.add("powers")
            return self.exponential(times(self.sum(exponent), self.logarithm(self.sum(base))))
        return single(sympy.Pow(base, self.term(exponent)))

    def raised(self, base: Sum, exponent: Any) -> Sum:
        """A rational power of a sum."""
        if len(base) > 1:
            base = self._over_denominators(base)
        if not base:
            return {} if exponent > 0 else _undefined()
        if len(base) == 1:
            ((m, c),) = base.items()
            return self._raised_product(powers(m), c, exponent)
        rational, shared = content(base)
        if not exponent.is_Integer:
            shared = {b: e for b, e in shared.items() if self.positive(b)}
        primitive = divided(base, rational, shared)
        sign = ONE
        if exponent.is_Integer and leading(primitive) < 0:
            primitive, sign = scaled(primitive, -1), (-ONE) ** exponent
        outside = self._raised_product(shared, rational, exponent)
        return times(outside, single(sympy.Pow(expression(primitive), exponent), sign))

    def _raised_product(self, bases: dict[Any, Any], coefficient: Any, exponent: Any) -> Sum:
        self.rules.add("powers")
        if exponent.is_Integer:
            inside = product({b: e * exponent for b, e in bases.items()})
            return single(inside, coefficient**exponent)
        outside, kept = {}, {}
        for base, e in bases.items():
            if not e.is_Rational:
                kept[base] = e
            elif isinstance(base, sympy.exp) or self.nonnegative(base):
                outside[base] = e * exponent
            elif e.is_Integer and e % 2 == 0:
                outside[atoms.Absolute(base)] = e * exponent
            else:
                kept[base] = e
        sign = ONE if coefficient > 0 else -ONE
        if kept or sign < 0:
            # Where such a base is 0 the rest may be negative, and its root would not exist.
            for base in [b for b in outside if not isinstance(b, sympy.exp) and not self.positive(b)]:
                kept[base] = outside.pop(base) / exponent
            outside[sympy.Mul(sign, product(kept))] = exponent
        return times(single(product(outside)), single(sympy.Pow(abs(coefficient), exponent)))

    def exponential(self, argument: Sum) -> Sum:
        """The exponential of a sum; ``exp(c log x)`` is a power, the logarithm being defined."""
        factors, rest = constant(1), []
        for m, c in argument.items():
            if isinstance(m, sympy.log):
                self.rules.add("powers")
                factors = times(factors, self.raised(self.sum(m.args[0]), c))
            else:
                rest.append(c * m)
        return times(factors, single(sympy.exp(sympy.Add(*rest))))

    def log(self, e: Term) -> Sum:
        """The logarithm of a term: those of its positive factors as they are written, and of what is left."""
        e = self.indices.replaced(e) if isinstance(e, Read) else e
        if isinstance(e, sympy.Pow) and e.exp.is_Rational and self.positive(e.base):
            return scaled(self.log(e.base), e.exp)
        if not isinstance(e, sympy.Mul):
            return self.logarithm(self.sum(e))
        whole = [factor for factor in e.args if self.positive(factor)]
        rest = [factor for factor in e.args if factor not in whole]
        if not whole:
            return self.logarithm(self.sum(e))
        self.rules.add("powers")
        parts = [self.log(factor) for factor in whole]
        return plus([*parts, self.logarithm(self.sum(sympy.Mul(*rest)))] if rest else parts)

    def logarithm(self, argument: Sum) -> Sum:
        """The logarithm of a sum: those of its positive factors, and of what is left."""
        argument = self._over_denominators(argument)
        if not argument:
            raise NoNormalFormError("the logarithm of 0")
        rational, shared = content(argument) if len(argument) > 1 else _product_content(argument)
        shared = {b: e for b, e in shared.items() if isinstance(b, sympy.exp) or self.positive(b)}
        rest = divided(argument, rational, shared)
        if shared:
            self.rules.add("powers")
        parts = [self._log_of(base, e) for base, e in shared.items()]
        if rational != 1:
            parts.append(single(sympy.log(rational)))
        if rest != constant(1):
            parts.append(single(sympy.log(expression(rest))))
        return plus(parts)

    def _log_of(self, base: Any, exponent: Any) -> Sum:
        if isinstance(base, sympy.exp):
            return scaled(self.sum(base.args[0]), exponent)
        return single(sympy.log(base), exponent)

    # --- quotients --------------------------------------------------------------------------------------------------

    def numerator(self, part: Sum) -> Sum:
        """A sum times the powers of sums that it divides by, which are not 0 where it is defined."""
        for _ in range(4):
            bases = _compound(part)
            if not bases:
                break
            self.rules.add("denominator")
            if any(base.has(*BITS) for base, least in bases.items() if least < 0) and any(
                _has_bracket(m) for m in part
            ):
                raise NoNormalFormError("a denominator that depends on a bracket, beside brackets")
            raise_by = product({base: -least for base, least in bases.items() if least < 0})
            part = self._expanded(plus(single(sympy.Mul(m, raise_by), c) for m, c in part.items()))
        return part

    def quotient(self, e: Term) -> Term:
        """The normal form over one denominator, factors that all its terms share apart."""
        part = self._over_denominators(self.sum(e))
        if len(part) < 2:
            return expression(part)
        rational, shared = content(part)
        inner = divided(part, rational, shared)
        if not shared and rational == 1 and inner == part:
            return expression(part)
        return sympy.Mul(rational, product(shared), expression(inner))

    def _over_denominators(self, part: Sum) -> Sum:
        """The same sum, as one numerator times one product of negative powers where that is simpler."""
        bases = {b: least for b, least in _compound(part).items() if least < 0}
        if not bases:
            return self._expanded(part) if _compound(part) else part
        top = self.numerator(part)
        bottom = product(bases)
        return plus(single(sympy.Mul(m, bottom), c) for m, c in top.items())

    def _expanded(self, part: Sum) -> Sum:
        """Whole positive powers of sums multiplied out."""
        found = []
        for m, c in part.items():
            bases = powers(m)
            total = constant(c)
            kept = {}
            for base, e in bases.items():
                whole = int(sympy.floor(e)) if e.is_Rational and isinstance(base, sympy.Add) else 0
                if whole <= 0:
                    kept[base] = e
                    continue
                inner = {m_: c_ for t in base.args for m_, c_ in single(t).items()}
                for _ in range(whole):
                    total = times(total, inner)
                if e != whole:
                    kept[base] = e - whole
            found.append(times(total, single(product(kept))))
        return plus(found)

    # --- brackets ---------------------------------------------------------------------------------------------------

    def bracket(self, condition: Any) -> Sum:
        """A condition as the number 1 or 0."""
        condition = self.facts.plain(condition)
        if condition in (0, 1):
            return constant(condition)
        if isinstance(condition, atoms.And):
            return times(*(self.bracket(part) for part in condition.args))
        if isinstance(condition, atoms.Or):
            a, b = (self.bracket(part) for part in condition.args)
            return plus([a, b, scaled(times(a, b), -1)])
        if isinstance(condition, Along):
            axis, body, guard = opened(condition)
            return single(along(condition.operation, axis, self._condition(body), self._condition(guard)))
        known = self._known(condition)
        if known is not None:
            return constant(known)
        if isinstance(condition, atoms.Not) or len(condition.args) != 2:
            return single(condition)
        return self._comparison(condition)

    def _known(self, condition: Any) -> int | None:
        if self.facts.holds(condition, 1):
            return 1
        return 0 if self.facts.holds(self.facts.opposite(condition), 1) else None

    def _condition(self, condition: Any) -> Any:
        """A condition with its terms in normal form."""
        if isinstance(condition, atoms.And | atoms.Or | atoms.Not):
            return condition.func(*(self._condition(part) for part in condition.args))
        if isinstance(condition, BITS) and not isinstance(condition, Along):
            return condition.func(*(self.term(part) for part in condition.args))
        return condition

    def _comparison(self, condition: Any) -> Sum:
        a, b = condition.args
        if a.is_integer and b.is_integer:
            a, b = (self.indices.replaced(part) for part in (a, b))
            if isinstance(condition, atoms.Equal | atoms.NotEqual):
                a, b = self.indices.compared(a, b)
                return self._atomic(condition.func(*pair(a, b)))
            return self._atomic(condition.func(a, b))
        difference = self._over_denominators(plus([self.sum(b), scaled(self.sum(a), -1)]))
        if not difference:
            return constant(1 if isinstance(condition, atoms.Equal | atoms.LessEqual) else 0)
        rational, shared = content(difference) if len(difference) > 1 else _product_content(difference)
        shared = {base: e for base, e in shared.items() if isinstance(base, sympy.exp) or self.positive(base)}
        primitive = divided(difference, rational, shared)
        turned = leading(primitive) < 0
        d = expression(scaled(primitive, -1) if turned else primitive)
        same, above = self._settled(atoms.Equal(d, 0)), self._settled(atoms.Less(0, d))
        if isinstance(condition, atoms.Equal | atoms.NotEqual):
            return same if isinstance(condition, atoms.Equal) else plus([constant(1), scaled(same, -1)])
        weak = isinstance(condition, atoms.LessEqual)
        if not turned:
            return plus([above, same]) if weak else above
        below = plus([constant(1), scaled(above, -1)])
        return below if weak else plus([below, scaled(same, -1)])

    def _settled(self, condition: Any) -> Sum:
        known = self._known(condition)
        return single(condition) if known is None else constant(known)

    def _atomic(self, condition: Any) -> Sum:
        return constant(condition) if condition in (0, 1) else single(condition)

    def selected(self, condition: Any, part: Sum) -> Sum:
        """A sum where a condition holds, else 0."""
        self.rules.add("branch")
        condition = self.facts.plain(condition)
        if isinstance(condition, atoms.And):
            for one in condition.args:
                part = self.selected(one, part)
            return part
        known = self._known(condition) if condition not in (0, 1) else int(condition)
        if known is not None:
            return part if known else {}
        whole = self.bracket(condition)
        if (len(whole) == 1 and ONE not in whole) or all(self.defined(m) for m in part):
            return times(whole, part)
        return times(single(condition), part)

    def defined(self, monomial: Any) -> bool:
        """Whether a term is shown to be defined and finite."""
        return all(
            self.facts.holds(atoms.Or(self.facts.opposite(self.facts.plain(path)), need))
            for path, need in obligations_of(monomial)
        )

    def where(self, condition: Any, yes: Any, no: Any) -> Sum:
        """A branch, each side under what leads to it."""
        condition = self.facts.plain(condition)
        known = self._known(condition) if condition not in (0, 1) else int(condition)
        if known is not None:
            return self.sum(yes if known else no)
        there, elsewhere = (
            Normal(self.facts.under(c), self.indices).sum(branch)
            for c, branch in ((condition, yes), (self.facts.opposite(condition), no))
        )
        return plus([self.selected(condition, there), self.selected(self.facts.opposite(condition), elsewhere)])

    # --- reductions -------------------------------------------------------------------------------------------------

    def _along(self, e: Along) -> Sum:
        axis, body, guard = opened(e)
        root = e.axis.axis.split("'")[0]
        guard = self.facts.plain(guard)
        inner = self if guard == 1 else Normal(self.facts.under(guard), self.indices)
        inner.rules = self.rules
        if e.operation == "sum":
            return self.summed(axis, root, inner.sum(body), guard)
        if e.operation == "norm":
            self.rules.add("norm")
            squared = inner.sum(body)
            return self.raised(self.summed(axis, root, times(squared, squared), guard), sympy.S.Half)
        if e.operation == "logsumexp":
            self.rules.add("shift")
            total = self.summed(axis, root, inner.exponential(inner.sum(body)), guard)
            return self._log_of_exponentials(total)
        return single(along(e.operation, axis, inner.term(body), self._condition(guard), root))

    def _log_of_exponentials(self, total: Sum) -> Sum:
        """The logarithm of a sum of exponentials; a sum that stands as one factor is positive, the whole being so."""
        if len(total) != 1:
            return self.logarithm(total)
        ((m, c),) = total.items()
        bases = powers(m)
        unknown = [b for b in bases if not isinstance(b, sympy.exp) and not self.positive(b)]
        if len(unknown) > 1 or c <= 0:
            return self.logarithm(total)
        parts = [self._log_of(base, e) for base, e in bases.items()]
        return plus([*parts, single(sympy.log(c))] if c != 1 else parts)

    def summed(self, axis: AxisSymbol, root: str, body: Sum, guard: Any = ONE) -> Sum:
        """The sum over an axis of what is summed, where a condition holds."""
        if guard != 1:
            body = self.selected(guard, body)
        self.rules.add("linear")
        return plus(scaled(self._contracted([(axis, root)], m), c) for m, c in body.items())

    def _contracted(self, axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Sum:
        """The sum of one product over several axes."""
        axes, monomial = self._flattened(axes, self._once(monomial))
        for position, (axis, root) in enumerate(axes):
            rest = axes[:position] + axes[position + 1 :]
            solved = self._solved(axis, root, monomial)
            if solved is not None:
                return self._again(rest, solved)
            if axis.axis not in axes_of(monomial):
                self.rules.add("count")
                return times(single(SizeSymbol(root)), self._contracted(rest, monomial) if rest else single(monomial))
            outer, inner = self._split(axes, axis, monomial)
            if outer != 1 or len(inner[0]) < len(axes):
                others = [pair for pair in axes if pair not in inner[0]]
                left = self._contracted(others, outer) if others else single(outer)
                return times(left, self._contracted(*inner))
        if len(axes) == 1 and isinstance(monomial, atoms.NotEqual):
            ((axis, root),) = axes
            if self.indices.solution(axis, root, monomial) is not None:
                self.rules.add("count")
                return plus([single(SizeSymbol(root)), constant(-1)])
        for position, (axis, root) in enumerate(axes):
            rest = axes[:position] + axes[position + 1 :]
            paired = self.indices.orthogonal(axis, powers(monomial))
            if paired is not None:
                self.rules.add("orthogonal")
                return self._again(rest, paired)
            renamed = self.indices.reindexed(axis, root, monomial)
            if renamed is not None:
                self.rules.add("reindex")
                return self._again([*rest, (axis, root)], renamed)
        return single(_nested(axes, monomial))

    def _once(self, monomial: Any) -> Any:
        """A product in which a variable that is 0 or 1 has no higher power."""
        bases = powers(monomial)
        high = {b for b, e in bases.items() if isinstance(b, Read) and e.is_Integer and e > 1}
        bits = {b for b in high if self.facts.holds(atoms.Or(atoms.Equal(b, 0), atoms.Equal(b, 1)), 1)}
        return product({b: ONE if b in bits else e for b, e in bases.items()}) if bits else monomial

    def _again(self, axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Sum:
        """A product whose indices changed, and its sum over what is left."""
        total = self.sum(monomial)
        if not axes:
            return total
        return plus(scaled(self._contracted(axes, m), c) for m, c in total.items())

    def _flattened(self, axes: list[tuple[AxisSymbol, str]], monomial: Any) -> tuple[list[tuple[AxisSymbol, str]], Any]:
        """Sums among the factors opened, so that the order of sums is free."""
        names = {axis.axis for axis, _ in axes}
        factors: list[Any] = []
        axes = list(axes)
        stack = list(powers(monomial).items())
        while stack:
            base, e = stack.pop()
            if isinstance(base, SumAlong) and base.guard == 1 and e.is_Integer and e > 0 and axes_of(base) & names:
                for _ in range(int(e)):
                    axis, body, _guard = opened(base)
                    axes.append((axis, base.axis.axis.split("'")[0]))
                    names.add(axis.axis)
                    stack += list(powers(body).items())
            else:
                factors.append(power(base, e))
        return axes, sympy.Mul(*factors)

    def _split(self, axes: Any, axis: AxisSymbol, monomial: Any) -> tuple[Any, tuple[Any, Any]]:
        """The factors tied to one axis, through others of the axes, and the rest."""
        factors = list(powers(monomial).items())
        names = {a.axis for a, _ in axes}
        tied, reached = set(), {axis.axis}
        while True:
            more = {
                i for i, (base, e) in enumerate(factors) if i not in tied and (axes_of(base) | axes_of(e)) & reached
            }
            if not more:
                break
            tied |= more
            for i in more:
                reached |= (axes_of(factors[i][0]) | axes_of(factors[i][1])) & names
        inner = sympy.Mul(*(power(*factors[i]) for i in sorted(tied)))
        outer = sympy.Mul(*(power(*f) for i, f in enumerate(factors) if i not in tied))
        return outer, ([pair for pair in axes if pair[0].axis in reached], inner)

    def _solved(self, axis: AxisSymbol, root: str, monomial: Any) -> Any:
        """The product at the index that an equation among its brackets names, without the bracket."""
        for base in powers(monomial):
            if isinstance(base, atoms.Equal):
                index = self.indices.solution(axis, root, base)
                if index is not None:
                    self.rules.add("select")
                    rest = product({b: e for b, e in powers(monomial).items() if b != base})
                    return substitute(rest, {axis: index})
        return None

    def _merged(self, monomial: Any, coefficient: Any) -> Sum:
        """A product in which one of two indices that a bracket equates stands for both."""
        for base in powers(monomial):
            if isinstance(base, atoms.Equal) and all(part.is_integer for part in base.args):
                a, b = base.args
                old, new = (a, b) if isinstance(a, AxisSymbol) else (b, a)
                rest = product({f: e for f, e in powers(monomial).items() if f != base})
                if isinstance(old, AxisSymbol) and old.axis in axes_of(rest):
                    again = self.sum(substitute(rest, {old: new}))
                    return scaled(times(single(base), again), coefficient)
        return {monomial: coefficient}


def pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Two sides of an equation in a fixed order, a number last."""
    a, b = sorted((a, b), key=sympy.default_sort_key)
    return (b, a) if a.is_Number else (a, b)


def _undefined() -> Sum:
    raise NoNormalFormError("a negative power of 0")


def _has_bracket(monomial: Any) -> bool:
    return any(isinstance(base, BITS) for base in powers(monomial))


def _product_content(part: Sum) -> tuple[Any, dict[Any, Any]]:
    ((m, c),) = part.items()
    return abs(c), {b: e for b, e in powers(m).items() if e.is_Rational and not isinstance(b, BITS)}


def _compound(part: Sum) -> dict[Any, Any]:
    """The sums that stand as bases, with their least exponent where it is negative or a whole power is left."""
    found: dict[Any, Any] = {}
    for m in part:
        for base, e in powers(m).items():
            if isinstance(base, sympy.Add) and e.is_Rational:
                found[base] = min(found.get(base, sympy.S.Zero), e)
                if e >= 1:
                    found[base] = min(found[base], sympy.S.Zero)
    whole = {b for m in part for b, e in powers(m).items() if isinstance(b, sympy.Add) and e.is_Rational and e >= 1}
    return {base: least for base, least in found.items() if least < 0 or base in whole}


def _nested(axes: list[tuple[AxisSymbol, str]], monomial: Any) -> Any:
    """One canonical nest of sums."""
    if len(axes) > _MOST_AXES:
        raise NoNormalFormError("too many sums within one another")
    candidates = []
    for order in permutations(axes):
        e = monomial
        for axis, root in order:
            e = along("sum", axis, e, root=root)
        candidates.append(e)
    return min(candidates, key=str)


def _signed(self: Normal, x: Any, atom: Any) -> Sum | None:
    """|x| and the like where the sign of x is known."""
    part = self.sum(x)
    e = expression(part)
    if self.nonnegative(e):
        return part
    if self.nonnegative(-e):
        return scaled(part, -1)
    if part and len(part) == 1:
        ((m, c),) = part.items()
        outside = {b: p for b, p in powers(m).items() if isinstance(b, sympy.exp) or self.nonnegative(b)}
        inside = product({b: p for b, p in powers(m).items() if b not in outside})
        return times(single(product(outside), abs(c)), single(atom(inside)))
    rational, shared = content(part)
    shared = {b: p for b, p in shared.items() if isinstance(b, sympy.exp) or self.positive(b)}
    inner = divided(part, rational, shared)
    inner = scaled(inner, -1) if leading(inner) < 0 else inner
    return times(single(product(shared), rational), single(atom(expression(inner))))


def _extreme(sign: int) -> Callable[..., Sum | None]:
    def rule(self: Normal, a: Any, b: Any) -> Sum | None:
        left, right = self.sum(a), self.sum(b)
        difference = scaled(plus([left, scaled(right, -1)]), sign)
        e = expression(difference)
        if self.nonnegative(e):
            return left
        return right if self.nonnegative(-e) else None

    return rule


def _half_step(self: Normal, x: Any) -> Sum:
    return plus([self.bracket(atoms.Less(0, x)), scaled(self.bracket(atoms.Equal(x, 0)), sympy.S.Half)])


def _x_log_y(self: Normal, x: Any, y: Any) -> Sum:
    left, right = self.sum(x), self._over_denominators(self.sum(y))
    if not left:
        return {}
    if right and self.positive(expression(right)):
        self.rules.add("xlogy")
        return times(left, self.logarithm(right))
    self.rules.add("xlogy")
    rational, shared = content(right) if len(right) > 1 else _product_content(right)
    shared = {b: e for b, e in shared.items() if isinstance(b, sympy.exp) or self.positive(b)}
    outside = plus(
        [*(self._log_of(b, e) for b, e in shared.items()), *([single(sympy.log(rational))] if rational != 1 else [])]
    )
    inner = expression(divided(right, rational, shared))
    scale = ONE
    if len(left) == 1:
        ((m, scale),) = left.items()
        kept = m
    else:
        kept = expression(left)
    return plus([times(left, outside), single(atoms.XLogY(kept, inner), scale)])


def _zero_times(self: Normal, a: Any, b: Any) -> Sum:
    return (
        self.selected(atoms.NotEqual(a, 0), times(self.sum(a), self.sum(b)))
        if not self.defined(b)
        else times(self.sum(a), self.sum(b))
    )


_RULES: dict[str, Callable[..., Sum | None]] = {
    "exp": lambda self, x: self.exponential(self.sum(x)),
    "log": lambda self, x: self.log(x),
    "Where": lambda self, c, a, b: self.where(c, a, b),
    "Sigmoid": lambda self, x: self.sum(sympy.exp(x) / (1 + sympy.exp(x))),
    "Softplus": lambda self, x: self.sum(sympy.log(1 + sympy.exp(x))),
    "Tanh": lambda self, x: self.sum((sympy.exp(2 * x) - 1) / (sympy.exp(2 * x) + 1)),
    "Log1p": lambda self, x: self.sum(sympy.log(1 + x)),
    "Expm1": lambda self, x: self.sum(sympy.exp(x) - 1),
    "ExpTail": lambda self, x: self.sum(sympy.exp(x) - 1 - x),
    "LogTail": lambda self, x: self.sum(x - sympy.log(1 + x)),
    "LogCosh": lambda self, x: self.sum(sympy.log((sympy.exp(x) + sympy.exp(-x)) / 2)),
    "LogRatio": lambda self, a, b: self.sum(sympy.log(a) - sympy.log(b)),
    "XLogY": _x_log_y,
    "XLog1pY": lambda self, x, y: _x_log_y(self, x, 1 + y),
    "XOverY": lambda self, x, y: self.sum(x / y) if self.defined(1 / y) else None,
    "ZeroTimes": _zero_times,
    "StopGradient": lambda self, x: self.sum(x),
    "SlopeAt": lambda self, f, c, s: self.sum(f),
    "Absolute": lambda self, x: _signed(self, x, atoms.Absolute),
    "Maximum": _extreme(1),
    "Minimum": _extreme(-1),
    "Relu": lambda self, x: self.sum(atoms.Maximum(0, x)),
    "Ramp": lambda self, x: self.sum(atoms.Maximum(0, x)),
    "Step": lambda self, x: self.bracket(atoms.Less(0, x)),
    "HalfStep": _half_step,
}
#: Each name is a definition of `symloss.atoms`, written with other words.
__all__ = ["NoNormalFormError", "Normal"]
