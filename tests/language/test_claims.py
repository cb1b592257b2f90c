"""Claims become typed records."""

from pathlib import Path

import pytest
import sympy

from symloss.errors import SpecError
from symloss.language import ClaimExpression, ClaimInterval, SpecLibrary, parse_spec
from symloss.program import Domain

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])
BASE = """symloss: 1
name: one
title: T
axes: {n: batch, k: class}
inputs:
  z: {axes: [n, k], role: prediction}
  y: {axes: [n], role: target, domain: "index(k)"}
  w: {axes: [n], role: coefficient, domain: positive, optional: 1}
parameters: {t: {default: 1, domain: positive}}
define: ["s[n, k] = z[n, k]/t"]
value: "w[n]*(logsumexp[k](s[n, k]) - s[n, y[n]])"
"""


def claim(text, base=BASE):
    (found,) = parse_spec(f"{base}claims:\n  - {text}\n", "f.yaml", LIBRARY).claims
    return found


def message(text, base=BASE):
    with pytest.raises(SpecError) as caught:
        claim(text, base)
    return caught.value.message


def test_scope():
    found = claim(
        "{convex: [z, s], when: ['w is default', 't < 2'], for: {t: '(0, 1]', w: 2}, sizes: {k: [2, 3]},"
        " expect: refuted, note: why, witness: {z: [1, 1/2], t: 0.1}}"
    )
    assert found.property == "convex"
    assert found.subject() == ("z", "s")
    assert [condition.text for condition in found.when] == ["w is default", "t < 2"]
    assert found.ranges["t"] == Domain(lower=sympy.S.Zero, upper=sympy.S.One, upper_closed=True)
    assert found.ranges["w"].values == (2,)
    assert found.sizes == {"k": (2, 3)}
    assert found.witness == {"z": (1, sympy.Rational(1, 2)), "t": (sympy.Rational(1, 10),)}
    assert (found.expect, found.note) == ("refuted", "why")
    assert found.text.startswith("convex: [z, s]; when: [w is default, t < 2]")
    assert found.line == BASE.count("\n") + 2


def test_defaults():
    found = claim("{nonnegative: value}")
    assert isinstance(found.subject(), ClaimExpression)
    assert (found.expect, found.when, dict(found.ranges), dict(found.sizes), found.of) == ("holds", (), {}, {}, None)
    assert claim("{convex: z, sizes: {k: every}}").sizes == {"k": None}


def test_interval_or_expression():
    assert isinstance(claim("{maximum: '(1/2, t]'}").subject(), ClaimInterval)
    assert isinstance(claim("{maximum: '(1 + t)*(2 + t)'}").subject(), ClaimExpression)
    bounds = claim("{bounds: 'value', in: '[0, oo)'}").arguments["in"]
    assert (bounds.low.text, bounds.high.text, bounds.low_closed, bounds.high_closed) == ("0", "oo", True, False)


def test_free_axes_of_a_claim():
    assert claim("{nonnegative: 'grad(z)[n, k] + 1'}").subject().axes == ("n", "k")
    assert claim("{zero: 'sum[k](grad(z)[n, k])'}").subject().axes == ("n",)


def test_limit_points():
    points = claim("{limit: value, as: {t: '0+'}, equals: oo}").arguments["as"]
    assert (points["t"].point.text, points["t"].side) == ("0", "+")
    points = claim("{limit: value, as: {t: oo}, equals: 'log(size[k])'}").arguments["as"]
    assert (points["t"].point.text, points["t"].side) == ("oo", "")
    points = claim("{limit: value, as: {t: '-oo'}, equals: 0}").arguments["as"]
    assert (points["t"].point.text, points["t"].side) == ("-oo", "")


def test_a_loss_may_be_compared_with_itself():
    found = claim("{at_most: 'one(a[n, k], y[n]) + one(z[n, k], y[n], t=2*t)', let: {a: {like: z}}}")
    assert [tensor.name for tensor in found.variables] == ["a"]
    assert found.variables[0].axes == ("n", "k")


def test_losses_may_cite_each_other(tmp_path):
    head = "symloss: 1\ntitle: T\naxes: {n: batch}\ninputs: {x: {axes: [n], role: prediction}}\nvalue: 'x[n]'\nname: "
    (tmp_path / "p.yaml").write_text(head + "p\nclaims: [{equals: 'q(x[n])'}]\n")
    (tmp_path / "q.yaml").write_text(head + "q\nclaims: [{equals: 'p(x[n])'}]\n")
    library = SpecLibrary([tmp_path])
    assert library.load("p").claims[0].subject().text == "q(x[n])"
    assert library.load("q").claims[0].subject().text == "p(x[n])"


def test_several_terms_need_of():
    base = """symloss: 1
name: one
title: T
axes: {m: batch, n: batch}
inputs: {a: {axes: [m], role: prediction}, b: {axes: [n], role: prediction}}
terms: {left: "a[m]**2", right: "b[n]"}
"""
    assert message("{convex: a}", base) == "this loss has several terms; say which with `of` (left, right)"
    assert claim("{convex: a, of: left}", base).of.text == "left"
    assert claim("{nonnegative: 'left[m]'}", base).property == "nonnegative"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{gradient: z}", "the claim `gradient` has either `equals` or `in`"),
        ("{gradient: z, equals: 0, in: '[0, 1]'}", "the claim `gradient` has either `equals` or `in`"),
        ("{gradient: z, index: [n], equals: 0}", "`index` has 1 entries; 2 are expected"),
        ("{hessian: z, equals: 0}", "the claim `hessian` needs `index` with 3 indices, the second variable's last"),
        ("{lipschitz: z}", "the claim `lipschitz` needs the key 'constant'"),
        ("{lipschitz: z, constant: 1, norm: 3}", "norm of the claim `lipschitz` is one of 1, 2, max; '3' is given"),
        ("{smooth: z, order: 5}", "order of the claim `smooth` is one of 0, 1, 2, oo; '5' is given"),
        ("{nonnegative: value, of: value}", "the claim `nonnegative` names its expression itself; `of` is not used"),
        ("{invariant: shift}", "shift needs `in`, the inputs that change"),
        ("{invariant: symmetric, in: [z]}", "symmetric exchanges two inputs; `in` names two"),
        ("{invariant: padding, in: {z: 0}}", "padding needs `along`, the axis that gets one more item"),
        (
            "{invariant: padding, in: z, along: k}",
            "`in` of padding is a mapping from inputs to the values of the added item",
        ),
        ("{invariant: shift, in: {z: 0}}", "`in` of shift is a list of inputs"),
        ("{invariant: shift, in: y}", "y is a label, and shift is for numbers"),
        ("{invariant: shift, in: value}", "there is no input, parameter or variable 'value'"),
        ("{invariant: scale, in: t, along: k}", "t does not have the axis k"),
        ("{invariant: rotation, in: z}", "rotation needs `along`, one axis"),
        ("{invariant: permutation, in: [z, y], along: k}", "y does not have the axis k"),
        ("{invariant: translation, in: [z, t]}", "translation is for inputs with the same axes"),
        ("{nonnegative: value, substitute: {y: 0}}", "y is a label; only numbers can be replaced"),
        ("{nonnegative: value, for: {y: 1}}", "y is a label; ranges are for numbers"),
        (
            "{nonnegative: value, for: {z: index(k)}}",
            "the range of z is an interval or a set of numbers; its domain is real",
        ),
        ("{invariant: transformation}", "a transformation needs `under`, a mapping from inputs to expressions"),
        ("{convex: z, for: {t: -1}}", "no value of t lies in this range; its domain is positive"),
        ("{convex: z, sizes: {k: 0}}", "a size is a whole number from 1; '0' is given"),
        ("{convex: z, let: {z: real}}", "'z' exists already"),
        ("{convex: z, when: 'z is default'}", "`is` stands between an optional input or a parameter and `default`"),
        ("{zero: 'grad(y)[n]'}", "y holds labels; there is no derivative with respect to it"),
        ("{zero: 'grad(z)'}", "grad(z) needs indices: grad(z)[n, k]"),
        ("{zero: 'hess(z, z)[n, k]'}", "hess(z, z) has 3 axes, [n, k, k]; 2 indices are given"),
        ("{zero: 'integral[n, 0, 1](n)'}", "n is an axis; integral runs over a real variable"),
        ("{zero_iff: 'value + 1'}", "a condition is expected here, such as i != j; this is a real number"),
        ("{of: value}", "a claim needs a property key such as nonnegative, convex or gradient"),
        ("convex", "a claim is a mapping, as in {…: …}"),
    ],
)
def test_faults(text, expected):
    assert message(text) == expected
