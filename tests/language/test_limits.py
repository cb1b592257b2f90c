"""Texts made to exhaust a parser are refused within a second, on bytes and tokens alone."""

import time

import pytest

from symloss.errors import SpecError
from symloss.language import SpecLibrary, parse_spec, read_spec

HEAD = """symloss: 1
name: one
title: T
axes: {n: batch, k: class}
inputs: {x: {axes: [n, k], role: prediction}}
"""


def refuse(text):
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "f.yaml", SpecLibrary())
    assert time.process_time() - start < 1
    return caught.value.message


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("(" * 10_000, "16384|nested more than 64"),
        ("(" * 5_000 + "x" + ")" * 5_000, "nested more than 64"),
        ("[" * 65, "nested more than 64"),
        ("-" * 10_000 + "1", "nested more than 64"),
        ("not " * 3_000 + "1", "nested more than 64"),
        ("1**" * 4_000 + "1", "nested more than 64"),
        ("exp(" * 65 + "1" + ")" * 65, "nested more than 64"),
        ("x" * 20_000, "16384"),
        ("1" * 10_000, "60 digits"),
        ("1e" + "9" * 5_000, "exponent"),
        ("10**10**10", "constant exponent"),
        ("((((10**60)**60)**60)**60)**60", "too large"),
        ("2**500*2**500*2**500*2**500*2**500*2**500*2**500*2**500*2**500", "too large"),
        ("lgamma(1e300)", "too large"),
        ("exp(exp(exp(100)))", "too large"),
        ("sum[k](x[n, k])*(exp(exp(exp(exp(9)))) < 2)", "too large"),
        ("acos(pi)", "outside the domain"),
        ("log(1 - pi)", "outside the domain"),
        ("pi**0.5 + (1 - pi)**0.5", "not a real number"),
    ],
)
def test_expression_is_bounded(expression, message):
    import re

    assert re.search(message, refuse(HEAD + f'value: "{expression}"\n'))


def test_a_long_sum_is_no_deep_nest():
    spec = parse_spec(HEAD + 'value: "' + " + ".join(["sum[k](x[n, k])"] * 900) + '"\n', "f.yaml", SpecLibrary())
    assert str(spec.program.statements[-1]) == "value[n] = 900*t1[n]"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "? " * 50_000,
        "\n".join(" " * i + "a:" for i in range(600)),
        "a: &a [1]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(1000)),
        "symloss: 1\nname: " + "x" * 200_000,
        "symloss: 1\n" + "a: 1\n" * 40_000,
        '"' + "\\x41" * 50_000,
        "symloss: 1\n" + "define:\n" + '  - "' + "a" * 16_000 + '"\n' * 15,
        "!" * 100_000,
        "%YAML 9.9\n---\na: 1\n",
        "\x00",
        "symloss: 1\nname: \ud800\n",
        "symloss: 1\r\nname: \u2028\n",
    ],
)
def test_document_is_bounded(text):
    refuse(text)


def test_ten_megabytes(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"symloss: 1\n" + b"#" * 10_000_000)
    start = time.process_time()
    with pytest.raises(SpecError, match="10000011 bytes"):
        read_spec(path, SpecLibrary())
    assert time.process_time() - start < 1
    with pytest.raises(SpecError, match="262144"):
        parse_spec("#" * 10_000_000, "f.yaml", SpecLibrary())


@pytest.mark.parametrize(
    "attack", ["__import__('os')", "x.__class__", "open('f')", "(x := 1)", "[i for i in x]", "x if x else x", "f'{x}'"]
)
def test_nothing_of_python_is_evaluated(attack):
    refuse(HEAD + "value: |\n  " + attack + "\n")
