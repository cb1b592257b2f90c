"""An interpreter of PTX: what a compiler made of a kernel, executed with NumPy and checked while it runs.

All threads of a batch of blocks are vectors. See `run` for the interface and the modules for one idea each:
lexer, parser, program (text → instructions); compiler and the modules of instructions (→ steps); blocks,
scheduler, lanes (who runs); machine, globalmemory, sharedmemory (what they touch); rounding, approximate
(what a device computes, bit for bit or within the documented error).
"""

from .arguments import Before, NumbaArray, Output, Pointers
from .errors import (
    AlignmentError,
    ArgumentError,
    DivergenceError,
    GlobalRaceError,
    OutOfBoundsError,
    PtxError,
    PtxSyntaxError,
    SharedRaceError,
    StepLimitError,
    TrapError,
    UninitialisedReadError,
    UnsupportedInstructionError,
)
from .launch import run
from .parser import parse
from .report import Report

__all__ = [
    "AlignmentError",
    "ArgumentError",
    "Before",
    "DivergenceError",
    "GlobalRaceError",
    "NumbaArray",
    "OutOfBoundsError",
    "Output",
    "Pointers",
    "PtxError",
    "PtxSyntaxError",
    "Report",
    "SharedRaceError",
    "StepLimitError",
    "TrapError",
    "UninitialisedReadError",
    "UnsupportedInstructionError",
    "parse",
    "run",
]
