"""Where predictions are confident and right: by loss one sample, its inputs in declared order."""

from __future__ import annotations

from typing import Any

POINTS: dict[str, tuple[Any, ...]] = {
    "bce_with_logits": (37.0, 1.0),
    "focal": (37.0, 1.0),
    "softmax_cross_entropy": ([37.0, 0.0], 0),
}
