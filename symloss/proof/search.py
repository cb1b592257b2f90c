"""Points to look at: rational points of a problem's domain that satisfy its hypotheses, from a fixed seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy

from symloss import atoms
from symloss.program import Domain, Read
from symloss.proof.arithmetic import Enclosure, UndefinedError, holds
from symloss.proof.equations import linear_solution
from symloss.proof.problems import Problem
from symloss.proof.terms import conjuncts

_SIMPLE = tuple(Fraction(*pair) for pair in ((0, 1), (1, 1), (-1, 1), (1, 2), (-1, 2), (2, 1), (-2, 1), (3, 1), (1, 4)))

#: Numbers whose rest of a square is rational: 1 - (3/5)² = (4/5)².
_ON_CIRCLES = tuple(Fraction(*pair) for pair in ((3, 5), (-3, 5), (4, 5), (-4, 5), (5, 13), (12, 13)))


class Search:
    """Admissible points of one problem.

    Where a condition is an equation, some points take the other of two roots, and some also satisfy the equations of
    the conclusion: a statement whose conditions force an equation has its models there.

    Args:
        problem: the problem.
        seed: the seed.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        self.random = random.Random(seed)
        self.solved = _solved(problem, problem.hypotheses)
        self.ways = [self.solved]
        if any(isinstance(condition, atoms.Equal) for condition in problem.hypotheses):
            shown = conjuncts(problem.conclusion)
            others = (_solved(problem, problem.hypotheses, (), -1), _solved(problem, problem.hypotheses, shown))
            self.ways += [way for way in others if way != self.solved]
        self.free = self._free(self.solved)
        self.below: dict[int, list[Read]] = {}
        self.ordered = [c.args for c in problem.hypotheses if _orders(c, problem)]

    def _free(self, solved: Mapping[Read, Any]) -> list[Read]:
        return [v for v in self.problem.variables if v not in solved]

    def points(self, count: int) -> Iterator[dict[Read, Fraction]]:
        """Up to ``count`` points of the domain; whether hypotheses hold is not checked."""
        for number in range(count):
            solved = self.ways[number % len(self.ways)]
            point = {v: self._value(self.problem.variables[v], number) for v in self._free(solved)}
            for variable in self._below_roots(solved) if number % 4 == 3 else ():
                point[variable] = self.random.choice(_ON_CIRCLES)
            self._order(point)
            if self.complete(point, solved):
                yield point

    def _below_roots(self, solved: Mapping[Read, Any]) -> list[Read]:
        """Free variables of which an equation takes a root, which must be rational."""
        if id(solved) not in self.below:
            roots = [e for term in solved.values() for e in term.atoms(sympy.Pow) if e.exp == sympy.S.Half]
            inside = frozenset().union(*(e.free_symbols for e in roots))
            self.below[id(solved)] = [v for v in self._free(solved) if v in inside]
        return self.below[id(solved)]

    def _order(self, point: dict[Read, Fraction]) -> None:
        """Exchange values of variables that a hypothesis wants the other way round."""
        for _ in range(len(self.ordered)):
            for low, high in self.ordered:
                if low in point and high in point and point[low] > point[high]:
                    point[low], point[high] = point[high], point[low]

    def complete(self, point: dict[Read, Fraction], solved: Mapping[Read, Any] | None = None) -> bool:
        """Set the variables that equations determine; whether they are rational and lie in their domains."""
        for variable, term in (self.solved if solved is None else solved).items():
            try:
                value = Enclosure(point, 96).value(term)
            except UndefinedError:
                return False
            if not isinstance(value, Fraction) or not contains(self.problem.variables[variable], value):
                return False
            point[variable] = value
        return True

    def admissible(self, point: Mapping[Read, Fraction]) -> bool:
        """Whether the hypotheses hold at a point, rigorously."""
        try:
            return all(holds(condition, point) is True for condition in self.problem.hypotheses)
        except UndefinedError:
            return False

    def _value(self, domain: Domain, number: int) -> Fraction:
        for _ in range(20):
            value = self._candidate(domain, number)
            if contains(domain, value):
                return value
        return _inside(domain)

    def _candidate(self, domain: Domain, number: int) -> Fraction:
        draw = self.random
        low, high = (_end(end) for end in (domain.lower, domain.upper))
        if draw.random() < (0.5 if number % 2 == 0 else 0.1):
            ends = [end for end in (low, high) if end is not None]
            return draw.choice([*ends, *_SIMPLE])
        if low is not None and high is not None:
            share = Fraction(draw.randint(0, 64), 64)
            if draw.random() < 0.2:
                share = Fraction(1, 2 ** draw.randint(2, 20))
                share = share if draw.random() < 0.5 else 1 - share
            return low + (high - low) * share
        size = Fraction(draw.randint(1, 64), 16) * Fraction(2) ** draw.choice((-4, -2, -1, 0, 0, 0, 1, 2, 4))
        if low is not None:
            return low + size
        if high is not None:
            return high - size
        return size if draw.random() < 0.5 else -size


def contains(domain: Domain, value: Fraction) -> bool:
    """Whether a rational number lies in an interval."""
    low, high = _end(domain.lower), _end(domain.upper)
    if low is not None and (value < low or (value == low and not domain.lower_closed)):
        return False
    return high is None or value < high or (value == high and domain.upper_closed)


def _end(end: Any) -> Fraction | None:
    return Fraction(int(end.p), int(end.q)) if end.is_Rational else None


def _inside(domain: Domain) -> Fraction:
    low, high = _end(domain.lower), _end(domain.upper)
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else high - 1 if high is not None else Fraction(0)


def _orders(condition: Any, problem: Problem) -> bool:
    """Whether a condition orders two variables of the same domain."""
    if not isinstance(condition, atoms.Less | atoms.LessEqual):
        return False
    low, high = (problem.variables.get(side) for side in condition.args)
    return low is not None and low == high


def _solved(problem: Problem, conditions: Iterable[Any], before: Iterable[Any] = (), root: int = 1) -> dict[Read, Any]:
    """Variables that equations determine from the others, in an order to compute them in.

    Args:
        problem: the problem.
        conditions: the equations are among these.
        before: equations that are solved before them.
        root: 1 or -1, which of two roots is taken.
    """
    found: dict[Read, Any] = {}
    for condition in dict.fromkeys((*before, *conditions)):
        if not isinstance(condition, atoms.Equal):
            continue
        difference = (condition.args[0] - condition.args[1]).xreplace(found)
        variables = sorted(difference.atoms(Read) & set(problem.variables), key=str, reverse=True)
        values = {v: value for v in variables if (value := _solution(difference, v, root)) is not None}
        # A factor is 0 only where nothing else can be.
        variable = next((v for v in values if values[v] != 0), next(iter(values), None))
        if variable is not None:
            found = {v: term.xreplace({variable: values[variable]}) for v, term in found.items()}
            found[variable] = values[variable]
    return found


def _solution(difference: Any, variable: Read, root: int) -> Any | None:
    """What a variable is where a difference vanishes; of several such values one."""
    linear = linear_solution(difference, variable)
    if linear is not None:
        return linear
    part = difference
    while isinstance(part, sympy.Mul | sympy.Pow | atoms.Absolute):
        # A product or a power vanishes with one of its factors.
        if isinstance(part, sympy.Pow) and not (part.exp.is_Number and part.exp > 0):
            return None
        factors = part.args if isinstance(part, sympy.Mul) else part.args[:1]
        inner = [f for f in factors if variable in f.free_symbols and not _never_zero(f)]
        if len(inner) != 1:
            return None
        part = inner[0]
    if part is not difference:
        return _solution(part, variable, root)
    return _through_root(difference, variable, root)


def _never_zero(e: Any) -> bool:
    return isinstance(e, sympy.exp) or (isinstance(e, sympy.Pow) and e.exp.is_negative)


def _through_root(difference: Any, variable: Read, root: int) -> Any | None:
    """Where ``root(a) = b`` or ``|a| = b``: a = b² or a = ±b; where ``x² = b``: x = ±root(b)."""
    for term in sympy.Add.make_args(difference):
        scale, part = term.as_coeff_Mul()
        rest = -(difference - term) / scale
        if variable in rest.free_symbols or variable not in part.free_symbols:
            continue
        if isinstance(part, atoms.Absolute):
            return _solution(part.args[0] - root * rest, variable, root)
        if isinstance(part, sympy.Pow) and part.exp == sympy.S.Half:
            return _solution(part.base - rest**2, variable, root)
        if part == variable**2:
            return root * sympy.sqrt(rest).replace(sympy.Abs, atoms.Absolute)
    return None


# --- quick floats -----------------------------------------------------------------------------------------------------


class Quick:
    """Approximate values at one point, to choose where to look closer; nothing is concluded from them."""

    def __init__(self, point: Mapping[Any, Fraction]) -> None:
        self.memo: dict[Any, float] = {}
        for variable, value in point.items():
            self.memo[variable] = float(value)

    def value(self, e: Any) -> float:
        """A float; NaN where there is no value."""
        if e not in self.memo:
            try:
                self.memo[e] = self._build(e)
            except (ValueError, OverflowError, ZeroDivisionError):
                self.memo[e] = math.nan
        return self.memo[e]

    def _build(self, e: Any) -> float:
        if e.is_Number or e.is_NumberSymbol:
            return float(e)
        if isinstance(e, sympy.Add):
            return math.fsum(self.value(term) for term in e.args)
        if isinstance(e, sympy.Mul):
            return math.prod(self.value(factor) for factor in e.args)
        if isinstance(e, atoms.Where):
            return self.value(e.args[1] if self.value(e.args[0]) else e.args[2])
        rule = _QUICK.get(type(e).__name__)
        if rule is None:
            return math.nan
        value: float = rule(*(self.value(argument) for argument in e.args))
        return value


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


_QUICK: dict[str, Any] = {
    "exp": lambda x: math.exp(min(x, 700.0)),
    "log": _log,
    "Pow": lambda x, p: math.pow(x, p),
    "sin": math.sin,
    "cos": math.cos,
    "Atan": math.atan,
    "Erf": math.erf,
    "LogGamma": math.lgamma,
    "floor": lambda x: float(math.floor(x)),
    "Mod": lambda a, b: a % b,
    "Softplus": _softplus,
    "Sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0,
    "Tanh": math.tanh,
    "LogCosh": lambda x: abs(x) + math.log1p(math.exp(-2 * abs(x))) - math.log(2),
    "Log1p": lambda x: _log(1 + x),
    "Expm1": math.expm1,
    "ExpTail": lambda x: math.expm1(x) - x,
    "LogTail": lambda x: x - math.log1p(x),
    "Log2": lambda x: _log(x) / math.log(2),
    "LogRatio": lambda a, b: _log(a / b),
    "XLogY": lambda x, y: 0.0 if x == 0 else x * _log(y),
    "XLog1pY": lambda x, y: 0.0 if x == 0 else x * _log(1 + y),
    "XOverY": lambda x, y: 0.0 if x == 0 else x / y,
    "ZeroTimes": lambda a, b: 0.0 if a == 0 else a * b,
    "Absolute": abs,
    "Sign": lambda x: float((x > 0) - (x < 0)),
    "Step": lambda x: float(x > 0),
    "HalfStep": lambda x: ((x > 0) - (x < 0) + 1) / 2,
    "Relu": lambda x: max(x, 0.0),
    "Ramp": lambda x: max(x, 0.0),
    "Maximum": max,
    "Minimum": min,
    "Clamp": lambda x, lo, hi: min(max(x, lo), hi),
    "Inside": lambda x, lo, hi: float(lo <= x <= hi),
    "StopGradient": lambda x: x,
    "SlopeAt": lambda f, c, s: f,
    "Less": lambda a, b: float(a < b),
    "LessEqual": lambda a, b: float(a <= b),
    "Equal": lambda a, b: float(a == b),
    "NotEqual": lambda a, b: float(a != b),
    "And": lambda *parts: float(all(parts)),
    "Or": lambda *parts: float(any(parts)),
    "Not": lambda a: float(not a),
}
