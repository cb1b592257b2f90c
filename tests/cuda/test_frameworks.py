"""Libraries of device arrays are asked for the stream and the memory of the device that holds the arguments."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from symloss.runtime.cuda.frameworks import CuPy, Jax, NumbaCuda, Torch, framework_of

#: Streams by device; device 0 is the current one.
STREAMS = {0: 70, 1: 71}


def library(monkeypatch: pytest.MonkeyPatch, name: str, **contents: Any) -> type:
    """A module of that name, and a type of arrays that it seems to define."""
    module = ModuleType(name)
    vars(module).update(contents)
    monkeypatch.setitem(sys.modules, name, module)
    return type("Array", (SimpleNamespace,), {"__module__": f"{name}.core"})


def test_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    current = [0]

    class Device(SimpleNamespace):
        def __enter__(self) -> None:
            current.append(self.id)

        def __exit__(self, *error: object) -> None:
            current.pop()

    def stream(device: int = -1) -> SimpleNamespace:
        return SimpleNamespace(ptr=STREAMS[current[-1] if device < 0 else device])

    kind = library(
        monkeypatch,
        "cupy",
        cuda=SimpleNamespace(get_current_stream=stream),
        empty=lambda shape, dtype: (current[-1], shape, dtype),
    )
    found = framework_of(kind(device=Device(id=1)))
    assert isinstance(found, CuPy)
    assert found.stream() == STREAMS[1]
    assert found.empty((3,), "float32") == (1, (3,), "float32")
    assert found.number("float64") == (1, (), "float64")
    assert found.pointer(SimpleNamespace(data=SimpleNamespace(ptr=256))) == 256


@pytest.mark.parametrize("compiled", [True, False])
def test_torch(monkeypatch: pytest.MonkeyPatch, compiled: bool) -> None:
    """By the way that compiled code of PyTorch's takes, and by the public one where that is missing."""
    raw = {"_cuda_getCurrentRawStream": lambda index: STREAMS[index]} if compiled else {}
    kind = library(
        monkeypatch,
        "torch",
        _C=SimpleNamespace(**raw),
        cuda=SimpleNamespace(current_stream=lambda device: SimpleNamespace(cuda_stream=STREAMS[int(device[-1])])),
        bfloat16="the type of bfloat16",
        empty=lambda shape, dtype, device: (device, shape, dtype),
    )
    array = kind(device="cuda:1", get_device=lambda: 1)
    found = framework_of(array)
    assert isinstance(found, Torch)
    assert found.stream() == STREAMS[1]
    assert found.empty((2, 3), "bfloat16") == ("cuda:1", (2, 3), "the type of bfloat16")
    assert found.pointer(SimpleNamespace(data_ptr=lambda: 512)) == 512


def test_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to before it is there, and JAX must be told when results are."""
    made: list[SimpleNamespace] = []

    class Promise(SimpleNamespace):
        ready = False

        def block_until_ready(self) -> Promise:
            self.ready = True
            return self

        def unsafe_buffer_pointer(self) -> int:
            return 1024

    def empty(shape: tuple[int, ...], dtype: str, device: str) -> Promise:
        made.append(Promise(what=(shape, dtype, device)))
        return made[-1]

    kind = library(monkeypatch, "jaxlib")
    monkeypatch.setitem(sys.modules, "jax", ModuleType("jax"))
    monkeypatch.setitem(sys.modules, "jax.numpy", SimpleNamespace(empty=empty))
    found = framework_of(kind(devices=lambda: {"cuda:1"}))
    assert isinstance(found, Jax)
    assert found.waits
    array = found.number("float64")
    assert array.what == ((), "float64", "cuda:1")
    assert found.pointer(array) == 1024
    assert all(one.ready for one in made)


def test_whatever_else_is_numba() -> None:
    pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")
    assert isinstance(framework_of(object()), NumbaCuda)
