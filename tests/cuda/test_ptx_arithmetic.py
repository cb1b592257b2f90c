"""Arithmetic of the PTX interpreter against results worked out by hand or with exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.cuda.programs import per_thread

INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(20)


def bits(values, width=4):
    return np.asarray(values, f"f{width}").view(f"u{width}").tolist()


# -- integers


@pytest.mark.parametrize(
    ("code", "kind", "a", "b", "result"),
    [
        ("add.u32 %x, %a, %b;", "u4", 2**32 - 1, 3, 2),
        ("sub.s32 %x, %a, %b;", "i4", -(2**31), 1, 2**31 - 1),
        ("add.sat.s32 %x, %a, %b;", "i4", 2**31 - 1, 1, 2**31 - 1),
        ("sub.sat.s32 %x, %a, %b;", "i4", -(2**31), 1, -(2**31)),
        ("mul.lo.s32 %x, %a, %b;", "i4", 123456, 654321, np.int64(123456 * 654321).astype("i4")),
        ("mul.hi.s32 %x, %a, %b;", "i4", -123456, 654321, (-123456 * 654321) >> 32),
        ("mul.hi.u32 %x, %a, %b;", "u4", 2**32 - 1, 2**32 - 1, 2**32 - 2),
        ("mul.hi.u64 %x, %a, %b;", "u8", 2**64 - 1, 2**64 - 1, 2**64 - 2),
        ("mul.hi.s64 %x, %a, %b;", "i8", -(2**62) - 12345, 987654321987, ((-(2**62) - 12345) * 987654321987) >> 64),
        ("mul24.lo.u32 %x, %a, %b;", "u4", 0xFF000005, 0x01000007, 35),
        ("div.s32 %x, %a, %b;", "i4", -7, 2, -3),
        ("div.s32 %x, %a, %b;", "i4", 7, -2, -3),
        ("div.u32 %x, %a, %b;", "u4", 2**32 - 7, 2, 2**31 - 4),
        ("rem.s32 %x, %a, %b;", "i4", -7, 2, -1),
        ("rem.s32 %x, %a, %b;", "i4", 7, -2, 1),
        ("rem.u64 %x, %a, %b;", "u8", 2**64 - 1, 10, 5),
        ("min.s32 %x, %a, %b;", "i4", -1, 1, -1),
        ("min.u32 %x, %a, %b;", "u4", 2**32 - 1, 1, 1),
        ("max.s64 %x, %a, %b;", "i8", -5, -9, -5),
        ("sad.u32 %x, %a, %b, 10;", "u4", 3, 8, 15),
        ("sad.s32 %x, %a, %b, 10;", "i4", -3, 8, 21),
        ("mad.lo.s32 %x, %a, %b, 7;", "i4", -3, 8, -17),
        ("mad.hi.u32 %x, %a, %b, 7;", "u4", 2**31, 6, 10),
        ("add.s16 %x, %a, %b;", "i2", 2**15 - 1, 1, -(2**15)),
    ],
)
def test_integer_operations(code, kind, a, b, result):
    values = np.array([a], kind), np.array([b], kind)
    assert per_thread(code, kind, *values).tolist() == [result]


@pytest.mark.parametrize(
    ("code", "given", "wanted", "a", "b", "result"),
    [
        ("mul.wide.s32 %x, %a, %b;", "i4", "i8", -(2**31), 2**31 - 1, -(2**31) * (2**31 - 1)),
        ("mul.wide.u32 %x, %a, %b;", "u4", "u8", 2**32 - 1, 2**32 - 1, (2**32 - 1) ** 2),
        ("mul.wide.u16 %x, %a, %b;", "u2", "u4", 65535, 65535, 65535**2),
        ("mad.wide.s32 %x, %a, %b, -1;", "i4", "i8", -3, 5, -16),
    ],
)
def test_wide_products(code, given, wanted, a, b, result):
    values = np.array([a], given), np.array([b], given)
    assert per_thread(code, wanted, *values).tolist() == [result]


@pytest.mark.parametrize(
    ("code", "kind", "a", "result"),
    [("abs.s32 %x, %a;", "i4", -7, 7), ("neg.s32 %x, %a;", "i4", 7, -7), ("neg.s64 %x, %a;", "i8", -(2**40), 2**40)],
)
def test_integer_signs(code, kind, a, result):
    assert per_thread(code, kind, np.array([a], kind)).tolist() == [result]


def test_high_products_agree_with_python():
    a, b = (RNG.integers(-(2**63), 2**63 - 1, 500) for _ in range(2))
    assert per_thread("mul.hi.s64 %x, %a, %b;", "i8", a, b).tolist() == [
        (int(x) * int(y)) >> 64 for x, y in zip(a, b, strict=True)
    ]


def test_carries_run_through_words():
    """128-bit a·b + c in 64-bit words, as libdevice does it in 32-bit ones."""
    a, b, c = (RNG.integers(0, 2**64 - 1, 200, dtype="u8") for _ in range(3))
    code = "mad.lo.cc.u64 %l5, %a, %b, %c; madc.hi.u64 %x, %a, %b, 0;"
    expected = [(int(x) * int(y) + int(z)) >> 64 for x, y, z in zip(a, b, c, strict=True)]
    assert per_thread(code, "u8", a, b, c).tolist() == expected
    code = "sub.cc.u64 %l5, %a, %b; subc.u64 %x, %c, 0;"
    expected = [(int(z) - int(x < y)) % 2**64 for x, y, z in zip(a, b, c, strict=True)]
    assert per_thread(code, "u8", a, b, c).tolist() == expected
    code = "add.cc.u64 %l5, %a, %b; addc.cc.u64 %l6, %c, -1; addc.u64 %x, 0, 0;"
    expected = [int((int(x) + int(y) >> 64) + int(z) + 2**64 - 1 >= 2**64) for x, y, z in zip(a, b, c, strict=True)]
    assert per_thread(code, "u8", a, b, c).tolist() == expected


# -- floats


def directed(exact, mode, kind):
    """A fraction rounded to float32 or float64 by comparing with neighbours, with no code of the interpreter."""
    dtype = np.dtype(kind).type
    beyond = Fraction(2) ** {"f4": 128, "f8": 1024}[kind]
    largest = float(np.finfo(kind).max)
    if abs(exact) >= beyond:
        grows = mode == "rn" or mode == ("rp" if exact > 0 else "rm")
        return math.copysign(INF if grows else largest, 1 if exact > 0 else -1)
    # Infinity takes part as the number that would follow the largest one.
    near = dtype(min(max(exact, -largest), largest))

    def value(x):
        return Fraction(float(x)) if np.isfinite(x) else beyond * (1 if x > 0 else -1)

    candidates = sorted({float(x) for x in (np.nextafter(near, dtype(-INF)), near, np.nextafter(near, dtype(INF)))})
    below = [x for x in candidates if value(x) <= exact]
    above = [x for x in candidates if value(x) >= exact]
    low, high = max(below), min(above)
    if mode == "rm":
        return low
    if mode == "rp":
        return high
    if mode == "rz":
        return low if exact > 0 else high
    if low == high:
        return low
    left, right = exact - value(low), value(high) - exact
    if left != right:
        return low if left < right else high
    even = int(dtype(low).view(f"u{dtype().itemsize}")) % 2 == 0
    return low if even else high


def samples(kind, count):
    """Values of very different size, with many cancellations and ties among them."""
    small = RNG.integers(-8, 9, count) * 2.0 ** RNG.integers(-3, 4, count)
    wild = RNG.standard_normal(count) * 2.0 ** RNG.integers(-60, 60, count)
    return np.where(RNG.random(count) < 0.4, small, wild).astype(kind)


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "fma"])
def test_results_are_rounded_once(name, kind, mode):
    a, b, c = (samples(kind, 300) for _ in range(3))
    b[b == 0] = 1
    # Results near the middle between two neighbours, where a second rounding goes wrong.
    c[:100] = -(a[:100].astype("f8") * b[:100]).astype(kind)
    suffix = {"f4": "f32", "f8": "f64"}[kind]
    operation = {
        "add": lambda x, y, z: x + y,
        "sub": lambda x, y, z: x - y,
        "mul": lambda x, y, z: x * y,
        "div": lambda x, y, z: x / y,
        "fma": lambda x, y, z: x * y + z,
    }[name]
    last = ", %c" if name == "fma" else ""
    got = per_thread(f"{name}.{mode}.{suffix} %x, %a, %b{last};", kind, a, b, c)
    for x, y, z, result in zip(a, b, c, got, strict=True):
        exact = operation(Fraction(float(x)), Fraction(float(y)), Fraction(float(z)))
        assert float(result) == directed(exact, mode, kind), (x, y, z)


def test_fused_products_are_not_rounded_twice():
    """(1 + 2^-23)·(1 − 2^-23)·2^-24 + (1 + 2^-23) is 2^-70 below the middle of two float32.

    Double precision rounds it to that middle, and from there to even would be one float32 too high.
    """
    a, b = np.array([(1 + 2.0**-23) * 2.0**-24], "f4"), np.array([1 - 2.0**-23], "f4")
    c = np.array([1 + 2.0**-23], "f4")
    twice = (a.astype("f8") * b + c).astype("f4")
    assert twice.tolist() == [1 + 2.0**-22]
    assert per_thread("fma.rn.f32 %x, %a, %b, %c;", "f4", a, b, c).tolist() == [1 + 2.0**-23]
    assert per_thread("fma.rn.f32 %x, %a, %b, %c;", "f4", a, -b, -c).tolist() == [-1 - 2.0**-23]


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_fused_products_at_the_edges(kind, mode):
    """Subnormal results, overflow, and sums in which the addend is far below the product."""
    tiny = {"f4": 2.0**-149, "f8": 2.0**-1074}[kind]
    huge = {"f4": 2.0**127, "f8": 2.0**1023}[kind]
    root = {"f4": 2.0**-75, "f8": 2.0**-537}[kind]
    cases = [
        (root, root, tiny),
        (root, root * 1.5, tiny),
        (root, -root, tiny * 3),
        (huge, 1.5, -huge),
        (huge, 2.0, huge),
        (huge, -2.0, huge),
        (1.0, huge, tiny),
        (1.0, -huge, tiny),
        (1.0, 1.0, -tiny),
        (1.0, 1.0, tiny),
        (root, root, 1.0),
    ]
    a, b, c = (np.array(column, kind) for column in zip(*cases, strict=True))
    got = per_thread(f"fma.{mode}.{'f32' if kind == 'f4' else 'f64'} %x, %a, %b, %c;", kind, a, b, c)
    for x, y, z, result in zip(a, b, c, got, strict=True):
        exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        wanted = directed(exact, mode, kind) if exact else (-0.0 if mode == "rm" else 0.0)
        assert float(result) == wanted, (x, y, z)
        assert np.signbit(result) == np.signbit(wanted)


def test_zero_sums_have_the_sign_of_the_direction():
    a, b = np.array([1, 0.0, -0.0], "f4"), np.array([-1, -0.0, -0.0], "f4")
    assert np.signbit(per_thread("add.rn.f32 %x, %a, %b;", "f4", a, b)).tolist() == [False, False, True]
    assert np.signbit(per_thread("add.rm.f32 %x, %a, %b;", "f4", a, b)).tolist() == [True, True, True]


def test_square_roots_and_reciprocals():
    a = np.array([2, 3, 4, 0.5, 1e-40, INF, -1, 0], "f4")
    root = np.sqrt(a.astype("f8"), where=a >= 0, out=np.full(8, NAN))
    nearest = per_thread("sqrt.rn.f32 %x, %a;", "f4", a)
    assert bits(nearest[:6]) == bits(root[:6].astype("f4"))
    assert np.isnan(nearest[6])
    up = per_thread("sqrt.rp.f32 %x, %a;", "f4", a[:2])
    assert (up.astype("f8") ** 2 > a[:2]).all()
    assert (np.nextafter(up, np.float32(0)).astype("f8") ** 2 < a[:2]).all()
    assert per_thread("rcp.rn.f32 %x, %a;", "f4", a).tolist()[:3] == [0.5, np.float32(1 / 3), 0.25]
    assert per_thread("rcp.rz.f32 %x, %a;", "f4", np.array([3], "f4"))[0] < 1 / 3
    assert per_thread("rcp.rp.f64 %x, %a;", "f8", np.array([3.0]))[0] > 1 / 3


def test_minimum_and_maximum_lose_nan_and_order_zeros():
    a = np.array([NAN, 1, NAN, -0.0, 0.0, INF], "f4")
    b = np.array([2, NAN, NAN, 0.0, -0.0, 1], "f4")
    low, high = (per_thread(f"{name}.f32 %x, %a, %b;", "f4", a, b) for name in ("min", "max"))
    assert low.tolist()[:2] == [2, 1]
    assert np.isnan(low[2])
    assert np.signbit(low[3:5]).all()
    assert not np.signbit(high[3:5]).any()
    kept = per_thread("max.NaN.f32 %x, %a, %b;", "f4", a, b)
    assert np.isnan(kept[:3]).all()
    assert kept[5] == INF


def test_signs_of_nan_and_zero():
    a = np.array([0x7FC00001, 0x80000000, 0xFF800000], "u4")
    code = "mov.b32 %f1, %a; {}.f32 %f2, %f1; mov.b32 %x, %f2;"
    assert per_thread(code.format("neg"), "u4", a).tolist() == [0xFFC00001, 0, 0x7F800000]
    assert per_thread(code.format("abs"), "u4", a).tolist() == [0x7FC00001, 0, 0x7F800000]
    sign, size = np.array([-0.0, 1], "f4"), np.array([3, -4], "f4")
    assert per_thread("copysign.f32 %x, %a, %b;", "f4", sign, size).tolist() == [-3, 4]


def test_flushing_and_saturation():
    a = np.array([1e-40, -1e-40, 2.0**-126, 3, -2, NAN], "f4")
    one = np.ones(6, "f4")
    flushed = per_thread("mul.ftz.f32 %x, %a, %b;", "f4", a, one)
    assert bits(flushed[:5]) == bits(np.array([0, -0.0, 2.0**-126, 3, -2], "f4"))
    kept = per_thread("mul.f32 %x, %a, %b;", "f4", a, one)
    assert kept[0] == np.float32(1e-40)
    halves = per_thread("mul.ftz.f32 %x, %a, 0f3F000000;", "f4", a)
    assert halves[2] == 0, "a subnormal result is flushed too"
    clamped = per_thread("mul.sat.f32 %x, %a, %b;", "f4", a, one)
    assert clamped.tolist() == [np.float32(1e-40), 0, 2.0**-126, 1, 0, 0]


def test_half_precision_arithmetic():
    a, b, c = (np.array(x, "f2").view("u2") for x in ([1.0, 2048], [2.0**-11, 1], [2.0**-24, 2.0**-11]))
    code = "mov.b16 %h1, %a; {} %x, %h1, %b{};"
    assert per_thread(code.format("add.rn.f16", ""), "u2", a, b).view("f2").tolist() == [1.0, 2048]
    fused = per_thread(code.format("fma.rn.f16", ", %c"), "u2", a, b, c).view("f2")
    assert fused.tolist() == [np.float16(2.0**-11 + 2.0**-24), 1.0 * 2048]


def test_classes_of_numbers():
    a = np.array([1, 0, 1e-40, INF, NAN], "f4")
    for test, expected in {
        "finite": [1, 1, 1, 0, 0],
        "infinite": [0, 0, 0, 1, 0],
        "number": [1, 1, 1, 1, 0],
        "notanumber": [0, 0, 0, 0, 1],
        "normal": [1, 0, 0, 0, 0],
        "subnormal": [0, 0, 1, 0, 0],
    }.items():
        code = f"testp.{test}.f32 %p1, %a; selp.u32 %x, 1, 0, %p1;"
        assert per_thread(code, "u4", a).tolist() == expected, test
