"""What the way of the arguments costs, with a driver that does nothing."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from symloss.runtime.loss import Loss


def microseconds(call):
    """The fastest of many short runs: what the code costs when nothing else wants the processor."""
    best = float("inf")
    for _ in range(40):
        start = time.perf_counter()
        for _ in range(200):
            call()
        best = min(best, (time.perf_counter() - start) / 200)
    return best * 1e6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_common_call_costs_a_few_microseconds(huber, cross_entropy, dtype):
    idle = dict.fromkeys(huber.meta["entries"], lambda *given: ((0.0,), None))
    loss = Loss(SimpleNamespace(META=huber.meta, DRIVERS=idle), "idle")
    rows = Loss(SimpleNamespace(META=cross_entropy.meta, DRIVERS=idle), "idle")
    pred, target, z, y = np.ones(1000, dtype), np.ones(1000, dtype), np.ones((100, 10), dtype), np.zeros(100, int)
    assert microseconds(lambda: loss(pred, target)) < 6
    assert microseconds(lambda: loss.value_and_grad(pred, target)) < 8
    assert microseconds(lambda: rows(z, y)) < 8


def test_shapes_are_remembered_but_not_without_end(huber):
    idle = dict.fromkeys(huber.meta["entries"], lambda *given: ((0.0,), None))
    loss = Loss(SimpleNamespace(META=huber.meta, DRIVERS=idle), "idle")
    for size in range(1000):
        loss(np.ones(size), np.ones(size))
    assert len(loss._engine._layouts) <= 256
