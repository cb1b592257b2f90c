"""To be imported before Numba and symloss: kernels run as plain Python, and what nobody has written to holds NaN."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ["NUMBA_DISABLE_JIT"] = "1"

_empty = np.empty


def _soiled(shape: Any, dtype: Any = float, *arguments: Any, **options: Any) -> Any:
    """An array that nobody has written to, as it may look."""
    array = _empty(shape, dtype, *arguments, **options)
    if array.dtype.kind in "fiub":
        array[...] = np.nan if array.dtype.kind == "f" else 85
    return array


np.empty = _soiled
