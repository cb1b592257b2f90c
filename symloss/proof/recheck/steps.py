"""What each step of a proof leaves to show, from the definitions: the re-check's own table.

A step that the table does not have is not re-checked. `docs/proofs.md` says why each is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.program import AxisSymbol, Domain, Read, Tensor
from symloss.proof.closing import obligations_of
from symloss.proof.derivatives import directional, partial
from symloss.proof.goals import Always, Argument, Curvature, Goal, Lipschitz, Monotone
from symloss.proof.recheck.bounds import Knowledge
from symloss.proof.recheck.special import between, item
from symloss.proof.recheck.traces import shape_of
from symloss.proof.terms import Along, Term, along, conjunction, conjuncts, tensors_of, with_tensors


class NotASoundStepError(Exception):
    """A step whose side conditions do not hold."""


def leads_to(goal: Goal, rule: str) -> tuple[Goal, ...] | None:
    """The goals that show a goal by a rule, or None where the table has no such rule for such a goal.

    Raises:
        NotASoundStepError: the rule may not be used here.
    """
    made = _RULES.get((rule, type(goal.statement)))
    return None if made is None else made(goal, goal.statement)


def _element(goal: Goal, name: str, mark: str = "") -> Read:
    return Read(name + mark, tuple(AxisSymbol(axis) for axis in goal.tensors[name].axes))


def _second_point(goal: Goal, names: tuple[str, ...]) -> Callable[[Term], Term]:
    moves = {name: (lambda index, own=f"{name}'": Read(own, index)) for name in names}
    return lambda term: with_tensors(term, moves)


def _with(goal: Goal, statement: Always, tensors: Mapping[str, Tensor], *maps: Callable[[Term], Term]) -> Goal:
    """The goal over more variables, hypotheses and obligations at the images as well."""
    hypotheses = [*goal.hypotheses, *(image(h) for image in maps for h in goal.hypotheses)]
    obligations = [*goal.obligations, *((image(p), image(n)) for image in maps for p, n in goal.obligations)]
    return replace(
        goal,
        statement=statement,
        tensors=MappingProxyType({**goal.tensors, **tensors}),
        hypotheses=tuple(hypotheses),
        obligations=tuple(obligations),
    )


def _twins(goal: Goal, names: tuple[str, ...]) -> dict[str, Tensor]:
    return {f"{name}'": replace(goal.tensors[name], name=f"{name}'", role="variable") for name in names}


def _some(goal: Goal, name: str, condition: Term) -> Term:
    for axis in reversed(goal.tensors[name].axes):
        if goal.axes[axis].kind != "batch":
            condition = along("any", AxisSymbol(axis), condition, root=goal.root(axis))
    return condition


def _either(parts: list[Term]) -> Term:
    return atoms.Or(*parts) if len(parts) > 1 else parts[0]


def _negative(goal: Goal, statement: Curvature) -> tuple[Goal, ...]:
    if not statement.kind.endswith("concave"):
        raise NotASoundStepError("only for concavity")
    kind = statement.kind.replace("concave", "convex")
    return (replace(goal, statement=Curvature(kind, -statement.term, statement.variables)),)


def _jensen(goal: Goal, statement: Curvature) -> tuple[Goal, ...]:
    names = statement.variables
    t = Read("share'")
    share = Tensor("share'", (), "variable", Domain("interval", sympy.S.Zero, sympy.S.One, False, False))
    there = _second_point(goal, names)
    moves = {n: (lambda i, n=n: (1 - t) * Read(n, i) + t * Read(f"{n}'", i)) for n in names}

    def between(term: Term) -> Term:
        return with_tensors(term, moves)

    f, g, m = statement.term, there(statement.term), between(statement.term)
    if statement.kind == "quasiconvex":
        says = atoms.LessEqual(m, atoms.Maximum(f, g))
    elif statement.kind in ("convex", "strictly_convex"):
        says = (atoms.LessEqual if statement.kind == "convex" else atoms.Less)(m, (1 - t) * f + t * g)
    else:
        raise NotASoundStepError("only for convexity")
    found = _with(goal, Always(says), {**_twins(goal, names), "share'": share}, there, between)
    if statement.kind == "strictly_convex":
        apart = [_some(goal, n, atoms.NotEqual(_element(goal, n), _element(goal, n, "'"))) for n in names]
        found = replace(found, hypotheses=(*found.hypotheses, _either(apart)))
    return (found,)


def _second_derivative(goal: Goal, statement: Curvature) -> tuple[Goal, ...]:
    names = statement.variables
    if statement.kind not in ("convex", "strictly_convex"):
        raise NotASoundStepError("only for convexity")
    known = Knowledge(goal.tensors)
    kink = kinked(statement.term, names, known)
    if kink is not None:
        raise NotASoundStepError(f"{kink} may have a kink")
    convex_points(goal, names)
    along_them = {name: f"{name} direction" for name in names}
    twice = directional(directional(statement.term, along_them), along_them)
    tensors = {d: Tensor(d, goal.tensors[name].axes, "variable", Domain()) for name, d in along_them.items()}
    strict = statement.kind == "strictly_convex"
    found = replace(
        goal,
        statement=Always((atoms.Less if strict else atoms.LessEqual)(0, twice)),
        tensors=MappingProxyType({**goal.tensors, **tensors}),
        obligations=(*goal.obligations, *obligations_of(twice)),
    )
    if strict:
        moving = [_some(goal, n, atoms.NotEqual(_element(goal, n, " direction"), 0)) for n in names]
        found = replace(found, hypotheses=(*found.hypotheses, _either(moving)))
    return (found,)


def convex_points(goal: Goal, names: tuple[str, ...]) -> None:
    """See that the admissible points are convex in some tensors.

    Raises:
        NotASoundStepError: they are not known to be.
    """
    for name in names:
        if goal.tensors[name].domain.kind not in ("interval", "simplex"):
            raise NotASoundStepError(f"the values of {name} are not convex")
    known = Knowledge(goal.tensors)
    for condition in (part for h in goal.hypotheses for part in conjuncts(h)):
        if tensors_of(condition) & set(names):
            inside = isinstance(condition, atoms.Less | atoms.LessEqual)
            if not inside or shape_of(condition.args[0] - condition.args[1], names, known) not in _CONVEX:
                raise NotASoundStepError(f"the points where {condition} are not known to be convex")


_CONVEX = ("convex", "affine", "constant")
_SMOOTH = [
    "Add",
    "Mul",
    "exp",
    "log",
    "sin",
    "cos",
    "Softplus",
    "Sigmoid",
    "Tanh",
    "LogCosh",
    "Log1p",
    "Expm1",
    "ExpTail",
    "LogTail",
    "Log2",
    "LogRatio",
    "Erf",
    "erf",
    "atan",
    "asin",
    "acos",
    "LogGamma",
    "Atan",
    "XLogY",
    "XLog1pY",
    "XOverY",
    "SumAlong",
    "LogSumExpAlong",
]


def _may_kink(e: Any, names: frozenset[str]) -> bool:
    if not e.args or not tensors_of(e) & names:
        return False
    if isinstance(e, Along):
        return type(e).__name__ not in _SMOOTH or bool(tensors_of(e.guard) & names)
    if isinstance(e, atoms.Where):
        return bool(tensors_of(e.args[0]) & names)
    if isinstance(e, sympy.Pow):
        return not (e.exp.is_Rational or not tensors_of(e.base) & names)
    return type(e).__name__ not in _SMOOTH


def _change(goal: Goal, statement: Lipschitz) -> tuple[Goal, ...]:
    if statement.constant is None:
        raise NotASoundStepError("only with a constant")
    names, norm = statement.variables, statement.norm
    there = _second_point(goal, names)
    parts = []
    for name in names:
        step = _element(goal, name) - _element(goal, name, "'")
        part = step**2 if norm == "2" else atoms.Absolute(step)
        for axis in reversed(goal.tensors[name].axes):
            if goal.axes[axis].kind != "batch":
                part = along("max" if norm == "max" else "sum", AxisSymbol(axis), part, root=goal.root(axis))
        parts.append(part)
    if norm == "max":
        distance = parts[0]
        for part in parts[1:]:
            distance = atoms.Maximum(distance, part)
    else:
        distance = sympy.Add(*parts)
        if norm == "2":
            plain = len(parts) == 1 and isinstance(distance, sympy.Pow)
            distance = atoms.Absolute(distance.base) if plain else sympy.sqrt(distance)
    change = atoms.Absolute(statement.term - there(statement.term))
    says = Always(atoms.LessEqual(change, statement.constant * distance))
    return (_with(goal, says, _twins(goal, names), there),)


def _ordered(goal: Goal, statement: Monotone) -> tuple[Goal, ...]:
    name = statement.variable
    there = _second_point(goal, (name,))
    sides = (statement.term, there(statement.term))
    if statement.direction in ("decreasing", "nonincreasing"):
        sides = sides[::-1]
    strict = statement.direction in ("increasing", "decreasing")
    says = Always((atoms.Less if strict else atoms.LessEqual)(*sides))
    found = _with(goal, says, _twins(goal, (name,)), there)
    before = atoms.Less(_element(goal, name), _element(goal, name, "'"))
    return (replace(found, hypotheses=(*found.hypotheses, before)),)


def _slope(goal: Goal, statement: Monotone) -> tuple[Goal, ...]:
    """The derivative has one sign inside an interval; at the ends it is continuity that keeps the order."""
    name = statement.variable
    if (
        goal.tensors[name].axes
        or kinked(statement.term, (name,), Knowledge(goal.tensors)) is not None
        or goal.hypotheses
    ):
        raise NotASoundStepError("only for a smooth function of a number")
    up = statement.direction in ("increasing", "nondecreasing")
    slope = partial(statement.term, name, ()) * (1 if up else -1)
    domain = goal.tensors[name].domain
    inside = replace(goal.tensors[name], domain=Domain("interval", domain.lower, domain.upper))
    strict = statement.direction in ("increasing", "decreasing")
    return (
        replace(
            goal,
            statement=Always((atoms.Less if strict else atoms.LessEqual)(0, slope)),
            tensors=MappingProxyType({**goal.tensors, name: inside}),
            obligations=(*goal.obligations, *obligations_of(slope)),
        ),
    )


def kinked(term: Term, names: tuple[str, ...], known: Knowledge | None = None) -> Term | None:
    """A part of a term that may have a kink in some tensors, or None; a positive base has none in its powers."""
    for e in sympy.preorder_traversal(term):
        if _may_kink(e, frozenset(names)):
            # The gamma family has its poles at 0 and below; its last argument is that of the function.
            base = {"Pow": 0, "loggamma": 0, "polygamma": -1}.get(type(e).__name__)
            if base is None or known is None or not known.holds(atoms.Less(0, e.args[base])):
                return e
    return None


def _worse(goal: Goal, statement: Argument) -> tuple[Goal, ...]:
    name, value = statement.variable, statement.value
    axes = [AxisSymbol(axis) for axis in goal.tensors[name].axes]
    if axes and any(goal.axes[axis.axis].kind != "batch" for axis in axes):
        raise NotASoundStepError("only for one number")
    best = with_tensors(statement.term, {name: lambda index: value})
    sides = (best, statement.term) if statement.kind == "argmin" else (statement.term, best)
    domain, inside = goal.tensors[name].domain, []
    if domain.lower.is_finite:
        inside.append((atoms.LessEqual if domain.lower_closed else atoms.Less)(domain.lower, value))
    if domain.upper.is_finite:
        inside.append((atoms.LessEqual if domain.upper_closed else atoms.Less)(value, domain.upper))
    elsewhere = (*goal.hypotheses, atoms.NotEqual(_element(goal, name), value))
    return (
        replace(goal, statement=Always(conjunction(*inside))),
        replace(goal, statement=Always(atoms.Less(*sides)), hypotheses=elsewhere),
    )


_RULES: dict[tuple[str, type], Callable[[Goal, Any], tuple[Goal, ...]]] = {
    ("concave: the negative is convex", Curvature): _negative,
    ("Jensen's inequality", Curvature): _jensen,
    ("the second derivative along every line is nonnegative", Curvature): _second_derivative,
    ("the change is at most the constant times the distance", Lipschitz): _change,
    ("two ordered points", Monotone): _ordered,
    ("the derivative has one sign", Monotone): _slope,
    ("every other value is worse", Argument): _worse,
    ("a series that is taken as given, item by item", Always): item,
    ("a monotone function lies between its values at the ends, which are taken as given", Always): between,
}
