"""How many 32-byte sectors of memory the warps of an instruction touch."""

from typing import Any

import numpy as np

from .lanes import Lanes

SECTOR = 32


def sectors(lanes: Lanes, offsets: Any, size: int) -> tuple[bool, int]:
    """Whether the lanes access one contiguous run in order, and the sectors touched, counted warp by warp.

    Accesses are aligned to their size of at most 32 bytes, so none crosses a sector.
    """
    if offsets.ndim == 0:
        return False, lanes.warps
    if lanes.full:
        first, last = int(offsets[0]), int(offsets[-1])
        if last - first == size * (lanes.width - 1) and bool((np.diff(offsets) == size).all()):
            per_warp = size if first % SECTOR == 0 else size + 1
            return True, per_warp * (lanes.width // 32)
    sector = offsets >> 5
    warp = lanes.index >> 5
    steps = np.diff(sector)
    borders = np.diff(warp) != 0
    if not ((steps >= 0) | borders).all():
        order = np.lexsort((sector, warp))
        sector = sector[order]
        steps = np.diff(sector)
    return False, int(np.count_nonzero((steps != 0) | borders)) + 1
