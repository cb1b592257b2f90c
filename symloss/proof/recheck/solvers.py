"""Evidence of a solver: the script says what the problem says, its lemmas are instances of true statements, and another
solver finds it unsatisfiable too.

That every assertion is true, and the last one exactly where the conclusion is false, is looked at at points; a lemma is
compared with the statement of this module's own table by the second solver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import sympy

from symloss.program import Tensor
from symloss.proof.problems import Problem
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.evaluation import Evaluation
from symloss.proof.recheck.identities import random_points, vanishes
from symloss.proof.recheck.intervals import NoValueError, field, rational_ends, working
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.reading import formula, polynomial, term
from symloss.proof.recheck.scripts import decided_in_cases, formula_of, second_solver
from symloss.proof.recheck.unknowns import ELEMENTARY, same_relation

_BITS = 120
_SIMPLE = tuple(Fraction(v) for v in ("0", "1", "-1", "2", "1/2"))
_REASONS = ("domain", "hypothesis", "meaning", "lemma", "negation")


def smt(problem: Problem, evidence: Mapping[str, Any]) -> Outcome:
    """Whether an SMT-LIB script shows a problem."""
    assertions = evidence["assertions"]
    reasons = [assertion[0] for assertion in assertions]
    if reasons.count("negation") != 1 or reasons[-1] != "negation" or not set(reasons) <= set(_REASONS):
        return wrong("the script does not end with the negation of the conclusion")
    names = {name: term(text, problem.variables) for name, text in evidence["names"]}
    read = [formula(assertion[1]) for assertion in assertions]
    fault = _false_statement(problem, names, reasons, read)
    if fault:
        return wrong(fault)
    for assertion in assertions:
        if assertion[0] == "lemma":
            outcome = _lemma(names, *assertion[1:])
            if outcome is not OK:
                return outcome
    outcome = _negates(problem, names, assertions)
    if outcome is not OK:
        return outcome
    declared = [f"(declare-fun {name} () Real)" for name in names]
    answer = decided_in_cases(declared, [one[1] for one in assertions])
    if answer == "unsat":
        return OK
    if answer == "sat":
        return wrong("another solver finds a point at which every assertion holds")
    return unchecked(f"it rests on one solver: {answer}")


# --- does the script say what the problem says? -----------------------------------------------------------------


def _points(problem: Problem) -> Iterator[Mapping[str, Fraction]]:
    """Random points and points of simple numbers, at which branches and ends are met."""
    reads = list(problem.variables)
    yield from random_points(reads, problem.variables, seed=3)
    simple = []
    for read in reads:
        low, high = rational_ends(problem.variables[read])
        near = [v for v in _SIMPLE if (low is None or v >= low) and (high is None or v <= high)]
        simple.append(near or [v for v in (low, high) if v is not None])
    for count, choice in enumerate(product(*simple)):
        if count == 24:
            return
        yield {str(read): value for read, value in zip(reads, choice, strict=True)}


def _false_statement(problem: Problem, names: Mapping[str, Any], reasons: list[str], read: list[Any]) -> str:
    """An assertion that is false at a point of the problem, in words; "" where none was found."""
    with working(_BITS):
        for point in _points(problem):
            s = Evaluation(point, problem.sizes, field(_BITS))
            try:
                if not all(s.truth(hypothesis) is True for hypothesis in problem.under()):
                    continue
                holds = s.truth(problem.conclusion)
            except NoValueError:
                continue
            values = _Values(s, names)
            for number, (reason, one) in enumerate(zip(reasons, read, strict=True), 1):
                answer = values.truth(one)
                expected = True if reason != "negation" else None if holds is None else not holds
                if answer is not None and expected is not None and answer is not expected:
                    return f"assertion {number} ({reason}) is {'true' if answer else 'false'} at a point of the problem"
    return ""


class _Values:
    """Values of a script's formulas where its names have the values that they stand for."""

    def __init__(self, s: Evaluation, names: Mapping[str, Any]) -> None:
        self.s, self.names = s, names

    def truth(self, node: Any) -> bool | None:
        """Whether a formula holds; None where that is not decided, or depends on a name without a value."""
        if isinstance(node, str):
            return {"true": True, "false": False}[node]
        head, *rest = node
        if head in ("and", "or"):
            decisive = head == "or"
            answers = [self.truth(part) for part in rest]
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        if head == "not":
            inner = self.truth(rest[0])
            return None if inner is None else not inner
        if head == "=>":
            return self.truth(["or", *(["not", part] for part in rest[:-1]), rest[-1]])
        if head == "=" and any(_is_formula(part) for part in rest):
            left, right = (self.truth(part) for part in rest)
            return None if left is None or right is None else left is right
        signs = self._signs(*rest)
        allowed = {">": {1}, ">=": {0, 1}, "<": {-1}, "<=": {-1, 0}, "=": {0}, "distinct": {-1, 1}}[head]
        return None if signs is None else True if signs <= allowed else None if signs & allowed else False

    def _signs(self, a: Any, b: Any) -> set[int] | None:
        try:
            left, right = self.number(a), self.number(b)
            if isinstance(left, float) or isinstance(right, float):
                return None
            return set(self.s.signs(self.s.sum([left, self.s.product([Fraction(-1), right])])))
        except NoValueError:
            return None

    def number(self, node: Any) -> Any:
        """The value of an arithmetic term."""
        if isinstance(node, str):
            return self.s.value(self.names[node]) if node in self.names else Fraction(node)
        head, *rest = node
        parts = [self.number(part) for part in rest]
        if head == "+":
            return self.s.sum(parts)
        if head == "*":
            return self.s.product(parts)
        if head == "/":
            return self.s.quotient(*parts)
        if head != "-":
            raise ValueError(f"{head} is no operation")
        turned = [self.s.product([Fraction(-1), part]) for part in (parts if len(parts) == 1 else parts[1:])]
        return turned[0] if len(parts) == 1 else self.s.sum([parts[0], *turned])


def _is_formula(node: Any) -> bool:
    return isinstance(node, list) and node[0] in ("and", "or", "not", "=>", "<", "<=", ">", ">=", "=", "distinct")


def _negates(problem: Problem, names: Mapping[str, Any], assertions: Any) -> Outcome:
    """Whether the last assertion holds wherever the conclusion does not, for all values of the names.

    Where a conclusion is true everywhere, points cannot tell its negation from anything else that is false.
    """
    back = {_plain(meaning): sympy.Symbol(name) for name, meaning in names.items()}
    conclusion = _plain(problem.conclusion)
    for meaning in sorted(back, key=lambda one: -one.count_ops()):
        conclusion = _with_root(conclusion.xreplace({meaning: back[meaning]}), meaning, back[meaning])
    try:
        says = formula_of(conclusion)
    except ValueError as reason:
        if _turns_around(problem, names, formula(assertions[-1][1])):
            return OK
        return unchecked(f"the conclusion is not put into the names of the script: {reason}")
    lines = [f"(declare-fun {name} () Real)" for name in names]
    lines += [f"(assert {one[1]})" for one in assertions if one[0] not in ("lemma", "negation")]
    answer = second_solver("\n".join([*lines, f"(assert (not {says}))", f"(assert (not {assertions[-1][1]}))"]))
    if answer == "sat":
        return wrong("the last assertion is not the negation of the conclusion")
    if answer != "unsat" and _turns_around(problem, names, formula(assertions[-1][1])):
        return OK
    return OK if answer == "unsat" else unchecked(f"whether the last assertion negates the conclusion: {answer}")


def _with_root(e: Any, meaning: Any, name: sympy.Symbol) -> Any:
    """A term in which odd powers of a root that has a name are powers of the name, ``1/sqrt(a)`` too."""
    if not isinstance(meaning, sympy.Pow) or meaning.exp != sympy.S.Half:
        return e

    def is_power(part: Any) -> bool:
        odd = isinstance(part, sympy.Pow) and part.exp.is_Rational and part.exp.q == 2
        return odd and sympy.expand(part.base - meaning.base) == 0

    return e.replace(is_power, lambda part: name ** (2 * part.exp))


def _plain(e: Any) -> Any:
    """A term in exponentials and logarithms, with their arguments expanded."""
    if not e.args:
        return e
    name, parts = type(e).__name__, [_plain(part) for part in e.args]
    if name in ELEMENTARY:
        return _plain(ELEMENTARY[name](*parts))
    if isinstance(e, sympy.exp | sympy.log):
        return e.func(sympy.expand(parts[0]))
    return e if all(a is b for a, b in zip(parts, e.args, strict=True)) else e.func(*parts)


def _turns_around(problem: Problem, names: Mapping[str, Any], node: Any) -> bool:
    """Whether an assertion is the opposite of the conclusion, up to a positive factor, with what its names mean."""
    head, *sides = node if isinstance(node, list) else [node]
    if head == "not" and isinstance(sides[0], list):
        head, *sides = ["not " + sides[0][0], *sides[0][1:]]
    opposite = {">": "LessEqual", ">=": "Less", "<": "LessEqual", "<=": "Less", "=": "NotEqual", "not =": "Equal"}
    conclusion = problem.conclusion
    if len(sides) != 2 or opposite.get(head) != type(conclusion).__name__:
        return False
    left, right = (polynomial(side, names) for side in sides)
    low, high = conclusion.args
    tensors = {v.tensor: Tensor(v.tensor, (), "variable", domain) for v, domain in problem.variables.items()}
    known = Knowledge(tensors, problem.hypotheses)
    ways = {">": (right - left,), ">=": (right - left,), "<": (left - right,), "<=": (left - right,)}
    return any(same_relation(known, way, high - low) for way in ways.get(head, (left - right, right - left)))


# --- lemmas -----------------------------------------------------------------------------------------------------


def _lemma(names: Mapping[str, Any], text: str, lemma: str, arguments: list[str]) -> Outcome:
    """Whether a lemma's name stands for the function that it is about, and its text follows from the true statement."""
    known = _LEMMAS.get(lemma)
    if known is None:
        return unchecked(f"the re-check has no lemma {lemma}")
    meant, states = known
    terms = [polynomial(formula(argument), names) for argument in arguments]
    if not meant(*terms):
        return wrong(f"the lemma {lemma} is used of {terms[0]}")
    used = [f"(declare-fun {name} () Real)" for name in names]
    question = "\n".join([*used, f"(assert {states(*arguments)})", f"(assert (not {text}))"])
    answer = second_solver(question)
    if answer == "sat":
        return wrong(f"the instance of the lemma {lemma} does not follow from it")
    return OK if answer == "unsat" else unchecked(f"an instance of the lemma {lemma}: {answer}")


def _logarithm(value: Any, n: Any, d: Any) -> bool:
    """Whether a term is the logarithm of a quotient: a sum of logarithms and exponents is one."""
    return vanishes(sympy.exp(value) - n / d)


def _power(value: Any, n: Any, d: Any, e: Any = None) -> bool:
    return isinstance(value, sympy.Pow) and vanishes(value.base - n / d) and (e is None or vanishes(value.exp - e))


def _rational_bounds(value: Any, low: Any, high: Any) -> bool:
    with working(_BITS):
        s = Evaluation({}, {}, field(_BITS))
        above = s.signs(s.sum([s.value(value), s.value(-low)]))
        below = s.signs(s.sum([s.value(high), s.value(-value)]))
    return above == below == {1}


def _of_one_angle(c: Any, s: Any) -> bool:
    return isinstance(c, sympy.cos) and isinstance(s, sympy.sin) and vanishes(c.args[0] - s.args[0])


def _bound_of_log(l: str, n: str, d: str, side: str) -> str:  # noqa: E741 - the usual letter for a logarithm
    gap = f"(- {n} {d} (* {d} {l}))" if side == "upper" else f"(- (* {n} {l}) (- {n} {d}))"
    return f"(=> (and (> {n} 0) (> {d} 0)) (and (>= {gap} 0) (=> (not (= {n} {d})) (> {gap} 0))))"


def _order_of_logs(l: str, n: str, d: str, m: str, p: str, q: str) -> str:  # noqa: E741
    less = f"(= (< {l} {m}) (< (* {n} {q}) (* {p} {d})))"
    equal = f"(= (= {l} {m}) (= (* {n} {q}) (* {p} {d})))"
    return f"(=> (and (> {n} 0) (> {d} 0) (> {p} 0) (> {q} 0)) (and {less} {equal}))"


def _power_near_one(w: str, n: str, d: str, e: str, relation: str) -> str:
    weak = f"(=> (and (> {n} 0) (> {d} 0) ({relation}= {n} {d}) (>= {e} 0)) ({relation}= {w} 1))"
    strict = f"(=> (and (> {n} 0) (> {d} 0) ({relation} {n} {d}) (> {e} 0)) ({relation} {w} 1))"
    return f"(and {weak} {strict})"


#: Per lemma: what its arguments must be, and what it says of them. n/d is the argument of a logarithm or of a power.
_LEMMAS: dict[str, tuple[Callable[..., bool], Callable[..., str]]] = {
    "exp-positive": (lambda u: isinstance(u, sympy.exp), lambda u: f"(> {u} 0)"),
    "power-positive": (_power, lambda w, n, d: f"(=> (and (> {n} 0) (> {d} 0)) (> {w} 0))"),
    "power-below-one": (_power, lambda w, n, d, e: _power_near_one(w, n, d, e, "<")),
    "power-above-one": (_power, lambda w, n, d, e: _power_near_one(w, n, d, e, ">")),
    "log-upper": (_logarithm, lambda l, n, d: _bound_of_log(l, n, d, "upper")),  # noqa: E741
    "log-lower": (_logarithm, lambda l, n, d: _bound_of_log(l, n, d, "lower")),  # noqa: E741
    "log-order": (
        lambda l, n, d, m, p, q: _logarithm(l, n, d) and _logarithm(m, p, q),  # noqa: E741
        _order_of_logs,
    ),
    "constant": (_rational_bounds, lambda c, low, high: f"(and (> {c} {low}) (> {high} {c}))"),
    "cosine": (_of_one_angle, lambda c, s: f"(= (+ (* {c} {c}) (* {s} {s})) 1)"),
}
