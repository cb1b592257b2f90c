"""Closed terms against the interpreter, and their derivatives against SymPy on the written-out formula."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy

from symloss.build.sources import catalogue
from symloss.language import SpecLibrary
from symloss.language.claims import Claim
from symloss.oracle import Interpreter, Unrolled
from symloss.program import AxisSymbol, Read, exact_arithmetic
from symloss.proof.arithmetic import Enclosure
from symloss.proof.claim_terms import ClaimTerms
from symloss.proof.goals import Always, Goal
from symloss.proof.problems import _Unrolling
from symloss.runtime.locations import data_folder

LIBRARY = SpecLibrary([data_folder("specs")])
LOSSES = [
    "huber",
    "bce_with_logits",
    "softmax_cross_entropy",
    "focal",
    "dice",
    "triplet_margin",
    "info_nce",
    "kl_gaussian",
]


def _flat(spec, term, axes, sizes, labels):
    goal = Goal(spec.name, "", Always(sympy.S.One), spec.program.tensors, spec.program.axes)
    with exact_arithmetic():
        return _Unrolling(goal, sizes, labels, axes).term(term)


def _number(value) -> float:
    return float(value) if isinstance(value, Fraction) else float(value.mid)


def _point(spec, sizes, seed):
    draw = random.Random(seed)
    arrays = {}
    for tensor in spec.program.tensors.values():
        index = [()]
        for axis in tensor.axes:
            size = spec.program.axes[spec.program.root(axis)].size or sizes[spec.program.root(axis)]
            index = [(*i, j) for i in index for j in range(size)]
        if tensor.domain.integer:
            size = sizes.get(spec.program.root(tensor.domain.axis), 2)
            values = {i: draw.randrange(size) for i in index}
        elif tensor.domain.kind == "set":
            values = {i: Fraction(int(draw.choice(tensor.domain.values))) for i in index}
        elif tensor.role == "parameter":
            values = {(): Fraction(int(tensor.default.p), int(tensor.default.q))}
        elif tensor.domain.lower == 0:
            values = {i: Fraction(draw.randint(1, 63), 64) for i in index}
        else:
            values = {i: Fraction(draw.randint(-64, 64), 32) for i in index}
        arrays[tensor.name] = values
    return arrays


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients_are_those_of_the_oracle(name: str) -> None:
    spec = LIBRARY.read(catalogue()[name])
    sizes = {axis: 3 if one.kind == "batch" else 2 for axis, one in spec.program.axes.items() if one.like is None}
    arrays = _point(spec, sizes, 7)
    program = spec.program
    claim = Claim("nonnegative", {}, None)
    terms = ClaimTerms(spec, claim)
    fixed = {Read(t.name, i, t.domain.integer): v for t in program.tensors.values() for i, v in arrays[t.name].items()}
    finite = {name for name, tensor in program.tensors.items() if tensor.domain.integer or tensor.domain.kind == "set"}
    labels = {read: v for read, v in fixed.items() if read.tensor in finite}
    point = {read: v for read, v in fixed.items() if read not in labels}
    oracle = Interpreter(program).evaluate(sizes, arrays, {}, precision=200)["value"]
    value = terms.read("value").term
    (batch,) = program.statement("value").out
    for place, expected in oracle.items():
        flat = _flat(spec, value, {batch: place[0]}, sizes, labels)
        assert _number(Enclosure(point, 120).value(flat)) == pytest.approx(float(expected), rel=1e-13)
    unrolled = Unrolled(program, sizes, {n: arrays[n] for n in arrays if program.tensors[n].domain.integer})
    for tensor in spec.predictions:
        slopes = unrolled.gradient(tensor.name)
        # The oracle's seeds are 1; intrinsic weights are part of the total.
        with exact_arithmetic():
            gradient = terms.derivative((tensor.name,))
            term = terms._finished(Read(gradient, tuple(AxisSymbol(a) for a in tensor.axes)), ()).term
        if program.sample_weight:
            continue
        expected = unrolled.evaluate({"g": slopes}, {n: arrays[n] for n in arrays})["g"]
        for place, slope in expected.items():
            flat = _flat(spec, term, dict(zip(tensor.axes, place, strict=True)), sizes, labels)
            assert _number(Enclosure(point, 120).value(flat)) == pytest.approx(float(slope), rel=1e-12, abs=0)


def test_a_power_that_comes_out_as_0_is_1() -> None:
    x, p = Read("x"), Read("p")
    with exact_arithmetic():
        term = (1 + sympy.exp(x)) ** p
    assert Enclosure({x: Fraction(1), p: Fraction(0)}, 120).value(term) == 1
