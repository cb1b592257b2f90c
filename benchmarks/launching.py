"""Host time of a call on a device without one: the driver and the library of arrays are stubs that do nothing.

What it gives is the Python time between a caller's call and the driver's; what the driver, PyTorch's allocator and the
GPU add can be measured only where they are. So it says how much of the time is ours to save, not how long a call takes.
"""

import argparse
from statistics import median
from time import perf_counter
from types import SimpleNamespace

import symloss
from symloss.runtime.cuda import gpu, library
from symloss.runtime.cuda.frameworks import FRAMEWORKS

SUCCESS = 0


class Array:
    """An array that lies nowhere; no stub reads it."""

    def __init__(self, shape, kind="<f4", pointer=1 << 20):
        self.shape, self.kind, self.pointer = shape, kind, pointer

    @property
    def __cuda_array_interface__(self):
        return {"shape": self.shape, "typestr": self.kind, "data": (self.pointer, False), "version": 3}

    def reshape(self, shape):
        """The array with another shape."""
        return Array(shape, self.kind, self.pointer)


class Driver:
    """A driver that counts what it is asked for and does nothing."""

    CUresult = SimpleNamespace(CUDA_SUCCESS=SUCCESS)
    CUpointer_attribute = SimpleNamespace(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL=0)
    CUdevice_attribute = SimpleNamespace(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN=0)
    launches = 0

    def cuLaunchKernel(self, *arguments):  # noqa: N802 - the name of the driver
        """One launch."""
        assert arguments[9]
        self.launches += 1
        return (SUCCESS,)

    def __getattr__(self, name):
        if not name.startswith("cu"):
            raise AttributeError(name)
        answer = 232448 if name == "cuDeviceGetAttribute" else 0
        found = {"cuCtxPushCurrent": (SUCCESS,)}.get(name, (SUCCESS, answer))
        function = lambda *arguments: found  # noqa: E731
        setattr(self, name, function)
        return function


class Library:
    """A library of arrays that counts allocations."""

    def __init__(self, like):
        pass

    allocations, address, waits = 0, 1 << 30, False

    def stream(self):
        """The default stream."""
        return 0

    def empty(self, shape, dtype):
        """An array at an address of its own."""
        Library.allocations += 1
        Library.address += 1 << 20
        kind = {"float32": "<f4", "float64": "<f8", "uint8": "|u1"}[dtype]
        return Array(shape, kind, Library.address)

    def number(self, dtype):
        """An array of one number."""
        return self.empty((), dtype)

    def pointer(self, array):
        """Where an array begins."""
        return array.pointer


def stubbed():
    """Put the stubs where the driver and the library are found."""
    driver = Driver()
    gpu.driver, gpu.require = (lambda: driver), (lambda name: driver)
    library.require = lambda name: None
    gpu.compile_kernel = lambda *arguments, **options: ""
    FRAMEWORKS[Array.__module__.partition(".")[0]] = Library
    return driver


def measure(function, rounds=2000):
    """Median microseconds of a call."""
    for _ in range(50):
        function()
    found = []
    for _ in range(rounds):
        start = perf_counter()
        function()
        found.append(perf_counter() - start)
    return 1e6 * median(found)


def main():
    """Print a line per call."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    driver = stubbed()
    one, other = Array((1000,)), Array((1000,))
    given = Array((1000,), pointer=1 << 25)
    z, y = Array((64, 1000)), Array((64,), "<i8")
    huber, entropy = symloss.load("huber"), symloss.load("softmax_cross_entropy")
    cases = {
        "huber": lambda: huber(one, other),
        "huber, value and gradient": lambda: huber.value_and_grad(one, other),
        "huber, value and gradient, out": lambda: huber.value_and_grad(one, other, out=given),
        "softmax cross entropy, value and gradient": lambda: entropy.value_and_grad(z, y),
    }
    print("host time of a call, the driver and the library of arrays replaced by stubs")
    for name, function in cases.items():
        driver.launches = Library.allocations = 0
        function()
        counts = f"{driver.launches} launches, {Library.allocations} allocations"
        print(f"{name}: {measure(function):.1f} us, {counts}")


if __name__ == "__main__":
    main()
