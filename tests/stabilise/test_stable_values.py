"""The stable program has the textbook program's values, exactly."""

from __future__ import annotations

import mpmath
import pytest
import textbook_programs as programs
from exact_samples import sample, sizes_of

from symloss.calculus.stabilise import stabilise
from symloss.oracle import Interpreter


@pytest.mark.parametrize("build", programs.CATALOGUE + programs.EXTRA, ids=lambda build: build.__name__)
def test_values_are_preserved(build):
    textbook = build()
    stable, sentences = stabilise(textbook)
    assert stable is textbook or sentences
    before, after = Interpreter(textbook), Interpreter(stable)
    for seed in range(12):
        arrays, parameters = sample(textbook, seed)
        sizes = sizes_of(textbook)
        expected = before.evaluate(sizes, arrays, parameters, precision=400)["value"]
        found = after.evaluate(sizes, arrays, parameters, precision=400)["value"]
        for index, value in expected.items():
            assert mpmath.isfinite(value)
            assert abs(found[index] - value) <= abs(value) * mpmath.mpf(10) ** -90, (seed, index)
