"""Trees of steps again: each shows that a term is at least 0, and follows from the steps below it by its rule.

A step's term is read back from what it says it shows; that the rule leads from the terms below to it is an identity
for every size, which the normal form of `sums` must see. What is assumed below a step is taken from its term, never
from the evidence. A rule, or an identity, that is not seen leaves the evidence not re-checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor, axes_of, substitute
from symloss.proof.closing import plain_conditions
from symloss.proof.recheck.asking import asked
from symloss.proof.recheck.bounds import Knowledge, _not
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.sums import coefficients_that_make_zero, vanishes_for_every_size
from symloss.proof.recheck.used import unnamed_in_range
from symloss.proof.terms import Along, SumAlong, Term, along, opened, stem

Step = Mapping[str, Any]


class NotSeenError(Exception):
    """A step that this module cannot follow."""


class BrokenStepError(Exception):
    """A step that does not follow."""


@dataclass(frozen=True)
class Walk:
    """How a tree is walked: what may be assumed, and the variables whose names may occur."""

    known: Knowledge

    def read(self, text: str) -> Term:
        """A term of the evidence."""
        return closed_term(text, self.known.tensors)

    def under(self, *conditions: Term) -> Walk:
        """The same under more conditions."""
        known = self.known
        for condition in conditions:
            known = known.under(condition) if condition != 1 else known
        return Walk(known)

    def shows(self, step: Step) -> Term:
        """The term that a step says to be at least 0."""
        head, _, text = str(step["shows"]).partition("<=")
        if head.strip() != "0":
            raise BrokenStepError("a step does not show that something is at least 0")
        return self.read(text)

    def nonnegative(self, step: Step, strictly: bool = False) -> Term:
        """The term of a step, after checking the step and all below it.

        Raises:
            NotSeenError: it cannot be followed.
            BrokenStepError: it does not follow.
        """
        e = self.shows(step)
        rule = step["rule"]
        check = _RULES.get(rule)
        if check is None:
            raise NotSeenError(f"the re-check has no rule “{rule}”")
        if strictly and rule not in ("range", "consequence"):
            raise NotSeenError(f"“{rule}” does not show that something is greater than 0")
        if strictly:
            (_range if rule == "range" else _consequence)(self, step, e, strictly=True)
        else:
            check(self, step, e)
        return e

    def fresh(self, axis: AxisSymbol, *terms: Term) -> bool:
        """Whether a running index stands for any item: neither some terms nor what is assumed mention it."""
        return not any(axis.axis in axes_of(term) for term in (*terms, *self.known.conditions))

    def same(self, left: Term, right: Term, rule: str) -> None:
        """That two terms are equal wherever they are defined."""
        if left == right or vanishes_for_every_size(left - right):
            return
        if not vanishes_for_every_size(left - right, self.known):
            raise NotSeenError(f"the normal form does not see how “{rule}” leads to {left}")

    def at_least_zero(self, e: Term, strictly: bool = False) -> None:
        """That a term is at least 0 by its bounds."""
        signs = (1,) if strictly else (0, 1)
        found = (self.known.bounds(one) for one in (e, sympy.expand(e)))
        if any(bounds is not None and bounds.only(signs) for bounds in found):
            return
        if not asked(self.known, (atoms.Less if strictly else atoms.LessEqual)(0, e)):
            raise NotSeenError(f"the rules of the re-check do not show 0 {'<' if strictly else '<='} {e}")


def _range(walk: Walk, step: Step, e: Term, strictly: bool = False) -> None:
    unnamed = unnamed_in_range(e, step.get("facts", ()))
    if unnamed:
        raise BrokenStepError(unnamed)
    walk.at_least_zero(e, strictly)


def _cases(walk: Walk, step: Step, e: Term) -> None:
    """Each side of a branch, where its condition holds."""
    first, second = step["from"]
    for branch in sorted(e.atoms(atoms.Where), key=str):
        if any(branch in node.atoms(atoms.Where) for node in e.atoms(Along)):
            continue
        condition, yes, no = branch.args
        if plain_conditions(walk.read(first["where"])) != plain_conditions(condition):
            continue
        for part, assumed, value in ((first, condition, yes), (second, _not(condition), no)):
            if walk.read(part["where"]) != plain_conditions(assumed):
                raise BrokenStepError("a case is not where its condition holds")
            inner = walk.under(plain_conditions(assumed))
            inner.same(e.xreplace({branch: value}), inner.nonnegative(part), "cases")
        return
    raise NotSeenError("the cases are those of no branch of the term")


def _factors(walk: Walk, step: Step, e: Term) -> None:
    number, _ = e.as_coeff_Mul(rational=True)
    product = sympy.Mul(*(walk.nonnegative(part) for part in step["from"]))
    walk.same(e, abs(number) * product, "factors")


def _terms(walk: Walk, step: Step, e: Term) -> None:
    walk.same(e, sympy.Add(*(walk.nonnegative(part) for part in step["from"])), "terms")


def _items(walk: Walk, step: Step, e: Term) -> None:
    """``Σ factor·Σ_axis item`` and a rest; terms that sum to 1 over the items may be added and subtracted."""
    total = sympy.S.Zero
    for part in step["from"]:
        if "factor" not in part:
            total += walk.nonnegative(part)
            continue
        factor, guard = walk.read(part["factor"]), walk.read(part["guard"])
        axis = AxisSymbol(part["axis"])
        if not axis.axis.startswith(f"{stem(axis.axis)}''") or not walk.fresh(axis, e, factor):
            raise BrokenStepError(f"{axis} does not run over the items alone")
        walk.at_least_zero(factor)
        inner = walk.under(guard)
        shown = inner.nonnegative(part)
        item = walk.read(part["item"]) if "item" in part else shown
        change = sympy.S.Zero
        times = sympy.S.Zero
        for one in part.get("multipliers", ()):
            constraint, number = walk.read(one["sum of"]), sympy.Rational(one["times"])
            _sums_to_one(walk, constraint, axis, guard)
            change += number * constraint
            times += number
        if times > 0:
            raise BrokenStepError("the multipliers add something positive")
        walk.same(shown, item + change, "sum of nonnegative items")
        total += factor * along("sum", axis, item, guard)
    walk.same(e, total, "sum of nonnegative items")


def _sums_to_one(walk: Walk, t: Term, axis: AxisSymbol, guard: Term) -> None:
    """Whether a term is 1 when it is summed over the items: an entry of a simplex, or of a softmax."""
    if isinstance(t, Read) and guard == 1:
        tensor = walk.known.tensors[t.tensor]
        along_axis = tensor.domain.axis if tensor.domain.kind == "simplex" else None
        if along_axis in tensor.axes and t.index[tensor.axes.index(along_axis)] == axis:
            others = [entry for i, entry in enumerate(t.index) if i != tensor.axes.index(along_axis)]
            if not any(axis.axis in axes_of(entry) for entry in others):
                return
    if isinstance(t, sympy.exp):
        for node in t.atoms(Along):
            if (
                node.operation == "logsumexp"
                and axis.axis not in axes_of(node)
                and stem(node.axis.axis) == stem(axis.axis)
            ):
                place = {node.axis: axis}
                item_guard = substitute(node.guard, place)
                same = walk.under(guard).known.holds(item_guard) and walk.under(item_guard).known.holds(guard)
                if same and sympy.expand(t.args[0] - substitute(node.body, place) + node) == 0:
                    return
    raise NotSeenError(f"the sum of {t} is not seen to be 1")


def _item(walk: Walk, step: Step, e: Term) -> None:
    equal = walk.read(step["equal"])
    walk.same(e, equal, "item")
    walk.at_least_zero(equal)


def _gibbs(walk: Walk, step: Step, e: Term) -> None:
    """A sum of terms that are at least 0, and of ``w - m + m log m - m log w`` with positive factors."""
    total = e
    for text in step["rest"]:
        term = walk.read(text)
        walk.at_least_zero(term)
        total -= term
    divergences = []
    for pair in step["pairs"]:
        m, w = map(walk.read, pair)
        walk.at_least_zero(m)
        walk.at_least_zero(w)
        divergences.append(w - m + atoms.XLogY(m, m) - atoms.XLogY(m, w))
    found = coefficients_that_make_zero(total, divergences, walk.known)
    if found is None:
        raise NotSeenError("the term is not seen to be the sum of the divergences and the rest")
    if not all(number > 0 for number in found):
        raise BrokenStepError("a divergence has a factor that is not positive")


def _ends(walk: Walk, step: Step, e: Term) -> None:
    """``(high - low)·e = (high - v)·e(low) + (v - low)·e(high)``, which says that e is affine in v as well."""
    v = walk.read(step["variable"])
    low, high = (sympy.Rational(part["at"]) for part in step["from"])
    if not low < high:
        raise BrokenStepError("the ends are not in order")
    walk.at_least_zero(v - low)
    walk.at_least_zero(high - v)
    at_low, at_high = (walk.nonnegative(part) for part in step["from"])
    walk.same((high - low) * e, (high - v) * at_low + (v - low) * at_high, "ends")


def _logarithm(walk: Walk, step: Step, e: Term) -> None:
    (part,) = step["from"]
    walk.same(sympy.exp(e) - 1, walk.nonnegative(part), "logarithm")


def _consequence(walk: Walk, step: Step, e: Term, strictly: bool = False) -> None:
    given, times = walk.read(step["given"]), sympy.Rational(step["times"])
    if times <= 0 or not isinstance(given, atoms.Less if strictly else atoms.Less | atoms.LessEqual):
        raise BrokenStepError("what is given is no inequality, or its factor is not positive")
    if not walk.known.holds(given):
        raise NotSeenError(f"the rules of the re-check do not show {given}")
    (part,) = step["from"]
    walk.same(e, times * (given.args[1] - given.args[0]) + walk.nonnegative(part), "consequence")


def _quotient(walk: Walk, step: Step, e: Term) -> None:
    d = walk.read(step["denominator"])
    (part,) = step["from"]
    for factor in sympy.Mul.make_args(d):
        base = factor.base if isinstance(factor, sympy.Pow) else factor
        if not (walk.known.holds(atoms.Less(0, base))):
            walk.at_least_zero(base)
            if not walk.known.holds(atoms.NotEqual(base, 0)):
                raise NotSeenError(f"the rules of the re-check do not show that {base} is not 0")
    walk.same(walk.nonnegative(part), e * d, "quotient")


def _share(walk: Walk, step: Step, e: Term) -> None:
    """Each larger sum is a smaller one and a slack; then no term is negative."""
    slacks: dict[Any, Any] = {}
    tensors = dict(walk.known.tensors)
    smaller = sorted(e.atoms(SumAlong), key=str)
    for number, (text, new) in enumerate(step["slacks"].items()):
        whole = walk.read(text)
        total = next((s for s in smaller if str(new).startswith("slack of ") and str(new).endswith(f" + {s}")), None)
        if total is None or not isinstance(whole, SumAlong) or not (whole.guard == total.guard == 1):
            raise NotSeenError(f"{new} is not seen to be a sum and a slack")
        if stem(whole.axis.axis) != stem(total.axis.axis):
            raise BrokenStepError("two sums over different axes are compared")
        axis, body, _ = opened(whole)
        ratio = sympy.cancel(substitute(total.body, {total.axis: axis}) / body)
        walk.at_least_zero(body)
        walk.at_least_zero(ratio)
        walk.at_least_zero(1 - ratio)
        name = f"slack{number}"
        tensors[name] = Tensor(name, (), "variable", Domain(lower=sympy.S.Zero))
        slacks[whole] = total + Read(name, ())
    with_slacks = Knowledge(tensors, walk.known.conditions)
    found = with_slacks.bounds(sympy.expand(e.xreplace(slacks)))
    if not slacks or found is None or not found.only((0, 1)):
        raise NotSeenError("with the slacks a term may be negative")


def _spread(walk: Walk, step: Step, e: Term) -> None:
    """``logsumexp`` is at most the logarithm of the number of its items plus the largest of them."""
    item = AxisSymbol(step["items"])
    (part,) = step["from"]
    fault: Exception = NotSeenError("there is no logarithm of a sum of exponentials in the term")
    for node in sorted((n for n in e.atoms(Along) if n.operation == "logsumexp"), key=str):
        if stem(node.axis.axis) != stem(item.axis) or not walk.fresh(item, e):
            continue
        factor = sympy.expand(e).coeff(node)
        if not (factor.is_Rational and factor < 0):
            continue
        place = {node.axis: item}
        axis, _, guard = opened(node)
        count = along("sum", axis, sympy.S.One, guard)
        inner = walk.under(substitute(node.guard, place))
        try:
            below = e - factor * node + factor * (sympy.log(count) + substitute(node.body, place))
            inner.same(inner.nonnegative(part), below, "mean of exponentials")
            return
        except NotSeenError as reason:
            fault = reason
    raise fault


def _cauchy_schwarz(walk: Walk, step: Step, e: Term) -> None:
    """``rest·Σ a b/(sqrt(Σ a²)·sqrt(Σ b²))`` is at least ``-rest``."""
    below = sympy.S.Zero
    for term in sympy.Add.make_args(sympy.expand(e)):
        rest = _beside_a_cosine(term)
        if rest is not None:
            number, other = rest.as_coeff_Mul(rational=True)
            walk.at_least_zero(other)
            term = -abs(number) * other
        below += term
    (part,) = step["from"]
    walk.same(walk.nonnegative(part), below, "Cauchy-Schwarz")


def _beside_a_cosine(term: Term) -> Term | None:
    powers = dict(factor.as_base_exp() for factor in sympy.Mul.make_args(term))
    for total, exponent in powers.items():
        if exponent != 1 or not isinstance(total, SumAlong) or total.guard != 1:
            continue
        factors = sympy.Mul.make_args(total.body)
        squares = [SumAlong(total.axis, factor**2) for factor in factors]
        if len(squares) == 2 and all(powers.get(square) == -sympy.S.Half for square in squares):
            return term / total * sympy.sqrt(squares[0]) * sympy.sqrt(squares[1])
    return None


_RULES: dict[str, Callable[..., None]] = {
    "range": _range,
    "cases": _cases,
    "factors": _factors,
    "terms": _terms,
    "sum of nonnegative items": _items,
    "item": _item,
    "Gibbs": _gibbs,
    "ends": _ends,
    "logarithm": _logarithm,
    "consequence": _consequence,
    "quotient": _quotient,
    "share": _share,
    "mean of exponentials": _spread,
    "Cauchy-Schwarz": _cauchy_schwarz,
}
