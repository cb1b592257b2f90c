"""Bit operations, comparisons and selections of the PTX interpreter."""

import numpy as np
import pytest

from tests.cuda.programs import per_thread

NAN = np.nan
RNG = np.random.default_rng(21)


@pytest.mark.parametrize(
    ("code", "kind", "a", "b", "result"),
    [
        ("and.b32 %x, %a, %b;", "u4", 0b1100, 0b1010, 0b1000),
        ("or.b32 %x, %a, %b;", "u4", 0b1100, 0b1010, 0b1110),
        ("xor.b64 %x, %a, %b;", "u8", 0b1100, 0b1010, 0b0110),
        ("shl.b32 %x, %a, 4;", "u4", 0xF0000001, 0, 0x10),
        ("shl.b32 %x, %a, 32;", "u4", 0xFFFFFFFF, 0, 0),
        ("shr.u32 %x, %a, 4;", "u4", 0xF0000010, 0, 0x0F000001),
        ("shr.s32 %x, %a, 4;", "i4", -256, 0, -16),
        ("shr.s32 %x, %a, 99;", "i4", -256, 0, -1),
        ("shr.u64 %x, %a, 64;", "u8", 5, 0, 0),
        ("shf.l.wrap.b32 %x, %a, %b, 8;", "u4", 0x12345678, 0x9ABCDEF0, 0xBCDEF012),
        ("shf.r.wrap.b32 %x, %a, %b, 8;", "u4", 0x12345678, 0x9ABCDEF0, 0xF0123456),
        ("shf.r.clamp.b32 %x, %a, %b, 40;", "u4", 0x12345678, 0x9ABCDEF0, 0x9ABCDEF0),
        ("lop3.b32 %x, %a, %b, 15, 0x96;", "u4", 0b1100, 0b1010, 0b1100 ^ 0b1010 ^ 15),
        ("lop3.b32 %x, %a, %b, 1, 0xEA;", "u4", 0b1100, 0b1010, (0b1100 & 0b1010) | 1),
        ("prmt.b32 %x, %a, %b, 0x5410;", "u4", 0xAABBCCDD, 0x11223344, 0x3344CCDD),
        ("prmt.b32 %x, %a, %b, 0x7632;", "u4", 0xAABBCCDD, 0x11223344, 0x1122AABB),
        ("prmt.b32 %x, %a, %b, 0xC0B8;", "u4", 0xAABBCCDD, 0x11223344, 0x00DDFFFF),
        ("bfe.u32 %x, %a, 4, 8;", "u4", 0x12345678, 0, 0x67),
        ("bfe.s32 %x, %a, 4, 4;", "i4", 0x000000F0, 0, -1),
        ("bfe.u64 %x, %a, 60, 8;", "u8", 0xF << 60, 0, 0xF),
        ("bfi.b32 %x, %a, %b, 8, 8;", "u4", 0xAB, 0x12345678, 0x1234AB78),
        ("brev.b32 %x, %a;", "u4", 0x00000003, 0, 0xC0000000),
        ("not.b32 %x, %a;", "u4", 0x0000FFFF, 0, 0xFFFF0000),
        ("cnot.b32 %x, %a;", "u4", 0, 0, 1),
    ],
)
def test_bit_operations(code, kind, a, b, result):
    assert per_thread(code, kind, np.array([a], kind), np.array([b], kind)).tolist() == [result]


@pytest.mark.parametrize("width", [32, 64])
def test_bit_counts_agree_with_python(width):
    a = RNG.integers(0, 2**width, 200, dtype=f"u{width // 8}") >> RNG.integers(0, width, 200, dtype=f"u{width // 8}")
    a[:2] = 0, 2**width - 1
    count = per_thread(f"popc.b{width} %x, %a;", "u4", a)
    zeros = per_thread(f"clz.b{width} %x, %a;", "u4", a)
    highest = per_thread(f"bfind.u{width} %x, %a;", "u4", a)
    back = per_thread(f"brev.b{width} %x, %a;", f"u{width // 8}", a)
    for k, value in enumerate(map(int, a)):
        assert count[k] == value.bit_count()
        assert zeros[k] == width - value.bit_length()
        assert highest[k] == (value.bit_length() - 1) % 2**32
        assert int(back[k]) == int(f"{value:0{width}b}"[::-1], 2)


VALUES = np.array([1, 2, 2, NAN, 1, NAN, 0.0], "f4"), np.array([2, 1, 2, 1, NAN, NAN, -0.0], "f4")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("eq", [0, 0, 1, 0, 0, 0, 1]),
        ("ne", [1, 1, 0, 0, 0, 0, 0]),
        ("lt", [1, 0, 0, 0, 0, 0, 0]),
        ("le", [1, 0, 1, 0, 0, 0, 1]),
        ("gt", [0, 1, 0, 0, 0, 0, 0]),
        ("ge", [0, 1, 1, 0, 0, 0, 1]),
        ("equ", [0, 0, 1, 1, 1, 1, 1]),
        ("neu", [1, 1, 0, 1, 1, 1, 0]),
        ("ltu", [1, 0, 0, 1, 1, 1, 0]),
        ("leu", [1, 0, 1, 1, 1, 1, 1]),
        ("gtu", [0, 1, 0, 1, 1, 1, 0]),
        ("geu", [0, 1, 1, 1, 1, 1, 1]),
        ("num", [1, 1, 1, 0, 0, 0, 1]),
        ("nan", [0, 0, 0, 1, 1, 1, 0]),
    ],
)
def test_comparisons_of_floats(name, expected):
    code = f"setp.{name}.f32 %p1, %a, %b; selp.u32 %x, 1, 0, %p1;"
    assert per_thread(code, "u4", *VALUES).tolist() == expected


def test_comparisons_of_integers_mind_the_sign():
    a, b = np.array([-1], "i4"), np.array([1], "i4")
    for name, expected in (("lt.s32", 1), ("lt.u32", 0), ("lo.u32", 0), ("hi.u32", 1), ("ge.s32", 0), ("ne.b32", 1)):
        code = f"setp.{name} %p1, %a, %b; selp.u32 %x, 1, 0, %p1;"
        assert per_thread(code, "u4", a, b).tolist() == [expected], name


def test_comparisons_combine_with_a_predicate():
    a, b = np.array([1, 1, 3, 3]), np.array([1, 0, 1, 0])
    code = """
        setp.ne.s64 %p3, %b, 0;
        setp.lt.and.s64 %p1|%p2, %a, 2, !%p3;
        selp.u32 %r5, 1, 0, %p1; selp.u32 %r6, 2, 0, %p2; add.u32 %x, %r5, %r6;
    """
    assert per_thread(code, "u4", a, b).tolist() == [0, 1, 0, 2]
    assert per_thread(code.replace(".and", ".or"), "u4", a, b).tolist() == [1, 3, 2, 3]
    assert per_thread(code.replace(".and", ".xor"), "u4", a, b).tolist() == [1, 2, 2, 1]


def test_set_and_selections():
    a, b = np.array([1.0, NAN, 3], "f4"), np.array([2.0, 2, 2], "f4")
    assert per_thread("set.lt.u32.f32 %x, %a, %b;", "u4", a, b).tolist() == [2**32 - 1, 0, 0]
    assert per_thread("set.gtu.f32.f32 %x, %a, %b;", "f4", a, b).tolist() == [0, 1, 1]
    assert per_thread("slct.f32.s32 %x, %a, %b, -1;", "f4", a, b).tolist() == [2, 2, 2]


def test_packing_and_unpacking():
    a = np.array([0x1122334455667788], "u8")
    code = "mov.b64 {%r5, %r6}, %a; mov.b64 %x, {%r6, %r5};"
    assert per_thread(code, "u8", a).tolist() == [0x5566778811223344]
    code = "mov.b64 {_, %r6}, %a; mov.b32 {%h1, %h2}, %r6; mov.b32 %x, {%h2, %h1};"
    assert per_thread(code, "u4", a).tolist() == [0x33441122]
