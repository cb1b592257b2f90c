"""The lowering of atoms: Python text of scalar functions that Numba compiles and LLVM vectorises.

Every function exists for float64 and for float32, as `_<name>_f64` and `_<name>_f32`, so that both can live in one
file. The text needs `math`, `numpy as np` and, for `DECORATOR`, `numba`. Constants are typed: no float32 function
computes in float64 unless its docstring says so. Bounds hold with and without contraction to fused multiply-add;
reassociation is never allowed.
"""

from symloss.atoms.elementary.source import DECORATOR, DTYPES, ElementarySource, compose, names, source

__all__ = ["DECORATOR", "DTYPES", "ElementarySource", "compose", "names", "source"]
