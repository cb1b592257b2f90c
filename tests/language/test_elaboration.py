"""The statements that a specification becomes, as text."""

import re
from pathlib import Path

import pytest
import sympy

from symloss.errors import SpecError
from symloss.language import SpecLibrary, parse_spec, read_spec
from symloss.program import Read, axes_of

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])
HEAD = """symloss: 1
name: one
title: T
axes: {n: batch, k: class, j: like k, c: {kind: corner, size: 4}}
inputs:
  z: {axes: [n, k], role: prediction}
  x: {axes: [n], role: prediction}
"""
EXTRA = {
    "b": "  b: {axes: [n, c], role: target}\n",
    "y": '  y: {axes: [n], role: target, domain: "index(k)"}\n',
    "ok": "  ok: {axes: [n, k], role: coefficient, domain: boolean}\n",
    "w": "  w: {axes: [k], role: coefficient, optional: 1/2}\n",
    "a": "parameters: {a: {default: 0.1, domain: positive}}\n",
}


def spec_of(value, *extra, define=(), more=""):
    steps = "define:\n" + "".join(f"  - '{step}'\n" for step in define) if define else ""
    used = ["b", "y", "ok", "w", "a"]
    text = HEAD + "".join(EXTRA[name] for name in used if name in extra) + steps + f"value: '{value}'\n" + more
    # j and c are there for whoever needs them.
    for axis, declared in (("j", ", j: like k"), ("c", ", c: {kind: corner, size: 4}")):
        body = text.partition("inputs:")[2]
        if not re.search(rf"[\[ (]{axis}[\],) +]", body):
            text = text.replace(declared, "")
    return parse_spec(text, "f.yaml", LIBRARY)


@pytest.mark.parametrize(
    ("value", "extra", "expected"),
    [
        ("sum[k](z[n, k])*x[n]", (), ["t1[n] = sum[k](z[n, k])", "value[n] = t1[n]*x[n]"]),
        ("sum[k](x[n]*z[n, k])", (), ["value[n] = sum[k](x[n]*z[n, k])"]),
        ("mean[k](x[n]*z[n, k])", (), ["t1[n] = sum[k](x[n]*z[n, k])", "value[n] = t1[n]/size[k]"]),
        ("max[k](x[n]*z[n, k])", (), ["value[n] = max[k](x[n]*z[n, k])"]),
        ("norm[k](x[n]*z[n, k])", (), ["value[n] = norm[k](x[n]*z[n, k])"]),
        (
            "mean[k, ok[n, k]](x[n]*z[n, k])",
            ("ok",),
            [
                "t1[n] = sum[k where ok[n, k]](x[n]*z[n, k])",
                "t2[n] = sum[k where ok[n, k]](1)",
                "value[n] = t1[n]/t2[n]",
            ],
        ),
        (
            "x[n]*sum[k](ok[n, k]*z[n, k])",
            ("ok",),
            ["t1[n] = sum[k](z[n, k]*NotEqual(ok[n, k], 0))", "value[n] = t1[n]*x[n]"],
        ),
        (
            "x[n]*sum[k, j, k != j, z[n, k] < z[n, j]](z[n, j])",
            (),
            [
                "t1[n] = sum[k, j where And(NotEqual(k, j), Less(z[n, k], z[n, j]))](z[n, j])",
                "value[n] = t1[n]*x[n]",
            ],
        ),
        (
            "x[n]*logsumexp[k, not (k == y[n] or z[n, k] >= 1)](z[n, k])",
            ("y",),
            [
                "t1[n] = logsumexp[k where Not(Or(Equal(k, y[n]), LessEqual(1, z[n, k])))](z[n, k])",
                "value[n] = t1[n]*x[n]",
            ],
        ),
        (
            "x[n]*sum[k](softmax[k](z[n, k])*z[n, k])",
            (),
            ["t1[n] = logsumexp[k](z[n, k])", "t2[n] = sum[k](z[n, k]*exp(-t1[n] + z[n, k]))", "value[n] = t2[n]*x[n]"],
        ),
        (
            "sum[k](x[n]*log_softmax[k](exp(z[n, k])))",
            (),
            [
                "t1[n, k] = exp(z[n, k])",
                "t2[n] = logsumexp[k](t1[n, k])",
                "value[n] = sum[k](x[n]*(t1[n, k] - t2[n]))",
            ],
        ),
        (
            "sum[k](x[n]*cumsum[k](z[n, k]))",
            (),
            ["t1[n, k] = sum[_k where LessEqual(_k, k)](z[n, _k])", "value[n] = sum[k](t1[n, k]*x[n])"],
        ),
        (
            "sum[k](x[n]*sort[k](z[n, k])*rank[k](z[n, k]))",
            (),
            [
                "t1[n, k] = sum[_k where Or(Less(z[n, _k], z[n, k]), And(Equal(z[n, _k], z[n, k]), Less(_k, k)))](1)",
                "t2[n, k] = sum[_k2 where Equal(t1[n, _k2], k)](z[n, _k2])",
                "t3[n, k] = "
                "sum[_k3 where Or(Less(z[n, _k3], z[n, k]), And(Equal(z[n, _k3], z[n, k]), Less(_k3, k)))](1)",
                "value[n] = sum[k](t2[n, k]*t3[n, k]*x[n])",
            ],
        ),
        ("x[n]*z[n, y[n]]", ("y",), ["value[n] = x[n]*z[n, y[n]]"]),
        (
            "sum[k](x[n]*z[n, (k + size[k]//2) % size[k]] - z[n, size[k] - 1 - k])",
            (),
            ["value[n] = sum[k](x[n]*z[n, Mod(k + floor(size[k]/2), size[k])] - z[n, -k + size[k] - 1])"],
        ),
        (
            "x[n]*sum[k](z[n, k]) + b[n, 3]*sum[c](b[n, c]*b[n, (c + 2) % 4]) + mean[c](b[n, 3 - c])",
            ("b",),
            [
                "t1[n] = sum[k](z[n, k])",
                "t2[n] = sum[c](b[n, Mod(c + 2, 4)]*b[n, c])",
                "t3[n] = sum[c](b[n, 3 - c])",
                "value[n] = b[n, 3]*t2[n] + t1[n]*x[n] + t3[n]/4",
            ],
        ),
        (
            "sum[k](where(1 < x[n] <= 2, z[n, k], number(k)))",
            (),
            ["value[n] = sum[k](Where(And(Less(1, x[n]), LessEqual(x[n], 2)), z[n, k], k))"],
        ),
        (
            "x[n] + sum[k](max(z[n, k], 0, 1) + clamp(z[n, k], 0, 1))",
            (),
            [
                "t1[n] = sum[k](Clamp(z[n, k], 0, 1) + Maximum(Maximum(z[n, k], 0), 1))",
                "value[n] = t1[n] + x[n]",
            ],
        ),
        ("sqrt(x[n]**2)*sum[k](z[n, k])", (), ["t1[n] = sum[k](z[n, k])", "value[n] = t1[n]*Absolute(x[n])"]),
        ("2*(x[n] - sum[k](z[n, k]))", (), ["t1[n] = sum[k](z[n, k])", "value[n] = 2*(-t1[n] + x[n])"]),
        ("a*x[n]*1e-7*sum[k](z[n, k])", ("a",), ["t1[n] = sum[k](z[n, k])", "value[n] = a*t1[n]*x[n]/10000000"]),
        (
            "x[n]*(sum[k](z[n, k]) + sum[k](z[n, k])**2)",
            (),
            ["t1[n] = sum[k](z[n, k])", "value[n] = x[n]*(t1[n]**2 + t1[n])"],
        ),
    ],
)
def test_statements(value, extra, expected):
    assert [str(s) for s in spec_of(value, *extra).program.statements] == expected


def test_steps_keep_their_names_and_unread_ones_go():
    spec = spec_of(
        "m[n]*x[n] + sum[k](r[n, k])",
        define=["m[n] = logsumexp[k](z[n, k])", "r[n, k] = rank[k](z[n, k])", "idle[n] = m[n]**2"],
        more="claims:\n  - {nonnegative: 'idle[n]'}\n",
    )
    assert [statement.target for statement in spec.program.statements] == ["m", "r", "t2", "value"]
    assert spec.formula.split("\n")[0] == "m[n] = logsumexp[k](z[n, k])"


def test_clamp_slopes_have_the_value_of_clamp():
    for slope in ("pass", "none", "inside"):
        spec = spec_of(f'clamp(x[n], 0, 1, slope="{slope}") + sum[k](z[n, k])')
        body = spec.program.statement("value").body
        for at, value in ((-2, 0), (sympy.Rational(1, 3), sympy.Rational(1, 3)), (5, 1)):
            assert body.xreplace({r: sympy.sympify(at) if r.tensor == "x" else 0 for r in body.atoms(Read)}) == value
    derivative = {}
    for slope in ("pass", "none", "inside"):
        body = spec_of(f'clamp(x[n], 0, 1, slope="{slope}") + sum[k](z[n, k])').program.statement("value").body
        read = next(r for r in body.atoms(Read) if r.tensor == "x")
        derivative[slope] = [body.diff(read).xreplace({read: sympy.Integer(at)}) for at in (-1, 0, 2)]
    assert derivative == {"pass": [1, 1, 1], "none": [0, 0, 0], "inside": [0, 1, 0]}


def test_class_weights_are_the_weight_of_the_sample():
    spec = spec_of("x[n]*z[n, y[n]]", "y", "w")
    assert str(spec.program.sample_weight["value"]) == "w[y[n]]"
    assert spec.tensor("w").default == sympy.Rational(1, 2)
    explicit = spec_of("x[n]*z[n, y[n]]", "y", "w", more="weight: '2*w[y[n]]'\n")
    assert str(explicit.program.sample_weight["value"]) == "2*w[y[n]]"
    read = spec_of("x[n]*z[n, y[n]]*w[y[n]]", "y", "w")
    assert not read.program.sample_weight


def test_labels_are_integer_reads():
    body = spec_of("x[n]*z[n, y[n]]", "y").program.statement("value").body
    gather = next(read for read in body.atoms(Read) if read.tensor == "z")
    assert gather.index[1] == Read("y", (gather.index[0],), True)
    assert not gather.integer


def test_a_whole_batch_statistic_is_one_number():
    spec = spec_of("sum[n](x[n]*sum[k](z[n, k]))")
    assert spec.program.statement("value").out == ()


def test_call_renames_axes_and_binds_parameters():
    spec = spec_of(
        "huber(x[n], 0, delta=a) + sum[k](huber(z[n, k], 1/2)) + softmax_cross_entropy(z[n, j], y[n])",
        "y",
        "a",
    )
    assert [str(s) for s in spec.program.statements] == [
        "huber_e[n] = x[n]",
        "huber_e2[n, k] = z[n, k] - 1/2",
        "t1[n] = "
        "sum[k](Where(LessEqual(Absolute(huber_e2[n, k]), 1), huber_e2[n, k]**2/2, Absolute(huber_e2[n, k]) - 1/2))",
        "softmax_cross_entropy_t1[n] = logsumexp[j](z[n, j])",
        "softmax_cross_entropy_log_p[n, j] = -softmax_cross_entropy_t1[n] + z[n, j]",
        "value[n] = -softmax_cross_entropy_log_p[n, y[n]] + t1[n]"
        " + Where(LessEqual(Absolute(huber_e[n]), a), huber_e[n]**2/2, a*(-a/2 + Absolute(huber_e[n])))",
    ]
    assert spec.uses == ("huber", "softmax_cross_entropy")


def test_call_of_a_coupled_loss_gets_its_second_index():
    text = """symloss: 1
name: both_ways
title: T
axes: {m: batch, f: feature}
inputs:
  a: {axes: [m, f], role: prediction}
  b: {axes: [m, f], role: prediction}
value: "info_nce(a[m, f], b[m, f])/2 + info_nce(b[m, f], 2*a[m, f])/2"
"""
    spec = parse_spec(text, "f.yaml", LIBRARY)
    program = spec.program
    second = [axis for axis in program.axes.values() if axis.like == "m"]
    assert len(second) == 2
    assert all(axis.name.startswith("_") for axis in second)
    assert [s.out for s in program.statements if s.target.endswith("_s")] == [("m", second[0].name)]
    assert str(program.statement("info_nce_s")) == "info_nce_s[m, _m] = 100*info_nce_t3[m, _m]/7"
    assert (
        str(program.statement("info_nce_t3"))
        == "info_nce_t3[m, _m] = sum[f](info_nce_u_hat[m, f]*info_nce_v_hat[_m, f])"
    )


def test_weight_of_a_called_loss_multiplies():
    spec = spec_of("x[n]*softmax_cross_entropy(z[n, j], y[n], class_weight=w[j])", "y", "w")
    assert "w[y[n]]" in str(spec.program.statement("value"))
    assert not spec.program.sample_weight


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*/*.yaml")), ids=lambda path: path.stem)
def test_catalogue_programs_are_well_formed(path):
    spec = read_spec(path, LIBRARY)
    program, known = spec.program, {}
    for tensor in program.tensors.values():
        known[tensor.name] = len(tensor.axes)
    for statement in program.statements:
        for read in statement.reads:
            assert len(read.index) == known[read.tensor], f"{statement} reads {read}"
        free = (axes_of(statement.body) | axes_of(statement.guard)) - set(statement.over)
        assert free <= set(statement.out)
        assert not statement.body.has(sympy.Abs, sympy.Max, sympy.Min, sympy.Piecewise, sympy.Heaviside)
        assert statement.target not in known
        known[statement.target] = len(statement.out)
    assert set(program.outputs.values()) <= set(known)
    assert spec.family == path.parent.name
    assert spec.name == path.stem


NEIGHBOURS = [
    "sum[k, k + 1 < size[k]]((z[n, k + 1] - z[n, k])**2)",
    "sum[k, k != 0]((z[n, k] - z[n, k - 1])**2)",
    "sum[k, 1 <= k < size[k] - 1](abs(z[n, k + 1] - 2*z[n, k] + z[n, k - 1]))",
    "sum[k](where(k == 0, 0, (z[n, k] - z[n, k - 1])**2))",
    "sum[k](where(not (k == 0 or k + 2 > size[k]), z[n, k - 1]*z[n, k + 1], 0))",
    "sum[k, j, j + k < size[k]](z[n, k]*z[n, j + k])",
]


@pytest.mark.parametrize("value", NEIGHBOURS)
def test_an_index_may_leave_its_axis_where_a_guard_or_branch_keeps_it_inside(value):
    assert spec_of(f"x[n]*{value}").program


@pytest.mark.parametrize(
    "value",
    [
        "sum[k, k + 1 < size[k]](z[n, k + 2])",
        "sum[k, k < size[k]](z[n, k + 1])",
        "sum[k, k != 1](z[n, k - 1])",
        "sum[k, k + 1 < size[k] or x[n] > 0](z[n, k + 1])",
        "sum[k](where(k == 0, z[n, k - 1], 0))",
        "sum[k](where(k + 1 < size[k], 0, z[n, k + 1]))",
        # The inner k is another index than the one that the guard speaks of.
        "sum[k, k + 1 < size[k]](sum[k](z[n, k + 1]))",
        "sum[k, k + 1 < size[k], z[n, k + 1] > 0](x[n])",
    ],
)
def test_a_guard_that_does_not_keep_an_index_inside_is_not_enough(value):
    with pytest.raises(SpecError, match="may leave axis k"):
        spec_of(f"x[n]*{value}")
