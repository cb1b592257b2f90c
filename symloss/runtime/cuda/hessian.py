"""Hessian blocks of single samples on a device, from Hessian-vector products with unit vectors.

As on the CPU, one product with a unit vector in every sample at once gives one column of every block. A block is
symmetric, so what is a column is stored as a row, whose numbers lie together: the driver copies them, and no kernel of
its own is needed. Everything is put on the caller's stream, and nothing waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symloss.runtime.cuda import gpu
from symloss.runtime.cuda.arrays import on_device
from symloss.runtime.cuda.frameworks import Framework, framework_of
from symloss.runtime.cuda.library import cuda_module
from symloss.runtime.cuda.planning import DeviceCall, one_device, planned
from symloss.runtime.hessian import block_shape, checked_widths

#: By dtype the bytes of a number, and the bits of 1 that are not zero: their place, width and value.
_ONE = {
    "float16": (2, 0, 2, 0x3C00),
    "bfloat16": (2, 0, 2, 0x3F80),
    "float32": (4, 0, 4, 0x3F800000),
    "float64": (8, 4, 4, 0x3FF00000),
}


def device_hessian(loss: Any, inputs: Sequence[Any], named: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """The Hessian block of each sample, as `Loss.hessian` gives it.

    Raises:
        SymlossError: the samples interact, or there is no kernel for the product.
        ValueError: a sample has too many elements, or ``cross`` between predictions of different batches.
    """
    engine = loss._engine
    cross, options = bool(options["cross"]), {name: value for name, value in options.items() if name != "cross"}
    if engine.frame.elementwise and not cross and "grad_hess_diag" in engine.drivers:
        return planned(loss, "grad_hess_diag", inputs, named, options)[1]
    gpu.driver()
    bound, chosen = engine._bind(inputs, named)
    call = DeviceCall(engine, cuda_module(loss), "hvp", options)
    call.read(bound)
    checked_widths(engine.frame, call.layout, cross)
    device = one_device(call.arrays)
    framework = framework_of(next(value for value in bound if on_device(value)))
    with gpu.current(device):
        return _Blocks(call, framework, cross).fill(loss, bound, chosen, options)


class _Blocks:
    """The blocks of one call, filled column by column."""

    def __init__(self, call: DeviceCall, framework: Framework, cross: bool) -> None:
        self.frame, self.layout, self.framework, self.cross = call.frame, call.layout, framework, cross
        self.storage, self.stream, self.driver = call.storage, framework.stream(), gpu.driver()
        self.numbers = self.frame.predictions
        self.lengths, self.widths = checked_widths(self.frame, self.layout, cross)

    def fill(self, loss: Any, bound: Sequence[Any], chosen: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """All products, and the blocks in the form that the caller gets."""
        count = len(self.numbers)
        units, products = self._arrays(), self._arrays()
        for unit, number in zip(units, self.numbers, strict=True):
            self._clear(unit, number)
        blocks = [
            [self._block(row, column) if self.cross or row == column else None for column in range(count)]
            for row in range(count)
        ]
        several = {**options, "v": tuple(units) if count > 1 else units[0], "out": tuple(products)}
        several["out"] = several["out"] if count > 1 else products[0]
        for column in range(count):
            for place in range(self.widths[column] if self.lengths[column] else 0):
                self._mark(units[column], column, place, 1)
                planned(loss, "hvp", bound, chosen, several)
                self._mark(units[column], column, place, 0)
                for row in range(count):
                    block = blocks[column][row]
                    if block is not None and self.lengths[row]:
                        self._keep(block, products[row], column, row, place)
        if self.framework.waits:
            gpu.checked(self.driver.cuStreamSynchronize(self.stream))
        if self.cross:
            return tuple(map(tuple, blocks))
        return blocks[0][0] if count == 1 else tuple(blocks[number][number] for number in range(count))

    def _arrays(self) -> list[Any]:
        return [self.framework.empty(self.layout.given[number], self.storage) for number in self.numbers]

    def _block(self, row: int, column: int) -> Any:
        return self.framework.empty(block_shape(self.frame, self.layout, row, column), self.storage)

    def _clear(self, array: Any, number: int) -> None:
        size = _ONE[self.storage][0]
        for length in self.layout.given[number]:
            size *= length
        if size:
            gpu.checked(self.driver.cuMemsetD8Async(self.framework.pointer(array), 0, size, self.stream))

    def _mark(self, unit: Any, column: int, place: int, value: int) -> None:
        """Make one number of every sample 1 or 0."""
        size, offset, width, bits = _ONE[self.storage]
        write = self.driver.cuMemsetD2D16Async if width == 2 else self.driver.cuMemsetD2D32Async
        start = self.framework.pointer(unit) + place * size + offset
        pitch = self.widths[column] * size
        gpu.checked(write(start, pitch, bits * value, 1, self.lengths[column], self.stream))

    def _keep(self, block: Any, product: Any, column: int, row: int, place: int) -> None:
        """Store a product as one row of every block."""
        size, wide = _ONE[self.storage][0], self.widths[row]
        copy = self.driver.CUDA_MEMCPY2D()
        copy.srcMemoryType = copy.dstMemoryType = self.driver.CUmemorytype.CU_MEMORYTYPE_DEVICE
        copy.srcDevice, copy.srcPitch = self.framework.pointer(product), wide * size
        copy.dstDevice = self.framework.pointer(block) + place * wide * size
        copy.dstPitch = self.widths[column] * wide * size
        copy.WidthInBytes, copy.Height = wide * size, self.lengths[row]
        gpu.checked(self.driver.cuMemcpy2DAsync(copy, self.stream))
