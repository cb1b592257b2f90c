"""Values that two precisions agree on and that are wrong all the same; errors that hold the truth."""

import random
from fractions import Fraction

import mpmath
import pytest
import sympy
from mpmath import mp, mpf

from symloss.atoms import Equal, Less, Maximum, Where
from symloss.atoms.record import RECORDS
from symloss.oracle import evaluate_adaptively
from symloss.oracle.balls import Run, atom_function, ball, divide, exponential, logarithm, power

from .test_interpreter import X, Z, elementwise, program, rowwise


def value(body, x, **options):
    return evaluate_adaptively(elementwise(body), {}, {"x": [x]}, **options)["value"][0,]


def agrees(got, wanted):
    assert abs(got - wanted) <= mpf(10) ** -20 * abs(wanted), f"{got} is not {wanted}"


TEXTBOOK_SIGMOID = 1 / (1 + sympy.exp(-X))


@pytest.mark.parametrize("x", [40, 300, 700, -300])
def test_the_slope_of_a_textbook_sigmoid_is_never_0(x):
    # 1 - s is 0 at every precision below 430 bits, and two of them agree.
    got = value(TEXTBOOK_SIGMOID * (1 - TEXTBOOK_SIGMOID), x)
    with mp.workprec(2000):
        agrees(got, mp.exp(-abs(mpf(x))) / (1 + mp.exp(-abs(mpf(x)))) ** 2)


@pytest.mark.parametrize("x", [300, 3000])
def test_a_logarithm_of_what_was_swallowed_is_finite(x):
    with mp.workprec(9000):
        agrees(value(sympy.log(1 - TEXTBOOK_SIGMOID), x, digits=25), -mp.log1p(mp.exp(mpf(x))))


def test_a_difference_of_logsumexps_shows_the_smallest_item():
    made = program(*rowwise("logsumexp").statements[:1])
    got = evaluate_adaptively(made, {}, {"z": [[0, -400]]})["value"][0,]
    with mp.workprec(2000):
        agrees(got, mp.log1p(mp.exp(mpf(-400))))


def test_a_branch_that_hangs_on_a_swallowed_term_is_taken():
    assert value(Where(Less(1, 1 + sympy.exp(X)), 7, 5), -300) == 7
    assert value(Where(Equal(sympy.exp(X), sympy.exp(X) + sympy.exp(2 * X)), 7, 5), -300) == 5
    assert value(Maximum(0, TEXTBOOK_SIGMOID - 1), 300) == 0


def test_sides_that_are_equal_count_as_equal():
    third = Fraction(1, 3)
    assert value(Where(Equal(sympy.sqrt(X) * sympy.sqrt(X), X), 7, 5), third) == 7
    assert value(Where(Less(sympy.log(sympy.exp(X)), X), 7, 5), third) == 5
    assert value(sympy.log(sympy.exp(X)) - X, third) == 0


def test_equal_items_tie_without_thousands_of_bits():
    made = rowwise("max", sympy.exp(Z))
    with mp.workprec(200):
        agrees(evaluate_adaptively(made, {}, {"z": [[1, 1, -3]]}, limit=300)["value"][0,], mp.e)


def test_a_quotient_by_what_may_be_0_does_not_settle():
    with pytest.raises(ArithmeticError, match="unsettled"):
        value(1 / (1 - TEXTBOOK_SIGMOID), 3000, limit=2000)
    with mp.workprec(9000):
        agrees(value(1 / (1 - TEXTBOOK_SIGMOID), 3000), 1 + mp.exp(mpf(3000)))


# --- errors hold the truth -------------------------------------------------------------------------------------------

BASIC = {
    "sum": (2, lambda a, b: a + b, lambda a, b: a + b),
    "difference": (2, lambda a, b: a - b, lambda a, b: a - b),
    "product": (2, lambda a, b: a * b, lambda a, b: a * b),
    "quotient": (2, divide, lambda a, b: a / b),
    "exponential": (1, exponential, mp.exp),
    "logarithm": (1, logarithm, mp.log),
    "cube": (1, lambda a: power(a, 3), lambda a: a**3),
    "inverse square": (1, lambda a: power(a, -2), lambda a: a**-2),
    "root": (1, lambda a: power(a, Fraction(1, 2)), mp.sqrt),
    "power": (2, power, lambda a, b: a**b),
}
SKIPPED = ("where", "less", "less_equal", "equal", "not_equal", "and", "or", "not", "polygamma2", "clamp")
FUNCTIONS = BASIC | {
    name: (record.arity, atom_function(record), record.exact)
    for name, record in RECORDS.items()
    if name not in SKIPPED and record.name not in ("exp", "log", "sqrt", "pow", "sin", "cos")
}


def test_the_table_of_functions_is_not_empty():
    assert len(FUNCTIONS) > 40


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_of_a_function_of_inexact_arguments_holds_the_truth(name):
    arity, function, exact = FUNCTIONS[name]
    generator = random.Random(name)
    compared = 0
    for _ in range(60):
        given = [_argument(generator) for _ in range(arity)]
        with Run(80):
            # A third of three times the argument is inexact in 80 bits, and the argument again beyond them.
            inexact = [divide(ball(x) * ball(Fraction(1, 3)) * 7, Fraction(7, 3)) for x in given]
            found = function(*inexact)
        with mp.workprec(700):
            try:
                truth = exact(*(mpf(x.numerator) / x.denominator for x in given))
            except (ValueError, ZeroDivisionError):
                continue
            if not mp.isfinite(truth) or isinstance(truth, mpmath.mpc):
                continue
            compared += 1
            assert found.error is None or found.error > 1000 or abs(found.value - truth) <= mp.ldexp(1, found.error)
            assert found.error is not None or found.value == truth
    assert compared > 20


def _argument(generator):
    share = Fraction(generator.randint(1, 1 << 40), 1 << 40)
    return share if generator.random() < 0.5 else share * generator.choice((7, 40, Fraction(1, 1 << 30)))
