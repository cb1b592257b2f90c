"""What a claim means: goals, each a mathematical statement over closed terms, for every value of its variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from symloss.program import Axis, SizeSymbol, Tensor
from symloss.proof.closing import Obligation
from symloss.proof.terms import Along, Term, free_axes, stem, tensors_of


@dataclass(frozen=True)
class Always:
    """``conclusion`` (a condition) is 1 for all values that satisfy the hypotheses."""

    conclusion: Term


@dataclass(frozen=True)
class Curvature:
    """``term`` is convex, concave, strictly_convex, strictly_concave or quasiconvex jointly in some tensors."""

    kind: str
    term: Term
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Lipschitz:
    """``|f(x) - f(y)| ≤ constant·‖x - y‖``; a constant of None says that no constant will do."""

    term: Term
    variables: tuple[str, ...]
    norm: str
    constant: Term | None


@dataclass(frozen=True)
class Extremum:
    """The greatest lower bound (``minimum``) or least upper bound of ``term`` over some tensors.

    It equals ``value``, or lies between ``low`` and ``high``, for all values of the other variables.
    """

    kind: str
    term: Term
    over: tuple[str, ...]
    low: Term
    high: Term
    low_closed: bool = True
    high_closed: bool = True


@dataclass(frozen=True)
class Argument:
    """The only minimiser (``argmin``) or maximiser of ``term`` over one variable is ``value``."""

    kind: str
    term: Term
    variable: str
    value: Term


@dataclass(frozen=True)
class Smooth:
    """``term`` is ``order`` times continuously differentiable in some tensors ("oo": any number of times)."""

    term: Term
    variables: tuple[str, ...]
    order: str


@dataclass(frozen=True)
class Monotone:
    """``term`` is increasing, decreasing (strictly), nondecreasing or nonincreasing in one scalar variable."""

    term: Term
    variable: str
    direction: str


@dataclass(frozen=True)
class Limit:
    """``term`` tends to ``value`` as each variable tends to its point, from a side ("+", "-" or "")."""

    term: Term
    points: Mapping[str, tuple[Term, str]]
    value: Term


@dataclass(frozen=True)
class Padding:
    """``term`` keeps its value when ``axis`` grows by one item at which some tensors have the given values."""

    term: Term
    axis: str
    added: Mapping[str, Term]


Statement = Always | Curvature | Lipschitz | Extremum | Argument | Smooth | Monotone | Limit | Padding


@dataclass(frozen=True)
class Goal:
    """One statement, for all values of its variables.

    Attributes:
        loss: the loss.
        name: which part of the claim this is, "" where a claim is one goal.
        statement: what is said.
        tensors: every variable with its domain: inputs, parameters, variables of the claim, and steps that are
            treated as variables (``derived``).
        axes: every axis, by name.
        hypotheses: conditions that may be assumed. One that has no finite value at a point does not hold there, so that
            what it needs to be defined stands among the hypotheses, before it.
        cases: those of the hypotheses that a split into cases added. The cases cover everything, so that one which
            nothing satisfies is no proof of nothing.
        obligations: what must be shown beside the statement: each requirement, with the conditions that lead to it,
            under which the terms of the statement are defined and finite; inner parts first.
        sizes: per root axis the sizes that the claim is made for; None is every size.
        derived: tensors whose domain is a superset of their true range, so that a witness there refutes nothing.
        hints: values that the author gives for a witness.
        origin: ("invariant", "rotation", "pred") and the like: where an equation comes from, for engines that know why.
    """

    loss: str
    name: str
    statement: Statement
    tensors: Mapping[str, Tensor]
    axes: Mapping[str, Axis]
    hypotheses: tuple[Term, ...] = ()
    cases: tuple[Term, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    sizes: Mapping[str, tuple[int, ...] | None] = field(default_factory=lambda: MappingProxyType({}))
    derived: frozenset[str] = frozenset()
    hints: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))
    origin: tuple[str, ...] = ()

    def root(self, axis: str) -> str:
        """The axis whose length an axis shares."""
        name = stem(axis)
        like = self.axes[name].like
        return self.root(like) if like else name

    def length(self, axis: str) -> int | None:
        """The fixed length of an axis, or None."""
        return self.axes[self.root(axis)].size

    def about(self, statement: Statement, name: str = "", **changes: Any) -> Goal:
        """The same variables and hypotheses with another statement."""
        joined = f"{self.name}/{name}" if self.name and name else self.name or name
        return replace(self, statement=statement, name=joined, **changes)

    def in_case(self, *conditions: Term) -> Goal:
        """The goal in one case of a split that covers everything."""
        added = tuple(c for c in dict.fromkeys(conditions) if c != 1 and c not in self.hypotheses)
        return replace(self, hypotheses=(*self.hypotheses, *added), cases=(*self.cases, *added))

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the statement."""
        return terms_of(self.statement)

    @property
    def all_terms(self) -> tuple[Term, ...]:
        """Every term: of the statement, the hypotheses and the obligations."""
        needs = (part for obligation in self.obligations for part in obligation)
        return (*self.terms, *self.hypotheses, *needs)

    @property
    def used(self) -> tuple[str, ...]:
        """The tensors that occur, in declared order, and those along whose axes a simplex ties them."""
        found = frozenset().union(*(tensors_of(term) for term in (*self.terms, *self.hypotheses)))
        found |= frozenset(named_variables(self.statement))
        return tuple(name for name in self.tensors if name in found)

    @property
    def open_axes(self) -> tuple[str, ...]:
        """The root axes whose size matters: all that occur but those of which one free running index is read alone.

        The value of sample n that reads nothing but sample n is the same formula for every n and any number of them.
        """
        roots: dict[str, set[str]] = {}
        sized: set[str] = set()
        for term in self.all_terms:
            for axis in free_axes(term):
                roots.setdefault(self.root(axis), set()).add(axis)
            for node in term.atoms(Along):
                sized.add(self.root(node.axis.axis))
            for size in _sizes(term):
                sized.add(self.root(size.axis))
        for name in self.used:
            tensor = self.tensors[name]
            if tensor.domain.axis is not None:
                sized.add(self.root(tensor.domain.axis))
            if isinstance(self.statement, Curvature | Lipschitz | Extremum | Smooth) and name in named_variables(
                self.statement
            ):
                sized.update(self.root(axis) for axis in tensor.axes if self.axes[axis].kind != "batch")
        sized.update(root for root, names in roots.items() if len(names) > 1)
        if isinstance(self.statement, Padding):
            sized.add(self.root(self.statement.axis))
        return tuple(axis for axis in self.axes if axis in sized and self.axes[axis].size is None)


def terms_of(statement: Statement) -> tuple[Term, ...]:
    """The terms of a statement."""
    found: list[Term] = []
    for value in vars(statement).values():
        if hasattr(value, "free_symbols"):
            found.append(value)
        elif isinstance(value, Mapping):
            found += [part[0] if isinstance(part, tuple) else part for part in value.values()]
    return tuple(found)


def named_variables(statement: Statement) -> tuple[str, ...]:
    """The variables that a statement is about."""
    named = [*getattr(statement, "variables", ()), *getattr(statement, "over", ())]
    variable = getattr(statement, "variable", None)
    return (*named, variable) if variable else tuple(named)


def _sizes(term: Term) -> set[Any]:
    from symloss.proof.terms import all_reads

    found = set(term.atoms(SizeSymbol))
    for read in all_reads(term):
        for entry in read.index:
            found |= entry.atoms(SizeSymbol)
    return found
