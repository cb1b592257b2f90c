"""The claim language: what may be said about a loss, as records. The prover settles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy

from symloss.language.checking import Checker
from symloss.language.nodes import Expression, names_in
from symloss.program import Axis, Domain, Tensor


@dataclass(frozen=True)
class ClaimExpression:
    """An expression of the claim language: its text, its nodes, and its type ("real", "count", "index", "condition").

    ``axes`` are the axes that it leaves free; a claim holds for every value of these. ``checker`` keeps the types of
    all nodes and the calls of other losses.
    """

    text: str
    node: Expression = field(repr=False)
    kind: str = "real"
    axes: tuple[str, ...] = ()
    checker: Checker | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class ClaimInterval:
    """An interval whose ends are expressions."""

    low: ClaimExpression
    high: ClaimExpression
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True)
class LimitPoint:
    """Where a variable tends to, and from which side ("+", "-" or "")."""

    point: ClaimExpression
    side: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        property: the property key.
        arguments: the value of the property key under that key, and the property's own keys; a `ClaimExpression`, a
            `ClaimInterval`, a tuple of names, a word, a number, or a mapping of these, as `PROPERTIES` says.
        of: what the claim is about; the per-sample value unless stated.
        when: conditions on inputs, parameters and steps.
        ranges: the key `for:`, narrower domains of inputs, parameters and variables.
        sizes: for each axis the sizes the claim is made for; None for every size.
        variables: the key `let:`, further variables, universally quantified.
        axes: axes that `let:` adds.
        substitute: inputs replaced by expressions.
        witness: values that the author gives as a hint.
        note: free text.
        expect: "holds" or "refuted".
        text: the claim in one line.
        line: where it stands in the file.
    """

    property: str
    arguments: Mapping[str, Any]
    of: ClaimExpression | None
    when: tuple[ClaimExpression, ...] = ()
    ranges: Mapping[str, Domain] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)
    variables: tuple[Tensor, ...] = ()
    axes: tuple[Axis, ...] = ()
    substitute: Mapping[str, ClaimExpression] = field(default_factory=dict)
    witness: Mapping[str, tuple[sympy.Rational, ...]] = field(default_factory=dict)
    note: str = ""
    expect: str = "holds"
    text: str = ""
    line: int = 0

    def subject(self) -> Any:
        """The value of the property key."""
        return self.arguments[self.property]


TRANSFORMATIONS = ("shift", "scale", "translation", "rotation", "permutation", "symmetric", "padding", "transformation")
DIRECTIONS = ("increasing", "decreasing", "nondecreasing", "nonincreasing")


@dataclass(frozen=True)
class Property:
    """A property key: the kind of its value, and its own keys with their kinds; a kind with ! is required."""

    value: str
    keys: Mapping[str, str] = field(default_factory=dict)
    about_value: bool = True


_MOVES = {"in": "names_or_values", "along": "axes", "under": "replacements"}
PROPERTIES: dict[str, Property] = {
    "nonnegative": Property("expression", about_value=False),
    "positive": Property("expression", about_value=False),
    "zero": Property("expression", about_value=False),
    "bounds": Property("expression", {"in": "interval!"}, about_value=False),
    "minimum": Property("expression_or_interval", {"over": "variables"}),
    "maximum": Property("expression_or_interval", {"over": "variables"}),
    "attained": Property("expression", {"at": "replacements!"}),
    "argmin": Property("variable", {"equals": "expression!"}),
    "argmax": Property("variable", {"equals": "expression!"}),
    "zero_iff": Property("condition"),
    "excess": Property("expression", {"equals": "expression!"}),
    "convex": Property("variables"),
    "concave": Property("variables"),
    "strictly_convex": Property("variables"),
    "strictly_concave": Property("variables"),
    "quasiconvex": Property("variables"),
    "lipschitz": Property("variables", {"constant": "expression_or_none!", "norm": "norm"}),
    "smooth": Property("variables", {"order": "order!"}),
    "monotone": Property("variable", {"direction": "direction!"}),
    "gradient": Property("variable", {"equals": "expression", "in": "values_or_interval", "index": "index"}),
    "hessian": Property("variables", {"equals": "expression!", "index": "index"}),
    "subgradient": Property("variable"),
    "equals": Property("expression"),
    "at_most": Property("expression"),
    "at_least": Property("expression"),
    "limit": Property("expression", {"as": "points!", "equals": "expression!"}, about_value=False),
    "invariant": Property("transformation", _MOVES),
    "equivariant": Property("transformation", _MOVES),
}
SCOPE_KEYS = ("of", "when", "for", "sizes", "let", "substitute", "witness", "note", "expect")


def names_of(claim: Claim) -> set[str]:
    """Every name that a claim's expressions and lists of names mention."""
    found: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, ClaimExpression):
            found.update(names_in(value.node))
        elif isinstance(value, ClaimInterval):
            visit((value.low, value.high))
        elif isinstance(value, LimitPoint):
            visit(value.point)
        elif isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            visit((*value.keys(), *value.values()))
        elif isinstance(value, tuple | list):
            for part in value:
                visit(part)

    visit((claim.of, claim.when, dict(claim.arguments), dict(claim.substitute), dict(claim.ranges)))
    return found
