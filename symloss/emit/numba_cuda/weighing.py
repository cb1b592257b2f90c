"""Print the kernel that adds up the weights of the samples of a term that gives its samples weights of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symloss.emit.numba_cuda.kernels import Printed, indented
from symloss.emit.numba_cuda.rows import RowKernel


class WeighingKernel(RowKernel):
    """A sample to a thread; one whose label names nothing has no weight, so that it spoils no other."""

    def printed(self) -> Printed:
        """The text of the kernel."""
        weight = list(self.weight())
        valid = "live and valid" if self.labels else "live"
        body = [
            f"high, low = {self.zero}, {self.zero}",
            "row = _first_thread()",
            "while row < samples:",
            *indented(
                [
                    "live = _live(mask, row, options)",
                    *self.own_numbers(),
                    f"if {valid}:",
                    *indented([*weight, f"high, low = _plus_{self.suffix}(high, low, weight_n)"]),
                    "row += _stride(_all_threads())",
                ]
            ),
            f"_block_sum_{self.suffix}(high, low, partial)",
        ]
        return self.assembled("The sum of the weights of the samples that count; a partial sum per block.", body, "sum")

    @property
    def weighted(self) -> bool:
        """Weights are all that matters here."""
        return True

    def more_arguments(self) -> Mapping[str, Any]:
        """What it takes beside what every kernel takes."""
        return {"partial": "real*"}
