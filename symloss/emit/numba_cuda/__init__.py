"""The CUDA back end: Numba kernels over raw pointers as one readable file per loss."""

from symloss.emit.numba_cuda.module import emit_cuda

__all__ = ["emit_cuda"]
