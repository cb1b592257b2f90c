import pytest
import sympy

from symloss.verify.feasibility import infeasible
from symloss.verify.identity import vanishes

x, y, g, d = sympy.symbols("x y g d", real=True)
exp, log, where = sympy.exp, sympy.log, lambda c, a, b: sympy.Piecewise((a, c), (b, True))


def sigmoid(u: sympy.Expr) -> sympy.Expr:
    return 1 / (1 + exp(-u))


TRUE = [
    log(exp(x) + exp(y)) - x - log(1 + exp(y - x)),
    sigmoid(x) + sigmoid(-x) - 1,
    log(sigmoid(x)) + log(1 + exp(-x)),
    (1 - sigmoid(x)) ** g - sigmoid(-x) ** g,
    (1 - sigmoid(x)) ** (g - 1) * (1 - sigmoid(x)) - sigmoid(-x) ** g,
    sympy.tanh(x) - 2 * sigmoid(2 * x) + 1,
    sympy.sqrt(x**2 + y**2) ** 3 - (x**2 + y**2) * sympy.sqrt(x**2 + y**2),
    exp(-g * log(1 + exp(x))) - (1 + exp(x)) ** (-g),
    where(x > y, x - y, y - x) - where(y > x, y - x, x - y),
    log(6) - log(2) - log(3),
]
#: False, although a careless rule would say otherwise.
FALSE = [
    sympy.Pow(x**2, sympy.Rational(1, 2), evaluate=False) - x,
    sympy.log(x**2, evaluate=False) - 2 * log(x),
    sigmoid(x) - sigmoid(y),
    where(x > 0, x, 0) - where(x > 0, x, -x),
    where(x > y, 1, 0) - where(x > 0, 1, 0),
    (1 + exp(x)) ** g - (1 + exp(x)) ** (g + sympy.Rational(1, 10**9)),
    exp(x) * sympy.Rational(10**12 + 1, 10**12) - exp(x),
    log(5) - log(2) - log(3),
    x / 0,
]


@pytest.mark.parametrize("expression", TRUE, ids=str)
def test_identities_are_proved(expression: sympy.Expr) -> None:
    assert vanishes(expression)


@pytest.mark.parametrize("expression", FALSE, ids=str)
def test_what_is_false_is_not_proved(expression: sympy.Expr) -> None:
    assert not vanishes(expression)


def test_cases_that_cannot_occur_are_left_out() -> None:
    clamp = where(x < -d, -d, where(x > d, d, x))
    huber = where(where(x < 0, -x, x) <= d, x, d * where(x < 0, -1, where(x > 0, 1, 0)))
    assert vanishes(clamp - huber, {d})
    assert not vanishes(clamp - huber)


def test_feasibility() -> None:
    assert infeasible([x - y, y - x])
    assert infeasible([x, -x - d], {d})
    assert not infeasible([x - y, y - 1])
    assert not infeasible([x * y, -x, -y + 5])
