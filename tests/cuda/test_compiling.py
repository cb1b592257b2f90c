"""Where compiled kernels are kept: under a hash of what they depend on, no more and no less."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import compiling
from symloss.runtime.cuda.compiling import compile_kernel
from symloss.runtime.modules import load_module

SOURCE = '''"""{doc}"""

import numpy as np
from numba import cuda

f32 = np.float32
META, KERNELS = {{"title": "{doc}"}}, {{}}
FACTOR = {factor}


@cuda.jit(device=True)
def _scaled(x):
    """Only through this is the factor used."""
    return f32(FACTOR) * x


def scale_f32(x, count):
    at = cuda.grid(1)
    if at < count:
        x[at] = _scaled(x[at])


def other_f32(x, count):
    at = cuda.grid(1)
    if at < count:
        x[at] = x[at] {other} f32(1.0)
'''
ARGUMENTS = {"x": "real*", "count": "int64"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path)
    return tmp_path


def module(path: Path, doc: str = "", factor: float = 2.0, other: str = "+") -> ModuleType:
    path.write_text(SOURCE.format(doc=doc, factor=factor, other=other), encoding="utf-8")
    return load_module(path, f"symloss._test_{path.stem}")


def kept(folder: Path) -> int:
    return len(list(folder.glob("*.ptx")))


def test_what_a_kernel_does_not_reach_compiles_nothing_anew(folder: Path) -> None:
    """Another text around a kernel, or another file with the same kernel."""
    first = compile_kernel(module(folder / "one.py"), "scale_f32", ARGUMENTS, 256)
    for file, changes in (("two", {"doc": "another"}), ("three", {"other": "-"})):
        assert compile_kernel(module(folder / f"{file}.py", **changes), "scale_f32", ARGUMENTS, 256) == first
    assert kept(folder) == 1


def test_what_a_kernel_reaches_compiles_it_anew(folder: Path) -> None:
    """A constant that a function reads that the kernel calls; storage, threads, architecture, versions."""
    made = module(folder / "one.py")
    texts = [
        compile_kernel(made, "scale_f32", ARGUMENTS, 256),
        compile_kernel(module(folder / "two.py", factor=3.0), "scale_f32", ARGUMENTS, 256),
        compile_kernel(made, "other_f32", ARGUMENTS, 256),
        compile_kernel(made, "scale_f32", ARGUMENTS, 128),
        compile_kernel(made, "scale_f32", ARGUMENTS, 256, (9, 0)),
    ]
    assert len(set(texts)) == kept(folder) == 5
    assert "0f40400000" in texts[1], "the factor is 3"


def test_another_toolchain_compiles_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = module(folder / "one.py")
    compile_kernel(made, "scale_f32", ARGUMENTS, 256)
    monkeypatch.setattr(compiling, "toolchain", lambda: ("numba-cuda 99",))
    compile_kernel(made, "scale_f32", ARGUMENTS, 256)
    assert kept(folder) == 2


def _write_often(path: Path, letter: str) -> None:
    for _ in range(200):
        compiling._write(path, letter * 100_000)


def test_processes_that_write_one_file_leave_a_whole_one(tmp_path: Path) -> None:
    """Two write, a third reads: it meets one text or the other, never a part."""
    path = tmp_path / "key.ptx"
    compiling._write(path, "a" * 100_000)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(path, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    met = set()
    while any(writer.is_alive() for writer in writers):
        met.add(path.read_text(encoding="utf-8"))
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert {(len(text), len(set(text))) for text in met} == {(100_000, 1)}
    assert list(tmp_path.iterdir()) == [path]
