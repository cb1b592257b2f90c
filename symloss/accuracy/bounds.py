"""What arithmetic of a given precision may fairly be off at one point: the bound of a result's accuracy class.

A result is computed together with its derivatives by the roundings that no evaluation can avoid:

- a difference of two inputs, and the argument of a function that amplifies it (an exponent), each rounded once,
- a sum whose terms have both signs, which rounds by up to the sum of their magnitudes, four times,
- a step below the normal range, which rounds by one step of the subnormal numbers.

The bound is 4 ulp plus u times the sum of the magnitudes of all those effects. Where a condition falls to the other
side when its argument is rounded, the jump counts whole. Where the terms of a sum with both signs are beyond the
largest number, there is no bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from mpmath import mp, mpf

from symloss.accuracy.grades import CHOICES, CONDITIONS, EXACT, TIGHT, Grade, Grader, power_of_two
from symloss.accuracy.points import Instance, Values
from symloss.accuracy.reference import kind_of, programs_of, unit_seeds
from symloss.accuracy.signs import NOTHING, Assumptions, opposite
from symloss.atoms import record_of
from symloss.oracle import numbers
from symloss.program import AxisSymbol, Program, Read, SizeSymbol, Statement, exact_arithmetic

if TYPE_CHECKING:
    from symloss.calculus import Derivation

#: Bits at which effects are computed.
_BITS = 240
_CANCELLING = 4
#: A comparison is undecided where its sides differ by less than so many times the effect of the roundings in them.
_UNDECIDED = 8

#: The effect of each rounding on a value, in units of the unit roundoff.
Effects = dict[Any, Any]


@dataclass(frozen=True)
class Traced:
    """A value and how each rounding before it moves it."""

    value: Any
    effects: Effects = field(default_factory=dict)

    @property
    def total(self) -> Any:
        """The sum of the magnitudes of all effects."""
        result = mpf(0)
        for effect in self.effects.values():
            result += abs(effect)
        return result


class ErrorBound:
    """Error bounds for the outputs of one loss."""

    def __init__(self, derivation: Derivation, sizes: Mapping[str, int]) -> None:
        """Prepare for arrays of these sizes."""
        self.sizes = sizes
        with exact_arithmetic():
            self._graders = {kind: Grader(program) for kind, program in programs_of(derivation).items()}
        self._programs = programs_of(derivation)

    def grade(self, key: str) -> Grade:
        """The grade of an output."""
        grader = self._graders[kind_of(key)]
        with exact_arithmetic():
            return grader.target(self._programs[kind_of(key)].outputs[key])

    def allowance(
        self, key: str, index: tuple[int, ...], instance: Instance, directions: Mapping[str, Values], dtype: str
    ) -> Any:
        """What may be added to 4 ulp for one number of an output: u times the sum of the effects of roundings.

        Args:
            key: the output.
            index: where in it.
            instance: the inputs.
            directions: the directions of a Hessian-vector product.
            dtype: the dtype, with unit roundoff u.

        Returns:
            the allowance; infinite where a term of the program is beyond every bound.
        """
        with mp.workprec(_BITS), exact_arithmetic():
            traced, tracer = self._trace(key, index, instance, directions, _Format.of(dtype))
            effects = traced.effects
            if self._graders[kind_of(key)].target(tracer.program.outputs[key]).level <= TIGHT:
                effects = {site: effect for site, effect in effects.items() if site[0] == "jump"}
            elif tracer.terms > tracer.format.largest:
                return mp.inf
            total = Traced(traced.value, effects).total * tracer.unit
            return total if mp.isfinite(total) else mp.inf

    def leaves_range(
        self, key: str, index: tuple[int, ...], instance: Instance, directions: Mapping[str, Values], dtype: str
    ) -> bool:
        """Whether a step or a product of two factors on the way to one number is no normal number of the dtype.

        A step that is exactly 0 counts as one.
        """
        form = _Format.of(dtype)
        with mp.workprec(_BITS), exact_arithmetic():
            _, tracer = self._trace(key, index, instance, directions, replace(form, unit=mpf(0)))
            return any(value != 0 and not form.smallest <= abs(value) <= form.largest for value in tracer.steps)

    def _trace(
        self, key: str, index: tuple[int, ...], instance: Instance, directions: Mapping[str, Values], form: _Format
    ) -> tuple[Traced, _Tracer]:
        """One number of an output, and the evaluation that led to it."""
        kind = kind_of(key)
        program = self._programs[kind]
        tensors = {**instance.tensors, **{f"_v_{name}": values for name, values in directions.items()}}
        tensors |= unit_seeds(program, self.sizes)
        tracer = _Tracer(program, self._graders[kind], self.sizes, tensors, instance.parameters, form)
        return tracer.target(program.outputs[key], index), tracer


@dataclass(frozen=True)
class _Format:
    """A dtype: unit roundoff, smallest and largest normal number, and the step below the normal range."""

    unit: Any
    smallest: Any
    largest: Any
    step: Any

    @classmethod
    def of(cls, dtype: str) -> _Format:
        info = np.finfo(dtype)
        return cls(*(mpf(float(x)) for x in (info.eps / 2, info.tiny, info.max, info.smallest_subnormal)))


class _Tracer:
    """One evaluation of a program's entries, each when it is asked for."""

    def __init__(
        self,
        program: Program,
        grader: Grader,
        sizes: Mapping[str, int],
        tensors: Mapping[str, Values],
        parameters: Mapping[str, float],
        form: _Format,
    ) -> None:
        self.program, self.grader, self.sizes = program, grader, sizes
        self.tensors, self.parameters, self.format, self.unit = tensors, parameters, form, form.unit
        self._entries: dict[tuple[str, tuple[int, ...]], Traced] = {}
        self._tops: dict[tuple[str, tuple[int, ...]], tuple[Traced, Traced]] = {}
        #: Every value on the way.
        self.steps: list[Any] = []
        #: The largest sum of the magnitudes of terms that have both signs.
        self.terms = mpf(0)

    # --- statements ----------------------------------------------------------------------------------------------

    def target(self, name: str, index: tuple[int, ...]) -> Traced:
        """One entry of what a statement assigns."""
        place = name, index
        if place not in self._entries:
            self._entries[place] = self._entry(self.grader.statements[name], index)
        return self._entries[place]

    def _entry(self, statement: Statement, index: tuple[int, ...]) -> Traced:
        site = statement.target, index
        scope = dict(zip(statement.out, index, strict=True))
        bodies = []
        for bound in itertools.product(*(range(self.sizes[axis]) for axis in statement.over)):
            inner = _Scope(self, {**scope, **dict(zip(statement.over, bound, strict=True))}, (site, bound))
            if statement.guard == 1 or inner.trace(statement.guard, NOTHING).value != 0:
                bodies.append(inner.trace(statement.body, NOTHING))
        if statement.operation == "map":
            return bodies[0]
        if statement.operation == "sum":
            return self.added(bodies, ("sum", *site) if self.grader.cancels(statement) else None)
        if statement.operation == "norm":
            squares = [applied(lambda x: x * x, [body]) for body in bodies]
            return applied(mp.sqrt, [joined(squares, None)])
        values = [body.value for body in bodies]
        if statement.operation in ("max", "min"):
            chosen = numbers.REDUCTIONS[statement.operation](values)
            return next((body for body in bodies if body.value == chosen), Traced(chosen))
        return self._logsumexp(bodies, site)

    def _logsumexp(self, bodies: list[Traced], site: Any) -> Traced:
        """A maximum plus a rest that is accurate by itself but for the exponents in it."""
        top = max(bodies, key=lambda body: body.value, default=Traced(mp.ninf))
        value = numbers.logsumexp([body.value for body in bodies])
        if not mp.isfinite(value):
            self._tops[site] = top, Traced(mpf(0))
            return Traced(value)
        effects: Effects = {}
        for number, body in enumerate(bodies):
            share = numbers.exponential(body.value - value)
            gap = body.value - top.value
            if gap != 0 and share != 0:
                effects["gap", site, number] = share * gap
            for place, effect in (*body.effects.items(), *((p, -e) for p, e in top.effects.items())):
                effects[place] = effects.get(place, mpf(0)) + share * effect
        rest = Traced(value - top.value, effects)
        self._tops[site] = top, rest
        return joined([top, rest], None)

    def added(self, terms: list[Traced], site: Any) -> Traced:
        """A sum; with a site, one whose terms have both signs."""
        if site is not None:
            self.terms = max(self.terms, mp.fsum(abs(term.value) for term in terms))
        return joined(terms, site)

    def split(self, read: Read, index: tuple[int, ...]) -> tuple[Traced, Traced]:
        """The maximum and the rest of a logsumexp."""
        self.target(read.tensor, index)
        return self._tops[read.tensor, index]

    def leaf(self, name: str, index: tuple[int, ...]) -> Any:
        """An input or a parameter."""
        tensor = self.program.tensors[name]
        if name in self.parameters:
            return mpf(self.parameters[name])
        values = self.tensors.get(name)
        if values is None:
            return numbers.number(tensor.default)
        value = values[index if index in values else ()]
        return int(value) if tensor.domain.integer else mpf(value)


class _Scope:
    """The running indices at one entry, and what has been computed there."""

    def __init__(self, tracer: _Tracer, indices: Mapping[str, int], site: Any) -> None:
        self.tracer, self.grader, self.indices, self.site = tracer, tracer.grader, indices, site
        self._known: dict[tuple[Any, Assumptions], Traced] = {}

    def trace(self, e: Any, assumptions: Assumptions) -> Traced:
        """The value of an expression with its effects."""
        key = e, assumptions
        if key not in self._known:
            found = self._trace(e, assumptions)
            if not isinstance(e, Read | AxisSymbol | SizeSymbol):
                self.tracer.steps.append(found.value)
                found = self._below_range(e, found)
            self._known[key] = found
        return self._known[key]

    def _below_range(self, e: Any, found: Traced) -> Traced:
        """A value below the normal range is rounded by one step there, whatever its size."""
        form = self.tracer.format
        if not form.unit or e.is_number or found.value == 0 or abs(found.value) >= form.smallest:
            return found
        return Traced(found.value, {**found.effects, ("subnormal", e, self.site): form.step / form.unit})

    def integer(self, e: Any) -> int:
        """An index."""
        return int(self.trace(e, NOTHING).value)

    def _trace(self, e: Any, assumptions: Assumptions) -> Traced:
        if e.is_number:
            return Traced(_number(e))
        if isinstance(e, AxisSymbol):
            return Traced(mpf(self.indices[e.axis]))
        if isinstance(e, SizeSymbol):
            return Traced(mpf(self.tracer.sizes[e.axis]))
        if isinstance(e, Read):
            index = tuple(self.integer(entry) for entry in e.index)
            if e.tensor in self.grader.statements:
                return self.tracer.target(e.tensor, index)
            return Traced(mpf(self.tracer.leaf(e.tensor, index)))
        if e.is_Add:
            return self._sum(e, assumptions)
        if e.is_Mul:
            factors = [self.trace(factor, assumptions) for factor in e.args]
            self.tracer.steps += [a.value * b.value for a, b in itertools.combinations(factors, 2)]
            return multiplied(factors)
        if isinstance(e, sympy.Mod | sympy.floor):
            values = [self.trace(argument, assumptions).value for argument in e.args]
            return Traced(
                mp.floor(values[0]) if len(values) == 1 else values[0] - values[1] * mp.floor(values[0] / values[1])
            )
        record = record_of(e)
        name = record.name if record is not None else type(e).__name__
        if name == "where":
            return self._where(e, assumptions)
        if name in CONDITIONS:
            return self._condition(e, name, assumptions)
        if isinstance(e, sympy.Pow) and e.exp.is_number and e.base != sympy.E:
            exponent = _number(e.exp)
            return applied(lambda x: numbers.power(x, exponent), [self.trace(e.base, assumptions)])
        arguments = [self.trace(argument, assumptions) for argument in e.args]
        if name == "zero_times":
            self.tracer.steps.append(arguments[0].value * arguments[1].value)
            return Traced(mpf(0)) if arguments[0].value == 0 else multiplied(arguments)
        if name == "slope_at":
            return arguments[0]
        function: Callable[..., Any] = {sympy.exp: numbers.exponential, sympy.log: numbers.logarithm}.get(type(e)) or (
            numbers.power
            if isinstance(e, sympy.Pow) and record is not None and record.arity == 2
            else numbers.atom_function(record)  # type: ignore[arg-type]
        )
        if record is not None and record.image.is_FiniteSet:
            return self._step(e, function, arguments)
        if name not in CHOICES:
            arguments = [self._exponent(e, position, a, assumptions) for position, a in enumerate(arguments)]
        return applied(function, arguments)

    def _exponent(self, e: Any, position: int, argument: Traced, assumptions: Assumptions) -> Traced:
        """The argument of a function that amplifies is itself rounded once, unless it is an input."""
        inner = e.args[position]
        if self.grader.grade(inner, assumptions).level <= EXACT or not self.grader.amplifies(e, position, assumptions):
            return argument
        number, base = inner.as_coeff_Mul()
        if power_of_two(number) and base.is_Add and self.grader.kind_of_sum(base, assumptions) == "difference":
            return argument
        site = "exponent", inner, self.site
        return Traced(argument.value, {**argument.effects, site: argument.value})

    def _sum(self, e: Any, assumptions: Assumptions) -> Traced:
        kind = self.grader.kind_of_sum(e, assumptions)
        site = self.site
        parts: list[Traced] = []
        plain: list[Any] = []
        for term in e.args:
            number, monomial = term.as_coeff_Mul()
            if self.grader.signs.is_logsumexp(monomial):
                index = tuple(self.integer(entry) for entry in monomial.index)
                top, rest = self.tracer.split(monomial, index)
                factor = [Traced(_number(number))]
                plain.append(multiplied([*factor, top]))
                rest = multiplied([*factor, rest])
                parts.append(Traced(rest.value, {**rest.effects, ("rest", monomial, site): rest.value}))
            elif self.grader.grade(term, assumptions).level <= EXACT:
                plain.append(self.trace(term, assumptions))
            else:
                parts.append(self.trace(term, assumptions))
        exact = joined(plain, None)
        if kind != "definite" and len(plain) > 1:
            # Any order of adding may be chosen; the largest partial sum of two is what rounding it moves.
            size = abs(exact.value)
            if len(plain) > 2:
                size = max(abs(a.value + b.value) for a, b in itertools.combinations(plain, 2))
            exact = Traced(exact.value, {**exact.effects, ("difference", e, site): size})
        return self.tracer.added([exact, *parts], ("cancelling", e, site) if kind == "cancelling" else None)

    # --- conditions ----------------------------------------------------------------------------------------------

    def _where(self, e: Any, assumptions: Assumptions) -> Traced:
        condition, yes, no = e.args
        chosen = self.trace(condition, assumptions)
        sides = ((yes, assumptions | {condition}), (no, assumptions | {opposite(condition)}))
        if chosen.value == 0:
            sides = sides[1], sides[0]
        result = self.trace(*sides[0])
        if not chosen.effects or not self.tracer.unit:
            return result
        other = self.trace(*sides[1])
        jump = abs(result.value - other.value) / self.tracer.unit
        return Traced(result.value, {**result.effects, ("jump", e, self.site): jump})

    def _condition(self, e: Any, name: str, assumptions: Assumptions) -> Traced:
        """1 or 0; an effect marks that the other value is as good."""
        arguments = [self.trace(argument, assumptions) for argument in e.args]
        values = [argument.value for argument in arguments]
        if name in ("and", "or", "not"):
            held = all(values) if name == "and" else any(values) if name == "or" else not values[0]
            effects = {p: x for a in arguments for p, x in a.effects.items()}
            return Traced(mpf(bool(held)), effects)
        held = _RELATIONS[name](*values)
        gap = joined([arguments[0], multiplied([Traced(mpf(-1)), arguments[1]])], None)
        return Traced(mpf(bool(held)), self._undecided(e, gap))

    def _undecided(self, e: Any, argument: Traced) -> Effects:
        noise = argument.total * self.tracer.unit * _UNDECIDED if self.tracer.unit else mpf(0)
        decided = noise == 0 or not mp.isfinite(argument.value) or abs(argument.value) > noise
        return {} if decided else {("jump", e, self.site): 1 / self.tracer.unit}

    def _step(self, e: Any, function: Callable[..., Any], arguments: list[Traced]) -> Traced:
        value = function(*(argument.value for argument in arguments))
        return Traced(value, self._undecided(e, arguments[0]))


_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


def _number(e: Any) -> Any:
    if e.is_Rational or e.is_infinite:
        return numbers.number(e)
    return e._to_mpmath(mp.prec + 10)


def joined(terms: list[Traced], site: Any) -> Traced:
    """The sum; with a site, a rounding of up to the sum of the magnitudes of the terms."""
    value, size = mpf(0), mpf(0)
    effects: Effects = {}
    for term in terms:
        value += term.value
        size += abs(term.value)
        for place, effect in term.effects.items():
            effects[place] = effects.get(place, mpf(0)) + effect
    if site is not None:
        effects[site] = _CANCELLING * size
    return Traced(value, effects)


def multiplied(factors: list[Traced]) -> Traced:
    """The product."""
    result = factors[0]
    for factor in factors[1:]:
        effects = {place: effect * factor.value for place, effect in result.effects.items()}
        for place, effect in factor.effects.items():
            effects[place] = effects.get(place, mpf(0)) + effect * result.value
        result = Traced(result.value * factor.value, effects)
    return result


def applied(function: Callable[..., Any], arguments: list[Traced]) -> Traced:
    """A function of traced arguments; slopes by differences at the working precision."""
    values = [argument.value for argument in arguments]
    value = function(*values)
    effects: Effects = {}
    for position, argument in enumerate(arguments):
        if not argument.effects:
            continue
        step = mp.ldexp(abs(argument.value) or mpf(1), -_BITS // 3)
        moved = function(*(v + step if i == position else v for i, v in enumerate(values)))
        slope = (moved - value) / step
        for place, effect in argument.effects.items():
            effects[place] = effects.get(place, mpf(0)) + slope * effect
    return Traced(value, effects)
