"""The launch that may compile: without garbage collections, and with room for the frames of a compiler."""

import gc
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from symloss.runtime import first_launch
from symloss.runtime.loss import Loss


@pytest.fixture
def watched(huber):
    """Huber with a driver that notes whether the collector is on and who called it."""
    seen = []

    def driver(*given):
        seen.append((gc.isenabled(), sys._getframe(1).f_code))
        return (0.0,), None

    return Loss(SimpleNamespace(META=huber.meta, DRIVERS=dict.fromkeys(huber.meta["entries"], driver)), "watched"), seen


def test_the_collector_rests_in_the_first_launch_of_an_entry_point_alone(watched):
    loss, seen = watched
    for _ in range(2):
        loss(np.ones(3), np.ones(3))
        loss.value_and_grad(np.ones(3), np.ones(3))
    assert [enabled for enabled, _ in seen] == [False, False, True, True]
    assert gc.isenabled()
    loss(np.ones(4), np.ones(8)[::2])  # another layout has not
    assert seen[-1][0]
    loss(np.ones(3, np.float32), np.ones(3, np.float32))  # another dtype has kernels of its own
    assert not seen[-1][0]


def test_the_collector_stays_off_where_it_was(watched):
    loss, _ = watched
    gc.disable()
    try:
        loss(np.ones(3), np.ones(3))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_error_of_the_driver_leaves_the_collector_on():
    def failing():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        first_launch.first_launch(failing, ())
    assert gc.isenabled()


def test_the_frame_below_a_compiler_is_larger_than_a_piece_of_the_stack(watched):
    """CPython's pieces hold 16 KB; a frame that needs more gets a piece of its own, of the next power of two."""
    loss, seen = watched
    loss(np.ones(3), np.ones(3))
    assert 8 * seen[0][1].co_stacksize > 2 * 16 * 1024
