"""What the calculus makes an index of an axis is an integer, and its axes run where it is read."""

import pytest

from symloss.calculus import derive
from symloss.language import SpecLibrary, read_spec
from symloss.program import axes_of, exact_arithmetic

TEXT = """\
symloss: 1
name: of_indices
title: Indices
axes: {{n: batch, k: item}}
inputs:
  x: {{axes: [n, k], role: prediction}}
  y: {{axes: [n], role: prediction}}
value: "{value}"
"""


def programs(folder, value, *steps):
    """The stable and the derived programs of a value."""
    path = folder / "of_indices.yaml"
    path.write_text(TEXT.format(value=value) + "".join(f"define:\n  - {step}\n" for step in steps))
    with exact_arithmetic():
        found = derive(read_spec(path, SpecLibrary([])).program)
    assert found.diagonal is not None
    return found.stable, found.gradient, found.product, found.diagonal


@pytest.mark.parametrize(
    "value",
    [
        "sum[k](x[n, k]) + y[n] + logsumexp[k](sort[k](x[n, k]))",
        "logsumexp[k](where(y[n] == number(k), sin(x[n, k])**2, y[n]))",
    ],
)
def test_a_number_that_equals_an_index_is_none(value, tmp_path):
    """A rank, or an input, is a real number: the array of a kernel that holds it cannot be an index of another."""
    for program in programs(tmp_path, value):
        indices = [entry for statement in program.statements for read in statement.reads for entry in read.index]
        assert indices
        assert [entry for entry in indices if not entry.is_integer] == []


def test_a_step_is_read_where_all_its_axes_run(tmp_path):
    """Its body may not vary along one of them, and stand where that axis does not run."""
    for program in programs(
        tmp_path, "sin(y[n]) + log(sigmoid(y[n])) + sum[k](s[n, k]*x[n, k])", "s[n, k] = sin(y[n])"
    ):
        for statement in program.statements:
            free = axes_of(statement.body) | axes_of(statement.guard)
            assert free <= {*statement.out, *statement.over}, statement
