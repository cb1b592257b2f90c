"""The machine code of kernels: packed arithmetic in the loops that do the work, and no call in any.

Which loop does the work and which one does what it leaves is LLVM's to say, whatever the processor and however it
unrolls; that the instructions are packed, and that none is a call, is read in the assembly.
"""

from __future__ import annotations

import platform

import numba
import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, Options, kernels, ways
from tests.kernels.machine_code import Loop, assembly_loops, compiled, kernels_of, llvm_loops, nest

X86 = platform.machine() in ("x86_64", "AMD64")
ENTRIES = ("value", "value_and_grad", "grad_hess_diag", "hvp")
DTYPES = {"float32": "f32", "float64": "f64"}


def scalar_loops(code: str) -> list[Loop]:
    """The innermost loops that compute with one number at a time though they are no leftover."""
    return [loop for loop in llvm_loops(code) if loop.scalar and not loop.packed and not loop.leftover]


def check_machine_code(name: str, entry: str, dtype: str) -> None:
    k = kernels(name)
    for way in ways(k):
        with way:
            k.call(100, dtype, Options()).run(entry)
    found = kernels_of(k.module, entry, DTYPES[dtype])
    assert found
    for kernel in found:
        code, assembly = compiled(k.module, kernel)
        assert not scalar_loops(code), kernel.__name__
        assert not any(loop.calls for loop in llvm_loops(code)), kernel.__name__
        if X86:
            loops = assembly_loops(assembly)
            # A chunk's zeros may be written by a call of memset, in a loop that computes nothing.
            assert not any(loop.calls for loop in loops if loop.packed or loop.scalar), loops
            computes = any(loop.packed for loop in llvm_loops(code))
            assert computes <= any(loop.packed for loop in loops), loops


@pytest.mark.parametrize("name", ["huber", "bce_with_logits", "softmax_cross_entropy", "giou"])
def test_packed_and_without_calls(name: str) -> None:
    check_machine_code(name, "value_and_grad", "float32")


@pytest.mark.parametrize("dtype", [pytest.param("float32"), pytest.param("float64", marks=pytest.mark.slow)])
def test_products_in_a_fixed_order(dtype: str) -> None:
    k = kernels("info_nce")
    k.loss(*(np.ones((9, 9), dtype) for _ in range(2)), deterministic=True)
    code, assembly = compiled(k.module, k.module.matrix_product)
    assert not scalar_loops(code)
    assert any(loop.packed > 8 for loop in llvm_loops(code))
    if X86:
        assert not any(loop.calls for loop in assembly_loops(assembly) if loop.packed or loop.scalar)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [pytest.param("float32"), pytest.param("float64", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_kernel(name: str, entry: str, dtype: str) -> None:
    if entry not in kernels(name).entries:
        pytest.skip("refused, with a reason")
    check_machine_code(name, entry, dtype)


# --- the finder of loops can fail ------------------------------------------------------------------------------------


def sequential(x, y):
    total = 0.0
    for i in range(x.size):
        y[i] = 2.0 * x[i]
    for i in range(x.size):
        total += x[i]
    return total


def with_a_call(x, y):
    for i in range(x.size):
        y[i] = np.exp(x[i])
    return 0.0


def code_of(function) -> tuple[str, str]:
    signature = (numba.float32[::1], numba.float32[::1])
    dispatcher = numba.njit(error_model="numpy")(function)
    dispatcher.compile(signature)
    return dispatcher.inspect_llvm(signature), dispatcher.inspect_asm(signature)


def test_a_sum_in_sequence_is_scalar() -> None:
    code, _ = code_of(sequential)
    assert len(scalar_loops(code)) == 1
    assert any(loop.packed for loop in llvm_loops(code))
    assert any(loop.leftover for loop in llvm_loops(code))


@pytest.mark.skipif(not X86, reason="mnemonics of x86-64")
def test_a_call_is_found() -> None:
    code, assembly = code_of(with_a_call)
    assert any(loop.calls for loop in assembly_loops(assembly))
    assert scalar_loops(code) or any(loop.calls for loop in llvm_loops(code)) or "@llvm.exp" in code


@pytest.mark.skipif(not X86, reason="mnemonics of x86-64")
def test_packed_instructions_are_found() -> None:
    _, assembly = code_of(sequential)
    assert any(loop.packed for loop in assembly_loops(assembly))
    assert any(loop.scalar and not loop.packed for loop in assembly_loops(assembly))


def test_innermost_loops_of_a_graph() -> None:
    # An outer loop b…e around an inner one c, d, whose cold part x stands behind the exit; and a loop of one block.
    graph = {"a": ["b"], "b": ["c"], "c": ["d", "x"], "d": ["c", "e"], "e": ["b", "f"], "f": ["f", "g"], "g": []}
    graph["x"] = ["d"]
    loops, outer = nest(graph)
    assert sorted(loops) == [["c", "d", "x"], ["f"]]
    assert outer == ["b"]
