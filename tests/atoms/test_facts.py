"""The stated facts (image, sign, monotone, curvature, parity) at random points, by the mpmath definitions."""

import random

import mpmath
import pytest
import sympy

from symloss.atoms import RECORDS

STRICT = {"increasing": 1, "decreasing": -1}
WEAK = {"nondecreasing": 1, "nonincreasing": -1}


def rows(record, count):
    rng = random.Random(record.name)
    found = []
    while len(found) < count:
        row = [sympy.Rational(rng.randint(-900, 900), rng.choice([60, 200, 400])) for _ in record.arguments]
        if record.name in ("and", "or", "not") or record.arguments[0] == "c":
            row[0] = sympy.S(rng.randint(0, 1))
            row = [sympy.S(rng.randint(0, 1)) for _ in row] if record.name != "where" else row
        if record.name in ("clamp", "inside"):
            row[1:] = sorted(row[1:])
        if all(domain.contains(value) == True for value, domain in zip(row, record.domains, strict=True)):  # noqa: E712
            found.append(row)
    return found


def value(record, row):
    return mpmath.mpf(record.exact(*(mpmath.mpf(entry.p) / entry.q for entry in row)))


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(600):
        yield


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda record: record.name)
def test_image(record):
    low, high = record.image.inf, record.image.sup
    for row in rows(record, 60):
        reached = value(record, row)
        if record.image.is_FiniteSet:
            assert any(reached == mpmath.mpf(member.p) / member.q for member in record.image)
            continue
        for end, side in ((low, 1), (high, -1)):
            if end.is_finite:
                distance = side * (reached - end.evalf(200)._to_mpmath(640))
                assert distance >= (0 if end in record.image else mpmath.mpf(2) ** -500), row


@pytest.mark.parametrize("record", [r for r in RECORDS.values() if any(r.monotone)], ids=lambda record: record.name)
def test_monotone(record):
    for row in rows(record, 40):
        for position, fact in enumerate(record.monotone):
            other = list(row)
            step = sympy.Rational(1, 16) if record.name not in ("and", "or", "not") else 1 - 2 * row[position]
            other[position] = row[position] + step
            ends = record.domains[position].contains(other[position])
            if ends != True or (record.name == "clamp" and other[1] > other[2]):  # noqa: E712
                continue
            rise = (value(record, other) - value(record, row)) * (1 if step > 0 else -1)
            if fact in STRICT:
                assert rise * STRICT[fact] > 0, row
            elif fact in WEAK:
                assert rise * WEAK[fact] >= 0, row
            elif fact == "constant":
                assert rise == 0


@pytest.mark.parametrize("record", [r for r in RECORDS.values() if r.curvature], ids=lambda record: record.name)
def test_curvature(record):
    points = rows(record, 40)
    sign = {"convex": 1, "concave": -1}[record.curvature]
    for a, b in zip(points[::2], points[1::2], strict=True):
        middle = [(p + q) / 2 for p, q in zip(a, b, strict=True)]
        excess = (value(record, a) + value(record, b)) / 2 - value(record, middle)
        assert sign * excess >= -(mpmath.mpf(2) ** -560), (a, b)


@pytest.mark.parametrize("record", [r for r in RECORDS.values() if r.parity], ids=lambda record: record.name)
def test_parity(record):
    sign = {"odd": -1, "even": 1}[record.parity]
    for (x,) in rows(record, 20):
        assert mpmath.almosteq(value(record, [-x]), sign * value(record, [x]), rel_eps=mpmath.mpf(2) ** -550)
