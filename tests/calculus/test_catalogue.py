"""Every shipped loss: the derivation against the unrolled textbook formula."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symloss.calculus import derive, derive_all_gradients, predictions, real_tensors
from symloss.language import SpecLibrary

from .checking import Comparison

SPECS = Path(__file__).parents[2] / "specs"
LIBRARY = SpecLibrary([SPECS])
#: Losses whose second derivatives unroll to expressions that take SymPy long.
LARGE = ("giou", "nt_xent", "info_nce")
#: Losses that tie samples together, whose Hessian diagonal needs deeper loops than their gradient.
COUPLED = ("nt_xent", "info_nce")


def small_sizes(program):
    """Batches of two and label axes of three; four rows where samples pair up."""
    coupled = any(axis.kind == "batch" and axis.like for axis in program.axes.values())
    lengths = {"batch": 4 if program.name == "nt_xent" else 3 if coupled else 2}
    return {name: axis.size or lengths.get(axis.kind, 2 if coupled else 3) for name, axis in program.axes.items()}


@pytest.mark.parametrize("name", LIBRARY.names())
def test_gradient_by_every_real_input_and_parameter(name):
    program = LIBRARY.load(name, claims=False).program
    comparison = Comparison(program, small_sizes(program), seed=5)
    wanted = {f"grad {x}": comparison.unrolled.gradient(x) for x in real_tensors(program)}
    comparison.agree(derive_all_gradients(program), wanted)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in LIBRARY.names()]
)
def test_second_derivatives(name):
    program = LIBRARY.load(name, claims=False).program
    derivation = derive(program)
    comparison = Comparison(program, small_sizes(program), seed=6)
    comparison.agree(derivation.product, {f"hvp {x}": comparison.unrolled.product(x) for x in predictions(program)})
    if name in COUPLED:
        assert derivation.diagonal is None
        assert "hvp" in derivation.refusal
        return
    comparison.agree(derivation.diagonal, {f"diag {x}": comparison.unrolled.diagonal(x) for x in predictions(program)})


def test_the_same_statements_come_out_under_another_hash_seed():
    script = (
        "from symloss.calculus import derive\n"
        "from tests.calculus.test_catalogue import LIBRARY\n"
        "d = derive(LIBRARY.load('iou', claims=False).program)\n"
        "for p in (d.gradient, d.product, d.diagonal): print(*p.statements, sep='\\n')"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=SPECS.parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert "diag_" in texts[0]
