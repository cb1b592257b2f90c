"""Arrays in every layout that NumPy has give the bits that contiguous ones give; float16 is computed in float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.kernels.harness import CATALOGUE, CORE, DTYPES, Kernels, Options, kernels


def strided(array: np.ndarray, _: Path) -> np.ndarray:
    wide = np.repeat(array, 2, axis=-1) if array.ndim else array
    return wide[..., ::2] if array.ndim else array


def reversed_(array: np.ndarray, _: Path) -> np.ndarray:
    return np.ascontiguousarray(array[::-1])[::-1] if array.ndim else array


def read_only(array: np.ndarray, _: Path) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array: np.ndarray, _: Path) -> np.ndarray:
    raw = np.empty(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def memory_mapped(array: np.ndarray, folder: Path) -> np.ndarray:
    path = folder / f"{len(list(folder.iterdir()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


LAYOUTS: dict[str, Callable[[np.ndarray, Path], np.ndarray]] = {
    "Fortran": lambda array, _: np.asfortranarray(array),
    "strided": strided,
    "reversed": reversed_,
    "read-only": read_only,
    "unaligned": unaligned,
    "memory-mapped": memory_mapped,
    "big-endian": lambda array, _: array.astype(array.dtype.newbyteorder(">")),
}


def bits(results: dict[str, Any]) -> dict[str, bytes]:
    return {key: np.asarray(value).tobytes() for key, value in results.items()}


def check_layouts(k: Kernels, dtype: str, entry: str, folder: Path) -> None:
    masked = not (k.coupled or k.batchless)
    outcome = k.call(k.distinct if k.coupled else 11, dtype, Options("mean", not k.batchless, masked))
    plain = bits(outcome.run(entry))
    for layout, change in LAYOUTS.items():

        def changed(value: Any, change: Any = change) -> Any:
            return tuple(change(one, folder) for one in value) if isinstance(value, tuple) else change(value, folder)

        more = {key: changed(outcome.keywords[key]) for key in ("weight", "mask") if key in outcome.keywords}
        if entry == "hvp":
            more["v"] = changed(outcome.vectors)
        given = [changed(array) for array in outcome.arrays]
        before = [array.copy() for array in given]
        assert bits(outcome.run(entry, given, **more)) == plain, layout
        for array, kept in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("name", CORE)
def test_layouts(name: str, tmp_path: Path) -> None:
    check_layouts(kernels(name), "float32", "value_and_grad", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_layouts_of_every_entry_point(name: str, dtype: str, tmp_path: Path) -> None:
    for entry in kernels(name).entries:
        check_layouts(kernels(name), dtype, entry, tmp_path)


@pytest.mark.parametrize("name", CATALOGUE)
def test_half_precision(name: str) -> None:
    """float16 in, float32 inside, float16 out: the float32 result of the same numbers, rounded."""
    k = kernels(name)
    if any(t.domain.kind == "simplex" for t in k.program.tensors.values()):
        pytest.skip("a row of float16 does not sum to 1")
    outcome = k.call(k.distinct if k.coupled else 7, "float32", Options("none"))
    half = [array.astype(np.float16) if array.dtype.kind == "f" else array for array in outcome.arrays]
    wide = [array.astype(np.float32) if array.dtype.kind == "f" else array for array in half]
    for entry in k.entries:
        more = {"v": None} if entry == "hvp" else {}
        if entry == "hvp":
            vectors = outcome.vectors if isinstance(outcome.vectors, tuple) else (outcome.vectors,)
            small = tuple(v.astype(np.float16) for v in vectors)
            more = {"v": small if len(small) > 1 else small[0]}
        found = outcome.run(entry, half, **more)
        expected = outcome.run(entry, wide, **more)
        for key, value in found.items():
            parts = value if isinstance(value, tuple) else (value,)
            others = expected[key] if isinstance(value, tuple) else (expected[key],)
            for part, other in zip(parts, others, strict=True):
                if isinstance(part, float):
                    assert part == other
                    continue
                assert part.dtype == np.float16
                with np.errstate(over="ignore"):
                    np.testing.assert_array_equal(part, other.astype(np.float16))


class OnlyDLPack:
    """An array from elsewhere that speaks DLPack and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **keywords: Any) -> Any:
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


class OnlyArray:
    """An array from elsewhere that NumPy can convert."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self._array if dtype is None else self._array.astype(dtype)


@pytest.mark.parametrize("wrap", [OnlyDLPack, OnlyArray, "torch"])
@pytest.mark.parametrize("name", ["huber", "softmax_cross_entropy", "gan_discriminator", "info_nce", "listnet"])
def test_foreign_arrays(name: str, wrap: Any) -> None:
    if wrap == "torch":
        wrap = pytest.importorskip("torch").from_numpy
    elif wrap is OnlyDLPack and name == "listnet" and not hasattr(np.empty(0, bool), "__dlpack__"):
        pytest.skip("no booleans in this DLPack")
    k = kernels(name)
    outcome = k.call(k.distinct, "float32", Options("mean", weighted=True))
    more: dict[str, Any] = {}
    weight = outcome.keywords["weight"]
    more["weight"] = tuple(map(wrap, weight)) if isinstance(weight, tuple) else wrap(weight)
    for entry in ("value", "value_and_grad"):
        assert bits(outcome.run(entry, [wrap(a) for a in outcome.arrays], **more)) == bits(outcome.run(entry))
