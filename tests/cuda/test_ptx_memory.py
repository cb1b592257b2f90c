"""Memory of the PTX interpreter: accesses, counts, and every check that they are right."""

import numpy as np
import pytest

from tests.cuda.programs import THREAD, kernel
from tests.cuda.ptx import (
    AlignmentError,
    ArgumentError,
    Before,
    GlobalRaceError,
    NumbaArray,
    OutOfBoundsError,
    Output,
    Pointers,
    SharedRaceError,
    UninitialisedReadError,
    run,
)

COPY = THREAD + (
    "ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1]; mul.wide.u32 %l3, %r0, {step};"
    "add.s64 %l1, %l1, %l3; add.s64 %l2, %l2, %l3; ld.global.{kind} {reg}, [%l1]; st.global.{kind} [%l2], {reg}; ret;"
)


def copy(kind="f32", step=4, reg="%f1"):
    return kernel(COPY.format(kind=kind, step=step, reg=reg), ["u64", "u64"])


@pytest.mark.parametrize("order_seed", [None, 1])
@pytest.mark.parametrize("batch", [32, 64, 1 << 16])
def test_elements_are_copied_and_counted(batch, order_seed):
    x, y = np.arange(256, dtype="f4"), np.zeros(256, "f4")
    report = run(copy(), "k", 4, 64, [x, Output(y)], batch=batch, order_seed=order_seed)
    assert (x == y).all()
    assert report.loaded == {"global": 1024}
    assert report.stored == {"global": 1024}
    assert report.sectors_loaded == report.sectors_stored == 32
    assert report.opcodes["ld.global.f32"] == 256
    assert report.opcodes["ret"] == 256
    assert report.count("global", "f32") == 512
    assert report.instructions == 256 * 12
    assert report.unwritten == {1: 0}


@pytest.mark.parametrize(
    ("kind", "step", "reg", "dtype"),
    [
        ("v2.f32", 8, "{%f1, %f2}", "f4"),
        ("v4.f32", 16, "{%f1, %f2, %f3, %f4}", "f4"),
        ("v4.u32", 16, "{%r5, %r6, %r7, %r8}", "u4"),
        ("v2.b64", 16, "{%l5, %l6}", "u8"),
        ("v4.b16", 8, "{%h1, %h2, %h3, %h4}", "u2"),
        ("f64", 8, "%d1", "f8"),
        ("u8", 1, "%h1", "u1"),
    ],
)
def test_vectors_are_copied(kind, step, reg, dtype):
    count = 64 * step // np.dtype(dtype).itemsize
    x = np.arange(count).astype(dtype)
    y = np.zeros_like(x)
    report = run(copy(kind, step, reg), "k", 2, 32, [x, Output(y)])
    assert (x == y).all()
    assert report.loaded["global"] == x.nbytes
    assert report.sectors_loaded == x.nbytes // 32


def test_narrow_loads_extend():
    body = "ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1]; {} %r5, [%l1]; st.global.u32 [%l2], %r5; ret;"
    x = np.array([0x80], "u1")
    for opcode, expected in (("ld.global.u8", 0x80), ("ld.global.s8", 0xFFFFFF80), ("ld.global.b8", 0x80)):
        y = np.zeros(1, "u4")
        run(kernel(body.format(opcode), ["u64", "u64"]), "k", 1, 1, [x, y])
        assert y.tolist() == [expected]


@pytest.mark.parametrize(("stride", "sectors"), [(4, 4), (8, 8), (32, 32), (128, 32), (0, 1)])
def test_sectors_depend_on_the_stride(stride, sectors):
    x, y = np.zeros(2048, "f4"), np.zeros(1, "f4")
    body = (
        THREAD
        + f"""
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l3, %r0, {stride}, %l1; ld.global.f32 %f1, [%l3]; ret;
    """
    )
    report = run(kernel(body, ["u64", "u64"]), "k", 1, 32, [x, y])
    assert report.sectors_loaded == sectors
    backwards = body.replace(
        f"mad.wide.u32 %l3, %r0, {stride}", f"sub.s32 %r0, 31, %r0; mad.wide.u32 %l3, %r0, {stride}"
    )
    assert run(kernel(backwards, ["u64", "u64"]), "k", 1, 32, [x, y]).sectors_loaded == sectors


def test_one_element_past_the_end_is_out_of_bounds():
    x, y = np.zeros(63, "f4"), np.zeros(64, "f4")
    with pytest.raises(OutOfBoundsError, match=r"load of 4 bytes .*0 bytes past the end .*thread 63 of block 0.*ld.gl"):
        run(copy(), "k", 1, 64, [x, y])
    with pytest.raises(OutOfBoundsError, match=r"store of 4 bytes .*thread 31 of block 1 at `st.global.f32`"):
        run(copy(), "k", 2, 32, [y, x])


def test_one_element_before_the_start_is_out_of_bounds():
    body = "ld.param.u64 %l1, [p0]; ld.global.f32 %f1, [%l1+-4]; ret;"
    with pytest.raises(OutOfBoundsError, match="4 bytes before the start"):
        run(kernel(body), "k", 1, 1, [np.zeros(4, "f4")])


def test_the_end_of_an_array_that_is_not_there():
    """Block 2^26 of a grid alone, whose threads copy elements from 2^31 on; the neighbours' are out of bounds."""
    body = """
        mov.u32 %r0, %ctaid.x; mov.u32 %r1, %tid.x; mul.wide.u32 %l3, %r0, 128; mul.wide.u32 %l4, %r1, 4;
        add.s64 %l3, %l3, %l4; ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1];
        add.s64 %l1, %l1, %l3; add.s64 %l2, %l2, %l3; ld.global.f32 %f1, [%l1]; st.global.f32 [%l2], %f1; ret;
    """
    x, y = np.arange(32, dtype="f4"), np.zeros(32, "f4")
    given, last = [Before(x, 1 << 31), Before(y, 1 << 31)], 1 << 26
    report = run(kernel(body, ["u64", "u64"]), "k", last + 2, 32, given, only=[last])
    assert (x == y).all()
    assert report.loaded["global"] == report.stored["global"] == 128
    for wrong in (last - 1, last + 1, 0):
        with pytest.raises(OutOfBoundsError):
            run(kernel(body, ["u64", "u64"]), "k", last + 2, 32, given, only=[wrong])
    # A product of 32 bits would begin again at 0.
    short = body.replace("mul.wide.u32 %l3, %r0, 128", "mul.lo.s32 %r0, %r0, 128; cvt.u64.u32 %l3, %r0")
    with pytest.raises(OutOfBoundsError):
        run(kernel(short, ["u64", "u64"]), "k", last + 2, 32, given, only=[last])


def test_null_and_wild_pointers_are_out_of_bounds():
    body = "ld.param.u64 %l1, [p0]; ld.global.f32 %f1, [%l1]; ret;"
    for address in (0, 64, 2**63, 2**64 - 4):
        with pytest.raises(OutOfBoundsError):
            run(kernel(body), "k", 1, 1, [np.uint64(address)])


def test_views_bound_what_may_be_touched():
    x, y = np.arange(64, dtype="f4"), np.zeros(32, "f4")
    run(copy(), "k", 1, 32, [x[16:48], y])
    assert (y == x[16:48]).all()
    with pytest.raises(OutOfBoundsError):
        run(copy(), "k", 1, 33, [x[16:48], np.zeros(33, "f4")])


def test_views_of_one_array_share_memory():
    x = np.arange(64, dtype="f4")
    run(copy(), "k", 1, 32, [x[:32], x[32:]])
    assert x.tolist() == [*range(32), *range(32)]


def test_misaligned_accesses_are_found():
    x, y = np.zeros(65, "f4"), np.zeros(64, "f4")
    program = copy("v4.f32", 16, "{%f1, %f2, %f3, %f4}")
    run(program, "k", 1, 16, [x[:64], y])
    with pytest.raises(AlignmentError, match=r"16-byte access .* 4 past a multiple of 16 by thread 0 of block 0"):
        run(program, "k", 1, 16, [x[1:], y])
    with pytest.raises(AlignmentError, match="4-byte access"):
        run(copy(step=6), "k", 1, 4, [x, y])


def test_poisoned_outputs_may_not_be_read():
    x, y = np.zeros(32, "f4"), np.zeros(32, "f4")
    with pytest.raises(UninitialisedReadError, match="thread 0 of block 0"):
        run(copy(), "k", 1, 32, [Output(x), y])


def test_what_nothing_writes_stays_poison_and_is_counted():
    x, y = np.ones(32, "f4"), np.zeros(40, "f4")
    report = run(copy(), "k", 1, 32, [x, Output(y)])
    assert report.unwritten == {1: 32}
    assert np.isnan(y[32:]).all()
    assert (y[:32] == 1).all()


def test_an_output_may_be_read_once_written():
    y = np.zeros(32, "f4")
    body = (
        THREAD
        + """
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r0, 4, %l1;
        st.global.f32 [%l1], 0f40000000; ld.global.f32 %f1, [%l1]; add.f32 %f1, %f1, %f1; st.global.f32 [%l1], %f1; ret;
    """
    )
    run(kernel(body), "k", 1, 32, [Output(y)])
    assert (y == 4).all()


def test_read_only_arrays_may_not_be_written():
    x, y = np.zeros(32, "f4"), np.zeros(32, "f4")
    y.flags.writeable = False
    with pytest.raises(OutOfBoundsError, match="read-only"):
        run(copy(), "k", 1, 32, [x, y])


def test_pointers_inside_buffers():
    a, b, y = np.full(4, 3, "f4"), np.full(4, 5, "f4"), np.zeros(2, "f4")
    body = (
        THREAD
        + """
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r0, 8, %l1; ld.global.u64 %l2, [%l1]; ld.f32 %f1, [%l2+12];
        ld.param.u64 %l1, [p1]; mad.wide.u32 %l1, %r0, 4, %l1; st.global.f32 [%l1], %f1; ret;
    """
    )
    run(kernel(body, ["u64", "u64"]), "k", 1, 2, [Pointers([a, b]), y])
    assert y.tolist() == [3, 5]
    with pytest.raises(OutOfBoundsError):
        run(kernel(body, ["u64", "u64"]), "k", 1, 2, [Pointers([a, None]), y])


def test_structures_and_scalars():
    body = """
        ld.param.f32 %f1, [p0]; ld.param.f64 %d1, [p1]; ld.param.u32 %r5, [p2+4]; ld.param.u64 %l1, [p3];
        cvt.rn.f32.f64 %f2, %d1; cvt.rn.f32.u32 %f3, %r5; add.f32 %f1, %f1, %f2; add.f32 %f1, %f1, %f3;
        st.global.f32 [%l1], %f1; ret;
    """
    program = kernel(body, ["f32", "f64", "b8 X", "u64"]).replace(".param .b8 X p2", ".param .align 4 .b8 p2[8]")
    y = np.zeros(1, "f4")
    run(program, "k", 1, 1, [0.5, np.float64(0.25), np.array([1, 7], "u4").tobytes(), y])
    assert y.tolist() == [7.75]
    for wrong in (
        [0.5, 0.25, b"1234", y],
        [0.5, 0.25, 3, y],
        [np.float64(0.5), 0.25, bytes(8), y],
        ["x", 0.25, bytes(8), y],
        [0.5, 0.25, bytes(8)],
        [0.5, 0.25, bytes(8), np.zeros((4, 4), "f4")[:, 1]],
        [np.int32(1), 0.25, bytes(8), y],
        [0.5, 0.25, bytes(8), 1.5],
    ):
        with pytest.raises(ArgumentError):
            run(program, "k", 1, 1, wrong)


def test_arrays_as_numba_passes_them():
    words = ["u64"] * 9
    body = "ld.param.u64 %l1, [p4]; ld.param.u64 %l2, [p5]; ld.param.u64 %l3, [p7]; add.s64 %l2, %l2, %l3;"
    body += "st.global.u64 [%l1], %l2; ret;"
    x = np.zeros((3, 4), "u8")
    run(kernel(body, words), "k", 1, 1, [NumbaArray(x)])
    assert x[0, 0] == 3 + 32


def test_global_and_constant_variables():
    head = (
        ".global .align 4 .b32 table[3] = {10, 20, 0xFF};\n.const .f32 factor = 0f40000000;\n.common .global .u64 env;"
    )
    body = """
        mov.u64 %l1, table; ld.global.u32 %r5, [%l1+8]; ld.const.f32 %f1, [factor]; cvt.rn.f32.u32 %f2, %r5;
        mul.f32 %f1, %f1, %f2; ld.param.u64 %l2, [p0]; st.global.f32 [%l2], %f1; ret;
    """
    y = np.zeros(1, "f4")
    run(kernel(body, head=head), "k", 1, 1, [y])
    assert y.tolist() == [510]


def test_local_memory_belongs_to_a_thread():
    body = (
        THREAD
        + """
        .local .align 4 .b8 depot[16];
        mov.u64 %l5, depot; cvta.local.u64 %l6, %l5;
        st.local.u32 [%l5+4], %r0; ld.u32 %r6, [%l6+4];
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r0, 4, %l1; st.global.u32 [%l1], %r6; ret;
    """
    )
    y = np.zeros(64, "u4")
    report = run(kernel(body), "k", 2, 32, [y])
    assert y.tolist() == list(range(64))
    assert report.stored["local"] == 256
    with pytest.raises(UninitialisedReadError, match="local"):
        run(kernel(body.replace("[%l6+4]", "[%l6+8]")), "k", 2, 32, [y])
    with pytest.raises(OutOfBoundsError, match="local"):
        run(kernel(body.replace("[%l5+4]", "[%l5+16]")), "k", 2, 32, [y])


# -- shared memory

ROTATE = (
    THREAD
    + """
    .shared .align 4 .b8 buffer[{size}];
    mov.u32 %r5, %tid.x; shl.b32 %r6, %r5, 2; mov.u32 %r7, buffer; add.s32 %r8, %r7, %r6;
    st.shared.u32 [%r8], %r0;
    {barrier}
    xor.b32 %r9, %r5, {other}; shl.b32 %r9, %r9, 2; add.s32 %r9, %r7, %r9; ld.shared.u32 %r10, [%r9];
    ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r0, 4, %l1; st.global.u32 [%l1], %r10; ret;
"""
)


def rotate(size=256, barrier="bar.sync 0;", other=63):
    return kernel(ROTATE.format(size=size, barrier=barrier, other=other))


def test_threads_exchange_through_shared_memory():
    y = np.zeros(192, "u4")
    report = run(rotate(), "k", 3, 64, [Output(y)], batch=128)
    assert y.tolist() == [64 * (i // 64) + (i % 64 ^ 63) for i in range(192)]
    assert report.barriers == 3
    assert report.loaded["shared"] == report.stored["shared"] == 768


def test_a_missing_barrier_is_a_race():
    with pytest.raises(SharedRaceError, match=r"load by thread 0 of what thread 63 touched .*thread 0 of block 0"):
        run(rotate(barrier=""), "k", 3, 64, [np.zeros(192, "u4")])


def test_a_warp_barrier_orders_a_warp_only():
    y = np.zeros(64, "u4")
    run(rotate(barrier="bar.warp.sync -1;", other=31), "k", 1, 64, [y])
    assert y.tolist() == [i ^ 31 for i in range(64)]
    with pytest.raises(SharedRaceError):
        run(rotate(barrier="bar.warp.sync -1;", other=63), "k", 1, 64, [y])
    with pytest.raises(SharedRaceError):
        run(rotate(barrier="", other=31), "k", 1, 64, [y])


def test_writing_what_others_still_read_is_a_race():
    again = "ld.shared.u32 %r10, [%r9];"
    clash = ROTATE.replace(again, f"{again} {{middle}} st.shared.u32 [%r8], 7;")
    fixed = clash.format(size=256, barrier="bar.sync 0;", other=63, middle="bar.sync 0;")
    run(kernel(fixed), "k", 1, 64, [np.zeros(64, "u4")])
    with pytest.raises(SharedRaceError, match="store by thread 0"):
        run(
            kernel(clash.format(size=256, barrier="bar.sync 0;", other=63, middle="")), "k", 1, 64, [np.zeros(64, "u4")]
        )


def test_two_writers_of_one_place_are_a_race():
    one = ROTATE.replace("shl.b32 %r6, %r5, 2;", "mov.u32 %r6, 0;")
    with pytest.raises(SharedRaceError, match="threads 0 and 1 store to the same place"):
        run(kernel(one.format(size=256, barrier="bar.sync 0;", other=0)), "k", 1, 64, [np.zeros(64, "u4")])


def test_many_readers_then_a_writer_are_a_race():
    body = """
        .shared .align 4 .b8 buffer[4];
        mov.u32 %r5, %tid.x; setp.ne.u32 %p1, %r5, 0;
        @!%p1 st.shared.u32 [buffer], %r5;
        bar.sync 0;
        ld.shared.u32 %r6, [buffer];
        {barrier}
        @!%p1 st.shared.u32 [buffer], 5;
        ret;
    """
    run(kernel(body.format(barrier="bar.sync 0;")), "k", 2, 128, [np.zeros(1, "u4")])
    with pytest.raises(SharedRaceError, match="store by thread 0 of what several threads touched"):
        run(kernel(body.format(barrier="")), "k", 2, 128, [np.zeros(1, "u4")])
    run(kernel(body.format(barrier="bar.warp.sync -1;")), "k", 2, 32, [np.zeros(1, "u4")])
    with pytest.raises(SharedRaceError):
        run(kernel(body.format(barrier="bar.warp.sync -1;")), "k", 2, 64, [np.zeros(1, "u4")])


def test_halves_of_one_word_are_no_race():
    body = """
        .shared .align 4 .b8 buffer[128];
        mov.u32 %r5, %tid.x; shl.b32 %r6, %r5, 1; mov.u32 %r7, buffer; add.s32 %r8, %r7, %r6;
        cvt.u16.u32 %h1, %r5; st.shared.u16 [%r8], %h1; bar.sync 0;
        xor.b32 %r6, %r6, 62; add.s32 %r8, %r7, %r6; ld.shared.u16 %h2, [%r8];
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l1, %r5, 2, %l1; st.global.u16 [%l1], %h2; ret;
    """
    y = np.zeros(32, "u2")
    run(kernel(body), "k", 1, 32, [y])
    assert y.tolist() == list(range(31, -1, -1))


def test_shared_memory_is_bounded_and_starts_undefined():
    y = np.zeros(64, "u4")
    with pytest.raises(OutOfBoundsError, match=r"shared address 252, of 252 bytes .*thread 63"):
        run(rotate(size=252), "k", 1, 64, [y])
    unwritten = ROTATE.replace("st.shared.u32 [%r8], %r0;", "")
    with pytest.raises(UninitialisedReadError, match="shared"):
        run(kernel(unwritten.format(size=256, barrier="", other=0)), "k", 1, 64, [y])


def test_dynamic_shared_memory():
    head = ".extern .shared .align 16 .b8 dynamic[];"
    body = ROTATE.replace(".shared .align 4 .b8 buffer[{size}];", "").replace("buffer", "dynamic")
    program = kernel(body.format(barrier="bar.sync 0;", other=63), head=head)
    y = np.zeros(64, "u4")
    run(program, "k", 1, 64, [y], shared_bytes=256)
    assert y.tolist() == [i ^ 63 for i in range(64)]
    with pytest.raises(OutOfBoundsError):
        run(program, "k", 1, 64, [y], shared_bytes=255)


def test_generic_addresses_reach_shared_memory():
    generic = ROTATE.replace(
        "ld.shared.u32 %r10, [%r9];", "cvt.u64.u32 %l7, %r9; cvta.shared.u64 %l7, %l7; ld.u32 %r10, [%l7];"
    )
    y = np.zeros(64, "u4")
    report = run(kernel(generic.format(size=256, barrier="bar.sync 0;", other=63)), "k", 1, 64, [y])
    assert y.tolist() == [i ^ 63 for i in range(64)]
    assert report.loaded["shared"] == 256


#: Thread t puts its number beside itself in one buffer, and reads what thread t ^ 63 left of another.
OVER = """
    mov.u32 %r0, %tid.x; xor.b32 %r1, %r0, {other};
    ld.param.u64 %l1, [p0]; ld.param.u64 %l2, [p1];
    mad.wide.u32 %l3, %r1, 4, %l1; mad.wide.u32 %l4, %r0, 4, %l2;
    ld.global.u32 %r2, [%l3]; {barrier} st.global.u32 [%l4], %r2; ret;
"""


def test_results_over_an_input_must_wait_for_its_readers():
    """Two arguments that are one buffer; of two buffers there is nothing to wait for."""

    def turned(other, barrier, same=True, threads=64):
        y = np.arange(threads, dtype="u4")
        body = kernel(OVER.format(other=other, barrier=barrier), ["u64", "u64"])
        run(body, "k", 1, threads, [y, y if same else np.zeros(threads, "u4")])
        return y.tolist()

    backwards = list(range(63, -1, -1))
    assert turned(63, "bar.sync 0;") == backwards
    assert turned(0, "") == sorted(backwards)
    turned(63, "", same=False)
    assert turned(31, "bar.warp.sync -1;", threads=32) == list(range(31, -1, -1))
    for other, barrier in ((63, ""), (63, "bar.warp.sync -1;"), (1, "")):
        with pytest.raises(GlobalRaceError, match=r"store by thread \d+ of what thread \d+ touched"):
            turned(other, barrier)
