"""The rules of limits, each with what it asks of the lines that a line rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Read, substitute
from symloss.proof.closing import negation
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.dominance import dominance
from symloss.proof.recheck.growth import FLIPPED, NotSoError, Seen, same_term
from symloss.proof.recheck.pieces import NotToldError
from symloss.proof.terms import SumAlong, along, stem

OO = sympy.oo
Rule = Callable[[Seen, list[Seen], Mapping[str, Any]], None]


def _constant(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    bounds = None if one.moves(one.term) else one.known.bounds(one.term)
    if bounds is None or not bounds.finite:
        raise NotToldError(f"{one.term} is not seen to be a finite constant")
    one.agree(one.term, "=")


def _variable(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    if not isinstance(one.term, Read) or one.term.tensor not in one.points:
        raise NotSoError(f"{one.term} does not move")
    one.agree(*one.points[one.term.tensor])


def _sum(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    parts = one.use(rests)
    if not same_term(one.term, sympy.Add(*(part.term for part in parts))):
        raise NotToldError(f"{one.term} is not the sum of the lines")
    limits = [part.to for part in parts]
    if OO in limits and -OO in limits:
        raise NotSoError("oo - oo")
    sides = {part.side for part in parts} - {"="}
    one.agree(sympy.Add(*limits), sides.pop() if len(sides) == 1 else "" if sides else "=")


def _product(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    parts = one.use(rests)
    if not same_term(one.term, sympy.Mul(*(part.term for part in parts))):
        raise NotToldError(f"{one.term} is not the product of the lines")
    if any(part.to == 0 and part.side == "=" for part in parts):
        one.agree(sympy.S.Zero, "=")
        return
    to, side, sign = parts[0].to, parts[0].side, one.eventual_sign(parts[0])
    for part in parts[1:]:
        other, next_sign = part.to, one.eventual_sign(part)
        if to.is_infinite or other.is_infinite:
            signs = one.sign(to), one.sign(other)
            if None in signs or 0 in signs:
                raise NotToldError("0 times oo")
            to, side = (OO if signs[0] == signs[1] else -OO), ""
        else:
            # f·g - a·b = (f - a)·g + a·(g - b)
            found = {_times(side, next_sign), _times(part.side, one.sign(to))} - {"="}
            side = found.pop() if len(found) == 1 else "" if found else "="
            to = to * other
        sign = None if sign is None or next_sign is None else sign * next_sign
    one.agree(to, side)


def _times(side: str, sign: int | None) -> str:
    """The side of a difference times something that has a sign in the end."""
    if side == "=" or sign == 0:
        return "="
    return "" if sign is None else side if sign > 0 else FLIPPED[side]


def _power(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    (base,) = one.use(rests)
    if not isinstance(one.term, sympy.Pow) or one.moves(one.term.exp) or not same_term(one.term.base, base.term):
        raise NotToldError(f"{one.term} is no power of {base.term}")
    p, to = one.term.exp, base.to
    up = one.sign(p)
    whole, odd = bool(p.is_Integer), bool(p.is_Integer and p % 2 == 1)
    if not up:
        raise NotToldError(f"the sign of {p} is not known")
    if to == OO:
        one.agree(OO if up > 0 else sympy.S.Zero, "+")
    elif to == -OO or one.sign(to) == -1:
        if not whole:
            raise NotToldError("a power of a negative number")
        if to == -OO:
            one.agree((-OO if odd else OO) if up > 0 else sympy.S.Zero, "-" if odd else "+")
        else:
            one.agree(to**p, base.side if odd == (up > 0) else FLIPPED[base.side])
    elif one.sign(to) == 1:
        one.agree(to**p, base.side if up > 0 else FLIPPED[base.side])
    elif one.sign(to) == 0:
        _power_of_zero(one, base, up, whole, odd)
    else:
        raise NotToldError(f"the sign of {to} is not known")


def _power_of_zero(one: Seen, base: Seen, up: int, whole: bool, odd: bool) -> None:
    side = base.side
    if side in ("", "=") and up < 0:
        raise NotToldError("a quotient by what tends to 0 from no known side")
    if side in ("", "-") and not whole:
        raise NotToldError("a power of what may be negative")
    if up < 0:
        one.agree(-OO if odd and side == "-" else OO, "")
    else:
        one.agree(sympy.S.Zero, "+" if side == "-" and not odd else "" if side == "" else side)


def _function(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    (inner,) = one.use(rests)
    name = type(one.term).__name__
    if len(one.term.args) != 1 or not same_term(one.term.args[0], inner.term):
        raise NotToldError(f"{one.term} is no function of {inner.term} alone")
    at = inner.to
    if at.is_infinite or (name == "log" and at == 0 and inner.side == "+"):
        end = _ENDS.get((name, "0+" if at == 0 else str(at)))
        if end is None:
            raise NotToldError(f"the limit of {name} at {at} is not in the table")
        one.agree(*end)
        return
    least = _INCREASING.get(name)
    if least is None or not (least == -OO or one.sign(at - least) == 1):
        raise NotToldError(f"{name} is not seen to be continuous at {at}")
    one.agree(one.term.func(at), inner.side)


#: Limits at the ends of domains: value and side.
_ENDS: dict[tuple[str, str], tuple[Any, str]] = {
    ("exp", "oo"): (OO, ""),
    ("exp", "-oo"): (sympy.S.Zero, "+"),
    ("log", "oo"): (OO, ""),
    ("log", "0+"): (-OO, ""),
    ("Sigmoid", "oo"): (sympy.S.One, "-"),
    ("Sigmoid", "-oo"): (sympy.S.Zero, "+"),
    ("Softplus", "oo"): (OO, ""),
    ("Softplus", "-oo"): (sympy.S.Zero, "+"),
    ("Tanh", "oo"): (sympy.S.One, "-"),
    ("Tanh", "-oo"): (sympy.S.NegativeOne, "+"),
    ("Expm1", "oo"): (OO, ""),
    ("Expm1", "-oo"): (sympy.S.NegativeOne, "+"),
    ("Log1p", "oo"): (OO, ""),
    ("LogCosh", "oo"): (OO, ""),
    ("LogCosh", "-oo"): (OO, ""),
    ("Absolute", "oo"): (OO, ""),
    ("Absolute", "-oo"): (OO, ""),
    ("Relu", "oo"): (OO, ""),
    ("Relu", "-oo"): (sympy.S.Zero, "="),
    ("Erf", "oo"): (sympy.S.One, "-"),
    ("Erf", "-oo"): (sympy.S.NegativeOne, "+"),
}
#: Continuous functions that increase strictly, and the end of the open domain.
_INCREASING: dict[str, Any] = {
    "exp": -OO,
    "log": sympy.S.Zero,
    "Sigmoid": -OO,
    "Softplus": -OO,
    "Tanh": -OO,
    "Expm1": -OO,
    "Log1p": sympy.S.NegativeOne,
    "Erf": -OO,
}


def _branch(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    if not isinstance(one.term, atoms.Where):
        holds = _in_the_end(one, one.term, one.use(rests))
        one.agree(sympy.Integer(int(holds)), "=")
        return
    *differences, taken = one.use(rests)
    condition, yes, no = one.term.args
    holds = _in_the_end(one, condition, differences)
    if line["holds"] is not holds:
        raise NotSoError(f"{condition} {'holds' if holds else 'fails'} in the end")
    if not same_term(yes if holds else no, taken.term):
        raise NotToldError("the last line is about another branch")
    one.agree(taken.to, taken.side)


def _in_the_end(one: Seen, condition: Any, differences: list[Seen]) -> bool:
    """Whether a condition holds in the end, or fails."""
    name = type(condition).__name__
    if condition in (0, 1):
        return bool(condition == 1)
    if name in ("And", "Or"):
        answers = [_in_the_end(one, part, differences) for part in condition.args]
        return all(answers) if name == "And" else any(answers)
    if name == "Not":
        return not _in_the_end(one, condition.args[0], differences)
    if not one.moves(condition):
        for form, answer in ((condition, True), (negation(condition), False)):
            if one.known.holds(form):
                return answer
        raise NotToldError(f"{condition} is not decided")
    signs = {"Less": (1,), "LessEqual": (0, 1), "Equal": (0,), "NotEqual": (-1, 1)}.get(name)
    if signs is None:
        raise NotToldError(f"{condition} is no comparison")
    difference = condition.args[1] - condition.args[0]
    for other in differences:
        if same_term(other.term, difference):
            sign = one.eventual_sign(other)
            if sign is not None:
                return sign in signs
    raise NotToldError(f"no line tells the sign of {difference}")


def _choice(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    """A condition that does not move: the choice between both limits."""
    if not isinstance(one.term, atoms.Where) or one.moves(one.term.args[0]) or len(rests) != 2:
        raise NotToldError("no choice between two lines")
    condition, *branches = one.term.args
    for part, branch, under in zip(rests, branches, (condition, negation(condition)), strict=True):
        if part.under not in (None, one.under, under) or not same_term(part.term, branch):
            raise NotToldError("a line of a choice is about something else")
        if part.to.is_infinite:
            raise NotToldError("a choice that may tend to an infinite value")
    one.agree(atoms.Where(condition, rests[0].to, rests[1].to), "")


def _over_an_axis(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    """A sum of finitely many items tends to the sum of their limits."""
    (item,) = one.use(rests)
    if not isinstance(one.term, SumAlong) or one.moves(one.term.guard) or item.to.is_infinite:
        raise NotToldError("no sum of items with finite limits")
    index = AxisSymbol(line["item"])
    if item.under is not None or any(index in condition.atoms(AxisSymbol) for condition in item.known.conditions):
        raise NotToldError("a line about one item is to hold for every item")
    if stem(one.term.axis.axis) != line["item"].partition("~")[0]:
        raise NotToldError("an item of another axis")
    body, guard = (substitute(e, {one.term.axis: index}) for e in (one.term.body, one.term.guard))
    if not _item_by_item(body, item.term):
        raise NotToldError("the line is about another item")
    one.agree(along("sum", index, item.to, guard, root=stem(one.term.axis.axis)), "=" if item.side == "=" else "")


def _item_by_item(body: Any, said: Any) -> bool:
    """Whether an item is what a line is about: where its condition holds, and where it fails."""
    if not isinstance(said, atoms.Where):
        return same_term(body, said)
    condition, yes, no = said.args
    holding, failing = ({condition: sympy.S.One}, {condition: sympy.S.Zero})
    return _item_by_item(body.xreplace(holding), yes) and _item_by_item(body.xreplace(failing), no)


def _same(one: Seen, rests: list[Seen], line: Mapping[str, Any]) -> None:
    (other,) = one.use(rests)
    rewritten = closed_term(line["rewritten"], one.tensors)
    if not (same_term(rewritten, other.term) and same_term(one.term, rewritten)):
        raise NotToldError(f"{one.term} is not seen to be {rewritten}")
    one.agree(other.to, other.side)


RULES: dict[str, Rule] = {
    "constant": _constant,
    "variable": _variable,
    "sum": _sum,
    "product": _product,
    "power": _power,
    "continuous": _function,
    "at infinity": _function,
    "branch": _branch,
    "choice": _choice,
    "sum over an axis": _over_an_axis,
    "same": _same,
    "dominance": dominance,
}
