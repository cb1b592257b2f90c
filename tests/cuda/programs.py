"""Short PTX programs for the tests of the interpreter."""

import numpy as np

from tests.cuda.ptx import Output, run

HEAD = ".version 8.0\n.target sm_80\n.address_size 64\n"
REGISTERS = (
    ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<30>; .reg .b64 %l<30>; .reg .f32 %f<30>; .reg .f64 %d<30>;\n"
)


def kernel(body, parameters=("u64",), head=""):
    """A module with the entry `k`, whose parameters are p0, p1, …"""
    declared = ", ".join(f".param .{kind} p{i}" for i, kind in enumerate(parameters))
    return f"{HEAD}{head}\n.visible .entry k({declared})\n{{\n{REGISTERS}{body}\n}}\n"


THREAD = """
    mov.u32 %r0, %tid.x; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x;
    mad.lo.s32 %r0, %r1, %r2, %r0;
"""
"""%r0 becomes the number of the thread in the grid."""


def per_thread(code, result, *inputs, block=None, **options):
    """Runs `code` once for each row of the inputs and returns what it leaves in %x.

    The inputs are arrays of one length; they arrive in %a, %b, …, declared with the types of their NumPy types.
    """
    count = len(inputs[0]) if inputs else block
    names = "abcdefg"
    out = np.dtype(result)
    declared, loads, arguments = "", "", []
    for k, array in enumerate(inputs):
        size = array.dtype.itemsize
        kind = {"f4": "f32", "f8": "f64"}.get(array.dtype.str[1:], f"b{8 * size}")
        loads += (
            f"ld.param.u64 %l1, [p{k + 1}]; mad.wide.u32 %l2, %r0, {size}, %l1; ld.global.{kind} %{names[k]}, [%l2];\n"
        )
        declared += f".reg .{kind} %{names[k]}; "
        arguments.append(array)
    kind = {"f4": "f32", "f8": "f64"}.get(out.str[1:], f"b{8 * out.itemsize}")
    body = f"""
        .reg .{kind} %x; {declared}
        {THREAD}
        {loads}
        {code}
        ld.param.u64 %l1, [p0]; mad.wide.u32 %l2, %r0, {out.itemsize}, %l1; st.global.{kind} [%l2], %x;
        ret;
    """
    answer = np.zeros(count, out)
    run(
        kernel(body, ["u64"] * (len(inputs) + 1)),
        "k",
        1,
        block or count,
        [Output(answer), *arguments],
        **options,
    )
    return answer
