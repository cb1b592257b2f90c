"""What stands between the loops of losses whose samples interact, and which statements share a loop."""

from pathlib import Path

import numpy as np
import pytest

import symloss
from symloss.calculus import derive
from symloss.language import SpecLibrary, parse_spec
from symloss.lowering import Kernel, build_schedule
from symloss.lowering.prepare import prepare
from symloss.program import exact_arithmetic

LIBRARY = SpecLibrary([Path(__file__).parents[2] / "specs"])


def schedule(name, entry, outputs, **options):
    """The schedule of some outputs of a shipped loss."""
    derivation = derive(LIBRARY.load(name, claims=False).program)
    with exact_arithmetic():
        return build_schedule(getattr(derivation, entry), entry, outputs, "float64", **options)


def kernels(found):
    return [step for step in found.steps if isinstance(step, Kernel)]


def reads(kernel):
    return {argument.name for argument in kernel.arguments if not argument.written}


def test_a_number_that_another_sample_reads_is_kept():
    """Not computed anew from the similarities, which would have to live until the last loop."""
    found = schedule("nt_xent", "gradient", ("grad z",))
    last = kernels(found)[-1]
    assert "d_t3_others" in reads(last) & set(found.buffers)
    assert not any(len(axes) == 2 and axes[0] == axes[1] for axes in map(_batches(found), reads(last)))


def _batches(found):
    """By array its axes that count samples, by their length."""
    tensors = found.program.tensors
    return lambda name: tuple(
        found.program.root(axis)
        for axis in (tensors[name].axes if name in tensors else found.buffers.get(name, ()))
        if found.program.axes[found.program.root(axis)].kind == "batch"
    )


def test_what_one_loop_reads_and_writes_is_not_kept():
    found = schedule("nt_xent", "gradient", ("value", "grad z"))
    written = {argument.name for kernel in kernels(found) for argument in kernel.arguments if argument.written}
    assert not {"t3_others__rest", "t3_others__share"} & written


def test_the_norm_of_a_measured_input_has_no_scale_of_its_own():
    found = schedule("nt_xent", "gradient", ("value", "grad z"))
    assert not [name for name in found.buffers if name.endswith("__largest")]


RATIO = """
symloss: 1
name: ratio
title: Cosine times the share of a norm
axes: {n: batch, d: feature}
inputs:
  a: {axes: [n, d], role: prediction, domain: real}
  b: {axes: [n, d], role: target, domain: real}
value: "sum[d](a[n, d]*b[n, d])/norm[d](a[n, d])/(norm[d](a[n, d]) + norm[d](b[n, d]))"
"""


def test_a_norm_beside_larger_inputs_of_its_unit_has_a_scale(tmp_path):
    """In the unit of the larger input the smaller one's squares may be 0."""
    path = tmp_path / "ratio.yaml"
    path.write_text(RATIO, encoding="utf-8")
    with exact_arithmetic():
        program = prepare(derive(parse_spec(RATIO).program).stable, ["value"])
    targets = {statement.target for statement in program.statements}
    assert "_unit0" in targets
    assert {target.split("__")[1] for target in targets if "__" in target} >= {"largest", "scale"}
    small, large = np.full((1, 3), 2.0**-700), np.full((1, 3), 2.0**300)
    assert symloss.load(path)(small, large) == pytest.approx(1, rel=1e-14)


def test_statements_that_share_no_array_have_loops_of_their_own():
    both = [reads(kernel) & {"u", "v"} for kernel in kernels(schedule("info_nce", "gradient", ("grad u", "grad v")))]
    apart = schedule("info_nce", "gradient", ("grad u", "grad v"), apart=True)
    assert {"u", "v"} in both
    assert {"u", "v"} not in [reads(kernel) & {"u", "v"} for kernel in kernels(apart)]


@pytest.mark.parametrize(
    ("name", "entry", "outputs"),
    [
        ("mae", "diagonal", ("grad pred", "diag pred")),
        ("wgan_critic", "gradient", ("real", "fake", "grad f_real", "grad f_fake")),
    ],
)
def test_constants_and_weights_are_no_reason_for_a_loop_more(name, entry, outputs):
    together = schedule(name, entry, outputs)
    assert len(kernels(schedule(name, entry, outputs, apart=True))) == len(kernels(together))
