"""Limits of functions: continuous ones inside their domains, at the ends of domains, and jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symloss import atoms
from symloss.atoms.record import record_of
from symloss.proof.limits.dominance import NoLimitError
from symloss.proof.limits.trace import FLIPPED, OO

if TYPE_CHECKING:
    from symloss.proof.limits.rules import Limits

_JUMPS: dict[Any, tuple[Any, Any, Any]] = {
    atoms.Sign: (-1, 0, 1),
    atoms.Step: (0, 0, 1),
    atoms.HalfStep: (0, sympy.S.Half, 1),
}


def guarded_rule(limits: Limits, e: Any) -> int:
    """Products in which a first factor 0 wins: constant first factors only."""
    first, second = e.args
    if limits.moves(first):
        raise NoLimitError("a first factor that moves")
    if limits.sign(first) == 0:
        return limits.say(e, sympy.S.Zero, "=", "constant")
    plain = {atoms.XLogY: first * sympy.log(second), atoms.XOverY: first / second}.get(type(e), first * second)
    return limits.same(e, plain)


def atom_rule(limits: Limits, e: Any) -> int:
    """A function at the limits of its arguments."""
    record = record_of(e)
    if record is None or type(e) in _JUMPS:
        return _jump(limits, e)
    numbers = [limits.line(argument) for argument in e.args]
    inner = [limits.lines[i] for i in numbers]
    if len(inner) == 1:
        return _unary(limits, e, record, numbers[0])
    if any(one.to in (OO, -OO) for one in inner):
        if isinstance(e, atoms.Maximum | atoms.Minimum):
            return _extreme(limits, e, numbers)
        raise NoLimitError(f"{record.name} at infinity")
    if not isinstance(e, atoms.Maximum | atoms.Minimum | atoms.Clamp):
        raise NoLimitError(f"no rule for {record.name}")
    side = "=" if all(one.side == "=" for one in inner) else ""
    return limits.say(e, e.func(*(one.to for one in inner)), side, "continuous", *numbers)


def _extreme(limits: Limits, e: Any, numbers: list[int]) -> int:
    wins = OO if isinstance(e, atoms.Maximum) else -OO
    inner = [limits.lines[i] for i in numbers]
    if any(one.to == wins for one in inner):
        return limits.say(e, wins, "", "at infinity", *numbers)
    finite = [one for one in inner if one.to != -wins]
    if not finite:
        return limits.say(e, -wins, "", "at infinity", *numbers)
    return limits.say(e, finite[0].to, finite[0].side, "at infinity", *numbers)


def _unary(limits: Limits, e: Any, record: Any, number: int) -> int:
    found = limits.lines[number]
    domain = record.domains[0]
    direction = record.monotone[0]
    if found.to in (OO, -OO):
        if isinstance(e, atoms.Absolute):
            return limits.say(e, OO, "", "at infinity", number)
        if isinstance(e, atoms.Relu | atoms.Ramp):
            to = OO if found.to == OO else sympy.S.Zero
            return limits.say(e, to, "" if to == OO else "=", "at infinity", number)
        to = record.special.get((found.to,))
        if to is None:
            raise NoLimitError(f"{record.name} at infinity")
        rising = {"increasing": "-" if found.to == OO else "+", "decreasing": "+" if found.to == OO else "-"}
        return limits.say(e, to, rising.get(direction, ""), "at infinity", number)
    for end, inward, is_open in (
        (domain.inf, "+", getattr(domain, "left_open", True)),
        (domain.sup, "-", getattr(domain, "right_open", True)),
    ):
        if end.is_finite and limits.known_sign(found.to - end) == 0:
            to = record.special.get((end,))
            if to is None or found.side not in (inward, "=") or (found.side == "=" and is_open):
                raise NoLimitError(f"{record.name} at the end of its domain")
            after = inward if direction == "increasing" else FLIPPED[inward] if direction == "decreasing" else ""
            return limits.say(e, to, "=" if found.side == "=" else after, "at infinity", number)
        inside = end.is_infinite or limits.sign((found.to - end) if inward == "+" else (end - found.to)) > 0
        if not inside:
            raise NoLimitError(f"{record.name} outside its domain")
    to = e.func(found.to)
    if found.side == "=":
        return limits.say(e, to, "=", "continuous", number)
    side = found.side if direction == "increasing" else FLIPPED[found.side] if direction == "decreasing" else ""
    if isinstance(e, atoms.Absolute):
        known = limits.known_sign(found.to)
        side = "" if not known else found.side if known > 0 else FLIPPED[found.side]
    return limits.say(e, to, side, "continuous", number)


def _jump(limits: Limits, e: Any) -> int:
    """The sign of something that is not 0 in the end, or known to be 0."""
    values = _JUMPS.get(type(e))
    if values is None:
        raise NoLimitError(f"no rule for {type(e).__name__}")
    number = limits.line(e.args[0])
    known = limits.sign_in_the_end(number)
    return limits.say(e, sympy.sympify(values[known + 1]), "=", "branch", number)
