"""A machine that runs kernels by interpreting their PTX, for whole calls on NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from symloss.runtime.cuda.compiling import THREADS, compile_kernel
from symloss.runtime.cuda.execution import Call, arguments_of, execute
from tests.cuda import ptx


@dataclass
class Interpreted:
    """Launches by interpretation; ``reports`` are kept by kernel, and every array of its own is poisoned at first."""

    module: object
    order_seed: int | None = None
    shared_limit: int = 96 * 1024
    unaligned: bool = False
    outputs: tuple = ()
    reports: dict = field(default_factory=dict)
    texts: dict = field(default_factory=dict)

    def empty(self, count, dtype):
        return np.full(count * np.dtype(dtype).itemsize, 0xFF, np.uint8).view(dtype)

    def part(self, array, first):
        return array[first:]

    def aligned(self, array):
        return not self.unaligned

    def count(self, array):
        return array.size

    def text(self, name):
        record = self.module.KERNELS[name[:-4]]
        return compile_kernel(self.module, name, arguments_of(record), THREADS[record["shape"]])

    def launch(self, name, grid, block, arguments, shared_bytes):
        given = []
        for kind, value in arguments:
            if kind.endswith("*"):
                given.append(np.uint64(0) if value is None else np.ascontiguousarray(value))
            else:
                given.append(np.dtype(kind).type(value))
        text = self.texts.get(name) or self.text(name)
        self.reports[name] = ptx.run(
            text, name, grid, block, given, shared_bytes=shared_bytes, order_seed=self.order_seed
        )


def call(module, entry, inputs, parameters=None, **options):
    """Run an entry point on NumPy arrays as a caller on a device would.

    Returns:
        The value (or per-sample values, or None), the filled outputs, and the machine.
    """
    meta, plan = module.META, module.PLANS[entry]
    machine = options.pop("machine", None) or Interpreted(module)
    directions = options.pop("directions", [])
    dtype = next(str(inputs[n].dtype) for n in meta["predictions"])
    names = plan["names"]
    arrays = {}
    sizes = {}
    for item in meta["inputs"]:
        array = inputs.get(item["name"])
        if array is None:
            array = np.full((1,), item["optional"], dtype)
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
        arrays[name] = machine.empty(int(np.prod(shape)), dtype).reshape(shape)
        outputs.append(arrays[name])
    arrays |= dict(zip(plan["directions"], directions, strict=True))
    terms = meta["terms"]
    reduction = options.get("reduction", "mean")
    lengths = [sizes[f"size_{plan['batches'][term]}"] for term in terms]
    keeps = entry in ("value", "value_and_grad") and reduction == "none"
    losses = [machine.empty(length, dtype) if keeps else None for length in lengths]
    numbers = {item["name"]: item["default"] for item in meta["parameters"]} | (parameters or {})
    value = execute(
        machine,
        module,
        Call(
            entry,
            dtype,
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
