"""Certificates that a term is at least 0 for every size, and what follows where it is 0.

A certificate is a tree of named steps; each step rests on smaller ones, the leaves on ranges. ``docs/proofs.md`` says
why each is sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, axes_of, substitute
from symloss.proof.closing import implied
from symloss.proof.goals import Goal
from symloss.proof.knowledge import Knowledge
from symloss.proof.normal import NoNormalFormError, Normal
from symloss.proof.polynomials import BITS, ONE, Sum, constant, expression, plus, powers, product, scaled, single, times
from symloss.proof.setting import Setting, folded
from symloss.proof.terms import (
    AllAlong,
    Along,
    LogSumExpAlong,
    NormAlong,
    SumAlong,
    Term,
    all_reads,
    along,
    fresh,
    opened,
)
from symloss.proof.verdicts import Evidence

#: How deep steps may nest.
_DEPTH = 7
_MOST_SUBSETS = 64
#: How many terms are looked at for one goal.
_MOST_STEPS = 400


class Certificates:
    """Certificates under the facts of a goal.

    Args:
        setting: the goal's facts and normal forms.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.indices = setting.indices
        self.failed: dict[tuple[int, Any], int] = {}
        self.inner: dict[tuple[int, Any], tuple[Knowledge, Normal]] = {}
        self.normals: dict[int, Normal] = {id(setting.facts): setting.normal}
        self.steps = 0

    def _normal(self, facts: Knowledge) -> Normal:
        return self.normals[id(facts)]

    def under(self, facts: Knowledge, condition: Term) -> Knowledge:
        """The facts with one more condition; kept, so that what is worked out under them is not worked out again."""
        if condition == 1:
            return facts
        key = (id(facts), condition)
        if key not in self.inner:
            made = facts.under(condition)
            self.inner[key] = (made, Normal(made, self.indices))
            self.normals[id(made)] = self.inner[key][1]
        return self.inner[key][0]

    # --- obligations ------------------------------------------------------------------------------------------------

    def needs(self, goal: Goal, conclusion: Term = sympy.S.One) -> list[Evidence] | None:
        """How each obligation is shown; one that fails only where the larger side is +oo is met as well."""
        facts = self.setting.facts
        found: list[Evidence] = []
        for path, need in goal.obligations:
            condition = facts.plain(implied(path, need))
            if facts.holds(condition):
                found.append({"needs": str(condition), "rule": "range"})
                continue
            step = self._apart(condition)
            if step is not None:
                found.append({"needs": str(condition), "rule": "positive", "from": [step]})
                # What was shown may be used for what comes after it.
                facts.assume(atoms.Less(0, condition.args[0 if isinstance(condition, atoms.NotEqual) else 1]))
            elif isinstance(conclusion, atoms.LessEqual) and infinite(condition, conclusion, facts):
                found.append({"needs": str(condition), "rule": "infinite"})
            else:
                return None
        return found

    def _apart(self, condition: Term) -> Evidence | None:
        facts = self.setting.facts
        if isinstance(condition, atoms.NotEqual) and condition.args[1] == 0:
            return self.positive(condition.args[0], facts)
        if isinstance(condition, atoms.Less) and condition.args[0] == 0:
            return self.positive(condition.args[1], facts)
        return None

    # --- at least 0 -------------------------------------------------------------------------------------------------

    def nonnegative(self, e: Term, facts: Knowledge, depth: int = _DEPTH) -> Evidence | None:
        """A certificate that a term is at least 0, or None."""
        key = (id(facts), e)
        if depth <= self.failed.get(key, 0) or self.steps > _MOST_STEPS:
            return None
        self.steps += 1
        found = facts.range(e)
        if found is not None and found.above(0):
            return _node(e, "range")
        if not e.args or (found is not None and found.below(0, True)):
            return None
        for rule in _RULES:
            try:
                step = rule(self, e, facts, depth - 1)
            except NoNormalFormError:
                continue
            if step is not None:
                return step
        self.failed[key] = depth
        return None

    def positive(self, e: Term, facts: Knowledge) -> Evidence | None:
        """A certificate that a term is greater than 0: a strict condition and what is added to it."""
        found = facts.range(e)
        if found is not None and found.above(0, True):
            return _node(e, "range")
        return self._consequence(e, facts, _DEPTH - 3, strictly=True)

    def _item_of_logsumexp(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A logarithm of a sum of exponentials is at least each of their exponents."""
        other = self._normal(facts).term(e).replace(lambda part: isinstance(part, sympy.log), folded)
        found = facts.range(other) if other != e else None
        return _node(e, "item", equal=str(other)) if found is not None and found.above(0) else None

    def _cases(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A branch by its condition: each side where it is taken."""
        branch = next((node for node in sympy.preorder_traversal(e) if isinstance(node, atoms.Where)), None)
        if branch is None or any(branch in node.atoms(atoms.Where) for node in e.atoms(Along)):
            return None
        condition, yes, no = branch.args
        condition = facts.plain(condition)
        parts = []
        for assumed, value in ((condition, yes), (facts.opposite(condition), no)):
            part = self.nonnegative(e.xreplace({branch: value}), self.under(facts, assumed), depth)
            if part is None:
                return None
            parts.append({"where": str(assumed), **part})
        return _node(e, "cases", parts)

    def _consequence(self, e: Term, facts: Knowledge, depth: int, strictly: bool = False) -> Evidence | None:
        """A condition that is assumed, times a positive number, and what is added to it."""
        normal = self._normal(facts)
        try:
            target = normal.sum(e)
        except NoNormalFormError:
            return None
        for known in sorted(facts.conditions, key=str):
            if not isinstance(known, atoms.Less if strictly else atoms.Less | atoms.LessEqual):
                continue
            low, high = known.args
            if low.is_infinite or high.is_infinite or not all_reads(known) & all_reads(e):
                continue
            try:
                given = normal.sum(high - low)
            except NoNormalFormError:
                continue
            for factor in (sympy.S.One, sympy.S.Half):
                rest = plus([target, scaled(given, -factor)])
                part = _node(sympy.S.Zero, "range") if not rest else None
                if part is None and depth > 2:
                    part = self._by_terms(expression(rest), facts, 1) or self._items(expression(rest), facts, 3)
                if part is not None:
                    return _node(e, "consequence", [part], given=str(known), times=str(factor))
        return None

    def _factors(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A product of terms that are at least 0."""
        if not isinstance(e, sympy.Mul):
            return None
        number, rest = e.as_coeff_Mul(rational=True)
        factors = list(sympy.Mul.make_args(rest))
        if number < 0:
            if len(factors) != 1:
                return None
            factors = [-factors[0]] if not isinstance(factors[0], SumAlong) else []
        if not factors or factors == [e]:
            return None
        parts: list[Evidence] = []
        for factor in factors:
            part = self.nonnegative(factor, facts, depth)
            if part is None:
                return None
            parts.append(part)
        return _node(e, "factors", parts)

    def _by_terms(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A sum whose terms are at least 0, each by itself."""
        terms = sympy.Add.make_args(e)
        if len(terms) < 2:
            found = facts.range(e)
            return _node(e, "range") if found is not None and found.above(0) else None
        ranges = [facts.range(term) for term in terms]
        if any(r is not None and r.below(0, True) for r in ranges):
            return None
        parts: list[Evidence] = []
        for term in terms:
            part = self.nonnegative(term, facts, depth)
            if part is None:
                return None
            parts.append(part)
        return _node(e, "terms", parts)

    def _items(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """Sums over axes, each item with the multipliers of constraints at least 0."""
        groups, rest = self.groups(e, facts)
        if not groups:
            return None
        parts: list[Evidence] = []
        if rest != 0:
            part = self.nonnegative(rest, facts, depth)
            if part is None:
                return None
            parts.append(part)
        for factor, axis, root, guard, item in groups:
            part = self._item(axis, root, guard, item, self.under(facts, guard), depth)
            if part is None:
                return None
            parts.append({"factor": str(factor), "axis": axis.axis, "guard": str(guard), **part})
        return _node(e, "sum of nonnegative items", parts)

    def _item(
        self, axis: AxisSymbol, root: str, guard: Term, item: Term, facts: Knowledge, depth: int
    ) -> Evidence | None:
        found = self.nonnegative(item, facts, depth)
        if found is not None:
            return found
        constraints = self.constraints(axis, root, guard, item, facts)
        for first, second in combinations(constraints, 2):
            for up, down in ((first, second), (second, first)):
                found = self.nonnegative(item + up - down, facts, depth)
                if found is not None:
                    shown = [{"sum of": str(up), "times": "1"}, {"sum of": str(down), "times": "-1"}]
                    return {**found, "item": str(item), "multipliers": shown}
        return None

    def groups(self, e: Term, facts: Knowledge) -> tuple[list[tuple[Term, AxisSymbol, str, Term, Term]], Term]:
        """The sums over axes in a term with their nonnegative factors, those over the same items together."""
        found: dict[tuple[Any, str, Any], tuple[AxisSymbol, Term]] = {}
        rest = []
        for term in flat(e):
            factors = sympy.Mul.make_args(term)
            sums = [factor for factor in factors if isinstance(factor, SumAlong)]
            if len(sums) != 1:
                rest.append(term)
                continue
            node = sums[0]
            number, factor = sympy.Mul(*(f for f in factors if f is not node)).as_coeff_Mul(rational=True)
            sign = facts.range(factor)
            if sign is None or not sign.finite or not (sign.above(0) or sign.below(0)):
                rest.append(term)
                continue
            if not sign.above(0):
                number, factor = -number, -factor
            root = node.axis.axis.split("'")[0]
            guard = facts.plain(node.guard)
            key = (factor, root, substitute(guard, {node.axis: AxisSymbol(f"{root}''0")}))
            axis, item = found.get(key, (fresh(root), sympy.S.Zero))
            found[key] = (axis, item + number * substitute(node.body, {node.axis: axis}))
        made = [
            (factor, axis, root, substitute(guard, {AxisSymbol(f"{root}''0"): axis}), item)
            for (factor, root, guard), (axis, item) in found.items()
        ]
        return made, sympy.Add(*rest)

    def constraints(self, axis: AxisSymbol, root: str, guard: Term, item: Term, facts: Knowledge) -> list[Term]:
        """Terms of an item whose sum over the admitted items is 1: entries of a simplex, and of a softmax."""
        found: list[Term] = []
        for read in sorted(all_reads(item), key=str):
            tensor = facts.tensors.get(read.tensor)
            if tensor is None or tensor.domain.kind != "simplex" or guard != 1:
                continue
            if read.index[tensor.axes.index(tensor.domain.axis or "")] == axis:
                found.append(read)
        for node in sorted(item.atoms(LogSumExpAlong), key=str):
            own, body, admitted = opened(node)
            same = substitute(facts.plain(admitted), {own: axis}) == guard
            if node.axis.axis.split("'")[0] == root and same and axis.axis not in axes_of(node):
                found.append(sympy.exp(substitute(body, {own: axis}) - node))
        return found[:4]

    # --- scalars ----------------------------------------------------------------------------------------------------

    def gibbs(self, e: Term, facts: Knowledge) -> tuple[list[tuple[Term, Term]], list[Term]] | None:
        """Pairs (m, w) and terms, all at least 0: ``e`` is the sum of these terms and of ``w - m + m log(m/w)``."""
        normal = self._normal(facts)
        terms = [term for part in flat(e) for term in _split(part)]
        ranges = [facts.range(term) for term in terms]
        evident = [t for t, r in zip(terms, ranges, strict=True) if r is not None and r.above(0)]
        others = plus(normal.sum(t) for t in terms if t not in evident)
        if not others or len(evident) > 6:
            return None
        sums = {t: normal.sum(t) for t in evident}
        subsets = [s for size in range(1, len(evident) + 1) for s in combinations(evident, size)][:_MOST_SUBSETS]
        for chosen in subsets:
            whole = plus([others, *(sums[t] for t in chosen)])
            for pairs in self._pairs(whole, chosen, sums, facts):
                forms = [self._divergence(normal, m, w, c) for m, w, c in pairs]
                if not plus([whole, *(scaled(form, -1) for form in forms)]):
                    rest = [t for t in evident if t not in chosen]
                    return [(m, w) for m, w, _ in pairs], rest
        return None

    def _pairs(self, whole: Sum, chosen: Any, sums: Any, facts: Knowledge) -> Iterator[list[tuple[Term, Term, Any]]]:
        weights = [next(iter(sums[t].items())) for t in chosen if len(sums[t]) == 1]
        less = [(m, -c) for m, c in whole.items() if c < 0 and self._at_least_zero(m, facts)]
        for w, c in weights:
            for m, own in less:
                if own == c:
                    yield [(m, w, c)]
        if ONE in whole and whole[ONE] < 0:
            for term in chosen:
                if len(sums[term]) > 1 and self._normal(facts).positive(term):
                    yield [(ONE, term / -whole[ONE], -whole[ONE])]

    def _at_least_zero(self, e: Term, facts: Knowledge) -> bool:
        found = facts.range(e)
        return found is not None and found.finite and found.above(0)

    def _divergence(self, normal: Normal, m: Term, w: Term, factor: Any) -> Sum:
        """``factor (w - m + m log m - m log w)``."""
        form = w - m + atoms.XLogY(m, m) - atoms.XLogY(m, w)
        return scaled(normal.sum(form), factor)

    def _gibbs(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """``w - m ≥ m log(w/m)`` for m, w ≥ 0."""
        found = self.gibbs(e, facts)
        if found is None:
            return None
        pairs, rest = found
        return _node(e, "Gibbs", pairs=[[str(m), str(w)] for m, w in pairs], rest=[str(t) for t in rest])

    def _ends(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A term that is affine in a variable between two bounds is at least 0 if it is at both."""
        part = self._normal(facts).sum(e)
        split = [powers(m) for m in part]
        for read in sorted({base for bases in split for base, x in bases.items() if x == 1}, key=str):
            if isinstance(read, (*BITS, SumAlong)) or getattr(read, "integer", False):
                continue
            inside = facts.range(read)
            if inside is None or not (inside.low.is_Rational and inside.high.is_Rational):
                continue
            if any(
                (base.has(read) and not (base == read and x == 1)) or x.has(read)
                for b in split
                for base, x in b.items()
            ):
                continue
            found = []
            for end in (inside.low, inside.high):
                there = expression(plus(single(m.xreplace({read: end}), c) for m, c in part.items()))
                step = self.nonnegative(there, facts, min(depth, 4))
                if step is None:
                    break
                found.append({"at": str(end), **step})
            if len(found) == 2:
                return _node(e, "ends", found, variable=str(read))
        return None

    def _logarithm(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A term with logarithms is at least 0 where its exponential is at least 1."""
        normal = self._normal(facts)
        part = normal.sum(e)
        if not any(isinstance(m, sympy.log) and c.is_Integer and c > 0 for m, c in part.items()):
            return None
        whole = plus([normal._expanded(normal.exponential(part)), constant(-1)])
        step = self._by_terms(expression(whole), facts, 2)
        return None if step is None else _node(e, "logarithm", [step])

    def _quotient(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """A quotient with a positive denominator by its numerator."""
        normal = self._normal(facts)
        part = normal.sum(e)
        bottoms: dict[Any, Any] = {}
        for m in part:
            for base, exponent in powers(m).items():
                if exponent.is_Rational and exponent < 0:
                    bottoms[base] = min(bottoms.get(base, sympy.S.Zero), exponent)
        if not bottoms or not all(self._above_zero(base, facts) for base in bottoms):
            return None
        raised = product({base: -exponent for base, exponent in bottoms.items()})
        top = normal._expanded(plus(single(sympy.Mul(m, raised), c) for m, c in part.items()))
        step = self.nonnegative(expression(top), facts, depth)
        return None if step is None else _node(e, "quotient", [step], denominator=str(raised))

    def _above_zero(self, e: Term, facts: Knowledge) -> bool:
        return self._normal(facts).positive(e) or (isinstance(e, sympy.Add) and self.positive(e, facts) is not None)

    def _share(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """``Σ b = Σ a b + slack`` with slack ≥ 0 where ``0 ≤ a ≤ 1`` and ``b ≥ 0``; then no coefficient is negative."""
        part = self._normal(facts).sum(e)
        slacks: dict[Any, Any] = {}
        for node in sorted(set().union(*(m.atoms(SumAlong) for m in part)), key=str):
            axis, body, guard = opened(node)
            factors = powers(body)
            for base in factors if guard == 1 and len(factors) == 2 else ():
                inside = facts.range(base)
                other = product({b: x for b, x in factors.items() if b != base})
                bounded = inside is not None and inside.above(0) and inside.below(1)
                if factors[base] == 1 and bounded and self._at_least_zero(other, facts):
                    whole = along("sum", axis, other, root=node.axis.axis.split("'")[0])
                    slacks.setdefault(whole, node + Read(f"slack of {other}", ()))
        if not slacks:
            return None
        normal = self._normal(facts)
        found = normal._expanded(plus(times(constant(c), normal.sum(m.xreplace(slacks))) for m, c in part.items()))
        slack = {read for new in slacks.values() for read in new.free_symbols if isinstance(read, Read)}
        slack = {read for read in slack if read.tensor.startswith("slack of ")}
        for m, c in found.items():
            rest = product({b: x for b, x in powers(m).items() if b not in slack})
            if c < 0 or not self._at_least_zero_or_more(rest, facts):
                return None
        return _node(e, "share", slacks={str(whole): str(new) for whole, new in slacks.items()})

    def _at_least_zero_or_more(self, e: Term, facts: Knowledge) -> bool:
        found = facts.range(e)
        return found is not None and found.above(0)

    def _spread(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """``logsumexp`` is at most the logarithm of the number of items plus some item."""
        normal = self._normal(facts)
        for term in flat(e):
            number, node = term.as_coeff_Mul(rational=True)
            if number >= 0 or not isinstance(node, LogSumExpAlong):
                continue
            axis, body, guard = opened(node)
            root = node.axis.axis.split("'")[0]
            inner = self.under(facts, guard)
            count = expression(normal.summed(axis, root, constant(1), facts.plain(guard)))
            other = expression(normal.sum(e - term + number * sympy.log(count) + number * body))
            step = self.nonnegative(other, inner, depth)
            if step is not None:
                return _node(e, "mean of exponentials", [step], items=axis.axis)
        return None

    def _cauchy(self, e: Term, facts: Knowledge, depth: int) -> Evidence | None:
        """``|Σ a b| ≤ sqrt(Σ a² Σ b²)``."""
        normal = self._normal(facts)
        part = normal.sum(e)
        found: list[Sum] = []
        used = False
        for m, c in part.items():
            rest = self._cosine(m, normal)
            if rest is not None and self._at_least_zero(rest, facts):
                used = True
                found.append(single(rest, -abs(c)))
            else:
                found.append({m: c})
        if not used:
            return None
        total = plus(found)
        step = _node(sympy.S.Zero, "range") if not total else self.nonnegative(expression(total), facts, 1)
        return None if step is None else _node(e, "Cauchy-Schwarz", [step])

    def _cosine(self, monomial: Any, normal: Normal) -> Any:
        """What stands beside a cosine in a product, or None."""
        bases = powers(monomial)
        for node, exponent in bases.items():
            if not isinstance(node, SumAlong) or exponent != 1 or node.guard != 1:
                continue
            axis, body, _ = opened(node)
            root = node.axis.axis.split("'")[0]
            factors = list(powers(body).items())
            if len(factors) != 2 or any(x != 1 for _, x in factors):
                continue
            squares = {along("sum", axis, base**2, root=root): -sympy.S.Half for base, _ in factors}
            if len(squares) == 2 and all(bases.get(square) == x for square, x in squares.items()):
                return product({b: x for b, x in bases.items() if b != node and b not in squares})
        return None

    # --- equal to 0 -----------------------------------------------------------------------------------------------

    def vanishes(self, e: Term, facts: Knowledge) -> bool:
        """Whether a term is 0: by its normal form, as a multiple of a known equation, or item by item."""
        normal = self._normal(facts)
        if normal.zero(e):
            return True
        part = normal.sum(e)
        for known in sorted(facts.conditions, key=str):
            if not isinstance(known, atoms.Equal) or not all_reads(known) & all_reads(e):
                continue
            try:
                given = normal.sum(known.args[0] - known.args[1])
            except NoNormalFormError:
                continue
            first = next(iter(given), None)
            for m, c in part.items() if first is not None else ():
                shared = powers(m)
                ratio = powers(m / first)
                if any(x.is_Rational and x < 0 and not shared.get(b, ONE) < 0 for b, x in ratio.items()):
                    continue  # what it divides by might be 0
                factor = single(m / first, c / given[first])
                if not plus([part, scaled(times(factor, given), -1)]):
                    return True
        groups, rest = self.groups(e, facts)
        if not groups or (rest != 0 and not normal.zero(rest)):
            return False
        return all(self._vanishing_item(item, self.under(facts, guard)) for _, _, _, guard, item in groups)

    def _vanishing_item(self, item: Term, facts: Knowledge) -> bool:
        facts.range(item)  # what holds for every item is known of this one from now on
        for known in tuple(facts.disjunctions):
            for part in known.args:
                if facts.holds(facts.opposite(part), 0):
                    facts = self.under(facts, atoms.Or(*(p for p in known.args if p is not part)))
        return self.vanishes(item, facts)

    # --- where a term is 0 --------------------------------------------------------------------------------------------

    def zeros(self, e: Term, facts: Knowledge, place: dict[str, AxisSymbol], depth: int = 4) -> list[Term]:
        """Terms that are 0 where a term is; items of a sum at the running index that ``place`` has for their axis."""
        found: list[Term] = [e]
        if depth == 0:
            return found
        if isinstance(e, sympy.Mul):
            open_factors = [f for f in e.args if not self._normal(facts).positive(f) and not f.is_Rational]
            if len(open_factors) == 1:
                found += self.zeros(open_factors[0], facts, place, depth - 1)
        if isinstance(e, sympy.Pow) and e.exp.is_Rational and e.exp > 0:
            found += self.zeros(e.base, facts, place, depth - 1)
        if isinstance(e, atoms.Absolute):
            found += self.zeros(e.args[0], facts, place, depth - 1)
        if isinstance(e, NormAlong):
            axis, body, guard = opened(e)
            root = e.axis.axis.split("'")[0]
            if guard == 1 and root in place:
                found += self.zeros(substitute(body, {axis: place[root]}), facts, place, depth - 1)
        groups, rest = self.groups(e, facts)
        if groups and rest == 0:
            found += self._zero_items(groups, facts, place, depth)
        elif self._all_evident(e, facts):
            for term in flat(e):
                found += self.zeros(term, facts, place, depth - 1) if term != e else []
        return found

    def _all_evident(self, e: Term, facts: Knowledge) -> bool:
        ranges = [facts.range(term) for term in flat(e)]
        return len(ranges) > 1 and all(r is not None and r.above(0) for r in ranges)

    def _zero_items(self, groups: Any, facts: Knowledge, place: dict[str, AxisSymbol], depth: int) -> list[Term]:
        shown = [
            self._with_multipliers(axis, root, guard, item, self.under(facts, guard))
            for _, axis, root, guard, item in groups
        ]
        if any(one is None for one in shown):
            return []
        found: list[Term] = []
        for (factor, axis, root, guard, _), item in zip(groups, shown, strict=True):
            if root not in place or item is None or not self._normal(facts).positive(factor):
                continue
            at = {axis: place[root]}
            here = substitute(item, at)
            inner = self.under(facts, substitute(guard, at))
            if not inner.holds(substitute(guard, at)):
                continue
            if guard != 1 and not facts.holds(substitute(guard, at)):
                continue
            found += self.zeros(here, inner, place, depth - 1)
            pairs = self.gibbs(here, inner)
            if pairs is not None:
                found += [m - w for m, w in pairs[0]]
                found += [
                    expression(plus([inner_log(self, m, inner), scaled(inner_log(self, w, inner), -1)]))
                    for m, w in pairs[0]
                    if self._normal(inner).positive(m) and self._normal(inner).positive(w)
                ]
                for term in pairs[1]:
                    found += self.zeros(term, inner, place, depth - 1)
        return found

    def _with_multipliers(self, axis: AxisSymbol, root: str, guard: Term, item: Term, facts: Knowledge) -> Term | None:
        """The item with the multipliers that make it at least 0, or None."""
        if self.nonnegative(item, facts) is not None:
            return item
        for first, second in combinations(self.constraints(axis, root, guard, item, facts), 2):
            for up, down in ((first, second), (second, first)):
                if self.nonnegative(item + up - down, facts) is not None:
                    return item + up - down
        return None


def inner_log(self: Certificates, e: Term, facts: Knowledge) -> Sum:
    """The logarithm of a positive term."""
    return self._normal(facts).log(e)


def infinite(condition: Term, part: Term, facts: Knowledge) -> bool:
    """Whether the larger side is +oo wherever a condition ``x = 0 or 0 < y`` of ``-x log y`` for an item fails.

    It is, where that product is one of the terms of the items, and no term can be -oo.
    """
    if isinstance(condition, atoms.Equal) and condition.args[1] == 1:
        condition = condition.args[0]
    while isinstance(condition, AllAlong) and condition.guard == 1:
        condition = condition.body
    if not isinstance(condition, atoms.Or) or len(condition.args) != 2 or part.args[0] != 0:
        return False
    zero = next((c for c in condition.args if isinstance(c, atoms.Equal) and c.args[1] == 0), None)
    above = next((c for c in condition.args if isinstance(c, atoms.Less) and c.args[0] == 0), None)
    if zero is None or above is None:
        return False
    x, y = zero.args[0], above.args[1]
    signs = (facts.range(x), facts.range(y), facts.range(part.args[1]))
    if any(sign is None for sign in signs) or not signs[0].above(0) or not signs[1].above(0):  # type: ignore[union-attr]
        return False
    whole = signs[2]
    if whole is None or (whole.low == -sympy.oo and whole.low_closed):
        return False
    target = _shape(atoms.XLogY(x, y))
    for term in flat(part.args[1]):
        number, node = term.as_coeff_Mul(rational=True)
        if not isinstance(node, SumAlong) or node.guard != 1:
            return False
        for inner in flat(node.body):
            c, atom = inner.as_coeff_Mul(rational=True)
            alone = _shape(atom) == target and c * number < 0
            if not alone and any(_shape(other) == target for other in inner.atoms(atoms.XLogY)):
                return False
    return True


def _shape(e: Any) -> str:
    """A term with its bound axes' numbers left out."""
    return re.sub(r"'+\d+", "'", str(e))


def flat(e: Term) -> list[Term]:
    """The terms of a sum, numbers in front of brackets multiplied in."""
    found = []
    for term in sympy.Add.make_args(e):
        number, rest = term.as_coeff_Mul(rational=True)
        if isinstance(rest, sympy.Add):
            found += [number * inner for inner in flat(rest)]
        else:
            found.append(term)
    return found


def _split(term: Term) -> list[Term]:
    """A product with one sum among its factors, term by term."""
    sums = [factor for factor in sympy.Mul.make_args(term) if isinstance(factor, sympy.Add)]
    if len(sums) != 1 or not isinstance(term, sympy.Mul):
        return [term]
    rest = sympy.Mul(*(factor for factor in term.args if factor is not sums[0]))
    return [rest * part for part in sums[0].args]


def _node(e: Term, rule: str, parts: list[Evidence] | None = None, **more: Any) -> Evidence:
    found: Evidence = {"shows": f"0 <= {e}", "rule": rule, **more}
    if parts:
        found["from"] = parts
    return found


_RULES: tuple[Any, ...] = (
    Certificates._cases,
    Certificates._item_of_logsumexp,
    Certificates._factors,
    Certificates._gibbs,
    Certificates._logarithm,
    Certificates._consequence,
    Certificates._quotient,
    Certificates._share,
    Certificates._items,
    Certificates._by_terms,
    Certificates._spread,
    Certificates._cauchy,
    Certificates._ends,
)
