"""No kernel reads outside an array, whatever the labels and however a formula uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy

from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.errors import SymlossError
from symloss.lowering.functions import Guarded
from symloss.lowering.names import Names
from symloss.lowering.rows import RowPlanner
from symloss.lowering.schedule import Kernel
from symloss.program import Axis, AxisSymbol, Domain, Program, Read, SizeSymbol, Tensor
from tests.kernels.harness import Kernels, Options

TABLE = """
symloss: 1
name: table
title: A table that labels point into
axes: {n: batch, k: class}
inputs:
  x: {axes: [n], role: prediction, domain: real}
  y: {axes: [n], role: target, domain: "index(k)"}
  t: {axes: [k], role: coefficient, domain: real}
value: "(x[n] - t[y[n]])**2"
"""

OTHERS = """
symloss: 1
name: others
title: Labels of other samples as indices
axes: {i: batch, j: {like: i}, k: class}
inputs:
  z: {axes: [i, k], role: prediction, domain: real}
  y: {axes: [i], role: target, domain: "index(k)"}
value: "sum[j](z[i, y[j]]**2)"
"""

WEIGHTED = """
symloss: 1
name: weighted
title: Class weights where samples interact
axes: {i: batch, j: {like: i}, k: class}
inputs:
  z: {axes: [i, k], role: prediction, domain: real}
  y: {axes: [i], role: target, domain: "index(k)"}
  class_weight: {axes: [k], role: coefficient, domain: nonnegative, optional: 1}
value: "logsumexp[k](z[i, k]) - z[i, y[i]] + sum[j](z[j, y[j]]**2)"
"""

SHARED = """
symloss: 1
name: shared
title: Two terms of one batch
axes: {n: batch}
inputs:
  a: {axes: [n], role: prediction, domain: real}
  b: {axes: [n], role: prediction, domain: real}
terms:
  one: "softplus(a[n])"
  two: "(b[n] - a[n])**2"
"""

TABLE_CONSTRAINT = """
symloss: 1
name: bounds
title: A constraint on no sample
axes: {n: batch, k: item}
inputs:
  x: {axes: [n, k], role: prediction, domain: real}
  low: {axes: [k], role: coefficient, domain: real}
  high: {axes: [k], role: coefficient, domain: real}
constraints: ["low[k] < high[k]"]
value: "sum[k]((x[n, k] - low[k])*(high[k] - x[n, k]))"
"""

MIXED_CONSTRAINT = """
symloss: 1
name: mixed
title: A constraint on samples and a table
axes: {n: batch, k: item}
inputs:
  x: {axes: [n, k], role: prediction, domain: real}
  low: {axes: [n], role: target, domain: real}
  high: {axes: [k], role: coefficient, domain: real}
constraints: ["low[n] < high[k]"]
value: "sum[k]((x[n, k] - low[n])*(high[k] - x[n, k]))"
"""

Write = Callable[[str], Kernels]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Kernels:
        path = tmp_path / "loss.yaml"
        path.write_text(text.lstrip(), encoding="utf-8")
        return Kernels(path)

    return make


def test_a_masked_sample_with_a_wild_label_is_not_visited(write: Write) -> None:
    k = write(TABLE)
    k.call(7, "float64", Options("sum", weighted=True, masked=True)).check("value_and_grad")
    x, y, t = np.zeros(4), np.array([0, 10**12, 1, -(10**12)]), np.ones(2)
    mask = np.array([True, False, True, False])
    for entry in ("value", "value_and_grad"):
        found = getattr(k.loss, "__call__" if entry == "value" else entry)(x, y, t, mask=mask, validate=False)
        assert (found if entry == "value" else found[0]) == 1.0
    np.testing.assert_array_equal(k.loss.value_and_grad(x, y, t, mask=mask, reduction="sum")[1], [-2, 0, -2, 0])
    for validate in (True, False):
        with pytest.raises(ValueError, match=r"y\[1\] is 1000000000000"):
            k.loss(x, y, t, validate=validate)


def test_labels_of_other_samples_are_tested_where_they_are_used(write: Write) -> None:
    k = write(OTHERS)
    outcome = k.call(k.distinct, "float64", Options("mean", weighted=True))
    for entry in k.entries:
        outcome.check(entry)
    z, y = np.ones((6, 3)), np.array([0, 1, 2, 0, 1, 10**12])
    for validate in (True, False):
        for call in (k.loss, k.loss.value_and_grad):
            with pytest.raises(ValueError, match=r"y\[5\] is 1000000000000"):
                call(z, y, validate=validate)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WEIGHTED, "samples interact"),
        (SHARED, "terms that share a batch axis"),
        (TABLE_CONSTRAINT, r"no kernel can check.*low\[k\] < high\[k\]"),
    ],
)
def test_what_no_kernel_can_do_is_refused(write: Write, text: str, message: str) -> None:
    with pytest.raises(SymlossError, match=message):
        write(text).loss  # noqa: B018 - loading compiles it


def test_a_constraint_on_samples_and_a_table(write: Write) -> None:
    k = write(MIXED_CONSTRAINT)
    x, low, high = np.zeros((3, 2)), np.array([0.0, 1.0, 0.0]), np.array([0.5, 2.0])
    with pytest.raises(ValueError, match=r"low\[n\] < high\[k\].*sample \[1\]"):
        k.loss(x, low, high)
    assert np.isfinite(k.loss(x, low, high, mask=np.array([True, False, True])))
    assert np.isfinite(k.loss(x, low, high, validate=False))


N, K, J = AxisSymbol("n"), AxisSymbol("k"), AxisSymbol("j")
LABEL, OTHER = Read("y", (N,), True), Read("y", (AxisSymbol("m"),), True)

INDICES = [
    (K, False),
    (J, False),  # a second index over the same axis
    (AxisSymbol("d"), True),
    (LABEL, False),
    (OTHER, True),  # the label of another sample, perhaps not checked yet
    (K + 1, True),
    (SizeSymbol("k") - 1, True),  # nothing, if the axis is empty
    (sympy.Mod(K + 1, SizeSymbol("k")), False),
    (sympy.Mod(K + 1, SizeSymbol("d")), True),
    (sympy.Integer(0), True),  # nothing, if the axis is empty
]


@pytest.mark.parametrize(("index", "guarded"), INDICES)
def test_an_index_that_may_leave_its_axis_is_guarded(index: sympy.Expr, guarded: bool) -> None:
    axes = {name: Axis(name, "batch" if name in "nm" else "class") for name in "nmkd"}
    axes |= {"j": Axis("j", "class", like="k"), "m": Axis("m", "batch", like="n")}
    tensors = {
        "z": Tensor("z", ("n", "k"), "prediction"),
        "y": Tensor("y", ("n",), "target", Domain("index", axis="k")),
    }
    program = Program("odd", axes, tensors, (), {})
    planner = RowPlanner(
        program,
        Kernel("odd", "n"),
        {},
        {},
        Names(),
        lambda read, own: (f"{read.tensor}_chunk" if own else read.tensor, read.integer),
        checked=frozenset({"y"}),
    )
    placed = planner.place_read(Read("z", (N, index)), 1)
    assert isinstance(placed, Guarded) == guarded
    if guarded:
        text = ExpressionPrinter("float32").real(placed)
        assert text.endswith("else f32(np.nan)")
        assert " if " in text
