"""The intermediate representation: axes, tensors, reads, statements, programs.

Knows nothing of YAML, of derivatives or of code. Every other part of symloss speaks in these records.
"""

from symloss.program.records import (
    INPUT_ROLES,
    OPERATIONS,
    Axis,
    Domain,
    Program,
    Statement,
    Tensor,
)
from symloss.program.symbols import (
    AxisSymbol,
    Read,
    SizeSymbol,
    axes_of,
    exact_arithmetic,
    reads_of,
    rename_axes,
    substitute,
)

__all__ = [
    "INPUT_ROLES",
    "OPERATIONS",
    "Axis",
    "AxisSymbol",
    "Domain",
    "Program",
    "Read",
    "SizeSymbol",
    "Statement",
    "Tensor",
    "axes_of",
    "exact_arithmetic",
    "reads_of",
    "rename_axes",
    "substitute",
]
