"""A user may call axes, inputs, parameters, steps and terms what generated files call their own things."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.harness import Kernels, Options

ROWS = """
symloss: 1
name: rows
title: Names of a row kernel's own variables
axes: {row: batch, c: class}
inputs:
  samples: {axes: [row, c], role: prediction, domain: real}
  chunk: {axes: [row], role: target, domain: "index(c)"}
  weights: {axes: [c], role: coefficient, domain: nonnegative, optional: 1}
  f32: {axes: [row], role: prediction, domain: real}
parameters:
  start: {default: 0.5, domain: positive}
  seed: {default: 2, domain: positive}
define:
  - "lane[row, c] = samples[row, c]*start - f32[row]"
  - "np[row] = logsumexp[c](lane[row, c])"
  - "total[row] = np[row] - lane[row, chunk[row]]"
value: "seed*total[row]"
"""

TERMS = """
symloss: 1
name: terms
title: Names of an element-wise kernel's own variables
axes: {first: batch, last: batch}
inputs:
  numba: {axes: [first], role: prediction, domain: real}
  live: {axes: [last], role: prediction, domain: real}
  denominator: {axes: [last], role: target, domain: real}
parameters:
  math: {default: 0.5, domain: positive}
terms:
  total: "math*softplus(-numba[first])"
  rows: "(live[last] - denominator[last])**2"
"""

DERIVED = """
symloss: 1
name: derived
title: Names that the compiler makes up from others
axes: {count: batch, block: item}
inputs:
  directions: {axes: [count, block], role: prediction, domain: real}
  outputs: {axes: [count, block], role: prediction, domain: real}
  value_rows: {axes: [count], role: target, domain: real}
  grad_directions: {axes: [count], role: target, domain: real}
parameters:
  kernel: {default: 0.5, domain: positive}
  chunks: {default: 1.5, domain: positive}
define:
  - "directions_row[count] = sum[block]((directions[count, block] - outputs[count, block])**2)"
value: "kernel*directions_row[count]*exp(-chunks*value_rows[count]) + grad_directions[count]**2"
"""

BUILTINS = """
symloss: 1
name: range
title: Names of Python's own functions
axes: {len: batch, list: item}
inputs:
  float: {axes: [len, list], role: prediction, domain: real}
  int: {axes: [len], role: target, domain: "index(list)"}
  run: {axes: [len], role: prediction, domain: positive}
parameters:
  values: {default: 0.5, domain: positive}
define:
  - "print[len] = sum[list](abs(float[len, list])**1.5)"
  - "failed[len] = log(run[len])"
  - "t1[len] = print[len]*failed[len]"
value: "t1[len]**2 + values*float[len, int[len]]"
"""


@pytest.mark.parametrize(
    ("text", "dtype", "entries"),
    [
        pytest.param(ROWS, "float32", ("value", "value_and_grad", "grad_hess_diag", "hvp"), marks=pytest.mark.slow),
        (TERMS, "float64", ("value", "value_and_grad", "hvp")),
        pytest.param(DERIVED, "float64", ("value", "value_and_grad", "hvp"), marks=pytest.mark.slow),
        pytest.param(BUILTINS, "float64", ("value", "value_and_grad"), marks=pytest.mark.slow),
    ],
)
def test_any_name_will_do(text: str, dtype: str, entries: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "loss.yaml"
    path.write_text(text.lstrip(), encoding="utf-8")
    k = Kernels(path)
    outcome = k.call(37, dtype, Options("mean", weighted=True, masked=True))
    for entry in entries:
        outcome.check(entry)
    arrays, parameters = k.call(5, dtype, Options()).arrays, k.parameters
    # A copied file takes required inputs before optional ones, so inputs go by name.
    named = dict(zip((item["name"] for item in k.module.META["inputs"]), arrays, strict=True))
    assert k.module.value(**named, **parameters) == k.loss(*arrays, **parameters)
