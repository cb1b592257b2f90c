"""Derived programs against the unrolled oracle at exact random points."""

import random
from fractions import Fraction
from itertools import product

from mpmath import mp, mpf

from symloss.oracle import Unrolled, evaluate_adaptively

DIGITS = 25


def fraction(generator, low=-2, high=2):
    """A rational number whose like does not occur twice, so that no point lies on a kink."""
    return low + (high - low) * Fraction(generator.randrange(1, 100003), 100003)


def point(program, sizes, seed=0):
    """Labels and exact real values for every input, inside its domain; arrays by index."""
    generator = random.Random(seed)
    lengths = {axis: program.axes[program.root(axis)].size or sizes[program.root(axis)] for axis in program.axes}
    labels, reals = {}, {}
    for name, tensor in program.tensors.items():
        indices = list(product(*(range(lengths[axis]) for axis in tensor.axes)))
        domain = tensor.domain
        if domain.integer:
            high = lengths[domain.axis] if domain.kind == "index" else 2
            labels[name] = {index: generator.randrange(high) for index in indices}
        elif domain.kind == "set":
            reals[name] = {index: Fraction(int(v.p), int(v.q)) for index in indices for v in [generator.choice(domain.values)]}
        elif domain.kind == "simplex":
            raw = {index: fraction(generator, 0, 1) for index in indices}
            at = tensor.axes.index(domain.axis)
            sums = {}
            for index, value in raw.items():
                sums[index[:at] + index[at + 1 :]] = sums.get(index[:at] + index[at + 1 :], 0) + value
            reals[name] = {index: value / sums[index[:at] + index[at + 1 :]] for index, value in raw.items()}
        elif tensor.default is not None and tensor.role == "parameter":
            reals[name] = {(): Fraction(int(tensor.default.p), int(tensor.default.q))}
        else:
            low = Fraction(str(domain.lower)) if domain.lower.is_Rational else Fraction(-2)
            high = Fraction(str(domain.upper)) if domain.upper.is_Rational else max(low, Fraction(0)) + 2
            reals[name] = {index: fraction(generator, low, high) for index in indices}
    return labels, reals


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
