"""Limits of closed terms by rules, with a trace: what a term tends to, and from which side.

Finite limits are terms without the variables that move; signs of such terms come from ranges, and where a sign is not
known the caller splits into cases. A reduction over an axis is a finite sum, for every size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.program import AxisSymbol, Read, SizeSymbol, Tensor, axes_of, substitute
from symloss.proof.closing import negation
from symloss.proof.dominance import Dominance, NoLimitError, rewritten
from symloss.proof.ranges import Ranges
from symloss.proof.terms import Along, LogSumExpAlong, Term, along, stem, tensors_of

OO = sympy.oo
_FLIPPED = {"+": "-", "-": "+", "=": "=", "": ""}


@dataclass(frozen=True)
class Line:
    """One line of a trace.

    Attributes:
        term: the term.
        to: what it tends to: a term, oo or -oo.
        side: "=" equal in the end, "+" greater in the end, "-" less in the end, "" not known.
        rule: the name of the rule.
        rests_on: earlier lines.
        more: further keys of the evidence.
    """

    term: Term
    to: Term
    side: str
    rule: str
    rests_on: tuple[int, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The line as evidence."""
        found = {"term": str(self.term), "to": str(self.to), "side": self.side, "rule": self.rule}
        return {**found, "from": list(self.rests_on), **self.more}


class SplitError(Exception):
    """The limit depends on which of some conditions holds; exactly one of them does."""

    def __init__(self, conditions: tuple[Term, ...]) -> None:
        super().__init__(str(conditions))
        self.conditions = conditions


class Limits:
    """Limits of terms as some variables move to their points, under conditions that do not mention these variables.

    Args:
        points: per tensor that moves the point and the side.
        ranges: signs of terms under the hypotheses.
        tensors: every variable with its domain.
    """

    def __init__(
        self, points: Mapping[str, tuple[Term, str]], ranges: Ranges, tensors: Mapping[str, Tensor], depth: int = 0
    ) -> None:
        self.points, self.ranges, self.tensors, self.depth = points, ranges, tensors, depth
        self.lines: list[Line] = []
        self.memo: dict[Any, int] = {}

    def line(self, e: Term) -> int:
        """The number of the line about a term.

        Raises:
            NoLimitError: the rules do not tell.
            SplitError: cases must be told apart.
        """
        if e not in self.memo:
            self.memo[e] = self._build(e)
        return self.memo[e]

    def _say(self, e: Term, to: Term, side: str, rule: str, *rests_on: int, **more: Any) -> int:
        if to in (OO, -OO):
            side = ""
        self.lines.append(Line(e, to, side, rule, rests_on, more))
        return len(self.lines) - 1

    def _moves(self, e: Term) -> bool:
        return bool(tensors_of(e) & set(self.points))

    def _build(self, e: Any) -> int:
        if not self._moves(e):
            known = None if e.is_infinite else self.ranges.range(e)
            if known is None or not known.finite:
                raise NoLimitError(f"{e} may have no value")
            return self._say(e, e, "=", "constant")
        if isinstance(e, Read):
            to, side = self.points[e.tensor]
            return self._say(e, to, side, "variable")
        before = len(self.lines)
        try:
            return self._by_rule(e)
        except NoLimitError:
            del self.lines[before:]
            self.memo = {term: line for term, line in self.memo.items() if line < before}
        return self._by_dominance(e)

    def _by_rule(self, e: Any) -> int:
        if isinstance(e, sympy.Add):
            return self._sum(e)
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, sympy.Pow):
            return self._power(e)
        if isinstance(e, sympy.exp):
            merged = _without_logsumexp(e)
            if merged is not None:
                return self._same(e, merged)
        if isinstance(e, Along):
            return self._along(e)
        if isinstance(e, atoms.Where):
            return self._where(e)
        if isinstance(e, _COMPARISONS | atoms.And | atoms.Or | atoms.Not):
            truth, rests_on = self._truth(e)
            return self._say(e, sympy.Integer(int(truth)), "=", "branch", *rests_on)
        if isinstance(e, atoms.SlopeAt | atoms.StopGradient):
            return self._same(e, e.args[0])
        if isinstance(e, atoms.XLogY | atoms.ZeroTimes | atoms.XOverY):
            return self._guarded(e)
        return self._atom(e)

    def _same(self, e: Term, other: Term) -> int:
        inner = self.line(other)
        found = self.lines[inner]
        return self._say(e, found.to, found.side, "same", inner, rewritten=str(other))

    def _by_dominance(self, e: Any) -> int:
        single = self._single_mover(e)
        if single is None:
            raise NoLimitError(f"no rule for {e}")
        other = rewritten(e, self.ranges)
        if other != e and other.count_ops() <= 4 * e.count_ops() + 40:
            try:
                # The rules once more, on the quotient that the definitions of the atoms give.
                return self._same_by_rules(e, other)
            except NoLimitError:
                pass
        variable, (point, side) = single
        found = Dominance(variable, point, side).leading(other)
        if found is None:
            raise NoLimitError(f"{e} is no quotient of sums of monomials")
        to, from_side = found.limit(self.sign)
        return self._say(e, to, from_side, "dominance", leading=found.as_json(), rewritten=str(other))

    def _same_by_rules(self, e: Term, other: Term) -> int:
        before = len(self.lines)
        try:
            inner = self._by_rule(other) if self._moves(other) else self.line(other)
        except NoLimitError:
            del self.lines[before:]
            self.memo = {term: line for term, line in self.memo.items() if line < before}
            raise
        found = self.lines[inner]
        return self._say(e, found.to, found.side, "same", inner, rewritten=str(other))

    def _single_mover(self, e: Term) -> tuple[Read, tuple[Term, str]] | None:
        reads = [read for read in e.atoms(Read) if read.tensor in self.points]
        return (reads[0], self.points[reads[0].tensor]) if len(reads) == 1 else None

    # --- signs --------------------------------------------------------------------------------------------------------

    def sign(self, e: Term) -> int:
        """The sign of a limit.

        Raises:
            SplitError: it is not known.
        """
        if e in (OO, -OO):
            return 1 if e == OO else -1
        expanded = sympy.expand(e)
        for form in (e, expanded):
            found = self.ranges.range(form)
            if found is None:
                continue
            if found.above(0, True):
                return 1
            if found.below(0, True):
                return -1
            if form == 0 or (found.low == found.high == 0):
                return 0
        core = _core(expanded if expanded.is_Mul or not e.is_Mul else e)
        self._split((atoms.Less(0, core), atoms.Equal(core, 0), atoms.Less(core, 0)))

    def _split(self, conditions: tuple[Term, ...]) -> NoReturn:
        """Ask for cases, unless they differ from item to item of a reduction."""
        if any("~" in axis for axis in axes_of(conditions[0])):
            raise NoLimitError(f"{conditions[0]} differs from item to item")
        raise SplitError(conditions)

    # --- sums, products, powers ---------------------------------------------------------------------------------------

    def _sum(self, e: Any) -> int:
        lines = [self.line(term) for term in e.args]
        found = [self.lines[i] for i in lines]
        infinite = {one.to for one in found if one.to in (OO, -OO)}
        if len(infinite) == 2:
            raise NoLimitError("oo - oo")
        if infinite:
            return self._say(e, infinite.pop(), "", "sum", *lines)
        return self._say(e, sympy.Add(*(one.to for one in found)), _common(one.side for one in found), "sum", *lines)

    def _product(self, e: Any) -> int:
        lines = [self.line(factor) for factor in e.args]
        found = [self.lines[i] for i in lines]
        if any(one.to == 0 and one.side == "=" for one in found):
            return self._say(e, sympy.S.Zero, "=", "product", *lines)
        if any(one.to in (OO, -OO) for one in found):
            signs = [self.sign(one.to) for one in found]
            if 0 in signs:
                exactly = [one for one, sign in zip(found, signs, strict=True) if sign == 0 and one.side == "="]
                if exactly:
                    return self._say(e, sympy.S.Zero, "=", "product", *lines)
                raise NoLimitError("0 times oo")
            return self._say(e, OO if _times(signs) > 0 else -OO, "", "product", *lines)
        to = sympy.Mul(*(one.to for one in found))
        return self._say(e, to, self._side_of_product(found, to), "product", *lines)

    def _side_of_product(self, found: list[Line], to: Term) -> str:
        moving = [one for one in found if one.side != "="]
        if not moving:
            return "="
        if len(moving) == 1:
            fixed = sympy.Mul(*(one.to for one in found if one is not moving[0]))
            known = self._known_sign(fixed)
            return (
                ""
                if known is None
                else "="
                if known == 0
                else moving[0].side
                if known > 0
                else _FLIPPED[moving[0].side]
            )
        if to == 0:
            signs = [self._eventual_sign(one) for one in found]
            if all(signs):
                return "+" if _times(s for s in signs if s) > 0 else "-"
        return ""

    def _known_sign(self, e: Term) -> int | None:
        try:
            return self.sign(e)
        except (SplitError, NoLimitError):
            return None

    def _eventual_sign(self, one: Line) -> int | None:
        """The sign that a term has in the end; None where it is not known or 0."""
        known = self._known_sign(one.to)
        if known:
            return known
        return {"+": 1, "-": -1}.get(one.side) if known == 0 else None

    def _power(self, e: Any) -> int:
        base, exponent = e.args
        if self._moves(exponent):
            raise NoLimitError("a variable exponent")
        number = self.line(base)
        found = self.lines[number]
        p = self.sign(exponent)
        if p == 0:
            return self._say(e, sympy.S.One, "=", "power", number)
        if found.to in (OO, -OO):
            if found.to == -OO and not exponent.is_Integer:
                raise NoLimitError("a power of a negative number")
            if p < 0:
                return self._say(e, sympy.S.Zero, "+" if found.to == OO or exponent % 2 == 0 else "-", "power", number)
            positive = found.to == OO or exponent % 2 == 0
            return self._say(e, OO if positive else -OO, "", "power", number)
        sign = self.sign(found.to)
        if sign == 0:
            return self._power_at_zero(e, number, p)
        if sign < 0 and not exponent.is_Integer:
            raise NoLimitError("a power of a negative number")
        rises = (p > 0) == (sign > 0 or bool(exponent.is_Integer and exponent % 2 != 0))
        if sign < 0 and p < 0:
            rises = bool(exponent % 2 == 0)
        side = found.side if rises else _FLIPPED[found.side]
        return self._say(e, found.to**exponent, side, "power", number)

    def _power_at_zero(self, e: Any, number: int, p: int) -> int:
        exponent, side = e.args[1], self.lines[number].side
        even = bool(exponent.is_Integer and exponent % 2 == 0)
        if p > 0:
            if not exponent.is_Integer and side not in ("+", "="):
                raise NoLimitError("a power of what may be negative")
            after = side if side == "=" else "+" if side == "+" or (even and side == "-") else side if side else ""
            return self._say(e, sympy.S.Zero, after, "power", number)
        if side == "+" or (side == "-" and even):
            return self._say(e, OO, "", "power", number)
        if side == "-" and exponent.is_Integer:
            return self._say(e, -OO, "", "power", number)
        raise NoLimitError("a power of what may be 0")

    # --- atoms --------------------------------------------------------------------------------------------------------

    def _guarded(self, e: Any) -> int:
        """Products in which a first factor 0 wins: constant first factors only."""
        first, second = e.args
        if self._moves(first):
            raise NoLimitError("a first factor that moves")
        if self.sign(first) == 0:
            return self._say(e, sympy.S.Zero, "=", "constant")
        plain = {atoms.XLogY: first * sympy.log(second), atoms.XOverY: first / second}.get(type(e), first * second)
        return self._same(e, plain)

    def _atom(self, e: Any) -> int:
        record = record_of(e)
        if record is None or isinstance(e, _JUMPS):
            return self._jump(e)
        numbers = [self.line(argument) for argument in e.args]
        limits = [self.lines[i] for i in numbers]
        if len(limits) == 1:
            return self._unary(e, record, numbers[0])
        if any(one.to in (OO, -OO) for one in limits):
            if isinstance(e, atoms.Maximum | atoms.Minimum):
                return self._extreme(e, numbers)
            raise NoLimitError(f"{record.name} at infinity")
        if not isinstance(e, atoms.Maximum | atoms.Minimum | atoms.Clamp):
            raise NoLimitError(f"no rule for {record.name}")
        side = "=" if all(one.side == "=" for one in limits) else ""
        return self._say(e, e.func(*(one.to for one in limits)), side, "continuous", *numbers)

    def _extreme(self, e: Any, numbers: list[int]) -> int:
        wins = OO if isinstance(e, atoms.Maximum) else -OO
        limits = [self.lines[i] for i in numbers]
        if any(one.to == wins for one in limits):
            return self._say(e, wins, "", "at infinity", *numbers)
        finite = [one for one in limits if one.to != -wins]
        if not finite:
            return self._say(e, -wins, "", "at infinity", *numbers)
        return self._say(e, finite[0].to, finite[0].side, "at infinity", *numbers)

    def _unary(self, e: Any, record: Any, number: int) -> int:
        found = self.lines[number]
        domain = record.domains[0]
        direction = record.monotone[0]
        if found.to in (OO, -OO):
            if isinstance(e, atoms.Absolute):
                return self._say(e, OO, "", "at infinity", number)
            if isinstance(e, atoms.Relu | atoms.Ramp):
                to = OO if found.to == OO else sympy.S.Zero
                return self._say(e, to, "" if to == OO else "=", "at infinity", number)
            to = record.special.get((found.to,))
            if to is None:
                raise NoLimitError(f"{record.name} at infinity")
            rising = {"increasing": "-" if found.to == OO else "+", "decreasing": "+" if found.to == OO else "-"}
            return self._say(e, to, rising.get(direction, ""), "at infinity", number)
        for end, inward, is_open in (
            (domain.inf, "+", getattr(domain, "left_open", True)),
            (domain.sup, "-", getattr(domain, "right_open", True)),
        ):
            if end.is_finite and self._known_sign(found.to - end) == 0:
                to = record.special.get((end,))
                if to is None or found.side not in (inward, "=") or (found.side == "=" and is_open):
                    raise NoLimitError(f"{record.name} at the end of its domain")
                after = inward if direction == "increasing" else _FLIPPED[inward] if direction == "decreasing" else ""
                return self._say(e, to, "=" if found.side == "=" else after, "at infinity", number)
            inside = end.is_infinite or self.sign((found.to - end) if inward == "+" else (end - found.to)) > 0
            if not inside:
                raise NoLimitError(f"{record.name} outside its domain")
        to = e.func(found.to)
        if found.side == "=":
            return self._say(e, to, "=", "continuous", number)
        side = found.side if direction == "increasing" else _FLIPPED[found.side] if direction == "decreasing" else ""
        if isinstance(e, atoms.Absolute):
            known = self._known_sign(found.to)
            side = "" if not known else found.side if known > 0 else _FLIPPED[found.side]
        return self._say(e, to, side, "continuous", number)

    def _jump(self, e: Any) -> int:
        """The sign of something that is not 0 in the end, or known to be 0."""
        values = _JUMP_VALUES.get(type(e))
        if values is None:
            raise NoLimitError(f"no rule for {type(e).__name__}")
        number = self.line(e.args[0])
        known = self._sign_in_the_end(number)
        return self._say(e, sympy.sympify(values[known + 1]), "=", "branch", number)

    def _sign_in_the_end(self, number: int) -> int:
        found = self.lines[number]
        known = self.sign(found.to)
        if known:
            return known
        if found.side == "":
            raise NoLimitError("a term that tends to 0 from no known side")
        return {"+": 1, "-": -1, "=": 0}[found.side]

    # --- branches and reductions --------------------------------------------------------------------------------------

    def _where(self, e: Any) -> int:
        condition, yes, no = e.args
        if self._moves(condition):
            truth, rests_on = self._truth(condition)
            inner = self.line(yes if truth else no)
            found = self.lines[inner]
            return self._say(e, found.to, found.side, "branch", *rests_on, inner, holds=truth)
        if self.ranges.holds(condition) or self.ranges.holds(negation(condition)):
            truth = self.ranges.holds(condition)
            inner = self.line(yes if truth else no)
            found = self.lines[inner]
            return self._say(e, found.to, found.side, "branch", inner, holds=truth)
        if any("~" in axis for axis in axes_of(condition)):
            return self._choice(e, condition, yes, no)
        raise SplitError((condition, negation(condition)))

    def _choice(self, e: Term, condition: Term, yes: Term, no: Term) -> int:
        """A choice that moves with a running index: the limit is the choice between both limits."""
        numbers = []
        for branch, assumed in ((yes, condition), (no, negation(condition))):
            inside = Limits(self.points, self.ranges.under(assumed), self.tensors, self.depth)
            last = inside.line(branch)
            offset = len(self.lines)
            for one in inside.lines[: last + 1]:
                moved = tuple(i + offset for i in one.rests_on)
                more = {**one.more, "under": str(assumed)}
                self.lines.append(Line(one.term, one.to, one.side, one.rule, moved, more))
            numbers.append(offset + last)
        limits = [self.lines[i] for i in numbers]
        if any(one.to in (OO, -OO) for one in limits):
            raise NoLimitError("a choice between finite and infinite limits")
        side = limits[0].side if limits[0].side == limits[1].side else ""
        return self._say(e, atoms.Where(condition, limits[0].to, limits[1].to), side, "choice", *numbers)

    def _truth(self, condition: Term) -> tuple[bool, tuple[int, ...]]:
        """Whether a condition holds in the end."""
        if not self._moves(condition):
            if self.ranges.holds(condition):
                return True, ()
            if self.ranges.holds(negation(condition)):
                return False, ()
            self._split((condition, negation(condition)))
        if isinstance(condition, atoms.Not):
            truth, rests_on = self._truth(condition.args[0])
            return not truth, rests_on
        if isinstance(condition, atoms.And | atoms.Or):
            found = [self._truth(part) for part in condition.args]
            truths = [truth for truth, _ in found]
            rests = tuple(i for _, rests_on in found for i in rests_on)
            return all(truths) if isinstance(condition, atoms.And) else any(truths), rests
        if not isinstance(condition, _COMPARISONS):
            raise NoLimitError("no comparison")
        left, right = condition.args
        number = self.line(right - left)
        return _HOLDS[type(condition)](self._sign_in_the_end(number)), (number,)

    def _along(self, e: Along) -> int:
        if self._moves(e.guard):
            raise NoLimitError("a guard that moves")
        if isinstance(e, LogSumExpAlong):
            return self._same(e, sympy.log(along_like(e, "sum", sympy.exp)))
        if e.operation != "sum":
            raise NoLimitError(f"no rule for {e.operation} over an axis")
        axis = AxisSymbol(f"{stem(e.axis.axis)}~{self.depth + 1}")
        body, guard = (substitute(part, {e.axis: axis}) for part in (e.body, e.guard))
        ranges = self.ranges if guard == 1 else self.ranges.under(guard)
        inside = Limits(self.points, ranges, self.tensors, self.depth + 1)
        last = inside.line(_lifted(body, set(self.points), axis))
        found = inside.lines[last]
        if found.to in (OO, -OO):
            raise NoLimitError("a sum of terms that grow")
        offset = len(self.lines)
        for one in inside.lines[: last + 1]:
            moved = tuple(i + offset for i in one.rests_on)
            self.lines.append(Line(one.term, one.to, one.side, one.rule, moved, one.more))
        to = summed(axis, found.to, guard, stem(e.axis.axis), self.tensors)
        side = "=" if found.side == "=" else ""
        return self._say(e, to, side, "sum over an axis", offset + last, item=str(axis))


_COMPARISONS = atoms.Less | atoms.LessEqual | atoms.Equal | atoms.NotEqual
_JUMPS = (atoms.Sign, atoms.Step, atoms.HalfStep)
_JUMP_VALUES: dict[Any, tuple[Any, Any, Any]] = {
    atoms.Sign: (-1, 0, 1),
    atoms.Step: (0, 0, 1),
    atoms.HalfStep: (0, sympy.S.Half, 1),
}
#: Whether a comparison holds, by the sign of its right side minus its left.
_HOLDS: dict[Any, Any] = {
    atoms.Less: lambda sign: sign > 0,
    atoms.LessEqual: lambda sign: sign >= 0,
    atoms.Equal: lambda sign: sign == 0,
    atoms.NotEqual: lambda sign: sign != 0,
}


def _times(signs: Iterable[int]) -> int:
    total = 1
    for sign in signs:
        total *= sign
    return total


def _common(sides: Iterable[str]) -> str:
    """The side of a sum."""
    kinds = set(sides) - {"="}
    if not kinds:
        return "="
    return kinds.pop() if len(kinds) == 1 else ""


def _core(e: Term) -> Term:
    """A simpler term that is 0 where this one is: without numeric factors and absolute values."""
    _, part = e.as_coeff_Mul()
    while isinstance(part, atoms.Absolute):
        part = part.args[0]
    return part


def _without_logsumexp(e: Any) -> Term | None:
    """``exp(a - logsumexp(b))`` as ``1/sum(exp(b - a))``."""
    for term in sympy.Add.make_args(e.args[0]):
        scale, node = term.as_coeff_Mul()
        if isinstance(node, LogSumExpAlong) and abs(scale) == 1:
            return along_like(node, "sum", _exponential_of, scale * (e.args[0] - term)) ** scale
    return None


def _exponential_of(body: Term, added: Term) -> Term:
    return sympy.exp(body + added)


def along_like(node: Along, operation: str, change: Any, *more: Term) -> Term:
    """A reduction over the same items, of a changed body."""
    axis = AxisSymbol(f"{stem(node.axis.axis)}~~")
    body, guard = (substitute(part, {node.axis: axis}) for part in (node.body, node.guard))
    return along(operation, axis, change(body, *more), guard, stem(node.axis.axis))


def _lifted(body: Term, moving: set[str], axis: AxisSymbol) -> Term:
    """A body in which comparisons that name its index stand outside: numbers inside, a choice around them."""
    for e in sympy.postorder_traversal(body):
        if isinstance(e, _COMPARISONS) and not tensors_of(e) & moving and axis.axis in axes_of(e):
            yes, no = (body.xreplace({e: sympy.Integer(truth)}) for truth in (1, 0))
            return atoms.Where(e, _lifted(yes, moving, axis), _lifted(no, moving, axis))
    return body


def summed(axis: AxisSymbol, body: Term, guard: Term, root: str, tensors: Mapping[str, Tensor]) -> Term:
    """The sum of finite terms over an axis; what is equal to a label counts once."""
    if guard == 1 and axis.axis not in axes_of(body):
        return body * SizeSymbol(root)
    if guard == 1 and isinstance(body, atoms.Where) and isinstance(body.args[0], atoms.Equal):
        condition, yes, no = body.args
        label = next((side for side in condition.args if side != axis), None)
        if axis in condition.args and label is not None and _is_index(label, root, tensors):
            here = {axis: label}
            whole = summed(axis, no, guard, root, tensors)
            return whole + substitute(yes, here) - substitute(no, here)
    return along("sum", axis, body, guard, root)


def _is_index(label: Term, root: str, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a term is always an index of an axis."""
    if not isinstance(label, Read) or label.tensor not in tensors:
        return False
    domain = tensors[label.tensor].domain
    return domain.kind == "index" and domain.axis is not None and stem(domain.axis) == root
