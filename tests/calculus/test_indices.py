"""What the calculus makes an index of an axis is an integer."""

import pytest

from symloss.calculus import derive
from symloss.language import SpecLibrary, read_spec
from symloss.program import exact_arithmetic

TEXT = """\
symloss: 1
name: of_equal_numbers
title: Numbers that equal an index
axes: {{n: batch, k: item}}
inputs:
  x: {{axes: [n, k], role: prediction}}
  y: {{axes: [n], role: prediction}}
value: "{value}"
"""


@pytest.mark.parametrize(
    "value",
    [
        "sum[k](x[n, k]) + y[n] + logsumexp[k](sort[k](x[n, k]))",
        "logsumexp[k](where(y[n] == number(k), sin(x[n, k])**2, y[n]))",
    ],
)
def test_a_number_that_equals_an_index_is_none(value, tmp_path):
    """A rank, or an input, is a real number: the array of a kernel that holds it cannot be an index of another."""
    path = tmp_path / "of_equal_numbers.yaml"
    path.write_text(TEXT.format(value=value))
    with exact_arithmetic():
        found = derive(read_spec(path, SpecLibrary([])).program)
        for program in (found.gradient, found.product, found.diagonal):
            assert program is not None
            indices = [entry for statement in program.statements for read in statement.reads for entry in read.index]
            assert indices
            assert [entry for entry in indices if not entry.is_integer] == []
