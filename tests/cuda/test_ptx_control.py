"""Branches, barriers, shuffles and votes of the PTX interpreter, atomics, and its limits."""

import numpy as np
import pytest

from tests.cuda.programs import HEAD, REGISTERS, THREAD, kernel
from tests.cuda.ptx import (
    ArgumentError,
    DivergenceError,
    Output,
    PtxSyntaxError,
    StepLimitError,
    TrapError,
    UninitialisedReadError,
    UnsupportedInstructionError,
    run,
)

STORE = "ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r0, 4, %l1; st.global.u32 [%l1], %r10; ret;"


def results(body, grid=1, block=64, dtype="u4", **options):
    """What each thread stores from %r10."""
    y = np.zeros(grid * block, dtype)
    run(kernel(THREAD + body + STORE), "k", grid, block, [Output(y)], **options)
    return y.tolist()


# -- branches


def test_branches_join_again():
    body = """
        and.b32 %r5, %r0, 3; setp.eq.u32 %p1, %r5, 0; mov.u32 %r10, 1;
        @%p1 bra ZERO;
        setp.eq.u32 %p2, %r5, 1; @!%p2 bra OTHER;
        mov.u32 %r10, 11; bra JOIN;
        OTHER: mov.u32 %r10, 12; bra.uni JOIN;
        ZERO: mov.u32 %r10, 10;
        JOIN: activemask.b32 %r6; setp.eq.u32 %p3, %r6, -1; @!%p3 add.u32 %r10, %r10, 100;
    """
    assert results(body) == [(10, 11, 12, 12)[i % 4] for i in range(64)]


def test_loops_run_as_often_as_each_thread_needs():
    body = """
        mov.u32 %r10, 0; mov.u32 %r5, 0;
        LOOP: setp.ge.u32 %p1, %r5, %r0; @%p1 bra DONE;
        add.u32 %r10, %r10, %r5; add.u32 %r5, %r5, 1; bra LOOP;
        DONE:
    """
    assert results(body, grid=2) == [i * (i - 1) // 2 for i in range(128)]


def test_guards_apply_to_single_instructions():
    body = "mov.u32 %r10, 5; setp.lt.u32 %p1, %r0, 3; @%p1 mov.u32 %r10, %r0; @!%p1 add.u32 %r10, %r10, %r0;"
    assert results(body) == [i if i < 3 else 5 + i for i in range(64)]


def test_threads_may_leave_early():
    y = np.zeros(64, "u4")
    body = THREAD + "setp.ge.u32 %p1, %r0, 40; @%p1 ret; mov.u32 %r10, 7;" + STORE
    report = run(kernel(body), "k", 1, 64, [Output(y)])
    assert y[:40].tolist() == [7] * 40
    assert report.unwritten == {0: 96}
    assert report.opcodes["st.global.u32"] == 40


def test_registers_do_not_share_memory():
    """A masked write to a copy must not show in the original, nor in what was copied from it."""
    body = """
        mov.u32 %r5, %r0; mov.u32 %r6, %r5; setp.lt.u32 %p1, %r0, 50; @%p1 mov.u32 %r5, 1000;
        setp.lt.u32 %p2, %r0, 2; @%p2 mov.u32 %r6, 2000; mov.b32 %f1, %r5; @%p2 mov.u32 %r5, 3000;
        mov.b32 %r7, %f1; add.u32 %r10, %r6, %r7; add.u32 %r10, %r10, %r5; add.u32 %r10, %r10, %r0;
    """
    expected = []
    for i in range(64):
        one = 1000 if i < 50 else i
        two = 2000 if i < 2 else i
        expected.append(two + one + (3000 if i < 2 else one) + i)
    assert results(body) == expected


def test_a_branch_condition_may_change_while_the_branch_waits():
    body = """
        mov.u32 %r10, 0; setp.lt.u32 %p1, %r0, 10; @%p1 bra LATER;
        setp.lt.u32 %p1, %r0, 20; add.u32 %r10, %r10, 1;
        LATER: selp.u32 %r5, 10, 20, %p1; add.u32 %r10, %r10, %r5;
    """
    assert results(body) == [10 if i < 10 else 11 if i < 20 else 21 for i in range(64)]


def test_special_registers():
    body = """
        mov.u32 %r5, %laneid; mov.u32 %r6, %nctaid.x; mov.u32 %r7, %ntid.x; mov.u32 %r8, %lanemask_lt;
        popc.b32 %r8, %r8;
        mul.lo.u32 %r10, %r6, 1000; add.u32 %r10, %r10, %r7; mad.lo.u32 %r10, %r5, 10000, %r10;
        sub.u32 %r8, %r8, %r5; mad.lo.u32 %r10, %r8, 1000000, %r10;
    """
    assert results(body, grid=2) == [i % 32 * 10000 + 2064 for i in range(128)]


def test_two_dimensions():
    body = """
        mov.u32 %r5, %tid.y; mov.u32 %r6, %ctaid.y; mov.u32 %r7, %ntid.y; mad.lo.u32 %r6, %r6, %r7, %r5;
        mov.u32 %r7, %nctaid.x; mov.u32 %r8, %ntid.x; mul.lo.u32 %r7, %r7, %r8;
        mad.lo.u32 %r9, %r6, %r7, %r0; ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r9, 4, %l1;
        mad.lo.u32 %r10, %r6, 100, %r0; st.global.u32 [%l1], %r10; ret;
    """
    y = np.zeros((6, 16), "u4")
    run(kernel(THREAD + body), "k", (2, 3), (8, 2), [Output(y)])
    assert (y == np.arange(6)[:, None] * 100 + np.arange(16)).all()


# -- scopes and calls


def test_inner_scopes_have_their_own_registers():
    inner = "{ .reg .b32 t; mov.u32 t, 7; add.u32 %r10, %r10, t; }"
    body = f"{{ .reg .b32 t; mov.u32 t, 5; mov.u32 %r10, t; {inner} add.u32 %r10, %r10, t; }}"
    assert results(body) == [17] * 64


FUNCTION = """
.func (.param .b32 result) {name} (.param .b32 first, .param .b32 second)
{{
    .reg .b32 %r<5>; .reg .pred %p<2>;
    ld.param.b32 %r1, [first]; ld.param.b32 %r2, [second];
    setp.gt.u32 %p1, %r1, 9; @%p1 bra BIG;
    {inner}
    mad.lo.u32 %r3, %r1, %r1, %r2; st.param.b32 [result+0], %r3; ret;
    BIG: st.param.b32 [result+0], %r2; ret;
}}
"""
CALL = """
    {{ .param .b32 a0; .param .b32 a1; .param .b32 r; st.param.b32 [a0+0], {a}; st.param.b32 [a1+0], {b};
    call.uni (r), {name}, (a0, a1); ld.param.b32 {to}, [r+0]; }}
"""


def test_calls_of_device_functions():
    inner = CALL.format(a="%r1", b="1", name="g", to="%r2")
    head = FUNCTION.format(name="g", inner="") + FUNCTION.format(name="f", inner=inner)
    body = CALL.format(a="%r0", b="%r0", name="f", to="%r10") + CALL.format(a="2", b="%r10", name="g", to="%r10")
    y = np.zeros(64, "u4")
    run(kernel(THREAD + body + STORE, head=head), "k", 1, 64, [Output(y)])
    assert y.tolist() == [4 + (i if i > 9 else 2 * i * i + 1) for i in range(64)]


def test_calls_that_cannot_be_replaced_are_refused():
    body = CALL.format(a="%r0", b="%r0", name="f", to="%r10")
    with pytest.raises(UnsupportedInstructionError, match="f is not in the module"):
        run(kernel(THREAD + body + STORE), "k", 1, 64, [np.zeros(64, "u4")])
    inner = CALL.format(a="%r1", b="1", name="f", to="%r2")
    head = FUNCTION.format(name="f", inner=inner)
    with pytest.raises(UnsupportedInstructionError, match="calls itself"):
        run(kernel(THREAD + body + STORE, head=head), "k", 1, 64, [np.zeros(64, "u4")])


# -- barriers


def test_a_barrier_that_some_threads_skip():
    body = "setp.lt.u32 %p1, %r0, 70; @%p1 bra SKIP; bar.sync 0; SKIP: mov.u32 %r10, 1;"
    with pytest.raises(DivergenceError, match=r"threads of block 1 do not meet .* 58 at `bar.sync`.*6 have left"):
        results(body, grid=2)


def test_a_barrier_in_both_branches():
    body = "setp.lt.u32 %p1, %r0, 10; @%p1 bra A; bar.sync 0; bra B; A: bar.sync 0; B: mov.u32 %r10, 1;"
    with pytest.raises(DivergenceError, match=r"54 at `bar.sync` .*10 at `bar.sync`"):
        results(body)


def test_blocks_may_pass_different_numbers_of_barriers():
    body = """
        mov.u32 %r10, 0;
        LOOP: setp.gt.u32 %p1, %r10, %r1; @%p1 bra DONE; bar.sync 0; add.u32 %r10, %r10, 1; bra LOOP;
        DONE:
    """
    assert results(body, grid=4) == [i // 64 + 1 for i in range(256)]


# -- shuffles and votes


def shuffled(mode, offset, clamp, lane):
    """Where a lane reads from: the pseudo-code of the ISA, one lane at a time."""
    segment, limit = clamp >> 8 & 31, clamp & 31
    last = (lane & segment) | (limit & ~segment & 31)
    first = lane & segment
    if mode == "up":
        source = lane - offset
        inside = source >= last
    elif mode == "down":
        source = lane + offset
        inside = source <= last
    elif mode == "bfly":
        source = lane ^ offset
        inside = source <= last
    else:
        source = first | (offset & ~segment & 31)
        inside = source <= last
    return (source if inside else lane), inside


@pytest.mark.parametrize("mode", ["up", "down", "bfly", "idx"])
@pytest.mark.parametrize("width", [32, 16, 8])
@pytest.mark.parametrize("offset", [0, 1, 5, 16, 31])
def test_shuffles(mode, width, offset):
    clamp = (32 - width) << 8 | (0 if mode == "up" else 31)
    body = f"""
        mul.lo.u32 %r5, %r0, 10; shfl.sync.{mode}.b32 %r10|%p1, %r5, {offset}, {clamp}, -1;
        @%p1 add.u32 %r10, %r10, 1;
    """
    expected = []
    for i in range(64):
        source, inside = shuffled(mode, offset, clamp, i % 32)
        expected.append((i // 32 * 32 + source) * 10 + inside)
    assert results(body) == expected


def test_a_sum_over_a_warp():
    step = "shfl.sync.bfly.b32 %r5, %r10, {}, 31, -1; add.u32 %r10, %r10, %r5;"
    body = "mov.u32 %r10, %r0;" + "".join(step.format(k) for k in (16, 8, 4, 2, 1))
    assert results(body) == [496] * 32 + [496 + 1024] * 32
    wrong = body.replace("%r10, 4,", "%r10, 2,")
    assert results(wrong)[0] != 496


def test_shuffles_wait_for_the_lanes_of_their_mask():
    """The first ten lanes take a longer way to the same shuffle."""
    body = """
        and.b32 %r6, %r0, 31; setp.lt.u32 %p1, %r6, 10; mov.u32 %r10, %r0; @%p1 bra LONG; bra MEET;
        MEET: shfl.sync.bfly.b32 %r10, %r10, 1, 31, -1; bra END;
        LONG: add.u32 %r10, %r10, 1000; bra MEET;
        END:
    """
    assert results(body) == [(i ^ 1) + (1000 if (i ^ 1) % 32 < 10 else 0) for i in range(64)]


def test_a_shuffle_that_lanes_of_its_mask_skip():
    body = "mov.u32 %r10, 1; setp.ge.u32 %p1, %r0, 60; @%p1 bra END; shfl.sync.bfly.b32 %r10, %r10, 1, 31, -1; END:"
    with pytest.raises(DivergenceError, match=r"lanes 28, 29, 30, 31 are named .* thread 32 of block 0 at `shfl.sync"):
        results(body)


def test_a_shuffle_from_a_lane_outside_the_mask():
    body = """
        mov.u32 %r10, 1; and.b32 %r5, %r0, 31; setp.ge.u32 %p1, %r5, 16; @%p1 bra END;
        shfl.sync.down.b32 %r10, %r10, 8, 31, 0xFFFF; END:
    """
    with pytest.raises(DivergenceError, match="reads lane 16, which does not take part, by thread 8 of block 0"):
        results(body)
    assert results(body.replace("down.b32 %r10, %r10, 8", "bfly.b32 %r10, %r0, 8"))[3] == 11


def test_a_mask_must_name_the_lane_itself():
    with pytest.raises(DivergenceError, match="does not name the lane itself by thread 16"):
        results("shfl.sync.bfly.b32 %r10, %r0, 1, 31, 0xFFFF;")


def test_a_partial_warp_cannot_take_part_as_a_whole():
    body = "shfl.sync.bfly.b32 %r10, %r0, 1, 31, {};"
    with pytest.raises(DivergenceError, match="lanes 16, 17"):
        results(body.format(-1), block=48)
    with pytest.raises(DivergenceError, match="does not name"):
        results(body.format("0xFFFF"), block=48)
    assert results(body.format("0xFFFF"), block=16) == [i ^ 1 for i in range(16)]


def test_votes():
    body = """
        and.b32 %r5, %r0, 5; setp.eq.u32 %p1, %r5, 5; setp.ge.u32 %p5, %r0, 0;
        vote.sync.ballot.b32 %r10, %p1, -1; vote.sync.any.pred %p2, %p1, -1; vote.sync.all.pred %p3, %p1, -1;
        vote.sync.all.pred %p4, %p5, -1; vote.sync.uni.pred %p6, %p1, -1;
        @%p2 xor.b32 %r10, %r10, 1; @%p3 xor.b32 %r10, %r10, 2; @%p4 xor.b32 %r10, %r10, 4; @%p6 xor.b32 %r10, %r10, 8;
    """
    ballot = sum(1 << k for k in range(32) if k & 5 == 5)
    assert results(body) == [ballot ^ 5] * 64


def test_reductions_of_a_warp():
    assert results("redux.sync.add.u32 %r10, %r0, -1;") == [496] * 32 + [1520] * 32
    assert results("sub.s32 %r5, %r0, 40; redux.sync.min.s32 %r10, %r5, -1;", dtype="i4") == [-40] * 32 + [-8] * 32


# -- atomics


def test_atomics_count_every_thread():
    body = (
        THREAD
        + """
        ld.param.u64 %l1, [p0]; and.b32 %r5, %r0, 3; mad.wide.u32 %l1, %r5, 4, %l1;
        atom.global.add.u32 %r10, [%l1], 1; ld.param.u64 %l2, [p1]; mad.wide.u32 %l2, %r0, 4, %l2;
        st.global.u32 [%l2], %r10; red.global.max.u32 [%l1+16], %r0; ret;
    """
    )
    counts, before = np.zeros(8, "u4"), np.zeros(256, "u4")
    report = run(kernel(body, ["u64", "u64"]), "k", 4, 64, [counts, before], order_seed=5, batch=64)
    assert counts.tolist() == [64] * 4 + [252, 253, 254, 255]
    for k in range(4):
        assert sorted(before[k::4].tolist()) == list(range(64))
    assert report.atomics == 512


def test_compare_and_swap_and_exchange():
    body = (
        THREAD
        + """
        ld.param.u64 %l1, [p0];
        atom.global.cas.b32 %r10, [%l1], 0, %r0; atom.global.inc.u32 %r5, [%l1+4], 9;
        atom.global.exch.b32 %r6, [%l1+8], %r0;
        atom.global.or.b32 %r7, [%l1+12], %r0; ret;
    """
    )
    x = np.zeros(4, "u4")
    run(kernel(body), "k", 1, 32, [x])
    assert x.tolist() == [1, 2, 31, 31]


def test_atomics_on_floats_are_refused():
    body = "ld.param.u64 %l1, [p0]; atom.global.add.f32 %f1, [%l1], 0f3F800000; ret;"
    with pytest.raises(UnsupportedInstructionError, match=r"atom.global.add.f32"):
        run(kernel(body), "k", 1, 32, [np.zeros(1, "f4")])


# -- limits and refusals


def test_an_endless_loop_ends():
    with pytest.raises(StepLimitError, match="more than 1000 steps"):
        results("LOOP: bra LOOP;", limit=1000)


def test_trap_says_who():
    with pytest.raises(TrapError, match="thread 9 of block 0"):
        results("setp.eq.u32 %p1, %r0, 9; @%p1 trap; mov.u32 %r10, 0;")


@pytest.mark.parametrize(
    "instruction",
    [
        "wmma.load.a.sync.f32 %f1, [%l1];",
        "add.rn.bf16 %h1, %h1, %h1;",
        "cp.async.ca.shared.global [%r1], [%l1], 16;",
        "mul.f32x2 %l1, %l1, %l1;",
        "ld.global.f32 %f1;",
        "bar.sync 0, 32;",
        "bar.red.popc.u32 %r1, 0, %p1;",
        "cvt.s32.f32 %r1, %f1;",
        "vote.ballot.b32 %r1, %p1;",
        "mov.u32 %r1, %clusterid.x;",
        "brx.idx %r1, table;",
        "sqrt.approx.ftz.f64 %d1, %d1;",
    ],
)
def test_what_is_not_modelled_is_refused_by_name(instruction):
    """Even where no thread would reach it."""
    y = np.zeros(64, "u4")
    before = y.copy()
    with pytest.raises((UnsupportedInstructionError, PtxSyntaxError)) as caught:
        run(kernel(THREAD + "mov.u32 %r10, 1; bra OVER;\n" + instruction + "\nOVER:" + STORE), "k", 1, 64, [y])
    assert instruction.split()[0] in str(caught.value)
    assert "line" in str(caught.value)
    assert (y == before).all()


def test_registers_that_nothing_wrote():
    with pytest.raises(UninitialisedReadError, match="%r20"):
        results("mov.u32 %r10, %r20;")
    declared = "// implicit-def: %r20\n mov.u32 %r5, %r20; mov.u32 %r10, 3;"
    assert results(declared) == [3] * 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a PTX module"),
        ("int main() {}", "line 1"),
        (HEAD.replace("64\n", "32\n"), "64-bit"),
        (HEAD + ".visible .entry k() { ret }", "expected"),
        (HEAD + ".visible .entry k() { ret; ", "the end"),
        (HEAD + ".visible .entry k() { add.u32 ?; }", "unexpected character"),
        (HEAD + ".visible .entry k() { .reg .v2 x; ret; }", "registers of type"),
        (HEAD + ".visible .entry k() {" + REGISTERS + " bra NOWHERE; }", "NOWHERE"),
        (HEAD + ".visible .entry k() {" + REGISTERS + " mov.u32 %r1, nothing; ret; }", "nothing"),
        (HEAD + ".visible .entry k() {" + REGISTERS + " mov.f32 %f1, 0d3FF0000000000001ab; ret; }", "line"),
        (HEAD + ".visible .entry k() {" + REGISTERS + " add.f64 %d1, %f1, %d1; ret; }", "%f1 of type .f32"),
        (HEAD + ".visible .entry k() {" + REGISTERS + " mov.u32 %q1, 3; ret; }", "not supported"),
    ],
)
def test_texts_that_are_not_ptx(text, message):
    with pytest.raises((PtxSyntaxError, UnsupportedInstructionError), match=message):
        run(text, "k", 1, 32, [])


def test_launches_that_do_not_fit():
    program = kernel("ret;", ["u64"])
    for entry, grid, block, arguments, message in (
        ("other", 1, 32, [1], "there is no entry other; there are: k"),
        ("k", 0, 32, [1], "grid"),
        ("k", 1, 2048, [1], "at most 1024"),
        ("k", 1, 32, [], "has 1 parameters, the launch gives 0"),
        ("k", (1, 1, 1, 1), 32, [1], "grid"),
    ):
        with pytest.raises(ArgumentError, match=message):
            run(program, entry, grid, block, arguments)
    limited = program.replace(")\n{", ")\n.maxntid 64, 1, 1\n{")
    with pytest.raises(ArgumentError, match="at most 64 threads"):
        run(limited, "k", 1, 128, [1])
    fixed = program.replace(")\n{", ")\n.reqntid 64\n{")
    with pytest.raises(ArgumentError, match="must be launched with 64"):
        run(fixed, "k", 1, 32, [1])
    with pytest.raises(ArgumentError, match="approximation"):
        run(program, "k", 1, 32, [1], approximation="exact")
