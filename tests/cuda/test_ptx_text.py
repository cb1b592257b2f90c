"""Every kernel compiles without a driver, to PTX that stays in its own precision, in registers, and in one piece."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import arguments_of
from tests.cuda.harness import CATALOGUE, COUPLED, TYPICAL, device_kernels, device_module, marked
from tests.cuda.toolchain import ARCHITECTURES, assembled

#: Registers of every kernel on sm_90; a change is reviewed like any other text.
EXPECTED = Path(__file__).parent / "expected" / "registers.json"

#: How threads are laid out in kernels that sweep over rows.
ROWS = ("rows", "full_rows", "segments")


def kernels_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Name, shape and PTX of every kernel of a loss, for both dtypes."""
    module = device_module(CATALOGUE[name])
    for kernel, record in module.KERNELS.items():
        for suffix in ("f32", "f64"):
            full = f"{kernel}_{suffix}"
            yield full, record["shape"], compile_kernel(module, full, arguments_of(record), THREADS[record["shape"]])


def instructions(ptx: str) -> list[str]:
    return re.findall(r"^\s*(?:@!?%p\d+\s+)?([a-z]\w*(?:\.\w+)*)[\s;]", ptx, re.MULTILINE)


@pytest.mark.parametrize("name", marked(coupled=True))
def test_text(name: str) -> None:
    for kernel, shape, ptx in kernels_of(name):
        ops = instructions(ptx)
        where = f"{name}.{kernel}"
        assert re.findall(r"\.entry\s+(\w+)", ptx) == [kernel], where
        assert ".extern .func" not in ptx, where
        assert not [op for op in ops if op.startswith("call")], where
        assert ".local" not in ptx, where
        # The partner of a sample, once per row, is found by a remainder.
        divisions = [op for op in ops if op.startswith(("div.s64", "div.u64", "rem.s64", "rem.u64"))]
        assert not divisions or device_module(CATALOGUE[name]).META["paired"], where
        assert not [op for op in ops if op.startswith(("min.f", "max.f"))], f"{where} would drop a NaN"
        if kernel.endswith("f32") and kernel != "finish_f32":
            assert not [op for op in ops if ".f64" in op], where
        if shape == "elements" or (shape in ROWS and name not in COUPLED):
            width = "v4.f32" if kernel.endswith("f32") else "v2.f64"
            assert [op for op in ops if op.startswith(("ld.global", "st.global")) and op.endswith(width)], where
        assert not re.search(r"\b(atom|red)\.", ptx), f"{where}: sums must not depend on who comes first"


@pytest.mark.parametrize("name", marked(coupled=True))
def test_resources(name: str, request: pytest.FixtureRequest) -> None:
    known = json.loads(EXPECTED.read_text()) if EXPECTED.is_file() else {}
    slow = request.node.get_closest_marker("slow") is not None
    everywhere = ARCHITECTURES if name in TYPICAL[:2] or slow else ("sm_90",)
    found = {}
    for kernel, shape, ptx in kernels_of(name):
        for architecture in dict.fromkeys(["sm_90", *everywhere]):
            resources = assembled(ptx, architecture)
            where = f"{name}.{kernel} on {architecture}"
            assert resources.spilled == resources.stack == resources.local == 0, f"{where}: {resources}"
            assert resources.registers * THREADS[shape] <= 65536, f"{where}: {resources}"
            if architecture == "sm_90":
                found[kernel] = resources.registers
    if request.config.getoption("--update-golden"):
        known = {key: by for key, by in known.items() if key in CATALOGUE} | {name: found}
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    else:
        assert found == known.get(name), "pytest --update-golden accepts the change"


def test_the_oldest_architecture_of_the_toolchain() -> None:
    """Volta is compiled for where the toolkit still knows it."""
    from cuda.bindings import nvrtc

    if 70 not in nvrtc.nvrtcGetSupportedArchs()[1]:
        pytest.skip("this toolkit has dropped sm_70")
    module = device_module(CATALOGUE["huber"])
    record = module.KERNELS["value_and_grad"]
    ptx = compile_kernel(module, "value_and_grad_f32", arguments_of(record), 256, (7, 0))
    assert ".target sm_70" in ptx


@pytest.mark.parametrize("name", marked(coupled=True))
def test_every_entry_point_has_kernels(name: str) -> None:
    """Whatever the CPU offers; Hessian blocks come by way of the product."""
    module = device_module(CATALOGUE[name])
    assert not hasattr(module, "WITHOUT")
    assert set(module.PLANS) == set(device_kernels(name).meta["entries"]) - {"hessian"}


@pytest.mark.parametrize("storage", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", marked(coupled=True))
def test_numbers_of_16_bits(name: str, storage: str) -> None:
    """The same kernels compile for numbers of 16 bits in memory, compute in float32 and move 128 bits at once."""
    module = device_module(CATALOGUE[name])
    for kernel, record in module.KERNELS.items():
        if "data*" not in record["arguments"]:
            continue
        full = f"{kernel}_f32"
        ptx = compile_kernel(module, full, arguments_of(record), THREADS[record["shape"]], storage=storage)
        ops = instructions(ptx)
        where = f"{name}.{full} in {storage}"
        assert not [op for op in ops if ".f64" in op], where
        assert ".local" not in ptx, where
        moved = {op for op in ops if op.startswith(("ld.global", "st.global"))}
        if record["shape"] == "elements" or (record["shape"] in ROWS and name not in COUPLED):
            assert moved & {"ld.global.v4.u32", "st.global.v4.u32"}, where
            assert not {op for op in moved if ".v" in op} - {"ld.global.v4.u32", "st.global.v4.u32"}, where
        resources = assembled(ptx, "sm_90")
        assert resources.spilled == resources.stack == resources.local == 0, f"{where}: {resources}"
