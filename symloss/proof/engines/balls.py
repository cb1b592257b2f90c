"""Covers: a box is halved until interval arithmetic decides every part, or a root lemma does.

The box is the whole domain: a real variable that occurs through logistic functions only becomes a probability. Where a
term touches 0 no box around the place is decided by its enclosure; there all derivatives below some order vanish
exactly and the next one has a sign, so that Taylor's formula decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import exact_arithmetic
from symloss.proof.boxes import Boxes, Interval, UndecidedError, available, interval
from symloss.proof.compactify import Bounded, bounded
from symloss.proof.engines import Budget
from symloss.proof.engines.algebra import normal_form
from symloss.proof.problems import Problem
from symloss.proof.terms import conjuncts
from symloss.proof.verdicts import Finding, Scope

#: Halvings of one variable after which a box is stuck.
_FINEST = 26
#: Problems of more variables, or larger ones, are not covered.
_MOST_VARIABLES, _MOST_OPERATIONS = 3, 400
#: Derivatives up to this order are looked at for a root lemma.
_HIGHEST = 4

Sides = Mapping[Any, tuple[Fraction, Fraction]]


class _StuckError(Exception):
    """A box that nothing decides, or too many boxes."""


@dataclass(frozen=True)
class Root:
    """Where a difference vanishes with all derivatives below an order, by one variable."""

    variable: Any
    at: Any
    order: int
    derivative: Any

    def as_json(self) -> dict[str, Any]:
        """The lemma as evidence."""
        return {"variable": str(self.variable), "at": str(self.at), "order": self.order}


@dataclass
class _Part:
    """One comparison of the conclusion: its difference (right minus left) with slopes and roots."""

    condition: Any
    slopes: Mapping[Any, Any]
    roots: tuple[Root, ...]
    used: list[Root] = field(default_factory=list)


class BallEngine:
    """Certifies comparisons over bounded domains of up to three variables."""

    name = "balls"

    def settle(self, problem: Problem, budget: Budget) -> Finding | None:
        """A cover, or None."""
        if not available() or problem.conclusion.count_ops() > _MOST_OPERATIONS:
            return None
        with exact_arithmetic():
            found = bounded(problem, _MOST_VARIABLES + 1)
            if found is None or len(found.box) > _MOST_VARIABLES or found.conclusion in (0, 1):
                return None
            parts = [_part(condition, found) for condition in conjuncts(found.conclusion)]
            if any(part is None for part in parts):
                return None
            covers = []
            for part in (part for part in parts if part is not None):
                try:
                    tree = _Cover(found, part, budget.boxes).tree()
                except _StuckError:
                    return None
                covers.append(_evidence(found, part, tree))
        evidence = covers[0] if len(covers) == 1 else {"kind": "parts", "rule": "conjunction", "parts": covers}
        leaves = sum(str(one["tree"]).count(leaf) for one in covers for leaf in ".xr")
        summary = f"{leaves} boxes cover the domain" if found.box else "two numbers are kept apart"
        return Finding("certified", self.name, evidence, Scope("all"), summary)


def _evidence(found: Bounded, part: _Part, tree: str) -> dict[str, Any]:
    return {
        "kind": "cover",
        "variables": {str(v): [str(low), str(high)] for v, (low, high) in found.box.items()},
        "substituted": {str(v): str(e) for v, e in found.substituted.items()},
        "statement": str(part.condition),
        "tree": tree,
        "roots": [root.as_json() for root in part.used],
    }


def _part(condition: Any, found: Bounded) -> _Part | None:
    if not isinstance(condition, atoms.Less | atoms.LessEqual | atoms.NotEqual):
        return None
    difference = condition.args[1] - condition.args[0]
    jumps = difference.atoms(atoms.Where, atoms.Sign, atoms.Step, atoms.HalfStep, *_COMPARISONS)
    slopes = {} if jumps else {v: sympy.diff(difference, v) for v in found.box}
    roots = tuple(_roots(difference, found)) if isinstance(condition, atoms.LessEqual) and not jumps else ()
    return _Part(condition, slopes, roots)


_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)


def _roots(difference: Any, found: Bounded) -> Iterator[Root]:
    """Places where a difference vanishes: ends and simple numbers, and where two variables are equal."""
    if difference.atoms(atoms.Absolute, atoms.Maximum, atoms.Minimum, atoms.Relu, atoms.Ramp):
        return
    for variable, (low, high) in found.box.items():
        numbers = [low, high, Fraction(0), Fraction(1), Fraction(1, 2)]
        places: list[Any] = [sympy.Rational(n.numerator, n.denominator) for n in numbers if low <= n <= high]
        places += [other for other in found.box if other != variable]
        for place in dict.fromkeys(places):
            root = _root(difference, variable, place)
            if root is not None:
                yield root


def _root(difference: Any, variable: Any, place: Any) -> Root | None:
    derivative = difference
    for order in range(_HIGHEST + 1):
        value = derivative.subs(variable, place)
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            return None
        if value != 0 and normal_form(value) != 0:
            return Root(variable, place, order, derivative) if order else None
        derivative = sympy.diff(derivative, variable)
    return None


class _Cover:
    """Halves the box until everything is decided."""

    def __init__(self, found: Bounded, part: _Part, most: int) -> None:
        self.found, self.part, self.left = found, part, most
        self.variables = list(found.box)

    def tree(self) -> str:
        """The tree of leaves.

        Raises:
            _StuckError: a box is not decided.
        """
        return self._cover(dict(self.found.box), (0,) * len(self.variables))

    def _cover(self, sides: dict[Any, tuple[Fraction, Fraction]], halved: tuple[int, ...]) -> str:
        self.left -= 1
        if self.left < 0:
            raise _StuckError
        leaf = self._leaf(sides)
        if leaf:
            return leaf
        if not self.variables or min(halved) >= _FINEST:
            raise _StuckError
        number = halved.index(min(halved))
        variable = self.variables[number]
        low, high = sides[variable]
        middle = (low + high) / 2
        deeper = tuple(n + (i == number) for i, n in enumerate(halved))
        lower = self._cover({**sides, variable: (low, middle)}, deeper)
        return str(number) + lower + self._cover({**sides, variable: (middle, high)}, deeper)

    def _leaf(self, sides: Sides) -> str:
        boxes = Boxes(_box(sides))
        if any(boxes.truth(condition) is False for condition in self.found.hypotheses):
            return "x"
        if boxes.truth(self.part.condition) is True or self._by_mean_value(sides, boxes):
            return "."
        for root in self.part.roots:
            if self._by_root(root, sides):
                self.part.used.append(root)
                return "r"
        return ""

    def _by_mean_value(self, sides: Sides, boxes: Boxes) -> bool:
        """Whether the value at the middle and the slopes decide."""
        if not self.part.slopes:
            return False
        condition = self.part.condition
        middles = {v: (low + high) / 2 for v, (low, high) in sides.items()}
        try:
            at_middle = Boxes({v: interval(m, m) for v, m in middles.items()})
            total = at_middle.value(condition.args[1] - condition.args[0])
            low, high = total.low, total.high
            for variable, slope in self.part.slopes.items():
                reach = interval(Fraction(0), (sides[variable][1] - sides[variable][0]) / 2).high
                found = boxes.value(slope)
                steepest = found.high if found.high > -found.low else -found.low
                low, high = (low - steepest * reach).lower(), (high + steepest * reach).upper()
        except UndecidedError:
            return False
        if isinstance(condition, atoms.Less):
            return bool(low > 0)
        if isinstance(condition, atoms.LessEqual):
            return bool(low >= 0)
        return bool(low > 0 or high < 0)

    def _by_root(self, root: Root, sides: Sides) -> bool:
        """Taylor's formula around a root: the derivative has the right sign between the root and the box."""
        try:
            at = Boxes(_box(sides)).value(root.at)
        except UndecidedError:
            return False
        own = interval(*sides[root.variable])
        before, after = bool(own.high <= at.low), bool(own.low >= at.high)
        if not before and not after and root.order % 2 == 1:
            return False
        hull = Interval(at.low if at.low < own.low else own.low, at.high if at.high > own.high else own.high)
        try:
            derivative = Boxes({**_box(sides), root.variable: hull}).value(root.derivative)
        except UndecidedError:
            return False
        if before and root.order % 2 == 1:
            return bool(derivative.high <= 0)
        return bool(derivative.low >= 0)


def _box(sides: Sides) -> dict[Any, Interval]:
    return {v: interval(low, high) for v, (low, high) in sides.items()}


ENGINE = BallEngine()
