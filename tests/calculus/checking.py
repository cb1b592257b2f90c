"""Derived programs against the unrolled oracle at exact random points."""

import random
from fractions import Fraction
from itertools import product

from mpmath import mp, mpf

from symloss.oracle import Interpreter, Unrolled, evaluate_adaptively
from symloss.program import Statement, axes_of

DIGITS = 25


def fraction(generator, low=-2, high=2):
    """A rational number whose like does not occur twice, so that no point lies on a kink."""
    return low + (high - low) * Fraction(generator.randrange(1, 100003), 100003)


def point(program, sizes, seed=0):
    """Labels and exact real values for every input, inside its domain and within the constraints; arrays by index."""
    generator = random.Random(seed)
    lengths = {axis: program.axes[program.root(axis)].size or sizes[program.root(axis)] for axis in program.axes}
    conditions = constraints(program)
    for _ in range(20000):
        labels, reals = {}, {}
        for tensor in program.tensors.values():
            values = draw(generator, tensor, lengths)
            (labels if tensor.domain.integer else reals)[tensor.name] = values
        outcome = conditions.evaluate(sizes, {**labels, **reals})
        if all(value == 1 for values in outcome.values() for value in values.values()):
            return labels, reals
    raise AssertionError(f"no point of {program.name} satisfies its constraints")


def constraints(program):
    """The constraints of a program as the outputs of another."""
    statements = tuple(
        Statement(f"constraint_{i}", tuple(sorted(axes_of(body))), "map", body)
        for i, body in enumerate(program.constraints)
    )
    outputs = {statement.target: statement.target for statement in statements}
    return Interpreter(program.replacing(statements=(*program.statements, *statements), outputs=outputs))


def draw(generator, tensor, lengths):
    """Random exact values of one tensor."""
    indices = list(product(*(range(lengths[axis]) for axis in tensor.axes)))
    domain = tensor.domain
    if domain.integer:
        high = lengths[domain.axis] if domain.kind == "index" else 2
        values = {index: generator.randrange(high) for index in indices}
        # Reductions under a mask need something to reduce.
        return {index: 1 if domain.kind == "boolean" and index[-1:] == (0,) else v for index, v in values.items()}
    if domain.kind == "set":
        return {index: Fraction(str(generator.choice(domain.values))) for index in indices}
    if domain.kind == "simplex":
        at = tensor.axes.index(domain.axis)
        raw = {index: fraction(generator, 0, 1) for index in indices}
        sums = {}
        for index, value in raw.items():
            sums[index[:at] + index[at + 1 :]] = sums.get(index[:at] + index[at + 1 :], 0) + value
        return {index: value / sums[index[:at] + index[at + 1 :]] for index, value in raw.items()}
    if tensor.default is not None and tensor.role == "parameter":
        return {(): Fraction(str(tensor.default))}
    low = Fraction(str(domain.lower)) if domain.lower.is_Rational else Fraction(-2)
    high = Fraction(str(domain.upper)) if domain.upper.is_Rational else max(low, Fraction(0)) + 2
    return {index: fraction(generator, low, high) for index in indices}


class Comparison:
    """One program at one point, with random seeds and directions."""

    def __init__(self, textbook, sizes, seed=0, at=None):
        labels, reals = point(textbook, sizes, seed)
        reals.update(at or {})
        self.unrolled = Unrolled(textbook, sizes, labels)
        generator = random.Random(seed + 1)
        self.sizes, self.reals, self.labels = sizes, reals, labels
        self.seeds = {
            term: {index: fraction(generator) for index in symbols} for term, symbols in self.unrolled.seeds.items()
        }
        self.directions = {
            name: {index: fraction(generator) for index in symbols}
            for name, symbols in self.unrolled.directions.items()
        }

    def derived(self, program, keys):
        """The outputs of a derived program."""
        one = len(self.seeds) == 1
        arrays = {
            **self.labels,
            **self.reals,
            **{("_seed" if one else f"_seed_{term}"): values for term, values in self.seeds.items()},
            **{f"_v_{name}": values for name, values in self.directions.items()},
        }
        values = evaluate_adaptively(program, self.sizes, arrays, digits=DIGITS)
        return {key: values[key] for key in keys}

    def expected(self, expressions):
        """The same of the unrolled textbook formula."""
        return self.unrolled.evaluate(
            expressions, self.reals, seeds=self.seeds, directions=self.directions, digits=DIGITS
        )

    def agree(self, program, expressions):
        """Assert that outputs of a derived program equal expressions of the unrolled one, to nearly all digits."""
        got, wanted = self.derived(program, expressions), self.expected(expressions)
        for key, values in wanted.items():
            assert set(got[key]) == set(values), key
            for index, value in values.items():
                close(got[key][index], value, f"{program.name}: {key}{list(index)}")


def close(got, wanted, what):
    """Relative agreement to all but a few of the digits that both sides settled on; exact zeros must be zeros."""
    error = abs(got - wanted)
    with mp.workprec(200):
        assert error <= mpf(10) ** (3 - DIGITS) * abs(wanted), f"{what} is {got}, not {wanted}"
