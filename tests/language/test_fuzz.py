"""Whatever text is given, the only exception is SpecError, and its place lies in the text."""

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symloss.errors import SpecError
from symloss.language import SpecLibrary, parse_spec

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = SpecLibrary([ROOT / "specs"])
GOOD = [path.read_text() for path in sorted((ROOT / "specs").glob("*/*.yaml"))]
HEAD = """symloss: 1
name: one
title: T
axes: {n: batch, k: class, j: like k, c: {kind: corner, size: 4}}
inputs:
  z: {axes: [n, k], role: prediction}
  x: {axes: [n], role: prediction}
  b: {axes: [n, c], role: target}
  y: {axes: [n], role: target, domain: "index(k)"}
  ok: {axes: [n, k], role: coefficient, domain: boolean}
parameters: {delta: {default: 1, domain: positive}}
"""
TOKENS = [
    "z",
    "x",
    "b",
    "y",
    "ok",
    "n",
    "k",
    "j",
    "c",
    "delta",
    "size",
    "pi",
    "oo",
    "0",
    "1",
    "2",
    "0.5",
    "1e3",
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<",
    "<=",
    "==",
    "!=",
    "and",
    "or",
    "not",
    "where",
    "softmax",
    "sum",
    "mean",
    "max",
    "min",
    "logsumexp",
    "norm",
    "cumsum",
    "sort",
    "rank",
    "exp",
    "log",
    "abs",
    "clamp",
    "slope",
    "huber",
    "number",
    "is",
    "default",
    "grad",
    "hess",
    "=",
    "z[n,k]",
    "x[n]",
    "b[n,0]",
    "z[n,y[n]]",
    "ok[n,k]",
    "sum[k](",
    "sum[k,ok[n,k]](",
    "sort[k](",
    "term",
    '"real"',
    ".",
    ":",
    "'",
    '"',
    "value",
    "integral",
    "all",
]
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def fault_of(text):
    try:
        parse_spec(text, "f.yaml", LIBRARY)
    except SpecError as error:
        return error
    return None


def attempt(text):
    error = fault_of(text)
    if error is not None:
        assert error.line >= 1
        assert error.column >= 1
        assert len(str(error)) < 2000
        assert "\n" not in error.message


@RELAXED
@given(st.text(max_size=200))
def test_any_text(text):
    attempt(text)
    attempt("symloss: 1\n" + text)


@RELAXED
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join))
def test_any_tokens_as_value(expression):
    attempt(HEAD + f"value: |-\n  {expression}\n")


@RELAXED
@given(
    st.lists(st.sampled_from(TOKENS), max_size=8).map(" ".join),
    st.sampled_from(["zero", "equals", "zero_iff", "limit"]),
)
def test_any_tokens_as_claim(expression, key):
    attempt(HEAD + f'value: "x[n]*delta"\nclaims:\n  - {key}: |-\n      {expression}\n    as: {{x: 0}}\n')


LEAF = st.sampled_from(
    [
        "x[n]",
        "delta",
        "sum[k](z[n, k])",
        "z[n, y[n]]",
        "b[n, 2]",
        "0",
        "1",
        "2",
        "0.5",
        "-3",
        "pi",
        "size[k]",
        "mean[k](z[n, k])",
    ]
)


def grown(inner):
    one = st.sampled_from(
        ["exp", "log", "sqrt", "abs", "lgamma", "acos", "log2", "atan", "softplus", "stop_gradient", "digamma"]
    )
    return st.one_of(
        st.tuples(one, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda p: f"({p[0]}){p[1]}({p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"where({p[0]} < {p[1]}, {p[1]}, {p[0]})"),
        st.tuples(inner, inner).map(lambda p: f"xlogy({p[0]}, max({p[1]}, 1))"),
        st.tuples(inner, inner).map(lambda p: f"huber({p[0]}, {p[1]})"),
        inner.map(lambda p: f"clamp({p}, 0, 1)"),
    )


@RELAXED
@given(st.recursive(LEAF, grown, max_leaves=8))
def test_well_formed_expressions(expression):
    attempt(HEAD + f'value: "{expression}"\n')


@RELAXED
@given(st.sampled_from(GOOD), st.data())
def test_mutated_specifications(text, data):
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 3))
        text = (
            text[:at]
            + data.draw(st.text(st.sampled_from("[]{}(),:-\"'#&*|> \n\taz09.=<"), max_size=3))
            + text[at + length :]
        )
    attempt(text)


@RELAXED
@given(st.binary(max_size=200))
def test_any_bytes(data):
    from symloss.language.document import decode

    with contextlib.suppress(SpecError):
        attempt(decode(b"symloss: 1\n" + data, "f.yaml"))
