from collections.abc import Callable
from pathlib import Path

import pytest
from mpmath import exp, mp, mpf

from symloss.build.magnitudes import magnitudes, underflows
from symloss.language import parse_spec, read_spec
from symloss.oracle import evaluate

from .conftest import SPEC

Write = Callable[..., Path]
X, Y = mpf("-1.5"), mpf("0.75")


@pytest.mark.parametrize(
    ("value", "magnitude", "underflow"),
    [
        ("pred[n] - target[n]", abs(X) + abs(Y), 0),
        # The product is a step, the exponential another, which a factor multiplies.
        ("100*pred[n]*exp(target[n])", 100 * abs(X) * exp(Y), 1 + 100 * abs(X)),
        ("exp(pred[n]) - exp(target[n])", exp(X) + exp(Y), 2),
        ("exp(pred[n])**3*target[n]", exp(3 * X) * Y, 1 + Y),
        ("where(pred[n] < target[n], 7*exp(pred[n]), target[n])", 7 * exp(X), 1 + 7),
    ],
)
def test_what_rounding_and_underflow_can_do(write_spec: Write, value: str, magnitude: mpf, underflow: mpf) -> None:
    program = read_spec(write_spec(value=value)).program
    arrays = {"pred": [X], "target": [Y]}
    for made, expected in ((magnitudes, magnitude), (underflows, underflow)):
        found = evaluate(made(program, ["value"]), {"n": 1}, arrays, precision=80)["value"][(0,)]
        with mp.workprec(80):
            assert abs(found - expected) <= mpf(2) ** -50 * expected


def test_steps_of_other_statements_are_multiplied_too() -> None:
    """Each exponential in a sum is a step; the product of the sum with other numbers multiplies them all."""
    text = SPEC.format(name="mine", title="Mine", value="1000*t[n]*pred[n]")
    text += 'define: ["t[n] = exp(pred[n]) + exp(target[n])"]\n'
    program = parse_spec(text).program
    found = evaluate(underflows(program, ["value"]), {"n": 1}, {"pred": [X], "target": [Y]}, precision=80)
    assert found["value"][(0,)] == 1 + 1000 * abs(X) * 2
