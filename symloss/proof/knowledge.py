"""What is known for every size: ranges under hypotheses that hold for every item, and conditions decided from them.

A condition "for all k" is used at every index at which a term reads what it speaks of; a condition "for all k" is
shown for a running index about which nothing else is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.closing import negation
from symloss.proof.ranges import OO, Range, Ranges, _scaled
from symloss.proof.terms import AllAlong, Along, AnyAlong, SumAlong, Term, all_reads, along, opened

_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)
_LOGIC = (*_COMPARISONS, atoms.And, atoms.Or, atoms.Not, AllAlong, AnyAlong)
#: How many cases of a disjunction are told apart within one another.
_DEPTH = 2


class Knowledge(Ranges):
    """Ranges that know hypotheses about every item.

    Args:
        tensors: the variables with their domains.
        hypotheses: conditions that may be assumed.
        roots: for each axis the axis whose length it shares.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], hypotheses: Iterable[Term] = (), roots: Mapping[str, str] | None = None
    ) -> None:
        self.roots = dict(roots or {})
        self.every: list[AllAlong] = []
        self.used: set[tuple[AllAlong, Any]] = set()
        self.busy = False
        self.same: dict[Any, set[Any]] = {}
        self.comparing: set[Any] = set()
        self.disjunctions: list[Term] = []
        self.apart: set[Any] = set()
        self.rewrite: Callable[[Term], Term] | None = None
        super().__init__(tensors)
        for hypothesis in hypotheses:
            self.assume(hypothesis)

    # --- assumptions ----------------------------------------------------------------------------------------------

    def assume(self, condition: Term) -> None:
        """Take a condition as true."""
        condition = self.plain(condition)
        if isinstance(condition, atoms.And):
            for part in condition.args:
                self.assume(part)
            return
        if isinstance(condition, AllAlong):
            self.conditions.add(condition)
            # What only indices are said to satisfy bounds nothing.
            if condition not in self.every and not all(read.integer for read in all_reads(condition)):
                self.every.append(condition)
            self.memo.clear()
            return
        super().assume(condition)
        if isinstance(condition, atoms.Or) and condition not in self.disjunctions:
            self.disjunctions.append(condition)
        if isinstance(condition, atoms.NotEqual):
            self._apart(*condition.args)
            self.apart |= {condition.args[0] - condition.args[1], condition.args[1] - condition.args[0]}
        if isinstance(condition, atoms.Equal):
            self._even(*condition.args)
            for extreme, other in (condition.args, condition.args[::-1]):
                if isinstance(extreme, atoms.Maximum):
                    for part in extreme.args:
                        super().assume(atoms.LessEqual(part, other))
            for term, other in (condition.args, condition.args[::-1]):
                self.same.setdefault(term, set()).add(other)

    def _apart(self, a: Term, b: Term) -> None:
        """A value that is at least (at most) a number and not that number is above (below) it."""
        for term, other in ((a, b), (b, a)):
            found = super().range(term) if other.is_Rational else None
            if found is not None and found.above(other):
                super().assume(atoms.Less(other, term))
            elif found is not None and found.below(other):
                super().assume(atoms.Less(term, other))

    def _even(self, a: Term, b: Term) -> None:
        """An even size is at least 2."""
        for term, other in ((a, b), (b, a)):
            if isinstance(term, sympy.Mod) and isinstance(term.args[0], SizeSymbol) and (term.args[1], other) == (2, 0):
                super().assume(atoms.LessEqual(2, term.args[0]))

    def _half_turn(self, a: Term, b: Term) -> bool:
        """Whether one index is another one moved on by half an even size, which is never 0."""
        if not isinstance(a, sympy.Mod) or not isinstance(a.args[1], SizeSymbol) or not isinstance(b, AxisSymbol):
            return False
        size = a.args[1]
        same = self.roots.get(b.axis.split("'", 1)[0]) == self.roots.get(size.axis)
        even = atoms.Equal(sympy.Mod(size, 2), 0) in self.conditions
        return same and even and a.args[0] - b == sympy.floor(size / 2)

    def under(self, condition: Term) -> Knowledge:
        """The same with one more hypothesis."""
        other = Knowledge(self.tensors, (), self.roots)
        other.facts, other.conditions = dict(self.facts), set(self.conditions)
        other.every, other.used = list(self.every), set(self.used)
        other.apart, other.rewrite = set(self.apart), self.rewrite
        other.comparing, other.disjunctions = self.comparing, list(self.disjunctions)
        other.same = {term: set(others) for term, others in self.same.items()}
        other.assume(condition)
        return other

    def plain(self, condition: Term) -> Term:
        """A condition without comparisons of conditions with 0 and 1; a boolean input b stands as ``b ≠ 0``."""
        if isinstance(condition, Read) and self._boolean(condition):
            return atoms.NotEqual(condition, 0)
        if isinstance(condition, atoms.Equal | atoms.NotEqual):
            a, b = condition.args
            if a.is_Number and not b.is_Number:
                return self.plain(condition.func(b, a))
            if isinstance(a, _LOGIC) and b in (0, 1):
                true = isinstance(condition, atoms.Equal) == (b == 1)
                return self.plain(a) if true else self.opposite(self.plain(a))
            if isinstance(a, Read) and self._boolean(a) and b == 1:
                return (atoms.NotEqual if isinstance(condition, atoms.Equal) else atoms.Equal)(a, 0)
            return condition
        if isinstance(condition, atoms.Not):
            return self.opposite(self.plain(condition.args[0]))
        if isinstance(condition, atoms.And | atoms.Or):
            return condition.func(*(self.plain(part) for part in condition.args))
        if isinstance(condition, AllAlong | AnyAlong):
            axis, body, guard = opened(condition)
            return along(
                condition.operation, axis, self.plain(body), self.plain(guard), condition.axis.axis.split("'")[0]
            )
        return condition

    def opposite(self, condition: Term) -> Term:
        """The opposite of a plain condition."""
        if isinstance(condition, atoms.And):
            return atoms.Or(*(self.opposite(part) for part in condition.args))
        if isinstance(condition, atoms.Or):
            return atoms.And(*(self.opposite(part) for part in condition.args))
        if isinstance(condition, AllAlong | AnyAlong):
            axis, body, guard = opened(condition)
            other = "any" if isinstance(condition, AllAlong) else "all"
            return along(other, axis, self.opposite(body), guard, condition.axis.axis.split("'")[0])
        if condition in (0, 1):
            return 1 - condition
        return negation(condition)

    def _boolean(self, read: Read) -> bool:
        tensor = self.tensors.get(read.tensor)
        return tensor is not None and tensor.domain.kind == "boolean"

    # --- use of what holds for every item -------------------------------------------------------------------------

    def range(self, e: Term) -> Range | None:
        """The range of a term, with every hypothesis about all items at the indices that the term reads."""
        if not self.busy and self.every:
            self._instantiate(e)
        found = super().range(e)
        if found is not None and e in self.same and e not in self.comparing:
            self.comparing.add(e)
            for other in sorted(self.same[e], key=str):
                equal = super().range(other)
                found = found if equal is None else found.met(equal)
            self.comparing.discard(e)
        return found

    def _add(self, e: Any) -> Range | None:
        """A sum whose sign does not show is looked at in normal form."""
        found = super()._add(e)
        if found is None or not found.finite or found.without(0) or self.rewrite is None or e.has(Along):
            return found
        other = self.rewrite(e)
        if other == e or isinstance(other, sympy.Add):
            return found
        better = super().range(other)
        return found if better is None else found.met(better)

    def _instantiate(self, e: Term) -> None:
        self.busy = True
        try:
            for _ in range(3):
                before = len(self.used)
                for hypothesis in tuple(self.every):
                    for index in self._indices(hypothesis, e):
                        if (hypothesis, index) not in self.used:
                            self.used.add((hypothesis, index))
                            place = {hypothesis.axis: index}
                            guard = substitute(hypothesis.guard, place)
                            if self.holds(guard):
                                self.assume(substitute(hypothesis.body, place))
                if len(self.used) == before:
                    return
        finally:
            self.busy = False

    def _indices(self, hypothesis: AllAlong, e: Term) -> list[Any]:
        places = {
            (read.tensor, position)
            for read in all_reads(hypothesis.body)
            for position, entry in enumerate(read.index)
            if entry == hypothesis.axis
        }
        found = {
            read.index[position]
            for read in all_reads(e)
            for tensor, position in places
            if read.tensor == tensor and position < len(read.index)
        }
        return sorted(found, key=str)

    def _atom(self, e: Any) -> Range | None:
        if isinstance(e, atoms.XLogY) and e.args[0] == e.args[1]:
            x = self.range(e.args[0])
            if x is not None and x.above(0):
                # x log x is least at 1/e, where it is -1/e.
                low = x.below(1)
                return Range(-sympy.S.One, sympy.S.Zero if low else OO, False, low or not x.finite)
        return super()._atom(e)

    def _along(self, e: Along) -> Range | None:
        found = super()._along(e)
        other = _guarded(e)
        if other is not e:
            better = self.range(other)
            return better if found is None or better is None else found.met(better)
        if found is None or e.operation not in ("logsumexp", "max", "min", "sum") or e.guard == 1:
            return found
        if not self.holds(along("any", *_free(e.axis, e.guard), root=e.axis.axis.split("'")[0])):
            return found
        body = self.under(e.guard).range(e.body)
        if body is None:
            return None
        if e.operation == "sum":
            return found.met(Range(body.low, OO, body.low_closed, True)) if body.low >= 0 else found
        return super()._along(e.func(e.axis, e.body, sympy.S.One)) if self.range(e.body) is not None else found

    def _mul(self, e: Any) -> Range | None:
        """A product; one item of a sum of nonnegative items over that sum is at most 1."""
        found = super()._mul(e)
        if found is None:
            return None
        for factor in e.args:
            if isinstance(factor, sympy.Pow) and factor.exp == -1 and isinstance(factor.base, SumAlong):
                node = _guarded(factor.base)
                number, item = sympy.Mul(*(f for f in e.args if f is not factor)).as_coeff_Mul(rational=True)
                inside = self.under(node.guard).range(node.body)
                if inside is not None and inside.above(0) and inside.finite and self._is_item(node, item):
                    share = Range(sympy.S.Zero, sympy.S.One, True, True)
                    found = found.met(_scaled(share, number))
        return found

    # --- conditions ---------------------------------------------------------------------------------------------------

    def holds(self, condition: Term, depth: int = _DEPTH) -> bool:
        """Whether a condition is shown; False says nothing."""
        condition = self.plain(condition)
        if self.every and not self.busy and condition not in self.conditions:
            self._instantiate(condition)
        if condition == 1 or condition in self.conditions:
            return True
        if condition == 0:
            return False
        if isinstance(condition, atoms.And):
            return all(self.holds(part, depth) for part in condition.args)
        if isinstance(condition, atoms.Or):
            parts = _disjuncts(condition)
            if any(self.holds(part, depth) for part in parts):
                return True
            return (
                any(
                    self._assuming(self.opposite(other) for other in parts if other is not part).holds(part, depth - 1)
                    for part in parts
                )
                if depth > 0
                else False
            )
        if isinstance(condition, AllAlong):
            _axis, body, guard = opened(condition)
            return self.under(guard).holds(body, depth)
        if isinstance(condition, AnyAlong):
            return self._some(condition)
        if not isinstance(condition, _COMPARISONS):
            return False
        if condition in self.conditions or super().holds(condition):
            return True
        if isinstance(condition, atoms.NotEqual):
            if condition.args[0] - condition.args[1] in self.apart:
                return True
            if any(self._half_turn(a, b) for a, b in (condition.args, condition.args[::-1])):
                return True
        return self._by_cases(condition, depth)

    def _assuming(self, conditions: Iterable[Term]) -> Knowledge:
        found = self
        for condition in conditions:
            found = found.under(condition)
        return found

    def _by_cases(self, condition: Term, depth: int) -> bool:
        """By the cases of a disjunction that is known; a case that is contradicted needs nothing."""
        if depth <= 0:
            return False
        names = all_reads(condition)
        for known in self.disjunctions:
            if not all_reads(known) & names:
                continue
            smaller = self.under(sympy.S.One)
            smaller.disjunctions.remove(known)
            if all(
                smaller.holds(smaller.opposite(part), 0) or smaller.under(part).holds(condition, depth - 1)
                for part in _disjuncts(known)
            ):
                return True
        return False

    def _some(self, condition: AnyAlong) -> bool:
        """That some item of an axis is as wanted."""
        root = condition.axis.axis.split("'")[0]
        wanted = condition.body if condition.guard == 1 else atoms.And(condition.guard, condition.body)
        for known in self.conditions:
            if isinstance(known, atoms.LessEqual | atoms.Less) and isinstance(known.args[1], SumAlong):
                total = known.args[1]
                counted = self.plain(total.body)
                low, strictly = known.args[0], isinstance(known, atoms.Less)
                enough = low.is_Rational and (low > 0 or (strictly and low == 0))
                same = substitute(counted, {total.axis: condition.axis}) == wanted
                if enough and total.guard == 1 and same and isinstance(counted, _LOGIC):
                    return True
        if isinstance(wanted, atoms.NotEqual) and condition.axis in wanted.args:
            other = wanted.args[0] if wanted.args[1] == condition.axis else wanted.args[1]
            if condition.axis.axis not in axes_of(other):
                return self.holds(atoms.LessEqual(2, SizeSymbol(root)))
        return False


def _guarded(e: Along) -> Along:
    """A sum with the brackets among the factors of its items as its guard."""
    brackets = [f for f in sympy.Mul.make_args(e.body) if isinstance(f, _LOGIC)]
    if e.operation != "sum" or e.guard != 1 or not brackets or e.body in brackets:
        return e
    guard = brackets[0]
    for other in brackets[1:]:
        guard = atoms.And(guard, other)
    return SumAlong(e.axis, sympy.Mul(*(f for f in e.body.args if f not in brackets)), guard)


def _disjuncts(condition: Term) -> tuple[Term, ...]:
    if isinstance(condition, atoms.Or):
        return tuple(part for argument in condition.args for part in _disjuncts(argument))
    return (condition,)


def _free(axis: AxisSymbol, guard: Term) -> tuple[AxisSymbol, Term]:
    """A bound axis and a condition on it under a name that may be bound again."""
    from symloss.proof.terms import fresh

    name = fresh(axis.axis)
    return name, substitute(guard, {axis: name})
