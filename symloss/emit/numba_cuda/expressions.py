"""Print placed expressions as Python that Numba compiles for a GPU, reading numbers that the kernel has loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy

from symloss.emit.numba_cpu.expressions import ExpressionPrinter
from symloss.lowering.functions import Element

#: Levels of precedence at which a text that is a branch, or a branch or a sum, is put in brackets.
BRANCH, PRODUCT = 1, 5


@dataclass
class DevicePrinter(ExpressionPrinter):
    """Prints for one dtype; ``read`` words an array element, ``integers`` are local variables that hold integers."""

    read: Callable[[Element], str] = field(default=lambda element: str(element))

    def element(self, leaf: sympy.Symbol) -> str:
        """A variable, or an array element as the kernel reads it."""
        return self.read(leaf) if isinstance(leaf, Element) else str(leaf.name)
