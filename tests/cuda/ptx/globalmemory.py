"""Global memory: the buffers of a launch in one address space, with guards between them."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import OutOfBoundsError, UninitialisedReadError
from .layout import GLOBAL_BASE

GUARD = 1 << 20
"""Bytes between buffers, so that even an index wrong by a long row meets no other buffer."""
ALIGNMENT = 256
"""What a device's allocator aligns to; a view keeps its offset from the start of the array that owns the memory."""
POISON = 0xFF


@dataclass
class Span:
    """Bytes that a kernel may touch: [start, stop) relative to GLOBAL_BASE."""

    start: int
    stop: int
    complete: bool
    writable: bool


class GlobalMemory:
    """Bytes, and which of them may be read and written.

    `place` first, then `freeze`, then accesses. ``twice`` are the buffers that were given as two arguments.
    """

    def __init__(self) -> None:
        self.size = GUARD
        self.spans: list[Span] = []
        self.contents: list[tuple[int, np.ndarray]] = []
        self.heap = np.zeros(0, np.uint8)
        self.written = np.zeros(0, np.bool_)
        self.starts: list[int] = []
        self.twice: list[tuple[int, int]] = []

    def reserve(self, size: int) -> int:
        """Space for a buffer; returns its offset."""
        offset = self.size
        self.size = -(-(offset + size + GUARD) // ALIGNMENT) * ALIGNMENT
        return offset

    def allow(self, start: int, content: np.ndarray, *, initialised: bool, writable: bool) -> None:
        """Makes bytes accessible, and remembers what they begin with."""
        self.spans.append(Span(start, start + content.size, initialised, writable))
        self.contents.append((start, content))

    def freeze(self) -> None:
        """Builds the memory. Spans that overlap become one: initialised or writable where any of them is."""
        self.heap = np.zeros(self.size, np.uint8)
        self.written = np.zeros(self.size, np.bool_)
        for span, (start, content) in zip(self.spans, self.contents, strict=True):
            if span.complete:
                self.heap[start : start + content.size] = content
                self.written[start : start + content.size] = True
        for span, (start, content) in zip(self.spans, self.contents, strict=True):
            if not span.complete:
                region = slice(start, start + content.size)
                self.heap[region] = np.where(self.written[region], self.heap[region], POISON)
        given = [(span.start, span.stop) for span in self.spans if span.stop > span.start]
        self.twice = sorted({one for one in given if given.count(one) > 1})
        merged: list[Span] = []
        for span in sorted((s for s in self.spans if s.stop > s.start), key=lambda s: s.start):
            if merged and span.start < merged[-1].stop:
                last = merged[-1]
                last.stop = max(last.stop, span.stop)
                last.complete = last.complete and span.complete
                last.writable = last.writable or span.writable
            else:
                merged.append(Span(span.start, span.stop, span.complete, span.writable))
        self.spans = merged
        self.starts = [span.start for span in merged]

    def typed(self, dtype: np.dtype) -> np.ndarray:
        """The whole memory as elements of a type."""
        return self.heap[: self.size // 16 * 16].view(dtype)

    def check(self, offsets: np.ndarray, size: int, store: bool, describe: Any) -> Span | None:
        """Whether every access of `size` bytes lies in a buffer.

        Returns the span if all lie in one, else None.

        Raises:
            OutOfBoundsError: One does not, or stores to a read-only buffer.
        """
        low, high = int(offsets.min()), int(offsets.max())
        which = bisect_right(self.starts, low) - 1
        if which >= 0 and high + size <= self.spans[which].stop:
            if store and not self.spans[which].writable:
                raise OutOfBoundsError(f"store to a read-only buffer {describe(0)}")
            return self.spans[which]
        stops = np.array([span.stop for span in self.spans] or [0])
        starts = np.array(self.starts or [0])
        each = np.searchsorted(starts, offsets, "right") - 1
        bad = (each < 0) | (offsets + size > stops[each])
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise OutOfBoundsError(
                f"{'store' if store else 'load'} of {size} bytes outside every buffer "
                f"({self._nearest(int(offsets[first]))}) {describe(first)}"
            )
        if store:
            locked = ~np.array([span.writable for span in self.spans])[each]
            if locked.any():
                raise OutOfBoundsError(f"store to a read-only buffer {describe(int(np.flatnonzero(locked)[0]))}")
        return None

    def _nearest(self, offset: int) -> str:
        best = "there are no buffers"
        distance = 1 << 62
        for span in self.spans:
            for gap, text in ((offset - span.stop, "past the end"), (span.start - offset, "before the start")):
                if 0 <= gap < distance:
                    distance = gap
                    best = f"{gap} bytes {text} of a buffer of {span.stop - span.start} bytes"
        if not -GLOBAL_BASE <= offset < self.size and self.spans:
            return "no address of global memory"
        return best

    def require_written(self, offsets: np.ndarray, size: int, describe: Any) -> None:
        """Raises UninitialisedReadError if a byte of the accesses was never written."""
        good = self.written[offsets]
        for k in range(1, size):
            good = good & self.written[offsets + k]
        if not good.all():
            first = int(np.flatnonzero(~good)[0])
            raise UninitialisedReadError(f"load of memory that nothing has written {describe(first)}")

    def mark_written(self, offsets: np.ndarray, size: int) -> None:
        """Records stores."""
        for k in range(size):
            self.written[offsets + k] = True
