"""Witnesses again: the definition of each kind of statement, written down once more, at a rational point.

A witness refutes a claim if at its point all conditions hold and the statement fails, whichever goal of the claim and
whichever running indices it was meant for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from symloss.program import Domain, Tensor
from symloss.proof.goals import (
    Always,
    Argument,
    Curvature,
    Extremum,
    Goal,
    Lipschitz,
    Monotone,
    Smooth,
)
from symloss.proof.recheck.evaluation import Evaluation, decided
from symloss.proof.recheck.intervals import NoValueError, rational_ends
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.seams import jumps
from symloss.proof.terms import free_axes

Point = Mapping[str, Fraction]


def refutes(goals: tuple[Goal, ...], evidence: Mapping[str, Any], seam: Mapping[str, Any] | None = None) -> Outcome:
    """Whether a witness refutes one of a claim's goals.

    Args:
        goals: the goals of the claim.
        evidence: ``sizes``, ``labels`` and ``point``.
        seam: the step that names the pieces whose derivatives differ at the point.
    """
    point, sizes = read_point(evidence)
    reasons = []
    definitions = dict(_DEFINITIONS)
    if seam is not None:
        definitions[Smooth] = partial(_jumps, seam)
    if not any(type(goal.statement) in definitions for goal in goals):
        return unchecked(f"no definition of {type(goals[0].statement).__name__} here")
    for goal in goals:
        rule = definitions.get(type(goal.statement))
        if rule is None:
            continue
        if goal.derived:
            reasons.append("a step as a variable ranges over more than its values")
            continue
        for places in _places(goal, sizes):
            try:
                if rule(_At(goal, point, {**_fixed(goal), **sizes}, places), goal.statement):
                    return OK
            except NoValueError as reason:
                reasons.append(str(reason))
    return wrong(f"the witness does not refute the claim ({reasons[0] if reasons else 'the statement holds there'})")


def satisfies(goal: Goal, evidence: Mapping[str, Any]) -> bool:
    """Whether a model satisfies the hypotheses of a goal at some running indices."""
    point, sizes = read_point(evidence)
    for places in _places(goal, sizes):
        try:
            if _At(goal, point, {**_fixed(goal), **sizes}, places).admitted():
                return True
        except NoValueError:
            continue
    return False


class _Completed(dict[str, Fraction]):
    """A point in which an element that the evidence leaves out, because nothing depends on it, has some value."""

    def __init__(self, goal: Goal, point: Mapping[str, Fraction], sizes: Mapping[str, int]) -> None:
        super().__init__(point)
        self.goal, self.sizes = goal, sizes

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and self._some(name) is not None)

    def __missing__(self, name: str) -> Fraction:
        value = self[name] = self._some(name) or Fraction(0)
        return value

    def _some(self, name: str) -> Fraction | None:
        tensor = _tensor(self.goal, name)
        if tensor is None:
            return None
        domain = tensor.domain
        if domain.kind == "simplex":
            return Fraction(1, self.sizes.get(self.goal.root(domain.axis or ""), 1))
        if domain.kind == "set":
            return Fraction(int(domain.values[0].p), int(domain.values[0].q))
        if domain.kind != "interval":
            return Fraction(0)
        low, high = rational_ends(domain)
        if low is not None and high is not None:
            return (low + high) / 2
        return low + 1 if low is not None else high - 1 if high is not None else Fraction(1)


def _tensor(goal: Goal, name: str) -> Tensor | None:
    """The tensor of an element; that of a second point has the domain of the first."""
    whole = name.split("[")[0]
    return goal.tensors.get(whole) or goal.tensors.get(whole.rstrip("'"))


def read_point(evidence: Mapping[str, Any]) -> tuple[dict[str, Fraction], dict[str, int]]:
    """The elements and sizes of a witness or model; running indices of length one are index 0."""
    values = {**evidence.get("labels", {}), **evidence.get("point", {})}
    return {name: Fraction(value) for name, value in values.items()}, dict(evidence.get("sizes", {}))


def _fixed(goal: Goal) -> dict[str, int]:
    return {axis: goal.length(axis) or 1 for axis in goal.axes if goal.root(axis) == axis}


def _places(goal: Goal, sizes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Every choice of the running indices that the goal leaves free."""
    names = sorted({axis for term in goal.all_terms for axis in free_axes(term)})
    known = {**_fixed(goal), **sizes}
    for choice in product(*(range(known[goal.root(name)]) for name in names)):
        yield dict(zip(names, choice, strict=True))


class _At:
    """A goal at one point and some running indices."""

    def __init__(self, goal: Goal, point: Point, sizes: Mapping[str, int], places: Mapping[str, int]) -> None:
        self.goal, self.sizes, self.places = goal, sizes, places
        self.point = _Completed(goal, point, sizes)

    def holds(self, condition: Any, point: Point | None = None) -> bool | None:
        """Whether a condition holds, rigorously."""
        question = partial(_asked, condition, self.places)
        answer: bool | None = decided(question, self.point if point is None else point, self.sizes)
        return answer

    def asks(self, question: Callable[[Evaluation], bool | None]) -> bool | None:
        """The answer to a question about several values."""
        answer: bool | None = decided(lambda e: question(e.at(self.places)), self.point, self.sizes)
        return answer

    def value(self, e: Evaluation, term: Any, point: Point) -> Any:
        """The value of a term at another point, in the arithmetic of an evaluation."""
        return Evaluation(point, self.sizes, e.field).at(self.places).value(term)

    def admitted(self, point: Point | None = None) -> bool:
        """Whether a point lies in the domains and satisfies the hypotheses."""
        there = self.point if point is None else point
        return self._inside(there) and all(self.holds(h, there) is True for h in self.goal.hypotheses)

    def _inside(self, point: Point) -> bool:
        rows: dict[tuple[str, str], Fraction] = {}
        for name, value in point.items():
            tensor = _tensor(self.goal, name)
            if tensor is None:
                continue
            domain = tensor.domain
            if domain.kind == "simplex":
                index = name.partition("[")[2].rstrip("]").split(", ")
                del index[tensor.axes.index(domain.axis or "")]
                row = (name.split("[")[0], ", ".join(index))
                rows[row] = rows.get(row, Fraction(0)) + value
                if value < 0:
                    return False
            elif not _contains(domain, value, self.sizes.get(domain.axis or "", 0)):
                return False
        return all(total == 1 for total in rows.values())

    def moved(self, names: tuple[str, ...], share: Fraction) -> Point:
        """The point a share of the way from x to x'."""
        found = _Completed(self.goal, self.point, self.sizes)
        for name, value in self.point.items():
            stemmed, bracket, index = name.partition("[")
            if stemmed in names:
                other = self.point.get(f"{stemmed}'{bracket}{index}", value)
                found[name] = (1 - share) * value + share * other
        return found

    def differs(self, names: tuple[str, ...]) -> bool:
        """Whether x and x' are different points."""
        there = self.moved(names, Fraction(1))
        return any(there[name] != value for name, value in self.point.items())


def _asked(condition: Any, places: Mapping[str, int], e: Evaluation) -> bool | None:
    return e.at(places).truth(condition)


def _contains(domain: Domain, value: Fraction, size: int) -> bool:
    if domain.kind in ("set", "boolean"):
        return value in ([Fraction(int(v.p), int(v.q)) for v in domain.values] if domain.kind == "set" else (0, 1))
    if domain.kind == "index":
        return value.denominator == 1 and 0 <= value < size
    low, high = rational_ends(domain)
    if low is not None and (value < low or (value == low and not domain.lower_closed)):
        return False
    return high is None or value < high or (value == high and domain.upper_closed)


# --- definitions ------------------------------------------------------------------------------------------------


def _always(at: _At, statement: Always) -> bool:
    return at.admitted() and at.holds(statement.conclusion) is False


def _at_a_seam(at: _At, statement: Curvature) -> bool:
    """A slope that falls where a line crosses a seam: near the point the chord between both sides lies below."""
    steps = {name: value for name, value in at.point.items() if " direction" in name}
    for halvings in range(2, 24):
        h = Fraction(1, 2**halvings)
        point = dict(at.point)
        for name, step in steps.items():
            own = name.replace(" direction", "")
            stem, bracket, index = own.partition("[")
            point[own], point[f"{stem}'{bracket}{index}"] = at.point[own] - h * step, at.point[own] + h * step
        found = _At(at.goal, {**point, "share'": Fraction(1, 2)}, at.sizes, at.places)
        if _curvature(found, statement):
            return True
    return False


def _curvature(at: _At, statement: Curvature) -> bool:
    names, given = statement.variables, at.point.get("share'")
    if given is None and any(" direction" in name for name in at.point):
        return _at_a_seam(at, statement)
    # Of a line the share may cancel, so that any does.
    share = Fraction(1, 2) if given is None else given
    if not 0 < share < 1:
        return False
    away, between = at.moved(names, Fraction(1)), at.moved(names, share)
    if not all(map(at.admitted, (at.point, away, between))):
        return False
    strict = statement.kind.startswith("strictly")
    if strict and not at.differs(names):
        return False
    turned = -1 if statement.kind.endswith("concave") else 1

    def fails(e: Evaluation) -> bool | None:
        here, there, middle = (at.value(e, statement.term, point) for point in (at.point, away, between))
        if statement.kind == "quasiconvex":
            bound = e.extreme(here, there, 1)
        else:
            bound = e.sum([e.product([1 - share, here]), e.product([share, there])])
        signs = {turned * sign for sign in e.signs(e.sum([middle, e.product([Fraction(-1), bound])]))}
        allowed = {0, 1} if strict else {1}
        return True if signs <= allowed else None if signs & allowed else False

    return at.asks(fails) is True


def _lipschitz(at: _At, statement: Lipschitz) -> bool:
    if statement.constant is None:
        return False
    away = at.moved(statement.variables, Fraction(1))
    if not (at.admitted() and at.admitted(away)):
        return False
    steps = [abs(away[name] - value) for name, value in at.point.items() if name.split("[")[0] in statement.variables]

    def fails(e: Evaluation) -> bool | None:
        here, there = (at.value(e, statement.term, point) for point in (at.point, away))
        change = e.absolute(e.sum([there, e.product([Fraction(-1), here])]))
        if statement.norm == "max":
            distance: Any = max(steps)
        elif statement.norm == "1":
            distance = sum(steps, Fraction(0))
        else:
            distance = e.root(sum((step**2 for step in steps), Fraction(0)))
        allowed = e.product([e.value(statement.constant), distance])
        signs = e.signs(e.sum([change, e.product([Fraction(-1), allowed])]))
        return True if signs == {1} else None if 1 in signs else False

    return at.asks(fails) is True


def _monotone(at: _At, statement: Monotone) -> bool:
    name = statement.variable
    away = at.moved((name,), Fraction(1))
    ahead = [away[n] - value for n, value in at.point.items() if n.split("[")[0] == name]
    if len(ahead) != 1 or ahead[0] <= 0 or not (at.admitted() and at.admitted(away)):
        return False
    direction = 1 if statement.direction in ("increasing", "nondecreasing") else -1
    strict = statement.direction in ("increasing", "decreasing")

    def fails(e: Evaluation) -> bool | None:
        here, there = (at.value(e, statement.term, point) for point in (at.point, away))
        signs = {direction * sign for sign in e.signs(e.sum([there, e.product([Fraction(-1), here])]))}
        allowed = {-1, 0} if strict else {-1}
        return True if signs <= allowed else None if signs & allowed else False

    return at.asks(fails) is True


def _argument(at: _At, statement: Argument) -> bool:
    """The value at another point is as good, or the stated place lies outside the domain."""
    names = [name for name in at.point if name.split("[")[0] == statement.variable]
    if len(names) > 1 or not at.admitted():
        return False
    better = 1 if statement.kind == "argmin" else -1
    domain = at.goal.tensors[statement.variable].domain

    def fails(e: Evaluation) -> bool | None:
        stated = e.value(statement.value)
        if isinstance(stated, Fraction) and not _contains(domain, stated, 0):
            return True
        if not names:
            return False
        best = at.value(e, statement.term, {**at.point, names[0]: stated})
        here = e.value(statement.term)
        signs = {better * sign for sign in e.signs(e.sum([here, e.product([Fraction(-1), best])]))}
        apart = 0 not in e.signs(e.sum([at.point[names[0]], e.product([Fraction(-1), stated])]))
        return True if apart and signs <= {-1, 0} else None if signs & {-1, 0} else False

    return at.asks(fails) is True


def _extremum(at: _At, statement: Extremum) -> bool:
    """A value beyond the stated bound."""
    low = statement.kind == "minimum"
    bound = statement.low if low else statement.high
    if not at.admitted():
        return False

    def fails(e: Evaluation) -> bool | None:
        signs = e.signs(e.sum([e.value(statement.term), e.product([Fraction(-1), e.value(bound)])]))
        beyond = -1 if low else 1
        return True if signs == {beyond} else None if beyond in signs else False

    return at.asks(fails) is True


def _jumps(seam: Mapping[str, Any], at: _At, statement: Smooth) -> bool:
    """At a seam that a line crosses the derivatives before and after it differ."""
    return at.admitted() and jumps(at.goal, statement, seam, at.holds) is True


_DEFINITIONS: dict[type, Callable[[_At, Any], bool]] = {
    Always: _always,
    Curvature: _curvature,
    Lipschitz: _lipschitz,
    Monotone: _monotone,
    Argument: _argument,
    Extremum: _extremum,
}
