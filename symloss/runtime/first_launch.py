"""The first launch of a kernel, in which Numba compiles it: arranged so that Python itself does not slow that down.

- The garbage collector rests. What a compiler makes is alive until it is done, so collections find next to nothing and
  take a tenth of the time.
- CPython keeps its frames in pieces of 16 KB, and gives a piece back to the system as soon as the last frame in it
  returns. Numba's calls are hundreds deep; a loop that happens to call across the end of a piece asks the system for
  memory in every round. A caller whose frame is larger than a piece gets one of a megabyte, half of it to spare.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

#: Slots of eight bytes. Pieces grow by doubling: so many and a little fill half of a megabyte and then some.
_SLOTS = 1 << 16


def _roomy(driver: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return driver(*arguments)


_roomy.__code__ = _roomy.__code__.replace(co_stacksize=_SLOTS)


def first_launch(driver: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a driver returns that may have kernels to compile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _roomy(driver, arguments)
    finally:
        if enabled:
            gc.enable()
