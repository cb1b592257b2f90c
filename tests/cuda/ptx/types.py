"""The fundamental types of PTX: the NumPy type to compute with and the one that a register is stored in."""

import numpy as np

COMPUTE = {
    "pred": np.dtype(np.bool_),
    **{f"{kind}{bits}": np.dtype(f"u{bits // 8}") for kind in "bu" for bits in (8, 16, 32, 64)},
    **{f"s{bits}": np.dtype(f"i{bits // 8}") for bits in (8, 16, 32, 64)},
    "f16": np.dtype(np.float16),
    "f32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "bf16": np.dtype(np.uint16),
    "f16x2": np.dtype(np.uint32),
    "bf16x2": np.dtype(np.uint32),
}
"""bfloat16 has no NumPy type; its instructions work on the bits."""

STORAGE = {
    name: dtype if dtype.kind in "b" or name in ("f32", "f64") else np.dtype(f"u{dtype.itemsize}")
    for name, dtype in COMPUTE.items()
}
"""One representation per register width, so that reading a register as another type of its width is a view."""

FLOATS = frozenset({"f16", "f32", "f64"})


def double_width(name: str) -> str:
    """The integer type of twice the width: s32 → s64."""
    return f"{name[0]}{2 * int(name[1:])}"
