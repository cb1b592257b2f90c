"""A machine that runs kernels by interpreting their PTX, for whole calls on NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import Call, arguments_of, execute
from tests.cuda import ptx

#: Arguments that a kernel need not fill: it writes one term's place, or none.
SHARED_BY_TERMS = {"divisors", "totals", "rounded", "weights"}


@dataclass
class Interpreted:
    """Launches by interpretation.

    Every array that it makes is poisoned, may not be read before it is written, and must be filled by the kernel that
    writes it. ``reports`` are kept by kernel; ``texts`` stand in for the PTX of kernels, for planted faults.
    ``largest`` is the number of elements of the largest array.
    """

    module: Any
    order_seed: int | None = None
    shared_limit: int = 96 * 1024
    unaligned: bool = False
    storage: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    reports: dict[str, ptx.Report] = field(default_factory=dict)
    unwritten: dict[int, np.ndarray] = field(default_factory=dict)
    largest: int = 0

    def empty(self, count: int, dtype: str) -> np.ndarray:
        array = np.full(count * np.dtype(dtype).itemsize, 0xFF, np.uint8).view(dtype)
        self.unwritten[array.ctypes.data] = array
        self.largest = max(self.largest, count)
        return array

    def result(self, dtype: str) -> np.ndarray:
        return self.empty(1, dtype)

    def part(self, array: np.ndarray, first: int, count: int | None = None) -> np.ndarray:
        flat = array.reshape(-1)
        if count is None or count == flat.size:
            return flat[first:]
        if not first and self.unwritten.pop(flat.ctypes.data, None) is not None:
            # What is unwritten as a whole is, from now on, in parts.
            parts = (flat[at : at + count] for at in range(0, flat.size, count))
            self.unwritten |= {part.ctypes.data: part for part in parts}
        return flat[first : first + count]

    def aligned(self, array: np.ndarray) -> bool:
        return not self.unaligned

    def count(self, array: np.ndarray) -> int:
        return array.size

    def text(self, name: str) -> str:
        record = self.module.KERNELS[name[:-4]]
        return compile_kernel(self.module, name, arguments_of(record), THREADS[record["shape"]], storage=self.storage)

    def launch(
        self, name: str, grid: tuple[int, int], block: tuple[int, int], arguments: Any, shared_bytes: int
    ) -> None:
        given: list[Any] = []
        fresh: dict[int, str] = {}
        names = arguments_of(self.module.KERNELS[name[:-4]])
        for position, (argument, (kind, value)) in enumerate(zip(names, arguments, strict=True)):
            if not kind.endswith("*"):
                given.append(np.dtype(kind).type(value))
            elif value is None:
                given.append(np.uint64(0))
            elif value.size and value.ctypes.data in self.unwritten and argument not in SHARED_BY_TERMS:
                given.append(ptx.Output(value))
                fresh[position] = argument
                del self.unwritten[value.ctypes.data]
            else:
                given.append(np.ascontiguousarray(value))
        text = self.texts.get(name) or self.text(name)
        report = ptx.run(text, name, grid, block, given, shared_bytes=shared_bytes, order_seed=self.order_seed)
        self.reports[name] = report
        missed = {fresh[place]: count for place, count in report.unwritten.items() if count and place in fresh}
        assert not missed, f"{name} left bytes of its results unwritten: {missed}"


def as_float16(values: np.ndarray) -> np.ndarray:
    """The bit patterns of numbers rounded to float16, as kernels take them."""
    return values.astype(np.float16).view(np.int16)


def as_bfloat16(values: np.ndarray) -> np.ndarray:
    """The bit patterns of numbers rounded to bfloat16, to nearest even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded).astype(np.uint16)


#: By the type that a bit pattern comes as, how numbers become patterns.
HALVES = {"int16": as_float16, "uint16": as_bfloat16}


def call(module, entry, inputs, parameters=None, **options):
    """Run an entry point on NumPy arrays as a caller on a device would.

    Returns:
        The value (or per-sample values, or None), the filled outputs, and the machine.
    """
    meta, plan = module.META, module.PLANS[entry]
    machine = options.pop("machine", None) or Interpreted(module)
    directions = options.pop("directions", [])
    held = next(str(inputs[n].dtype) for n in meta["predictions"])
    dtype = {"int16": "float32", "uint16": "float32"}.get(held, held)
    machine.storage = {"int16": "float16", "uint16": "bfloat16"}.get(held, "")
    names = plan["names"]
    arrays = {}
    sizes = {}
    for item in meta["inputs"]:
        array = inputs.get(item["name"])
        if array is None:
            array = (
                np.full((1,), item["optional"], dtype)
                if held == dtype
                else HALVES[held](np.float32([item["optional"]]))
            )
        if array.ndim == len(item["axes"]):
            for axis, length in zip(item["axes"], array.shape, strict=True):
                root = _root(meta, axis)
                if array.size > 1 or item["role"] != "coefficient":
                    sizes[f"size_{plan['axes'].get(root, root)}"] = length
        arrays[names.get(item["name"], item["name"])] = array
    shapes = [inputs[n].shape for n in meta["predictions"]]
    outputs = []
    derivatives = {"value": [], "value_and_grad": [inputs[n].shape for n in meta["gradients"]], "hvp": shapes}
    for name, shape in zip(plan["outputs"], derivatives.get(entry, shapes * 2), strict=True):
        arrays[name] = machine.empty(int(np.prod(shape)), held).reshape(shape)
        outputs.append(arrays[name])
    arrays |= dict(zip(plan["directions"], directions, strict=True))
    terms = meta["terms"]
    reduction = options.get("reduction", "mean")
    lengths = [sizes[f"size_{plan['batches'][term]}"] for term in terms]
    keeps = entry in ("value", "value_and_grad") and reduction == "none"
    losses = [machine.empty(length, held) if keeps else None for length in lengths]
    numbers = {item["name"]: item["default"] for item in meta["parameters"]} | (parameters or {})
    value = execute(
        machine,
        module,
        Call(
            entry,
            dtype,
            machine.storage or dtype,
            arrays,
            {names.get(n, n): v for n, v in numbers.items()},
            sizes,
            options.get("weights") or [None] * len(terms),
            options.get("masks") or [None] * len(terms),
            losses,
            reduction,
            options.get("normalizer"),
            options.get("ignore"),
        ),
    )
    return (losses if keeps else None if value is None else float(value[0])), outputs, machine


def _root(meta, axis):
    like = meta["axes"][axis]["like"]
    return _root(meta, like) if like else axis
