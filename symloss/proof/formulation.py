"""A claim → the goals that say what it means; the claim holds if all of them do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.language.claims import Claim, ClaimExpression, ClaimInterval
from symloss.language.domains import contains
from symloss.language.nodes import Comparison, Expression, Logic, Name
from symloss.language.spec import Spec
from symloss.program import AxisSymbol, Domain, Read, Tensor, exact_arithmetic
from symloss.proof.admissible import inside
from symloss.proof.claim_terms import Built, ClaimTerms, UnsupportedClaimError, substitution
from symloss.proof.closing import Obligation, implied
from symloss.proof.goals import (
    Always,
    Argument,
    Curvature,
    Extremum,
    Goal,
    Limit,
    Lipschitz,
    Monotone,
    Smooth,
    Statement,
    named_variables,
)
from symloss.proof.moves import moved_goals
from symloss.proof.terms import Term, along, conjunction, disjunction, free_axes, tensors_of, with_tensors


def formulate(spec: Spec, claim: Claim) -> tuple[Goal, ...]:
    """The goals of one claim.

    Raises:
        UnsupportedClaimError: it cannot be put into terms; the message says why.
    """
    with exact_arithmetic():
        return Formulation(spec, claim).goals()


class Formulation:
    """Puts one claim into goals."""

    def __init__(self, spec: Spec, claim: Claim) -> None:
        self.spec, self.claim = spec, claim
        steps = {statement.target for statement in spec.program.statements} - set(spec.terms)
        named = _names(claim.arguments.get("over"), claim.subject())
        self.cut = frozenset(named & steps) if claim.property in _ABOUT_VARIABLES else frozenset()
        self.terms = ClaimTerms(spec, claim, self.cut)
        self.needs: list[Obligation] = []
        self.hypotheses: list[Term] = []
        self.defaults: dict[str, Any] = {}
        self._assume()

    # --- variables and hypotheses -----------------------------------------------------------------------------------

    def _assume(self) -> None:
        conditions = [part for given in self.claim.when for part in _parts(given)]
        for _, node in conditions:
            name = _default_of(node)
            if name is not None:
                self.defaults[name] = self.spec.tensor(name).default
        for name, domain in self.claim.ranges.items():
            if domain.kind == "set" and len(domain.values) == 1:
                self.defaults[name] = domain.values[0]
        self.terms.replaced = {name: (lambda index, value=value: value) for name, value in self.defaults.items()}
        for name, given in self.claim.substitute.items():
            built = self.terms.built(given)
            self.terms.replaced[name] = substitution(built.term, self.terms.axes_of(name))
            self.demand(built)
        for built in self.terms.constraints():
            self._suppose(built)
        self.constraints = tuple(self.hypotheses)
        for name, narrower in self.claim.ranges.items():
            tensor = self.spec.program.tensors.get(name)
            if tensor is not None and tensor.domain.kind == "simplex":
                of_each = replace(tensor, domain=narrower)
                roots = self.terms.roots
                self.hypotheses += inside(of_each, partial(Read, name), self.terms.axes, roots.__getitem__)
        for given, node in conditions:
            if _default_of(node) is None:
                assert given.checker is not None  # every parsed expression has one
                self._suppose(self.terms.from_node(given.checker, node))

    def _suppose(self, built: Built) -> None:
        """Take a condition as a hypothesis, and before it that it is defined."""
        needed = [implied(path, need) for path, need in built.obligations]
        self.hypotheses += [condition for condition in (*needed, built.term) if condition != 1]

    def demand(self, built: Built) -> None:
        """Enter what a term needs to be defined among the obligations."""
        self.needs += [(path, need) for path, need in built.obligations if need != 1 and path != 0]

    def build(self, expression: ClaimExpression) -> Term:
        """An expression of the claim, with what it needs to be defined entered among the obligations."""
        built = self.terms.built(expression)
        if not built.term.is_infinite:
            self.demand(built)
        return built.term

    def subject(self) -> Term:
        """What the claim is about: `of`, or the per-sample value."""
        if self.claim.of is not None:
            return self.build(self.claim.of)
        built = self.terms.read(self.spec.terms["value"])
        self.demand(built)
        return built.term

    def gradient(self, name: str, index: tuple[Term, ...] | None = None) -> Term:
        """The derivative of the batch's total with respect to an element of a variable."""
        target = self.terms.derivative((name,))
        place = index or tuple(AxisSymbol(axis) for axis in self.terms.axes_of(name))
        built = self.terms._finished(Read(target, place), ())
        self.demand(built)
        return built.term

    def tensors(self) -> dict[str, Tensor]:
        """Every variable with its domain, narrowed by `for:`; steps that are variables come last."""
        found = {}
        for tensor in (*self.spec.program.tensors.values(), *self.claim.variables):
            if tensor.name not in self.defaults and tensor.name not in self.claim.substitute:
                narrowed = self.claim.ranges.get(tensor.name)
                found[tensor.name] = replace(tensor, domain=_narrowed(tensor.domain, narrowed)) if narrowed else tensor
        for step in sorted(self.cut):
            found[step] = Tensor(step, self.terms.axes_of(step), "variable", self._range(step))
        return found

    def _range(self, step: str) -> Domain:
        from symloss.proof.ranges import range_domain

        inner = ClaimTerms(self.spec, self.claim)
        inner.replaced = self.terms.replaced
        return range_domain(inner.read(step).term, {t.name: t for t in self.spec.program.tensors.values()})

    # --- goals --------------------------------------------------------------------------------------------------------

    def goals(self) -> tuple[Goal, ...]:
        """The goals of the claim."""
        made = _FORMS[self.claim.property](self)
        statements = made if isinstance(made, list) else [("", made)]
        return tuple(one if isinstance(one, Goal) else self.goal(one, name) for name, one in statements)

    def goal(self, statement: Statement, name: str = "", **changes: Any) -> Goal:
        """A goal with the claim's variables and hypotheses.

        Raises:
            UnsupportedClaimError: the statement is about a variable that the claim replaces or fixes.
        """
        tensors = self.tensors()
        for variable in named_variables(statement):
            if variable not in tensors:
                raise UnsupportedClaimError(f"the claim is about {variable}, which it replaces or fixes")
        given = Goal(
            loss=self.spec.name,
            name=name,
            statement=statement,
            tensors=MappingProxyType(tensors),
            axes=MappingProxyType(dict(self.terms.axes)),
            hypotheses=tuple(self.hypotheses),
            obligations=tuple(dict.fromkeys(self.needs)),
            sizes=self.claim.sizes,
            derived=self.cut,
            hints=self.claim.witness,
        )
        return replace(_with_constraints_of_all(given, self.constraints), **changes)


def _with_constraints_of_all(goal: Goal, constraints: tuple[Term, ...]) -> Goal:
    """Where samples interact, a constraint holds for every sample, not only for those that the statement names."""
    added = []
    for constraint in constraints:
        axes = [axis for axis in free_axes(constraint) if goal.root(axis) in goal.open_axes]
        whole = constraint
        for axis in axes:
            whole = along("all", AxisSymbol(axis), whole, root=goal.root(axis))
        if axes:
            added.append(whole)
    return replace(goal, hypotheses=(*goal.hypotheses, *added))


# --- one form per property ------------------------------------------------------------------------------------------


def _relation(compare: Callable[[Term], Term]) -> Callable[[Formulation], Statement]:
    return lambda f: Always(compare(f.build(f.claim.subject())))


def _bounds(f: Formulation) -> Statement:
    return Always(within(f, f.build(f.claim.subject()), f.claim.arguments["in"]))


def within(f: Formulation, term: Term, interval: ClaimInterval) -> Term:
    """The condition that a term lies in an interval."""
    low, high = f.build(interval.low), f.build(interval.high)
    parts = []
    if low != -sympy.oo:
        parts.append((atoms.LessEqual if interval.low_closed else atoms.Less)(low, term))
    if high != sympy.oo:
        parts.append((atoms.LessEqual if interval.high_closed else atoms.Less)(term, high))
    return conjunction(*parts)


def _compared(relation: Callable[[Term, Term], Term]) -> Callable[[Formulation], Statement]:
    return lambda f: Always(relation(f.subject(), f.build(f.claim.subject())))


def _zero_iff(f: Formulation) -> list[tuple[str, Any]]:
    given = f.claim.subject()
    condition = f.terms.built(given)
    term = f.terms.built(f.claim.of) if f.claim.of is not None else f.terms.read(f.spec.terms["value"])
    zero = Built(atoms.Equal(term.term, 0), term.obligations)
    found = []
    for name, assumed, shown in (("if", condition, zero), ("only if", zero, condition)):
        before, needs = list(f.hypotheses), list(f.needs)
        f._suppose(assumed)
        f.demand(shown)
        found.append((name, f.goal(Always(shown.term), name)))
        f.hypotheses, f.needs = before, needs
    return found


def _attained(f: Formulation) -> list[tuple[str, Any]]:
    """The value at a point, and that the point is admissible: in the domains, and as the conditions about it ask."""
    value, term = f.build(f.claim.subject()), f.subject()
    places = {name: substitution(f.build(e), f.terms.axes_of(name)) for name, e in f.claim.arguments["at"].items()}
    tensors = f.tensors()
    for name in places:
        if name not in tensors:
            raise UnsupportedClaimError(f"the claim is about {name}, which it replaces or fixes")
    conditions = [
        condition
        for name, at in places.items()
        for condition in inside(tensors[name], at, f.terms.axes, f.terms.roots.__getitem__)
    ]
    about = [condition for condition in f.hypotheses if tensors_of(condition) & set(places)]
    conditions += [with_tensors(condition, places) for condition in about]
    f.hypotheses = [condition for condition in f.hypotheses if condition not in about]
    reached = Always(atoms.Equal(with_tensors(term, places), value))
    f.needs = [(with_tensors(path, places), with_tensors(need, places)) for path, need in f.needs]
    admissible = conjunction(*conditions)
    return [("", reached)] if admissible == 1 else [("value", reached), ("in the domain", Always(admissible))]


def _extremum(f: Formulation) -> Statement:
    given = f.claim.subject()
    over = f.claim.arguments.get("over") or tuple(tensor.name for tensor in f.spec.predictions)
    if isinstance(given, ClaimInterval):
        ends = (f.build(given.low), f.build(given.high), given.low_closed, given.high_closed)
    else:
        value = f.build(given)
        ends = (value, value, True, True)
    return Extremum(f.claim.property, f.subject(), over, *ends)


def _argument(f: Formulation) -> Statement:
    variable = f.claim.subject()
    return Argument(f.claim.property, f.subject(), variable, f.build(f.claim.arguments["equals"]))


def _curvature(f: Formulation) -> Statement:
    term, variables = f.subject(), f.claim.subject()
    if f.cut:
        _depends_only(f, term, variables)
    return Curvature(f.claim.property, term, variables)


def _depends_only(f: Formulation, term: Term, variables: tuple[str, ...]) -> None:
    """A step counts as a variable only if the term depends on what the step is made of through the step alone."""
    inside = ClaimTerms(f.spec, f.claim)
    made_of = frozenset().union(*(tensors_of(inside.read(step).term) for step in f.cut))
    made_of = frozenset(n for n in made_of if n in f.spec.program.tensors and f.spec.tensor(n).role == "prediction")
    other = made_of & tensors_of(term)
    if other - set(variables):
        raise UnsupportedClaimError(f"the value depends on {sorted(other)[0]} not only through {sorted(f.cut)[0]}")


def _lipschitz(f: Formulation) -> Statement:
    constant = f.claim.arguments["constant"]
    norm = f.claim.arguments.get("norm", "2")
    return Lipschitz(f.subject(), f.claim.subject(), norm, None if constant is None else f.build(constant))


def _gradient(f: Formulation) -> Statement:
    name = f.claim.subject()
    given = f.claim.arguments.get("index")
    index = tuple(f.build(part) for part in given) if given else None
    slope = f.gradient(name, index)
    if "equals" in f.claim.arguments:
        return Always(atoms.Equal(slope, f.build(f.claim.arguments["equals"])))
    values = f.claim.arguments["in"]
    if isinstance(values, ClaimInterval):
        return Always(within(f, slope, values))
    return Always(disjunction(*(atoms.Equal(slope, f.build(value)) for value in values)))


def _hessian(f: Formulation) -> Statement:
    variables = f.claim.subject()
    variables = variables if len(variables) == 2 else (*variables, *variables)
    target = f.terms.derivative(variables)
    given = f.claim.arguments.get("index")
    axes = f.terms.axes_of(variables[0])
    index = tuple(f.build(part) for part in given) if given else tuple(AxisSymbol(axis) for axis in axes)
    built = f.terms._finished(Read(target, index), ())
    f.demand(built)
    return Always(atoms.Equal(built.term, f.build(f.claim.arguments["equals"])))


def _subgradient(f: Formulation) -> Statement:
    """For every x and x': f(x') ≥ f(x) + g(x)·(x' - x); true of a convex f with slopes in its subdifferential."""
    name = f.claim.subject()
    if name not in f.tensors():
        raise UnsupportedClaimError(f"the subgradient with respect to {name}, which is no variable, is not supported")
    axes = f.terms.axes_of(name)
    if any(f.terms.axes[axis].kind != "batch" for axis in axes):
        raise UnsupportedClaimError("the subgradient along a sample axis is not supported")
    term, slope = f.subject(), f.gradient(name)
    other = Tensor(f"{name}'", axes, "variable", f.tensors()[name].domain)
    there = with_tensors(term, {name: lambda index: Read(other.name, index)})
    here, away = (Read(one, tuple(AxisSymbol(axis) for axis in axes)) for one in (name, other.name))
    holds = atoms.LessEqual(term + slope * (away - here), there)
    goal = f.goal(Always(holds))
    return [("", replace(goal, tensors=MappingProxyType({**goal.tensors, other.name: other})))]  # type: ignore[return-value]


def _limit(f: Formulation) -> Statement:
    points = {name: (f.build(given.point), given.side) for name, given in f.claim.arguments["as"].items()}
    return Limit(f.build(f.claim.subject()), MappingProxyType(points), f.build(f.claim.arguments["equals"]))


_FORMS: dict[str, Callable[[Formulation], Any]] = {
    "nonnegative": _relation(lambda e: atoms.LessEqual(0, e)),
    "positive": _relation(lambda e: atoms.Less(0, e)),
    "zero": _relation(lambda e: atoms.Equal(e, 0)),
    "bounds": _bounds,
    "minimum": _extremum,
    "maximum": _extremum,
    "attained": _attained,
    "argmin": _argument,
    "argmax": _argument,
    "zero_iff": _zero_iff,
    "excess": lambda f: Always(
        atoms.Equal(f.subject() - f.build(f.claim.subject()), f.build(f.claim.arguments["equals"]))
    ),
    "convex": _curvature,
    "concave": _curvature,
    "strictly_convex": _curvature,
    "strictly_concave": _curvature,
    "quasiconvex": _curvature,
    "lipschitz": _lipschitz,
    "smooth": lambda f: Smooth(f.subject(), f.claim.subject(), f.claim.arguments["order"]),
    "monotone": lambda f: Monotone(f.subject(), f.claim.subject(), f.claim.arguments["direction"]),
    "gradient": _gradient,
    "hessian": _hessian,
    "subgradient": _subgradient,
    "equals": _compared(atoms.Equal),
    "at_most": _compared(atoms.LessEqual),
    "at_least": _compared(lambda a, b: atoms.LessEqual(b, a)),
    "limit": _limit,
    "invariant": moved_goals,
    "equivariant": moved_goals,
}
_ABOUT_VARIABLES = (
    "minimum",
    "maximum",
    "convex",
    "concave",
    "strictly_convex",
    "strictly_concave",
    "quasiconvex",
    "lipschitz",
    "smooth",
    "monotone",
)


def _names(*values: Any) -> set[str]:
    found: set[str] = set()
    for value in values:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, tuple | list):
            found |= _names(*value)
    return found


def _parts(given: ClaimExpression) -> Iterable[tuple[ClaimExpression, Expression]]:
    """The conjuncts of a condition, as nodes."""

    def split(node: Expression) -> Iterable[Expression]:
        if isinstance(node, Logic) and node.operator == "and":
            for operand in node.operands:
                yield from split(operand)
        else:
            yield node

    return ((given, node) for node in split(given.node))


def _default_of(node: Expression) -> str | None:
    if isinstance(node, Comparison) and "is" in node.operators and isinstance(node.operands[0], Name):
        return node.operands[0].name
    return None


def _narrowed(declared: Domain, narrower: Domain) -> Domain:
    """The intersection of two domains; a distribution stays one, its entries being narrowed by conditions."""
    if narrower.kind == "set" or declared.kind == "set":
        some, other = (narrower, declared) if narrower.kind == "set" else (declared, narrower)
        return replace(some, values=tuple(value for value in some.values if contains(other, value)))
    if declared.kind != "interval" or narrower.kind != "interval":
        return declared
    low, high = sympy.Max(declared.lower, narrower.lower), sympy.Min(declared.upper, narrower.upper)

    def closed(end: Any, which: str) -> bool:
        return all(getattr(d, f"{which}_closed") for d in (declared, narrower) if getattr(d, which) == end)

    return Domain("interval", low, high, closed(low, "lower"), closed(high, "upper"))
