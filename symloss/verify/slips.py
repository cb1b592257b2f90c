"""What a wrong answer probably is: hypotheses that explain it at every sampled point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from mpmath import mp, mpf

from symloss.language.elaboration import Elaboration
from symloss.language.nodes import Chain, Expression, Negation
from symloss.oracle import Interpreter
from symloss.program import Program, Statement, Tensor, exact_arithmetic
from symloss.verify.evidence import LEAST, TOLERANCE, Case, Evidence, Formula, agree, as_mpf, lazily, run, times
from symloss.verify.factors import element, factor, negative
from symloss.verify.points import Point, Values
from symloss.verify.question import KINDS, Quantity, Question, with_fixed
from symloss.verify.terms import terms_of
from symloss.verify.truth import Truth

_WORK_BITS = 160


def likely_slip(
    question: Question,
    number: int,
    points: Sequence[Point],
    truth: Truth,
    expected: Callable[[Point], Values | None],
    against_truth: bool,
    show: Callable[[Statement], str] = str,
) -> str:
    """A sentence that names the slip, or nothing where none is recognised.

    Args:
        question: the question.
        number: the answer that is wrong.
        points: where to test hypotheses.
        truth: the quantity.
        expected: what the answer should equal.
        against_truth: whether that is the quantity itself and not an earlier step.
        show: how a statement is written for people.
    """
    output = f"answer {number}"
    answer = Interpreter(question.program, [output])
    cases = []
    for point in points:
        theirs, ours = expected(point), run(answer, point)
        if theirs is None or ours is None:
            continue
        for index, value in theirs.items():
            if mp.isfinite(value) and mp.isfinite(ours[output][index]):
                cases.append(Case(point, index, value, ours[output][index]))
    evidence = Evidence(question, number, points, truth, cases, against_truth, show)
    with mp.workprec(_WORK_BITS):
        return next(filter(None, (hypothesis(evidence) for hypothesis in _HYPOTHESES)), "")


def _other_quantity(evidence: Evidence) -> str:
    """The answer is something else that belongs to the loss."""
    if not evidence.against_truth:
        return ""
    asked, base = evidence.question.quantity, evidence.question.base
    inputs = [t for t in base.tensors.values() if not t.domain.integer and t.name not in evidence.question.fixed]
    predictions = [t.name for t in inputs if t.role == "prediction"]
    others = [
        replace(asked, kind=kind, wrt="" if kind == "value" else wrt)
        for kind in KINDS
        for wrt in ([asked.wrt] if asked.wrt else predictions)
        if kind != "hvp"
    ]
    others += [Quantity(asked.kind, t.name, asked.term) for t in inputs if asked.kind == "gradient"]
    axes = evidence.question.axes
    for other in others:
        own = base.axes_of(base.outputs[next(iter(base.outputs))]) if not other.wrt else base.tensors[other.wrt].axes
        if other == asked or own != axes or (other.kind == "value" and len(base.outputs) > 1):
            continue
        for sign, words in ((1, ""), (-1, "the negative of ")):
            values = lazily(Truth(base, other).at)
            if evidence.explained(times(values, sign)):
                return f"this is {words}the {other}"
    return ""


def _swapped(evidence: Evidence) -> str:
    """Prediction and target, or two predictions, stand in each other's place."""
    question = evidence.question
    inputs = [t for t in question.spec.inputs if not t.domain.integer and t.role in ("prediction", "target")]
    for position, first in enumerate(inputs):
        for second in inputs[position + 1 :]:
            if first.axes != second.axes or first.domain != second.domain:
                continue
            answer = Interpreter(question.program, [f"answer {evidence.number}"])
            values = lazily(_when_exchanged(answer, first.name, second.name))
            swapped = [(case, values(case.point).get(case.index)) for case in evidence.cases]
            if len(swapped) >= LEAST and all(agree(found, case.expected) for case, found in swapped):
                return f"{first.name} and {second.name} are swapped"
    return ""


def _when_exchanged(answer: Interpreter, a: str, b: str) -> Callable[[Point], Values]:
    def values(point: Point) -> Values:
        return next(iter((run(answer, _exchanged(point, a, b)) or {"": {}}).values()))

    return values


def _exchanged(point: Point, a: str, b: str) -> Point:
    tensors = {**point.tensors, a: point.tensors[b], b: point.tensors[a]}
    return Point(tensors, point.parameters, point.sizes)


def _chain_rule(evidence: Evidence) -> str:
    """A factor of the chain rule is missing or stands twice: by p = link(z) instead of by z."""
    question = evidence.question
    wrt = question.quantity.wrt
    if question.quantity.kind != "gradient" or not evidence.against_truth:
        return ""
    for name, words, slope in _LINKS:
        if evidence.explained(_with_slope(wrt, slope, -1)):
            return f"this is the derivative with respect to {name}({wrt}), not {wrt}: the factor {words} is missing"
        if evidence.explained(_with_slope(wrt, slope, 1)):
            return f"the factor {words} of the chain rule is applied once too often"
    if len(question.axes) == 2 and _softmax_slope(evidence, wrt):
        return f"this is the derivative with respect to softmax({wrt}), not {wrt}"
    return _by_step(evidence)


def _with_slope(wrt: str, slope: Callable[[Any], Any], power: int) -> Formula:
    return lambda case: case.expected * slope(_input(case, wrt)) ** power


#: Functions that predictions are often passed through, with their slopes.
_LINKS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("sigmoid", "sigmoid(z)*sigmoid(-z)", lambda z: 1 / (1 + mp.exp(-z)) / (1 + mp.exp(z))),
    ("tanh", "1 - tanh(z)**2", lambda z: 1 - mp.tanh(z) ** 2),
    ("exp", "exp(z)", mp.exp),
    ("log", "1/z", lambda z: 1 / z),
)


def _input(case: Case, name: str) -> Any:
    value = case.point.tensors[name][case.index] if name in case.point.tensors else case.point.parameters[name]
    return as_mpf(value)


def _softmax_slope(evidence: Evidence, wrt: str) -> bool:
    """Whether p_k (g_k - Σ p_j g_j) of the answer g is the gradient, p being the softmax along the last axis."""
    rows: dict[tuple[int, tuple[int, ...]], list[Case]] = {}
    for case in evidence.cases:
        rows.setdefault((id(case.point), case.index[:-1]), []).append(case)
    for row in rows.values():
        weights = [mp.exp(_input(case, wrt)) for case in row]
        total = mp.fsum(weights)
        mean = mp.fsum(w / total * case.found for w, case in zip(weights, row, strict=True))
        for weight, case in zip(weights, row, strict=True):
            if not agree(weight / total * (case.found - mean), case.expected, mpf(10) ** -20):
                return False
    return len(evidence.cases) >= LEAST and any(len(row) > 1 for row in rows.values())


def _by_step(evidence: Evidence) -> str:
    """The derivative with respect to a named step instead of the input."""
    question = evidence.question
    base = question.base
    for statement in base.statements:
        if statement.out != question.axes or statement.target in base.outputs.values():
            continue
        values = lazily(partial(_step_gradient, base, statement.target))
        for sign, words in ((1, ""), (-1, "the negative of ")):
            if evidence.explained(times(values, sign)):
                return f"this is {words}the derivative with respect to {statement.target}, not {question.quantity.wrt}"
    return ""


def _step_gradient(base: Program, step: str, point: Point) -> Values:
    """The derivative with respect to a step, which becomes an input with the values that it has."""
    held = run(Interpreter(base.replacing(outputs={step: step}), [step]), point)
    assert held is not None
    tensors = {**base.tensors, step: Tensor(step, base.statement(step).out, "prediction")}
    statements = tuple(s for s in base.statements if s.target != step)
    program = base.replacing(tensors=tensors, statements=statements)
    with exact_arithmetic():
        truth = Truth(program, Quantity("gradient", step))
    return truth.at(Point({**point.tensors, step: held[step]}, point.parameters, point.sizes))


# --- terms --------------------------------------------------------------------------------------------------------


def _terms(evidence: Evidence) -> str:
    """One term of the answer has the wrong sign or factor, or does not belong there."""
    answer = evidence.question.answers[evidence.number]
    for shown, values in _term_values(evidence, answer.node):
        gap = [(case, case.found - case.expected, values(case.point, case.index)) for case in evidence.cases]
        if any(term is None for _, _, term in gap):
            continue
        ratios = [mpf(difference) / term for _, difference, term in gap if term != 0]
        settled = all(abs(difference) < TOLERANCE for _, difference, term in gap if term == 0)
        if len(ratios) < LEAST or not settled or not all(agree(ratio, ratios[0]) for ratio in ratios):
            continue
        for multiple, words in _TERM_FACTORS:
            if agree(ratios[0], multiple):
                return words.format(term=shown)
    return ""


#: (answer - expected)/term, and what that says about the term.
_TERM_FACTORS = (
    (mpf(1), "the term {term} does not belong there"),
    (mpf(2), "the sign of the term {term}"),
    (mpf(1) / 2, "a factor 2 too many in the term {term}"),
    (mpf(-1), "a factor 2 is missing in the term {term}"),
)


def _term_values(evidence: Evidence, node: Expression) -> Iterator[tuple[str, Callable[[Point, tuple[int, ...]], Any]]]:
    """The top-level terms of the answer as written, each with its sign, and their values."""
    answer = evidence.question.answers[evidence.number]
    if not isinstance(node, Chain) or not set(node.operators) <= {"+", "-"}:
        return
    starts = [operand.at for operand in node.operands]
    for position, operand in enumerate(node.operands):
        negative = position > 0 and node.operators[position - 1] == "-"
        end = starts[position + 1] if position + 1 < len(starts) else len(answer.place.value)
        shown = answer.place.value[operand.at : end].rstrip().rstrip("+-").rstrip()
        while shown.count("(") > shown.count(")"):
            shown += ")"
        if shown.count(")") > shown.count("("):
            shown = shown[: len(shown) - (shown.count(")") - shown.count("("))]
        values = _expression_values(evidence, Negation(operand.at, operand) if negative else operand)
        yield f"{'-' if negative else ''}{' '.join(shown.split())}", values


def _expression_values(evidence: Evidence, node: Expression) -> Callable[[Point, tuple[int, ...]], Any]:
    """The values of a part of an answer."""
    question = evidence.question
    answer = question.answers[evidence.number]
    checker = answer.checker
    if isinstance(node, Negation) and node not in checker.types:
        checker.types[node] = checker.types[node.operand]
    elaboration = Elaboration(checker.scope)
    elaboration.taken |= {statement.target for statement in question.program.statements}
    with exact_arithmetic():
        elaboration.assign("_part", question.axes, checker, node)
        own = with_fixed(
            question.program.replacing(statements=tuple(elaboration.statements)), question.fixed
        ).statements
    program = question.program.replacing(
        axes=dict(checker.scope.axes), statements=(*question.program.statements, *own), outputs={"part": "_part"}
    )
    interpreter = Interpreter(program, ["part"])
    values = lazily(lambda point: (run(interpreter, point) or {}).get("part", {}))
    return lambda point, index: values(point).get(index)


def _missing_term(evidence: Evidence) -> str:
    """A term of the true quantity, which the line before equals too, is missing or has the wrong sign."""
    if evidence.question.quantity.kind == "value":
        return ""
    for shown, values in terms_of(evidence.question, evidence.show):
        lazy = lazily(values)
        for times_missing, words in ((1, "the term {term} is missing"), (2, "the sign of the term {term}")):
            if evidence.explained(_less(times(lazy, times_missing))):
                return words.format(term=shown)
    return ""


def _missing_input(evidence: Evidence) -> str:
    """An input itself is missing, which the calculus has as part of a longer term."""
    question = evidence.question
    for tensor in question.spec.inputs:
        if tensor.domain.integer or not set(tensor.axes) <= set(question.axes) or tensor.name in question.fixed:
            continue
        here = element(question, tensor.name, tensor.axes)
        shown = f"{tensor.name}[{', '.join(tensor.axes)}]" if tensor.axes else tensor.name
        if evidence.explained(_less(here)):
            return f"the term {shown} is missing"
        if evidence.explained(_less(negative(here))):
            return f"the term -{shown} is missing"
    return ""


def _less(formula: Formula) -> Formula:
    return lambda case: case.expected - formula(case)


def _at_default(evidence: Evidence) -> str:
    """The answer is right where a parameter or coefficient has its default."""
    question = evidence.question
    tensors = [*question.spec.parameters, *(t for t in question.spec.inputs if t.default is not None)]
    for tensor in tensors:
        if tensor.name in question.fixed or tensor.default is None:
            continue
        good = [_run_at_default(evidence, tensor.name, tensor.default, point) for point in evidence.points[:8]]
        if len(good) >= LEAST and all(good):
            return f"it is right only where {tensor.name} has its default, {tensor.default}"
    return ""


def _run_at_default(evidence: Evidence, name: str, default: Any, point: Point) -> bool:
    value = Fraction(int(default.p), int(default.q))
    tensors, parameters = dict(point.tensors), dict(point.parameters)
    if name in parameters:
        parameters[name] = value
    else:
        tensors[name] = dict.fromkeys(tensors[name], value)
    moved = Point(tensors, parameters, point.sizes)
    output = f"answer {evidence.number}"
    ours = run(Interpreter(evidence.question.program, [output]), moved)
    if ours is None or not evidence.against_truth:
        return False
    return all(agree(value, ours[output][index]) for index, value in evidence.truth.at(moved).items())


_HYPOTHESES: tuple[Callable[[Evidence], str], ...] = (
    _swapped,
    factor,
    _other_quantity,
    _chain_rule,
    _terms,
    _missing_term,
    _missing_input,
    _at_default,
)
