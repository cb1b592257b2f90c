"""The small arrays of a call: in memory of its own, apart from one another, and what is kept lies elsewhere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

pytest.importorskip("numba.cuda.dispatcher", reason="Numba-CUDA is not installed")

from symloss.runtime.cuda import gpu


class Block:
    def __init__(self, pointer: int, shape: tuple[int, ...], kind: str) -> None:
        self.pointer, self.shape, self.kind = pointer, shape, kind

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"shape": self.shape, "typestr": self.kind, "data": (self.pointer, False), "version": 3}


class Library:
    """Hands out addresses, far apart."""

    def __init__(self) -> None:
        self.given: list[Block] = []

    def stream(self) -> int:
        return 0

    def empty(self, shape: tuple[int, ...], dtype: str) -> Block:
        kind = {"float32": "<f4", "float64": "<f8", "int64": "<i8", "uint8": "|u1"}[dtype]
        self.given.append(Block((len(self.given) + 1) << 32, shape, kind))
        return self.given[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(gpu, "shared_limit", lambda device: 1 << 16)
    return Library()


def test_arrays_of_a_call_lie_apart_in_one_allocation(library: Library) -> None:
    machine = gpu.Gpu(None, 0, library, "float32")  # type: ignore[arg-type]
    arrays = [machine.empty(count, dtype) for count in (1, 3, 64, 65, 2048) for dtype in ("float32", "float64")]
    spans = sorted((a.pointer, a.pointer + a.size * a.itemsize) for a in arrays)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert all(a.pointer % 16 == 0 for a in arrays)
    (slab,) = library.given
    assert spans[0][0] >= slab.pointer
    assert spans[-1][1] <= slab.pointer + slab.shape[0]
    assert all(a.owner is slab for a in arrays), "the memory must live as long as what lies in it"


def test_full_and_large_allocations(library: Library) -> None:
    machine = gpu.Gpu(None, 0, library, "float32")  # type: ignore[arg-type]
    large = machine.empty(1 << 20, "float32")
    assert large.owner.shape == (1 << 20,)
    for _ in range(20):
        array = machine.empty(2000, "float64")
        assert array.pointer + 16000 <= array.owner.pointer + array.owner.shape[0]
    assert len(library.given) == 1 + 5
    assert machine.empty(0, "float32").size == 0


def test_nothing_is_shared_by_two_calls_or_kept_in_the_workspace(library: Library) -> None:
    """Two calls may run on two streams at once; a value outlives its call and must not hold the workspace alive."""
    first, second = (gpu.Gpu(None, 0, library, "float32") for _ in range(2))  # type: ignore[arg-type]
    assert first.empty(4, "float32").owner is not second.empty(4, "float32").owner
    value = first.result("float32")
    assert value.owner is library.given[-1]
    assert value.owner.shape == (1,)
