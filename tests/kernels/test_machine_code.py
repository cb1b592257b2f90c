"""The machine code of element-wise kernels: packed arithmetic in the loop that does the work, and no call in any loop.

Compiled for the processor at hand; the mnemonics are those of x86-64.
"""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass

import numba
import pytest

from tests.kernels.harness import CATALOGUE, Options, kernels

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="mnemonics of x86-64")

_ARITHMETIC = r"v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d*|cmp\w*|u?comi)"
_PACKED, _SCALAR = re.compile(_ARITHMETIC + "p[sd]"), re.compile(_ARITHMETIC + "s[sd]")


@dataclass(frozen=True)
class Loop:
    """How many instructions of each kind an innermost loop holds."""

    packed: int
    scalar: int
    calls: int


def function_text(assembly: str) -> list[str]:
    """The lines of the kernel itself, without the wrapper by which Python calls it."""
    lines = [line.split("#")[0].strip() for line in assembly.splitlines()]
    starts = [n for n, line in enumerate(lines) if re.match(r"_ZN(?!7cpython)\S+:$", line)]
    ends = [n for n, line in enumerate(lines) if line.startswith(".Lfunc_end")]
    return lines[starts[0] : min(end for end in ends if end > starts[0])]


def innermost_loops(assembly: str) -> list[Loop]:
    """The loops that hold no other: from the target of a jump back to the jump."""
    labels: dict[str, int] = {}
    code: list[str] = []
    for line in function_text(assembly):
        if re.match(r"[.\w$]+:$", line):
            labels[line[:-1]] = len(code)
        elif line and not line.startswith("."):
            code.append(line)
    spans = [
        (labels[jump[1]], place)
        for place, line in enumerate(code)
        if (jump := re.match(r"j\w+\s+(\.L\w+)", line)) and labels.get(jump[1], len(code)) <= place
    ]
    inner = [one for one in spans if not any(one[0] <= a and b <= one[1] for a, b in spans if (a, b) != one)]
    found = []
    for first, last in inner:
        names = [line.split()[0] for line in code[first : last + 1]]
        # The halving sum of `_pairwise_sum` and what it leaves are additions alone, in every kernel.
        sums = {"vaddpd", "addpd", "vaddsd", "addsd"}
        packed, scalar = ([name for name in names if kind.fullmatch(name)] for kind in (_PACKED, _SCALAR))
        if {*packed, *scalar} <= sums:
            packed = scalar = []
        found.append(Loop(len(packed), len(scalar), sum(name.startswith("call") for name in names)))
    return found


def check_machine_code(name: str, dtype: str) -> None:
    k = kernels(name)
    k.call(100, dtype, Options()).run("value_and_grad")
    kernel = getattr(k.module, f"value_and_grad_{'f32' if dtype == 'float32' else 'f64'}")
    options = {key: value for key, value in kernel.targetoptions.items() if key != "nopython"}
    fresh = numba.njit(**options)(kernel.py_func)  # machine code that was loaded from the cache cannot be inspected
    fresh.compile(kernel.signatures[0])
    loops = innermost_loops(fresh.inspect_asm(kernel.signatures[0]))
    assert not any(loop.calls for loop in loops), loops
    # The loop stands there twice: packed and, often unrolled once, scalar for the samples that are left over.
    assert max(loop.packed for loop in loops) > max(loop.scalar for loop in loops) / 3, loops


@pytest.mark.parametrize("name", ["huber", "bce_with_logits"])
def test_packed_and_without_calls(name: str) -> None:
    check_machine_code(name, "float32")


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_element_wise_loss(name: str) -> None:
    k = kernels(name)
    if not k.elementwise or k.batchless:
        pytest.skip("a sample is more than one number")
    if len(k.meta["terms"]) > 1:
        pytest.skip("several kernels")
    check_machine_code(name, "float32")
