"""Limits again: the cases cover everything, and each line of a trace follows from those that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Read, Tensor
from symloss.proof.closing import negation
from symloss.proof.goals import Goal, Limit
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.closed import closed_term
from symloss.proof.recheck.growth import NotSoError, Seen, same_term, settled
from symloss.proof.recheck.outcome import OK, Outcome, unchecked, wrong
from symloss.proof.recheck.pieces import NotToldError, excluded
from symloss.proof.recheck.tending import RULES
from symloss.proof.terms import Term, tensors_of

_MOST_CASES = 60


def limit(goal: Goal, evidence: Mapping[str, Any]) -> Outcome:
    """Whether a trace of limits shows what a goal says about a limit."""
    statement = goal.statement
    if not isinstance(statement, Limit):
        return wrong("a trace of limits shows a limit, nothing else")
    if goal.obligations:
        return unchecked("that the term is defined is not shown apart")
    if evidence["toward"] != {name: f"{point}{side}" for name, (point, side) in statement.points.items()}:
        return wrong("the trace is about other points")
    try:
        _reachable(goal, statement)
        _covering(goal, [case["assumed"] for case in evidence["cases"]], 0)
        for case in evidence["cases"]:
            _case(goal, statement, case)
    except NotSoError as fault:
        return wrong(str(fault))
    except (NotToldError, ValueError, KeyError, IndexError) as reason:
        return unchecked(f"the trace is not followed: {reason}")
    return OK


def _reachable(goal: Goal, statement: Limit) -> None:
    """Nothing but an interval bounds a variable that moves, and it reaches the point."""
    moving = set(statement.points)
    if any(tensors_of(part) & moving for part in (*goal.hypotheses, statement.value)):
        raise NotToldError("a condition, or the value, mentions what moves")
    for name, (point, side) in statement.points.items():
        domain = goal.tensors[name].domain
        if domain.kind != "interval":
            raise NotToldError(f"{name} is no number of an interval")
        after = point != sympy.oo and (domain.lower <= point if side == "+" else domain.lower < point)
        before = point != -sympy.oo and (point <= domain.upper if side == "-" else point < domain.upper)
        from_below = point == sympy.oo and domain.upper == sympy.oo
        from_above = point == -sympy.oo and domain.lower == -sympy.oo
        if not (from_below or from_above or (point.is_finite and after and before)):
            raise NotToldError(f"{name} does not reach {point}")


def _covering(goal: Goal, assumed: list[list[str]], depth: int) -> None:
    """The conditions of the cases come from splits that leave nothing out."""
    if len(assumed) == 1 and len(assumed[0]) == depth:
        return
    if len(assumed) > _MOST_CASES or any(len(one) <= depth for one in assumed):
        raise NotToldError("the cases are no nested splits")
    by_condition: dict[str, list[list[str]]] = {}
    for one in assumed:
        by_condition.setdefault(one[depth], []).append(one)
    conditions = [closed_term(text, goal.tensors) for text in by_condition]
    if not _exhaustive(conditions):
        raise NotToldError(f"the cases {', '.join(by_condition)} are not seen to cover everything")
    for part in by_condition.values():
        _covering(goal, part, depth + 1)


def _exhaustive(conditions: list[Any]) -> bool:
    if len(conditions) == 2:
        return bool(negation(conditions[0]) == conditions[1] or negation(conditions[1]) == conditions[0])
    signs = {}
    for condition in conditions:
        name = type(condition).__name__
        if name not in ("Less", "Equal") or (name == "Equal" and "=" in signs):
            return False
        low, high = condition.args
        signs["=" if name == "Equal" else "+" if low == 0 else "-"] = sympy.expand(low - high)
    if set(signs) != {"=", "+", "-"}:
        return False
    return bool(sympy.expand(signs["-"] + signs["+"]) == 0 and signs["="] in (signs["-"], signs["+"]))


def _case(goal: Goal, statement: Limit, case: Mapping[str, Any]) -> None:
    assumed = [closed_term(text, goal.tensors) for text in case["assumed"]]
    put = _replaced(goal, statement, case["replaced"], assumed)
    given = tuple(condition.xreplace(put) for condition in (*goal.hypotheses, *assumed))
    if any(tensors_of(condition) & set(statement.points) for condition in given):
        raise NotToldError("a case mentions what moves")
    if case.get("empty"):
        if not excluded(goal, given):
            raise NotToldError("a case is not seen to be empty")
        return
    lines = _followed(goal.tensors, statement, given, case["lines"])
    whole = closed_term(str(statement.term.xreplace(put)), goal.tensors)
    value = closed_term(str(statement.value.xreplace(put)), goal.tensors)
    last = lines[-1]
    if last.under is not None or not (last.term == whole or same_term(last.term, whole)):
        raise NotToldError("the last line is about another term")
    settled(last.to, value, "the statement")


def _replaced(goal: Goal, statement: Limit, said: Mapping[str, str], assumed: list[Any]) -> dict[Any, Any]:
    """A variable that an equation of the case determines, and what it is."""
    put: dict[Any, Any] = {}
    for text, value_text in said.items():
        variable, value = (closed_term(part, goal.tensors) for part in (text, value_text))
        if not isinstance(variable, Read) or variable.tensor in statement.points or value.has(variable) or put:
            raise NotToldError(f"{text} is not seen to be determined")
        differences = [sympy.expand(c.args[0] - c.args[1]) for c in assumed if isinstance(c, atoms.Equal)]
        factors = [(difference, difference.coeff(variable, 1)) for difference in differences]
        if not any(c.is_Rational and c != 0 and sympy.expand(d - c * (variable - value)) == 0 for d, c in factors):
            raise NotToldError(f"no equation says that {text} is {value_text}")
        put[variable] = value
    return put


def _followed(
    tensors: Mapping[str, Tensor], statement: Limit, given: tuple[Term, ...], said: list[Mapping[str, Any]]
) -> list[Seen]:
    """The lines of a trace, each of which follows from earlier ones."""
    found: list[Seen] = []
    for number, line in enumerate(said):
        term, to = (closed_term(line[key], tensors) for key in ("term", "to"))
        under = closed_term(line["under"], tensors) if "under" in line else None
        known = Knowledge(tensors, given if under is None else (*given, under))
        if any(i >= number for i in line["from"]) or tensors_of(to) & set(statement.points):
            raise NotToldError("a line rests on a later one, or tends to what moves")
        one = Seen(term, to, line["side"], under, known, statement.points, tensors)
        rule = RULES.get(line["rule"])
        if rule is None:
            raise NotToldError(f"there is no rule {line['rule']}")
        rule(one, [found[i] for i in line["from"]], line)
        found.append(one)
    return found
