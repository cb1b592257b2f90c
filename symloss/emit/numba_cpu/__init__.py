"""The CPU back end: Numba kernels as one readable file per loss."""

from symloss.emit.numba_cpu.module import emit_loss

__all__ = ["emit_loss"]
