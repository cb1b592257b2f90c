"""Covers again: the leaves tile the box, and on each of them interval arithmetic of mpmath decides.

The engine that makes covers computes with Arb. A leaf may be halved further here; where only a root lemma decides, the
derivatives are taken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import sympy

from symloss.program import Read
from symloss.proof.problems import Problem
from symloss.proof.recheck.evaluation import Evaluation, decided
from symloss.proof.recheck.identities import vanishes
from symloss.proof.recheck.intervals import NoValueError, field, rational_ends
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.reading import comparison, term

_BITS = 80
#: How often a leaf is halved before the re-check gives it up.
_DEEPER = 7
_SIGNS = {"Less": {1}, "LessEqual": {0, 1}, "NotEqual": {-1, 1}}

Box = dict[str, tuple[Fraction, Fraction]]


def cover(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Whether one or several covers show the conclusion of a problem."""
    covers = [evidence] if evidence["kind"] == "cover" else evidence["parts"]
    statements = []
    for one in covers:
        read = _Cover(problem, one)
        fault = read.fault_of_the_box() or read.fault_of_the_tree()
        if fault:
            return wrong(fault)
        statements.append(read.statement)
        outcome = read.leaves()
        if outcome is not OK:
            return outcome
    return OK if _says_the_same(problem, covers, statements) else wrong("the statement is not that of the claim")


class _Cover:
    """One cover, read back."""

    def __init__(self, problem: Problem, evidence: Mapping[str, Any]) -> None:
        self.problem = problem
        self.box: Box = {name: (Fraction(low), Fraction(high)) for name, (low, high) in evidence["variables"].items()}
        self.tree, self.roots = evidence["tree"], evidence["roots"]
        own = {name: Read(name) for name in self.box if name.isidentifier()}
        self.names: dict[str, Any] = {**{str(v): v for v in problem.variables}, **own}
        self.substituted = {name: term(text, problem.variables, own) for name, text in evidence["substituted"].items()}
        self.statement = term(evidence["statement"], problem.variables, own)
        # SymPy decides a comparison of two numbers when it sees it; the sides are read apart.
        relation, low, high = comparison(evidence["statement"], problem.variables, own)
        self.difference, self.signs = high - low, _SIGNS[relation]
        self._slopes: dict[str, Any] = {}

    def fault_of_the_box(self) -> str:
        """Why the box leaves out points of the domain; "" where it does not."""
        for variable, domain in self.problem.variables.items():
            name = str(variable)
            low, high = rational_ends(domain)
            if name in self.substituted:
                if not self._onto(self.substituted[name], variable):
                    return f"{name} is replaced by something that does not reach all its values"
            elif name in self.box:
                inside = low is not None and high is not None and self.box[name][0] <= low and high <= self.box[name][1]
                if not inside:
                    return f"the box leaves out values of {name}"
            elif variable in self.statement.free_symbols:
                return f"the box has no side for {name}"
        return ""

    def _onto(self, image: Any, variable: Read) -> bool:
        """A variable is replaced by its log-odds, or by what a hypothesis says it equals."""
        for name, (low, high) in self.box.items():
            p = self.names[name]
            if image.free_symbols == {p} and vanishes(sympy.exp(image) - p / (1 - p)):
                return low <= 0 and high >= 1
        equations = (h for h in self.problem.hypotheses if type(h).__name__ == "Equal" and variable in h.free_symbols)
        return any(vanishes((h.args[0] - h.args[1]).xreplace({variable: image})) for h in equations)

    def fault_of_the_tree(self) -> str:
        """Why the leaves do not tile the box: the code of the tree ends too early or too late."""
        open_boxes, volume = 1, Fraction(0)
        depths = [0]
        for symbol in self.tree:
            if open_boxes == 0:
                return "the tree goes on after its last leaf"
            depth = depths.pop()
            if symbol.isdigit():
                if int(symbol) >= len(self.box):
                    return f"the tree halves along a variable {symbol} that the box has not"
                depths += [depth + 1, depth + 1]
                open_boxes += 1
            elif symbol in ".xr":
                volume += Fraction(1, 2**depth)
                open_boxes -= 1
            else:
                return f"{symbol!r} is no part of a tree"
        return "" if open_boxes == 0 and volume == 1 else "the leaves leave a part of the box out"

    def _boxes(self) -> Iterator[tuple[str, Box]]:
        """The leaves with their boxes."""
        sides, stack = list(self.box), [dict(self.box)]
        for symbol in self.tree:
            box = stack.pop()
            if symbol.isdigit():
                stack += reversed(_halves(box, sides[int(symbol)]))
            else:
                yield symbol, box

    def leaves(self) -> Outcome:
        """Whether each leaf is what it says."""
        number = 0
        for symbol, box in self._boxes():
            if symbol == "r":
                root = self.roots[min(number, len(self.roots) - 1)] if self.roots else None
                number += 1
                if root is None or not self._root_lemma(root, box):
                    return unchecked(f"the root lemma on {_shown(box)} is not confirmed")
            elif symbol == "x":
                if not self._excluded(box):
                    return unchecked(f"that the conditions fail on {_shown(box)} is not confirmed")
            elif not self._holds(box, _DEEPER):
                return unchecked(f"the statement on {_shown(box)} is not confirmed")
        return OK

    def _at(self, box: Box) -> Evaluation:
        arithmetic = field(_BITS, balls=False)
        point = {name: low if low == high else arithmetic.between(low, high) for name, (low, high) in box.items()}
        return _Evaluation(point, self.problem.sizes, arithmetic)

    def _holds(self, box: Box, deeper: int) -> bool:
        try:
            if self._at(box).signs(self._at(box).value(self.difference)) <= self.signs:
                return True
        except NoValueError:
            pass
        if self._by_mean_value(box):
            return True
        if not deeper or not box:
            return False
        widest = max(box, key=lambda name: (box[name][1] - box[name][0]) / _width(self.box[name]))
        return all(self._holds(half, deeper - 1) for half in _halves(box, widest))

    def _by_mean_value(self, box: Box) -> bool:
        """The value in the middle plus the slopes on the box times its half widths."""
        middle = {name: ((low + high) / 2,) * 2 for name, (low, high) in box.items()}
        try:
            s = self._at(box)
            total = self._at(middle).value(self.difference)
            for name, (low, high) in box.items():
                if name not in self._slopes:
                    self._slopes[name] = sympy.diff(self.difference, self.names[name])
                half = (high - low) / 2
                total = s.sum([total, s.product([s.value(self._slopes[name]), s.field.between(-half, half)])])
            return bool(s.signs(total) <= self.signs)
        except (NoValueError, TypeError):
            return False

    def _excluded(self, box: Box) -> bool:
        moved = {self.names[name]: image for name, image in self.substituted.items()}
        for hypothesis in self.problem.under():
            try:
                if self._at(box).truth(hypothesis.xreplace(moved)) is False:
                    return True
            except NoValueError:
                continue
        return False

    def _root_lemma(self, root: Mapping[str, Any], box: Box) -> bool:
        """All derivatives below an order vanish at a place, and the next has the sign that Taylor's formula needs."""
        variable, order = self.names[root["variable"]], int(root["order"])
        at = term(root["at"], self.problem.variables, self.names)
        derivative = self.difference
        for _ in range(order):
            if not vanishes(derivative.xreplace({variable: at})):
                return False
            derivative = sympy.diff(derivative, variable)
        low, high = box[root["variable"]]
        places = box[str(at)] if str(at) in box else (Fraction(str(at)),) * 2
        hull = {**box, root["variable"]: (min(low, places[0]), max(high, places[1]))}
        before, after = high <= places[0], low >= places[1]
        if self.signs != {0, 1} or (order % 2 and not (before or after)):
            return False
        wanted = {-1, 0} if order % 2 and before else {0, 1}
        return self._of_sign(derivative, hull, wanted, _DEEPER)

    def _of_sign(self, e: Any, box: Box, wanted: set[int], deeper: int) -> bool:
        try:
            if self._at(box).signs(self._at(box).value(e)) <= wanted:
                return True
        except NoValueError:
            pass
        if not deeper:
            return False
        widest = max(box, key=lambda name: box[name][1] - box[name][0])
        return all(self._of_sign(e, half, wanted, deeper - 1) for half in _halves(box, widest))


class _Evaluation(Evaluation):
    """Values on a box, where x·log x at an end 0 of an interval has its limit."""

    def _build(self, e: Any) -> Any:
        if e.is_Mul:
            for logarithm in e.args:
                x = logarithm.args[0] if isinstance(logarithm, sympy.log) else None
                power = None if x is None else next((f for f in e.args if f == x or _whole_power(f, x)), None)
                if x is not None and power is not None:
                    return self._times_logarithm(e, logarithm, x, power)
        return super()._build(e)

    def _times_logarithm(self, e: Any, logarithm: Any, x: Any, power: Any) -> Any:
        value = self.value(x)
        ends = None if isinstance(value, Fraction | float) else self.field.ends(value)
        if ends is None or ends[0] > 0 or not 0 < ends[1] <= Fraction(1, 3):
            return super()._build(e)
        # x·log x falls from 0 to its value at the other end, below 1/e.
        high = self.field.rational(ends[1])
        edge = self.field.ends(high * self.field.function("log", high))
        if edge is None:
            raise NoValueError("x·log x is not enclosed")
        one = self.field.between(edge[0], Fraction(0))
        rest = [f for f in e.args if f not in (logarithm, power)]
        further = [] if power == x else [self.value(x ** (power.exp - 1))]
        return self.product([one, *further, *(self.value(f) for f in rest)])


def _whole_power(f: Any, x: Any) -> bool:
    return isinstance(f, sympy.Pow) and f.base == x and f.exp.is_Integer and bool(f.exp > 0)


def _halves(box: Box, name: str) -> list[Box]:
    low, high = box[name]
    middle = (low + high) / 2
    return [{**box, name: (low, middle)}, {**box, name: (middle, high)}]


def _width(side: tuple[Fraction, Fraction]) -> Fraction:
    return side[1] - side[0] or Fraction(1)


def _shown(box: Box) -> str:
    return ", ".join(f"{name} in [{low}, {high}]" for name, (low, high) in box.items()) or "two numbers"


def _truth(condition: Any, e: Evaluation) -> bool | None:
    return e.truth(condition)


def _says_the_same(problem: Problem, covers: Any, statements: list[Any]) -> bool:
    """Whether the statements hold where the conclusion does, at points of the box."""
    reader = _Cover(problem, covers[0])
    for share in (Fraction(n, 13) for n in (1, 4, 6, 11)):
        point: dict[str, Any] = {}
        for position, (name, (low, high)) in enumerate(reader.box.items()):
            point[name] = low + (high - low) * (share if position % 2 == 0 else 1 - share)
        for one in covers[1:]:
            for name, (low, high) in _Cover(problem, one).box.items():
                point.setdefault(name, low + (high - low) * share)
        moved = {reader.names[name]: image for name, image in reader.substituted.items()}
        conclusion = problem.conclusion.xreplace(moved)
        try:
            says = decided(partial(_truth, conclusion), point, problem.sizes)
            covered = [decided(partial(_truth, one), point, problem.sizes) for one in statements]
        except NoValueError:
            continue
        if None not in covered and says is not None and says is not all(covered):
            return False
    return True
