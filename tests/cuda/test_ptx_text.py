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
from tests.cuda.toolchain import ARCHITECTURES, Resources, assembled, some_architectures

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
    found = {}
    for kernel, shape, ptx in kernels_of(name):
        for architecture in some_architectures(ptx):
            resources = spares_memory(ptx, architecture, f"{name}.{kernel}")
            assert resources.registers * THREADS[shape] <= 65536, f"{name}.{kernel} on {architecture}: {resources}"
            if architecture == "sm_90":
                found[kernel] = resources.registers
    if request.config.getoption("--update-golden"):
        known = {key: by for key, by in known.items() if key in CATALOGUE} | {name: found}
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    else:
        assert found == known.get(name), "pytest --update-golden accepts the change"


def spares_memory(ptx: str, architecture: str, where: str) -> Resources:
    """What a kernel takes on an architecture: nothing that a thread would keep in memory."""
    resources = assembled(ptx, architecture)
    assert resources.spilled == resources.stack == resources.local == 0, f"{where} on {architecture}: {resources}"
    return resources


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CATALOGUE)
def test_resources_on_every_architecture(name: str) -> None:
    for kernel, shape, ptx in kernels_of(name):
        for architecture in ARCHITECTURES:
            resources = spares_memory(ptx, architecture, f"{name}.{kernel}")
            assert resources.registers * THREADS[shape] <= 65536, f"{name}.{kernel} on {architecture}: {resources}"


def test_every_architecture_is_met() -> None:
    """By the kernels of a few losses already, among those that are chosen by a text."""
    met = {one for name in TYPICAL for _, _, ptx in kernels_of(name) for one in some_architectures(ptx)}
    assert met == set(ARCHITECTURES)


@pytest.mark.parametrize(
    "name", [n if n in TYPICAL else pytest.param(n, marks=pytest.mark.exhaustive) for n in CATALOGUE]
)
def test_the_oldest_architecture_of_the_toolchain(name: str) -> None:
    """Volta is compiled for where the toolkit still knows it."""
    from cuda.bindings import nvrtc

    if 70 not in nvrtc.nvrtcGetSupportedArchs()[1]:
        pytest.skip("this toolkit has dropped sm_70")
    module = device_module(CATALOGUE[name])
    for kernel in ["value_and_grad"] if name in TYPICAL else module.KERNELS:
        record = module.KERNELS[kernel]
        for suffix in ("f32", "f64"):
            full, threads = f"{kernel}_{suffix}", THREADS[record["shape"]]
            ptx = compile_kernel(module, full, arguments_of(record), threads, (7, 0))
            assert ".target sm_70" in ptx
            spares_memory(ptx, "sm_70", f"{name}.{full}")


@pytest.mark.parametrize("name", marked(coupled=True))
def test_every_entry_point_has_kernels(name: str) -> None:
    """Whatever the CPU offers; Hessian blocks come by way of the product."""
    module = device_module(CATALOGUE[name])
    assert not hasattr(module, "WITHOUT")
    assert set(module.PLANS) == set(device_kernels(name).meta["entries"]) - {"hessian"}


@pytest.mark.parametrize(
    ("name", "storage"), [*marked("bfloat16", coupled=True), *marked("float16", coupled=True, kinds=True)]
)
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
        for architecture in some_architectures(ptx, ()):
            spares_memory(ptx, architecture, where)
