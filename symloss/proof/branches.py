"""Branches that conditions decide: absolute values, maxima, jumps and cases in a problem, replaced by their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read
from symloss.proof.closing import negation
from symloss.proof.problems import Problem, domain_conditions
from symloss.proof.smt.signs import Signs
from symloss.proof.terms import conjuncts

#: Functions with branches, each with the comparison of arguments that tells the branch.
KINKS: tuple[type, ...] = (
    atoms.Absolute,
    atoms.Sign,
    atoms.Relu,
    atoms.Ramp,
    atoms.Step,
    atoms.HalfStep,
    atoms.Maximum,
    atoms.Minimum,
    atoms.Clamp,
    atoms.Inside,
    atoms.Where,
)
_COMPARISONS = (atoms.Less, atoms.LessEqual, atoms.Equal, atoms.NotEqual)


class Branches:
    """What some conditions say about the branches of terms.

    Args:
        conditions: conditions that hold. Comparisons among them decide signs, also along chains ``a < b ≤ c``.
    """

    def __init__(self, conditions: Iterable[Any]) -> None:
        self.signs = Signs()
        self.below: dict[Any, dict[Any, bool]] = {}
        self.memo: dict[Any, Any] = {}
        for condition in conditions:
            for part in conjuncts(condition):
                self._learn(part)

    def _learn(self, condition: Any) -> None:
        if not isinstance(condition, _COMPARISONS):
            return
        a, b = condition.args
        if a.is_infinite or b.is_infinite or not (polynomial(a) and polynomial(b)):
            return
        relation = {"Less": ">", "LessEqual": ">=", "Equal": "=", "NotEqual": "!="}[type(condition).__name__]
        self.signs.learn(relation, b - a)
        if a.is_Symbol and b.is_Symbol and relation != "!=":
            self.below.setdefault(a, {})[b] = relation == ">" or self.below.get(a, {}).get(b, False)
            if relation == "=":
                self.below.setdefault(b, {}).setdefault(a, False)

    def sign(self, term: Any) -> str | None:
        """The sign of a term, where it is evident."""
        if not polynomial(term):
            return None
        found = self.signs.sign(term)
        if found in (">", "<", "="):
            return found
        return self._by_chain(sympy.expand(term)) or found

    def _by_chain(self, term: Any) -> str | None:
        if len(term.args) != 2 or not term.is_Add:
            return None
        (c, x), (d, y) = (part.as_coeff_Mul() for part in term.args)
        if not (x.is_Symbol and y.is_Symbol and c == -d):
            return None
        low, high = (x, y) if c < 0 else (y, x)
        up, down = self._chain(low, high), self._chain(high, low)
        if up is not None:
            return ">" if up else ("=" if down is not None else ">=")
        return None if down is None else ("<" if down else "<=")

    def _chain(self, low: Any, high: Any) -> bool | None:
        """Whether ``low ≤ high`` follows along a chain, strictly or not; None where it does not."""
        best: dict[Any, bool] = {low: False}
        queue = [low]
        while queue:
            here = queue.pop()
            for there, strict in self.below.get(here, {}).items():
                reached = best[here] or strict
                if there not in best or (reached and not best[there]):
                    best[there] = reached
                    queue.append(there)
        return best.get(high) if high != low else None

    # --- resolving ------------------------------------------------------------------------------------------------

    def resolved(self, e: Any) -> Any:
        """A term with the branches that are decided."""
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def _build(self, e: Any) -> Any:
        if not e.args or isinstance(e, Read):
            return e
        if isinstance(e, atoms.Where):
            condition = self.resolved(e.args[0])
            if condition in (0, 1):
                return self.resolved(e.args[1] if condition == 1 else e.args[2])
        arguments = [self.resolved(argument) for argument in e.args]
        if isinstance(e, _COMPARISONS):
            return self._comparison(e, *arguments)
        rule = _RESOLVED.get(type(e).__name__)
        value = rule(self, *arguments) if rule is not None else None
        if value is not None:
            return value
        return e if all(a is b for a, b in zip(arguments, e.args, strict=True)) else e.func(*arguments)

    def _comparison(self, e: Any, a: Any, b: Any) -> Any:
        sign = self.sign(b - a) if not (a.is_infinite or b.is_infinite) else None
        if sign is not None:
            found = _TRUTH[type(e).__name__].get(sign)
            if found is not None:
                return sympy.Integer(found)
        return e.func(a, b)


_TRUTH: dict[str, dict[str, bool]] = {
    "Less": {">": True, "<": False, "=": False, "<=": False},
    "LessEqual": {">": True, ">=": True, "=": True, "<": False},
    "Equal": {"=": True, ">": False, "<": False, "!=": False},
    "NotEqual": {"=": False, ">": True, "<": True, "!=": True},
}


def polynomial(term: Any) -> bool:
    """Whether a term is made of reads and numbers by sums, products and whole powers alone."""
    if term.is_Symbol or term.is_Rational:
        return True
    if isinstance(term, sympy.Add | sympy.Mul):
        return all(polynomial(part) for part in term.args)
    return isinstance(term, sympy.Pow) and bool(term.exp.is_Integer and term.exp > 0) and polynomial(term.base)


def _of_sign(above: Callable[[Any], Any], at: Any, below: Callable[[Any], Any]) -> Callable[..., Any]:
    """A value for a positive argument, at 0 and for a negative one; at 0 None says that both others hold there."""

    def rule(branches: Branches, x: Any) -> Any | None:
        sign = branches.sign(x)
        if sign == ">" or (sign == ">=" and at is None):
            return above(x)
        if sign == "<" or (sign == "<=" and at is None):
            return below(x)
        return at if sign == "=" and at is not None else above(x) if sign == "=" else None

    return rule


def _extreme(better: int) -> Callable[..., Any]:
    def rule(branches: Branches, a: Any, b: Any) -> Any | None:
        sign = branches.sign(better * (a - b)) if not (a.is_infinite or b.is_infinite) else None
        return a if sign in (">", ">=", "=") else b if sign in ("<", "<=") else None

    return rule


def _clamp(branches: Branches, x: Any, low: Any, high: Any) -> Any | None:
    inner = branches.resolved(atoms.Maximum(x, low))
    whole = branches.resolved(atoms.Minimum(inner, high))
    return None if whole.has(atoms.Maximum, atoms.Minimum) else whole


def _zero(x: Any) -> Any:
    return sympy.S.Zero


def _one(x: Any) -> Any:
    return sympy.S.One


def _same(x: Any) -> Any:
    return x


_RESOLVED: dict[str, Callable[..., Any]] = {
    "Absolute": _of_sign(_same, None, lambda x: -x),
    "Relu": _of_sign(_same, None, _zero),
    "Ramp": _of_sign(_same, None, _zero),
    "Sign": _of_sign(_one, sympy.S.Zero, lambda x: sympy.S.NegativeOne),
    "Step": _of_sign(_one, sympy.S.Zero, _zero),
    "HalfStep": _of_sign(_one, sympy.Rational(1, 2), _zero),
    "Maximum": _extreme(1),
    "Minimum": _extreme(-1),
    "Clamp": _clamp,
}


def undecided(term: Any) -> Any | None:
    """A condition that tells a branch of a term, one that holds no branch itself; None where there is none."""
    for e in sympy.postorder_traversal(term):
        if isinstance(e, KINKS):
            condition = _condition(e)
            if condition is not None:
                return condition
    return None


def _condition(e: Any) -> Any | None:
    zero = sympy.S.Zero
    if isinstance(e, atoms.Where):
        return next((c for c in sympy.postorder_traversal(e.args[0]) if isinstance(c, _COMPARISONS)), None)
    if isinstance(e, atoms.Maximum | atoms.Minimum):
        return atoms.LessEqual(*e.args)
    if isinstance(e, atoms.Clamp | atoms.Inside):
        return atoms.LessEqual(e.args[0], e.args[1])
    if isinstance(e, atoms.Absolute | atoms.Relu | atoms.Ramp):
        return atoms.LessEqual(zero, e.args[0])
    return atoms.Less(zero, e.args[0])


def supposing(problem: Problem, condition: Any) -> Problem:
    """A problem with one more hypothesis, and the branches resolved that its hypotheses decide."""
    branches = Branches((*domain_conditions(problem.variables), *problem.hypotheses, condition))
    kept = [branches.resolved(h) if _branching(h) else h for h in problem.hypotheses]
    hypotheses = tuple(dict.fromkeys(part for h in (*kept, condition) for part in conjuncts(h) if part != 1))
    return replace(problem, hypotheses=hypotheses, conclusion=branches.resolved(problem.conclusion))


def split(problem: Problem, condition: Any) -> tuple[Problem, Problem]:
    """The problem where a condition holds, and where it fails."""
    return supposing(problem, condition), supposing(problem, negation(condition))


def _branching(condition: Any) -> bool:
    return condition.has(*KINKS) or isinstance(condition, atoms.Or)
