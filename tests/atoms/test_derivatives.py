"""Values and derivatives of the records against mpmath, and against sympy.diff of the textbook form."""

import functools
import random

import mpmath
import numpy as np
import pytest
import sympy
from sympy import Rational, S

from symloss.atoms import RECORDS, constructor_of, record_of

from .precision import DTYPES, evaluate, settled, spread, ulps

DECLARED = ("stop_gradient",)  # the slope is a declaration, not the derivative of the value


def points(record, count, seed):
    """Random rational arguments inside the domains, away from kinks almost surely."""
    rng = random.Random(f"{record.name}{seed}")
    found = []
    while len(found) < count:
        row = []
        for name, domain in zip(record.arguments, record.domains, strict=True):
            value = Rational(rng.randint(-3000, 3000), rng.randint(500, 1500))
            if name == "c":
                value = S(rng.randint(0, 1))
            row.append(value if domain.contains(value) == True else None)  # noqa: E712
        if None not in row and (record.name != "clamp" or row[1] < row[2]):
            found.append(row)
    return found


def number(expression, precision=200):
    with mpmath.workprec(precision):
        return sympy.sympify(expression).evalf(60)._to_mpmath(precision)


def exact(record, row):
    with mpmath.workprec(200):
        return mpmath.mpf(record.exact(*(mpmath.mpf(value.p) / value.q for value in row)))


def close(a, b, digits=40):
    with mpmath.workprec(200):
        return abs(a - b) <= mpmath.mpf(10) ** -digits * max(abs(a), abs(b))


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_the_mpmath_definition_is_the_textbook_definition(record):
    for row in points(record, 8, "value"):
        if record.name in ("and", "or", "not"):
            row = [S(int(bool(value > 0))) for value in row]
        textbook = sympy.sympify(record.textbook(*row))
        assert close(number(textbook), exact(record, row)), row


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_derivatives_against_mpmath(record):
    if record.name in DECLARED or record.name == "polygamma2":
        return
    for row in points(record, 6, "slope"):
        for position, name in enumerate(record.arguments):
            if name in ("c", "s") or (record.name in ("and", "or", "not")):
                continue
            if record.name == "slope_at" and row[1] == 1:
                continue
            stated = number(record.derivative[position](*row))
            with mpmath.workprec(400):
                arguments = [mpmath.mpf(value.p) / value.q for value in row]

                def along(t, position=position, arguments=arguments):
                    return mpmath.mpf(record.exact(*arguments[:position], t, *arguments[position + 1 :]))

                measured = mpmath.diff(along, arguments[position])
            # mpmath differentiates by steps: zero slopes come out as exact zeros, others with half the digits.
            assert close(stated, measured, 25), (row, name)


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_derivatives_against_the_textbook(record):
    if record.name in (*DECLARED, "slope_at", "polygamma2", "and", "or", "not"):
        return
    symbols = sympy.symbols("a b c", real=True)[: record.arity]
    expression = constructor_of(record)(*symbols)
    textbook = sympy.sympify(record.textbook(*symbols))
    for position, symbol in enumerate(symbols):
        if record.arguments[position] == "c":
            continue
        first, reference = expression.diff(symbol), textbook.diff(symbol)
        second_orders = [] if record.name == "trigamma" else [(first.diff(t), reference.diff(t)) for t in symbols]
        for row in points(record, 3, "textbook"):
            values = dict(zip(symbols, row, strict=True))
            for stated, expected in [(first, reference), *second_orders]:
                expected = sympy.sympify(expected).subs(values).doit()
                assert close(number(stated.subs(values)), number(expected), 30), (row, stated)


def in_floats(expression, symbol, column):
    """An expression over one column, by the lowered functions, every operation rounded to the column's dtype."""
    kind = column.dtype.type
    if expression == symbol:
        return column
    if expression.is_number:
        return np.full(column.shape, kind(float(expression)))
    arguments = [in_floats(argument, symbol, column) for argument in expression.args]
    if isinstance(expression, sympy.Add):
        return functools.reduce(np.add, arguments)
    if isinstance(expression, sympy.Mul):
        return functools.reduce(np.multiply, arguments)
    if isinstance(expression, sympy.Pow) and expression.exp == -1:
        return kind(1) / arguments[0]
    if isinstance(expression, sympy.Pow) and expression.exp == -S.Half:
        return kind(1) / np.sqrt(arguments[0])
    return evaluate(record_of(expression).name, kind, arguments)


# Not erf (x² in an exponent is rounded once, which any evaluation must do) and not atan (x² overflows).
TIGHT = (
    *("softplus", "sigmoid", "tanh", "log_cosh", "log1p", "expm1", "exp_tail", "log_tail"),
    *("lgamma", "digamma", "trigamma", "asin", "acos", "abs", "relu", "ramp"),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TIGHT)
def test_lowered_derivatives_are_tight(name, dtype):
    record, symbol = RECORDS[name], sympy.Symbol("x", real=True)
    points = spread(dtype, 240, seed=8)
    low, high = (float(end) for end in (record.domains[0].inf, record.domains[0].sup))
    points = points[(points > low) & (points < high)]
    if name in ("lgamma", "digamma", "trigamma"):
        points = points[(points > 1e-30) & (points < 1e12)]
    derivative = constructor_of(record)(symbol).diff(symbol)
    with np.errstate(all="ignore"):
        computed = in_floats(derivative, symbol, points)
    slope = sympy.lambdify(symbol, derivative, modules=[exact_functions(), "mpmath"])
    errors = [(ulps(y, settled(slope, x), dtype), x) for x, y in zip(points, computed, strict=True)]
    assert max(errors)[0] <= 4, max(errors)


def exact_functions():
    """The mpmath definitions by the names of the classes."""
    return {
        type(constructor_of(record)(*sympy.symbols("a b c")[: record.arity])).__name__: record.exact
        for record in RECORDS.values()
        if record.name not in ("sqrt", "pow")
    }


KINKS = [
    ("abs", (0,), (0,)),
    ("relu", (0,), (0,)),
    ("ramp", (0,), (S.Half,)),
    ("maximum", (2, 2), (S.Half, S.Half)),
    ("minimum", (2, 2), (S.Half, S.Half)),
    ("clamp", (0, 0, 1), (1, 0, 0)),
    ("clamp", (1, 0, 1), (1, 0, 0)),
    ("clamp", (2, 0, 1), (0, 0, 1)),
    ("clamp", (-2, 0, 1), (0, 1, 0)),
    ("sign", (0,), (0,)),
    ("step", (0,), (0,)),
    ("half_step", (0,), (0,)),
]


@pytest.mark.parametrize(("name", "row", "slopes"), KINKS)
def test_slopes_at_kinks(name, row, slopes):
    record = RECORDS[name]
    row = tuple(map(sympy.sympify, row))
    assert record.kink
    assert tuple(derivative(*row) for derivative in record.derivative) == slopes
    # The textbook form, which the oracle differentiates, agrees at the kink itself.
    symbols = sympy.symbols("a b c", real=True)[: record.arity]
    textbook = sympy.sympify(record.textbook(*symbols))
    values = dict(zip(symbols, row, strict=True))
    assert tuple(textbook.diff(symbol).subs(values) for symbol in symbols) == slopes


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_special_values_are_limits_or_values(record):
    for row, value in record.special.items():
        finite = [argument.is_finite for argument in row]
        if not all(finite) or not value.is_finite or record.name == "pow":
            continue
        assert close(number(value), exact(record, row)) or (value == 0 and exact(record, row) == 0)
    for row, value in record.special.items():
        if len(row) != 1 or row[0].is_finite:
            continue
        far = mpmath.mpf(10) ** 12 * (1 if row[0] > 0 else -1)
        with mpmath.workprec(200):
            reached = record.exact(far)
        if value.is_finite:
            assert abs(reached - number(value)) < mpmath.mpf(10) ** -11
        else:
            assert (reached > 20) if value > 0 else (reached < -20)
