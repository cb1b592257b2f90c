"""cvt of the PTX interpreter, and approximate instructions."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from tests.cuda.programs import per_thread

INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(22)


@pytest.mark.parametrize(
    ("code", "given", "wanted", "a", "result"),
    [
        ("cvt.s64.s32 %x, %a;", "i4", "i8", [-5, 5], [-5, 5]),
        ("cvt.u64.u32 %x, %a;", "u4", "u8", [2**32 - 5], [2**32 - 5]),
        ("cvt.u32.u64 %x, %a;", "u8", "u4", [2**32 + 7], [7]),
        ("cvt.s32.s16 %x, %a;", "i2", "i4", [-3], [-3]),
        ("cvt.u32.u8 %x, %a;", "u4", "u4", [0x1FF], [0xFF]),
        ("cvt.s32.s8 %x, %a;", "u4", "i4", [0x1FF], [-1]),
        ("cvt.sat.u32.s32 %x, %a;", "i4", "u4", [-7, 7], [0, 7]),
        ("cvt.sat.s16.s32 %x, %a;", "i4", "i2", [-70000, 70000], [-32768, 32767]),
        ("cvt.rzi.s32.f32 %x, %a;", "f4", "i4", [-2.7, 2.7, 3e9, -3e9, NAN], [-2, 2, 2**31 - 1, -(2**31), 0]),
        ("cvt.rni.s32.f32 %x, %a;", "f4", "i4", [0.5, 1.5, 2.5, -0.5], [0, 2, 2, 0]),
        ("cvt.rmi.s32.f32 %x, %a;", "f4", "i4", [-0.5, 0.5], [-1, 0]),
        ("cvt.rpi.u32.f32 %x, %a;", "f4", "u4", [0.5, -3, 5e9], [1, 0, 2**32 - 1]),
        ("cvt.rzi.s64.f64 %x, %a;", "f8", "i8", [1e30, -1e30, NAN], [2**63 - 1, -(2**63), -(2**63)]),
        ("cvt.rzi.u64.f32 %x, %a;", "f4", "u8", [2.0**63, INF, -1], [2**63, 2**64 - 1, 0]),
        ("cvt.rn.f32.s32 %x, %a;", "i4", "f4", [2**24 + 1, 2**24 + 3], [2**24, 2**24 + 4]),
        ("cvt.rz.f32.s32 %x, %a;", "i4", "f4", [2**24 + 3, -(2**24) - 3], [2**24 + 2, -(2**24) - 2]),
        ("cvt.rp.f32.u32 %x, %a;", "u4", "f4", [2**24 + 1], [2**24 + 2]),
        ("cvt.rn.f64.u64 %x, %a;", "u8", "f8", [2**64 - 1], [2.0**64]),
        ("cvt.rz.f64.u64 %x, %a;", "u8", "f8", [2**64 - 1], [2.0**64 - 2**11]),
        ("cvt.rm.f64.s64 %x, %a;", "i8", "f8", [-(2**53) - 1], [-(2.0**53) - 2]),
        ("cvt.f64.f32 %x, %a;", "f4", "f8", [0.1], [float(np.float32(0.1))]),
        ("cvt.rn.f32.f64 %x, %a;", "f8", "f4", [1 + 2.0**-24, 1 + 3 * 2.0**-24], [1, 1 + 2.0**-22]),
        ("cvt.rp.f32.f64 %x, %a;", "f8", "f4", [1 + 2.0**-50], [1 + 2.0**-23]),
        ("cvt.rm.f32.f64 %x, %a;", "f8", "f4", [-1 - 2.0**-50], [-1 - 2.0**-23]),
        ("cvt.rz.f32.f64 %x, %a;", "f8", "f4", [-1 - 2.0**-50], [-1]),
        ("cvt.rni.f32.f32 %x, %a;", "f4", "f4", [0.5, 1.5, -2.5], [0, 2, -2]),
        ("cvt.rmi.f64.f64 %x, %a;", "f8", "f8", [-0.5], [-1]),
        ("cvt.sat.f32.f32 %x, %a;", "f4", "f4", [-1, 0.25, 7, NAN], [0, 0.25, 1, 0]),
    ],
)
def test_conversions(code, given, wanted, a, result):
    assert per_thread(code, wanted, np.array(a, given)).tolist() == result


def test_half_precision_round_trip():
    a = np.array([1, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 65504, 65520, 2.0**-25, -INF], "f4")
    packed = per_thread("cvt.rn.f16.f32 %h1, %a; mov.b16 %x, %h1;", "u2", a)
    assert packed.view("f2").tolist() == [1, 1, 1 + 2.0**-9, 65504, INF, 0, -INF]
    assert per_thread("mov.b16 %h1, %a; cvt.f32.f16 %x, %h1;", "f4", packed).tolist() == packed.view("f2").tolist()
    assert per_thread("cvt.rz.f16.f32 %h1, %a; mov.b16 %x, %h1;", "u2", a).view("f2")[4] == 65504
    nan = per_thread("cvt.rn.f16.f32 %h1, %a; mov.b16 %x, %h1;", "u2", np.array([-NAN], "f4"))
    assert nan.tolist() == [0x7FFF]


def nearest_bfloat16(value):
    """The bits of the nearest bfloat16 by exact distances, ties to even."""
    top = int(np.float32(value).view("u4")) >> 16
    candidates = [top, top + 1]

    def number(bits):
        return Fraction(float(np.array(bits << 16, "u4").view("f4")))

    exact = Fraction(float(value))
    distance = [abs(number(bits) - exact) for bits in candidates]
    if distance[0] == distance[1]:
        return next(bits for bits in candidates if bits % 2 == 0)
    return candidates[distance.index(min(distance))]


def test_bfloat16_is_rounded_to_nearest_even():
    a = RNG.standard_normal(400).astype("f4")
    a[:100] = ((a[:100].view("u4") & 0xFFFF0000) | 0x8000).view("f4")
    b = np.roll(a, 1)
    packed = per_thread("cvt.rn.bf16x2.f32 %x, %a, %b;", "u4", a, b)
    for x, y, word in zip(a, b, packed, strict=True):
        assert int(word) >> 16 == nearest_bfloat16(x)
        assert int(word) & 0xFFFF == nearest_bfloat16(y)
    special = np.array([NAN, INF, -INF, 3.4028235e38, -0.0], "f4")
    code = "cvt.rn.bf16x2.f32 %x, %a, 0f00000000;"
    assert (per_thread(code, "u4", special) >> 16).tolist() == [0x7FFF, 0x7F80, 0xFF80, 0x7F80, 0x8000]
    code = "cvt.rz.bf16.f32 %h1, %a; mov.b16 %x, %h1;"
    assert per_thread(code, "u2", special).tolist() == [0x7FFF, 0x7F80, 0xFF80, 0x7F7F, 0x8000]
    code = "cvt.rn.relu.bf16x2.f32 %x, %a, 0f00000000;"
    assert (per_thread(code, "u4", special) >> 16).tolist() == [0x7FFF, 0x7F80, 0, 0x7F80, 0]


def test_packed_halves_hold_the_first_operand_above():
    a, b = np.array([1.5], "f4"), np.array([-2], "f4")
    word = per_thread("cvt.rn.f16x2.f32 %x, %a, %b;", "u4", a, b)
    assert word.view("f2").tolist() == [-2, 1.5]


# -- approximate instructions: NVIDIA's documented errors


APPROXIMATE = {
    "ex2.approx.f32": (lambda x: mpmath.power(2, x), (-30, 30), 2.0**-22, "relative"),
    "ex2.approx.ftz.f32": (lambda x: mpmath.power(2, x), (-30, 30), 2.0**-22, "relative"),
    "lg2.approx.f32": (lambda x: mpmath.log(x, 2), (0.5, 2), 2.0**-22, "absolute"),
    "lg2.approx.ftz.f32": (lambda x: mpmath.log(x, 2), (2, 1e9), 2.0**-22, "relative"),
    "rcp.approx.ftz.f32": (lambda x: 1 / x, (0.01, 100), 2.0**-23, "relative"),
    "rsqrt.approx.f32": (lambda x: 1 / mpmath.sqrt(x), (0.01, 100), 2.0**-22.9, "relative"),
    "sqrt.approx.f32": (mpmath.sqrt, (0.01, 100), 2.0**-23, "relative"),
    "sin.approx.f32": (mpmath.sin, (-6, 6), 2.0**-20.5, "absolute"),
    "cos.approx.f32": (mpmath.cos, (-6, 6), 2.0**-20.5, "absolute"),
    "tanh.approx.f32": (mpmath.tanh, (-3, 3), 2.0**-11, "relative"),
}


@pytest.mark.parametrize("opcode", APPROXIMATE)
def test_approximate_results_use_what_the_documentation_allows(opcode):
    function, (low, high), bound, measure = APPROXIMATE[opcode]
    a = RNG.uniform(low, high, 1500).astype("f4")
    code = f"{opcode} %x, %a;"
    got = per_thread(code, "f4", np.resize(a, 1024))
    errors = []
    for x, y in zip(a, got, strict=False):
        exact = function(mpmath.mpf(float(x)))
        errors.append(abs(y - exact) / (abs(exact) if measure == "relative" else 1))
    assert max(errors) <= bound
    assert max(errors) > 0.7 * bound, "the model must not be better than the device may be"
    assert (per_thread(code, "f4", np.resize(a, 1024)) == got).all()
    near = per_thread(code, "f4", np.resize(a, 1024), approximation="nearest")
    assert [float(y) for y in near[:200]] == [float(np.float32(float(function(mpmath.mpf(float(x)))))) for x in a[:200]]


def test_approximate_quotients():
    a, b = (RNG.uniform(0.1, 10, 800).astype("f4") for _ in range(2))
    for opcode in ("div.approx.f32", "div.full.f32"):
        got = per_thread(f"{opcode} %x, %a, %b;", "f4", a, b).astype("f8")
        error = np.abs(got / (a.astype("f8") / b) - 1).max()
        assert 2.0**-23 < error <= 2.0**-22
    huge, one = np.array([2.0**127], "f4"), np.array([2.0**127], "f4")
    assert per_thread("div.approx.f32 %x, %a, %b;", "f4", one, huge).tolist() == [0]
    assert per_thread("div.full.f32 %x, %a, %b;", "f4", one, huge)[0] == pytest.approx(1, rel=2.0**-21)


def test_special_values_are_exact():
    a = np.array([-INF, -0.0, 0.0, INF, 1, -3, 10], "f4")
    assert per_thread("ex2.approx.ftz.f32 %x, %a;", "f4", a).tolist() == [0, 1, 1, INF, 2, 0.125, 1024]
    assert per_thread("lg2.approx.f32 %x, %a;", "f4", a).tolist()[1:4] == [-INF, -INF, INF]
    assert np.isnan(per_thread("lg2.approx.f32 %x, %a;", "f4", a)[[0, 5]]).all()
    assert per_thread("rcp.approx.f32 %x, %a;", "f4", a).tolist()[:4] == [-0.0, -INF, INF, 0]
    assert per_thread("tanh.approx.f32 %x, %a;", "f4", a).tolist()[:4] == [-1, 0, 0, 1]
    subnormal = np.array([1e-40], "f4")
    assert per_thread("rcp.approx.ftz.f32 %x, %a;", "f4", subnormal).tolist() == [INF]
    assert per_thread("lg2.approx.ftz.f32 %x, %a;", "f4", subnormal).tolist() == [-INF]


def test_gross_double_reciprocals_have_twenty_bits():
    a = RNG.uniform(1, 2, 500)
    got = per_thread("rcp.approx.ftz.f64 %x, %a;", "f8", a)
    assert (got.view("u8") & 0xFFFFFFFF == 0).all()
    assert 2.0**-22 < np.abs(got * a - 1).max() < 2.0**-18.5
    assert per_thread("rcp.approx.ftz.f64 %x, %a;", "f8", np.array([0.0, INF, 4])).tolist() == [INF, 0, 0.25]
