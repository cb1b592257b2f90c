"""What the prover takes for granted about scalar functions and about composition, as goals of its own.

A fact about an atom is stated about its textbook form in exp, log, roots and branches, so that the table never vouches
for itself: monotone by the sign of the derivative, convex by the sign of the second, or between two points where there
is a kink. A rule of composition is stated for two items and any numbers that satisfy the definitions; for every number
of items it follows by induction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sympy

from symloss import atoms
from symloss.atoms.record import RECORDS, AtomRecord, record_of
from symloss.program import Domain, Read, Tensor, exact_arithmetic
from symloss.proof.closing import negation, obligations_of
from symloss.proof.derivatives import directional
from symloss.proof.goals import Always, Curvature, Goal, Monotone
from symloss.proof.store import FACTS
from symloss.proof.terms import Term, conjunction

_REAL = Domain()
_POSITIVE = Domain("interval", sympy.S.Zero, sympy.oo)
_NONNEGATIVE = Domain("interval", sympy.S.Zero, sympy.oo, True)
_UNIT = Domain("interval", sympy.S.Zero, sympy.S.One)


@dataclass(frozen=True)
class Fact:
    """A fact with its name, ``softplus convex`` or ``sum of convex terms``, and the goal that says it.

    Attributes:
        name: as composition traces name it.
        goal: what is to be shown.
        by: the step that leads from the goal to conditions; "" where the goal is a condition itself.
    """

    name: str
    goal: Goal
    by: str = ""


def facts() -> tuple[Fact, ...]:
    """Every fact, those about atoms first."""
    with exact_arithmetic():
        return (*(fact for record in RECORDS.values() for fact in _about(record)), *_rules())


SECOND = "the second derivative along every line is nonnegative"
DERIVATIVE = "the derivative has one sign"
JENSEN = "Jensen's inequality"
ORDERED = "two ordered points"
CONCAVE = "concave: the negative is convex"


def _about(record: AtomRecord) -> Iterator[Fact]:
    reads = tuple(Read(name) for name in record.arguments)
    try:
        term = _closed(record.textbook(*reads))
    except NotImplementedError:
        return
    domains = {name: _domain(found) for name, found in zip(record.arguments, record.domains, strict=True)}
    if record.name in ("clamp", "inside"):
        assumed: tuple[Term, ...] = (atoms.LessEqual(Read("lo"), Read("hi")),)
    else:
        assumed = ()
    if record.name in ("and", "or", "not"):
        domains = dict.fromkeys(domains, Domain("set", values=(sympy.S.Zero, sympy.S.One)))
    # That exp is positive, that roots are not negative and the like are the definitions, and taken as given.
    condition = None if record_of(term) is record else _image(record, term)
    if condition is not None:
        yield Fact(image_fact(record), _goal(Always(condition), domains, term, assumed))
    smooth = not record.kink and not record.kinked
    for name, direction in zip(record.arguments, record.monotone, strict=True):
        if direction is None:
            continue
        if direction == "constant":
            yield Fact(f"{record.name} constant in {name}", _goal(Always(sympy.S.One), domains, term, assumed))
            continue
        goal = _goal(Monotone(term, name, direction), domains, term, assumed)
        yield Fact(f"{record.name} {direction} in {name}", goal, DERIVATIVE if smooth else ORDERED)
    if record.curvature is not None:
        # A smooth function is as convex on the closed domain, by continuity, as inside it.
        inside = {name: Domain("interval", d.lower, d.upper) if smooth else d for name, d in domains.items()}
        goal = _goal(Curvature(record.curvature, term, record.arguments), inside, term, assumed)
        yield Fact(f"{record.name} {record.curvature}", goal, SECOND if smooth else JENSEN)
    if record.name in _SLOPE_ONE:
        yield _slope(record, term, domains, smooth)
    if record.parity is not None:
        (x,) = reads
        turned = term.xreplace({x: -x})
        same = atoms.Equal(turned, -term if record.parity == "odd" else term)
        yield Fact(f"{record.name} {record.parity}", _goal(Always(same), domains, term, assumed))


def image_fact(record: AtomRecord) -> str:
    """The name of the fact that says where the values of a function lie."""
    return f"{record.name} in {_shown(record.image)}"


#: Functions that a Lipschitz constant of 1 is said of.
_SLOPE_ONE = ("abs", "relu", "ramp", "softplus", "tanh", "log_cosh", "sin", "cos")


def slope_fact(record: AtomRecord) -> str:
    """The name of the fact that a function of one argument changes no more than its argument."""
    return f"{record.name} has slope at most 1"


def _slope(record: AtomRecord, term: Term, domains: dict[str, Domain], smooth: bool) -> Fact:
    """Of a smooth function the derivative lies in [-1, 1], by the mean value theorem; else between two points."""
    (name,) = record.arguments
    if smooth:
        slope = directional(term, {name: "1"}).xreplace({Read("1"): sympy.S.One})
        says = atoms.And(atoms.LessEqual(-1, slope), atoms.LessEqual(slope, 1))
        return Fact(slope_fact(record), _goal(Always(says), domains, slope))
    other = term.xreplace({Read(name): Read(f"{name}'")})
    says = atoms.LessEqual(atoms.Absolute(term - other), atoms.Absolute(Read(name) - Read(f"{name}'")))
    return Fact(slope_fact(record), _goal(Always(says), {**domains, f"{name}'": domains[name]}, term))


def _goal(
    statement: Any, domains: dict[str, Domain], term: Term = sympy.S.Zero, hypotheses: tuple[Term, ...] = ()
) -> Goal:
    tensors = {name: Tensor(name, (), "variable", domain) for name, domain in domains.items()}
    needs = tuple((path, need) for path, need in obligations_of(term) if need != 1)
    return Goal(FACTS, "", statement, MappingProxyType(tensors), MappingProxyType({}), hypotheses, needs)


def _domain(found: Any) -> Domain:
    if not isinstance(found, sympy.Interval):
        return Domain()
    return Domain("interval", found.start, found.end, not found.left_open, not found.right_open)


def _image(record: AtomRecord, term: Term) -> Term | None:
    image = record.image
    if isinstance(image, sympy.FiniteSet):
        parts = [atoms.Equal(term, value) for value in sorted(image)]
        return atoms.Or(*parts) if len(parts) > 1 else parts[0]
    parts = []
    if image.inf.is_finite:
        parts.append((atoms.Less if image.left_open else atoms.LessEqual)(image.inf, term))
    if image.sup.is_finite:
        parts.append((atoms.Less if image.right_open else atoms.LessEqual)(term, image.sup))
    return conjunction(*parts) if parts else None


def _shown(image: Any) -> str:
    if isinstance(image, sympy.FiniteSet):
        return "{" + ", ".join(map(str, sorted(image))) + "}"
    return f"{'(' if image.left_open else '['}{image.inf}, {image.sup}{')' if image.right_open else ']'}"


def _closed(e: Any) -> Term:
    """A textbook form with branches and comparisons as atoms."""
    if isinstance(e, sympy.Piecewise):
        found = None
        for value, condition in reversed(e.args):
            here = _closed(value)
            found = here if found is None or condition == sympy.true else atoms.Where(_closed(condition), here, found)
        return found
    comparison = _COMPARISONS.get(type(e).__name__)
    if comparison is not None:
        return comparison(*map(_closed, e.args))
    if not e.args:
        return e
    return e.func(*map(_closed, e.args))


_COMPARISONS: dict[str, Any] = {
    "StrictLessThan": atoms.Less,
    "LessThan": atoms.LessEqual,
    "StrictGreaterThan": lambda a, b: atoms.Less(b, a),
    "GreaterThan": lambda a, b: atoms.LessEqual(b, a),
    "Equality": atoms.Equal,
    "Unequality": atoms.NotEqual,
    "Or": atoms.Or,
    "And": atoms.And,
}


def derivative_goal(goal: Goal) -> Goal:
    """That the derivative of a monotone term has its sign in the inside of the domain; at the ends by continuity."""
    statement = goal.statement
    assert isinstance(statement, Monotone)  # facts with this step are about monotone terms
    name = statement.variable
    tensor = goal.tensors[name]
    slope = directional(statement.term, {name: "1"}).xreplace({Read("1"): sympy.S.One})
    if statement.direction in ("decreasing", "nonincreasing"):
        slope = -slope
    strict = statement.direction in ("increasing", "decreasing")
    inside = Domain("interval", tensor.domain.lower, tensor.domain.upper)
    tensors = {**goal.tensors, name: Tensor(name, (), "variable", inside)}
    needs = tuple((path, need) for path, need in obligations_of(slope) if need != 1)
    says = Always((atoms.Less if strict else atoms.LessEqual)(sympy.S.Zero, slope))
    return goal.about(says, "slope", tensors=MappingProxyType(tensors), obligations=(*goal.obligations, *needs))


# --- rules of composition ---------------------------------------------------------------------------------------


def _rules() -> Iterator[Fact]:
    names = ["a", "b", "c", "m", "a1", "b1", "m1", "a2", "b2", "m2", "fa", "fb", "fc", "fm", "p", "q", "x", "y"]
    v = {name: Read(name) for name in names}
    t = Read("t")

    def chord(a: Term, b: Term) -> Term:
        return (1 - t) * a + t * b

    def rule(name: str, shown: Term, *assumed: Term, **domains: Domain) -> Fact:
        used = {read.tensor for term in (shown, *assumed) for read in term.atoms(Read)}
        known = {n: domains.get(n, _UNIT if n == "t" else _REAL) for n in sorted(used)}
        return Fact(name, _goal(Always(shown), known, shown, assumed))

    def curved(name: str, kind: str, term: Term, variables: tuple[str, ...], **domains: Domain) -> Fact:
        return Fact(name, _goal(Curvature(kind, term, variables), domains, term), SECOND)

    at_most: Any = atoms.LessEqual

    def implies(a: Term, b: Term) -> Term:
        return atoms.Or(negation(a), b)

    a, b, c, m, x, y, p = (v[name] for name in ["a", "b", "c", "m", "x", "y", "p"])
    below = at_most(m, chord(a, b))
    two = (at_most(v["m1"], chord(v["a1"], v["b1"])), at_most(v["m2"], chord(v["a2"], v["b2"])))
    outer = at_most(v["fc"], chord(v["fa"], v["fb"]))
    yield rule(
        "a sum of convex terms is convex", at_most(v["m1"] + v["m2"], chord(v["a1"] + v["a2"], v["b1"] + v["b2"])), *two
    )
    yield rule("a nonnegative factor keeps convexity", at_most(c * m, chord(c * a, c * b)), below, c=_NONNEGATIVE)
    yield rule("a nonpositive factor turns convexity around", at_most(chord(c * a, c * b), c * m), below, at_most(c, 0))
    yield rule(
        "a convex increasing function of a convex term is convex",
        at_most(v["fm"], chord(v["fa"], v["fb"])),
        below,
        implies(at_most(m, chord(a, b)), at_most(v["fm"], v["fc"])),
        outer,
    )
    yield rule(
        "a convex decreasing function of a concave term is convex",
        at_most(v["fm"], chord(v["fa"], v["fb"])),
        at_most(chord(a, b), m),
        implies(at_most(chord(a, b), m), at_most(v["fm"], v["fc"])),
        outer,
    )
    largest = atoms.Maximum
    yield rule(
        "a maximum of convex terms is convex",
        at_most(largest(v["m1"], v["m2"]), chord(largest(v["a1"], v["a2"]), largest(v["b1"], v["b2"]))),
        *two,
    )
    yield rule("an even power of an affine term is convex", at_most(chord(a, b) ** 2, chord(a**2, b**2)))
    yield rule(
        "the square of a nonnegative convex term is convex", at_most(m**2, chord(a**2, b**2)), below, m=_NONNEGATIVE
    )
    # With the lengths p, q ≥ 0 of two vectors and their product x, of which Cauchy-Schwarz says that x² ≤ p²q².
    lengths = {"p": _NONNEGATIVE, "q": _NONNEGATIVE}
    yield rule(
        "the triangle inequality of a norm", at_most(x, p * v["q"]), at_most(x**2, p**2 * v["q"] ** 2), **lengths
    )
    pair = sympy.log(sympy.exp(a) + sympy.exp(b))
    yield rule("logsumexp of two items is one plus a softplus", atoms.Equal(pair, b + sympy.log(1 + sympy.exp(a - b))))
    yield rule("logsumexp is at least each item", at_most(a, pair))
    yield rule("a sum of nonnegative items is nonnegative", at_most(0, a + b), a=_NONNEGATIVE, b=_NONNEGATIVE)
    yield rule("a mean lies between its items", at_most(c, (a + b) / 2), at_most(c, a), at_most(c, b))
    yield rule("a product of nonnegative factors is nonnegative", at_most(0, a * b), a=_NONNEGATIVE, b=_NONNEGATIVE)
    yield rule(
        "Cauchy-Schwarz",
        at_most(
            (v["a1"] * v["b1"] + v["a2"] * v["b2"]) ** 2, (v["a1"] ** 2 + v["a2"] ** 2) * (v["b1"] ** 2 + v["b2"] ** 2)
        ),
    )
    yield rule("Gibbs", at_most(0, x * sympy.log(x / y) - x + y), x=_POSITIVE, y=_POSITIVE)
    yield curved("x*log(x) is convex", "convex", x * sympy.log(x), ("x",), x=_POSITIVE)
    yield curved(
        "a nonnegative factor times log is concave", "concave", c * sympy.log(y), ("y",), c=_NONNEGATIVE, y=_POSITIVE
    )
    yield curved("x*log(x/y) is jointly convex", "convex", x * sympy.log(x / y), ("x", "y"), x=_POSITIVE, y=_POSITIVE)
    bend = p * (p - 1) * x ** (p - 2)
    yield rule("a power at least 1 bends upward", at_most(0, bend), at_most(1, p), x=_POSITIVE)
    yield rule("a power between 0 and 1 bends downward", at_most(bend, 0), at_most(0, p), at_most(p, 1), x=_POSITIVE)
    yield rule("a power at most 0 bends upward", at_most(0, bend), at_most(p, 0), x=_POSITIVE)
