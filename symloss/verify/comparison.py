"""Each step of a question against what stands before it: a proof where there is one, points in any case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mpmath import mp, mpf

from symloss.oracle import Interpreter, evaluate_adaptively
from symloss.program import Statement
from symloss.verify.outcome import Outcome, Step, Witness
from symloss.verify.points import Point, Points, Values, admits, is_coupled, open_axes, sizes_of
from symloss.verify.question import Question
from symloss.verify.slips import likely_slip
from symloss.verify.symbolic import proved_at
from symloss.verify.truth import DIGITS, Truth

#: Lengths of the open axes at which an identity is tried, and at which points are drawn.
_PROVED_LENGTHS = ((1, 2), (2, 1), (3, 2))
_DRAWN_LENGTHS = ((2, 3), (3, 2), (1, 2), (4, 3), (5, 4))
_COUPLED_BATCHES = (2, 4, 3)
_DRAWS = 12
_MOST_EDGES = 60
#: Relative difference below which two results of `DIGITS` digits agree.
_TOLERANCE = mpf(10) ** -28


def settle(question: Question, seed: int = 0, show: Callable[[Statement], str] = str) -> Outcome:
    """Compare the quantity with the first answer, and every further answer with the one before.

    Args:
        question: what `ask` read.
        seed: another seed draws other points.
        show: how a statement is written for people.

    Returns:
        the steps up to and including the first wrong one.
    """
    run = _Run(question, seed, show)
    steps: list[Step] = []
    for number in range(len(question.answers)):
        steps.append(run.step(number))
        if steps[-1].verdict not in ("proved", "tested"):
            break
    return Outcome(
        question.spec.name,
        str(question.quantity),
        steps,
        len(question.answers),
        question.fixed,
        question.when,
        run.coupled,
    )


class _Run:
    def __init__(self, question: Question, seed: int, show: Callable[[Statement], str]) -> None:
        self.question, self.show = question, show
        self.truth = Truth(question.base, question.quantity)
        self.coupled = is_coupled(question.program)
        conditions = tuple(f"condition {number}" for number in range(len(question.when)))
        self.points = Points(question.program, question.fixed, conditions, seed)
        names = [f"answer {number}" for number in range(len(question.answers))]
        self.answers = {name: Interpreter(question.program, [name]) for name in names}
        self._drawn: list[Point] | None = None
        # A point is kept beside its values, so that no other point takes its identity.
        self._truths: dict[int, tuple[Point, Values]] = {}

    def drawn(self) -> list[Point]:
        """Points in general position: simple ones at small sizes first."""
        if self._drawn is None:
            found = []
            batches = _COUPLED_BATCHES if self.coupled else (1,)
            lengths = _DRAWN_LENGTHS if open_axes(self.question.program) else _DRAWN_LENGTHS[:1]
            share = _DRAWS if len(lengths) > 1 else 4 * _DRAWS
            for position, batch in enumerate(batches):
                for length in lengths if not self.coupled else lengths[:2]:
                    sizes = sizes_of(self.question.program, batch, length)
                    for number in range(share if not self.coupled else 6):
                        point = self.points.draw(sizes, simple=number < 4 and position == 0)
                        if point is None:
                            break
                        found.append(point)
            self._drawn = found
        return self._drawn

    def step(self, number: int) -> Step:
        """One answer against what stands before it."""
        right, left = f"answer {number}", f"answer {number - 1}" if number else None
        step = Step(self.question.answers[number].text)
        points = self.drawn()
        if not points:
            step.verdict, step.reason = "unknown", "no point was found that satisfies the constraints and conditions"
            return step
        for point in points:
            witness = self._difference(left, right, point, step)
            if witness is not None and self._persists(left, right, witness):
                return self._refuted(step, number, left, right, witness)
        if step.points == 0:
            step.verdict, step.reason = "unknown", "at no point could both sides be evaluated"
            return step
        witness = self._edges(left, right, step, points[0])
        if witness is not None:
            return self._refuted(step, number, left, right, witness)
        self._prove(left, right, step)
        return step

    # --- numbers ----------------------------------------------------------------------------------------------------

    def value(self, output: str | None, point: Point) -> Values | None:
        """One side at a point, or None where it does not settle."""
        try:
            if output is None:
                if id(point) not in self._truths:
                    self._truths[id(point)] = point, self.truth.at(point)
                return self._truths[id(point)][1]
            program = self.question.program
            parameters = {name: value for name, value in point.parameters.items() if name in program.tensors}
            return evaluate_adaptively(self.answers[output], point.sizes, point.tensors, parameters, DIGITS)[output]
        except (ArithmeticError, IndexError):
            return None

    def _difference(self, left: str | None, right: str, point: Point, step: Step | None = None) -> Witness | None:
        """The first element in which two sides differ at a point."""
        expected, found = self.value(left, point), self.value(right, point)
        if expected is None or found is None:
            return None
        if step is not None:
            step.points += 1
        compared = 0
        for index, value in expected.items():
            if mp.isnan(value):
                continue
            compared += 1
            if not agree(value, found[index]):
                return Witness(point, index, value, found[index])
        if step is not None and not compared:
            step.undefined += 1
        return None

    def _persists(self, left: str | None, right: str, witness: Witness) -> bool:
        """Whether two sides differ beside a point too; at a kink or on the end of a domain they may differ alone."""
        for _ in range(4):
            beside = self.points.near(witness.point)
            if beside is not None and self._difference(left, right, beside) is not None:
                return True
        return False

    def _edges(self, left: str | None, right: str, step: Step, point: Point) -> Witness | None:
        """Points where inputs tie or end; differences there alone are reported, not held against the answer."""
        for count, tied in enumerate(self._admitted_ties(point)):
            if count >= _MOST_EDGES:
                break
            witness = self._difference(left, right, tied, step)
            if witness is None:
                continue
            if self._persists(left, right, witness):
                return witness
            step.edges.append(witness)
        return None

    def _admitted_ties(self, point: Point) -> Iterator[Point]:
        for tied in self.points.tied(point):
            program = self.question.program
            inside = all(
                _inside(program.tensors[name].domain, value)
                for name, values in tied.tensors.items()
                for value in values.values()
            )
            if inside and self.points.admits(tied):
                yield tied

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def _refuted(self, step: Step, number: int, left: str | None, right: str, witness: Witness) -> Step:
        confirmed = self.truth.confirmed(witness.point, witness.index, witness.expected) if left is None else None
        step.witness = Witness(witness.point, witness.index, witness.expected, witness.found, confirmed)
        if confirmed is False and not self._declared_slopes():
            step.verdict = "unknown"
            step.reason = "the derivative and a difference quotient of the loss disagree here; please report it"
            return step
        step.verdict = "refuted"
        points = [point for point in self.drawn() if self.value(left, point) is not None][: 3 * _DRAWS]
        step.slip = likely_slip(
            self.question, number, points, self.truth, lambda p: self.value(left, p), left is None, self.show
        )
        return step

    def _declared_slopes(self) -> bool:
        """Whether the specification declares slopes that are not the limit of difference quotients."""
        names = {type(part).__name__ for s in self.question.base.statements for part in _nodes(s.body)}
        return bool(names & {"StopGradient", "SlopeAt", "Clamp"})

    def _batches(self) -> tuple[str, ...]:
        axes = self.question.program.axes
        return tuple(name for name, axis in axes.items() if axis.kind == "batch" and axis.like is None)

    def _prove(self, left: str | None, right: str, step: Step) -> None:
        lengths = _PROVED_LENGTHS if open_axes(self.question.program) else _PROVED_LENGTHS[:1]
        batch = _COUPLED_BATCHES[0] if self.coupled else 1
        proved = []
        for length in lengths:
            sizes = sizes_of(self.question.program, batch, length)
            if not proved_at(self.question, left, right, sizes):
                break
            shown = open_axes(self.question.program) + (self._batches() if self.coupled else ())
            proved.append({axis: sizes[axis] for axis in shown})
        if proved:
            step.verdict = "proved"
            step.sizes = tuple(proved)
            step.every_size = not open_axes(self.question.program) and not self.coupled


def agree(a: Any, b: Any) -> bool:
    """Whether two settled numbers are the same."""
    if not mp.isfinite(a) or not mp.isfinite(b):
        return bool(a == b) or bool(mp.isnan(a) and mp.isnan(b))
    return bool(abs(a - b) <= _TOLERANCE * max(abs(a), abs(b)))


def _inside(domain: Any, value: Any) -> bool:
    return domain.kind != "interval" or admits(domain, value)


def _nodes(expression: Any) -> Iterator[Any]:
    stack = [expression]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(getattr(part, "args", ()))
